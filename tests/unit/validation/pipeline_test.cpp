#include "validation/pipeline.hpp"

#include "tests/support/samples.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using samples::fen;
using samples::intent_id;
using samples::paid;
using samples::sku;

const OrderPolicy kOrders{5'000'000, 50, 5};
const RefundPolicy kRefunds{100'000, 0, 3, 80};

OrderProposal two_teas() {
  OrderProposal proposal;
  proposal.lines = {{sku("TEA"), 2, 19'900}};
  proposal.total_fen = 39'800;
  proposal.currency = "CNY";
  return proposal;
}

RefundProposal::Entry entry(char intent, std::optional<std::int64_t> amount) {
  RefundProposal::Entry out;
  out.intent = intent_id(intent);
  out.amount_fen = amount;
  out.reason = "茶罐破损";
  return out;
}

RefundProposal list(std::vector<RefundProposal::Entry> entries) {
  RefundProposal proposal;
  proposal.entries = std::move(entries);
  return proposal;
}

Judged<CheckedOrder> judge(const OrderProposal& proposal) {
  return judge_order(samples::shop(), proposal, kOrders, "zh");
}
Judged<std::vector<CheckedRefund>> judge(const RefundProposal& proposal) {
  return judge_refunds({paid('1'), paid('2')}, proposal, kRefunds);
}

template <class T>
void expect_rejected(const Judged<T>& judged, Errc code, std::string_view param, std::string_view last_rule) {
  ASSERT_FALSE(judged.value.ok());
  EXPECT_EQ(judged.verdict.decision, Decision::reject);
  EXPECT_EQ(judged.verdict.error, judged.value.error());
  EXPECT_EQ(code_of(judged.value.code()), code_of(code)) << judged.value.error().message;
  EXPECT_EQ(judged.value.error().param, param);
  EXPECT_EQ(judged.verdict.evidence.back(), last_rule);
}

TEST(OrderPipelineTest, GivesTheServersFiguresOnly) {
  OrderProposal proposal = two_teas();
  proposal.lines[0].unit_price_fen = 19'950;
  proposal.total_fen = 39'900;
  const auto judged = judge(proposal);
  ASSERT_TRUE(judged.value.ok()) << judged.value.error().message;
  EXPECT_EQ(judged.verdict.decision, Decision::accept);
  EXPECT_EQ(judged.value->amount, fen(39'800));
  EXPECT_EQ(judged.value->lines, (std::vector<IntentLine>{{sku("TEA"), "西湖龙井茶", 2, fen(19'900)}}));
  EXPECT_EQ(judged.value->description, "西湖龙井茶 ×2");
  EXPECT_EQ(judged.value->catalogue_version, "v1");
}

TEST(OrderPipelineTest, TheOrderOfTheRulesIsFixed) {
  EXPECT_EQ(judge(two_teas()).verdict.evidence,
            (std::vector<std::string>{"catalogue_age", "order_lines", "order_currency", "order_amount", "order_total",
                                      "description"}));
}

TEST(OrderPipelineTest, ClaimsMayBeLeftOut) {
  OrderProposal proposal;
  proposal.lines = {{sku("TEA"), 2, std::nullopt}};
  EXPECT_EQ(check_order(samples::shop(), proposal, kOrders, "en")->amount, fen(39'800));
}

TEST(OrderPipelineTest, EachRuleRefuses) {
  OrderProposal proposal = two_teas();
  proposal.lines[0].sku = sku("NO");
  expect_rejected(judge(proposal), Errc::unknown_sku, "/lines/0/sku", "order_lines");
  proposal = two_teas();
  proposal.currency = "USD";
  expect_rejected(judge(proposal), Errc::currency_mismatch, "/currency", "order_currency");
  proposal = two_teas();
  expect_rejected(judge_order(samples::shop(), proposal, OrderPolicy{39'799, 50, 5}, "zh"),
                  Errc::order_amount_out_of_range, "/lines", "order_amount");
  proposal.total_fen = 40'000;
  expect_rejected(judge(proposal), Errc::total_mismatch, "/total_fen", "order_total");
}

TEST(OrderPipelineTest, ARuleThatOnlyWatchesCountsAndLetsPass) {
  OrderPolicy policy = kOrders;
  policy.catalogue_age_max = Millis(1);
  policy.now = from_millis(10'000);
  EXPECT_EQ(judge_order(samples::shop(), two_teas(), policy, "en").verdict.error.code, Errc::catalogue_stale);
  policy.watching = {"catalogue_age", "order_total", "order_lines"};
  const auto judged = judge_order(samples::shop(), two_teas(), policy, "en");
  EXPECT_EQ(judged.verdict.decision, Decision::accept);
  ASSERT_EQ(judged.verdict.shadow.size(), 1U);
  EXPECT_EQ(judged.verdict.shadow[0].rule, "catalogue_age");
  EXPECT_EQ(judged.verdict.shadow[0].code, Errc::catalogue_stale);
  // The rules that hold the money act whoever is said to watch.
  OrderProposal proposal = two_teas();
  proposal.total_fen = 1;
  EXPECT_EQ(judge_order(samples::shop(), proposal, policy, "en").verdict.error.code, Errc::total_mismatch);
}

TEST(RefundPipelineTest, GivesEachEntryItsServerAmount) {
  RefundProposal proposal = list({entry('1', std::nullopt), entry('2', std::nullopt), entry('1', 100)});
  proposal.entries[0].lines = {{sku("TEA"), 1}};
  proposal.entries[1].all = true;
  proposal.total_fen = 19'900 + 39'800 + 100;
  const auto judged = judge(proposal);
  ASSERT_TRUE(judged.value.ok()) << judged.value.error().message;
  ASSERT_EQ(judged.value->size(), 3u);
  EXPECT_EQ((*judged.value)[0].amount, fen(19'900));
  EXPECT_EQ((*judged.value)[1].amount, fen(39'800));
  EXPECT_EQ((*judged.value)[1].intent, intent_id('2'));
  EXPECT_EQ((*judged.value)[2].amount, fen(100));
  EXPECT_EQ((*judged.value)[2].reason, "茶罐破损");
  // What is given back in whole pieces is known by them.
  ASSERT_EQ(pieces_of((*judged.value)[0]).size(), 1u);
  EXPECT_EQ(pieces_of((*judged.value)[0])[0].sku, sku("TEA"));
  EXPECT_EQ(pieces_of((*judged.value)[0])[0].quantity, 1);
  EXPECT_TRUE(pieces_of((*judged.value)[1]).empty() && pieces_of((*judged.value)[2]).empty());
  proposal = list({entry('2', std::nullopt)});
  proposal.entries[0].lines = {{sku("TEA"), 0, rules::Share::half}};
  EXPECT_TRUE(pieces_of(judge(proposal).value->front()).empty());
}

TEST(RefundPipelineTest, TheOrderOfTheRulesIsFixed) {
  RefundProposal proposal = list({entry('1', std::nullopt)});
  proposal.entries[0].lines = {{sku("TEA"), 1}};
  EXPECT_EQ(judge(proposal).verdict.evidence,
            (std::vector<std::string>{"refund_list_size", "owned_intent", "refund_state", "refund_history",
                                      "refund_reason", "sensitive_words", "refund_lines", "refund_amount",
                                      "reason_truth", "refund_batch", "refund_limits"}));
}

TEST(RefundPipelineTest, WhatIsNotTheUsersIsNotFound) {
  const auto judged = judge(list({entry('1', 1), entry('9', 1)}));
  expect_rejected(judged, Errc::not_found, "/refunds/1/payment_intent", "owned_intent");
  EXPECT_EQ(judged.value.error().message, "there is no such payment in this conversation");
}

TEST(RefundPipelineTest, EachRuleRefuses) {
  expect_rejected(judge(list({})), Errc::json_out_of_range, "/refunds", "refund_list_size");
  expect_rejected(judge(list({entry('1', 1), entry('1', 1), entry('1', 1), entry('1', 1)})), Errc::json_out_of_range,
                  "/refunds", "refund_list_size");

  PaymentIntent pending = paid('1');
  pending.state = IntentState::awaiting_payment;
  expect_rejected(judge_refunds({pending}, list({entry('1', 1)}), kRefunds), Errc::refund_not_allowed,
                  "/refunds/0/payment_intent", "refund_state");

  RefundProposal proposal = list({entry('1', 1)});
  proposal.entries[0].reason = " ";
  expect_rejected(judge(proposal), Errc::refund_reason_invalid, "/refunds/0/reason", "refund_reason");
  proposal.entries[0].reason = "另赔偿5000元已到账";
  expect_rejected(judge(proposal), Errc::refund_reason_invalid, "/refunds/0/reason", "reason_truth");

  proposal = list({entry('1', std::nullopt)});
  expect_rejected(judge(proposal), Errc::json_missing_key, "/refunds/0", "sensitive_words");
  proposal.entries[0].lines = {{sku("TEA"), 3}};
  expect_rejected(judge(proposal), Errc::lines_exceed_order, "/refunds/0/lines/0/quantity", "refund_lines");
  proposal.entries[0].all = true;
  expect_rejected(judge(proposal), Errc::refund_amount_mismatch, "/refunds/0/all", "sensitive_words");

  proposal = list({entry('1', 39'799)});
  proposal.entries[0].all = true;
  expect_rejected(judge(proposal), Errc::refund_amount_mismatch, "/refunds/0/amount_fen", "refund_amount");
  expect_rejected(judge(list({entry('1', 39'801)})), Errc::refund_exceeds_remaining, "/refunds/0", "refund_batch");
  proposal = list({entry('1', 100)});
  proposal.total_fen = 101;
  expect_rejected(judge(proposal), Errc::refund_total_mismatch, "/total_fen", "refund_batch");
}

TEST(RefundPipelineTest, LinesOfOnePaymentCountOverTheWholeList) {
  RefundProposal proposal = list({entry('1', std::nullopt), entry('2', std::nullopt), entry('1', std::nullopt)});
  proposal.entries[0].lines = {{sku("TEA"), 1}};
  proposal.entries[1].lines = {{sku("TEA"), 2}};
  proposal.entries[2].lines = {{sku("TEA"), 1}};
  EXPECT_TRUE(judge(proposal).value.ok()) << "another payment's lines do not count";
  proposal.entries[2].lines = {{sku("TEA"), 2}};
  expect_rejected(judge(proposal), Errc::lines_exceed_order, "/refunds/2/lines/0/quantity", "refund_lines");
}

TEST(RefundPipelineTest, WhatEarlierRefundsNamedCounts) {
  const PaymentIntent bought = paid('1');
  const Sku first = bought.lines[0].sku;
  RefundPolicy policy = kRefunds;
  RefundProposal proposal = list({entry('1', std::nullopt)});
  proposal.entries[0].lines = {{first, 1}};
  EXPECT_TRUE(check_refunds({bought}, proposal, policy).ok());
  policy.lines_returned[intent_id('2')] = {{first, bought.lines[0].quantity}};
  EXPECT_TRUE(check_refunds({bought}, proposal, policy).ok()) << "another payment's lines do not count";
  policy.lines_returned[bought.id] = {{first, bought.lines[0].quantity}};
  EXPECT_EQ(check_refunds({bought}, proposal, policy).code(), Errc::lines_exceed_order);
}

TEST(RefundPipelineTest, EarlierEntriesOfTheListCountAsRefunds) {
  RefundPolicy policy = kRefunds;
  policy.count_max = 2;
  const std::vector<PaymentIntent> owned = {paid('1'), paid('2')};
  EXPECT_TRUE(check_refunds(owned, list({entry('1', 1), entry('2', 1), entry('1', 1)}), policy).ok());
  const auto third = judge_refunds(owned, list({entry('1', 1), entry('1', 1), entry('1', 1)}), policy);
  expect_rejected(third, Errc::refund_count_spent, "/refunds/2/payment_intent", "refund_history");
  policy.refunds_made[intent_id('1')] = 1;
  EXPECT_TRUE(check_refunds(owned, list({entry('1', 1), entry('2', 1), entry('2', 1)}), policy).ok());
  EXPECT_EQ(check_refunds(owned, list({entry('1', 1), entry('1', 1)}), policy).code(), Errc::refund_count_spent);
}

TEST(RefundPipelineTest, OneWayToSayHowMuch) {
  RefundProposal proposal = list({entry('1', std::nullopt)});
  proposal.entries[0].half = true;
  EXPECT_EQ(judge(proposal).value->front().amount, fen(19'900));
  proposal.entries[0].all = true;
  expect_rejected(judge(proposal), Errc::refund_amount_mismatch, "/refunds/0/half", "sensitive_words");
  proposal.entries[0].all = false;
  proposal.entries[0].lines = {{sku("TEA"), 1}};
  expect_rejected(judge(proposal), Errc::refund_amount_mismatch, "/refunds/0/half", "sensitive_words");
}

TEST(RefundPipelineTest, EachOfTheLimitsAsksAPerson) {
  const auto under = [](std::int64_t RefundPolicy::*limit, std::int64_t most) {
    RefundPolicy policy = kRefunds;
    policy.*limit = most;
    return judge_refunds({paid('1')}, list({entry('1', 100)}), policy).verdict.decision;
  };
  for (const auto limit : {&RefundPolicy::auto_limit_fen, &RefundPolicy::list_limit_fen, &RefundPolicy::user_limit_fen,
                           &RefundPolicy::tenant_limit_fen}) {
    EXPECT_EQ(under(limit, 100), Decision::accept);
    EXPECT_EQ(under(limit, 99), Decision::ask_operator);
  }
}

TEST(RefundPipelineTest, OnlyRulesThatMayWatchDo) {
  RefundPolicy policy = kRefunds;
  policy.watching = {"refund_history", "sensitive_words"};
  const auto judged = judge_refunds({paid('1')}, list({entry('1', 1)}), policy);
  EXPECT_EQ(judged.verdict.decision, Decision::accept);
  EXPECT_TRUE(judged.verdict.shadow.empty()) << "they had nothing to say";
  EXPECT_EQ(rules_that_may_watch().size(), 3U);
}

TEST(RefundPipelineTest, AllLeavesNothingForOthers) {
  RefundProposal proposal = list({entry('1', std::nullopt), entry('1', 1)});
  proposal.entries[0].all = true;
  expect_rejected(judge(proposal), Errc::refund_exceeds_remaining, "/refunds/1", "refund_batch");
}

TEST(RefundPipelineTest, AllOfWhatWasGivenBackIsNothing) {
  PaymentIntent done = paid('1');
  done.refunded = fen(39'800);
  RefundProposal proposal = list({entry('1', std::nullopt)});
  proposal.entries[0].all = true;
  expect_rejected(judge_refunds({done}, proposal, kRefunds), Errc::refund_exceeds_remaining, "/refunds/0",
                  "refund_batch");
}

TEST(RefundPipelineTest, AboveTheAutomaticLimitAPersonDecides) {
  const auto under = RefundPolicy{20'000, 0, 3, 80};
  const auto used = RefundPolicy{20'000, 19'000, 3, 80};
  const auto full = RefundPolicy{20'000, std::numeric_limits<std::int64_t>::max(), 3, 80};
  const std::vector<PaymentIntent> owned = {paid('1'), paid('2')};
  EXPECT_TRUE(judge_refunds(owned, list({entry('1', 20'000)}), under).value.ok());
  EXPECT_TRUE(judge_refunds(owned, list({entry('1', 1'000)}), used).value.ok());
  for (const auto& judged :
       {judge_refunds(owned, list({entry('1', 20'001)}), under),
        judge_refunds(owned, list({entry('1', 10'001), entry('2', 10'000)}), under),
        judge_refunds(owned, list({entry('1', 1'001)}), used), judge_refunds(owned, list({entry('1', 1)}), full)}) {
    ASSERT_FALSE(judged.value.ok());
    EXPECT_EQ(judged.verdict.decision, Decision::ask_operator);
    EXPECT_EQ(judged.value.code(), Errc::needs_operator);
  }
  EXPECT_EQ(check_refunds(owned, list({entry('1', 39'801)}), under).code(), Errc::refund_exceeds_remaining)
      << "a person is asked only about what is otherwise right";
}

TEST(DecisionTest, HasAWordForEach) {
  EXPECT_EQ(to_string(Decision::accept), "accept");
  EXPECT_EQ(to_string(Decision::reject), "reject");
  EXPECT_EQ(to_string(Decision::ask_user), "ask_user");
  EXPECT_EQ(to_string(Decision::ask_operator), "ask_operator");
}

TEST(RefundPipelineTest, ARuleThatOnlyWatchesCountsAndLetsPass) {
  RefundPolicy policy = kRefunds;
  policy.sensitive_words = {"broken"};
  policy.count_max = 1;
  policy.refunds_made[intent_id('1')] = 1;
  RefundProposal proposal = list({entry('1', 100)});
  proposal.entries[0].reason = "broken lid";
  EXPECT_FALSE(check_refunds({paid('1')}, proposal, policy).ok());
  policy.watching = {"refund_history"};
  EXPECT_FALSE(check_refunds({paid('1')}, proposal, policy).ok()) << "the words still count";
  policy.watching = {"refund_history", "sensitive_words", "refund_batch", "owned_intent", "refund_amount"};
  const auto judged = judge_refunds({paid('1')}, proposal, policy);
  EXPECT_EQ(judged.verdict.decision, Decision::accept);
  ASSERT_EQ(judged.verdict.shadow.size(), 2U);
  EXPECT_EQ(judged.verdict.shadow[0].rule, "refund_history");
  EXPECT_EQ(judged.verdict.shadow[1].rule, "sensitive_words");
  // The rules that hold the money act whoever is said to watch.
  EXPECT_EQ(check_refunds({}, proposal, policy).code(), Errc::not_found);
  proposal.total_fen = 1;
  EXPECT_EQ(check_refunds({paid('1')}, proposal, policy).code(), Errc::refund_total_mismatch);
}

}  // namespace
}  // namespace purser
