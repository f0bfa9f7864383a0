#include "agent/api/router.hpp"

#include <algorithm>

namespace purser::api {
namespace {

// Takes the text up to the next '/' off the front; nothing is left after the last.
std::string_view take_segment(std::string_view& rest, bool& more) {
  const auto end = rest.find('/');
  const std::string_view segment = rest.substr(0, end);
  more = end != std::string_view::npos;
  rest.remove_prefix(more ? end + 1 : rest.size());
  return segment;
}

}  // namespace

std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path) {
  std::vector<std::string> parts;
  bool more_pattern = true;
  bool more_path = true;
  while (more_pattern && more_path) {
    const std::string_view wanted = take_segment(pattern, more_pattern);
    const std::string_view got = take_segment(path, more_path);
    if (wanted == "{}" && !got.empty()) {
      parts.emplace_back(got);
    } else if (wanted != got) {
      return std::nullopt;
    }
  }
  if (more_pattern != more_path) return std::nullopt;
  return parts;
}

}  // namespace purser::api
