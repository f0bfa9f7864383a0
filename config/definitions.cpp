#include "config/definitions.hpp"

#include "config/definition_table.hpp"

#include <algorithm>
#include <vector>

namespace purser {

std::span<const Definition> definitions() {
  static const std::vector<Definition> kAll = [] {
    const auto first = definition_table::of_surroundings();
    const auto second = definition_table::of_money_and_talk();
    std::vector<Definition> all(first.begin(), first.end());
    all.insert(all.end(), second.begin(), second.end());
    return all;
  }();
  return kAll;
}

const Definition* find_definition(std::string_view key) {
  const auto all = definitions();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& row) { return row.key == key; });
  return found == all.end() ? nullptr : &*found;
}

bool is_secret(const Definition& definition) {
  return std::holds_alternative<Place<Secret>>(definition.place);
}

std::string_view type_of(const Definition& definition) {
  constexpr std::string_view kNames[] = {"text", "integer", "true or false", "duration", "secret"};
  return kNames[definition.place.index()];
}

std::string variable_of(const Definition& definition) {
  if (!definition.variable.empty()) return std::string(definition.variable);
  std::string name = "PURSER_";
  for (const char c : definition.key) {
    const bool lower = c >= 'a' && c <= 'z';
    name += c == '.' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

std::string rule_of(const Definition& definition) {
  const auto from_to =
      " from " + std::to_string(definition.bounds.min) + " to " + std::to_string(definition.bounds.max);
  if (std::holds_alternative<Place<std::int64_t>>(definition.place)) {
    const std::string unit = definition.unit.empty() ? "" : " (" + std::string(definition.unit) + ")";
    return "an integer" + from_to + unit;
  }
  if (std::holds_alternative<Place<Millis>>(definition.place)) return "whole milliseconds" + from_to;
  if (std::holds_alternative<Place<bool>>(definition.place)) return "true or false";
  return definition.rule.words.empty() ? "text" : std::string(definition.rule.words);
}

}  // namespace purser
