#include "validation/rules/reply_figures.hpp"

#include "validation/money/ascii.hpp"
#include "validation/rules/clauses.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/number_words.hpp"

#include <algorithm>
#include <utility>

namespace purser::rules {
namespace {

constexpr std::size_t kBytesBefore = 48;  // a word of price stands next to its number

// What a number stands behind in Chinese: a price, or that it is paid.
constexpr std::string_view kPriceZh[] = {"价",   "价格", "价钱", "只要", "只需", "仅需", "只卖", "卖",
                                         "付",   "付款", "支付", "总额", "金额", "收款", "收您", "收到",
                                         "扣款", "只收", "售",   "应收", "余额", "退"};
// Of these a small number counts pieces.
constexpr std::string_view kTotalZh[] = {"合计", "一共", "总共", "共计", "总计", "共"};
constexpr std::string_view kBetweenZh[] = {" ",  ":",    "：", "是",   "为", "仅", "只",   "才",   "就",
                                           "约", "大概", "了", "分别", "要", "到", "现在", "也就", "大约"};
constexpr std::string_view kPiecesZh[] = {"包", "盒", "个", "件", "罐", "袋", "杯"};
constexpr std::string_view kEndsZh[] = {"，",   "。",   "！", "；", "、", "？",   "：", "）",    ",",    "!",    ";",
                                        "?",    ")",    "\n", "|",  "…",  "就",   "即", "一包",  "一盒", "一个", "一件",
                                        "一罐", "一袋", "每", "/",  "哦", "吧",   "呢", "啊",    "啦",   "哈",   "呀",
                                        "左右", "整",   "起", "和", "或", "一共", "了", "的样子"};

constexpr std::string_view kPrice[] = {"price", "prices",  "cost",   "costs", "pay",    "paid",     "charged", "charge",
                                       "owe",   "costing", "priced", "due",   "amount", "refunded", "refund"};
constexpr std::string_view kTotal[] = {"total", "totals", "totalling"};
constexpr std::string_view kBetween[] = {"is",    "are",   "was",    "of",    "to",  "only",   "just",
                                         "about", "you",   "around", "comes", "now", "at",     "the",
                                         "a",     "order", "bill",   "us",    "be",  "exactly"};
constexpr std::string_view kAfter[] = {"for", "per", "each", "now",  "please", "in",     "today",
                                       "a",   "and", "or",   "with", "via",    "apiece", "on"};
constexpr std::string_view kOneOf[] = {"for one",   "for a ",   "for the",  "for each", "for both", "for two",
                                       "for it",    "for them", "for this", "for all",  "per pack", "per box",
                                       "per piece", "per bag",  "per tin",  "per cup",  "each",     "a pack",
                                       "a box",     "a piece",  "apiece"};

// Of a text in lower case.
bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

template <std::size_t N>
std::size_t ends_with_one(std::string_view text, const std::string_view (&words)[N]) {
  std::size_t longest = 0;
  for (std::string_view word : words)
    if (text.ends_with(word)) longest = std::max(longest, word.size());
  return longest;
}

std::string_view last_word(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && is_letter(text[at - 1])) --at;
  return text.substr(at);
}

bool is_numeral_zh(std::string_view character) {
  constexpr std::string_view more[] = {"两", "十", "百", "千", "万"};
  return character.size() == 3 && (any_of(kDigitsZh, character) || any_of(more, character));
}

// Where a number of the text ends, as it is written, and whether it is too small for a total.
struct Number {
  std::size_t end;
  bool small = false;
  bool chinese = false;
};

// What stands from `at` and is a number; one that ends there otherwise.
Number number_at(std::string_view text, std::size_t at) {
  Number number{at};
  const std::string_view rest = text.substr(at);
  if (ascii::is_digit(rest.front())) {
    std::size_t end = 1;
    while (end < rest.size() &&
           (ascii::is_digit(rest[end]) ||
            ((rest[end] == '.' || rest[end] == ',') && end + 1 < rest.size() && ascii::is_digit(rest[end + 1]))))
      ++end;
    number.end = at + end;
    number.small = end < 2;
    return number;
  }
  if (static_cast<unsigned char>(rest.front()) >= 0xE3) {
    std::size_t end = 0;
    while (is_numeral_zh(rest.substr(end, 3))) end += 3;
    number.end = at + end;
    number.chinese = true;
    number.small = end <= 3 && rest.substr(0, end) != "百";
    if (number.small) number.end = at;  // "一" and its like are words of many uses
    return number;
  }
  if (!is_letter(rest.front())) return number;
  bool large = false;
  std::size_t end = 0;
  for (std::size_t from = 0;;) {
    std::size_t size = 0;
    while (from + size < rest.size() && is_letter(rest[from + size])) ++size;
    const std::string_view word = rest.substr(from, size);
    const bool ten = any_of(kTens, word) || word == "hundred" || word == "thousand";
    const bool plain = any_of(kSmallNumbers, word);
    const bool joins = word == "and" && large;
    if (!ten && !plain && !joins) break;
    large = large || ten;
    if (!joins) end = from + size;
    from += size;
    if (from < rest.size() && (rest[from] == ' ' || rest[from] == '-')) ++from;
  }
  if (large) number.end = at + end;
  return number;
}

bool follows_zh(std::string_view after) {
  after = ascii::trimmed(after, " ");
  const bool picture = !after.empty() && (static_cast<unsigned char>(after.front()) >= 0xF0 || after.front() == '\xE2');
  const bool point = after.starts_with('.') && (after.size() == 1 || !ascii::is_digit(after[1]));
  return after.empty() || picture || point || begins_with_any(after, kEndsZh);
}

bool follows_en(std::string_view after) {
  if (after.empty()) return true;
  const bool stop = after.size() == 1 || !ascii::is_digit(after[1]);
  constexpr std::string_view marks = ".,!;?)\n|";
  if (marks.find(after.front()) != std::string_view::npos) return stop;
  if (static_cast<unsigned char>(after.front()) >= 0xE2) return true;
  if (after.front() != ' ') return false;
  after = ascii::trimmed(after, " ");
  std::size_t size = 0;
  while (size < after.size() && is_letter(after[size])) ++size;
  const bool picture = !after.empty() && static_cast<unsigned char>(after.front()) >= 0xE2;
  return after.empty() || picture || any_of(kAfter, after.substr(0, size));
}

// Without the words that may stand between a word of price and its number.
std::string_view less_between_zh(std::string_view before) {
  while (const std::size_t size = ends_with_one(before, kBetweenZh)) {
    if (ends_with_one(before, kPriceZh) > size) break;  // "只要" is a word of price, though 要 is none
    before.remove_suffix(size);
  }
  return before;
}

bool is_price_zh(std::string_view before, const Number& number) {
  before = less_between_zh(before);
  if (ends_with_one(before, kPriceZh) != 0) return true;
  if (number.small) return false;
  if (ends_with_one(before, kTotalZh) != 0) return true;
  const std::size_t piece = ends_with_one(before, kPiecesZh);
  if (piece == 0) return false;
  before.remove_suffix(piece);
  return !before.empty() && (before.ends_with("每") || ascii::is_digit(before.back()) ||
                             (before.size() >= 3 && is_numeral_zh(before.substr(before.size() - 3))));
}

bool is_price_en(std::string_view before, std::string_view after, const Number& number) {
  bool only = false;
  for (;;) {
    before = before.substr(0, before.find_last_not_of(" :=") + 1);
    const std::string_view word = last_word(before);
    if (any_of(kPrice, word)) return true;
    if (any_of(kTotal, word)) return !number.small;
    if (word.empty() || !any_of(kBetween, word)) break;
    only = only || word == "only" || word == "just";
    before.remove_suffix(word.size());
  }
  after = ascii::trimmed(after, " ");
  if (only && !number.small && begins_with_any(after, kOneOf)) return true;
  // "Two for 150", "two packs for 150".
  if (number.small || last_word(before) != "for") return false;
  before = ascii::trimmed(before.substr(0, before.size() - 3), " ");
  const std::string_view noun = last_word(before);
  const std::string_view count = last_word(ascii::trimmed(before.substr(0, before.size() - noun.size()), " "));
  return any_of(kSmallNumbers, noun) || any_of(kSmallNumbers, count);
}

bool is_unit_next(std::string_view after) {
  constexpr std::string_view units[] = {"yuan", "cny", "rmb", "元", "块"};
  return begins_with_any(ascii::trimmed(after, " "), units);
}

// "bucks", "C.N.Y." and "88k yuan" in plain writing. `text` is lower case.
std::string plain_units(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> words[] = {
      {"bucks", "yuan"}, {"c.n.y", "cny"}, {"r.m.b", "rmb"}, {"大洋", "元"}, {"蚊", "元"}};
  for (const auto& [from, to] : words)
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  // "2点06分" is a time and no six fen.
  constexpr std::string_view hour = "点";
  constexpr std::string_view minute = "分";
  for (std::size_t at = 0; (at = text.find(hour, at)) != std::string::npos; at += hour.size()) {
    const std::string_view after = std::string_view(text).substr(at + hour.size());
    const bool digits = at > 0 && ascii::is_digit(text[at - 1]) && after.size() > 2 && ascii::is_digit(after[0]) &&
                        ascii::is_digit(after[1]);
    if (digits && after.substr(2).starts_with(minute))
      text.replace(at, hour.size() + 2 + minute.size(), ":" + std::string(after.substr(0, 2)));
  }
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (!ascii::is_digit(text[at - 1]) || (text[at] != 'o' && text[at] != 'k')) continue;
    const std::string_view after = std::string_view(text).substr(at + 1);
    if (!after.empty() && is_letter(after.front())) continue;
    const std::size_t first = text.find_last_not_of("0123456789", at - 1);
    const bool sign =
        first != std::string::npos && first >= 1 && std::string_view(text).substr(0, first + 1).ends_with("¥");
    if (sign || is_unit_next(after)) text.replace(at, 1, text[at] == 'o' ? "0" : "000");
  }
  return text;
}

bool has_cue(std::string_view text) {
  constexpr std::string_view cues[] = {"价",    "只要",  "只需",   "仅需", "卖",   "付",     "额",  "收",  "扣",
                                       "计",    "共",    "每",     "包",   "盒",   "个",     "件",  "罐",  "袋",
                                       "杯",    "price", "cost",   "pay",  "paid", "charge", "owe", "due", "amount",
                                       "total", "退",    "refund", "only", "just", "for "};
  return contains_any(text, cues);
}

}  // namespace

std::string with_units(std::string_view original) {
  std::string text = plain_units(ascii::lower(original));
  if (!has_cue(text)) return text;
  const std::string_view view = text;
  std::string out;
  std::size_t copied = 0;
  std::size_t last_end = 0;  // of the number before, when it was a sum: "88 and 198"
  for (std::size_t at = 0; at < view.size();) {
    const bool inside = at > 0 && (ascii::is_digit(view[at - 1]) || is_letter(view[at - 1]));
    const Number number = inside ? Number{at} : number_at(view, at);
    if (number.end == at) {
      ++at;
      continue;
    }
    const std::size_t from = back_from(at, kBytesBefore);
    const std::string_view before = view.substr(from, at - from);
    const std::string_view after = view.substr(number.end);
    const std::string_view between =
        last_end == 0 ? std::string_view() : ascii::trimmed(view.substr(last_end, at - last_end), " ");
    const bool goes_on = last_end != 0 && (between == "and" || between == "和" || between == "or" || between == "或");
    const bool chinese = number.chinese || holds_chinese(before);
    const bool ends = chinese ? follows_zh(after) : follows_en(after);
    const bool sum =
        ends && (goes_on || (chinese && is_price_zh(before, number)) || is_price_en(before, after, number));
    last_end = 0;
    if (sum) {
      out += view.substr(copied, number.end - copied);
      out += chinese ? "元" : " yuan";
      copied = last_end = number.end;
    }
    at = number.end;
  }
  out += view.substr(copied);
  return out;
}

bool adds_up(std::string_view clause) {
  constexpr std::string_view words[] = {"共",   "合计", "总",  "加",   "together", "total",
                                        "come", "make", "sum", "plus", "add",      "altogether"};
  return contains_any(clause, words);
}

bool compares(std::string_view clause) {
  constexpr std::string_view words[] = {"比", "差", "相差", "than", "difference", "贵", "多出", "少"};
  return contains_any(clause, words);
}

std::vector<std::int64_t> counts_of(std::string_view text) {
  constexpr std::size_t kMost = 6;
  constexpr std::int64_t kMostPieces = 99;
  std::vector<std::int64_t> counts = {1};
  const auto note = [&](std::int64_t count) {
    if (count < 2 || count > kMostPieces || counts.size() >= kMost) return;
    if (std::find(counts.begin(), counts.end(), count) == counts.end()) counts.push_back(count);
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && ascii::is_digit(text[end])) ++end;
    if (end > at && end - at <= 2) note(std::stoll(std::string(text.substr(at, 2))));
    at = std::max(end, at + 1);
  }
  for (std::int64_t number : spelt_numbers(text)) note(number);
  return counts;
}

std::vector<Money> made_of(const std::vector<Money>& prices, const std::vector<Money>& totals,
                           const std::vector<std::int64_t>& counts, bool difference) {
  constexpr std::size_t kMostBases = 64;
  std::vector<Money> bases = totals;
  for (Money price : prices)
    for (std::int64_t count : counts)
      if (auto sum = price.times(count); sum && bases.size() < kMostBases) bases.push_back(*sum);
  std::vector<Money> made;
  std::ranges::sort(bases, std::ranges::less(), [](const Money& base) { return base.minor(); });
  for (std::size_t i = 1; i < bases.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (auto one = difference ? bases[i].minus(bases[k]) : bases[i].plus(bases[k])) made.push_back(*one);
    }
  }
  return made;
}

bool states_no_price(std::string_view text) {
  constexpr std::string_view vague[] = {"几块钱", "几元",   "十几块", "十多块", "十来块", "百多块",
                                        "百来块", "十多元", "十来元", "百多元", "百来元", "十块钱左右",
                                        "几十块", "几百块", "几十元", "几百元"};
  constexpr std::string_view things[] = {"茶饼", "普洱", "砖"};
  constexpr std::string_view unsure[] = {"几", "多块", "来块", "多元", "来元", "左右"};
  if (contains_any(text, unsure) && contains_any(text, vague) && !contains_any(text, things)) return true;
  constexpr std::string_view below[] = {"-", "负", "minus"};
  if (!contains_any(text, below)) return false;
  for (std::string_view sign : {"¥-", "¥ -", "cny -", "rmb -"}) {
    const std::size_t at = text.find(sign);
    if (at != std::string_view::npos && at + sign.size() < text.size() && ascii::is_digit(text[at + sign.size()]))
      return true;
  }
  for (const StatedSum& stated : stated_sums(text)) {
    const std::string_view before = text.substr(0, stated.begin);
    if (before.ends_with("负") || before.ends_with("minus ")) return true;
    const bool dash = before.ends_with('-');
    const std::string_view ahead = dash ? before.substr(0, before.size() - 1) : before;
    const bool opens = ahead.empty() || ahead.back() == ' ' || ahead.back() == '\n' || ahead.ends_with("¥") ||
                       ahead.ends_with("：") || ahead.back() == ':';
    if (dash && opens) return true;
  }
  return false;
}

}  // namespace purser::rules
