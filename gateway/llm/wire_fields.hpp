// Reading of outside JSON where a key that stands twice makes the whole object ambiguous. Inside of the wire codec.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace purser::llm {

using simdjson::dom::element;

// Deeper replies are refused by the parser.
inline constexpr std::size_t kReplyDepthMax = 64;

// Value of `key` in `value`; nothing when absent, null, or `value` is no object. `ambiguous` is set when it stands
// there twice.
inline std::optional<element> field(element value, std::string_view key, bool& ambiguous) {
  simdjson::dom::object object;
  std::optional<element> found;
  if (value.get(object) != simdjson::SUCCESS) return found;
  std::size_t times = 0;
  for (const auto member : object) {
    if (member.key != key) continue;
    if (++times > 1) ambiguous = true;
    if (!member.value.is_null()) found = member.value;
  }
  return found;
}

// The same where a repeated key does no harm.
inline std::optional<element> field(element value, std::string_view key) {
  bool ignored = false;
  return field(value, key, ignored);
}

inline std::string_view text_of(std::optional<element> value) {
  std::string_view text;
  if (value && value->get(text) == simdjson::SUCCESS) return text;
  return {};
}

inline std::optional<std::int64_t> integer_of(std::optional<element> value) {
  std::int64_t number = 0;
  if (value && value->get(number) == simdjson::SUCCESS) return number;
  return std::nullopt;
}

// What a model thought, under any of the names it has; never shown to anybody.
inline std::string_view reasoning_of(element message) {
  if (const auto text = text_of(field(message, "reasoning_content")); !text.empty()) return text;
  return text_of(field(message, "reasoning"));
}

}  // namespace purser::llm
