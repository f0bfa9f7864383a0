#include "validation/rules/reply_claims.hpp"

#include "validation/rules/clauses.hpp"

namespace purser::rules {
namespace {

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

// How far what became of a thing may stand from it: "the refund of CNY 12.95 to your card was successful".
constexpr std::size_t kReach = 9;

void read_english(const Words& words, ReplyClaims& claims) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool thing = i + 1 < words.size() && any_of(kPaymentThings, words[i + 1]);
    if (word == "payment" && !thing) {
      claims.paid |= follows(words, i, kPaymentDone, kReach);
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
      claims.refunded |= follows(words, i, kRefundDone, kReach);
      claims.refund_started |= follows(words, i, kRefundStarted, kReach);
      for (std::size_t back = 1; back <= 3 && back <= i; ++back) {
        if (any_of(kStartedIt, words[i - back])) claims.refund_started |= stands(words, i - back, i);
      }
    }
  }
}

constexpr std::string_view kPaidPhrases[] = {
    "支付成功", "付款成功", "支付完成",     "付款完成",     "支付已完成", "付款已完成",   "支付已成功", "付款已成功",
    "已到账",   "收款成功", "扣款成功",     "已扣款",       "已收款",     "付过款了",     "付好了",     "付完款了",
    "付款了",   "支付了",   "感谢您的付款", "感谢您的支付", "感谢付款",   "谢谢您的付款", "支付到账"};
constexpr std::string_view kPayWords[] = {"支付", "付款", "付清", "付了"};
constexpr std::string_view kMoneyWords[] = {"付款", "支付", "款项", "货款", "您的款", "的钱"};
constexpr std::string_view kNotPaying[] = {"方式",   "链接",       "卡片",   "二维码", "请求",
                                           "支付码", "订单已创建", "待支付", "未支付", "退"};
constexpr std::string_view kCame[] = {"已收到", "已到账", "收到了", "已经收到", "到账了", "已成功", "已完成"};
constexpr std::string_view kRefundCame[] = {"已完成", "已成功", "成功了", "已到账", "到账了", "已经到账", "已经完成"};
constexpr std::string_view kRefundGoes[] = {"已提交",   "已受理",   "已发起", "已申请",
                                            "已经提交", "已经受理", "已安排", "处理中"};
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

}  // namespace

ReplyClaims claims_of(std::string_view text) {
  ReplyClaims all;
  for (const Statement& statement : statements_of(text)) {
    ReplyClaims here;
    read_english(statement.words, here);
    read_chinese(statement.text, here);
    all.paid |= here.paid;
    all.refunded |= here.refunded;
    all.refund_started |= here.refund_started;
    if (here.paid || here.refunded || here.refund_started) {
      all.clauses.push_back(statement.text);
      all.of_clause.push_back(ReplyClaims::Of{here.paid, here.refunded, here.refund_started});
    }
  }
  return all;
}

}  // namespace purser::rules
