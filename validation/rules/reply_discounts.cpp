#include "validation/rules/reply_discounts.hpp"

#include "validation/money/ascii.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/number_words.hpp"

#include <optional>
#include <string>

namespace purser::rules {
namespace {

constexpr std::string_view kHints[] = {"折",   "价",    "免",       "送",   "减",      "元购",  "邮",
                                       "%",    "优惠",  "半",       "白",   "percent", "off",   "half",
                                       "free", "house", "discount", "bogo", "不要钱",  "不用钱"};
constexpr std::string_view kNotZh[] = {"不", "没", "无", "未", "勿", "别", "并非"};

// A promise wherever it stands, unless it is turned.
constexpr std::string_view kPromisesZh[] = {"半价",   "免单",     "免运费",   "包邮",     "免邮",     "零元购", "0元购",
                                            "白送",   "不要钱",   "不用付钱", "1/2价",    "付一半",   "打折后", "折后",
                                            "优惠后", "券后",     "打对折",   "打个对折", "打了对折", "打骨折", "立减",
                                            "满减后", "免费赠送", "免费送",   "只收一半", "一半价"};
constexpr std::string_view kPromises[] = {
    "half price",     "half-price",          "half off", "half the price",    "on the house",
    "free shipping",  "free delivery",       "pay half", "only half of it",   "after the discount",
    "after discount", "after your discount", "bogo",     "with the discount", "for free",
    "no charge for"};
// What costs nothing anyhow.
constexpr std::string_view kFreeAnyhow[] = {
    "取消",   "咨询",    "热线", "电话",   "试",       "换",     "查询",   "注册", "客服",   "wifi",        "退",
    "cancel", "hotline", "call", "advice", "exchange", "refund", "return", "ask",  "number", "cup of water"};

// "满100减50", "买一送一", "buy 2 get 1": the second word behind the first.
bool says_both(std::string_view clause, std::string_view first, std::string_view second) {
  constexpr std::size_t kNear = 24;
  const std::size_t at = clause.find(first);
  return at != std::string_view::npos && clause.substr(at + first.size(), kNear).find(second) != std::string_view::npos;
}

std::optional<std::int64_t> digit_before(std::string_view& text) {
  if (!text.empty() && ascii::is_digit(text.back())) {
    const std::int64_t value = text.back() - '0';
    text.remove_suffix(1);
    return value;
  }
  const auto* digit = std::find_if(std::begin(kDigitsZh), std::end(kDigitsZh),
                                   [&](std::string_view one) { return text.ends_with(one); });
  if (digit == std::end(kDigitsZh)) return std::nullopt;
  text.remove_suffix(digit->size());
  return digit - std::begin(kDigitsZh);
}

// What is left of a price, in per cent: "八折" is 80, "八五折" and "8.5折" are 85. Nothing when there is no number.
std::optional<std::int64_t> left_before(std::string_view text) {
  const auto last = digit_before(text);
  if (!last) return std::nullopt;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.ends_with("点")) text.remove_suffix(std::string_view("点").size());
  const auto first = digit_before(text);
  return first ? *first * 10 + *last : *last * 10;
}

bool gives(const std::vector<std::int64_t>& percents, std::int64_t percent) {
  return std::find(percents.begin(), percents.end(), percent) != percents.end();
}

// "打八折", "全场九折", and nothing that is folded.
bool promises_fold(std::string_view clause, const std::vector<std::int64_t>& percents) {
  constexpr std::string_view word = "折";
  constexpr std::string_view things[] = {"扇", "叠", "合", "页", "断", "纸", "腾", "射", "旧"};
  constexpr std::int64_t kWhole = 100;
  for (std::size_t at = 0; (at = clause.find(word, at)) != std::string_view::npos; at += word.size()) {
    if (begins_with_any(clause.substr(at + word.size()), things)) continue;
    const auto left = left_before(clause.substr(0, at));
    if (left && !gives(percents, kWhole - *left)) return true;
  }
  return false;
}

// "20% off", "a discount of 10 percent", "优惠20%".
bool promises_percent(std::string_view clause, const std::vector<std::int64_t>& percents) {
  constexpr std::string_view cues[] = {"off",  "discount", "cheaper", "优惠", "减",       "便宜",
                                       "让利", "立省",     "折扣",    "降价", "reduction"};
  constexpr std::string_view signs[] = {"%", "percent", "per cent"};
  if (!contains_any(clause, cues)) return false;
  for (std::string_view sign : signs) {
    const std::size_t at = clause.find(sign);
    if (at == std::string_view::npos) continue;
    const std::string_view before = ascii::trimmed(clause.substr(0, at), " ");
    const std::string_view digits = before.substr(before.find_last_not_of("0123456789") + 1);
    std::int64_t percent = 0;
    for (char digit : digits.substr(0, 3)) percent = percent * 10 + (digit - '0');
    if (digits.empty()) {
      const auto spelt = spelt_numbers(before);
      if (spelt.empty()) continue;
      percent = spelt.back();
    }
    if (!gives(percents, percent)) return true;
  }
  return false;
}

// "The tea is free", "it's free": said of a thing. "Feel free", "sugar-free" and "free of pesticides" are not that.
bool is_given_free(const Words& words) {
  constexpr std::string_view is[] = {"is", "are", "it's", "that's", "completely", "get"};
  constexpr std::string_view person[] = {"we", "i", "you", "they", "we're", "you're", "staff"};
  constexpr std::string_view ends[] = {"today", "for", "this", "with", "if",  "when",
                                       "and",   "too", "gift", "pack", "tea", "sample"};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] != "free" || !any_of(is, words[i - 1])) continue;
    if (i > 1 && any_of(person, words[i - 2]) && words[i - 1] != "get") continue;
    if (i + 1 == words.size() || any_of(ends, words[i + 1])) return true;
  }
  for (std::size_t i = 0; i + 2 < words.size(); ++i)
    if (words[i] == "free" && words[i + 1] == "of" && (words[i + 2] == "charge" || words[i + 2] == "cost")) return true;
  const bool gets = words.size() > 2 && words.back() == "free" && words.front() == "you" && words[1] == "get";
  return gets || (words.size() > 2 && (words.front() == "buy" || words.front() == "get") && words.back() == "free");
}

bool is_turned_zh(std::string_view clause, std::size_t at) {
  constexpr std::size_t kNear = 24;
  return contains_any(clause.substr(back_from(at, kNear), std::min(at, kNear)), kNotZh);
}

// The shop says so itself, in the name or the description of a thing.
bool is_told(const std::vector<std::string>& told, std::string_view phrase) {
  return std::any_of(told.begin(), told.end(),
                     [&](const std::string& text) { return text.find(phrase) != std::string::npos; });
}

// One of the phrases stands there, is not turned, and is no word of the shop itself.
bool promises_phrase(std::string_view clause, const std::vector<std::string>& told) {
  for (std::string_view phrase : kPromisesZh) {
    const std::size_t at = clause.find(phrase);
    if (at != std::string_view::npos && !is_turned_zh(clause, at) && !is_told(told, phrase)) return true;
  }
  constexpr std::string_view free = "免费";
  const std::size_t at = clause.find(free);
  return at != std::string_view::npos && !is_turned_zh(clause, at) && !contains_any(clause, kFreeAnyhow) &&
         !is_told(told, free);
}

bool promises(const Clause& clause, const std::vector<std::int64_t>& percents, const std::vector<std::string>& told) {
  const std::string_view text = clause.text;
  if (clause.question || !contains_any(text, kHints)) return false;
  if (holds_chinese(text) && text.find("吗") == std::string_view::npos) {
    const bool turned = contains_any(text, kNotZh);
    if (promises_phrase(text, told) || (!turned && promises_fold(text, percents))) return true;
    if (!turned &&
        (says_both(text, "满", "减") || (says_both(text, "买", "送") && text.find("您") == std::string_view::npos)))
      return true;
  }
  const Words words = words_of(text);
  const bool negated = std::any_of(words.begin(), words.end(), is_negation);
  constexpr std::string_view asks[] = {"is", "are", "do", "does", "can", "would", "could", "did"};
  const bool inverted = !words.empty() && any_of(asks, words.front());
  if (inverted || (negated && text.find("have to pay") == std::string_view::npos)) return false;
  if (!contains_any(text, kNotZh) && promises_percent(text, percents)) return true;
  if (contains_any(text, kFreeAnyhow)) return false;
  const bool phrase = std::any_of(std::begin(kPromises), std::end(kPromises), [&](std::string_view one) {
    return text.find(one) != std::string_view::npos && !is_told(told, one);
  });
  const bool gets = says_both(text, "buy ", "get ") && text.find("free") != std::string_view::npos;
  return phrase || gets || (is_given_free(words) && !is_told(told, "free"));
}

}  // namespace

bool promises_discount(const std::vector<Clause>& clauses, const std::vector<std::int64_t>& percents,
                       const std::vector<std::string>& told) {
  return std::any_of(clauses.begin(), clauses.end(),
                     [&](const Clause& clause) { return promises(clause, percents, told); });
}

}  // namespace purser::rules
