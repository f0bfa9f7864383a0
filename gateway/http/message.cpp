#include "gateway/http/message.hpp"

#include "validation/money/ascii.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser::http {
namespace {}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii::lower(x) == ascii::lower(y); });
}

std::string_view header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    const char l = ascii::lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

bool header_has_word(const Headers& headers, std::string_view name, std::string_view word) {
  for (const auto& [key, value] : headers) {
    if (!equals_ignoring_case(key, name)) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (equals_ignoring_case(ascii::trimmed(rest.substr(0, comma)), word)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

Response error_response(int status, std::string_view type, std::string_view code, std::string_view message,
                        std::string_view param) {
  nlohmann::ordered_json error;
  error["type"] = type;
  error["code"] = code;
  error["message"] = message;
  error["param"] = nullptr;
  if (!param.empty()) error["param"] = param;
  nlohmann::ordered_json whole;
  whole["error"] = std::move(error);
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = whole.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return response;
}

}  // namespace purser::http
