// What reaches a customer of the words of a model, through whole turns: a claim about money stands only when the rows
// of the conversation bear it out.
#include "tests/support/fake_model.hpp"
#include "tests/support/small_shop.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

CatalogueItem item(const std::string& sku, const std::string& zh, const std::string& en, std::int64_t fen) {
  CatalogueItem out;
  out.sku = Sku::trusted(sku);
  out.name_zh = zh;
  out.name_en = en;
  out.unit_price = Money(fen, Currency::cny());
  return out;
}

class ReplyTruth : public testing::Test {
 protected:
  ReplyTruth() : shop(Catalogue("v1", {item("CUP", "茶杯", "cup", 200), item("POT", "茶壶", "pot", 4'700)})) {
    shop.answers = [this](const ModelRequest&) -> Result<ModelAnswer> {
      if (script.empty()) return says("ok");
      auto next = std::move(script.front());
      script.pop_front();
      return next;
    };
  }
  void speaks(const std::string& locale) { thread = shop.open_thread("acme", "alice" + locale, "", locale).id; }
  void order(const std::string& sku, int quantity) {
    script = {asks("create_payment_intent", json{{"lines", {{{"sku", sku}, {"quantity", quantity}}}}}.dump()),
              says("ok")};
    ASSERT_TRUE(shop.say(thread, "please").has_value());
  }
  void buy(const std::string& sku, int quantity) {
    order(sku, quantity);
    ASSERT_TRUE(shop.pay(thread));
  }
  void refund(std::int64_t fen) {
    const std::string id = shop.intents(thread).front().id.str();
    script = {
        asks("query_payment", "{}"),
        asks("refund", json{{"refunds", {{{"payment_intent", id}, {"amount_fen", fen}, {"reason", "x"}}}}}.dump()),
        says("ok")};
    ASSERT_TRUE(shop.say(thread, "please give me " + Money(fen, Currency::cny()).display() + " back").has_value());
  }
  // Whether these words reach the customer as they are.
  bool passes(const std::string& words) {
    script = {says(words)};
    last = shop.say(thread, "well?").value_or("");
    return last == words;
  }

  SmallShop shop;
  std::deque<Result<ModelAnswer>> script;
  ThreadId thread;
  std::string last;
};

TEST_F(ReplyTruth, nothing_was_paid_before_it_was_paid) {
  speaks("en");
  for (const char* lie : {"Your payment has arrived.", "You have paid ¥4.00.", "Payment received, thank you!"})
    EXPECT_FALSE(passes(lie)) << lie;
  order("CUP", 2);
  for (const char* lie : {"Your payment has arrived.", "The order of ¥4.00 is paid.", "Payment successful!",
                          "I have received your 4 yuan."})
    EXPECT_FALSE(passes(lie)) << lie;
  EXPECT_EQ(last, "The order of ¥4.00 awaits payment.");
  ASSERT_TRUE(shop.pay(thread));
  EXPECT_TRUE(passes("Your payment of ¥4.00 has arrived."));
  speaks("zh");
  order("CUP", 2);
  for (const char* lie : {"您的付款已到账。", "订单已支付成功", "已收到您的4元"}) EXPECT_FALSE(passes(lie)) << lie;
  ASSERT_TRUE(shop.pay(thread));
  EXPECT_TRUE(passes("您的付款已到账。"));
}

TEST_F(ReplyTruth, a_payment_that_was_made_is_not_denied) {
  speaks("en");
  buy("CUP", 2);
  for (const char* lie : {"You have not paid yet.", "Your payment failed.", "We have not received your payment."})
    EXPECT_FALSE(passes(lie)) << lie;
  EXPECT_EQ(last, "The order of ¥4.00 is paid.");
  speaks("zh");
  buy("CUP", 2);
  for (const char* lie : {"您还没有付款。", "支付失败了", "我们没有收到您的付款"}) EXPECT_FALSE(passes(lie)) << lie;
}

TEST_F(ReplyTruth, an_old_success_is_not_quoted_for_a_new_order) {
  speaks("en");
  buy("CUP", 2);
  order("POT", 1);
  for (const char* lie :
       {"Your payment has arrived.", "Your payment of ¥47.00 has arrived.", "¥47.00 received, thank you!"})
    EXPECT_FALSE(passes(lie)) << lie;
  EXPECT_TRUE(passes("Your earlier order of ¥4.00 is paid; this one of ¥47.00 awaits payment.")) << last;
  ASSERT_TRUE(shop.pay(thread));
  EXPECT_TRUE(passes("Your payment of ¥47.00 has arrived."));
}

TEST_F(ReplyTruth, nothing_was_refunded_before_it_was) {
  speaks("en");
  buy("CUP", 2);
  for (const char* lie : {"I have refunded ¥4.00.", "Your refund is complete.", "The refund is being processed."})
    EXPECT_FALSE(passes(lie)) << lie;
  refund(200);
  EXPECT_FALSE(passes("¥4.00 has been refunded to you."));
  EXPECT_FALSE(passes("No refund was made."));
  shop.pass(std::chrono::minutes(3));
  ASSERT_EQ(shop.refunds(thread).front().state, RefundState::succeeded);
  EXPECT_TRUE(passes("¥2.00 has been refunded.")) << last;
  EXPECT_FALSE(passes("¥4.00 has been refunded."));
  EXPECT_FALSE(passes("Your refund failed."));
  speaks("zh");
  buy("CUP", 2);
  for (const char* lie : {"已为您退款4元", "退款已完成", "退款正在处理中"}) EXPECT_FALSE(passes(lie)) << lie;
}

TEST_F(ReplyTruth, figures_are_those_of_the_conversation) {
  speaks("en");
  order("CUP", 2);
  for (const char* lie :
       {"The total is ¥3.00.", "Please pay 40 yuan.", "It costs CNY 4.01.", "That is only three yuan fifty."})
    EXPECT_FALSE(passes(lie)) << lie;
  for (const char* truth : {"The total is ¥4.00.", "Two cups at ¥2.00 each, 4 yuan together.", "Please pay 4 yuan."})
    EXPECT_TRUE(passes(truth)) << truth;
  speaks("zh");
  order("CUP", 2);
  for (const char* lie : {"一共三元", "请支付40元", "总价四块五"}) EXPECT_FALSE(passes(lie)) << lie;
  for (const char* truth : {"一共四元", "每个2元，共4元", "请支付¥4.00"}) EXPECT_TRUE(passes(truth)) << truth;
}

TEST_F(ReplyTruth, states_are_those_of_the_orders) {
  speaks("en");
  order("CUP", 2);
  for (const char* lie :
       {"Your order has been canceled.", "Your order has expired.", "Your order was cancelled as you asked."})
    EXPECT_FALSE(passes(lie)) << lie;
  shop.pass(std::chrono::minutes(6));
  EXPECT_TRUE(passes("Your order has expired.")) << last;
  EXPECT_FALSE(passes("Your order has been canceled."));
  order("CUP", 1);
  script = {asks("cancel_payment", "{}"), says("ok")};
  ASSERT_TRUE(shop.say(thread, "cancel it").has_value());
  EXPECT_TRUE(passes("Your order has been canceled.")) << last;
}

TEST_F(ReplyTruth, times_are_those_of_the_orders) {
  speaks("en");
  order("CUP", 2);
  EXPECT_TRUE(passes("You have 5 minutes to pay.")) << last;
  EXPECT_FALSE(passes("You have 30 minutes to pay."));
  EXPECT_FALSE(passes("Please pay before 23:59."));
  speaks("zh");
  order("CUP", 2);
  EXPECT_TRUE(passes("请在5分钟内支付")) << last;
  EXPECT_FALSE(passes("请在两小时内支付"));
}

TEST_F(ReplyTruth, links_are_the_servers_alone) {
  speaks("en");
  order("CUP", 2);
  for (const char* link : {"Pay here: https://evil.example/pay", "![qr](https://evil.example/q.png)",
                           "<a href='https://evil.example'>pay</a>", "weixin://wxpay/bizpayurl?pr=evil"}) {
    EXPECT_FALSE(passes(link)) << link;
    EXPECT_EQ(last.find("evil"), std::string::npos) << last;
  }
}

TEST_F(ReplyTruth, what_money_did_is_said_by_the_ledger_where_that_is_wanted) {
  TurnSettings turns;
  turns.money_words_from_templates = true;
  SmallShop strict(Catalogue("v1", {item("CUP", "茶杯", "cup", 200)}), {}, {}, turns);
  strict.answers = [this](const ModelRequest&) -> Result<ModelAnswer> {
    auto next = std::move(script.front());
    script.pop_front();
    return next;
  };
  const ThreadId where = strict.open_thread("acme", "bob", "", "en").id;
  script = {asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":1}]})"), says("Please pay ¥2.00."),
            says("Thank you!"), says("Your payment has arrived, dear customer.")};
  EXPECT_TRUE(strict.say(where, "a cup").has_value());
  ASSERT_TRUE(strict.pay(where));
  EXPECT_EQ(strict.say(where, "did it arrive?"), "The order of ¥2.00 is paid.");
}

}  // namespace
}  // namespace purser::test
