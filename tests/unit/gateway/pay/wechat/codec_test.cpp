#include "gateway/pay/wechat/codec.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser::wechat {
namespace {

const Merchant kMerchant{"1900000001", "wxd678efh567hg6787"};
constexpr std::string_view kNotify = "https://pay.example.com/webhooks/wechat/acme";

PaymentIntent intent(TradeKind kind) {
  PaymentIntent out;
  out.amount = Money(1299, Currency::cny());
  out.description = "Image创意套餐 ×1";
  out.expires_at = from_millis(1'767'607'500'123);
  out.order.kind = kind;
  out.order.out_trade_no = OutTradeNo::trusted("A1b2C3d4E5f6G7h8I9j0K1l2M3n4");
  if (kind == TradeKind::mini_program) out.order.payer_openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
  return out;
}

Refund refund() {
  Refund out;
  out.out_refund_no = OutRefundNo::trusted("R1b2C3d4E5f6G7h8I9j0K1l2M3n4");
  out.amount = Money(300, Currency::cny());
  out.reason = "不喜欢 \"颜色\"";
  return out;
}

TEST(Codec, NativeOrder) {
  EXPECT_EQ(create_path(TradeKind::qr), "/v3/pay/transactions/native");
  EXPECT_EQ(order_body(intent(TradeKind::qr), kMerchant, OrderExtras(), kNotify).value(),
            R"({"appid":"wxd678efh567hg6787","mchid":"1900000001","description":"Image创意套餐 ×1",)"
            R"("out_trade_no":"A1b2C3d4E5f6G7h8I9j0K1l2M3n4","time_expire":"2026-01-05T18:05:00+08:00",)"
            R"("notify_url":"https://pay.example.com/webhooks/wechat/acme","amount":{"total":1299,"currency":"CNY"}})");
}

TEST(Codec, JsapiOrderNamesThePayer) {
  EXPECT_EQ(create_path(TradeKind::mini_program), "/v3/pay/transactions/jsapi");
  const std::string body = order_body(intent(TradeKind::mini_program), kMerchant, OrderExtras(), kNotify).value();
  EXPECT_TRUE(
      body.ends_with(R"("amount":{"total":1299,"currency":"CNY"},"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}})"));
  EXPECT_EQ(body, order_body(intent(TradeKind::mini_program), kMerchant, OrderExtras(), kNotify).value());
}

TEST(Codec, TheSceneGoesWithThePayersAddress) {
  OrderExtras extras;
  extras.device_id = "till-7";
  extras.store_id = "0755-1";
  extras.store_name = "南山店";
  PaymentIntent here = intent(TradeKind::qr);
  const auto scene = [&] {
    const auto body = nlohmann::json::parse(order_body(here, kMerchant, extras, kNotify).value());
    return body.value("scene_info", nlohmann::json()).dump();
  };
  EXPECT_EQ(scene(), "null");  // the rail takes no scene without the payer's address
  here.order.payer_ip = "14.23.150.211";
  EXPECT_EQ(scene(), R"({"device_id":"till-7","payer_client_ip":"14.23.150.211",)"
                     R"("store_info":{"id":"0755-1","name":"南山店"}})");
  extras = OrderExtras();
  EXPECT_EQ(scene(), R"({"payer_client_ip":"14.23.150.211"})");
  here.order.kind = TradeKind::h5;
  EXPECT_EQ(scene(), R"({"h5_info":{"type":"Wap"},"payer_client_ip":"14.23.150.211"})");
  extras.store_id = std::string(33, 'x');
  EXPECT_EQ(order_body(here, kMerchant, extras, kNotify).error().param, "store_id");
}

TEST(Codec, RefundAndClose) {
  EXPECT_EQ(refund_body(intent(TradeKind::qr), refund(), kNotify).value(),
            R"({"out_trade_no":"A1b2C3d4E5f6G7h8I9j0K1l2M3n4","out_refund_no":"R1b2C3d4E5f6G7h8I9j0K1l2M3n4",)"
            R"("reason":"不喜欢 \"颜色\"","notify_url":"https://pay.example.com/webhooks/wechat/acme",)"
            R"("amount":{"refund":300,"total":1299,"currency":"CNY"}})");
  Refund without = refund();
  without.reason.clear();
  EXPECT_EQ(refund_body(intent(TradeKind::qr), without, kNotify).value().find("reason"), std::string::npos);
  EXPECT_EQ(close_body(kMerchant), R"({"mchid":"1900000001"})");
}

TEST(Codec, PathsAreEncodedOnce) {
  EXPECT_EQ(query_path(OutTradeNo::trusted("a-b_c|d*e"), kMerchant),
            "/v3/pay/transactions/out-trade-no/a-b_c%7Cd%2Ae?mchid=1900000001");
  EXPECT_EQ(close_path(OutTradeNo::trusted("abcdef")), "/v3/pay/transactions/out-trade-no/abcdef/close");
  EXPECT_EQ(refund_path(), "/v3/refund/domestic/refunds");
  EXPECT_EQ(query_refund_path(OutRefundNo::trusted("a@b")), "/v3/refund/domestic/refunds/a%40b");
}

TEST(Codec, RefusesWhatTheRailWouldNotTake) {
  const auto param = [](const PaymentIntent& i, std::string_view notify = kNotify) {
    auto body = order_body(i, kMerchant, OrderExtras(), notify);
    return body.ok() ? "ok" : body.error().param;
  };
  PaymentIntent i = intent(TradeKind::qr);
  i.description = "";
  EXPECT_EQ(param(i), "description");
  std::string exactly;
  for (int k = 0; k < 127; ++k) exactly += "微";
  i.description = exactly;
  EXPECT_EQ(param(i), "ok");
  i.description = exactly + "微";
  EXPECT_EQ(param(i), "description");
  for (const char* text : {"smile \xf0\x9f\x98\x80", "broken \xff", "line\nbreak", "tab\t", "del\x7f"}) {
    i.description = text;
    EXPECT_EQ(param(i), "description") << text;
  }
  i = intent(TradeKind::mini_program);
  i.order.payer_openid.clear();
  EXPECT_EQ(param(i), "openid");
  i.order.payer_openid = std::string(129, 'o');
  EXPECT_EQ(param(i), "openid");
  i = intent(TradeKind::qr);
  EXPECT_EQ(param(i, "https://x.example/" + std::string(238, 'a')), "notify_url");
  i.order.out_trade_no = OutTradeNo();
  EXPECT_EQ(param(i), "out_trade_no");
  i = intent(TradeKind::qr);
  for (std::int64_t amount : {0, -1}) {
    i.amount = Money(amount, Currency::cny());
    EXPECT_EQ(order_body(i, kMerchant, OrderExtras(), kNotify).code(), Errc::amount_out_of_range);
  }
}

TEST(Codec, RefusesRefundsTheRailWouldNotTake) {
  const PaymentIntent i = intent(TradeKind::qr);
  Refund r = refund();
  r.amount = Money(1299, Currency::cny());
  EXPECT_TRUE(refund_body(i, r, kNotify).ok());
  r.amount = Money(1300, Currency::cny());
  EXPECT_EQ(refund_body(i, r, kNotify).code(), Errc::refund_exceeds_remaining);
  r.amount = Money(0, Currency::cny());
  EXPECT_EQ(refund_body(i, r, kNotify).code(), Errc::amount_out_of_range);
  r.amount = Money(1, Currency::parse("USD").value());
  EXPECT_EQ(refund_body(i, r, kNotify).code(), Errc::currency_mismatch);
  r = refund();
  r.reason = std::string(81, 'x');
  EXPECT_EQ(refund_body(i, r, kNotify).error().param, "reason");
  r = refund();
  r.out_refund_no = OutRefundNo();
  EXPECT_EQ(refund_body(i, r, kNotify).error().param, "out_refund_no");
}

TEST(Codec, ARefundOfTheWholeOrderNamesItsGoodsAndTheAccount) {
  PaymentIntent order = intent(TradeKind::qr);
  order.lines = {{Sku::trusted("TEA"), "龙井茶", 2, Money(600, Currency::cny())},
                 {Sku::trusted("CUP"), "茶杯", 1, Money(99, Currency::cny())}};
  Refund back = refund();
  back.amount = order.amount;
  OrderExtras extras;
  extras.goods_detail = true;
  extras.funds_account = "AVAILABLE";
  const auto body = nlohmann::json::parse(refund_body(order, back, kNotify, extras).value());
  EXPECT_EQ(body["funds_account"], "AVAILABLE");
  ASSERT_EQ(body["goods_detail"].size(), 2u);
  EXPECT_EQ(body["goods_detail"][0], (nlohmann::json{{"merchant_goods_id", "TEA"},
                                                     {"goods_name", "龙井茶"},
                                                     {"unit_price", 600},
                                                     {"refund_amount", 1200},
                                                     {"refund_quantity", 2}}));
  PaymentIntent one_piece = order;
  one_piece.lines = {{Sku::trusted("TEA"), "龙井茶", 1, Money(600, Currency::cny())}};
  back.amount = Money(600, Currency::cny());
  const auto part = nlohmann::json::parse(refund_body(one_piece, back, kNotify, extras).value());
  EXPECT_EQ(part["amount"]["total"], order.amount.minor());
  ASSERT_EQ(part["goods_detail"].size(), 1u);
  EXPECT_EQ(part["goods_detail"][0]["refund_quantity"], 1);
  EXPECT_EQ(part["goods_detail"][0]["refund_amount"], 600);
  back.amount = Money(order.amount.minor() - 1, Currency::cny());
  EXPECT_FALSE(nlohmann::json::parse(refund_body(order, back, kNotify, extras).value()).contains("goods_detail"));
  back.amount = order.amount;
  const auto plain = nlohmann::json::parse(refund_body(order, back, kNotify).value());
  EXPECT_FALSE(plain.contains("goods_detail") || plain.contains("funds_account"));
}

}  // namespace
}  // namespace purser::wechat
