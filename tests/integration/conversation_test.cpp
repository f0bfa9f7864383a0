// The whole product over HTTP: the real binary, the sandbox, a customer.
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <signal.h>

namespace purser::test {
namespace {

Json card_of(const Json& reply, const std::string& type) {
  for (const Json& card : reply.at("cards"))
    if (card.value("type", "") == type) return card;
  return Json();
}

class Conversation : public ::testing::Test {
 protected:
  Conversation() : serve_({"database.url=sqlite://" + folder_.file("purser.db")}, {}) {}

  void SetUp() override { ASSERT_TRUE(serve_.ready()) << serve_.child().errors(); }

  Json sandbox(const std::string& path, const Json& body) {
    return plain_http(sandbox_port(), "POST", "/sandbox/" + path, {{"Content-Type", "application/json"}}, body.dump())
        .json();
  }
  Json sandbox_orders() { return plain_http(sandbox_port(), "GET", "/sandbox/orders").json(); }
  int sandbox_port() {
    const Json ready = plain_http(serve_.admin_port(), "GET", "/readyz").json();
    const std::string url = ready.value("sandbox_url", "");
    return url.empty() ? 0 : std::stoi(url.substr(url.rfind(':') + 1));
  }

  TempFolder folder_;
  ServeProcess serve_;
};

TEST_F(Conversation, BuyPayRefundExpireRenew) {
  Customer customer(serve_.port(), serve_.key(), "c1");
  ASSERT_TRUE(customer.open_thread());

  const Json ordered = customer.must_say("Two packs of Longjing tea, please.");
  const Json request = card_of(ordered["reply"], "payment_request");
  ASSERT_FALSE(request.is_null()) << ordered.dump(2);
  EXPECT_TRUE(request["sandbox"].get<bool>());
  EXPECT_EQ(ordered["thread"]["state"], "awaiting_payment");
  const Json intent = ordered["intents"].at(0);
  EXPECT_EQ(intent["state"], "awaiting_payment");
  const auto total = intent["amount"]["value"].get<std::int64_t>();
  EXPECT_EQ(total, 2 * intent["lines"][0]["unit_price"].get<std::int64_t>());

  sandbox("pay", {{"out_trade_no", intent["order"]["out_trade_no"]}});
  const Json thanks = customer.reply_to("intent.succeeded");
  ASSERT_FALSE(thanks.is_null());
  EXPECT_EQ(card_of(thanks, "payment_receipt")["amount"]["value"], total);
  EXPECT_EQ(customer.get("/v1/intents/" + intent["id"].get<std::string>()).json()["state"], "succeeded");

  int charged = 0;
  const Json at_the_rail = sandbox_orders();
  for (const Json& order : at_the_rail["orders"]) charged += order["trade_state"] == "SUCCESS";
  EXPECT_EQ(charged, 1) << at_the_rail.dump(2);

  const Json back = customer.must_say("One pack is torn, please refund one Longjing tea.");
  ASSERT_EQ(back["refunds"].size(), 1u) << back.dump(2);
  EXPECT_EQ(back["refunds"][0]["amount"]["value"], total / 2);
  EXPECT_FALSE(customer.reply_to("refund.succeeded").is_null());

  const Json greedy = customer.must_say("Refund me 5000 yuan.");
  EXPECT_EQ(greedy["refunds"].size(), 0u) << greedy.dump(2);
  EXPECT_EQ(customer.get("/v1/intents/" + intent["id"].get<std::string>()).json()["refunded"], total / 2);

  const Json second = customer.must_say("And one celadon tea cup, please.");
  ASSERT_EQ(second["intents"].size(), 1u) << second.dump(2);
  sandbox("clock", {{"advance", "299s"}});
  EXPECT_EQ(customer.get("/v1/intents/" + second["intents"][0]["id"].get<std::string>()).json()["state"],
            "awaiting_payment");
  sandbox("clock", {{"advance", "2s"}});
  const Json expired = customer.reply_to("intent.expired");
  ASSERT_FALSE(expired.is_null());
  EXPECT_FALSE(card_of(expired, "payment_expired").is_null());

  const Json renewed = customer.must_say("Please renew it.");
  ASSERT_FALSE(card_of(renewed["reply"], "payment_request").is_null()) << renewed.dump(2);
  EXPECT_EQ(card_of(renewed["reply"], "payment_request")["amount"], second["intents"][0]["amount"]);
}

TEST_F(Conversation, TheSameConversationInChinese) {
  Customer customer(serve_.port(), serve_.key(), "c2", "zh");
  ASSERT_TRUE(customer.open_thread());
  const Json ordered = customer.must_say("你好，来两包龙井茶");
  ASSERT_FALSE(card_of(ordered["reply"], "payment_request").is_null()) << ordered.dump(2);
  sandbox("pay", {{"out_trade_no", ordered["intents"][0]["order"]["out_trade_no"]}});
  EXPECT_FALSE(customer.reply_to("intent.succeeded").is_null());
  const Json back = customer.must_say("有一包破了，请退一包龙井茶");
  EXPECT_EQ(back["refunds"].size(), 1u) << back.dump(2);
}

TEST_F(Conversation, AMiniProgramCustomerGetsWhatWxRequestPaymentNeeds) {
  Customer customer(serve_.port(), serve_.key(), "c3");
  const auto made =
      customer.post("/v1/threads", {{"user", {{"id", "u9"}, {"openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}}}, "k1");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto turn =
      customer.post("/v1/threads/" + made.json()["id"].get<std::string>() + "/turns", {{"text", "来一包龙井茶"}}, "k2");
  ASSERT_EQ(turn.status, 200) << turn.body;
  const Json with = card_of(turn.json()["reply"], "payment_request")["confirmation"];
  EXPECT_EQ(with["type"], "mini_program");
  EXPECT_EQ(with["signType"], "RSA");
  EXPECT_EQ(with["package"].get<std::string>().rfind("prepay_id=", 0), 0u);
  EXPECT_EQ(with["paySign"].get<std::string>().size(), 344u);
}

TEST_F(Conversation, APieceIsGivenBackOnce) {
  Customer customer(serve_.port(), serve_.key(), "c6", "zh");
  ASSERT_TRUE(customer.open_thread());
  const Json ordered = customer.must_say("来一个茶杯和三千克苹果");
  ASSERT_EQ(ordered["intents"].size(), 1u) << ordered.dump(2);
  sandbox("pay", {{"out_trade_no", ordered["intents"][0]["order"]["out_trade_no"]}});
  ASSERT_FALSE(customer.reply_to("intent.succeeded").is_null());
  const Json back = customer.must_say("退一个茶杯");
  ASSERT_EQ(back["refunds"].size(), 1u) << back.dump(2);
  EXPECT_EQ(back["refunds"][0]["amount"]["value"], 4500);
  ASSERT_FALSE(customer.reply_to("refund.succeeded").is_null());
  const Json again = customer.must_say("退一个茶杯");
  EXPECT_EQ(again["refunds"].size(), 0u) << again.dump(2);
  EXPECT_NE(again["reply"]["text"].get<std::string>().find("超过了购买的数量"), std::string::npos) << again.dump(2);
  // What was not given back still is.
  EXPECT_EQ(customer.must_say("退一千克苹果")["refunds"].size(), 1u);
}

TEST_F(Conversation, TheSameKeyIsOneTurn) {
  Customer customer(serve_.port(), serve_.key(), "c4");
  ASSERT_TRUE(customer.open_thread());
  const auto first = customer.say("One Longjing tea, please.");
  ASSERT_EQ(first.status, 200);
  const auto again = customer.say_again();
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.at("idempotent-replayed"), "true");
  EXPECT_EQ(sandbox_orders()["orders"].size(), 1u);
}

TEST(SandboxCredentials, AreTheSameAfterARestartWhenAFolderKeepsThem) {
  TempFolder folder;
  const auto mchid_and_serial = [&] {
    ServeProcess serve({"database.url=sqlite://" + folder.file("purser.db")},
                       {{"PURSER_SANDBOX_CREDENTIALS", folder.file("sandbox")}});
    EXPECT_TRUE(serve.ready()) << serve.child().errors();
    std::ifstream file(folder.file("sandbox/sandbox.json"));
    const Json facts = Json::parse(file);
    return facts["mchid"].get<std::string>() + facts["merchant_serial"].get<std::string>();
  };
  const std::string first = mchid_and_serial();
  EXPECT_GT(first.size(), 20u);
  EXPECT_EQ(mchid_and_serial(), first);
}

TEST_F(Conversation, StopsGracefullyAndGoesOnAfterARestart) {
  Customer customer(serve_.port(), serve_.key(), "c5");
  ASSERT_TRUE(customer.open_thread());
  customer.must_say("What do you have?");
  serve_.child().signal(SIGTERM);
  EXPECT_EQ(serve_.child().wait(), 0) << serve_.child().errors();
  ServeProcess again({"database.url=sqlite://" + folder_.file("purser.db")},
                     {{"PURSER_API_KEYS", "default:" + serve_.key()}});
  ASSERT_TRUE(again.ready()) << again.child().errors();
  customer.follow(again.port());
  EXPECT_GE(customer.messages().size(), 2u);
  customer.must_say("One Longjing tea, please.");
}

}  // namespace
}  // namespace purser::test
