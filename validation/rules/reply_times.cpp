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

constexpr std::string_view kAboutMoney[] = {"pay",  "paid", "expire", "valid", "deadline", "order", "refund", "付",
                                            "支付", "过期", "失效",   "有效",  "订单",     "退款",  "到账",   "完成"};
// What takes its time after the payment is no time to pay.
constexpr std::string_view kAfterwards[] = {
    "ship", "deliver", "arriv", "发货",    "送",       "到货", "寄",   "return",   "open", "invoice", "发票", "申请",
    "退货", "换货",    "地址",  "address", "exchange", "查收", "售后", "same day", "当天", "当日",    "brew", "泡"};

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
constexpr Unit kMinutes[] = {{"分钟", 1, true},  {"minute", 1, false}, {"min ", 1, false},  {"mins", 1, false},
                             {"min.", 1, false}, {"min!", 1, false},   {"min内", 1, false}, {"m left", 1, false}};
constexpr std::int64_t kDay = 1'440;
constexpr std::int64_t kHalfDay = 720;
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
void days_to_pay(const std::vector<Clause>& clauses, std::vector<std::int64_t>& out) {
  constexpr std::string_view paying[] = {"pay", "valid", "expire", "支付", "付款", "有效", "过期", "失效"};
  for (const Clause& clause : clauses) {
    if (!contains_any(clause.text, paying) || contains_any(clause.text, kAfterwards)) continue;
    times_in(clause.text, kDays, Articles::count, out);
    if (contains_any(clause.text, kToday)) out.push_back(kDay);
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

// "3 pm", "three o'clock", "half past three", "三点半", "下午2点06分", "noon": of a clause that says when it was or is
// to be paid. In minutes after noon or midnight, for the half of the day is often left out.
void spoken_clock_in(std::string_view clause, std::vector<std::int64_t>& out) {
  constexpr std::string_view paying[] = {"付",   "支付", "到账", "收到",   "过期",
                                         "失效", "pay",  "paid", "expire", "arrive"};
  constexpr std::string_view noon[] = {"before noon",     "by noon",        "at noon",     "until noon", "by midnight",
                                       "before midnight", "until midnight", "at midnight", "中午前",     "中午之前",
                                       "正午前",          "午夜前",         "零点前"};
  constexpr std::string_view marks[] = {"o'clock", "pm", "am", "half past", "noon", "midnight", "前"};
  if (!contains_any(clause, marks)) return;
  const bool arrived =
      clause.find("payment") != std::string_view::npos && clause.find("arriv") != std::string_view::npos;
  if (!contains_any(clause, paying) || (contains_any(clause, kAfterwards) && !arrived)) return;
  if (contains_any(clause, noon)) out.push_back(0);
  constexpr std::string_view hours[] = {"o'clock", " pm", " am", "pm", "am"};
  for (std::string_view word : hours) {
    for (std::size_t at = 0; (at = clause.find(word, at)) != std::string_view::npos; at += word.size()) {
      const std::size_t after = at + word.size();
      if (after < clause.size() && clause[after] >= 'a' && clause[after] <= 'z') continue;
      const std::string_view before = ascii::trimmed(clause.substr(0, at), " ");
      const std::size_t digits = before.find_last_not_of("0123456789");
      if (digits != std::string_view::npos && before[digits] == ':') continue;  // read as "14:05"
      auto hour = count_in_digits(before);
      if (!hour && word == "o'clock") hour = count_in_english(before);
      if (hour && *hour <= 24) out.push_back(*hour * 60 % kHalfDay);
    }
  }
  constexpr std::string_view past = "half past ";
  if (const std::size_t at = clause.find(past); at != std::string_view::npos) {
    const std::string_view rest = clause.substr(at + past.size());
    for (std::size_t hour = 1; hour <= 12; ++hour)
      if (rest.starts_with(kSmallNumbers[hour])) {
        out.push_back((static_cast<std::int64_t>(hour) * 60 + 30) % kHalfDay);
        break;
      }
  }
}

void spoken_clock_zh(std::string_view clause, std::vector<std::int64_t>& out) {
  constexpr std::string_view paying[] = {"付", "到账", "收到", "过期", "失效"};
  constexpr std::string_view after_hour[] = {"半",   "钟", "整",   "前", "之前", "一刻",
                                             "收到", "付", "完成", "到", "支付"};
  constexpr std::string_view before_hour[] = {"于", "下午", "上午", "晚上", "早上", "凌晨", "今天", "中午"};
  constexpr std::string_view word = "点";
  if (clause.find(word) == std::string_view::npos) return;
  if (!contains_any(clause, paying) || contains_any(clause, kAfterwards)) return;
  for (std::size_t at = 0; (at = clause.find(word, at)) != std::string_view::npos; at += word.size()) {
    const std::string_view before = clause.substr(0, at);
    auto hour = count_in_digits(before);
    if (!hour) hour = count_in_chinese(before);
    if (!hour || *hour > 24) continue;
    constexpr std::size_t kNear = 20;
    const std::string_view near = before.substr(back_from(before.size(), kNear));
    const std::string_view rest = clause.substr(at + word.size());
    const bool told = contains_any(near, before_hour) || begins_with_any(rest, after_hour);
    if (!told || (*hour == 1 && !contains_any(near, before_hour) && !rest.starts_with("半"))) continue;
    constexpr std::int64_t kHalf = 30;
    constexpr std::int64_t kQuarter = 15;
    const std::int64_t minute = rest.starts_with("半") ? kHalf : rest.starts_with("一刻") ? kQuarter : 0;
    out.push_back((*hour * 60 + minute) % kHalfDay);
  }
}

// "还有10分钟", "you have 10 mins": all that a clause says. And time without an end: "pay whenever you like".
void time_left(const Clause& clause, std::vector<std::int64_t>& out) {
  constexpr std::string_view begins[] = {"还有",   "还剩",   "剩余",     "剩下",       "只剩",
                                         "您还有", "你还有", "you have", "you've got", "you still have"};
  constexpr std::string_view ends[] = {"分钟", "min", "mins", "minutes", "minute", "m"};
  constexpr std::string_view fillers[] = {"哦", "啦", "呢", "了", "喔", "~", " ", " left", "的时间", "时间"};
  constexpr std::string_view endless[] = {"没有时间限制",   "不限时间",      "随时可以付",    "随时付",
                                          "随时都可以付",   "什么时候付",    "明天付",        "明天再付",
                                          "后天付",         "后天再付",      "明天支付",      "明天再支付",
                                          "no time limit",  "pay tomorrow",  "pay any time",  "pay anytime",
                                          "pay whenever",   "pay next week", "pay this week", "pay later this week",
                                          "pay at any time"};
  constexpr std::string_view turned[] = {"不能", "不可", "cannot", "can't", " not ", "没法"};
  std::string_view text = ascii::trimmed(clause.text, " ");
  constexpr std::string_view hints[] = {"付", "时间", "分钟", "pay", "limit", "min", "m left"};
  if (clause.question || !contains_any(text, hints) || contains_any(text, turned)) return;
  constexpr std::string_view timeless[] = {"付", "时间", "pay", "limit"};
  const bool may_be = contains_any(text, timeless);
  const bool next_week = text.find("下周") != std::string_view::npos && text.find("付") != std::string_view::npos;
  if ((may_be && contains_any(text, endless)) || next_week) out.push_back(kDay);
  if (!begins_with_any(text, begins)) return;
  for (bool cut = true; cut;) {
    cut = false;
    for (std::string_view filler : fillers) cut = take_last(text, filler) || cut;
  }
  constexpr Unit last[] = {{"分钟", 1, true}, {"minute", 1, false}, {" min", 1, false}, {"m", 1, false}};
  const bool bare = std::ranges::any_of(ends, [&](std::string_view end) { return text.ends_with(end); });
  if (bare) {
    std::vector<std::int64_t> found;
    times_in(text, last, Articles::are_none, found);
    if (!found.empty()) out.push_back(found.front());
  }
}

}  // namespace

StatedTimes stated_times(std::string_view text) {
  return stated_times(ascii::lower(text), clauses_of(text));
}

StatedTimes stated_times(const std::string& lower, const std::vector<Clause>& clauses) {
  StatedTimes times;
  for (const Clause& clause : clauses) time_left(clause, times.minutes_left);
  if (!contains_any(lower, kAboutMoney)) return times;
  constexpr std::string_view refunds[] = {"refund", "退"};
  constexpr std::string_view paying[] = {"付", "pay", "paid"};
  const bool of_refund = contains_any(lower, refunds);
  for (const Clause& clause : clauses) {
    const bool later = contains_any(clause.text, kAfterwards);
    if (!later || contains_any(clause.text, paying)) {
      times_in(clause.text + ".", kMinutes, Articles::are_none, times.minutes);
      times_in(clause.text, kSeconds, Articles::are_none, times.seconds);
    }
    if (!of_refund && !later) {
      times_in(clause.text, kHours, Articles::count, times.minutes);
      phrases_in(clause.text, times.minutes);
    }
    if (!clause.question) {
      spoken_clock_in(clause.text, times.minutes_of_half_day);
      if (holds_chinese(clause.text)) spoken_clock_zh(clause.text, times.minutes_of_half_day);
    }
  }
  std::erase(times.seconds, 1);  // "one second, please"
  if (!of_refund) days_to_pay(clauses, times.minutes);
  clock_in(lower, times.minutes_of_day);
  return times;
}

}  // namespace purser::rules
