#include "gateway/metrics.hpp"

namespace purser {
namespace {

std::string written(const Metrics::Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    out += out.empty() ? "{" : ",";
    out += name;
    out += "=\"";
    for (const char c : value) {
      if (c == '\n') {
        out += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out.empty() ? out : out + '}';
}

}  // namespace

std::uint64_t& Metrics::at(const MetricFamily& family, const Labels& labels) {
  Lines& lines = families_[family.name];
  lines.family = family;
  return lines.by_labels[written(labels)];
}

void Metrics::add(const MetricFamily& family, const Labels& labels, std::uint64_t by) {
  at(family, labels) += by;
}

void Metrics::set(const MetricFamily& family, const Labels& labels, std::uint64_t value) {
  at(family, labels) = value;
}

std::uint64_t Metrics::value(const MetricFamily& family, const Labels& labels) const {
  const auto lines = families_.find(family.name);
  if (lines == families_.end()) return 0;
  const auto line = lines->second.by_labels.find(written(labels));
  return line == lines->second.by_labels.end() ? 0 : line->second;
}

std::string Metrics::text() const {
  std::string out;
  for (const auto& [name, lines] : families_) {
    const std::string family(name);
    const bool counter = lines.family.kind == MetricFamily::Kind::counter;
    out += "# HELP " + family + ' ' + std::string(lines.family.help) + '\n';
    out += "# TYPE " + family + (counter ? " counter\n" : " gauge\n");
    for (const auto& [labels, value] : lines.by_labels) out += family + labels + ' ' + std::to_string(value) + '\n';
  }
  return out;
}

}  // namespace purser
