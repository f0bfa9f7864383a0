#include "tests/unit/gateway/sandbox/merchant.hpp"

namespace purser::sandbox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class OrdersTest : public RailTest {
 protected:
  std::string state_of(const std::string& number) { return body_of(query(number))["trade_state"]; }
  // The refused field of an altered order.
  std::string refused_field(json order, const std::string& type = "jsapi") {
    auto answer = create(order, type);
    EXPECT_EQ(answer.response.status, 400) << answer.response.body;
    EXPECT_EQ(code_of(answer), "PARAM_ERROR");
    return body_of(answer)["detail"]["field"];
  }
};

TEST_F(OrdersTest, each_kind_answers_with_its_own_handle) {
  auto jsapi = body_of(create(jsapi_order("order-jsapi"), "jsapi"));
  EXPECT_EQ(jsapi.size(), 1U);
  EXPECT_EQ(jsapi["prepay_id"].get<std::string>().size(), 36U);
  EXPECT_EQ(jsapi["prepay_id"].get<std::string>().substr(0, 10), "wx20260105");
  auto app = body_of(create(native_order("order-app"), "app"));
  EXPECT_EQ(app["prepay_id"].get<std::string>().substr(0, 2), "wx");
  auto native = body_of(create(native_order("order-native"), "native"));
  EXPECT_TRUE(native["code_url"].get<std::string>().starts_with("weixin://wxpay/bizpayurl?pr="));
  auto h5 = body_of(create(h5_order("order-h5"), "h5"));
  EXPECT_EQ(h5["h5_url"].get<std::string>().substr(0, 8), "https://");
}

TEST_F(OrdersTest, an_unpaid_order_lacks_what_only_a_payment_knows) {
  create(jsapi_order("order-001"));
  auto order = body_of(query("order-001"));
  EXPECT_EQ(order["trade_state"], "NOTPAY");
  EXPECT_EQ(order["trade_state_desc"], "订单未支付");
  EXPECT_EQ(order["amount"]["total"], 1'299);
  for (auto absent : {"transaction_id", "payer", "success_time", "attach", "trade_type"})
    EXPECT_FALSE(order.contains(absent)) << absent;
  EXPECT_FALSE(order["amount"].contains("payer_total"));
}

TEST_F(OrdersTest, a_paid_order_tells_everything) {
  create(jsapi_order("order-001"));
  advance(seconds(20));
  ASSERT_TRUE(rail.pay("order-001", "", now).ok());
  auto order = body_of(query("order-001"));
  EXPECT_EQ(order["trade_state"], "SUCCESS");
  EXPECT_EQ(order["appid"], test_credentials().appid);
  EXPECT_EQ(order["mchid"], test_credentials().mchid);
  EXPECT_EQ(order["attach"], "thread-7");
  EXPECT_EQ(order["payer"]["openid"], "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
  EXPECT_EQ(order["success_time"], "2026-01-05T18:00:20+08:00");
  EXPECT_EQ(order["trade_type"], "JSAPI");
  auto amount = json{{"total", 1'299}, {"payer_total", 1'299}, {"currency", "CNY"}, {"payer_currency", "CNY"}};
  EXPECT_EQ(order["amount"], amount);
  auto id = order["transaction_id"].get<std::string>();
  EXPECT_EQ(id.size(), 28U);
  EXPECT_EQ(id.substr(0, 5), "42000");
  auto by_id = call("GET", "/v3/pay/transactions/id/" + id + "?mchid=" + test_credentials().mchid);
  EXPECT_EQ(body_of(by_id), order);
  // A fault of this order meets it by either number.
  script({{{"call", "query"}, {"what", "http_500"}, {"out_trade_no", order["out_trade_no"]}}});
  const auto faulty = call("GET", "/v3/pay/transactions/id/" + id + "?mchid=" + test_credentials().mchid);
  EXPECT_EQ(faulty.response.status, 500);
}

TEST_F(OrdersTest, h5_payments_say_mweb) {
  create(h5_order("order-h5"), "h5");
  ASSERT_TRUE(rail.pay("order-h5", "", now).ok());
  EXPECT_EQ(body_of(query("order-h5"))["trade_type"], "MWEB");
}

TEST_F(OrdersTest, an_unknown_order_is_404) {
  auto answer = query("order-none");
  EXPECT_EQ(answer.response.status, 404);
  EXPECT_EQ(code_of(answer), "ORDER_NOT_EXIST");
  EXPECT_EQ(number_of(answer), "268512771");
  EXPECT_EQ(call("GET", "/v3/pay/transactions/id/4200000000?mchid=" + test_credentials().mchid).response.status, 404);
}

TEST_F(OrdersTest, a_query_needs_the_merchant_and_nothing_else) {
  create(jsapi_order("order-001"));
  const std::string path = "/v3/pay/transactions/out-trade-no/order-001";
  const auto& mchid = test_credentials().mchid;
  EXPECT_EQ(call("GET", path).response.status, 400);
  EXPECT_EQ(number_of(call("GET", path + "?mchid=1900000000")), "268447843");
  EXPECT_EQ(number_of(call("GET", path + "?mchid=" + mchid + "&a=1")), "270924358");
  EXPECT_EQ(call("GET", path + "?mchid=" + mchid).response.status, 200);
}

TEST_F(OrdersTest, a_number_in_the_path_may_be_percent_encoded) {
  create(jsapi_order("a|b*c-d_1"));
  EXPECT_EQ(query("a%7Cb%2ac-d_1").response.status, 200);
}

TEST_F(OrdersTest, the_same_order_again_is_a_fresh_handle) {
  auto first = body_of(create(jsapi_order("order-001")));
  auto again = create(jsapi_order("order-001"));
  EXPECT_EQ(again.response.status, 200);
  EXPECT_NE(body_of(again)["prepay_id"], first["prepay_id"]);
  EXPECT_EQ(rail.orders(now).size(), 1U);
}

TEST_F(OrdersTest, the_same_order_with_its_currency_written_out_is_the_same) {
  auto order = native_order("order-001");
  order["amount"].erase("currency");
  EXPECT_EQ(create(order, "native").response.status, 200);
  order["amount"]["currency"] = "CNY";
  EXPECT_EQ(create(order, "native").response.status, 200);
}

TEST_F(OrdersTest, the_device_of_a_paid_order_is_told) {
  auto order = native_order("order-001");
  order["scene_info"] = {{"payer_client_ip", "127.0.0.1"}, {"device_id", "till-7"}};
  create(order, "native");
  EXPECT_FALSE(body_of(query("order-001")).contains("scene_info"));
  ASSERT_TRUE(rail.pay("order-001", "", now).ok());
  EXPECT_EQ(body_of(query("order-001"))["scene_info"]["device_id"], "till-7");
}

TEST_F(OrdersTest, the_same_number_with_other_parameters_is_a_mismatch) {
  create(jsapi_order("order-001"));
  auto other = create(jsapi_order("order-001", 1'300));
  EXPECT_EQ(other.response.status, 400);
  EXPECT_EQ(code_of(other), "INVALID_REQUEST");
  EXPECT_EQ(number_of(other), "268498688");
  EXPECT_EQ(body_of(other)["message"], "请求重入时，参数与首次请求时不一致");
  auto longer = jsapi_order("order-001");
  longer["description"] = "乌龙茶";
  EXPECT_EQ(number_of(create(longer)), "268498688");
  EXPECT_EQ(number_of(create(native_order("order-001"), "native")), "268498688");
}

TEST_F(OrdersTest, the_same_body_on_another_path_is_a_mismatch) {
  create(native_order("order-001"), "native");
  EXPECT_EQ(number_of(create(native_order("order-001"), "app")), "268498688");
}

TEST_F(OrdersTest, a_paid_number_cannot_be_ordered_again_or_closed) {
  paid_order("order-001");
  auto again = create(jsapi_order("order-001"));
  EXPECT_EQ(again.response.status, 400);
  EXPECT_EQ(code_of(again), "ORDER_PAID");
  EXPECT_EQ(number_of(again), "268449538");
  auto closing = close("order-001");
  EXPECT_EQ(closing.response.status, 400);
  EXPECT_EQ(code_of(closing), "ORDER_PAID");
  EXPECT_EQ(state_of("order-001"), "SUCCESS");
}

TEST_F(OrdersTest, closing_is_204_signed_and_can_be_repeated) {
  create(jsapi_order("order-001"));
  for (int i = 0; i < 2; ++i) {
    auto answer = close("order-001");
    EXPECT_EQ(answer.response.status, 204);
    EXPECT_TRUE(answer.response.body.empty());
    EXPECT_TRUE(verify_signed(test_credentials(), answer.response.headers, "").ok());
  }
  EXPECT_EQ(state_of("order-001"), "CLOSED");
}

TEST_F(OrdersTest, a_closed_order_is_over) {
  create(jsapi_order("order-001"));
  close("order-001");
  auto again = create(jsapi_order("order-001"));
  EXPECT_EQ(code_of(again), "ORDER_CLOSED");
  EXPECT_EQ(number_of(again), "268447914");
  EXPECT_EQ(rail.pay("order-001", "", now).code(), Errc::illegal_transition);
  EXPECT_TRUE(rail.effects().empty());
}

TEST_F(OrdersTest, closing_an_unknown_order_is_404) {
  auto answer = close("order-none");
  EXPECT_EQ(answer.response.status, 404);
  EXPECT_EQ(code_of(answer), "ORDER_NOT_EXIST");
}

TEST_F(OrdersTest, closing_needs_the_merchants_number) {
  create(jsapi_order("order-001"));
  auto path = "/v3/pay/transactions/out-trade-no/order-001/close";
  EXPECT_EQ(call("POST", path, R"({"mchid":"1900000000"})").response.status, 400);
  EXPECT_EQ(call("POST", path, "{}").response.status, 400);
  EXPECT_EQ(call("POST", path).response.status, 400);
  EXPECT_EQ(state_of("order-001"), "NOTPAY");
}

TEST_F(OrdersTest, without_time_expire_an_order_is_payable_for_seven_days) {
  create(jsapi_order("order-001"));
  advance(hours(24 * 7));
  EXPECT_EQ(state_of("order-001"), "NOTPAY");
  advance(Millis(1));
  EXPECT_EQ(state_of("order-001"), "CLOSED");
}

TEST_F(OrdersTest, time_expire_is_the_last_payable_moment) {
  auto order = jsapi_order("order-001");
  order["time_expire"] = "2026-01-05T18:05:00+08:00";
  create(order);
  auto other = order;
  other["out_trade_no"] = "order-002";
  create(other);
  advance(minutes(5));
  EXPECT_TRUE(rail.pay("order-001", "", now).ok());
  advance(Millis(1));
  EXPECT_EQ(rail.pay("order-002", "", now).code(), Errc::illegal_transition);
  EXPECT_EQ(state_of("order-002"), "CLOSED");
  EXPECT_EQ(state_of("order-001"), "SUCCESS");
}

TEST_F(OrdersTest, time_expire_is_raised_to_one_minute_and_cut_to_90_days) {
  auto early = jsapi_order("order-early");
  early["time_expire"] = "2026-01-05T10:00:01Z";
  create(early);
  EXPECT_EQ(rail.orders(now).at("order-early").expires, now.life + minutes(1));
  auto late = jsapi_order("order-late");
  late["time_expire"] = "2027-01-05T10:00:00.5+08:00";
  create(late);
  EXPECT_EQ(rail.orders(now).at("order-late").expires, now.life + hours(24 * 90));
}

TEST_F(OrdersTest, re_entry_does_not_move_the_end) {
  auto order = jsapi_order("order-001");
  order["time_expire"] = "2026-01-05T18:05:00+08:00";
  create(order);
  advance(minutes(4));
  EXPECT_EQ(create(order).response.status, 200);
  advance(minutes(1) + Millis(1));
  EXPECT_EQ(state_of("order-001"), "CLOSED");
}

TEST_F(OrdersTest, a_prepay_id_lives_two_hours_and_re_entry_renews_it) {
  create(jsapi_order("order-001"));
  advance(hours(2) + Millis(1));
  EXPECT_EQ(rail.pay("order-001", "", now).code(), Errc::illegal_transition);
  EXPECT_EQ(state_of("order-001"), "NOTPAY");
  create(jsapi_order("order-001"));
  EXPECT_TRUE(rail.pay("order-001", "", now).ok());
}

TEST_F(OrdersTest, an_h5_link_lives_five_minutes) {
  create(h5_order("order-001"), "h5");
  create(h5_order("order-002"), "h5");
  advance(minutes(5));
  EXPECT_TRUE(rail.pay("order-001", "", now).ok());
  advance(Millis(1));
  EXPECT_FALSE(rail.pay("order-002", "", now).ok());
}

TEST_F(OrdersTest, an_order_is_paid_once_and_by_its_own_payer) {
  create(jsapi_order("order-001"));
  EXPECT_EQ(rail.pay("order-001", "somebody-else", now).code(), Errc::illegal_transition);
  EXPECT_TRUE(rail.pay("order-001", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", now).ok());
  EXPECT_EQ(rail.pay("order-001", "", now).code(), Errc::illegal_transition);
  EXPECT_EQ(rail.effects().size(), 1U);
  EXPECT_EQ(rail.effects()[0].fen, 1'299);
  EXPECT_EQ(rail.pay("order-none", "", now).code(), Errc::not_found);
}

TEST_F(OrdersTest, a_declined_attempt_changes_nothing_and_tells_nobody) {
  create(jsapi_order("order-001"));
  ASSERT_TRUE(rail.decline("order-001", now).ok());
  EXPECT_EQ(state_of("order-001"), "NOTPAY");
  EXPECT_TRUE(rail.take_deliveries(now).empty());
  EXPECT_TRUE(rail.pay("order-001", "", now).ok());
}

TEST_F(OrdersTest, required_fields_are_required) {
  for (auto name : {"appid", "mchid", "description", "out_trade_no", "notify_url", "amount"}) {
    auto order = jsapi_order("order-001");
    order.erase(name);
    EXPECT_EQ(refused_field(order), std::string("/") + name);
  }
  auto order = jsapi_order("order-001");
  order.erase("payer");
  EXPECT_EQ(number_of(create(order)), "268501013");
  EXPECT_EQ(refused_field(native_order("order-001"), "h5"), "/scene_info");
}

TEST_F(OrdersTest, strings_are_counted_in_characters_and_limited) {
  struct Limit {
    const char* name;
    std::size_t most;
  };
  for (auto [name, most] : {Limit{"description", 127}, Limit{"attach", 128}, Limit{"goods_tag", 32}}) {
    auto order = jsapi_order(std::string("order-") + name);
    std::string text;
    for (std::size_t i = 0; i < most; ++i) text += "茶";
    order[name] = text;
    EXPECT_EQ(create(order).response.status, 200) << name;
    order["out_trade_no"] = "order-too-long";
    order[name] = text + "a";
    EXPECT_EQ(refused_field(order), std::string("/") + name);
    order[name] = "";
    EXPECT_EQ(refused_field(order), std::string("/") + name);
  }
}

TEST_F(OrdersTest, out_trade_no_has_6_to_32_characters_of_its_alphabet) {
  for (auto bad : {"short", "order 1", "order/1", "订单编号一二", "order.001"})
    EXPECT_EQ(refused_field(jsapi_order(bad)), "/out_trade_no") << bad;
  EXPECT_EQ(refused_field(jsapi_order(std::string(33, 'a'))), "/out_trade_no");
  EXPECT_EQ(create(jsapi_order("123456")).response.status, 200);
  EXPECT_EQ(create(jsapi_order(std::string(32, 'Z'))).response.status, 200);
}

TEST_F(OrdersTest, the_amount_is_an_integer_of_at_least_one_fen) {
  auto with = [&](json total) {
    auto order = jsapi_order("order-001");
    order["amount"]["total"] = std::move(total);
    return refused_field(order);
  };
  for (const json& bad : {json(0), json(-1), json(1.0), json(12.5), json("1299"), json(true), json(10'000'000'001),
                          json(18'446'744'073'709'551'615U)})
    EXPECT_EQ(with(bad), "/amount/total") << bad;
  auto order = jsapi_order("order-001", 1);
  EXPECT_EQ(create(order).response.status, 200);
  auto dollars = jsapi_order("order-002");
  dollars["amount"]["currency"] = "USD";
  EXPECT_EQ(refused_field(dollars), "/amount/currency");
  auto silent = jsapi_order("order-003");
  silent["amount"].erase("currency");
  EXPECT_EQ(create(silent).response.status, 200);
}

TEST_F(OrdersTest, null_is_refused_wherever_it_stands) {
  auto order = jsapi_order("order-001");
  order["goods_tag"] = nullptr;
  EXPECT_EQ(refused_field(order), "/goods_tag");
  order = jsapi_order("order-001");
  order["amount"]["currency"] = nullptr;
  EXPECT_EQ(refused_field(order), "/currency");
}

TEST_F(OrdersTest, an_unknown_parameter_is_refused_at_any_depth) {
  auto order = jsapi_order("order-001");
  order["colour"] = "green";
  EXPECT_EQ(number_of(create(order)), "270924358");
  order = jsapi_order("order-001");
  order["amount"]["payer_total"] = 1;
  EXPECT_EQ(number_of(create(order)), "270924358");
  EXPECT_EQ(number_of(create(jsapi_order("order-001"), "native")), "270924358") << "payer belongs to jsapi";
  order = native_order("order-001");
  order["scene_info"] = {{"payer_client_ip", "127.0.0.1"}, {"h5_info", {{"type", "Wap"}}}};
  EXPECT_EQ(number_of(create(order, "native")), "270924358") << "h5_info belongs to h5";
  EXPECT_TRUE(rail.orders(now).empty());
}

TEST_F(OrdersTest, characters_of_four_bytes_are_refused) {
  auto order = jsapi_order("order-001");
  order["description"] = "tea \xF0\x9F\x8D\xB5";
  EXPECT_EQ(refused_field(order), "/description");
  auto escaped = jsapi_order("order-001").dump();
  escaped.replace(escaped.find("茉"), 3, "\\ud83c\\udf75");
  EXPECT_EQ(call("POST", "/v3/pay/transactions/jsapi", escaped).response.status, 400);
}

TEST_F(OrdersTest, doubled_keys_and_broken_json_are_refused) {
  auto text = jsapi_order("order-001").dump();
  auto doubled = "{\"out_trade_no\":\"order-009\"," + text.substr(1);
  for (const auto& bad : {doubled, text + "x", text.substr(0, text.size() - 1), std::string("[]"), std::string("1"),
                          text + std::string(1, '\0'), std::string("\"\xFF\""), std::string(100'000, '[')})
    EXPECT_EQ(call("POST", "/v3/pay/transactions/jsapi", bad).response.status, 400) << bad.substr(0, 40);
  EXPECT_TRUE(rail.orders(now).empty());
}

TEST_F(OrdersTest, appid_and_mchid_must_be_the_signers) {
  auto order = jsapi_order("order-001");
  order["mchid"] = "1900000000";
  EXPECT_EQ(refused_field(order), "/mchid");
  order = jsapi_order("order-001");
  order["appid"] = "wx0000000000000000";
  auto answer = create(order);
  EXPECT_EQ(code_of(answer), "APPID_MCHID_NOT_MATCH");
  EXPECT_EQ(number_of(answer), "268445527");
}

TEST_F(OrdersTest, notify_url_is_absolute_with_a_path_and_no_query) {
  for (const auto& bad :
       {std::string("/webhooks"), std::string("https://example.com"), std::string("ftp://example.com/a"),
        std::string("https:///a"), std::string("https://example.com/a?b=1"), std::string("https://example.com/a#b"),
        "https://example.com/" + std::string(236, 'a')}) {
    auto order = jsapi_order("order-001");
    order["notify_url"] = bad;
    EXPECT_EQ(refused_field(order), "/notify_url") << bad;
  }
  auto order = jsapi_order("order-001");
  order["notify_url"] = "https://example.com/" + std::string(235, 'a');
  EXPECT_EQ(create(order).response.status, 200);
}

TEST_F(OrdersTest, time_expire_must_be_a_time) {
  auto order = jsapi_order("order-001");
  order["time_expire"] = "tomorrow";
  EXPECT_EQ(refused_field(order), "/time_expire");
}

TEST_F(OrdersTest, the_full_set_of_optional_fields_is_taken) {
  auto order = h5_order("order-001");
  order["goods_tag"] = "WXG";
  order["support_fapiao"] = false;
  order["settle_info"] = {{"profit_sharing", false}};
  order["detail"] = {
      {"cost_price", 1'500},
      {"invoice_id", "inv-1"},
      {"goods_detail",
       json::array({{{"merchant_goods_id", "TEA-1"}, {"goods_name", "茶"}, {"quantity", 1}, {"unit_price", 1'299}}})}};
  order["scene_info"]["device_id"] = "01";
  order["scene_info"]["store_info"] = {{"id", "1"}, {"name", "店"}};
  EXPECT_EQ(create(order, "h5").response.status, 200);
  order["out_trade_no"] = "order-002";
  order["scene_info"]["payer_client_ip"] = "somewhere";
  EXPECT_EQ(refused_field(order, "h5"), "/scene_info/payer_client_ip");
  order["scene_info"]["payer_client_ip"] = "2001:db8::1";
  order["detail"]["goods_detail"][0].erase("quantity");
  EXPECT_EQ(refused_field(order, "h5"), "/detail/goods_detail/0/quantity");
}

class OtherChoicesTest : public RailTest {
 protected:
  OtherChoicesTest() : RailTest(choices()) {}
  static SandboxSettings choices() {
    SandboxSettings settings;
    settings.paid_code = "ORDERPAID";
    settings.close_unknown = true;
    return settings;
  }
};

TEST_F(OtherChoicesTest, open_points_of_the_protocol_can_be_chosen) {
  paid_order("order-001");
  EXPECT_EQ(code_of(create(jsapi_order("order-001"))), "ORDERPAID");
  EXPECT_EQ(close("order-none").response.status, 204);
}

}  // namespace
}  // namespace purser::sandbox
