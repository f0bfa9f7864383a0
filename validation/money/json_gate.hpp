// The gate in front of every JSON document that can move money: tool arguments, API bodies, the catalogue. What passes
// is read by one parser only, so no two readers can see different amounts in it.
#pragma once

#include "validation/money/result.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace purser {

struct JsonLimits {
  std::size_t bytes_max = 65'536;
  int depth_max = 32;               // of arrays and objects within each other
  std::size_t values_max = 10'000;  // of any kind, containers included
  bool floats_allowed = false;      // anything that is not an integer token within 64 bits counts as a float
};

// The document, once it is known to be whole: within its limits, without NUL bytes or a byte order mark, each key once
// in its object (compared unescaped), and without floats unless they are allowed. Errors, with a JSON pointer as
// `param` where the place is known: json_too_large, json_malformed, json_too_deep, json_duplicate_key, json_wrong_type
// (a float; the message holds its text), json_out_of_range (a number that no double holds).
Result<nlohmann::json> parse_strict(std::string_view text, const JsonLimits& limits);

// Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD, as nlohmann's replace has them.
void append_json_string(std::string& out, std::string_view text);

// `pointer` with one more step, escaped as RFC 6901 says; overlong keys are cut, a pointer is for people.
std::string pointer_to(std::string_view pointer, std::string_view key);
std::string pointer_to(std::string_view pointer, std::size_t index);

}  // namespace purser
