// Request bodies as the rail takes them: strict JSON checked against a table of members. No unknown member, no null, no
// fraction where an integer belongs, no character outside three bytes of UTF-8, every length counted in code points.
#pragma once

#include "gateway/sandbox/wire.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace purser::sandbox {

enum class Kind { text, integer, boolean, object, list };

struct Member {
  std::string_view name;
  Kind kind = Kind::text;
  bool required = false;
  std::int64_t min = 0;  // text: code points; integer: value; list: items
  std::int64_t max = 0;
  // Text: every character is a letter, a digit or one of these. Null: any character.
  const char* charset = nullptr;
  // Text: one of these, separated by spaces. Null: free.
  const char* one_of = nullptr;
  // The members of an object, or of each object in a list.
  std::span<const Member> members = {};
};

// Parses `text` into `out`. The refusal is PARAM_ERROR.
Refusal parse_body(std::string_view text, json& out);
// Checks an object against its table; `path` is the JSON pointer of the object, empty for the whole body.
Refusal check_members(const json& object, std::span<const Member> table, const std::string& path = {});

std::int64_t code_points(std::string_view utf8);
bool letters_digits_or(std::string_view text, std::string_view also);

}  // namespace purser::sandbox
