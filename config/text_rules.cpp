#include "config/text_rules.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/ids.hpp"
#include "validation/money/text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace purser {
namespace {

constexpr std::size_t kApiKeyLengthMin = 16;
constexpr std::size_t kApiKeyLengthMax = 256;

template <class Test>
bool all_of(std::string_view text, Test test) {
  return std::all_of(text.begin(), text.end(), test);
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port <= 65'535;
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  if (host.front() == '[')
    return host.size() > 3 && host.back() == ']' && all_of(host.substr(1, host.size() - 2), [](char c) {
             return ascii::is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
           });
  return all_of(host, [](char c) {
    return ascii::is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
  });
}

// The colon before the port, or npos: the colons of an IPv6 address stand in brackets.
std::size_t port_colon(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  return bracket != std::string_view::npos && (colon == std::string_view::npos || colon < bracket)
             ? std::string_view::npos
             : colon;
}

std::string_view authority_of(std::string_view url) {
  url.remove_prefix(url.find("//") + 2);
  return url.substr(0, url.find('/'));
}

}  // namespace

bool is_address(std::string_view text) {
  const std::size_t colon = port_colon(text);
  return colon != std::string_view::npos && is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

bool is_listen_address(std::string_view text) {
  if (!is_address(text)) return false;
  std::string host(text.substr(0, port_colon(text)));
  const bool bracketed = host.front() == '[';
  if (bracketed) host = host.substr(1, host.size() - 2);
  unsigned char address[sizeof(in6_addr)];
  return ::inet_pton(bracketed ? AF_INET6 : AF_INET, host.c_str(), address) == 1;
}

bool is_http_url(std::string_view text) {
  if (!text.starts_with("http://") && !text.starts_with("https://")) return false;
  if (text.ends_with('/') || text.find_first_of("?#@\\") != std::string_view::npos || !ascii::is_visible(text))
    return false;
  const std::string_view authority = authority_of(text);
  return port_colon(authority) == std::string_view::npos ? is_host(authority) : is_address(authority);
}

bool is_https_url(std::string_view text) {
  return text.starts_with("https://") && is_http_url(text);
}

bool is_loopback_url(std::string_view text) {
  if (!is_http_url(text)) return false;
  const std::string_view authority = authority_of(text);
  const std::string_view host = authority.substr(0, port_colon(authority));
  // Digits and dots behind "127." are an address of this machine; 127.example.com is a name.
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && all_of(host, [](char c) { return ascii::is_digit(c) || c == '.'; }));
}

bool is_inner_url(std::string_view text) {
  if (is_loopback_url(text)) return true;
  const std::string_view authority = authority_of(text);
  std::string host(authority.substr(0, port_colon(authority)));
  if (host.front() == '[') {
    in6_addr six{};
    if (::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six) != 1) return false;
    return (six.s6_addr[0] & 0xFE) == 0xFC || (six.s6_addr[0] == 0xFE && (six.s6_addr[1] & 0xC0) == 0x80);
  }
  unsigned char four[sizeof(in_addr)];
  if (::inet_pton(AF_INET, host.c_str(), four) != 1) return false;
  return four[0] == 10 || (four[0] == 172 && (four[1] & 0xF0) == 16) || (four[0] == 192 && four[1] == 168) ||
         (four[0] == 169 && four[1] == 254);
}

bool is_model_url(std::string_view text) {
  constexpr std::string_view kFileScheme = "file://";
  if (text.starts_with("file:///")) return is_readable_file(text.substr(kFileScheme.size()));
  return is_http_url(text);
}

bool is_rail_url(std::string_view text) {
  return is_https_url(text) || is_loopback_url(text);
}

bool is_sqlite_url(std::string_view text) {
  constexpr std::string_view kScheme = "sqlite:///";
  return text.starts_with(kScheme) && text.size() > kScheme.size() && !text.ends_with('/') &&
         text.find_first_of("?#\n") == std::string_view::npos;
}

bool is_database_url(std::string_view text) {
  constexpr std::string_view kScheme = "postgresql://";
  if (is_sqlite_url(text)) return true;
  return text.starts_with(kScheme) && text.size() > kScheme.size() && text.find_first_of(" \t\r\n") == text.npos;
}

bool is_redis_url(std::string_view text) {
  constexpr std::string_view kScheme = "redis://";
  return text.starts_with(kScheme) && text.size() > kScheme.size() && ascii::is_visible(text);
}

bool is_catalogue_source(std::string_view text) {
  return is_database_url(text) || is_redis_url(text);
}

bool is_ip_address(std::string_view text) {
  const std::string address(text);
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, address.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, address.c_str(), bytes) == 1;
}

bool is_address_list(std::string_view text) {
  while (true) {
    const auto comma = text.find(',');
    if (!is_ip_address(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool is_readable_file(std::string_view path) {
  std::error_code ignored;
  const std::filesystem::path file(path);
  // A pipe would be waited for.
  return std::filesystem::is_regular_file(file, ignored) && std::ifstream(file).good();
}

bool is_readable_folder(std::string_view path) {
  std::error_code error;
  return std::filesystem::directory_iterator(std::filesystem::path(path), error) !=
             std::filesystem::directory_iterator() &&
         !error;
}

bool is_log_level(std::string_view text) {
  constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error"};
  return std::find(std::begin(kLevels), std::end(kLevels), text) != std::end(kLevels);
}

bool is_log_format(std::string_view text) {
  return text == "text" || text == "json";
}

bool is_funds_account(std::string_view text) {
  return text == "AVAILABLE" || text == "UNSETTLED";
}

bool is_api_key_list(std::string_view text) {
  std::set<std::string_view> keys;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(",\n");
    const std::string_view entry = ascii::trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (entry.empty()) continue;
    const std::size_t colon = entry.find(':');
    if (colon == std::string_view::npos || !TenantId::parse(entry.substr(0, colon))) return false;
    const std::string_view key = entry.substr(colon + 1);
    if (key.size() < kApiKeyLengthMin || key.size() > kApiKeyLengthMax || !ascii::is_visible(key)) return false;
    if (!keys.insert(key).second) return false;  // one key cannot belong to two tenants
  }
  return !keys.empty();
}

bool is_apiv3_key(std::string_view text) {
  return text.size() == 32 && ascii::is_visible(text);
}

bool is_private_key_pem(std::string_view text) {
  return text.find("-----BEGIN ") != std::string_view::npos &&
         text.find("PRIVATE KEY-----") != std::string_view::npos && text.find("-----END ") != std::string_view::npos;
}

bool is_digits(std::string_view text) {
  return text.size() >= 8 && text.size() <= 32 && all_of(text, ascii::is_digit);
}

bool is_upper_hex(std::string_view text) {
  return text.size() <= 40 && all_of(text, [](char c) { return ascii::is_digit(c) || (c >= 'A' && c <= 'F'); });
}

bool is_public_key_id(std::string_view text) {
  constexpr std::string_view kPrefix = "PUB_KEY_ID_";
  return text.starts_with(kPrefix) && text.size() > kPrefix.size() && text.size() <= 64 &&
         all_of(text.substr(kPrefix.size()), ascii::is_digit);
}

bool is_short_word(std::string_view text) {
  return text.size() <= 32 && ascii::is_visible(text);
}

bool is_shop_name(std::string_view text) {
  const auto cleaned = clean(text, TextRules());
  return cleaned && cleaned->text == text && fits_rail(text) && code_points(text) <= 256;
}

bool is_word(std::string_view text) {
  return text.size() <= 128 && ascii::is_visible(text);
}

bool is_header_value(std::string_view text) {
  return text.size() <= 4'096 && all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace purser
