#include "gateway/pay/wechat/errors.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace purser::wechat {
namespace {

constexpr Judgement kUnknown{};
constexpr Judgement kAgain{.again = true};
constexpr Judgement kDeclined{.outcome = Outcome::declined};
constexpr Judgement kNotKnown{.outcome = Outcome::declined, .not_known = true};

constexpr Judgement kShortFunds{.outcome = Outcome::pending, .short_funds = true};

struct Row {
  const char* code;
  int status;
  Judgement create;
  Judgement query;
  Judgement close;
  Judgement refund;
  Judgement query_refund;
};

// The rail's tables, every spelling.
const std::vector<Row> kTable = {
    {"INVALID_REQUEST", 400, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"PARAM_ERROR", 400, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"MCH_NOT_EXISTS", 400, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"MCH_NOT_EXISTS", 404, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"APPID_MCHID_NOT_MATCH", 400, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"ORDER_CLOSED",
     400,
     {.outcome = Outcome::declined, .closed = true},
     kUnknown,
     {.outcome = Outcome::succeeded, .closed = true},
     kDeclined,
     kUnknown},
    {"ORDER_PAID",
     400,
     {.already_paid = true},
     kUnknown,
     {.outcome = Outcome::declined, .already_paid = true},
     kUnknown,
     kUnknown},
    {"ORDERPAID",
     400,
     {.already_paid = true},
     kUnknown,
     {.outcome = Outcome::declined, .already_paid = true},
     kUnknown,
     kUnknown},
    {"NO_STATEMENT_EXIST", 400, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown},
    {"SIGN_ERROR", 401, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"NO_AUTH", 403, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"NOAUTH", 403, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"RULE_LIMIT", 403, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"RULELIMIT", 429, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"ACCOUNT_ERROR", 403, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"ACCOUNTERROR", 403, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"OUT_TRADE_NO_USED", 403, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown},
    {"TRADE_ERROR", 403, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown},
    {"NOT_ENOUGH", 403, kUnknown, kUnknown, kUnknown, kShortFunds, kUnknown},
    {"NOTENOUGH", 403, kUnknown, kUnknown, kUnknown, kShortFunds, kUnknown},
    {"USER_ACCOUNT_ABNORMAL", 403, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"REQUEST_BLOCKED", 403, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"ORDER_NOT_EXIST", 404, kUnknown, kNotKnown, kNotKnown, kDeclined, kNotKnown},
    {"ORDERNOTEXIST", 404, kUnknown, kNotKnown, kNotKnown, kDeclined, kNotKnown},
    {"RESOURCE_NOT_EXISTS", 404, kUnknown, kNotKnown, kNotKnown, kDeclined, kNotKnown},
    {"USERPAYING", 202, kUnknown, kUnknown, {.outcome = Outcome::pending}, kUnknown, kUnknown},
    {"USER_PAYING", 202, kUnknown, kUnknown, {.outcome = Outcome::pending}, kUnknown, kUnknown},
    {"FREQUENCY_LIMITED", 429, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"RATELIMIT_EXCEEDED", 429, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"RATE_LIMITED", 429, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"OPENID_MISMATCH", 500, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"INVALID_TRANSACTIONID", 500, kDeclined, kUnknown, kUnknown, kDeclined, kUnknown},
    {"SYSTEM_ERROR", 500, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"SYSTEMERROR", 500, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"SYSTEM_ERROR", 400, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"BANK_ERROR", 500, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"BANKERROR", 500, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"SERVICE_UNAVAILABLE", 502, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"SERVICE_UNAVAILABLE", 503, kAgain, kAgain, kAgain, kAgain, kAgain},
    // Nothing known: open, and never a no.
    {"SOMETHING_NEW", 400, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown},
    {"SOMETHING_NEW", 404, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown},
    {"SOMETHING_NEW", 500, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"", 429, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"", 400, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown},
    {"", 302, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown},
    {"", 502, kAgain, kAgain, kAgain, kAgain, kAgain},
    {"param_error", 400, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown},
};

TEST(RailErrors, TheTable) {
  for (const Row& row : kTable) {
    SCOPED_TRACE(std::string(row.code) + " " + std::to_string(row.status));
    EXPECT_EQ(judge(Operation::create, row.status, row.code), row.create);
    EXPECT_EQ(judge(Operation::query, row.status, row.code), row.query);
    EXPECT_EQ(judge(Operation::close, row.status, row.code), row.close);
    EXPECT_EQ(judge(Operation::refund, row.status, row.code), row.refund);
    EXPECT_EQ(judge(Operation::query_refund, row.status, row.code), row.query_refund);
  }
}

QueryReply facts(TradeState state) {
  QueryReply reply;
  reply.outcome = Outcome::succeeded;
  reply.facts.emplace();
  reply.facts->state = state;
  return reply;
}

QueryReply answer(Outcome outcome, int status, std::string code) {
  QueryReply reply;
  reply.outcome = outcome;
  reply.says.http_status = status;
  reply.says.code = std::move(code);
  return reply;
}

TEST(RailErrors, ANoToAnOrderIsConfirmedOrLeftOpen) {
  OrderReply no;
  no.outcome = Outcome::declined;
  no.says.code = "PARAM_ERROR";
  EXPECT_EQ(confirmed(no, answer(Outcome::declined, 404, "ORDER_NOT_EXIST")).outcome, Outcome::declined);
  EXPECT_EQ(confirmed(no, answer(Outcome::unknown, 401, "SIGN_ERROR")).outcome, Outcome::declined);
  EXPECT_EQ(confirmed(no, answer(Outcome::unknown, 0, "timed_out")).outcome, Outcome::unknown);
  EXPECT_EQ(confirmed(no, answer(Outcome::unknown, 500, "SYSTEM_ERROR")).outcome, Outcome::unknown);
  EXPECT_EQ(confirmed(no, answer(Outcome::unknown, 200, "signature_invalid")).outcome, Outcome::unknown);
  EXPECT_EQ(confirmed(no, facts(TradeState::not_paid)).outcome, Outcome::unknown);
  OrderReply after_doubt = no;
  after_doubt.says.doubted = true;
  EXPECT_EQ(confirmed(after_doubt, answer(Outcome::declined, 404, "ORDER_NOT_EXIST")).outcome, Outcome::unknown);
  const OrderReply paid = confirmed(no, facts(TradeState::paid));
  EXPECT_EQ(paid.outcome, Outcome::unknown);
  EXPECT_TRUE(paid.already_paid);
  EXPECT_TRUE(confirmed(no, facts(TradeState::refunded)).already_paid);
  const OrderReply closed = confirmed(no, facts(TradeState::closed));
  EXPECT_EQ(closed.outcome, Outcome::declined);
  EXPECT_TRUE(closed.closed);
  EXPECT_EQ(closed.says.code, "PARAM_ERROR");
}

TEST(RailErrors, AClosedOrderIsConfirmedOrLeftOpen) {
  CloseReply closed;
  closed.outcome = Outcome::succeeded;
  EXPECT_EQ(confirmed(closed, facts(TradeState::closed)).outcome, Outcome::succeeded);
  EXPECT_EQ(confirmed(closed, facts(TradeState::not_paid)).outcome, Outcome::unknown);
  EXPECT_EQ(confirmed(closed, answer(Outcome::declined, 404, "ORDER_NOT_EXIST")).outcome, Outcome::declined);
  EXPECT_EQ(confirmed(closed, answer(Outcome::unknown, 0, "timed_out")).outcome, Outcome::unknown);
  const CloseReply paid = confirmed(closed, facts(TradeState::paid));
  EXPECT_EQ(paid.outcome, Outcome::declined);
  EXPECT_TRUE(paid.already_paid);
}

TEST(RailErrors, ANoToARefundIsConfirmedOrLeftOpen) {
  RefundReply no;
  no.outcome = Outcome::declined;
  RefundReply not_known;
  not_known.outcome = Outcome::declined;
  not_known.not_known = true;
  EXPECT_EQ(confirmed(no, not_known).outcome, Outcome::declined);
  RefundReply silent;
  EXPECT_EQ(confirmed(no, silent).outcome, Outcome::unknown);
  RefundReply refused_too;
  refused_too.says.http_status = 403;
  refused_too.says.code = "NO_AUTH";
  refused_too.says.vouched = true;
  EXPECT_EQ(confirmed(no, refused_too).outcome, Outcome::unknown) << "that was about the question";
  RefundReply signed_no = no;
  signed_no.says.vouched = true;
  EXPECT_EQ(confirmed(signed_no, refused_too).outcome, Outcome::declined);
  signed_no.says.doubted = true;
  EXPECT_EQ(confirmed(signed_no, not_known).outcome, Outcome::unknown) << "an earlier attempt may have been made";
  RefundReply made;
  made.outcome = Outcome::pending;
  made.facts.emplace();
  EXPECT_EQ(confirmed(no, made).outcome, Outcome::pending);
  EXPECT_TRUE(confirmed(no, made).facts.has_value());
}

TEST(RailErrors, ARefusedMendIsOneThatLeftTheRefundAbnormal) {
  RefundReply no;
  no.outcome = Outcome::declined;
  RefundReply now;
  EXPECT_EQ(mend_confirmed(no, now).outcome, Outcome::unknown) << "nobody says how the refund stands";
  now.outcome = Outcome::pending;
  now.facts.emplace();
  now.facts->event = RefundEvent::rail_abnormal;
  EXPECT_EQ(mend_confirmed(no, now).outcome, Outcome::declined);
  RefundReply after_doubt = no;
  after_doubt.says.doubted = true;
  EXPECT_EQ(mend_confirmed(after_doubt, now).outcome, Outcome::unknown) << "the earlier attempt may still arrive";
  now.facts->event = RefundEvent::rail_accepted;
  EXPECT_EQ(mend_confirmed(no, now).facts->event, RefundEvent::rail_accepted) << "it was taken all the same";
}

}  // namespace
}  // namespace purser::wechat
