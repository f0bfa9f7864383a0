#include "gateway/metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>

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

std::string shortest(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

// The labels with one more behind them.
std::string with(const std::string& labels, const std::string& more) {
  return labels.empty() ? "{" + more + "}" : labels.substr(0, labels.size() - 1) + "," + more + "}";
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

void Metrics::observe(const MetricFamily& family, const Labels& labels, double value) {
  Lines& lines = families_[family.name];
  lines.family = family;
  Histogram& histogram = lines.histograms[written(labels)];
  histogram.counts.resize(family.buckets.size());
  const auto bucket = std::lower_bound(family.buckets.begin(), family.buckets.end(), value) - family.buckets.begin();
  if (static_cast<std::size_t>(bucket) < histogram.counts.size()) ++histogram.counts[static_cast<std::size_t>(bucket)];
  ++histogram.count;
  histogram.sum += value;
}

std::uint64_t Metrics::value(const MetricFamily& family, const Labels& labels) const {
  const auto lines = families_.find(family.name);
  if (lines == families_.end()) return 0;
  const auto histogram = lines->second.histograms.find(written(labels));
  if (histogram != lines->second.histograms.end()) return histogram->second.count;
  const auto line = lines->second.by_labels.find(written(labels));
  return line == lines->second.by_labels.end() ? 0 : line->second;
}

std::string Metrics::text() const {
  std::string out;
  for (const auto& [name, lines] : families_) {
    const std::string family(name);
    constexpr std::string_view kKinds[] = {"counter", "gauge", "histogram"};
    out += "# HELP " + family + ' ' + std::string(lines.family.help) + '\n';
    out += "# TYPE " + family + ' ' + std::string(kKinds[static_cast<std::size_t>(lines.family.kind)]) + '\n';
    for (const auto& [labels, value] : lines.by_labels) out += family + labels + ' ' + std::to_string(value) + '\n';
    for (const auto& [labels, histogram] : lines.histograms) {
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
        below += histogram.counts[i];
        out += family + "_bucket" + with(labels, "le=\"" + shortest(lines.family.buckets[i]) + "\"") + ' ' +
               std::to_string(below) + '\n';
      }
      out += family + "_bucket" + with(labels, "le=\"+Inf\"") + ' ' + std::to_string(histogram.count) + '\n';
      out += family + "_sum" + labels + ' ' + shortest(histogram.sum) + '\n';
      out += family + "_count" + labels + ' ' + std::to_string(histogram.count) + '\n';
    }
  }
  return out;
}

}  // namespace purser
