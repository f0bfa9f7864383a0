#include "agent/replay/script.hpp"

#include "agent/replay/script_reading.hpp"
#include "agent/replay/script_rules.hpp"
#include "agent/replay/script_whole.hpp"
#include "validation/money/json_gate.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

namespace purser {
std::string_view replay_schema();  // embedded by the build
}

namespace purser::replay {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr int kIncludeDepthMax = 8;

const json& schema() {
  static const json parsed = json::parse(replay_schema());
  return parsed;
}

// Walks a JSON text that is known to be valid, for the place of one value.
class Locator {
 public:
  explicit Locator(std::string_view text) : text_(text) {}

  std::size_t find(const std::vector<std::string>& path) {
    space();
    std::size_t found = at_;
    for (const std::string& step : path) {
      found_all_ = enter(step);
      if (!found_all_) break;
      found = at_;
    }
    return found;
  }
  bool found_all() const { return found_all_; }
  // Where the items of the array that was found begin.
  std::vector<std::size_t> items() {
    std::vector<std::size_t> out;
    if (at_ >= text_.size() || text_[at_] != '[') return out;
    ++at_;
    for (space(); at_ < text_.size() && text_[at_] != ']'; space()) {
      out.push_back(at_);
      skip();
      space();
      if (at_ < text_.size() && text_[at_] == ',') ++at_;
    }
    return out;
  }
  // Where the value that was found ends.
  std::size_t past() {
    skip();
    return at_;
  }

 private:
  void space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  void skip_string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
  }
  std::string string() {
    const std::size_t start = at_;
    skip_string();
    return json::parse(text_.substr(start, at_ - start), nullptr, false).get<std::string>();
  }
  void skip() {
    int depth = 0;
    do {
      space();
      if (at_ >= text_.size()) return;
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
      } else {
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        ++at_;
        if (depth == 0 && c != '}' && c != ']')
          while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
      }
    } while (depth > 0);
  }
  bool enter(const std::string& step) {
    space();
    const bool object = text_[at_] == '{';
    if (!object && text_[at_] != '[') return false;
    ++at_;
    for (std::size_t index = 0;; ++index) {
      space();
      if (at_ >= text_.size() || text_[at_] == '}' || text_[at_] == ']') return false;
      std::string name = std::to_string(index);
      if (object) {
        name = string();
        space();
        ++at_;  // the colon
        space();
      }
      if (name == step) return true;
      skip();
      space();
      if (text_[at_] == ',') ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool found_all_ = true;
};

std::vector<std::string> steps_of(std::string_view pointer) {
  std::vector<std::string> out;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    std::string step(pointer.substr(0, end));
    for (auto [coded, plain] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}})
      for (auto at = step.find(coded); at != step.npos; at = step.find(coded, at + 1)) step.replace(at, 2, plain);
    out.push_back(std::move(step));
    pointer.remove_prefix(end);
  }
  return out;
}

class Checker {
 public:
  explicit Checker(const json& root) : root_(root) {}
  std::vector<std::pair<std::string, std::string>> found;

  void check(const json& rule, const json& value, const std::string& at) {
    if (rule.contains("$ref")) {
      const std::string path = rule["$ref"].get<std::string>().substr(1);
      return check(root_.at(json::json_pointer(path)), value, at);
    }
    if (rule.contains("type") && !of_type(rule["type"].get<std::string>(), value))
      return bad(at, "expected " + rule["type"].get<std::string>() + ", found " + shown(value));
    if (rule.contains("enum") && std::find(rule["enum"].begin(), rule["enum"].end(), value) == rule["enum"].end())
      bad(at, "expected one of " + rule["enum"].dump() + ", found " + shown(value));
    if (value.is_string()) check_text(rule, value.get_ref<const std::string&>(), at);
    if (value.is_number_integer() && rule.contains("minimum") && value < rule["minimum"])
      bad(at, "expected at least " + rule["minimum"].dump());
    if (value.is_array()) check_array(rule, value, at);
    if (value.is_object()) check_object(rule, value, at);
  }

 private:
  static const std::regex& compiled(const std::string& pattern) {
    static std::map<std::string, std::regex> known;
    const auto found = known.find(pattern);
    return found != known.end() ? found->second : known.emplace(pattern, pattern).first->second;
  }
  void bad(const std::string& at, std::string what) { found.emplace_back(at, std::move(what)); }

  static std::string shown(const json& value) {
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
  }
  static bool of_type(const std::string& type, const json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    return value.is_number_integer();
  }
  void check_text(const json& rule, const std::string& text, const std::string& at) {
    if (rule.contains("minLength") && text.size() < rule["minLength"]) bad(at, "expected some text");
    if (!rule.contains("pattern")) return;
    if (!std::regex_search(text, compiled(rule["pattern"])))
      bad(at, "expected " + rule["pattern"].get<std::string>() + ", found " + shown(text));
  }
  void check_array(const json& rule, const json& value, const std::string& at) {
    if (rule.contains("minItems") && value.size() < rule["minItems"])
      bad(at, "expected at least " + rule["minItems"].dump() + " items");
    if (!rule.contains("items")) return;
    for (std::size_t i = 0; i < value.size(); ++i) check(rule["items"], value[i], pointer_to(at, i));
  }
  void check_object(const json& rule, const json& value, const std::string& at) {
    for (const json& key : rule.value("required", json::array()))
      if (!value.contains(key.get<std::string>())) bad(at, "expected a member \"" + key.get<std::string>() + "\"");
    static const json kNone = json::object();
    const json& known = rule.contains("properties") ? rule["properties"] : kNone;
    for (const auto& [key, member] : value.items()) {
      if (known.contains(key)) {
        check(known[key], member, pointer_to(at, key));
      } else if (rule.contains("additionalProperties")) {
        std::string names;
        for (const auto& [name, ignored] : known.items()) names += (names.empty() ? "" : ", ") + name;
        bad(pointer_to(at, key), "no such key; expected one of " + names);
      }
    }
    if (rule.contains("x-one-of")) check_kind(rule["x-one-of"], value, at);
  }
  // A step is of one kind; "expect" beside another kind belongs to it.
  void check_kind(const json& kinds, const json& value, const std::string& at) {
    std::vector<std::string> got;
    for (const json& kind : kinds)
      if (value.contains(kind.get<std::string>()) && kind != "expect") got.push_back(kind.get<std::string>());
    if (got.size() > 1) bad(at, "a step is of one kind, found " + got[0] + " and " + got[1]);
    if (got.empty() && !value.contains("expect")) bad(at, "expected one of the kinds of step: " + kinds.dump());
  }

  const json& root_;
};

// "{{name}}" alone becomes the value, within other text its text. `unknown`: names that have none.
json filled(const json& value, const json& with, std::set<std::string>& unknown) {
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [key, member] : value.items()) out[key] = filled(member, with, unknown);
    return out;
  }
  if (value.is_array()) {
    json out = json::array();
    for (const json& item : value) out.push_back(filled(item, with, unknown));
    return out;
  }
  if (!value.is_string()) return value;
  std::string text = value.get<std::string>();
  for (auto open = text.find("{{"); open != text.npos; open = text.find("{{", open)) {
    if (text.compare(open + 2, 2, "{{") == 0) {  // "{{{{" is "{{" itself
      text.erase(open, 2);
      open += 2;
      continue;
    }
    const auto close = text.find("}}", open);
    if (close == text.npos) break;
    const std::string name = text.substr(open + 2, close - open - 2);
    if (!with.contains(name)) {
      unknown.insert(name);
      open = close;
      continue;
    }
    const json& found = with[name];
    if (open == 0 && close + 2 == text.size()) return found;
    const std::string plain = found.is_string() ? found.get<std::string>() : found.dump();
    text.replace(open, close + 2 - open, plain);
    open += plain.size();
  }
  return text;
}

Error malformed(std::string what) {
  return Error(Errc::request_malformed, std::move(what), "script");
}

Result<void> checked(const std::string& path, const std::string& text, const json& rule, const json& value,
                     const std::string& under) {
  Checker checker(schema());
  checker.check(rule, value, under);
  if (checker.found.empty()) return success();
  std::string all;
  for (const auto& [at, what] : checker.found)
    all += (all.empty() ? "" : "\n") + path + ":" + std::to_string(line_of(text, at)) + ": " + at + ": " + what;
  return malformed(std::move(all));
}

std::string placed(const std::string& path, const std::string& text, std::string_view pointer) {
  return path + ":" + std::to_string(line_of(text, pointer)) + ": " + std::string(pointer) + ": ";
}

Result<void> unruly(const std::string& path, const std::string& text, const std::vector<ScriptMistake>& mistakes,
                    const std::string& under) {
  if (mistakes.empty()) return success();
  std::string all;
  for (const ScriptMistake& one : mistakes)
    all += (all.empty() ? "" : "\n") + placed(path, text, under + one.at) + one.rule;
  return malformed(std::move(all));
}

// `document` with its parameters filled in. `given_at`: where `with` stands.
Result<json> fill(const std::string& path, const std::string& text, const json& document, const json& with,
                  const std::string& given_at) {
  constexpr std::string_view kNameOfRow = "row";
  for (const auto& [name, value] : with.items())
    if (name != kNameOfRow && text.find("{{" + name + "}}") == std::string::npos)
      return malformed(given_at + "{{" + name + "}} stands nowhere");
  std::set<std::string> unknown;
  json out = filled(document, with, unknown);
  if (unknown.empty()) return out;
  const std::string mark = "{{" + *unknown.begin() + "}}";
  const auto at = text.begin() + static_cast<std::ptrdiff_t>(std::min(text.find(mark), text.size()));
  return malformed(path + ":" + std::to_string(1 + std::count(text.begin(), at, '\n')) + ": " + mark +
                   " is no parameter here");
}

// The lines on which the steps of a text begin, read in one pass.
std::vector<std::size_t> lines_of_steps(std::string_view text) {
  Locator locator(text);
  (void)locator.find({"steps"});
  std::vector<std::size_t> lines;
  std::size_t line = 1;
  auto counted = text.begin();
  for (const std::size_t at : locator.items()) {
    const auto here = text.begin() + static_cast<std::ptrdiff_t>(at);
    line += static_cast<std::size_t>(std::count(counted, here, '\n'));
    counted = here;
    lines.push_back(line);
  }
  return lines;
}

Result<void> take_steps(Script& out, const std::string& path, const std::string& text, const json& steps, int depth) {
  const std::vector<std::size_t> lines = lines_of_steps(text);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string where = path + ":" + std::to_string(i < lines.size() ? lines[i] : 1);
    if (!steps[i].contains("include")) {
      if (auto good = unruly(path, text, mistakes_of_step(steps[i]), pointer_to("/steps", i)); !good) return good;
      out.steps.push_back(steps[i]);
      out.where.push_back(where);
      out.places.push_back({path, pointer_to("/steps", i)});
      continue;
    }
    for (const auto& [key, value] : steps[i].items())
      if (key != "include" && key != "with" && key != "note")
        return malformed(where + ": beside \"include\" no \"" + key + "\" is looked at");
    if (depth >= kIncludeDepthMax) return malformed(where + ": parts include each other without end");
    const std::string part = fs::path(path).parent_path() / steps[i]["include"].get<std::string>();
    auto part_text = read_script_text(part);
    if (!part_text) return malformed(where + ": " + part_text.error().message);
    auto document = parse_script_text(part, *part_text);
    if (!document) return document.error();
    auto whole = fill(part, *part_text, *document, steps[i].value("with", json::object()), where + ": ");
    if (!whole) return whole.error();
    const json& inner = *whole;
    if (!inner.is_object() || !inner.contains("steps")) return malformed(part + ":1: expected {\"steps\": [...]}");
    for (const char* key : {"given", "finally", "trajectory", "table", "derive", "expect"})
      if (inner.contains(key))
        return malformed(placed(part, *part_text, std::string("/") + key) + "a part is steps alone");
    const json& rule = schema().at("properties").at("steps");
    if (auto good = checked(part, *part_text, rule, inner["steps"], "/steps"); !good) return good;
    if (auto taken = take_steps(out, part, *part_text, inner["steps"], depth + 1); !taken) return taken;
  }
  return success();
}

// A thread's name that is not "main" is written down once, so that a misspelt one is no new thread.
std::string unknown_thread(const Script& script, const json& root) {
  const json known = root.value("given", json::object()).value("threads", json::object());
  const auto unknown = [&](const json& step) {
    const std::string name = step.value("thread", "main");
    return name == "main" || known.contains(name) ? std::string() : name;
  };
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    std::string name = unknown(script.steps[i]);
    for (const json& one : script.steps[i].value("concurrent", json::array()))
      if (name.empty()) name = unknown(one);
    if (!name.empty()) return script.where[i] + ": no thread \"" + name + "\" under /given/threads";
  }
  return {};
}

}  // namespace

std::string_view script_schema() {
  return replay_schema();
}

std::size_t line_of(std::string_view text, std::string_view pointer) {
  const std::size_t at = Locator(text).find(steps_of(pointer));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

std::optional<std::pair<std::size_t, std::size_t>> span_of(std::string_view text, std::string_view pointer) {
  Locator locator(text);
  const auto steps = steps_of(pointer);
  const std::size_t from = locator.find(steps);
  if (!locator.found_all()) return std::nullopt;
  return std::pair(from, locator.past());
}

std::vector<std::pair<std::string, std::string>> schema_mistakes(const json& schema, const json& value) {
  Checker checker(schema);
  checker.check(schema, value, "");
  return std::move(checker.found);
}

Result<std::vector<Script>> parse_scripts(const std::string& path, const std::string& text) {
  auto document = parse_script_text(path, text);
  if (!document) return document.error();
  if (!document->is_object()) return malformed(path + ":1: expected an object");
  const json rows = document->contains("table") ? (*document)["table"] : json::array({json::object()});
  if (!rows.is_array() || rows.empty()) return malformed(placed(path, text, "/table") + "expected rows");
  if (document->contains("params") && !(*document)["params"].is_object())
    return malformed(placed(path, text, "/params") + "expected object");
  std::vector<Script> out;
  const auto whole_text = std::make_shared<const std::string>(text);
  std::set<std::string> names_of_rows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string of_row = document->contains("table") ? pointer_to("/table", i) : std::string("/params");
    if (!rows[i].is_object()) return malformed(placed(path, text, of_row) + "expected object");
    if (rows[i].contains("row") && !rows[i]["row"].is_string())
      return malformed(placed(path, text, of_row + "/row") + "expected string");
    json with = document->value("params", json::object());
    with.update(rows[i]);
    auto whole = fill(path, text, *document, with, placed(path, text, of_row));
    if (!whole) return whole.error();
    json root = std::move(*whole);
    if (auto good = checked(path, text, schema(), root, ""); !good) return good.error();
    Script script;
    script.path = path;
    script.rows = rows.size();
    script.text = whole_text;
    script.name = root["name"].get<std::string>();
    if (document->contains("table")) script.row = with.value("row", std::to_string(i + 1));
    if (!script.row.empty() && !names_of_rows.insert(script.row).second)
      return malformed(placed(path, text, of_row) + "a row before it is " + json(script.row).dump() + ", too");
    if (rows.size() > 1) script.name += " [" + script.row + "]";
    if (auto taken = take_steps(script, path, text, root["steps"], 0); !taken) return taken.error();
    if (const std::string wrong = unknown_thread(script, root); !wrong.empty()) return malformed(wrong);
    root.erase("steps");
    root.erase("table");
    script.root = std::move(root);
    if (auto good = unruly(path, text, mistakes_of_root(script), ""); !good) return good.error();
    out.push_back(std::move(script));
  }
  if (std::string unused = unused_captures(out); !unused.empty()) return malformed(std::move(unused));
  return out;
}

Result<std::vector<Script>> load_scripts(const std::string& path) {
  std::error_code none;
  std::vector<std::string> files;
  if (fs::is_directory(path, none)) {
    std::error_code failed;
    for (auto entry = fs::recursive_directory_iterator(path, failed);
         !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed))
      if (!entry->is_directory(none) && entry->path().extension() == ".json" &&
          entry->path().parent_path().filename() != "parts")
        files.push_back(entry->path());
    if (failed) return Error(Errc::config_unreadable, path + ": cannot be read: " + failed.message(), path);
    std::sort(files.begin(), files.end());
    if (files.empty()) return Error(Errc::config_unreadable, path + ": no script in this folder", path);
  } else {
    files.push_back(path);
  }
  std::vector<Script> out;
  std::string mistakes;
  for (const std::string& file : files) {
    auto text = read_script_text(file);
    auto scripts = text ? parse_scripts(file, *text) : Result<std::vector<Script>>(text.error());
    if (!scripts) {
      mistakes += (mistakes.empty() ? "" : "\n") + scripts.error().message;
      continue;
    }
    std::move(scripts->begin(), scripts->end(), std::back_inserter(out));
  }
  if (!mistakes.empty()) return malformed(std::move(mistakes));
  return out;
}

}  // namespace purser::replay
