#include "gateway/pay/wechat/answers.hpp"

#include "gateway/crypto/aead.hpp"
#include "tests/support/rail_signer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser::wechat {
namespace {

using nlohmann::json;
using test::RailSigner;

json paid_order() {
  return json::parse(R"({"appid":"wxd678efh567hg6787","mchid":"1900000001","out_trade_no":"order0001",
    "transaction_id":"4200000000202601051234567890","trade_type":"NATIVE","trade_state":"SUCCESS",
    "trade_state_desc":"支付成功","bank_type":"OTHERS","success_time":"2026-01-05T18:04:59+08:00",
    "payer":{"openid":"oUpF8u"},"amount":{"total":1299,"payer_total":1000,"currency":"CNY","payer_currency":"CNY"},
    "promotion_detail":[{"coupon_id":"1","amount":299}],"field_of_tomorrow":{"x":[1.5]}})");
}

json refund_answer() {
  return json::parse(R"({"refund_id":"5030","out_refund_no":"refund01","transaction_id":"42","out_trade_no":"order0001",
    "channel":"ORIGINAL","user_received_account":"x","create_time":"2026-01-05T18:00:00+08:00","status":"PROCESSING",
    "funds_account":"AVAILABLE","amount":{"total":1299,"refund":300,"payer_total":1299,"payer_refund":300,
    "settlement_refund":300,"settlement_total":1299,"discount_refund":0,"currency":"CNY","from":[]}})");
}

TEST(Answers, OrderHandle) {
  EXPECT_EQ(read_order_handle(R"({"prepay_id":"wx26"})", TradeKind::mini_program)->prepay_id, "wx26");
  EXPECT_EQ(read_order_handle(R"({"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuK","x":1})", TradeKind::qr)->code_url,
            "weixin://wxpay/bizpayurl?pr=p4lpSuK");
  for (const char* body :
       {"", "{}", "[]", R"({"prepay_id":"wx26"})", R"({"code_url":""})", R"({"code_url":null})", R"({"code_url":5})",
        R"({"code_url":"a b"})", R"({"code_url":"a\nb"})", R"({"code_url":"a","code_url":"b"})"}) {
    EXPECT_EQ(read_order_handle(body, TradeKind::qr).code(), Errc::reply_malformed) << body;
  }
}

TEST(Answers, PaidOrder) {
  const auto facts = read_order(paid_order().dump()).value();
  EXPECT_EQ(facts.mchid, "1900000001");
  EXPECT_EQ(facts.appid, "wxd678efh567hg6787");
  EXPECT_EQ(facts.out_trade_no.str(), "order0001");
  EXPECT_EQ(facts.transaction_id, "4200000000202601051234567890");
  EXPECT_EQ(facts.state, TradeState::paid);
  EXPECT_EQ(facts.total, Money(1299, Currency::cny()));  // not what a coupon left for the payer
  EXPECT_EQ(facts.payer_openid, "oUpF8u");
  EXPECT_EQ(format_time(facts.success_time), "2026-01-05T10:04:59Z");
}

TEST(Answers, UnpaidOrderLacksMuch) {
  const auto facts =
      read_order(
          R"({"appid":"a","mchid":"1","out_trade_no":"order0001","trade_state":"NOTPAY","trade_state_desc":"x"})")
          .value();
  EXPECT_EQ(facts.state, TradeState::not_paid);
  EXPECT_EQ(facts.total, Money());
  EXPECT_EQ(facts.success_time, UtcTime());
}

TEST(Answers, TradeStates) {
  const std::pair<const char*, TradeState> states[] = {
      {"NOTPAY", TradeState::not_paid}, {"USERPAYING", TradeState::not_paid}, {"SUCCESS", TradeState::paid},
      {"REFUND", TradeState::refunded}, {"CLOSED", TradeState::closed},       {"REVOKED", TradeState::other},
      {"PAYERROR", TradeState::other},  {"ACCEPT_LATER", TradeState::other},
  };
  for (const auto& [word, state] : states) {
    json order = paid_order();
    order["trade_state"] = word;
    EXPECT_EQ(read_order(order.dump())->state, state) << word;
  }
}

TEST(Answers, AnOrderThatCannotBeIsNone) {
  const std::pair<const char*, json> changes[] = {
      {"/out_trade_no", ""},          {"/out_trade_no", "no"},
      {"/trade_state", ""},           {"/transaction_id", ""},
      {"/amount/total", 12.99},       {"/amount/total", "1299"},
      {"/amount/total", -1},          {"/amount/total", 18446744073709551615ull},
      {"/amount/currency", "RMB"},    {"/amount/currency", 156},
      {"/success_time", "yesterday"}, {"/amount", json::array()},
      {"/payer", "oUpF8u"},
  };
  for (const auto& [where, value] : changes) {
    json order = paid_order();
    order[json::json_pointer(where)] = value;
    EXPECT_EQ(read_order(order.dump()).code(), Errc::reply_malformed) << where << " " << value;
  }
  EXPECT_EQ(read_order("<html>").code(), Errc::reply_malformed);
  EXPECT_EQ(read_order(R"({"amount":{"total":1,"total":1299}})").code(), Errc::reply_malformed);
}

TEST(Answers, TheOnlyCurrencyMayBeLeftOut) {
  json order = paid_order();
  order["amount"].erase("currency");
  EXPECT_EQ(read_order(order.dump())->total, Money(1299, Currency::cny()));
  order["amount"]["currency"] = "USD";
  EXPECT_EQ(read_order(order.dump())->total.currency().code(), "USD");
}

TEST(Answers, RefundStates) {
  const std::tuple<const char*, RefundEvent, Outcome> states[] = {
      {"PROCESSING", RefundEvent::rail_accepted, Outcome::pending},
      {"SUCCESS", RefundEvent::rail_succeeded, Outcome::succeeded},
      {"CLOSED", RefundEvent::rail_closed, Outcome::declined},
      {"ABNORMAL", RefundEvent::rail_abnormal, Outcome::pending},
      {"TOMORROW", RefundEvent::rail_unclear, Outcome::unknown},
  };
  for (const auto& [word, event, outcome] : states) {
    json refund = refund_answer();
    refund["status"] = word;
    const auto facts = read_refund(refund.dump()).value();
    EXPECT_EQ(facts.event, event) << word;
    EXPECT_EQ(outcome_of(facts.event), outcome) << word;
    refund.erase("status");
    refund["refund_status"] = word;
    EXPECT_EQ(read_refund(refund.dump())->event, event) << word;
  }
}

TEST(Answers, RefundFactsAreRead) {
  const auto facts = read_refund(refund_answer().dump()).value();
  EXPECT_EQ(facts.out_refund_no.str(), "refund01");
  EXPECT_EQ(facts.out_trade_no.str(), "order0001");
  EXPECT_EQ(facts.rail_refund_id, "5030");
  EXPECT_EQ(facts.refund, Money(300, Currency::cny()));
  EXPECT_EQ(facts.total, Money(1299, Currency::cny()));
  for (const char* key : {"out_refund_no", "out_trade_no", "status"}) {
    json refund = refund_answer();
    refund.erase(key);
    EXPECT_EQ(read_refund(refund.dump()).code(), Errc::reply_malformed) << key;
  }
}

TEST(Answers, ErrorsAreReadLeniently) {
  const auto plain =
      read_error(R"({"code":"PARAM_ERROR","message":"参数错误","detail":{"field":"/amount","value":1.5}})");
  EXPECT_EQ(plain.code, "PARAM_ERROR");
  EXPECT_EQ(plain.message, "参数错误");
  EXPECT_EQ(read_error(R"({"code":"SIGN_ERROR","message":"x","detail":{"detail":{"issue":"sign not match"}}})").code,
            "SIGN_ERROR");
  EXPECT_EQ(read_error(R"({"code":"A","message":5,"detail":"text"})").code, "A");
  for (const char* body : {"", "<html>502</html>", "[]", "{}", R"({"code":5})", R"({"code":"no code"})",
                           R"({"code":"ORDER_PAID","code":"PARAM_ERROR"})"}) {
    EXPECT_EQ(read_error(body).code, "") << body;
  }
  EXPECT_EQ(read_error(R"({"code":")" + std::string(65, 'A') + R"("})").code, "");
  std::string long_message;
  for (int i = 0; i < 400; ++i) long_message += "微";
  const std::string kept = read_error(R"({"code":"A","message":")" + long_message + R"("})").message;
  EXPECT_EQ(kept, long_message.substr(0, 510));  // whole characters, at most 512 bytes
}

class NotificationTest : public ::testing::Test {
 protected:
  Result<Notification> read(const std::string& body) const { return read_notification(body, key_, RailSigner::kMchid); }
  const Secret key_{std::string(RailSigner::kApiv3)};
};

TEST_F(NotificationTest, Payment) {
  const auto read_back = read(RailSigner::envelope("TRANSACTION.SUCCESS", paid_order().dump()));
  ASSERT_TRUE(read_back.ok());
  EXPECT_EQ(read_back->id, "EV-2018022511223320873");
  EXPECT_EQ(read_back->event_type, "TRANSACTION.SUCCESS");
  ASSERT_TRUE(read_back->order.has_value());
  EXPECT_EQ(read_back->order->total, Money(1299, Currency::cny()));
  EXPECT_FALSE(read_back->refund.has_value());
  EXPECT_EQ(read_back->plain, paid_order().dump());
}

TEST_F(NotificationTest, RefundHasNoCurrencyAndMayHaveNoOriginalType) {
  json refund =
      json::parse(R"({"mchid":"1900000001","transaction_id":"42","out_trade_no":"order0001","refund_id":"5030",
    "out_refund_no":"refund01","refund_status":"SUCCESS","success_time":"2026-01-05T18:00:00+08:00",
    "user_received_account":"x","amount":{"total":1299,"refund":300,"payer_total":1299,"payer_refund":300}})");
  json envelope = json::parse(RailSigner::envelope("REFUND.SUCCESS", refund.dump(), "refund"));
  envelope["resource"].erase("original_type");
  const auto read_back = read(envelope.dump());
  ASSERT_TRUE(read_back.ok());
  EXPECT_EQ(read_back->refund->event, RefundEvent::rail_succeeded);
  EXPECT_EQ(read_back->refund->refund, Money(300, Currency::cny()));
  refund["mchid"] = "1900000002";
  EXPECT_EQ(read(RailSigner::envelope("REFUND.SUCCESS", refund.dump(), "refund")).code(), Errc::notification_malformed);
}

TEST_F(NotificationTest, AbsentAssociatedDataIsEmpty) {
  json envelope = json::parse(RailSigner::envelope("TRANSACTION.SUCCESS", paid_order().dump(), ""));
  envelope["resource"].erase("associated_data");
  EXPECT_TRUE(read(envelope.dump()).ok());
}

TEST_F(NotificationTest, UnknownEventsPassThrough) {
  const auto read_back = read(RailSigner::envelope("PAYSCORE.USER_OPEN_SERVICE", "anything at all"));
  ASSERT_TRUE(read_back.ok());
  EXPECT_FALSE(read_back->order || read_back->refund);
  EXPECT_EQ(read_back->plain, "anything at all");
}

TEST_F(NotificationTest, WhatDoesNotDecryptIsRefused) {
  const std::string good = RailSigner::envelope("TRANSACTION.SUCCESS", paid_order().dump());
  const std::pair<const char*, const char*> changes[] = {
      {"/resource/algorithm", "AEAD_SM4_GCM"}, {"/resource/algorithm", ""},
      {"/resource/nonce", "abcdefghijk"},      {"/resource/nonce", "abcdefghijklm"},
      {"/resource/nonce", "abcdefghijkx"},     {"/resource/associated_data", "refund"},
      {"/resource/ciphertext", "QUJD"},        {"/resource/ciphertext", "not Base64"},
  };
  for (const auto& [where, value] : changes) {
    json body = json::parse(good);
    body[json::json_pointer(where)] = value;
    EXPECT_EQ(read(body.dump()).code(), Errc::decrypt_failed) << where << " " << value;
  }
  EXPECT_EQ(read_notification(good, Secret(std::string(32, 'x')), RailSigner::kMchid).code(), Errc::decrypt_failed);
  EXPECT_EQ(read_notification(good, Secret(std::string(16, 'x')), RailSigner::kMchid).code(), Errc::key_malformed);
}

TEST_F(NotificationTest, WhatLacksItsPartsIsMalformed) {
  for (const char* where : {"id", "event_type", "resource"}) {
    json body = json::parse(RailSigner::envelope("TRANSACTION.SUCCESS", paid_order().dump()));
    body.erase(where);
    EXPECT_EQ(read(body.dump()).code(), Errc::notification_malformed) << where;
    body[where] = 5;
    EXPECT_EQ(read(body.dump()).code(), Errc::notification_malformed) << where;
  }
  EXPECT_EQ(read("").code(), Errc::notification_malformed);
  EXPECT_EQ(read(RailSigner::envelope("TRANSACTION.SUCCESS", "not JSON")).code(), Errc::notification_malformed);
  EXPECT_EQ(read(RailSigner::envelope("REFUND.CLOSED", "{}")).code(), Errc::notification_malformed);
}

}  // namespace
}  // namespace purser::wechat
