#include "agent/turn/views.hpp"

#include "tests/support/samples.hpp"

#include <gtest/gtest.h>

#include <array>

namespace purser {
namespace {

using nlohmann::json;

TEST(StatusOf, is_the_table_of_the_contract) {
  const std::vector<std::pair<Errc, int>> table = {
      {Errc::json_malformed, 400},
      {Errc::json_unknown_key, 400},
      {Errc::malformed_id, 400},
      {Errc::malformed_text, 400},
      {Errc::request_malformed, 400},
      {Errc::idempotency_key_required, 400},
      {Errc::quantity_out_of_range, 400},
      {Errc::unauthorized, 401},
      {Errc::not_found, 404},
      {Errc::method_not_allowed, 405},
      {Errc::idempotency_in_flight, 409},
      {Errc::active_payment_exists, 409},
      {Errc::illegal_transition, 409},
      {Errc::thread_busy, 409},
      {Errc::cancel_not_allowed, 409},
      {Errc::price_mismatch, 409},
      {Errc::sku_not_on_sale, 409},
      {Errc::refund_not_allowed, 409},
      {Errc::rail_declined, 409},
      {Errc::json_too_large, 413},
      {Errc::unsupported_media_type, 415},
      {Errc::idempotency_conflict, 422},
      {Errc::rate_limited, 429},
      {Errc::internal, 500},
      {Errc::store_corrupt, 500},
      {Errc::store_unavailable, 503},
      {Errc::rail_unknown, 503},
      {Errc::shutting_down, 503},
      {Errc::overloaded, 503},
  };
  for (const auto& [code, status] : table) EXPECT_EQ(views::status_of(code), status) << code_of(code);
}

TEST(ErrorView, has_the_four_members) {
  const json view = views::error(Error(Errc::json_wrong_type, "this member is a string", "/text"));
  EXPECT_EQ(view, json::parse(R"({"error":{"type":"invalid_request_error","code":"json_wrong_type",
                                   "message":"this member is a string","param":"/text"}})"));
  EXPECT_TRUE(views::error(Errc::not_found)["error"]["param"].is_null());
  EXPECT_EQ(views::error(Errc::unauthorized)["error"]["type"], "authentication_error");
  EXPECT_EQ(views::error(Errc::idempotency_conflict)["error"]["type"], "idempotency_error");
  EXPECT_EQ(views::error(Errc::rate_limited)["error"]["type"], "rate_limit_error");
}

TEST(ErrorView, does_not_tell_the_inside_of_a_failure_of_ours) {
  const std::string text = views::error(Error(Errc::store_corrupt, "row 7 of /var/lib", "seq 7")).dump();
  EXPECT_EQ(text.find("/var"), std::string::npos);
  EXPECT_EQ(text.find("seq 7"), std::string::npos);
  EXPECT_NE(text.find("server_error"), std::string::npos);
}

TEST(IntentView, is_the_shape_of_the_contract) {
  PaymentIntent row = samples::paid('a');
  row.thread = ThreadId::trusted("thr_1");
  row.user = UserId::trusted("alice");
  row.channel = "wechat";
  row.order.out_trade_no = OutTradeNo::trusted("N123456");
  row.order.transaction_id = "4200";
  row.order.prepay_id = "wx-secret-prepay";
  row.order.payer_openid = "openid-of-alice";
  row.refunded = samples::fen(200);
  row.created_at = parse_time("2026-01-05T10:00:00Z").value();
  row.expires_at = parse_time("2026-01-05T10:05:00Z").value();
  row.settled_at = parse_time("2026-01-05T10:01:00.5Z").value();
  const json view = views::intent(row);
  EXPECT_EQ(view["object"], "payment_intent");
  EXPECT_EQ(view["state"], "succeeded");
  EXPECT_EQ(view["amount"], json::parse(R"({"value":39800,"currency":"CNY"})"));
  EXPECT_EQ(view["lines"], json::parse(R"([{"sku":"TEA","name":"西湖龙井茶","quantity":2,"unit_price":19900}])"));
  EXPECT_EQ(view["refunded"], 200);
  EXPECT_EQ(view["expires_at"], "2026-01-05T10:05:00Z");
  EXPECT_EQ(view["paid_at"], "2026-01-05T10:01:00.500Z");
  EXPECT_EQ(view["order"], json::parse(R"({"out_trade_no":"N123456","transaction_id":"4200"})"));
  EXPECT_EQ(view.dump().find("openid-of-alice"), std::string::npos);
  EXPECT_EQ(view.dump().find("wx-secret-prepay"), std::string::npos);
}

TEST(ThreadView, shows_user_and_metadata) {
  Thread row;
  row.id = ThreadId::trusted("thr_1");
  row.user = UserId::trusted("alice");
  row.metadata_json = R"({"table":"7"})";
  const json view = views::thread(row);
  EXPECT_EQ(view["object"], "thread");
  EXPECT_EQ(view["state"], "idle");
  EXPECT_EQ(view["metadata"]["table"], "7");
  EXPECT_EQ(view["user"], json::parse(R"({"id":"alice"})"));
}

TEST(MessageView, shows_calls_and_what_they_were_answered) {
  Message row;
  row.role = Role::assistant;
  row.calls.push_back({"call_1", "refund", "{\"a\":1}"});
  EXPECT_EQ(views::message(row)["tool_calls"],
            json::parse(R"([{"id":"call_1","name":"refund","arguments":"{\"a\":1}"}])"));
  Message answer;
  answer.role = Role::tool;
  answer.call_id = "call_1";
  EXPECT_EQ(views::message(answer)["tool_call_id"], "call_1");
  EXPECT_FALSE(views::message(answer).contains("tool_calls"));
  EXPECT_EQ(views::message(answer)["cards"], json::array());
}

TEST(RefundView, shows_the_amount_and_the_state) {
  Refund row;
  row.id = RefundId::trusted("re_1");
  row.amount = samples::fen(150);
  row.state = RefundState::processing;
  row.reason = "cold";
  const json view = views::refund(row);
  EXPECT_EQ(view["object"], "refund");
  EXPECT_EQ(view["state"], "processing");
  EXPECT_EQ(view["amount"]["value"], 150);
  EXPECT_FALSE(view.contains("settled_at"));
}

}  // namespace
}  // namespace purser
