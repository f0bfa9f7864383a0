// What each tenant may decide for itself, and rules that only watch, through whole turns.
#include "tests/support/fake_model.hpp"
#include "tests/support/small_shop.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

Catalogue goods(std::int64_t fen) {
  CatalogueItem cup;
  cup.sku = Sku::trusted("CUP");
  cup.name_zh = cup.name_en = "cup";
  cup.unit_price = Money(fen, Currency::cny());
  return Catalogue("v1", {cup});
}

class PoliciesTest : public testing::Test {
 protected:
  static TenantPolicies tenants() {
    TenantPolicy strict;
    strict.refund.auto_limit_fen = 100;
    strict.intent.lifetime = Millis(60'000);
    strict.intent.quantity_max = 2;
    TenantPolicy watching;
    watching.refund.sensitive_words = "broken";
    watching.refund.watching_rules = "sensitive_words";
    return {{"strict", strict}, {"watching", watching}};
  }
  json call(const ThreadId& where, const std::string& tool, const std::string& arguments,
            const std::string& words = "please") {
    std::deque<Result<ModelAnswer>> script = {asks(tool, arguments), says("ok")};
    shop.answers = [&script](const ModelRequest&) -> Result<ModelAnswer> {
      if (script.empty()) return says("ok");
      auto next = std::move(script.front());
      script.pop_front();
      return next;
    };
    EXPECT_TRUE(shop.say(where, words).has_value());
    shop.answers = [](const ModelRequest&) { return Result<ModelAnswer>(says("ok")); };
    json told;
    for (const Message& message : shop.messages(where))
      if (message.role == Role::tool) told = json::parse(message.text);
    return told;
  }
  ThreadId thread_of(const std::string& tenant) { return shop.open_thread(tenant, "alice", "", "en").id; }
  json buy(const ThreadId& where, int quantity) {
    return call(where, "create_payment_intent",
                R"({"lines":[{"sku":"CUP","quantity":)" + std::to_string(quantity) + "}]}");
  }
  json refund_all(const ThreadId& where) {
    EXPECT_TRUE(shop.pay(where));
    const std::string id = shop.intents(where).front().id.str();
    return call(where, "refund", R"({"refunds":[{"payment_intent":")" + id + R"(","all":true,"reason":"broken"}]})");
  }

  SmallShop shop{goods(200), {}, {}, {}, tenants()};
};

TEST_F(PoliciesTest, a_tenants_limits_are_its_own) {
  const ThreadId everybody = thread_of("acme");
  EXPECT_EQ(buy(everybody, 3).at("status"), "ok");
  EXPECT_EQ(refund_all(everybody).at("status"), "ok");
  const ThreadId strict = thread_of("strict");
  EXPECT_EQ(buy(strict, 3).at("code"), "quantity_out_of_range");
  EXPECT_EQ(buy(strict, 2).at("status"), "ok");
  const PaymentIntent open = shop.intents(strict).front();
  EXPECT_EQ(open.expires_at - open.created_at, Millis(60'000));
  EXPECT_EQ(refund_all(strict).at("status"), "waits_for_operator");
}

TEST_F(PoliciesTest, a_watching_rule_counts_and_lets_pass) {
  const ThreadId watching = thread_of("watching");
  (void)buy(watching, 1);
  EXPECT_EQ(refund_all(watching).at("status"), "ok");
  EXPECT_NE(shop.metrics.text().find(
                "purser_shadow_refusals_total{rule=\"sensitive_words\",code=\"refund_reason_invalid\"} 1"),
            std::string::npos)
      << shop.metrics.text();
  std::string recorded;
  const auto rows = shop.run(shop.store->audit(watching, 0, 1'000)).value();
  for (const AuditRow& row : rows) recorded += row.detail_json;
  EXPECT_NE(recorded.find(R"("shadow":[["sensitive_words")"), std::string::npos) << recorded;
}

TEST_F(PoliciesTest, a_refusal_says_what_the_customer_may_be_told_and_names_the_rules) {
  const ThreadId english = thread_of("acme");
  EXPECT_EQ(buy(english, 2).at("status"), "ok");
  const std::string id = shop.intents(english).front().id.str();
  EXPECT_TRUE(shop.pay(english));
  const auto too_much = R"({"refunds":[{"payment_intent":")" + id + R"(","amount_fen":401,"reason":"worn"}]})";
  const json told = call(english, "refund", too_much);
  EXPECT_EQ(told.at("for_customer"), "That is more than is left to give back.");
  const ThreadId chinese = shop.open_thread("acme", "bob", "", "zh").id;
  const json unknown = call(chinese, "create_payment_intent", R"({"lines":[{"sku":"NONE","quantity":1}]})");
  EXPECT_EQ(unknown.at("for_customer"), "没有找到这件商品。");
  EXPECT_EQ(call(chinese, "no_tool", "{").at("for_customer"), "这个请求无法处理，请换一种说法，或联系人工客服。");
  std::string recorded;
  const auto rows = shop.run(shop.store->audit(english, 0, 1'000)).value();
  for (const AuditRow& row : rows) recorded += row.detail_json;
  EXPECT_NE(recorded.find(R"("refund_batch"])"), std::string::npos) << "the last rule asked is the one that decided";
}

TEST_F(PoliciesTest, a_changed_price_is_told_before_a_wish_is_renewed) {
  const ThreadId where = thread_of("acme");
  EXPECT_EQ(buy(where, 2).at("total_fen"), 400);
  shop.pass(std::chrono::minutes(6));
  shop.catalogue = goods(300);
  const std::string with_total = R"({"lines":[{"sku":"CUP","quantity":2,"unit_price_fen":300}],"total_fen":600})";
  const json told = call(where, "create_payment_intent", with_total);
  EXPECT_EQ(told.at("code"), "price_changed") << "that the model states the new total tells the customer nothing";
  EXPECT_EQ(shop.intents(where).size(), 1U);
  EXPECT_EQ(shop.messages(where).back().text,
            "The price has changed: cup was ¥2.00 each and is now ¥3.00. At the new price it comes to ¥6.00; say "
            "\"renew\" to order it. Shall I?")
      << "whatever the model says";
  EXPECT_NE(shop.metrics.text().find("decision=\"ask_user\",code=\"price_changed\""), std::string::npos);
  EXPECT_EQ(call(where, "create_payment_intent", with_total, "No! Not at that price.").at("code"), "price_changed");
  EXPECT_EQ(shop.intents(where).size(), 1U) << "a no is no agreement";
  const json agreed = buy(where, 2);
  EXPECT_EQ(agreed.at("status"), "ok") << "the customer was asked and has agreed since";
  EXPECT_EQ(agreed.at("total_fen"), 600);
}

TEST_F(PoliciesTest, a_price_that_changed_since_it_was_shown_is_told_before_it_is_ordered) {
  const ThreadId where = thread_of("acme");
  EXPECT_EQ(call(where, "search_catalogue", "{}").at("status"), "ok");
  shop.catalogue = goods(300);
  EXPECT_EQ(call(where, "search_catalogue", "{}").at("status"), "ok") << "asked by the model alone in this turn";
  shop.catalogue = goods(400);
  // The model looks again in the turn in which it orders: the customer has not seen that price.
  std::deque<Result<ModelAnswer>> script = {
      asks("search_catalogue", "{}"),
      asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":1,"unit_price_fen":400}]})"), says("ok")};
  shop.answers = [&script](const ModelRequest&) -> Result<ModelAnswer> {
    auto next = std::move(script.front());
    script.pop_front();
    return next;
  };
  EXPECT_TRUE(shop.say(where, "one cup, please").has_value());
  EXPECT_TRUE(shop.intents(where).empty());
  EXPECT_EQ(shop.messages(where).back().text,
            "The price has changed: cup was ¥3.00 each and is now ¥4.00. At the new price it comes to ¥4.00; if "
            "that suits you, say again what you would like.");
  EXPECT_EQ(buy(where, 1).at("total_fen"), 400) << "the customer was asked and has spoken since";
}

TEST_F(PoliciesTest, a_price_that_changed_again_is_asked_about_again) {
  const ThreadId where = thread_of("acme");
  (void)buy(where, 2);
  shop.pass(std::chrono::minutes(6));
  shop.catalogue = goods(300);
  EXPECT_EQ(buy(where, 2).at("code"), "price_changed");
  shop.catalogue = goods(400);
  EXPECT_EQ(buy(where, 2).at("code"), "price_changed");
  EXPECT_EQ(buy(where, 2).at("status"), "ok");
}

TEST_F(PoliciesTest, a_changed_price_is_not_dodged_by_another_quantity_within_the_turn_or_by_replacing) {
  const ThreadId where = thread_of("acme");
  (void)buy(where, 2);
  shop.catalogue = goods(300);
  const std::string replaced = R"({"lines":[{"sku":"CUP","quantity":2}],"total_fen":600,"if_open":"replace"})";
  EXPECT_EQ(call(where, "create_payment_intent", replaced).at("code"), "price_changed");
  EXPECT_EQ(shop.intents(where).front().state, IntentState::awaiting_payment) << "the old price still stands";
  shop.pass(std::chrono::minutes(6));
  const ThreadId other = shop.open_thread("acme", "bob", "", "zh").id;
  (void)buy(other, 2);
  shop.pass(std::chrono::minutes(6));
  shop.catalogue = goods(400);
  EXPECT_EQ(buy(other, 3).at("code"), "price_changed");
  // The same call again before the customer has said a word.
  std::deque<Result<ModelAnswer>> script;
  for (int i = 0; i < 2; ++i)
    script.push_back(asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":4}],"total_fen":2000})"));
  script.push_back(asks("search_catalogue", "{}"));
  script.push_back(says("您的订单已经好了。"));
  shop.catalogue = goods(500);
  shop.answers = [&script](const ModelRequest&) -> Result<ModelAnswer> {
    auto next = std::move(script.front());
    script.pop_front();
    return next;
  };
  EXPECT_EQ(shop.say(other, "4 个"),
            "价格有变化：cup 的单价原为 ¥3.00，现为 ¥5.00。按新价格合计 ¥20.00；要下单请回复“续订”，好吗？");
  EXPECT_EQ(shop.intents(other).size(), 1U);
}

TEST_F(PoliciesTest, what_was_paid_for_is_bought_anew_at_todays_price) {
  const ThreadId where = thread_of("acme");
  (void)buy(where, 2);
  EXPECT_TRUE(shop.pay(where));
  shop.catalogue = goods(300);
  EXPECT_EQ(buy(where, 2).at("status"), "ok");
}

TEST_F(PoliciesTest, prices_that_nobody_vouches_for_are_not_charged_by) {
  IntentSettings aging;
  aging.catalogue_age_max = Millis(60'000);
  SmallShop old(goods(200), aging);
  const ThreadId where = old.open_thread("acme", "alice", "", "en").id;
  std::deque<Result<ModelAnswer>> script;
  old.answers = [&script](const ModelRequest&) -> Result<ModelAnswer> {
    auto next = std::move(script.front());
    script.pop_front();
    return next;
  };
  const auto ask = [&] {
    script = {asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":1}]})"), says("ok")};
    EXPECT_TRUE(old.say(where, "a cup").has_value());
    json told;
    for (const Message& message : old.messages(where))
      if (message.role == Role::tool) told = json::parse(message.text);
    return told;
  };
  EXPECT_EQ(ask().at("code"), "catalogue_stale");
  old.catalogue = Catalogue("v2", goods(200).items(), old.clock.durable());
  EXPECT_EQ(ask().at("status"), "ok");
  EXPECT_EQ(old.intents(where).size(), 1U);
}

}  // namespace
}  // namespace purser::test
