// The one table of settings: from it come loading, checking, `check-config`, default.json and CONFIG.md. A member of
// Settings without a row here cannot be set.
#pragma once

#include "config/settings.hpp"
#include "config/text_rules.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace purser {

// Where a setting lives in Settings.
template <class T>
using Place = T& (*)(Settings&);
using AnyPlace = std::variant<Place<std::string>, Place<std::int64_t>, Place<bool>, Place<Millis>, Place<Secret>>;

struct Bounds {  // both ends are allowed
  std::int64_t min = 0;
  std::int64_t max = 0;
};

struct Definition {
  std::string_view key;  // "section.name"; a duration is in milliseconds and its name ends in _ms
  AnyPlace place;
  std::string_view description;
  Bounds bounds{};              // of integers and durations
  std::string_view unit{};      // of integers ("bytes", "fen"); empty for a plain number
  TextRule rule{};              // of texts and secrets that are not empty
  std::string_view variable{};  // the environment variable, where it is not PURSER_<SECTION>_<NAME>
  TextRule open{};              // of secrets: which values hold nothing secret and may stand anywhere
};

// In the order of CONFIG.md; the rows of a section stand together.
std::span<const Definition> definitions();

// nullptr when there is no such setting.
const Definition* find_definition(std::string_view key);

bool is_secret(const Definition& definition);
// "text", "integer", "duration", "true or false" or "secret".
std::string_view type_of(const Definition& definition);
// "PURSER_LLM_BASE_URL". A secret may also come from the file that the variable with _FILE behind its name points to.
std::string variable_of(const Definition& definition);
// What a value must be, in words: "an integer from 1 to 20".
std::string rule_of(const Definition& definition);

}  // namespace purser
