#include "validation/rules/clauses.hpp"

#include "validation/money/ascii.hpp"

#include <utility>

namespace purser::rules {
namespace {

bool is_word_char(char c) {
  return ascii::is_alnum(c) || c == '\'';
}
bool is_figure(std::string_view word) {
  return ascii::is_digit(word.front());
}

enum class Mark { none, clause, sentence, question };

Mark mark_of(std::string_view character) {
  constexpr std::string_view clause[] = {",", ";", ":", "，", "；", "：", "、", "(", ")", "（", "）", "—", "–"};
  constexpr std::string_view sentence[] = {".", "!", "\n", "。", "！", "…"};
  if (character == "?" || character == "？") return Mark::question;
  if (any_of(sentence, character)) return Mark::sentence;
  return any_of(clause, character) ? Mark::clause : Mark::none;
}

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

// "to be confirmed" is a wish, "to your card" says where to.
bool is_wish(const Words& words, std::size_t at) {
  constexpr std::string_view targets[] = {"your", "you", "the",  "our",  "us",     "my",
                                          "me",   "a",   "this", "that", "wechat", "alipay"};
  const bool where_to = words[at] == "to" && at + 1 < words.size() && any_of(targets, words[at + 1]);
  return any_of(kModals, words[at]) && !where_to;
}

// The user is told what they themselves said: "you said you have paid".
bool is_reported(const Words& words, std::size_t before) {
  constexpr std::string_view said[] = {"said", "say", "told", "mentioned", "claim", "claimed", "think", "believe"};
  const auto place = [&](std::size_t at) { return words.begin() + static_cast<std::ptrdiff_t>(at); };
  const auto tells = [&](const std::string& one, const std::string& next) {
    return one == "you" && any_of(said, next);
  };
  return std::adjacent_find(place(back_from(before, kWordsBefore)), place(before), tells) != place(before);
}

// "Have you paid", "Is it refunded": a question from its first word.
bool is_inverted(const Words& words) {
  constexpr std::string_view openers[] = {"have", "has", "did", "is", "was", "were", "are", "do", "does"};
  return !words.empty() && any_of(openers, words.front());
}

std::string without(std::string text, std::string_view part) {
  for (std::size_t at = 0; (at = find_part(text, part, at)) != std::string::npos;) text.erase(at, part.size());
  return text;
}

constexpr std::string_view kNotBefore[] = {"未",   "没",   "尚",   "并非", "不是",   "无法", "不能", "别",
                                           "如果", "若",   "如您", "如需", "如已",   "一旦", "等待", "等您",
                                           "等你", "待",   "假如", "要是", "是否",   "只要", "请",   "需要",
                                           "将",   "能否", "您说", "你说", "确认后", "为了", "不算", "等到"};
constexpr std::string_view kNotAfter[] = {"后", "之后", "以后", "时",     "前",     "之前",   "以前",   "才",
                                          "则", "的话", "了后", "了之后", "了以后", "的订单", "的商品", "的款项",
                                          "吗", "了吗", "没有", "了没",   "么",     "了么",   "与否",   "的时候"};
// Words that hold a character of the list above but do not negate.
constexpr std::string_view kHarmless[] = {"没问题", "没关系", "没错",   "不错", "请放心",
                                          "请查收", "别担心", "请注意", "即将"};

constexpr std::size_t kBytesBefore = 120;  // 40 characters; as with English, the rest is another matter

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

// Whether the sentence that begins with the clause ends in a question mark.
bool sentence_asks(const std::vector<Clause>& clauses, std::size_t begin) {
  const auto next = std::find_if(clauses.begin() + static_cast<std::ptrdiff_t>(begin) + 1, clauses.end(),
                                 [](const Clause& clause) { return clause.first; });
  return std::prev(next)->question;
}

constexpr std::string_view kNamed[] = {"payment", "refund",   "order",    "status",    "state",  "transaction",
                                       "paid",    "refunded", "charged",  "purchase",  "result", "received",
                                       "bill",    "invoice",  "checkout", "refundable"};
constexpr std::string_view kNamedZh[] = {"付款", "支付", "退款", "订单", "状态", "交易", "结果",
                                         "账单", "收款", "已付", "已退", "扣款", "到账", "可退"};

// The thing that a name is of, in the language of what is said of it.
std::string chinese_name(std::string_view text, const Words& words) {
  constexpr std::string_view empty[] = {"状态", "情况", "结果", "进度", "当前", "目前", "您的", "你的", "的", " "};
  if (!holds_chinese(text)) {
    if (std::find(words.begin(), words.end(), "refund") != words.end()) return "退款";
    return std::find(words.begin(), words.end(), "order") != words.end() ? "订单" : "付款";
  }
  std::string name(text);
  for (std::string_view word : empty) name = without(std::move(name), word);
  return name.empty() ? "订单" : name;
}

Words english_name(std::string_view text, const Words& words) {
  constexpr std::string_view empty[] = {"status", "state", "result", "the", "your", "current"};
  if (holds_chinese(text)) return {text.find("退") == std::string_view::npos ? "payment" : "refund"};
  Words name;
  for (const std::string& word : words)
    if (!any_of(empty, word)) name.push_back(word);
  if (name.empty()) name.emplace_back("order");
  return name;
}

bool is_name(const Clause& clause, const Words& words) {
  constexpr std::size_t kWordsMost = 4;
  constexpr std::size_t kCharactersMost = 10;
  if (!clause.names || clause.question) return false;
  if (holds_chinese(clause.text))
    return code_points(clause.text) <= kCharactersMost && contains_any(clause.text, kNamedZh);
  return !words.empty() && words.size() <= kWordsMost &&
         std::any_of(words.begin(), words.end(), [](const std::string& word) { return any_of(kNamed, word); });
}

Statement said_of(const Clause& name, const Words& words, const Clause& value) {
  Statement out;
  const Words said = words_of(value.text);
  out.words = english_name(name.text, words);
  if (!said.empty() && !is_figure(said.front())) out.words.emplace_back("is");
  out.words.insert(out.words.end(), said.begin(), said.end());
  const std::string_view plain = ascii::trimmed(value.text, " ");
  out.text = holds_chinese(plain) ? chinese_name(name.text, words) : name.text + " ";
  out.text += plain;
  return out;
}

}  // namespace

bool holds_chinese(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xE3; });
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
    std::string character(first_code_points(text, 1));
    text.remove_prefix(character.size());
    const bool within_figure = ascii::is_digit(before) && !text.empty() && ascii::is_digit(text.front());
    const Mark mark = within_figure ? Mark::none : mark_of(character);
    clause.names = mark == Mark::clause && (character == ":" || character == "：");
    before = character.size() == 1 ? character[0] : ' ';
    if (mark != Mark::none) {
      end_clause(mark);
      continue;
    }
    if (character == "’") character = "'";
    character[0] = ascii::lower(character[0]);
    clause.text += character;
  }
  end_clause(Mark::sentence);
  return clauses;
}

bool is_negation(std::string_view word) {
  return any_of(kNegations, word) || word.ends_with("n't");
}

namespace {

// "successfulx": a letter or two behind the word are read over.
std::string stem_of(const std::string& word) {
  constexpr std::string_view stems[] = {"received", "successful", "completed", "confirmed", "refunded", "settled",
                                        "charged",  "returned",   "processed", "paid",      "done"};
  for (std::string_view stem : stems)
    if (word.starts_with(stem) && word.size() <= stem.size() + 2) return std::string(stem);
  return word;
}

}  // namespace

Words words_of(std::string_view clause) {
  Words words;
  std::string word;
  for (char c : std::string(clause) + " ") {
    if (is_word_char(c)) {
      word += c;
    } else if (!word.empty()) {
      if (!any_of(kFillers, word)) words.push_back(stem_of(word));
      word.clear();
    }
  }
  return words;
}

bool stands(const Words& words, std::size_t from, std::size_t to) {
  for (std::size_t i = back_from(from, kWordsBefore); i <= to; ++i) {
    if (is_negation(words[i]) || any_of(kConditions, words[i])) return false;
    if (i + 1 >= from && is_wish(words, i)) return false;
  }
  return !is_reported(words, from);
}

bool participle_stands(const Words& words, std::size_t at) {
  constexpr std::string_view after[] = {"in", "cny", "successful", "done"};
  if (at == 0) return words.size() == 1 || is_figure(words[1]) || any_of(after, words[1]);
  const bool considered = at > 1 && words[at - 2] == "consider";
  return (considered || any_of(kAuxiliaries, words[at - 1])) && stands(words, at - 1, at);
}

bool phrase_stands(std::string_view clause, std::size_t at, std::size_t end) {
  const std::size_t from = back_from(at, kBytesBefore);
  std::string before(clause.substr(from, at - from));
  for (std::string_view word : kHarmless) before = without(std::move(before), word);
  return !contains_any(before, kNotBefore) && !before.ends_with("等") &&
         !begins_with_any(clause.substr(end), kNotAfter);
}

std::vector<Statement> statements_of(std::string_view text) {
  return statements_of(clauses_of(text));
}

std::vector<Statement> statements_of(const std::vector<Clause>& clauses) {
  std::vector<Statement> statements;
  bool under_condition = false;
  bool conditional = false;  // of the sentence so far
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    const Clause& clause = clauses[i];
    Words words = words_of(clause.text);
    const bool asking = clause.first && is_inverted(words) && sentence_asks(clauses, i);
    const bool continued = under_condition && !clause.first && goes_on(words, clause.text);
    under_condition = continued || is_condition(words, clause.text);
    conditional = (conditional && !clause.first) || under_condition;
    const bool asked = clause.question || is_question_zh(clause.text) || asking;
    if (asked || under_condition) continue;
    if (is_name(clause, words)) {
      auto value = std::find_if(clauses.begin() + static_cast<std::ptrdiff_t>(i) + 1, clauses.end(),
                                [](const Clause& c) { return c.text.find_first_not_of(" \t") != std::string::npos; });
      const bool plainly = value != clauses.end() && !value->question && !is_question_zh(value->text) &&
                           !is_condition(words_of(value->text), value->text);
      if (plainly) statements.push_back(said_of(clause, words, *value));
    }
    statements.push_back(Statement{clause.text, std::move(words), conditional});
  }
  return statements;
}

}  // namespace purser::rules
