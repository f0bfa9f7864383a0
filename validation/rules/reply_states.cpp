#include "validation/rules/reply_states.hpp"

#include "validation/rules/clauses.hpp"
#include "validation/rules/reply_accounts.hpp"

namespace purser::rules {
namespace {

constexpr std::string_view kOrderThings[] = {"order", "payment", "it", "purchase", "that", "this"};
constexpr std::string_view kMade[] = {"created", "placed", "opened", "made", "prepared"};
constexpr std::string_view kPlaced[] = {"created", "placed", "opened"};
constexpr std::string_view kUnpaidVerbs[] = {"paid", "received", "arrived", "completed", "charged", "through", "gone"};

bool holds(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "I have placed your order", "the order has been created".
bool says_created(const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "order" && follows(words, i, kPlaced, 4)) return true;
    if (!any_of(kMade, words[i]) || !participle_stands(words, i)) continue;
    for (std::size_t k = i + 1; k < words.size() && k <= i + 4; ++k)
      if (words[k] == "order" || words[k] == "payment") return true;
  }
  return false;
}

bool says_participle(const Words& words, std::string_view one, std::string_view other) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != one && words[i] != other) continue;
    const bool bare = i > 0 && words[i] == "expired" && any_of(kOrderThings, words[i - 1]) && stands(words, i - 1, i);
    if (bare || participle_stands(words, i)) return true;
  }
  return false;
}

// "has not been paid", "we have not received your payment", "the payment failed", "is still unpaid".
bool says_unpaid(const Words& words) {
  if (holds(words, "unpaid") && !holds(words, "not")) return true;
  const bool about_payment = holds(words, "payment") || holds(words, "paid") || holds(words, "charged");
  if (!about_payment || holds(words, "refund") || holds(words, "refunded")) return false;
  if (holds(words, "twice") || holds(words, "again")) return false;  // "you will not be charged twice"
  bool negated = false;
  for (const std::string& word : words) {
    const bool turns = word == "not" || word == "no" || word == "nothing" || word == "never" || word.ends_with("n't");
    if (turns) negated = true;
    if (word == "failed" && !negated) return true;
    if (negated && any_of(kUnpaidVerbs, word)) return true;
  }
  return false;
}

bool says_not_refunded(const Words& words) {
  constexpr std::string_view done[] = {"refunded", "refund", "returned"};
  constexpr std::string_view asks[] = {"will",  "would", "can",    "could",  "cannot",
                                       "can't", "won't", "unable", "should", "may"};
  bool negated = false;
  bool open = false;
  // "Your refund failed": said outright.
  const auto failed = std::find(words.begin(), words.end(), "failed");
  if (failed != words.end() && holds(words, "refund") && std::none_of(words.begin(), failed, is_negation)) return true;
  for (const std::string& word : words) {
    if (any_of(asks, word)) return false;
    if (word == "not" || word == "no" || word == "nothing" || word == "never" || word.ends_with("n't")) negated = true;
    if (word == "was" || word == "been" || word == "made" || word == "issued" || word == "has") open = true;
  }
  const bool about = std::any_of(words.begin(), words.end(), [&](const std::string& w) { return any_of(done, w); });
  return negated && open && about;
}

// "was called off", "has timed out": two words that belong together, said as done.
bool says_two(const Words& words, std::string_view one, std::string_view other) {
  for (std::size_t i = 1; i + 1 < words.size(); ++i)
    if (words[i] == one && words[i + 1] == other && stands(words, i - 1, i)) return true;
  return false;
}

// "The order lapsed": the verb after its thing.
bool says_of_order(const Words& words, std::string_view verb) {
  for (std::size_t i = 1; i < words.size(); ++i)
    if (words[i] == verb &&
        (participle_stands(words, i) || (any_of(kOrderThings, words[i - 1]) && stands(words, i - 1, i))))
      return true;
  return false;
}

// "is waiting for your payment", "awaits payment", "the order is still open". What negates elsewhere is meant here.
bool says_open(const Words& words) {
  const auto about = [&](std::size_t from) {
    for (std::size_t k = from; k < words.size() && k <= from + 3; ++k)
      if (words[k] == "payment" || words[k] == "paid") return true;
    return false;
  };
  constexpr std::string_view never[] = {"not", "no", "never", "longer", "if", "once", "when", "was", "were", "would"};
  if (std::any_of(words.begin(), words.end(), [&](const std::string& word) { return any_of(never, word); }))
    return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool waits = words[i] == "awaits" || words[i] == "awaiting" || words[i] == "waiting" || words[i] == "waits";
    if (waits && about(i + 1)) return true;
    if (words[i] == "open" && i > 0 && (words[i - 1] == "still" || words[i - 1] == "is") && holds(words, "order"))
      return true;
  }
  return false;
}

constexpr std::string_view kOpenZh[] = {"等待支付", "等待付款", "等待您支付", "等待您付款", "待支付",
                                        "待付款",   "等您支付", "等您付款",   "仍可支付",   "还可以支付"};
constexpr std::string_view kNotOpenZh[] = {"没有", "无", "超时", "逾期", "不", "如果", "若", "取消了", "过"};
constexpr std::string_view kClosedZh[] = {"已关闭", "已经关闭", "关闭了", "被关闭"};
constexpr std::string_view kCreatedZh[] = {
    "订单已创建",   "订单已生成",     "下单成功",       "已下单",     "已为您下单", "已经下单",    "创建了订单",
    "订单创建成功", "已为您创建订单", "已为您生成订单", "已创建订单", "已为您创建", "已经为您创建"};
constexpr std::string_view kCanceledZh[] = {"被取消", "已取消", "已经取消", "取消成功", "已为您取消",
                                            "取消了", "已作废", "作废了",   "已撤销"};
constexpr std::string_view kExpiredZh[] = {"已过期", "已经过期", "过期了",     "已失效",     "已经失效",
                                           "已超时", "超时了",   "超时关闭了", "超时被关闭", "过期关闭了"};
constexpr std::string_view kUnpaidZh[] = {
    "尚未支付",       "尚未付款",   "还没付呢",   "还没付啊",   "还没付钱",     "还没有支付",       "还没支付",
    "还未支付",       "还没付款",   "还没有付款", "还未付款",   "没有收到付款", "没有收到您的付款", "未收到付款",
    "未收到您的付款", "支付失败",   "付款失败",   "支付未成功", "付款未成功",   "没有支付",         "未支付",
    "未付款",         "付款没成功", "支付没成功", "没有扣款",   "未扣款",       "支付没有成功",     "付款没有成功"};
constexpr std::string_view kNotRefundedZh[] = {
    "没有退款",   "未退款",       "退款失败",   "退款未成功", "还没退款",     "尚未退款",    "没有给您退款",
    "没有退过款", "退款还没有办", "退款还没办", "退款没有办", "还没有办退款", "没有办理退款"};
constexpr std::string_view kRest[] = {"other", "rest", "remaining", "second",     "另",        "剩",
                                      "其余",  "余下", "第二",      "everything", "all of it", "不是两"};
constexpr std::string_view kConditionsZh[] = {"如果", "若", "请",   "一旦", "的话", "可以",
                                              "将",   "会", "之前", "前",   "能"};

// These phrases carry their own negation, so what stands before them only must not make a condition of them.
template <std::size_t N>
bool says_plainly(std::string_view clause, const std::string_view (&phrases)[N]) {
  if (contains_any(clause, kConditionsZh)) return false;
  return contains_any(clause, phrases);
}

}  // namespace

StateClaims states_of(std::string_view text) {
  return states_of(statements_of(text));
}

StateClaims states_of(const std::vector<Statement>& statements) {
  StateClaims all;
  for (const Statement& statement : statements) {
    const Words& words = statement.words;
    const std::string& clause = statement.text;
    const bool refund = clause.find("退") != std::string::npos || holds(words, "refund");
    all.created |= says_created(words) || claims_phrase(clause, kCreatedZh);
    const bool canceled = says_participle(words, "canceled", "cancelled") || claims_phrase(clause, kCanceledZh) ||
                          says_two(words, "called", "off");
    if (canceled && !refund) all.canceled.push_back(clause);
    const bool expired = says_participle(words, "expired", "expired") || claims_phrase(clause, kExpiredZh) ||
                         says_two(words, "timed", "out") || says_of_order(words, "lapsed");
    if (expired) all.expired.push_back(clause);
    const bool order = holds(words, "order") || holds(words, "payment");
    all.closed |= !refund && ((order && says_of_order(words, "closed")) || claims_phrase(clause, kClosedZh));
    all.open |= !refund && (says_open(words) || (contains_any(clause, kOpenZh) && !contains_any(clause, kNotOpenZh)));
    all.unpaid |= !refund && !statement.conditional && (says_unpaid(words) || says_plainly(clause, kUnpaidZh));
    const OwedClaims owed = refund || statement.conditional ? OwedClaims() : owed_in(statement);
    all.unpaid |= owed.unpaid;
    all.missing |= owed.missing;
    const bool not_refunded = says_not_refunded(words) || says_plainly(clause, kNotRefundedZh);
    all.rest_not_refunded = not_refunded ? contains_any(clause, kRest) && (!all.not_refunded || all.rest_not_refunded)
                                         : all.rest_not_refunded;
    all.not_refunded |= not_refunded;
  }
  return all;
}

}  // namespace purser::rules
