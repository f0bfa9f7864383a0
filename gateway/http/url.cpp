#include "gateway/http/url.hpp"

#include "gateway/http/client.hpp"
#include "validation/money/text.hpp"

#include <algorithm>
#include <charconv>

namespace purser::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const auto end = text.find(at);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

// The text is not echoed: what stands there by mistake may be a secret.
Error not_an_origin(const char* rule) {
  return Error(Errc::config_bad_value, std::string("not a base URL: ") + rule);
}

// Takes "host:port" apart into `origin`, whose port is empty when none is named.
Result<void> parse_authority(std::string_view authority, Origin& origin) {
  std::string_view rest;
  if (authority.substr(0, 1) == "[") {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return not_an_origin("an IPv6 address ends with ']'");
    origin.host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
    const bool plain = std::all_of(origin.host.begin(), origin.host.end(),
                                   [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; });
    if (!plain) return not_an_origin("an IPv6 address stands between the brackets");
  } else {
    const auto end = std::min(authority.find(':'), authority.size());
    origin.host = authority.substr(0, end);
    rest = authority.substr(end);
    if (!std::all_of(origin.host.begin(), origin.host.end(), is_host_character)) {
      return not_an_origin("the host holds a character that does not belong there");
    }
  }
  if (origin.host.empty()) return not_an_origin("the host is missing");
  std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (rest.empty()) return success();
  std::uint16_t port = 0;
  const char* end = rest.data() + rest.size();
  const auto read = std::from_chars(rest.data() + 1, end, port);
  if (rest[0] != ':' || read.ec != std::errc() || read.ptr != end || port == 0) {
    return not_an_origin("the port is a number from 1 to 65535");
  }
  origin.port = std::to_string(port);
  return success();
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Error(Errc::malformed_text, "a percent escape is broken");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return Error(Errc::malformed_text, "a control character is escaped");
    out.push_back(c);
  }
  if (!valid_utf8(out)) return Error(Errc::malformed_text, "the escapes do not make UTF-8");
  return out;
}

Result<std::vector<std::string>> path_segments(std::string_view path) {
  if (path.substr(0, 1) != "/") return Error(Errc::malformed_text, "a path begins with '/'");
  std::vector<std::string> segments;
  if (path.size() == 1) return segments;
  for (const std::string_view raw : split(path.substr(1), '/')) {
    auto segment = percent_decode(raw);
    if (!segment) return segment.error();
    if (segment->empty() || *segment == "." || *segment == ".." || segment->find('/') != std::string::npos) {
      return Error(Errc::malformed_text, "a path segment is empty, a dot or hides a '/'");
    }
    segments.push_back(std::move(*segment));
  }
  return segments;
}

Result<Query> parse_query(std::string_view query) {
  Query out;
  if (query.empty()) return out;
  for (const std::string_view piece : split(query, '&')) {
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos) return Error(Errc::malformed_text, "a query is name=value&name=value");
    std::string spaced(piece);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    auto name = percent_decode(std::string_view(spaced).substr(0, equals));
    if (!name) return name.error();
    auto value = percent_decode(std::string_view(spaced).substr(equals + 1));
    if (!value) return value.error();
    if (name->empty()) return Error(Errc::malformed_text, "a query parameter has no name");
    for (const auto& [known, unused] : out) {
      if (known == *name) return Error(Errc::malformed_text, "a query parameter stands twice", *name);
    }
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

Result<Origin> Origin::parse(std::string_view url) {
  Origin origin;
  const auto mark = url.find("://");
  if (mark == std::string_view::npos) return not_an_origin("it begins with http:// or https://");
  if (equals_ignoring_case(url.substr(0, mark), "https")) {
    origin.scheme = "https";
  } else if (equals_ignoring_case(url.substr(0, mark), "http")) {
    origin.scheme = "http";
  } else {
    return not_an_origin("it begins with http:// or https://");
  }
  url.remove_prefix(mark + 3);
  if (url.find_first_of("?#") != std::string_view::npos) return not_an_origin("it has no query and no fragment");
  const auto path = std::min(url.find('/'), url.size());
  auto authority = parse_authority(url.substr(0, path), origin);
  if (!authority) return authority.error();
  if (origin.port.empty()) origin.port = origin.scheme == "https" ? "443" : "80";
  origin.base_path = url.substr(path);
  while (!origin.base_path.empty() && origin.base_path.back() == '/') origin.base_path.pop_back();
  if (!origin.base_path.empty()) {
    auto segments = path_segments(origin.base_path);
    if (!segments) return not_an_origin("its path is malformed");
    const bool plain =
        std::all_of(origin.base_path.begin(), origin.base_path.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (!plain) return not_an_origin("its path holds a character that must be escaped");
  }
  return origin;
}

}  // namespace purser::http
