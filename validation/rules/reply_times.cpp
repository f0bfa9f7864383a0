#include "validation/rules/reply_times.hpp"

#include "validation/money/ascii.hpp"
#include "validation/rules/clauses.hpp"
#include "validation/rules/number_words.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>

namespace purser::rules {
namespace {

constexpr std::string_view kAboutMoney[] = {"pay",    "paid", "expire", "valid", "deadline", "order",
                                            "refund", "支付", "付款",   "过期",  "失效",     "有效",
                                            "订单",   "退款", "付清",   "到账",  "完成"};

bool take_last(std::string_view& text, std::string_view word) {
  if (!text.ends_with(word)) return false;
  text.remove_suffix(word.size());
  return true;
}

// The place in the list of the word that the text ends with.
std::optional<std::int64_t> take_last_of(std::string_view& text, std::span<const std::string_view> words) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](std::string_view word) { return text.ends_with(word); });
  if (found == words.end()) return std::nullopt;
  text.remove_suffix(found->size());
  return found - words.begin();
}

// 0 to 99 in Chinese characters that the text ends with. Digits in a row, "两三", are no number.
std::optional<std::int64_t> count_in_chinese(std::string_view text) {
  const auto take_digit = [&] { return take_last(text, "两") ? 2 : take_last_of(text, kDigitsZh); };
  const auto ones = take_digit();
  if (!take_last(text, "十")) return take_digit() ? std::nullopt : ones;
  return take_digit().value_or(1) * 10 + ones.value_or(0);
}

std::optional<std::int64_t> count_in_digits(std::string_view text) {
  constexpr std::int64_t kMost = 1'000'000;  // of which nobody can have so many
  text = ascii::trimmed(text, " -");
  const std::string_view number = text.substr(text.find_last_not_of("0123456789") + 1);
  if (number.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (char c : number) value = std::min(value * 10 + (c - '0'), kMost);
  return value;
}

// "five", "fifteen", "twenty-five", "thirty".
std::optional<std::int64_t> count_in_english(std::string_view text) {
  text = ascii::trimmed(text, " -");
  const auto ones = take_last_of(text, kSmallNumbers);
  text = ascii::trimmed(text, " -");
  const auto place = take_last_of(text, kTens);
  if (!place) return ones;
  return (*place + 2) * 10 + ones.value_or(0);
}

struct Unit {
  std::string_view name;
  std::int64_t minutes;
  bool chinese;
};
constexpr Unit kMinutes[] = {{"分钟", 1, true}, {"minute", 1, false}, {"min ", 1, false}};
constexpr Unit kHours[] = {{"小时", 60, true}, {"个小时", 60, true}, {"刻钟", 15, true}, {"hour", 60, false}};
constexpr Unit kDays[] = {{"天", 1'440, true}, {"day", 1'440, false}};
constexpr Unit kSeconds[] = {{"秒", 1, true}, {"second", 1, false}, {"secs", 1, false}};

struct Phrase {
  std::string_view words;
  std::int64_t minutes;
};
constexpr Phrase kParts[] = {{"half an hour", 30}, {"half hour", 30}, {"half-hour", 30},          {"半小时", 30},
                             {"半个小时", 30},     {"半个钟", 30},    {"quarter of an hour", 15}, {"quarter hour", 15},
                             {"quarter-hour", 15}, {"半分钟", 0},     {"half a minute", 0}};
constexpr std::string_view kToday[] = {"今天之内",      "今天内",         "今日内",  "当天内",
                                       "今天都",        "明天之前",       "明天前",  "until tomorrow",
                                       "until tonight", "end of the day", "all day", "any time today"};

// "an hour", "a day"; of seconds and minutes that is a manner of speaking.
std::optional<std::int64_t> article(std::string_view text) {
  text = ascii::trimmed(text, " ");
  constexpr std::string_view parts[] = {"half", "half an", "quarter of an", "quarter"};
  if (std::ranges::any_of(parts, [&](std::string_view part) { return text.ends_with(part); })) return std::nullopt;
  return text.ends_with(" an") || text.ends_with(" a") || text == "a" || text == "an" ? std::optional<std::int64_t>(1)
                                                                                      : std::nullopt;
}

void phrases_in(std::string_view text, std::vector<std::int64_t>& out) {
  for (const Phrase& part : kParts)
    if (text.find(part.words) != std::string_view::npos) out.push_back(part.minutes);
}

enum class Articles { count, are_none };

void times_in(std::string_view text, std::span<const Unit> units, Articles articles, std::vector<std::int64_t>& out) {
  for (const Unit& unit : units) {
    for (std::size_t at = 0; (at = text.find(unit.name, at)) != std::string_view::npos; at += unit.name.size()) {
      const std::string_view before = text.substr(0, at);
      auto value = count_in_digits(before);
      if (!value) value = unit.chinese ? count_in_chinese(before) : count_in_english(before);
      if (!value && !unit.chinese && articles == Articles::count) value = article(before);
      if (value) out.push_back(*value * unit.minutes);
    }
  }
}

// Days are spoken of for many things: here for the time to pay alone.
void days_to_pay(std::string_view text, std::vector<std::int64_t>& out) {
  constexpr std::string_view paying[] = {"pay", "valid", "expire", "支付", "付款", "有效", "过期", "失效"};
  constexpr std::string_view others[] = {"ship", "deliver", "arriv", "发货", "送", "到货", "寄", "return", "open"};
  for (const Clause& clause : clauses_of(text)) {
    if (!contains_any(clause.text, paying) || contains_any(clause.text, others)) continue;
    times_in(clause.text, kDays, Articles::count, out);
    if (contains_any(clause.text, kToday)) out.push_back(1'440);
  }
}

void clock_in(std::string_view text, std::vector<std::int64_t>& out) {
  for (std::string_view colon : {":", "："}) {
    for (std::size_t at = 1; (at = text.find(colon, at)) != std::string_view::npos; at += colon.size()) {
      const std::size_t after = at + colon.size();
      if (!ascii::is_digit(text[at - 1]) || after + 1 >= text.size()) continue;
      if (!ascii::is_digit(text[after]) || !ascii::is_digit(text[after + 1])) continue;
      const auto hour = count_in_digits(text.substr(0, at));
      const std::int64_t minute = (text[after] - '0') * 10 + (text[after + 1] - '0');
      if (*hour > 24 || minute > 59) continue;
      std::int64_t of_day = *hour * 60 + minute;
      const std::string_view rest = text.substr(after + 2, 4);
      const std::string_view before = text.substr(0, at).substr(back_from(at, 12));
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
  times_in(lower, kMinutes, Articles::are_none, times.minutes);
  times_in(lower, kSeconds, Articles::are_none, times.seconds);
  std::erase(times.seconds, 1);  // "one second, please"
  constexpr std::string_view refunds[] = {"refund", "退"};
  if (!contains_any(lower, refunds)) {
    times_in(lower, kHours, Articles::count, times.minutes);
    phrases_in(lower, times.minutes);
    days_to_pay(lower, times.minutes);
  }
  clock_in(lower, times.minutes_of_day);
  return times;
}

}  // namespace purser::rules
