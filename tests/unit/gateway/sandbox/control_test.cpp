#include "tests/unit/gateway/sandbox/merchant.hpp"

namespace purser::sandbox {
namespace {

class ControlTest : public RailTest {
 protected:
  ControlTest() : control(rail, {[this](Millis by) { moved += by; }, [this] { moved = Millis(0); }}) {}

  http::Response ask(std::string method, std::string path, std::string body = {}) {
    http::Request request;
    request.method = std::move(method);
    request.path = request.target = std::move(path);
    request.body = std::move(body);
    return control.handle(request, now);
  }
  json post(const std::string& path, const json& body, int status = 200) {
    auto answer = ask("POST", path, body.dump());
    EXPECT_EQ(answer.status, status) << answer.body;
    return json::parse(answer.body);
  }
  json get(const std::string& path) {
    auto answer = ask("GET", path);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body);
  }

  Millis moved{0};
  Control control;
};

TEST_F(ControlTest, pay_pays_and_queues_the_callback) {
  create(jsapi_order("order-001"));
  EXPECT_EQ(post("/sandbox/pay", {{"out_trade_no", "order-001"}})["trade_state"], "SUCCESS");
  EXPECT_EQ(rail.take_deliveries(now).size(), 1U);
}

TEST_F(ControlTest, pay_takes_an_openid_where_the_order_has_none) {
  create(native_order("order-001"), "native");
  auto paid = post("/sandbox/pay", {{"out_trade_no", "order-001"}, {"openid", "oWho"}});
  EXPECT_EQ(paid["payer"]["openid"], "oWho");
}

TEST_F(ControlTest, what_cannot_be_paid_is_refused_with_a_reason) {
  EXPECT_EQ(post("/sandbox/pay", {{"out_trade_no", "order-none"}}, 404)["error"]["param"], "out_trade_no");
  paid_order("order-001");
  EXPECT_EQ(post("/sandbox/pay", {{"out_trade_no", "order-001"}}, 409)["error"]["message"],
            "the order is paid already");
}

TEST_F(ControlTest, decline_leaves_the_order_open) {
  create(jsapi_order("order-001"));
  EXPECT_EQ(post("/sandbox/decline", {{"out_trade_no", "order-001"}})["trade_state"], "NOTPAY");
  EXPECT_EQ(get("/sandbox/orders")["orders"][0]["attempts_declined"], 1);
}

TEST_F(ControlTest, the_merchant_gives_back_by_hand_in_parts_and_never_more_than_was_paid) {
  create(jsapi_order("order-001"));
  EXPECT_EQ(post("/sandbox/refund", {{"out_trade_no", "order-001"}}, 409)["error"]["param"], "out_trade_no");
  EXPECT_EQ(post("/sandbox/refund", {{"out_trade_no", "order-none"}}, 404)["error"]["param"], "out_trade_no");
  post("/sandbox/pay", {{"out_trade_no", "order-001"}});
  rail.take_deliveries(now);
  const std::int64_t total = get("/sandbox/orders")["orders"][0]["amount"]["total"];
  EXPECT_EQ(post("/sandbox/refund", {{"out_trade_no", "order-001"}, {"fen", 1}})["amount"]["refund"], 1);
  EXPECT_EQ(post("/sandbox/refund", {{"out_trade_no", "order-001"}, {"fen", total}}, 409)["error"]["param"], "fen");
  for (const char* bad : {"0", "-1", "1.5", "1e3", "\"5\"", "9223372036854775808", "99999999999999999999"})
    EXPECT_EQ(
        post("/sandbox/refund", {{"out_trade_no", "order-001"}, {"fen", json::parse(bad)}}, 400)["error"]["param"],
        "fen")
        << bad;
  EXPECT_EQ(post("/sandbox/refund", {{"out_trade_no", "order-001"}})["amount"]["refund"], total - 1);
  post("/sandbox/refund", {{"out_trade_no", "order-001"}}, 409);
  now.life += std::chrono::minutes(1);
  rail.settle(now);
  EXPECT_EQ(rail.take_deliveries(now).size(), 2U);
  EXPECT_EQ(get("/sandbox/orders")["effects"].size(), 3U);
}

TEST_F(ControlTest, the_merchants_hand_keeps_the_bounds_of_the_rail) {
  paid_order("order-001");
  for (int i = 0; i < 50; ++i) post("/sandbox/refund", {{"out_trade_no", "order-001"}, {"fen", 1}});
  EXPECT_EQ(post("/sandbox/refund", {{"out_trade_no", "order-001"}, {"fen", 1}}, 409)["error"]["message"],
            "out_trade_no: 50 refunds were made of it");
  paid_order("order-002");
  now.life += std::chrono::hours(24 * 365);
  post("/sandbox/refund", {{"out_trade_no", "order-002"}, {"fen", 1}});
  now.life += std::chrono::seconds(1);
  EXPECT_EQ(post("/sandbox/refund", {{"out_trade_no", "order-002"}, {"fen", 1}}, 409)["error"]["message"],
            "out_trade_no: paid more than a year ago");
}

TEST_F(ControlTest, faults_replace_the_script) {
  EXPECT_EQ(post("/sandbox/faults", json::parse(R"([{"call":"create","what":"http_500"}])"))["faults"], 1);
  EXPECT_EQ(create(jsapi_order("order-001")).response.status, 500);
  const auto unmet = post("/sandbox/faults", json::parse(R"({"faults":[{"call":"refund","what":"http_500"}]})"));
  EXPECT_EQ(unmet["unused"], json::array()) << "the one before has happened";
  EXPECT_EQ(post("/sandbox/faults", json::parse(R"({"faults":[{"call":"create","what":"http_429"}]})"))["unused"],
            json::array({0}));
  EXPECT_EQ(create(jsapi_order("order-001")).response.status, 429);
  post("/sandbox/faults", json::array());
  EXPECT_EQ(create(jsapi_order("order-001")).response.status, 200);
}

TEST_F(ControlTest, a_bad_script_changes_nothing_and_names_field_and_rule) {
  post("/sandbox/faults", json::parse(R"([{"call":"create","what":"http_500"}])"));
  auto error = post("/sandbox/faults", json::parse(R"([{"call":"create","what":"explode"}])"), 400)["error"];
  EXPECT_EQ(error["code"], "request_malformed");
  EXPECT_EQ(error["param"], "/0/what");
  EXPECT_NE(error["message"].get<std::string>().find("timeout_after"), std::string::npos) << "says what is allowed";
  EXPECT_EQ(create(jsapi_order("order-001")).response.status, 500);
}

TEST_F(ControlTest, the_clock_is_moved_by_the_hook) {
  EXPECT_EQ(post("/sandbox/clock", {{"advance", "300s"}})["advanced_ms"], 300'000);
  EXPECT_EQ(moved, Millis(300'000));
  for (auto bad : {"300", "-1s", ""}) {
    EXPECT_EQ(post("/sandbox/clock", {{"advance", bad}}, 400)["error"]["param"], "advance");
  }
  EXPECT_EQ(moved, Millis(300'000));
}

TEST_F(ControlTest, orders_show_states_refunds_and_what_moved) {
  paid_order("order-001");
  create(native_order("order-002"), "native");
  refund(refund_of("order-001", "refund-1", 300));
  now.life += Millis(1'000);
  auto seen = get("/sandbox/orders");
  ASSERT_EQ(seen["orders"].size(), 2U);
  EXPECT_EQ(seen["orders"][0]["trade_state"], "REFUND");
  EXPECT_EQ(seen["orders"][0]["refunds"][0]["status"], "SUCCESS");
  EXPECT_EQ(seen["orders"][1]["trade_state"], "NOTPAY");
  EXPECT_EQ(seen["orders"][1]["path"], "native");
  ASSERT_EQ(seen["effects"].size(), 2U);
  EXPECT_EQ(seen["effects"][0]["kind"], "capture");
  EXPECT_EQ(seen["effects"][0]["fen"], 1'299);
  EXPECT_EQ(seen["effects"][1]["kind"], "refund");
  EXPECT_EQ(seen["effects"][1]["out_refund_no"], "refund-1");
}

TEST_F(ControlTest, traffic_and_webhooks_are_shown) {
  paid_order("order-001");
  auto traffic = get("/sandbox/traffic")["traffic"];
  ASSERT_EQ(traffic.size(), 1U);
  EXPECT_EQ(traffic[0]["call"], "create");
  EXPECT_EQ(traffic[0]["verdict"], "ok");
  auto webhooks = get("/sandbox/webhooks")["webhooks"];
  ASSERT_EQ(webhooks.size(), 1U);
  EXPECT_EQ(webhooks[0]["state"], "delivered");
  EXPECT_EQ(webhooks[0]["attempts"][0]["result"], "200");
}

TEST_F(ControlTest, reset_forgets_everything) {
  paid_order("order-001");
  refund(refund_of("order-001", "refund-1", 300));
  post("/sandbox/faults", json::parse(R"([{"call":"create","what":"http_500"}])"));
  post("/sandbox/clock", {{"advance", "25h"}});
  EXPECT_EQ(ask("POST", "/sandbox/reset").status, 200);
  EXPECT_EQ(moved, Millis(0));
  EXPECT_TRUE(get("/sandbox/orders")["orders"].empty());
  EXPECT_TRUE(get("/sandbox/orders")["effects"].empty());
  EXPECT_TRUE(get("/sandbox/traffic")["traffic"].empty());
  EXPECT_TRUE(get("/sandbox/webhooks")["webhooks"].empty());
  EXPECT_EQ(create(jsapi_order("order-001")).response.status, 200);
}

TEST_F(ControlTest, bad_input_names_the_field_and_the_rule) {
  auto param = [&](const char* body) {
    auto answer = ask("POST", "/sandbox/pay", body);
    EXPECT_EQ(answer.status, 400) << body;
    return json::parse(answer.body)["error"]["param"].get<std::string>();
  };
  EXPECT_EQ(param("{"), "body");
  EXPECT_EQ(param("[]"), "body");
  EXPECT_EQ(param(""), "body");
  EXPECT_EQ(param("{}"), "out_trade_no");
  EXPECT_EQ(param(R"({"out_trade_no":1})"), "out_trade_no");
  EXPECT_EQ(param(R"({"out_trade_no":"order-001","amount":"1"})"), "amount");
  EXPECT_EQ(param(R"({"out_trade_no":"order-001","out_trade_no":"order-002"})"), "/out_trade_no");
}

TEST_F(ControlTest, unknown_paths_and_methods) {
  EXPECT_EQ(ask("POST", "/sandbox/nothing").status, 404);
  EXPECT_EQ(ask("GET", "/sandbox/pay").status, 405);
  EXPECT_EQ(ask("POST", "/sandbox/orders").status, 405);
  EXPECT_TRUE(Control::owns("/sandbox/pay"));
  EXPECT_FALSE(Control::owns("/v3/certificates"));
}

}  // namespace
}  // namespace purser::sandbox
