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

std::string cut_first_line(const std::vector<IntentLine>& lines, std::string_view locale, std::size_t room) {
  std::string rest = "…" + times(lines.front()) + and_more(lines.size() - 1, locale);
  // In little room the name says more than the count.
  if (code_points(rest) + kGoodsMin / 2 > room) rest = "…";
  return std::string(first_code_points(name_of(lines.front()), room - code_points(rest))) + rest;
}

constexpr std::string_view kGoods = "{goods}";

// What stands before and after the goods.
struct Around {
  std::string_view before;
  std::string_view after;
};
Around around(const DescriptionRule& rule) {
  const std::string_view pattern = rule.pattern;
  const auto at = pattern.find(kGoods);
  if (at == pattern.npos) return {pattern, {}};
  return {pattern.substr(0, at), pattern.substr(at + kGoods.size())};
}

// Characters the goods may have.
std::size_t room_of(const DescriptionRule& rule) {
  const auto [before, after] = around(rule);
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(rule.characters_max, 0));
  const std::size_t taken = code_points(before) + code_points(after);
  return std::min(most, kDescriptionMax) - std::min({taken, most, kDescriptionMax});
}

Error refused(const char* why) {
  return Error(Errc::description_invalid, why);
}

Result<void> of_plain_characters(std::string_view text) {
  const auto cleaned = clean(text, TextRules{true, true});
  if (!cleaned) return refused("the description is not valid UTF-8");
  const bool broken = cleaned->text.find_first_of("\n\t") != std::string::npos;
  if (broken || cleaned->removed.total() > 0) return refused("the description holds control or invisible characters");
  if (!fits_rail(text)) return refused("the description holds an emoji or another character of four bytes");
  return success();
}

}  // namespace

bool usable(const DescriptionRule& rule) {
  const std::string_view pattern = rule.pattern;
  if (!of_plain_characters(pattern)) return false;
  const auto at = pattern.find(kGoods);
  const bool once = at != pattern.npos && pattern.find(kGoods, at + 1) == pattern.npos;
  return (pattern.empty() || once) && room_of(rule) >= kGoodsMin;
}

Result<void> check_description(std::string_view text, const DescriptionRule& rule) {
  if (auto plain = of_plain_characters(text); !plain) return plain;
  if (code_points(text) > kDescriptionMax) return refused("the description has more than 127 characters");
  if (code_points(text) > static_cast<std::size_t>(std::max<std::int64_t>(rule.characters_max, 0)))
    return refused("the description has more characters than are shown");
  const auto [before, after] = around(rule);
  const bool fits = text.size() > before.size() + after.size() && text.starts_with(before) && text.ends_with(after);
  if (!rule.pattern.empty() && !fits) return refused("the description is not in the approved pattern");
  if (text.find_first_not_of(' ') == text.npos) return refused("the description is empty");
  return success();
}

std::string compose_description(const std::vector<IntentLine>& lines, std::string_view locale,
                                const DescriptionRule& rule) {
  const std::size_t room = room_of(rule);
  std::string fitting;
  std::string listed;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) listed += chinese(locale) ? "、" : ", ";
    listed += name_of(lines[i]) + times(lines[i]);
    const std::string whole = listed + and_more(lines.size() - i - 1, locale);
    if (code_points(whole) <= room) fitting = whole;
  }
  if (fitting.empty() && !lines.empty()) fitting = cut_first_line(lines, locale, room);
  const auto [before, after] = around(rule);
  return std::string(before) + fitting + std::string(after);
}

}  // namespace purser::rules
