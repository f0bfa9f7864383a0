#include "validation/rules/reply_times.hpp"

#include "validation/money/ascii.hpp"
#include "validation/rules/clauses.hpp"

#include <optional>
#include <span>
#include <string>

namespace purser::rules {
namespace {

constexpr std::string_view kAboutMoney[] = {"pay",    "paid", "expire", "valid", "deadline", "order",
                                            "refund", "支付", "付款",   "过期",  "失效",     "有效",
                                            "订单",   "退款", "付清",   "到账",  "完成"};

// 0 to 99 in Chinese characters that end at `end`; nothing when there are none.
std::optional<std::int64_t> number_before(std::string_view text, std::size_t end) {
  constexpr std::string_view digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
  constexpr std::size_t kSize = 3;  // bytes of each
  std::string characters;           // newest first, as digits and 't' for ten
  while (end >= kSize) {
    const std::string_view one = text.substr(end - kSize, kSize);
    char digit = 0;
    for (std::size_t i = 0; i < std::size(digits); ++i)
      if (digits[i] == one) digit = static_cast<char>('0' + i);
    if (one == "两") digit = '2';
    if (one == "十") digit = 't';
    if (digit == 0) break;
    characters += digit;
    end -= kSize;
  }
  if (characters.empty()) return std::nullopt;
  std::int64_t value = 0;
  const std::size_t ten = characters.find('t');
  if (ten == std::string::npos)
    return characters.size() == 1 ? std::optional<std::int64_t>(characters[0] - '0') : std::nullopt;
  value = (ten + 1 < characters.size() ? characters[ten + 1] - '0' : 1) * 10;
  return value + (ten > 0 ? characters[0] - '0' : 0);
}

std::optional<std::int64_t> digits_before(std::string_view text, std::size_t end) {
  while (end > 0 && text[end - 1] == ' ') --end;
  std::size_t begin = end;
  while (begin > 0 && ascii::is_digit(text[begin - 1]) && end - begin < 6) --begin;
  if (begin == end) return std::nullopt;
  std::int64_t value = 0;
  for (char c : text.substr(begin, end - begin)) value = value * 10 + (c - '0');
  return value;
}

std::optional<std::int64_t> words_before(std::string_view text, std::size_t end) {
  constexpr std::string_view names[] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};
  while (end > 0 && text[end - 1] == ' ') --end;
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (text.substr(0, end).ends_with(names[i])) return static_cast<std::int64_t>(i) + 1;
  if (text.substr(0, end).ends_with("fifteen")) return 15;
  if (text.substr(0, end).ends_with("twenty")) return 20;
  if (text.substr(0, end).ends_with("thirty")) return 30;
  return std::nullopt;
}

struct Unit {
  std::string_view name;
  std::int64_t minutes;
  bool chinese;
};
constexpr Unit kMinutes[] = {{"分钟", 1, true}, {"minute", 1, false}, {"min ", 1, false}};
constexpr Unit kHours[] = {{"小时", 60, true}, {"个小时", 60, true}, {"hour", 60, false}};

void minutes_in(std::string_view text, std::span<const Unit> units, std::vector<std::int64_t>& out) {
  for (const Unit& unit : units) {
    for (std::size_t at = 0; (at = text.find(unit.name, at)) != std::string_view::npos; at += unit.name.size()) {
      auto value = digits_before(text, at);
      if (!value) value = unit.chinese ? number_before(text, at) : words_before(text, at);
      if (value) out.push_back(*value * unit.minutes);
    }
  }
}

void clock_in(std::string_view text, std::vector<std::int64_t>& out) {
  for (std::string_view colon : {":", "："}) {
    for (std::size_t at = 0; (at = text.find(colon, at)) != std::string_view::npos; at += colon.size()) {
      const std::size_t after = at + colon.size();
      if (at == 0 || !ascii::is_digit(text[at - 1]) || after + 1 >= text.size()) continue;
      if (!ascii::is_digit(text[after]) || !ascii::is_digit(text[after + 1])) continue;
      const auto hour = digits_before(text, at);
      const std::int64_t minute = (text[after] - '0') * 10 + (text[after + 1] - '0');
      if (!hour || *hour > 24 || minute > 59) continue;
      std::int64_t of_day = *hour * 60 + minute;
      const std::string_view rest = text.substr(after + 2, 4);
      const std::string_view before = text.substr(at > 12 ? at - 12 : 0, at > 12 ? 12 : at);
      const bool afternoon = rest.find("pm") != std::string_view::npos ||
                             before.find("下午") != std::string_view::npos ||
                             before.find("晚上") != std::string_view::npos;
      if (afternoon && *hour < 12) of_day += 12 * 60;
      out.push_back(of_day);
    }
  }
}

}  // namespace

StatedTimes stated_times(std::string_view text) {
  StatedTimes times;
  const std::string lower = ascii::lower(text);
  if (!contains_any(lower, kAboutMoney)) return times;
  minutes_in(lower, kMinutes, times.minutes);
  constexpr std::string_view refunds[] = {"refund", "退"};
  if (!contains_any(lower, refunds)) minutes_in(lower, kHours, times.minutes);
  clock_in(lower, times.minutes_of_day);
  return times;
}

}  // namespace purser::rules
