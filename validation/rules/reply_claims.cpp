#include "validation/rules/reply_claims.hpp"

#include "validation/money/text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace purser::rules {
namespace {

struct Clause {
  std::string text;       // lower case
  bool question = false;  // ends in a question mark
  bool first = false;     // of its sentence
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '\'';
}

template <std::size_t N>
bool any_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// --- clauses ---

enum class Mark { none, clause, sentence, question };

Mark mark_of(std::string_view character) {
  constexpr std::string_view clause[] = {",", ";", ":", "，", "；", "：", "、", "(", ")", "（", "）", "—", "–"};
  constexpr std::string_view sentence[] = {".", "!", "\n", "。", "！", "…"};
  if (character == "?" || character == "？") return Mark::question;
  if (any_of(sentence, character)) return Mark::sentence;
  return any_of(clause, character) ? Mark::clause : Mark::none;
}

std::vector<Clause> clauses_of(std::string_view text) {
  std::vector<Clause> clauses;
  Clause clause;
  clause.first = true;
  const auto end_clause = [&](Mark mark) {
    clause.question = mark == Mark::question;
    clauses.push_back(std::exchange(clause, Clause()));
    clause.first = mark != Mark::clause;
  };
  char before = ' ';
  while (!text.empty()) {
    std::string character = first_code_points(text, 1);
    text.remove_prefix(character.size());
    const bool within_figure = is_digit(before) && !text.empty() && is_digit(text.front());
    const Mark mark = within_figure ? Mark::none : mark_of(character);
    before = character.size() == 1 ? character[0] : ' ';
    if (mark != Mark::none) {
      end_clause(mark);
      continue;
    }
    if (character == "’") character = "'";
    if (character.size() == 1 && character[0] >= 'A' && character[0] <= 'Z')
      character[0] = static_cast<char>(character[0] + 32);
    clause.text += character;
  }
  end_clause(Mark::sentence);
  return clauses;
}

// --- English: a window of words ---

using Words = std::vector<std::string>;

constexpr std::size_t kWordsBefore = 30;  // what stands further ahead in a clause no longer turns its meaning

constexpr std::string_view kFillers[] = {"already", "now",  "just",   "successfully", "fully", "all",
                                         "also",    "both", "indeed", "today",        "safely"};
constexpr std::string_view kNegations[] = {"not",      "no",      "never", "cannot", "without",
                                           "nothing",  "neither", "nor",   "unable", "waiting",
                                           "awaiting", "pending", "yet",   "fail",   "failed"};
constexpr std::string_view kConditions[] = {"if",     "once",   "when",    "whenever", "after",    "until",   "till",
                                            "unless", "before", "whether", "soon",     "assuming", "provided"};
constexpr std::string_view kModals[] = {"will",  "would", "should", "can", "could", "may",
                                        "might", "must",  "be",     "to",  "need",  "needs"};
constexpr std::string_view kAuxiliaries[] = {"been",   "was",  "were",  "is",  "are", "have", "has",  "had",
                                             "you've", "i've", "we've", "you", "i",   "we",   "it's", "that's"};
constexpr std::string_view kPaymentDone[] = {"received",  "successful", "confirmed", "completed", "complete",
                                             "succeeded", "processed",  "accepted",  "cleared",   "through",
                                             "arrived",   "settled",    "captured"};
constexpr std::string_view kTook[] = {"received", "got", "confirmed", "accepted", "processed"};
constexpr std::string_view kPaymentThings[] = {"link",   "card", "code",  "request", "method",     "details",
                                               "window", "page", "order", "qr",      "information"};
constexpr std::string_view kRefundDone[] = {"successful", "completed", "complete", "succeeded", "done",
                                            "arrived",    "through",   "credited", "returned",  "refunded"};
constexpr std::string_view kRefundStarted[] = {"issued",  "processed", "submitted", "initiated", "requested", "sent",
                                               "started", "made",      "way",       "created",   "processing"};
constexpr std::string_view kStartedIt[] = {"issued",    "processed", "submitted", "initiated",
                                           "requested", "sent",      "started",   "made"};

bool is_negation(std::string_view word) {
  return any_of(kNegations, word) || word.ends_with("n't");
}

Words words_of(std::string_view clause) {
  Words words;
  std::string word;
  for (char c : std::string(clause) + " ") {
    if (is_word_char(c)) {
      word += c;
    } else if (!word.empty()) {
      if (!any_of(kFillers, word)) words.push_back(word);
      word.clear();
    }
  }
  return words;
}

// The user is told what they themselves said: "you said you have paid".
bool is_reported(const Words& words, std::size_t before) {
  constexpr std::string_view said[] = {"said", "say", "told", "mentioned", "claim", "claimed", "think", "believe"};
  for (std::size_t i = before > kWordsBefore ? before - kWordsBefore : 0; i + 1 < before; ++i) {
    if (words[i] == "you" && any_of(said, words[i + 1])) return true;
  }
  return false;
}

// Whether the words from `from` to `to` (inclusive) state a fact.
bool stands(const Words& words, std::size_t from, std::size_t to) {
  for (std::size_t i = from > kWordsBefore ? from - kWordsBefore : 0; i <= to && i < words.size(); ++i) {
    if (is_negation(words[i]) || any_of(kConditions, words[i])) return false;
    if (i > from && any_of(kModals, words[i])) return false;
  }
  const bool wished = from > 0 && any_of(kModals, words[from - 1]);
  return !wished && !is_reported(words, from);
}

// `first` and then one of `then`, at most `reach` words later; both stand as a fact.
template <std::size_t N>
bool follows(const Words& words, std::size_t first, const std::string_view (&then)[N], std::size_t reach) {
  for (std::size_t i = first + 1; i < words.size() && i <= first + reach; ++i) {
    if (any_of(then, words[i])) return stands(words, first, i);
  }
  return false;
}

bool is_figure(std::string_view word) {
  return is_digit(word.front());
}

// "you have paid", "order is paid", or a clause that begins with it: "Paid", "paid 12.99".
bool participle_stands(const Words& words, std::size_t at) {
  if (at == 0) return words.size() == 1 || is_figure(words[1]) || words[1] == "in" || words[1] == "cny";
  return any_of(kAuxiliaries, words[at - 1]) && stands(words, at - 1, at);
}

void read_english(const Words& words, ReplyClaims& claims) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool thing = i + 1 < words.size() && any_of(kPaymentThings, words[i + 1]);
    if (word == "payment" && !thing) {
      claims.paid |= follows(words, i, kPaymentDone, 5);
      const bool taken = i > 0 && std::any_of(words.begin() + static_cast<std::ptrdiff_t>(i > 3 ? i - 3 : 0),
                                              words.begin() + static_cast<std::ptrdiff_t>(i),
                                              [](const std::string& w) { return any_of(kTook, w); });
      claims.paid |= taken && stands(words, i > 3 ? i - 3 : 0, i);
    }
    if (word == "paid" || word == "charged") claims.paid |= participle_stands(words, i);
    const bool thanks = (word == "payment" || word == "paying") && i > 0 &&
                        (words.front().starts_with("thank") || words.front() == "thx");
    if (thanks) claims.paid |= stands(words, 0, i);
    if (word == "refunded") claims.refunded |= participle_stands(words, i);
    if (word == "refund") {
      claims.refunded |= follows(words, i, kRefundDone, 5);
      claims.refund_started |= follows(words, i, kRefundStarted, 6);
      for (std::size_t back = 1; back <= 3 && back <= i; ++back) {
        if (any_of(kStartedIt, words[i - back])) claims.refund_started |= stands(words, i - back, i);
      }
    }
  }
}

// "Have you paid", "Is it refunded": a question from its first word.
bool is_inverted(const Words& words) {
  constexpr std::string_view openers[] = {"have", "has", "did", "is", "was", "were", "are", "do", "does"};
  return !words.empty() && any_of(openers, words.front());
}

// --- Chinese: a phrase, what stands before it and what follows ---

bool contains_any(std::string_view text, const auto& parts) {
  return std::any_of(std::begin(parts), std::end(parts),
                     [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

bool begins_with_any(std::string_view text, const auto& parts) {
  return std::any_of(std::begin(parts), std::end(parts), [&](std::string_view part) { return text.starts_with(part); });
}

std::string without(std::string text, std::string_view part) {
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos;) text.erase(at, part.size());
  return text;
}

constexpr std::string_view kNotBefore[] = {"未",   "没",   "尚",   "并非", "不是",   "无法", "不能", "别",
                                           "如果", "若",   "如您", "如需", "如已",   "一旦", "等待", "等您",
                                           "等你", "待",   "假如", "要是", "是否",   "只要", "请",   "需要",
                                           "将",   "能否", "您说", "你说", "确认后", "为了", "不算"};
constexpr std::string_view kNotAfter[] = {"后", "之后", "以后", "时",     "前",     "之前",   "以前",   "才",
                                          "则", "的话", "了后", "了之后", "了以后", "的订单", "的商品", "的款项",
                                          "吗", "了吗", "没有", "了没",   "么",     "了么",   "与否",   "的时候"};
// Words that hold a character of the list above but do not negate.
constexpr std::string_view kHarmless[] = {"没问题", "没关系", "没错",   "不错", "请放心",
                                          "请查收", "别担心", "请注意", "即将"};

constexpr std::size_t kBytesBefore = 120;  // 40 characters; as with English, the rest is another matter

bool phrase_stands(std::string_view clause, std::size_t at, std::size_t end) {
  const std::size_t from = at > kBytesBefore ? at - kBytesBefore : 0;
  std::string before(clause.substr(from, at - from));
  for (std::string_view word : kHarmless) before = without(std::move(before), word);
  return !contains_any(before, kNotBefore) && !begins_with_any(clause.substr(end), kNotAfter);
}

template <std::size_t N>
bool claims_phrase(std::string_view clause, const std::string_view (&phrases)[N]) {
  for (std::string_view phrase : phrases) {
    for (std::size_t at = 0; (at = clause.find(phrase, at)) != std::string_view::npos; at += phrase.size()) {
      if (phrase_stands(clause, at, at + phrase.size())) return true;
    }
  }
  return false;
}

// `first` and, within `reach` characters, one of `then`, without a word that makes it something else in between.
template <std::size_t N, std::size_t M>
bool claims_pair(std::string_view clause, std::string_view first, const std::string_view (&then)[N],
                 const std::string_view (&unless)[M], std::size_t reach) {
  for (std::size_t at = 0; (at = clause.find(first, at)) != std::string_view::npos; at += first.size()) {
    const std::string_view rest = clause.substr(at + first.size(), kBytesBefore);
    for (std::string_view word : then) {
      const std::size_t gap = rest.find(word);
      if (gap == std::string_view::npos || code_points(rest.substr(0, gap)) > reach) continue;
      const std::size_t end = at + first.size() + gap + word.size();
      const std::string_view around = clause.substr(at, std::min(clause.size(), end + 12) - at);
      if (!contains_any(around, unless) && phrase_stands(clause, at, end)) return true;
    }
  }
  return false;
}

constexpr std::string_view kPaidPhrases[] = {
    "支付成功", "付款成功", "支付完成",     "付款完成",     "支付已完成", "付款已完成",   "支付已成功", "付款已成功",
    "已到账",   "收款成功", "扣款成功",     "已扣款",       "已收款",     "付过款了",     "付好了",     "付完款了",
    "付款了",   "支付了",   "感谢您的付款", "感谢您的支付", "感谢付款",   "谢谢您的付款", "支付到账"};
constexpr std::string_view kPayWords[] = {"支付", "付款", "付清", "付了"};
constexpr std::string_view kMoneyWords[] = {"付款", "支付", "款项", "货款", "您的款", "的钱"};
constexpr std::string_view kNotPaying[] = {"方式",   "链接",       "卡片",   "二维码", "请求",
                                           "支付码", "订单已创建", "待支付", "未支付", "退"};
constexpr std::string_view kRefundedPhrases[] = {"退款成功",   "退款完成", "退款已完成", "退款已成功",
                                                 "退款已到账", "退款到账", "退款了",     "退了款"};
constexpr std::string_view kRefundWords[] = {"退款", "退还", "退回"};
constexpr std::string_view kRefundSteps[] = {"申请", "提交", "发起", "受理", "处理", "安排", "请求", "创建"};
constexpr std::string_view kNothing[] = {"\x01"};
constexpr std::string_view kStartedPhrases[] = {"退款已提交",   "退款已受理", "退款已发起",   "退款处理中",
                                                "退款正在处理", "正在退款",   "正在为您退款", "正在处理退款",
                                                "退款申请已",   "退款中"};

void read_chinese(std::string_view clause, ReplyClaims& claims) {
  const bool refund = clause.find("退") != std::string_view::npos;
  claims.paid |= !refund && claims_phrase(clause, kPaidPhrases);
  claims.paid |= claims_pair(clause, "已", kPayWords, kNotPaying, 6);
  claims.paid |= claims_pair(clause, "收到", kMoneyWords, kNotPaying, 8);
  claims.refunded |= claims_phrase(clause, kRefundedPhrases);
  claims.refunded |= claims_pair(clause, "已", kRefundWords, kRefundSteps, 8);
  claims.refund_started |= claims_phrase(clause, kStartedPhrases);
  const bool step = contains_any(clause, kRefundSteps);
  claims.refund_started |= step && claims_pair(clause, "已", kRefundWords, kNothing, 8);
}

bool is_question_zh(std::string_view clause) {
  constexpr std::string_view marks[] = {"吗", "是否", "有没有", "了没", "能否"};
  return contains_any(clause, marks);
}

// "..., and you have paid" goes on with the condition of the clause before it.
bool goes_on(const Words& words, std::string_view clause) {
  constexpr std::string_view joins[] = {"并且", "而且", "且", "并"};
  return (!words.empty() && (words.front() == "and" || words.front() == "or")) || begins_with_any(clause, joins);
}

bool is_condition(const Words& words, std::string_view clause) {
  constexpr std::string_view marks[] = {"如果", "一旦", "假如", "要是", "只要", "若"};
  return std::any_of(words.begin(), words.end(), [](const std::string& word) { return any_of(kConditions, word); }) ||
         contains_any(clause, marks);
}

}  // namespace

ReplyClaims claims_of(std::string_view text) {
  ReplyClaims all;
  bool under_condition = false;
  bool asking = false;
  const std::vector<Clause> clauses = clauses_of(text);
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    const Clause& clause = clauses[i];
    const Words words = words_of(clause.text);
    if (clause.first) {
      const auto end = std::find_if(clauses.begin() + static_cast<std::ptrdiff_t>(i) + 1, clauses.end(),
                                    [](const Clause& next) { return next.first; });
      asking = is_inverted(words) && std::prev(end)->question;
      under_condition = false;
    }
    under_condition = is_condition(words, clause.text) || (under_condition && goes_on(words, clause.text));
    const bool asked = clause.question || is_question_zh(clause.text) || (asking && clause.first);
    if (asked || under_condition) continue;
    ReplyClaims here;
    read_english(words, here);
    read_chinese(clause.text, here);
    all.paid |= here.paid;
    all.refunded |= here.refunded;
    all.refund_started |= here.refund_started;
    if (here.paid || here.refunded || here.refund_started) all.clauses.push_back(clause.text);
  }
  return all;
}

}  // namespace purser::rules
