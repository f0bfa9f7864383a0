// Whole conversations with the rule engine: what the customer says, which tools it asks for, what it makes of canned
// answers. Nothing else remembers anything; each step shows it the history and no more.
#include "gateway/llm/rules/rule_engine.hpp"
#include "tests/support/loop.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser {
namespace {

using nlohmann::json;

const json kLongjing = {{"sku", "tea-longjing-100g"}, {"name", "西湖龙井 100克"}, {"unit_price_fen", 8800}};
const json kCup = {{"sku", "cup-celadon"}, {"name", "Celadon tea cup"}, {"unit_price_fen", 4500}};

json found(std::vector<json> items) {
  return {{"status", "ok"}, {"items", std::move(items)}};
}
json refused(const char* code) {
  return {{"status", "refused"}, {"code", code}, {"reason", "why"}};
}
json payment(const char* state, std::int64_t total, std::vector<json> lines) {
  return {{"payment_intent", "pi_1"},  {"state", state},         {"total_fen", total}, {"currency", "CNY"},
          {"lines", std::move(lines)}, {"refundable_fen", total}};
}
json line(const json& item, int quantity) {
  return {{"sku", item["sku"]}, {"name", item["name"]}, {"quantity", quantity}};
}

class Talk : public testing::Test {
 protected:
  explicit Talk(std::string locale = "zh") {
    request.locale = std::move(locale);
    for (const char* tool :
         {"search_catalogue", "create_payment_intent", "query_payment", "cancel_payment", "refund"}) {
      request.tools.emplace_back();
      request.tools.back().name = tool;
    }
  }

  void add(Role role, std::string text) {
    request.messages.emplace_back();
    request.messages.back().role = role;
    request.messages.back().text = std::move(text);
  }
  void customer(std::string text) { add(Role::user, std::move(text)); }
  void event(const json& what) { add(Role::event, what.dump()); }

  // It asks for exactly one tool; its arguments come back, and `result` is what the tool then answered.
  json calls(const std::string& tool, const json& result) {
    const ModelAnswer answer = dialogue::answer(request);
    if (answer.calls.size() != 1 || answer.calls[0].name != tool) {
      ADD_FAILURE() << "expected one call of " << tool << ", not " << answer.calls.size() << " and: " << answer.text;
      return json::object();
    }
    EXPECT_EQ(answer.finish, FinishReason::tool_calls);
    request.messages.emplace_back();
    request.messages.back().role = Role::assistant;
    request.messages.back().calls = answer.calls;
    request.messages.emplace_back();
    request.messages.back().role = Role::tool;
    request.messages.back().call_id = answer.calls[0].id;
    request.messages.back().text = result.dump();
    return json::parse(answer.calls[0].arguments);
  }

  // It answers in words, which enter the history.
  std::string says() {
    const ModelAnswer answer = dialogue::answer(request);
    EXPECT_TRUE(answer.calls.empty()) << answer.calls[0].name;
    EXPECT_FALSE(answer.text.empty());
    add(Role::assistant, answer.text);
    return answer.text;
  }

  // The words hold all of these.
  void says(const std::vector<std::string>& parts) {
    const std::string text = says();
    for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << text << " lacks " << part;
  }

  ModelRequest request;
};

class TalkEn : public Talk {
 protected:
  TalkEn() : Talk("en") {}
};

TEST_F(Talk, counts_with_the_price_of_many) {
  json many = kLongjing;
  many["quantity_prices"] = json::parse(R"([{"from":3,"unit_price_fen":7900},{"from":10,"unit_price_fen":7000}])");
  customer("来三包龙井茶");
  calls("search_catalogue", found({many}));
  const json order = calls("create_payment_intent", payment("awaiting_payment", 23700, {line(kLongjing, 3)}));
  EXPECT_EQ(order["lines"], json::parse(R"([{"sku":"tea-longjing-100g","quantity":3,"unit_price_fen":7900}])"));
}

TEST_F(Talk, says_the_price_of_many) {
  json many = kLongjing;
  many["quantity_prices"] = json::parse(R"([{"from":3,"unit_price_fen":7900}])");
  customer("龙井茶多少钱");
  calls("search_catalogue", found({many}));
  says({"¥88.00", "满 3 件每件 ¥79.00"});
}

TEST_F(Talk, sells_and_refunds_in_chinese) {
  customer("你好");
  says({"您好"});
  customer("来两包龙井茶");
  EXPECT_EQ(calls("search_catalogue", found({kLongjing}))["query"], "龙井茶");
  const json order = calls("create_payment_intent", [] {
    json made = payment("awaiting_payment", 17600, {line(kLongjing, 2)});
    made["status"] = "ok";
    return made;
  }());
  EXPECT_EQ(order["lines"], json::parse(R"([{"sku":"tea-longjing-100g","quantity":2,"unit_price_fen":8800}])"));
  says({"2 × 西湖龙井", "¥176.00", "支付"});

  event({{"type", "intent.succeeded"}, {"payment_intent", "pi_1"}, {"total_fen", 17600}, {"currency", "CNY"}});
  says({"¥176.00", "谢谢"});

  customer("退一包");
  const json paid = {{"status", "ok"}, {"payments", {payment("succeeded", 17600, {line(kLongjing, 2)})}}};
  calls("query_payment", paid);
  const json back = calls(
      "refund", {{"status", "ok"}, {"total_fen", 8800}, {"currency", "CNY"}, {"refunds", {{{"state", "processing"}}}}});
  ASSERT_EQ(back["refunds"].size(), 1U);
  EXPECT_EQ(back["refunds"][0]["payment_intent"], "pi_1");
  EXPECT_EQ(back["refunds"][0]["lines"], json::parse(R"([{"sku":"tea-longjing-100g","quantity":1}])"));
  EXPECT_FALSE(back["refunds"][0]["reason"].get<std::string>().empty());
  says({"¥88.00", "处理"});

  event({{"type", "refund.succeeded"}, {"refund", "re_1"}, {"amount_fen", 8800}, {"currency", "CNY"}});
  says({"¥88.00", "已完成"});
  customer("谢谢");
  says({"不客气"});
}

TEST_F(TalkEn, sells_and_refunds_in_english) {
  customer("hello");
  says({"Hello"});
  customer("buy a celadon cup");
  EXPECT_EQ(calls("search_catalogue", found({kCup}))["query"], "celadon cup");
  json made = payment("awaiting_payment", 4500, {line(kCup, 1)});
  made["status"] = "ok";
  const json order = calls("create_payment_intent", made);
  EXPECT_EQ(order["lines"][0]["sku"], "cup-celadon");
  EXPECT_EQ(order["lines"][0]["quantity"], 1);
  says({"1 × Celadon tea cup", "¥45.00", "pay"});

  customer("did my payment arrive?");
  const json open = {{"status", "ok"}, {"payments", {payment("awaiting_payment", 4500, {line(kCup, 1)})}}};
  calls("query_payment", open);
  says({"Not yet", "¥45.00"});

  event({{"type", "intent.succeeded"}, {"payment_intent", "pi_1"}, {"total_fen", 4500}, {"currency", "CNY"}});
  says({"¥45.00", "arrived"});

  customer("refund me 500 yuan");
  const json paid = {{"status", "ok"}, {"payments", {payment("succeeded", 4500, {line(kCup, 1)})}}};
  calls("query_payment", paid);
  EXPECT_EQ(calls("refund", refused("refund_exceeds_remaining"))["refunds"][0]["amount_fen"], 50000);
  says({"more than can be refunded", "¥45.00"});

  customer("then refund everything");
  calls("query_payment", paid);
  const json all = calls(
      "refund", {{"status", "ok"}, {"total_fen", 4500}, {"currency", "CNY"}, {"refunds", {{{"state", "succeeded"}}}}});
  EXPECT_EQ(all["refunds"][0]["all"], true);
  says({"¥45.00", "done"});
}

TEST_F(TalkEn, never_says_that_nothing_was_charged_before_the_rail_has_closed_the_order) {
  customer("cancel it");
  calls("cancel_payment", {{"status", "ok"}, {"state", "canceled"}, {"may_still_be_paid", true}});
  const std::string open = says();
  EXPECT_EQ(open.find("nothing was charged"), std::string::npos) << open;
  EXPECT_NE(open.find("do not pay"), std::string::npos) << open;
  customer("cancel it");
  calls("cancel_payment", {{"status", "ok"}, {"state", "canceled"}, {"may_still_be_paid", false}});
  says({"canceled", "nothing was charged"});
  event({{"type", "intent.expired"}, {"payment_intent", "pi_1"}, {"total_fen", 4500}, {"may_still_be_paid", true}});
  const std::string expired = says();
  EXPECT_EQ(expired.find("nothing was charged"), std::string::npos) << expired;
}

TEST_F(TalkEn, takes_the_pack_whose_name_holds_more_of_the_words) {
  const json small = {{"sku", "tea-longjing-100g"}, {"name", "Longjing green tea, 100 g"}, {"unit_price_fen", 8800}};
  const json gift = {
      {"sku", "tea-longjing-250g"}, {"name", "Longjing green tea, 250 g gift box"}, {"unit_price_fen", 19800}};
  customer("one longjing gift box please");
  calls("search_catalogue", found({small, gift}));
  EXPECT_EQ(calls("create_payment_intent", refused("sku_not_on_sale"))["lines"][0]["sku"], "tea-longjing-250g");
  says({"not on sale"});
  customer("one longjing please");
  calls("search_catalogue", found({small, gift}));
  EXPECT_EQ(calls("create_payment_intent", refused("sku_not_on_sale"))["lines"][0]["sku"], "tea-longjing-100g");
}

TEST_F(TalkEn, renews_what_expired) {
  event({{"type", "intent.expired"}, {"payment_intent", "pi_1"}, {"total_fen", 4500}});
  says({"renew"});
  customer("renew");
  const json expired = {{"status", "ok"}, {"payments", {payment("expired", 4500, {line(kCup, 1)})}}};
  calls("query_payment", expired);
  json made = payment("awaiting_payment", 4500, {line(kCup, 1)});
  made["status"] = "ok";
  const json order = calls("create_payment_intent", made);
  EXPECT_EQ(order["lines"][0]["sku"], "cup-celadon");
  EXPECT_EQ(order["lines"][0]["quantity"], 1);
  says({"¥45.00"});
}

TEST_F(Talk, does_not_renew_what_was_paid) {
  customer("重新生成");
  const json paid = {{"status", "ok"}, {"payments", {payment("succeeded", 4500, {line(kCup, 1)})}}};
  calls("query_payment", paid);
  says({"没有可以续订的订单"});
}

TEST_F(Talk, cancels) {
  customer("取消订单");
  calls("cancel_payment", {{"status", "ok"}});
  says({"已取消"});
  customer("取消订单");
  calls("cancel_payment", refused("not_found"));
  says({"没有需要取消的订单"});
}

TEST_F(TalkEn, asks_back_when_it_does_not_know_which) {
  customer("buy some tea");
  calls("search_catalogue", found({kLongjing, kCup}));
  says({"Which one", "¥88.00", "¥45.00"});
}

TEST_F(TalkEn, sells_nothing_that_is_not_there) {
  customer("buy two elephants");
  calls("search_catalogue", found({}));
  says({"elephants"});
}

TEST_F(TalkEn, tells_the_reason_of_a_refusal_and_stops) {
  customer("buy a celadon cup");
  calls("search_catalogue", found({kCup}));
  calls("create_payment_intent", refused("active_payment_exists"));
  says({"open order"});
}

// A silent order may have been placed: it is neither paid for nor ordered again.
TEST_F(TalkEn, asks_for_patience_when_the_order_is_not_known) {
  customer("buy a celadon cup");
  calls("search_catalogue", found({kCup}));
  json made = payment("unknown", 4500, {line(kCup, 1)});
  made["status"] = "ok";
  calls("create_payment_intent", made);
  says({"being confirmed", "do not order again"});
}

TEST_F(TalkEn, has_no_refund_without_a_payment) {
  customer("refund everything");
  calls("query_payment", {{"status", "ok"}, {"payments", json::array()}});
  says({"no paid order"});
}

// An event is told, never acted on, and without tools there is nothing but words.
TEST_F(TalkEn, acts_on_nothing_but_what_the_customer_says) {
  customer("buy a celadon cup");
  event({{"type", "intent.failed"}, {"payment_intent", "pi_1"}, {"total_fen", 4500}});
  says({"could not be placed"});
  request.tools.clear();
  customer("buy a celadon cup");
  says();
}

TEST_F(TalkEn, survives_answers_that_are_no_json) {
  customer("did my payment arrive?");
  calls("query_payment", "nonsense");
  says();
}

TEST_F(TalkEn, gives_the_same_answer_to_the_same_history) {
  customer("buy a celadon cup");
  EXPECT_EQ(dialogue::answer(request).calls, dialogue::answer(request).calls);
}

TEST(RuleEngine, answers_as_a_model) {
  RuleEngine engine;
  ModelRequest request;
  request.locale = "en";
  test::Loop loop;
  const auto answer = loop.play(engine.ask(std::move(request), Deadline::after(loop.clock, Millis(0))));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->provider, "purser");
  EXPECT_EQ(answer->model, "rules");
  EXPECT_EQ(engine.name(), "rules");
}

}  // namespace
}  // namespace purser
