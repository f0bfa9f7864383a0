#include "tests/unit/gateway/sandbox/merchant.hpp"

namespace purser::sandbox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RefundsTest : public RailTest {
 protected:
  std::int64_t refunded() const {
    std::int64_t sum = 0;
    for (const auto& effect : rail.effects()) sum += effect.kind == Effect::Kind::refund ? effect.fen : 0;
    return sum;
  }
};

TEST_F(RefundsTest, a_refund_is_accepted_as_processing_and_becomes_success_after_the_delay) {
  paid_order("order-001");
  auto answer = refund(refund_of("order-001", "refund-1", 300));
  ASSERT_EQ(answer.response.status, 200) << answer.response.body;
  auto body = body_of(answer);
  EXPECT_EQ(body["status"], "PROCESSING");
  EXPECT_EQ(body["out_refund_no"], "refund-1");
  EXPECT_EQ(body["out_trade_no"], "order-001");
  EXPECT_EQ(body["channel"], "ORIGINAL");
  EXPECT_EQ(body["create_time"], "2026-01-05T18:00:00+08:00");
  EXPECT_EQ(body["amount"]["refund"], 300);
  EXPECT_EQ(body["amount"]["total"], 1'299);
  EXPECT_EQ(body["amount"]["payer_refund"], 300);
  EXPECT_EQ(body["amount"]["currency"], "CNY");
  EXPECT_FALSE(body.contains("success_time"));
  EXPECT_EQ(refunded(), 0);
  advance(Millis(999));
  EXPECT_EQ(body_of(query_refund("refund-1"))["status"], "PROCESSING");
  advance(Millis(1));
  auto done = body_of(query_refund("refund-1"));
  EXPECT_EQ(done["status"], "SUCCESS");
  EXPECT_EQ(done["success_time"], "2026-01-05T18:00:01+08:00");
  EXPECT_EQ(refunded(), 300);
}

TEST_F(RefundsTest, a_query_sees_what_has_fallen_due_even_when_nobody_watched) {
  paid_order("order-001");
  refund(refund_of("order-001", "refund-1", 300));
  now.life += seconds(1);
  EXPECT_EQ(body_of(query_refund("refund-1"))["status"], "SUCCESS");
}

TEST_F(RefundsTest, the_order_says_refund_and_stays_paid) {
  paid_order("order-001");
  refund(refund_of("order-001", "refund-1", 300));
  auto order = body_of(query("order-001"));
  EXPECT_EQ(order["trade_state"], "REFUND");
  EXPECT_EQ(order["amount"]["total"], 1'299);
  EXPECT_TRUE(order.contains("transaction_id"));
}

TEST_F(RefundsTest, one_number_refunds_once) {
  paid_order("order-001");
  auto first = body_of(refund(refund_of("order-001", "refund-1", 300)));
  advance(seconds(5));
  auto again = refund(refund_of("order-001", "refund-1", 300));
  EXPECT_EQ(again.response.status, 200);
  EXPECT_EQ(body_of(again)["refund_id"], first["refund_id"]);
  EXPECT_EQ(body_of(again)["status"], "SUCCESS");
  EXPECT_EQ(refunded(), 300);
  EXPECT_EQ(rail.refunds().size(), 1U);
}

TEST_F(RefundsTest, the_same_number_with_other_parameters_is_refused) {
  paid_order("order-001");
  refund(refund_of("order-001", "refund-1", 300));
  auto other = refund(refund_of("order-001", "refund-1", 301));
  EXPECT_EQ(other.response.status, 400);
  EXPECT_EQ(code_of(other), "INVALID_REQUEST");
}

TEST_F(RefundsTest, the_sum_of_refunds_never_passes_the_order) {
  paid_order("order-001");
  EXPECT_EQ(refund(refund_of("order-001", "refund-1", 1'300)).response.status, 400);
  EXPECT_EQ(refund(refund_of("order-001", "refund-1", 1'000)).response.status, 200);
  advance(minutes(1));
  EXPECT_EQ(refund(refund_of("order-001", "refund-2", 300)).response.status, 400);
  EXPECT_EQ(refund(refund_of("order-001", "refund-2", 299)).response.status, 200);
  advance(minutes(1));
  EXPECT_EQ(refund(refund_of("order-001", "refund-3", 1)).response.status, 400);
  EXPECT_EQ(refunded(), 1'299);
}

TEST_F(RefundsTest, a_pending_refund_counts_against_the_order_too) {
  paid_order("order-001");
  script(json::array({{{"call", "refund"}, {"what", "processing"}}}));
  refund(refund_of("order-001", "refund-1", 1'000));
  advance(minutes(5));
  EXPECT_EQ(refund(refund_of("order-001", "refund-2", 300)).response.status, 400);
}

TEST_F(RefundsTest, two_refunds_of_one_order_are_a_minute_apart) {
  paid_order("order-001");
  paid_order("order-002");
  refund(refund_of("order-001", "refund-1", 100));
  EXPECT_EQ(refund(refund_of("order-002", "refund-a", 100)).response.status, 200) << "another order need not wait";
  advance(minutes(1) - Millis(1));
  auto soon = refund(refund_of("order-001", "refund-2", 100));
  EXPECT_EQ(soon.response.status, 429);
  EXPECT_EQ(code_of(soon), "FREQUENCY_LIMITED");
  EXPECT_EQ(query_refund("refund-2").response.status, 404) << "what is refused leaves no trace";
  advance(Millis(1));
  EXPECT_EQ(refund(refund_of("order-001", "refund-2", 100)).response.status, 200);
}

TEST_F(RefundsTest, an_order_has_at_most_fifty_refunds) {
  paid_order("order-001");
  for (int i = 1; i <= 50; ++i) {
    ASSERT_EQ(refund(refund_of("order-001", "refund-" + std::to_string(i), 1)).response.status, 200) << i;
    advance(minutes(1));
  }
  auto beyond = refund(refund_of("order-001", "refund-51", 1));
  EXPECT_EQ(beyond.response.status, 403);
  EXPECT_EQ(code_of(beyond), "RULE_LIMIT");
}

TEST_F(RefundsTest, a_year_after_the_payment_it_is_too_late) {
  paid_order("order-001");
  paid_order("order-002");
  advance(hours(24 * 365));
  EXPECT_EQ(refund(refund_of("order-001", "refund-1", 1)).response.status, 200);
  advance(Millis(1));
  EXPECT_EQ(refund(refund_of("order-002", "refund-2", 1)).response.status, 400);
}

TEST_F(RefundsTest, the_total_must_be_the_orders) {
  paid_order("order-001");
  EXPECT_EQ(refund(refund_of("order-001", "refund-1", 100, 1'300)).response.status, 400);
  EXPECT_EQ(refund(refund_of("order-001", "refund-1", 100, 1'298)).response.status, 400);
}

TEST_F(RefundsTest, an_order_that_is_not_paid_cannot_be_refunded) {
  create(jsapi_order("order-001"));
  auto refused = [&] {
    auto answer = refund(refund_of("order-001", "refund-1", 100));
    EXPECT_EQ(answer.response.status, 400);
    EXPECT_EQ(code_of(answer), "INVALID_REQUEST");
    return body_of(answer)["message"].get<std::string>();
  };
  EXPECT_NE(refused().find("未支付"), std::string::npos);
  close("order-001");
  EXPECT_NE(refused().find("未支付"), std::string::npos);
  auto unknown = refund(refund_of("order-none", "refund-1", 100));
  EXPECT_EQ(unknown.response.status, 404);
  EXPECT_EQ(code_of(unknown), "RESOURCE_NOT_EXISTS");
}

TEST_F(RefundsTest, the_transaction_id_wins_over_the_order_number) {
  paid_order("order-001");
  paid_order("order-002");
  auto request = refund_of("order-001", "refund-1", 100);
  request["transaction_id"] = body_of(query("order-002"))["transaction_id"];
  EXPECT_EQ(body_of(refund(request))["out_trade_no"], "order-002");
}

TEST_F(RefundsTest, one_of_the_two_numbers_is_required) {
  paid_order("order-001");
  auto request = refund_of("order-001", "refund-1", 100);
  request.erase("out_trade_no");
  EXPECT_EQ(refund(request).response.status, 400);
}

TEST_F(RefundsTest, fields_are_checked_like_those_of_orders) {
  paid_order("order-001");
  auto refused = [&](const char* name, json value) {
    auto request = refund_of("order-001", "refund-1", 100);
    request[json::json_pointer(name)] = std::move(value);
    auto answer = refund(request);
    EXPECT_EQ(answer.response.status, 400) << name << answer.response.body;
    return body_of(answer)["detail"]["field"] == name;
  };
  std::string reason;
  for (int i = 0; i < 81; ++i) reason += "退";
  EXPECT_TRUE(refused("/reason", reason));
  EXPECT_TRUE(refused("/out_refund_no", std::string(65, 'a')));
  EXPECT_TRUE(refused("/out_refund_no", "refund 1"));
  EXPECT_TRUE(refused("/amount/refund", 0));
  EXPECT_TRUE(refused("/amount/refund", 1.5));
  EXPECT_TRUE(refused("/amount/currency", "USD"));
  const json available{{"account", "AVAILABLE"}, {"amount", 60}};
  EXPECT_TRUE(refused("/amount/from", json::array({available, available})));
  EXPECT_TRUE(refused("/notify_url", "https://example.com/a?b"));
  EXPECT_TRUE(refused("/funds_account", "BASIC"));
  EXPECT_TRUE(refused("/mchid", "1900000001"));
  auto silent = refund_of("order-001", "refund-1", 100);
  silent["amount"].erase("currency");
  EXPECT_EQ(body_of(refund(silent))["detail"]["field"], "/amount/currency");
  EXPECT_EQ(refund(refund_of("order-001", std::string(64, '@'), 100)).response.status, 200);
}

TEST_F(RefundsTest, an_unknown_refund_is_404_and_a_query_takes_no_parameters) {
  auto unknown = query_refund("refund-none");
  EXPECT_EQ(unknown.response.status, 404);
  EXPECT_EQ(code_of(unknown), "RESOURCE_NOT_EXISTS");
  paid_order("order-001");
  refund(refund_of("order-001", "refund-1", 100));
  auto extra = call("GET", "/v3/refund/domestic/refunds/refund-1?mchid=" + test_credentials().mchid);
  EXPECT_EQ(number_of(extra), "270924358");
}

TEST_F(RefundsTest, a_refund_can_be_scripted_to_end_badly) {
  paid_order("order-001");
  script(
      json::array({{{"call", "refund"}, {"what", "abnormal"}}, {{"call", "refund"}, {"what", "closed"}, {"nth", 2}}}));
  refund(refund_of("order-001", "refund-1", 100));
  advance(minutes(1));
  EXPECT_EQ(body_of(query_refund("refund-1"))["status"], "ABNORMAL");
  refund(refund_of("order-001", "refund-2", 1'199));
  advance(minutes(1));
  EXPECT_EQ(body_of(query_refund("refund-2"))["status"], "CLOSED");
  EXPECT_EQ(refunded(), 0);
  EXPECT_EQ(refund(refund_of("order-001", "refund-3", 1'199)).response.status, 200)
      << "a closed refund gives its amount back";
}

TEST_F(RefundsTest, not_enough_money_leaves_the_number_free_for_later) {
  paid_order("order-001");
  script(json::array({{{"call", "refund"}, {"what", "not_enough"}}}));
  auto answer = refund(refund_of("order-001", "refund-1", 100));
  EXPECT_EQ(answer.response.status, 403);
  EXPECT_EQ(code_of(answer), "NOT_ENOUGH");
  EXPECT_EQ(refund(refund_of("order-001", "refund-1", 100)).response.status, 200);
}

}  // namespace
}  // namespace purser::sandbox
