#include "agent/api/own_host.hpp"

#include "config/text_rules.hpp"
#include "validation/money/ascii.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace purser::api {
namespace {

constexpr std::string_view kOwnName = "localhost";

// "localhost:8080", "localhost.", "127.0.0.1", "[::1]:1"
bool is_this_machine(std::string_view place) {
  std::string host = ascii::lower(place);
  // The dot that ends a full name may be written, and names nobody else.
  const bool full = host.starts_with(std::string(kOwnName) + '.');
  if (full && (host.size() == kOwnName.size() + 1 || host[kOwnName.size() + 1] == ':')) host.erase(kOwnName.size(), 1);
  return host.find('/') == std::string::npos && is_loopback_url("http://" + host);
}

Task<http::Response> stranger() {
  co_return http::error_response(403, "permission_error", "host_not_allowed",
                                 "this listener answers to localhost and its loopback address alone", "Host");
}

}  // namespace

bool origin_is_this_machine(const http::Headers& headers) {
  return std::all_of(headers.begin(), headers.end(), [](const auto& header) {
    if (!http::equals_ignoring_case(header.first, "Origin")) return true;
    const std::string_view value = header.second;
    const auto scheme = value.find("://");
    return scheme != std::string_view::npos && is_this_machine(value.substr(scheme + 3));
  });
}

bool host_is_this_machine(const http::Headers& headers) {
  return is_this_machine(http::header(headers, "Host"));
}

http::Handler for_this_machine(http::Handler behind) {
  return [behind = std::move(behind)](http::Request request) {
    if (!host_is_this_machine(request.headers) || !origin_is_this_machine(request.headers)) return stranger();
    return behind(std::move(request));
  };
}

}  // namespace purser::api
