// Which handler answers a method and a path. The table is a constant; "{}" in a pattern is one segment that is not
// empty, handed to the handler as it came (escapes are not undone: no id of ours needs one).
#pragma once

#include "validation/money/result.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::api {

template <class Handler>
struct Route {
  std::string_view method;
  std::string_view pattern;
  Handler handler;
};

template <class Handler>
struct Found {
  const Route<Handler>* route = nullptr;
  std::vector<std::string> parts;  // of the path, one for each "{}"
};

// The segments that stand for "{}", when `path` is of this pattern.
std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path);

// Errors: not_found; method_not_allowed with the methods of the path ("GET, POST") as `param`.
template <class Handler, std::size_t N>
Result<Found<Handler>> find_route(const std::array<Route<Handler>, N>& routes, std::string_view method,
                                  std::string_view path) {
  std::string allowed;
  for (const Route<Handler>& route : routes) {
    auto parts = match_path(route.pattern, path);
    if (!parts) continue;
    if (route.method == method) return Found<Handler>{&route, std::move(*parts)};
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method;
  }
  if (allowed.empty()) return Errc::not_found;
  return Error(Errc::method_not_allowed, "no such method on this path", std::move(allowed));
}

}  // namespace purser::api
