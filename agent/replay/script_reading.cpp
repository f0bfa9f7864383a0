#include "agent/replay/script_reading.hpp"

#include "agent/replay/script.hpp"
#include "validation/money/json_gate.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <vector>

namespace purser::replay {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

Error not_a_script(std::string what) {
  return Error(Errc::request_malformed, std::move(what), "script");
}

struct TooDeep : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Stands twice in its object; what() is the pointer.
struct Twice : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Watches a text while it is parsed.
class Watcher {
 public:
  bool operator()(int, json::parse_event_t event, json& value) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      places_.push_back({event == Event::array_start, 0, {}, {}});
      if (places_.size() > kScriptDepthMax) throw TooDeep("nested deeper than " + std::to_string(kScriptDepthMax));
    } else if (event == Event::key) {
      Place& here = places_.back();
      here.key = value.get<std::string>();
      if (!here.keys.insert(here.key).second) throw Twice(pointer());
    } else {
      if (event != Event::value) places_.pop_back();
      if (!places_.empty() && places_.back().array) places_.back().index += 1;
    }
    return true;
  }

 private:
  struct Place {
    bool array;
    std::size_t index;
    std::string key;
    std::set<std::string> keys;
  };

  std::string pointer() const {
    std::string at;
    for (const Place& place : places_) at = place.array ? pointer_to(at, place.index) : pointer_to(at, place.key);
    return at;
  }

  std::vector<Place> places_;
};

// Without where the parser stood, which is told as a line, and what it read last, which may be anything.
std::string reason_of(const json::parse_error& e) {
  std::string_view what = e.what();
  if (const auto column = what.find("column "); column != what.npos) what.remove_prefix(what.find(": ", column) + 2);
  return std::string(what.substr(0, what.find("; last read")));
}

}  // namespace

Result<std::string> read_script_text(const std::string& path) {
  std::error_code failed;
  if (fs::exists(path, failed) && !fs::is_regular_file(path, failed))
    return Error(Errc::config_unreadable, path + ": is no file", path);
  const auto bytes = fs::file_size(path, failed);
  if (!failed && bytes > kScriptBytesMax) return Error(Errc::config_unreadable, path + ": is larger than 16 MiB", path);
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error(Errc::config_unreadable, path + ": cannot be read", path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<json> parse_script_text(const std::string& path, const std::string& text) {
  if (text.starts_with("\xEF\xBB\xBF"))
    return not_a_script(path + ":1: begins with a byte order mark; save it without");
  Watcher watcher;
  try {
    return json::parse(text,
                       [&](int depth, json::parse_event_t event, json& value) { return watcher(depth, event, value); });
  } catch (const json::parse_error& e) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(e.byte, text.size()));
    const auto line = 1 + std::count(text.begin(), end, '\n');
    return not_a_script(path + ":" + std::to_string(line) + ": not JSON: " + reason_of(e));
  } catch (const Twice& e) {
    const std::string at = e.what();
    return not_a_script(path + ":" + std::to_string(line_of(text, at)) + ": " + at + ": this key stands twice");
  } catch (const TooDeep& e) {
    return not_a_script(path + ":1: " + e.what());
  }
}

}  // namespace purser::replay
