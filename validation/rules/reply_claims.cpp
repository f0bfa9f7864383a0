#include "validation/rules/reply_claims.hpp"

#include "validation/rules/clauses.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/reply_accounts.hpp"
#include "validation/rules/reply_grammar.hpp"
#include "validation/rules/reply_receipts.hpp"

namespace purser::rules {
namespace {

constexpr std::string_view kPaymentDone[] = {"approved",   "verified",   "authorised", "authorized", "received",
                                             "successful", "confirmed",  "completed",  "complete",   "succeeded",
                                             "processed",  "accepted",   "cleared",    "through",    "arrived",
                                             "settled",    "captured",   "done",       "made",       "booked",
                                             "posted",     "registered", "recorded",   "finalised",  "finalized"};
// What is paid with or for: "the transaction was successful", "purchase complete", "funds received".
constexpr std::string_view kPayments[] = {"payment",  "transaction", "purchase", "funds",
                                          "transfer", "checkout",    "charge"};
constexpr std::string_view kTaken[] = {"paid", "charged", "debited", "deducted"};
constexpr std::string_view kMoney[] = {"money", "amount", "payment", "funds", "yuan", "cny", "sum"};
constexpr std::string_view kTook[] = {"received", "got", "confirmed", "accepted", "processed"};
constexpr std::string_view kMoneyCame[] = {"received", "arrived", "through"};
constexpr std::string_view kPaymentThings[] = {"link",   "card", "code",  "request", "method",     "details",
                                               "window", "page", "order", "qr",      "information"};
constexpr std::string_view kRefundDone[] = {"successful", "completed", "complete",  "succeeded", "done",
                                            "arrived",    "through",   "credited",  "returned",  "refunded",
                                            "landed",     "reached",   "finalised", "finalized"};
constexpr std::string_view kRefundStarted[] = {"issued",  "processed", "submitted", "initiated", "requested", "sent",
                                               "started", "made",      "way",       "created",   "processing"};
constexpr std::string_view kStartedIt[] = {"issued",    "processed", "submitted", "initiated",
                                           "requested", "sent",      "started",   "made"};

// How far what became of a thing may stand from it: "the refund of CNY 12.95 to your card was successful".
constexpr std::size_t kReach = 9;

void read_english(const Words& words, ReplyClaims& claims) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool thing = i + 1 < words.size() && any_of(kPaymentThings, words[i + 1]);
    if (any_of(kPayments, word) && !thing) {
      claims.paid |= follows(words, i, kPaymentDone, kReach);
      const std::size_t from = back_from(i, 3);
      const bool taken =
          std::any_of(words.begin() + static_cast<std::ptrdiff_t>(from), words.begin() + static_cast<std::ptrdiff_t>(i),
                      [](const std::string& w) { return any_of(kTook, w); });
      claims.paid |= taken && stands(words, from, i);
    }
    if (any_of(kTaken, word)) claims.paid |= participle_stands(words, i);
    if (word == "money") claims.paid |= follows(words, i, kMoneyCame, 4);
    const bool thanks = (word == "payment" || word == "paying") && i > 0 &&
                        (words.front().starts_with("thank") || words.front() == "thx");
    if (thanks) claims.paid |= stands(words, 0, i);
    if (word == "refunded") claims.refunded |= participle_stands(words, i);
    // Money that is returned, not goods.
    const bool of_money =
        std::any_of(words.begin(), words.end(), [](const std::string& w) { return any_of(kMoney, w); });
    if (word == "returned" && of_money) claims.refunded |= participle_stands(words, i);
    if (word == "refund") {
      claims.refunded |= follows(words, i, kRefundDone, kReach);
      claims.refund_started |= follows(words, i, kRefundStarted, kReach);
      claims.refund_started |= leads_to(words, i, kStartedIt, 3);
    }
  }
}

// "I have received your 4 yuan", "¥47.00 received": the sum itself came, whoever it came to.
void read_english_sum(const Words& words, ReplyClaims& claims) {
  constexpr std::string_view came[] = {"received", "got", "arrived"};
  constexpr std::string_view back[] = {"refund", "refunded", "refunds", "back"};
  if (std::any_of(words.begin(), words.end(), [&](const std::string& w) { return any_of(back, w); })) return;
  for (std::size_t i = 0; i < words.size(); ++i) {
    claims.refunded |= words[i] == "returned" && participle_stands(words, i);
    if (!any_of(came, words[i]) || !stands(words, back_from(i, 1), i)) continue;
    const bool to_customer = i > 0 && (words[i - 1] == "you" || words[i - 1] == "you've" ||
                                       (i > 1 && words[i - 2] == "you" && words[i - 1] == "have"));
    (to_customer ? claims.refunded : claims.paid) = true;
  }
}

// "Please pay 4 yuan", "you need to pay ¥4.00", "the amount due is 4 yuan".
bool asks_english(const Words& words) {
  constexpr std::string_view before[] = {"please", "to", "and", "then", "now", "must", "should", "just"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "owe" || (words[i] == "due" && i > 0)) return true;
    if (words[i] == "pay" && (i == 0 || any_of(before, words[i - 1]))) return true;
  }
  return false;
}

constexpr std::string_view kPaidPhrases[] = {
    "支付成功",     "付款成功",   "支付完成", "付款完成", "支付已完成",   "付款已完成",   "支付已成功",
    "付款已成功",   "已到账",     "收款成功", "扣款成功", "已扣款",       "已收款",       "付过款了",
    "付好了",       "付完款了",   "付款了",   "支付了",   "感谢您的付款", "感谢您的支付", "感谢付款",
    "谢谢您的付款", "支付到账",   "支付完毕", "付款完毕", "交易成功",     "交易完成",     "购买成功",
    "款项到账",     "钱到账了",   "已结清",   "货款已收", "已收讫",       "已入账",       "确认收款",
    "付款已确认",   "支付已确认", "微信已扣", "您已付",   "你已付",       "交易已完成",   "订单已完成",
    "订单完成了",   "全部付清",   "全款付清", "付过了"};
constexpr std::string_view kPayWords[] = {"支付", "付款", "付清", "付了"};
constexpr std::string_view kMoneyWords[] = {"付款", "支付", "款项", "货款", "您的款", "的钱", "转账", "汇款", "打款"};
constexpr std::string_view kNotPaying[] = {"方式",   "链接",   "卡片", "二维码", "请求", "支付码", "订单已创建",
                                           "待支付", "未支付", "退",   "不能",   "无法", "不可"};
constexpr std::string_view kCame[] = {"已收到", "已到账", "收到了", "已经收到", "到账了", "已成功", "已完成"};
constexpr std::string_view kRefundCame[] = {"已完成", "已成功", "成功了", "已到账", "到账了", "已经到账", "已经完成"};
constexpr std::string_view kRefundGoes[] = {"已提交",   "已受理",   "已发起", "已申请",
                                            "已经提交", "已经受理", "已安排", "处理中"};
constexpr std::string_view kRefundedPhrases[] = {"退款成功", "退款完成", "退款已完成", "退款已成功", "退款已到账",
                                                 "退款到账", "退款了",   "退了款",     "元已退",     "把钱退",
                                                 "原路返还", "已原路退", "退给您了",   "退给你了"};
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
  for (std::string_view money : {"付款", "支付", "款项"})
    claims.paid |= !refund && claims_pair(clause, money, kCame, kNotPaying, 8);
  claims.refunded |= claims_phrase(clause, kRefundedPhrases);
  claims.refunded |= claims_pair(clause, "退款", kRefundCame, kRefundSteps, 10);
  claims.refund_started |= claims_pair(clause, "退款", kRefundGoes, kNothing, 10);
  claims.refunded |= claims_pair(clause, "已", kRefundWords, kRefundSteps, 8);
  claims.refund_started |= claims_phrase(clause, kStartedPhrases);
  const bool step = contains_any(clause, kRefundSteps);
  claims.refund_started |= step && claims_pair(clause, "已", kRefundWords, kNothing, 8);
}

// "已收到您的4元": the sum itself came.
void read_chinese_sum(std::string_view clause, ReplyClaims& claims) {
  constexpr std::string_view came[] = {"收到", "收了您", "收了你"};
  constexpr std::string_view later[] = {"后", "时", "才", "退"};
  for (std::string_view word : came) {
    const std::size_t at = clause.find(word);
    if (at == std::string_view::npos || contains_any(clause.substr(at), later)) continue;
    if (!phrase_stands(clause, at, at + word.size())) continue;
    const std::string_view before = clause.substr(0, at);
    const bool to_customer = before.ends_with("您已") || before.ends_with("你已") || before.ends_with("您已经");
    (to_customer ? claims.refunded : claims.paid) = true;
  }
}

bool asks_chinese(std::string_view clause) {
  constexpr std::string_view asking[] = {"请支付", "请付",   "需支付", "需付", "需要支付", "需要付",
                                         "应付",   "应支付", "待支付", "要付", "您支付",   "请您支付"};
  constexpr std::string_view not_asking[] = {"不需", "无需", "不用", "不要付"};
  return contains_any(clause, asking) && !contains_any(clause, not_asking);
}

// "请再支付176元", "please pay", "scan the code to pay": told to do it, not what it would cost.
bool asks_plainly(const Statement& statement) {
  constexpr std::string_view asking[] = {"请支付",     "请付",       "请再支付",   "请再付",   "请重新支付", "请重新付",
                                         "请您支付",   "请您付",     "请扫码支付", "请扫码付", "请继续支付", "请继续付",
                                         "把钱付一下", "把款付一下", "请把钱付",   "请把账结"};
  constexpr std::string_view scanning[] = {"请扫", "请点击", "请用"};
  constexpr std::string_view not_now[] = {"后", "重新下单", "时请", "若", "如", "申请", "不", "勿"};
  const std::string& clause = statement.text;
  if (holds_chinese(clause) && !contains_any(clause, not_now)) {
    const bool scan = contains_any(clause, scanning) && (clause.find("付") != std::string::npos);
    if (contains_any(clause, asking) || scan) return true;
  }
  const Words& words = statement.words;
  if (std::any_of(words.begin(), words.end(), is_negation)) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    constexpr std::string_view bills[] = {"bill", "order", "balance", "invoice", "tab", "payment"};
    if (words[i] == "settle" && i > 0 && words[i - 1] == "please")
      return std::any_of(words.begin(), words.end(), [&](const std::string& w) { return any_of(bills, w); });
    if (words[i] != "pay" && words[i] != "complete") continue;
    if (words[i] == "complete" && std::find(words.begin(), words.end(), "payment") == words.end()) continue;
    if (i > 0 && words[i - 1] == "please") return true;
    const bool scan =
        words[i] == "pay" && i > 2 && words[i - 1] == "to" && (words.front() == "please" || words.front() == "scan");
    if (scan) return true;
  }
  return false;
}

}  // namespace

ReplyClaims claims_of(std::string_view text) {
  return claims_of(statements_of(text));
}

ReplyClaims claims_of(const std::vector<Statement>& statements) {
  ReplyClaims all;
  for (const Statement& statement : statements) {
    ReplyClaims here;
    read_english(statement.words, here);
    if (holds_chinese(statement.text)) read_chinese(statement.text, here);
    const bool figures = !money_figures(statement.text).empty();
    const MoneyMoves moves = money_moves(statement, figures);
    here.paid |= moves.paid;
    here.refunded |= moves.refunded;
    const Statement* next = &statement == &statements.back() ? nullptr : &statement + 1;
    const Receipts receipts = receipts_of(statement, next, figures);
    const SettledClaims settled = settled_in(statement, figures);
    here.paid |= receipts.paid || (settled.paid && !statement.conditional);
    here.refunded |= receipts.refunded;
    here.refund_started |= (moves.refund_started || receipts.refund_started) && !here.refunded;
    all.nothing_due |= moves.nothing_due || receipts.nothing_due || (settled.nothing_due && !statement.conditional);
    all.refund_promised |= receipts.refund_promised;
    all.thanks |= receipts.thanks;
    all.asks_plainly |= !statement.conditional && asks_plainly(statement);
    if (figures) {
      read_english_sum(statement.words, here);
      read_chinese_sum(statement.text, here);
      if (asks_english(statement.words) || asks_chinese(statement.text)) all.asking.push_back(statement.text);
    }
    all.paid |= here.paid;
    all.refunded |= here.refunded;
    all.refund_started |= here.refund_started;
    if (here.paid || here.refunded || here.refund_started) {
      all.clauses.push_back(statement.text);
      all.of_clause.push_back(ReplyClaims::Of{here.paid, here.refunded, here.refund_started,
                                              moves.all_of_it || receipts.of_all, receipts.another});
    }
  }
  return all;
}

}  // namespace purser::rules
