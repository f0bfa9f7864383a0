#include "validation/rules/reply_accounts.hpp"

#include "validation/money/ascii.hpp"

#include <cstdint>

namespace purser::rules {
namespace {

constexpr std::string_view kMoneyNames[] = {"payment", "payments", "money", "transfer", "funds",  "cash",
                                            "yuan",    "cny",      "rmb",   "sum",      "amount", "deposit"};
constexpr std::string_view kGivesBack[] = {"refund", "refunds", "refunded", "back", "return", "returned", "returns"};

// "bill's" is the bill.
std::string_view name_of(std::string_view word) {
  if (word.ends_with("'s")) word.remove_suffix(2);
  return word;
}

template <std::size_t N>
bool has_any(const Words& words, const std::string_view (&list)[N]) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return any_of(list, name_of(word)); });
}

// The place of one of `list` among the `reach` words behind `from`; words.size() when there is none.
template <std::size_t N>
std::size_t next_of(const Words& words, std::size_t from, std::size_t reach, const std::string_view (&list)[N]) {
  for (std::size_t i = from + 1; i < words.size() && i <= from + reach; ++i)
    if (any_of(list, words[i])) return i;
  return words.size();
}

// Most clauses hold none of the words that matter here: looked through once, by their first letters.
template <std::size_t N>
bool has_cue(const Words& words, const std::string_view (&cues)[N]) {
  std::uint32_t letters = 0;
  for (std::string_view cue : cues) letters |= 1U << (cue.front() - 'a');
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    const char first = word.front();
    return first >= 'a' && first <= 'z' && ((letters >> (first - 'a')) & 1U) != 0 && any_of(cues, name_of(word));
  });
}

bool is(const Words& words, std::size_t at, std::string_view word) {
  return at < words.size() && words[at] == word;
}

// --- done with ----------------------------------------------------------------------------------------------------

// "You're settled up", "we are even", "all square between us".
bool are_even(const Words& words) {
  constexpr std::string_view both[] = {"you're", "we're", "you", "we", "us", "everything's", "everything", "that's"};
  constexpr std::string_view even[] = {"even", "square", "squared", "quits", "settled", "straight"};
  constexpr std::string_view other[] = {"though", "if", "when", "more", "better", "than", "price", "prices"};
  constexpr std::string_view links[] = {"are", "is", "be"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!any_of(even, words[i]) || has_any(words, other) || !stands(words, 0, i)) continue;
    if (words[i] == "squared" && is(words, i + 1, "away")) return true;
    const bool ends = i + 1 == words.size() || is(words, i + 1, "up") || is(words, i + 1, "with") ||
                      is(words, i + 1, "between") || is(words, i + 1, "here");
    if (i == 0 || !ends) continue;
    const std::string& before = words[i - 1];
    if (before.ends_with("'re") || before == "everything's" || before == "that's") return true;
    if (any_of(links, before) && i > 1 && any_of(both, words[i - 2])) return true;
  }
  return false;
}

// "You owe us nothing", "you don't have to pay a thing", "there's nothing for you to pay", "your balance is zero".
bool owes_nothing(const Words& words) {
  constexpr std::string_view none[] = {"nothing", "zero", "none", "nil"};
  constexpr std::string_view thing[] = {"thing", "anything", "cent", "penny", "fen", "dime"};
  constexpr std::string_view else_where[] = {"extra", "else", "fee", "fees", "shipping", "delivery", "postage"};
  constexpr std::string_view pays[] = {"pay"};
  if (has_any(words, else_where)) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if ((word == "owe" || word == "owes" || word == "owed") && next_of(words, i, 3, none) < words.size()) return true;
    if (word == "nothing") {
      const std::size_t pay = next_of(words, i, 5, pays);
      if (pay < words.size() && words[pay - 1] == "to") return true;
    }
    const bool not_to = is_negation(word) && word != "nothing";
    const std::size_t pay = not_to ? next_of(words, i, 4, pays) : words.size();
    if (pay < words.size() && next_of(words, pay, 3, thing) < words.size()) return true;
    constexpr std::string_view owed[] = {"owed", "balance", "debt"};
    constexpr std::string_view sums[] = {"balance", "amount", "payment", "bill", "sum"};
    const std::size_t open = word == "no" || word == "zero" ? i + 1 : words.size();
    if (open < words.size() && (any_of(owed, words[open]) || (words[open] == "outstanding" && open + 1 < words.size() &&
                                                              any_of(sums, words[open + 1]))))
      return true;
    const bool zero = word == "zero" || word == "nil";
    if (zero && i > 1 && words[i - 1] == "is" && (words[i - 2] == "balance" || words[i - 2] == "due")) return true;
  }
  return false;
}

// "Your bill is taken care of", "the tab has been cleared", "your order is funded", "that's covered".
bool is_done_with(const Words& words) {
  constexpr std::string_view what[] = {"bill",     "tab",     "invoice", "order",  "payment", "balance",
                                       "checkout", "account", "it",      "that",   "this",    "purchase",
                                       "it's",     "that's",  "charge",  "amount", "total",   "everything"};
  constexpr std::string_view money[] = {"bill", "tab", "invoice", "order", "payment", "balance", "account", "checkout"};
  constexpr std::string_view over[] = {"cleared", "funded", "squared", "settled"};
  constexpr std::string_view of_else[] = {"warranty", "insurance", "shipping", "delivery", "by"};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (has_any(words, of_else) || !has_any(words, what)) return false;
    if (words[i] == "taken" && is(words, i + 1, "care") && is(words, i + 2, "of") && participle_stands(words, i))
      return true;
    const bool joined = words[i - 1] == "and" && stands(words, 0, i);
    if (any_of(over, words[i]) && has_any(words, money) && (participle_stands(words, i) || joined)) return true;
    const bool that = words[i - 1] == "that's" || words[i - 1] == "it's";
    if (words[i] == "covered" && (that || (has_any(words, money) && participle_stands(words, i)))) return true;
  }
  return false;
}

// "176 yuan in hand", "the money's in the till", "made it to us".
bool is_in_hand(const Words& words, bool figures) {
  constexpr std::string_view places[] = {"hand", "hands", "till", "bag", "bank"};
  constexpr std::string_view us[] = {"us", "our", "here"};
  if (!(figures || has_any(words, kMoneyNames)) || has_any(words, kGivesBack)) return false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t place = words[i] == "in" ? next_of(words, i, 2, places) : words.size();
    if (place < words.size() && words[place - 1] != "your" && stands(words, 0, i)) return true;
    if (words[i] == "made" && is(words, i + 1, "it") && next_of(words, i + 1, 3, us) < words.size() &&
        stands(words, 0, i))
      return true;
  }
  return false;
}

// "Your transfer just landed", "the money's in": nothing follows that says where.
bool has_landed(const Words& words) {
  constexpr std::string_view money[] = {"payment", "transfer", "money", "payment's", "transfer's", "money's", "cash"};
  constexpr std::string_view there[] = {"landed", "arrived"};
  if (words.size() < 2 || has_any(words, kGivesBack)) return false;
  const std::size_t last = words.size() - 1;
  if (!has_any(words, money) || !stands(words, 0, last)) return false;
  if (any_of(there, words[last])) return true;
  return words[last] == "in" && words[last - 1].ends_with("'s") && any_of(money, words[last - 1]);
}

constexpr std::string_view kDoneZh[] = {"两清", "付讫", "钱货两讫", "落袋", "入袋", "账清了", "账平了", "平账了"};

bool is_done_with_zh(std::string_view clause, bool figures) {
  constexpr std::string_view over[] = {"清了", "平了", "已清", "已平", "都清"};
  constexpr std::string_view turned[] = {"未", "没", "不", "后", "请", "退", "返", "若", "才", "就", "规矩", "规则"};
  constexpr std::string_view there[] = {"已有", "有您", "有你", "多了", "进了"};
  constexpr std::string_view money[] = {"钱", "款", "付"};
  constexpr std::string_view yours[] = {"您账上", "你账上", "您的账上", "你的账上", "您账户", "你账户"};
  if (contains_any(clause, turned)) return false;
  if (claims_phrase(clause, kDoneZh) || claims_pair(clause, "账", over, turned, 4)) return true;
  if ((!figures && !contains_any(clause, money)) || contains_any(clause, yours)) return false;
  constexpr std::string_view books[] = {"账上", "账里", "账户里", "账户上"};
  return std::any_of(std::begin(books), std::end(books),
                     [&](std::string_view book) { return claims_pair(clause, book, there, turned, 4); });
}

// --- owed ---------------------------------------------------------------------------------------------------------

// Of another payment than the one that was made, or of no payment at all.
constexpr std::string_view kOtherMatter[] = {
    "other",  "another", "second",  "further", "more", "additional", "new",       "problem", "problems", "issue",
    "issues", "error",   "trouble", "link",    "card", "code",       "method",    "details", "needed",   "required",
    "due",    "need",    "twice",   "again",   "open", "extra",      "duplicate", "later",   "password", "history"};

constexpr std::string_view kOfCustomer[] = {"you", "your"};

// "You still owe us 176 yuan", "you have a balance to pay".
bool owes(const Words& words) {
  constexpr std::string_view none[] = {"nothing", "zero", "none", "nil", "what", "no"};
  constexpr std::string_view modals[] = {"would", "will", "could", "might", "may"};
  constexpr std::string_view open[] = {"pay", "due", "owing", "outstanding"};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t due = words[i] == "balance" ? next_of(words, i, 6, open) : words.size();
    const bool yours = has_any(words, kOfCustomer) && !has_any(words, none) && !has_any(words, modals);
    if (due < words.size() && yours && std::none_of(words.begin(), words.end(), is_negation))
      return std::find(words.begin(), words.end(), "0.00") == words.end();
    if (words[i] != "owe" || has_any(words, none) || has_any(words, modals)) continue;
    const bool you = words[i - 1] == "you" || (i > 1 && words[i - 1] == "still" && words[i - 2] == "you");
    if (you) return std::none_of(words.begin(), words.end(), [](const std::string& w) { return is_negation(w); });
  }
  return false;
}

// "I see no payment from you", "can't find any payment", "no record of a payment", "yet to receive your payment".
bool knows_no_payment(const Words& words) {
  constexpr std::string_view looks[] = {"see",   "sees",  "find",    "found",  "record", "records",
                                        "show",  "shows", "showing", "locate", "have",   "has",
                                        "trace", "sign",  "receive", "get",    "seen",   "there"};
  constexpr std::string_view payment[] = {"payment", "payments", "transfer"};
  if (!has_any(words, payment) || has_any(words, kGivesBack) || has_any(words, kOtherMatter)) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool yet_to =
        words[i] == "yet" && is(words, i + 1, "to") && i + 2 < words.size() && any_of(looks, words[i + 2]);
    if (yet_to && next_of(words, i + 2, 3, payment) < words.size()) return true;
    const bool turns = words[i] == "no" || words[i] == "cannot" || words[i] == "not" || words[i].ends_with("n't");
    if (!turns || !has_any(words, looks)) continue;
    constexpr std::string_view records[] = {"record", "records", "trace", "sign", "any", "a", "your"};
    const std::size_t at = next_of(words, i, 5, payment);
    if (at >= words.size()) continue;
    const bool quantified = at == i + 1 || any_of(records, words[at - 1]) || is(words, at - 1, "of");
    const bool noun = words[i] == "no" || next_of(words, i, 2, looks) < words.size();
    if (quantified && noun) return true;
  }
  return false;
}

// "You have not settled the bill", "this order has not been settled".
bool is_not_settled(const Words& words) {
  constexpr std::string_view what[] = {"bill", "order", "invoice", "tab", "account", "payment"};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] != "settled" || !has_any(words, what) || has_any(words, kOtherMatter)) continue;
    const Words before(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i));
    if (std::any_of(before.begin(), before.end(), is_negation)) return true;
  }
  return false;
}

// "Your payment is overdue", "the payment bounced".
bool payment_is_bad(const Words& words) {
  constexpr std::string_view bad[] = {"overdue", "outstanding", "missing", "bounced", "unsuccessful", "late"};
  constexpr std::string_view modals[] = {"would", "will", "could", "might", "may", "seem", "seems", "never"};
  if (has_any(words, kGivesBack) || has_any(words, modals)) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "payment" && words[i] != "transfer") continue;
    const std::size_t at = next_of(words, i, 3, bad);
    if (at < words.size() && stands(words, 0, at)) return true;
    const auto on = std::find(words.begin(), words.end(), "behind");
    if (on != words.end() && on + 1 != words.end() && *(on + 1) == "on" && stands(words, 0, i)) return true;
  }
  return false;
}

// "Still waiting for your money", "no money has arrived", "the payment hasn't shown up", "nothing has come in from
// you".
bool has_not_come(const Words& words) {
  constexpr std::string_view comes[] = {"had",     "got",    "arrived",  "come", "came", "shown",
                                        "reached", "landed", "received", "seen", "in"};
  constexpr std::string_view money[] = {"payment", "money", "transfer", "funds", "cash"};
  constexpr std::string_view waits[] = {"waiting", "awaiting", "awaits", "waits"};
  constexpr std::string_view customer[] = {"you", "you're", "bank", "was", "were", "longer", "not", "no"};
  if (has_any(words, kGivesBack) || has_any(words, kOtherMatter)) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (any_of(waits, words[i]) && next_of(words, i, 3, money) < words.size()) {
      const Words before(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i));
      if (!has_any(before, customer)) return true;
    }
    const bool turns = words[i] == "no" || words[i] == "nothing" || words[i] == "not" || words[i] == "never" ||
                       words[i].ends_with("n't");
    if (!turns || next_of(words, i, 4, comes) >= words.size()) continue;
    const bool from_you = is(words, words.size() - 1, "you") && words.size() > 2 && words[words.size() - 2] == "from";
    const bool yet = words.size() > 3 && words.back() == "yet" && words[words.size() - 2] == "you" &&
                     words[words.size() - 3] == "from";
    if (words[i] == "nothing" ? from_you || yet : has_any(words, money)) return true;
  }
  return false;
}

bool knows_no_payment_zh(std::string_view clause) {
  constexpr std::string_view looks[] = {"没看到",     "没有看到", "没查到",   "没有查到", "没找到", "没有找到",
                                        "查不到",     "找不到",   "看不到",   "未见",     "未查到", "没见到",
                                        "没有见到",   "没发现",   "没有发现", "没有收到", "没收到", "未收到",
                                        "系统里没有", "这边没有", "这里没有"};
  constexpr std::string_view payment[] = {"付款", "支付", "款项", "货款", "转账", "您的钱", "你的钱", "到账"};
  constexpr std::string_view other[] = {"第二", "另",   "别的", "其他", "其它", "重复", "多余", "问题", "方式",
                                        "异常", "链接", "码",   "待",   "退",   "再次", "新的", "失败"};
  if (contains_any(clause, other)) return false;
  return std::any_of(std::begin(looks), std::end(looks), [&](std::string_view look) {
    const std::size_t at = find_part(clause, look);
    constexpr std::size_t kNear = 24;
    return at != std::string_view::npos && contains_any(clause.substr(at + look.size(), kNear), payment);
  });
}

// One of `then` not far behind one of `names`; the negation is its own.
template <std::size_t N, std::size_t M>
bool claims_open(std::string_view clause, const std::string_view (&names)[N], const std::string_view (&then)[M]) {
  constexpr std::size_t kNear = 18;
  return std::any_of(std::begin(names), std::end(names), [&](std::string_view name) {
    const std::size_t at = find_part(clause, name);
    return at != std::string_view::npos && contains_any(clause.substr(at + name.size(), kNear), then);
  });
}

bool owes_zh(std::string_view clause) {
  constexpr std::string_view owe[] = {"您还欠", "你还欠", "您欠", "你欠", "您仍欠", "您尚欠", "您还差我们", "您还要补"};
  constexpr std::string_view not_given[] = {"没给钱",   "没付钱", "没交钱", "没打款",  "没有给钱",
                                            "没有付钱", "未付钱", "没转账", "没有转账"};
  constexpr std::string_view turned[] = {"不欠", "没欠", "如果",   "若",   "请",  "退",
                                         "前",   "多少", "我们欠", "之后", "要是"};
  constexpr std::string_view bills[] = {"单", "账"};
  constexpr std::string_view open[] = {"没结", "未结", "没有结", "没付", "未付"};
  constexpr std::string_view else_is_meant[] = {"结束", "结果", "运费", "单价", "名单", "清单", "小费"};
  constexpr std::string_view pays[] = {"付款", "支付", "扣款"};
  constexpr std::string_view fails[] = {"失败", "没成"};
  constexpr std::string_view no[] = {"没", "不", "未", "无"};
  if (contains_any(clause, turned) || contains_any(clause, else_is_meant)) return false;
  if (find_part(clause, "拖欠") != clause.npos && !contains_any(clause, no)) return true;
  if (claims_open(clause, pays, fails) && find_part(clause, "的话") == clause.npos) return true;
  return contains_any(clause, owe) || contains_any(clause, not_given) || claims_open(clause, bills, open);
}

bool has_not_come_zh(std::string_view clause) {
  constexpr std::string_view money[] = {"钱", "款", "元"};
  constexpr std::string_view not_there[] = {"没到",   "没有到",   "未到",   "没进",   "没过来", "没有过来", "没有进",
                                            "没收到", "没有收到", "未收到", "没入账", "未入账", "没有入账", "没有进账"};
  constexpr std::string_view turned[] = {"退",   "返",   "如果",   "若",     "请",  "前",
                                         "时间", "期限", "您的卡", "您的账", "的话"};
  constexpr std::string_view ours[] = {"我们", "这边", "本店", "店里", "系统"};
  constexpr std::string_view booked[] = {"没到账", "没有到账", "未到账", "没入账", "未入账", "没有入账"};
  if (contains_any(clause, turned)) return false;
  if (contains_any(clause, ours) && contains_any(clause, booked)) return true;
  return std::any_of(std::begin(money), std::end(money), [&](std::string_view name) {
    const std::size_t at = find_part(clause, name);
    constexpr std::size_t kNear = 21;
    return at != std::string_view::npos && contains_any(clause.substr(at + name.size(), kNear), not_there);
  });
}

}  // namespace

SettledClaims settled_in(const Statement& statement, bool figures) {
  constexpr std::string_view evens[] = {"even", "square", "squared", "quits", "settled", "straight"};
  constexpr std::string_view dues[] = {"owe", "owes", "owed", "pay", "nothing", "no", "zero", "nil"};
  constexpr std::string_view overs[] = {"taken", "cleared", "funded", "squared", "settled", "covered"};
  constexpr std::string_view places[] = {"in", "made", "landed", "arrived"};
  constexpr std::string_view marks[] = {"清", "平", "讫", "袋", "账"};
  SettledClaims out;
  const Words& words = statement.words;
  if (words.size() > 1) {
    out.nothing_due = (has_cue(words, evens) && are_even(words)) || (has_cue(words, dues) && owes_nothing(words));
    out.paid = has_cue(words, overs) && is_done_with(words);
    if (!out.paid && has_cue(words, places)) out.paid = is_in_hand(words, figures) || has_landed(words);
  }
  if (holds_chinese(statement.text) && contains_any(statement.text, marks))
    out.paid |= is_done_with_zh(statement.text, figures);
  return out;
}

OwedClaims owed_in(const Statement& statement) {
  constexpr std::string_view things[] = {"payment", "payments", "transfer", "money",   "funds",   "cash",
                                         "owe",     "balance",  "settled",  "nothing", "waiting", "awaiting"};
  constexpr std::string_view marks[] = {"没", "未", "不", "欠", "差", "补", "失败"};
  OwedClaims out;
  const Words& words = statement.words;
  if (words.size() > 1 && has_cue(words, things)) {
    out.unpaid = owes(words) || knows_no_payment(words) || payment_is_bad(words) || is_not_settled(words);
    out.missing = has_not_come(words);
  }
  if (!holds_chinese(statement.text) || !contains_any(statement.text, marks)) return out;
  out.unpaid |= knows_no_payment_zh(statement.text) || owes_zh(statement.text);
  out.missing |= has_not_come_zh(statement.text);
  return out;
}

}  // namespace purser::rules
