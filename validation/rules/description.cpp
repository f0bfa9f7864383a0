#include "validation/rules/description.hpp"

#include "validation/money/text.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

bool chinese(std::string_view locale) {
  return locale.starts_with("zh");
}

std::string name_of(const IntentLine& line) {
  const auto cleaned = clean(line.name, TextRules());
  std::string name = cleaned ? without_wide_characters(cleaned->text) : std::string();
  return name.empty() ? line.sku.str() : name;
}

std::string times(const IntentLine& line) {
  return " ×" + std::to_string(line.quantity);
}

std::string and_more(std::size_t lines, std::string_view locale) {
  if (lines == 0) return {};
  const std::string count = std::to_string(lines);
  return chinese(locale) ? "，另有 " + count + " 项" : " and " + count + " more";
}

std::string cut_first_line(const std::vector<IntentLine>& lines, std::string_view locale) {
  const std::string rest = "…" + times(lines.front()) + and_more(lines.size() - 1, locale);
  return first_code_points(name_of(lines.front()), kDescriptionMax - code_points(rest)) + rest;
}

}  // namespace

Result<void> check_description(std::string_view text) {
  const auto refused = [](const char* rule) { return Error(Errc::description_invalid, rule); };
  const auto cleaned = clean(text, TextRules{true, true});
  if (!cleaned) return refused("the description is not valid UTF-8");
  const bool broken = cleaned->text.find_first_of("\n\t") != std::string::npos;
  if (broken || cleaned->removed.total() > 0) return refused("the description holds control or invisible characters");
  if (!fits_rail(text)) return refused("the description holds an emoji or another character of four bytes");
  if (code_points(text) > kDescriptionMax) return refused("the description has more than 127 characters");
  if (cleaned->text.find_first_not_of(' ') == std::string::npos) return refused("the description is empty");
  return success();
}

std::string compose_description(const std::vector<IntentLine>& lines, std::string_view locale) {
  std::string fitting;
  std::string listed;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) listed += chinese(locale) ? "、" : ", ";
    listed += name_of(lines[i]) + times(lines[i]);
    const std::string whole = listed + and_more(lines.size() - i - 1, locale);
    if (code_points(whole) <= kDescriptionMax) fitting = whole;
  }
  return fitting.empty() && !lines.empty() ? cut_first_line(lines, locale) : fitting;
}

}  // namespace purser::rules
