#include "agent/replay/bless.hpp"

#include "agent/replay/record.hpp"
#include "agent/replay/script_reading.hpp"
#include "agent/replay/script_text.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

namespace purser::replay {
namespace {

struct Edit {
  std::size_t from = 0;
  std::size_t to = 0;
  std::string text;
};

std::string pointer_of(const std::string& step, const std::string& kind) {
  std::string path = kind;
  std::replace(path.begin(), path.end(), '.', '/');
  if (kind.starts_with("finally.")) return "/" + path;
  return step + (kind.starts_with("sent.") ? "/" : "/expect/") + path;
}

std::string prefixed(const std::string& text, char mark) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += std::string(1, mark) + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

// The whole lines around each edit, before and after.
std::string diff_of(const std::string& path, const std::string& text, const std::vector<Edit>& edits) {
  std::string out;
  for (std::size_t i = 0; i < edits.size();) {
    const std::size_t begin = edits[i].from == 0 ? 0 : text.rfind('\n', edits[i].from) + 1;
    std::size_t end = std::min(text.find('\n', edits[i].to), text.size());
    std::string after = text.substr(begin, edits[i].from - begin);
    std::size_t at = edits[i].from;
    for (; i < edits.size() && edits[i].from <= end; ++i) {
      after += text.substr(at, edits[i].from - at) + edits[i].text;
      at = edits[i].to;
      end = std::max(end, std::min(text.find('\n', at), text.size()));
    }
    after += text.substr(at, end - at);
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
    out += path + ":" + std::to_string(line) + "\n" + prefixed(text.substr(begin, end - begin), '-') +
           prefixed(after, '+');
  }
  return out;
}

}  // namespace

json blessed_value(const json& expected, const json& actual, Captures& captures) {
  Captures tried = captures;
  if (!difference(expected, actual, tried, "")) {
    captures = std::move(tried);
    return expected;
  }
  if (expected.is_object() && actual.is_object()) {
    json out = json::object();
    for (const auto& [key, value] : expected.items()) {
      if (key == "$exact") {
        out[key] = value;
      } else {
        out[key] = actual.contains(key) ? blessed_value(value, actual[key], captures) : json("$absent");
      }
    }
    return out;
  }
  if (expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
    json out = json::array();
    for (std::size_t i = 0; i < expected.size(); ++i) out.push_back(blessed_value(expected[i], actual[i], captures));
    return out;
  }
  return named(actual, captures);
}

Result<BlessOutcome> bless(const Script& script, const std::vector<Blessing>& blessings) {
  BlessOutcome out;
  std::map<std::string, std::vector<Edit>> by_file;
  std::map<std::string, std::string> texts;
  for (const Blessing& blessing : blessings) {
    const bool of_step = blessing.step < script.places.size() && !blessing.kind.starts_with("finally.");
    const std::string file = of_step ? script.places[blessing.step].file : script.path;
    const std::string pointer = pointer_of(of_step ? script.places[blessing.step].pointer : "", blessing.kind);
    if (!texts.contains(file)) {
      std::ifstream in(file, std::ios::binary);
      if (!in) return Error(Errc::config_unreadable, file + ": cannot be read", file);
      texts[file] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    const std::string& text = texts[file];
    const auto span = span_of(text, pointer);
    const json old = span ? json::parse(text.substr(span->first, span->second - span->first), nullptr, false) : json();
    const std::string where = file + ":" + std::to_string(line_of(text, pointer)) + ": " + blessing.kind;
    if (!span) {
      out.left.push_back(where + ": stands elsewhere");
    } else if (script.rows > 1 || text.substr(span->first, span->second - span->first).find("{{") != text.npos) {
      out.left.push_back(where + ": belongs to a table, rewrite it by hand");
    } else if (blessing.value.is_discarded() || blessing.value.is_null() ||
               blessing.value.is_structured() != old.is_structured()) {
      out.left.push_back(where + ": what was found cannot stand here");
    } else {
      by_file[file].push_back({span->first, span->second, line_text(blessing.value)});
    }
  }
  for (auto& [file, edits] : by_file) {
    std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.from < b.from; });
    std::string& text = texts[file];
    out.diff += diff_of(file, text, edits);
    out.rewritten += edits.size();
    for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit)
      text.replace(edit->from, edit->to - edit->from, edit->text);
  }
  // Nothing is written unless all of it can be read again.
  for (const auto& [file, edits] : by_file) {
    const auto read = parse_script_text(file, texts[file]);
    if (!read) return read.error();
    if (file != script.path) continue;
    if (const auto valid = parse_scripts(file, texts[file]); !valid) return valid.error();
  }
  for (const auto& [file, edits] : by_file) {
    const std::string& text = texts[file];
    std::ofstream to(file, std::ios::binary | std::ios::trunc);
    to << text;
    to.close();
    if (!to) return Error(Errc::config_unreadable, file + ": cannot be written", file);
  }
  return out;
}

}  // namespace purser::replay
