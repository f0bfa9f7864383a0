// Calls at the MCP door, by the money that they move.
#include "tests/support/mcp_talk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const json kCups{{"lines", {{{"sku", "CUP"}, {"quantity", 2}}}}};
const json kTeas{{"lines", {{{"sku", "TEA"}, {"quantity", 1}}}}};

json structured(const json& result) {
  return result.value("structuredContent", json{{"none", result}});
}

class McpCalls : public testing::Test {
 protected:
  explicit McpCalls(const std::string& failpoints = {}) : desk(folder.path(), failpoints) { talk.open(); }

  // An intent that was ordered and paid here.
  std::string paid_intent(const json& order = kTeas) {
    const std::string id = structured(talk.call("create_payment_intent", order)).at("payment_intent");
    desk.pay(desk.intent(id));
    desk.work_off();
    return id;
  }
  static json back(const std::string& intent, std::int64_t fen) {
    return {{"refunds", {{{"payment_intent", intent}, {"amount_fen", fen}, {"reason", "cold"}}}}};
  }
  std::size_t refunds_of(const std::string& intent) {
    return desk.loop.run(desk.store->refunds_of_intent(IntentId::trusted(intent))).value().size();
  }

  TempFolder folder;
  Desk desk;
  McpTalk talk{desk, McpTalk::Era::with_session};
};

TEST_F(McpCalls, a_purchase_is_what_the_server_computes) {
  const json result = talk.call("create_payment_intent", kCups);
  EXPECT_EQ(result["isError"], false) << result;
  EXPECT_EQ(structured(result)["status"], "ok");
  EXPECT_EQ(structured(result)["total_fen"], 400);
  const std::string id = structured(result)["payment_intent"];
  EXPECT_EQ(desk.intent(id).amount.minor(), 400);
  EXPECT_EQ(desk.channel.count("create_order"), 1u);
  EXPECT_EQ(desk.model.requests().size(), 0u);
  EXPECT_EQ(result["content"][1]["uri"], "purser://intents/" + id);
  EXPECT_EQ(json::parse(result["content"][0]["text"].get<std::string>()), structured(result));
}

// Where to pay is for the user, never for a model: it stands beside the content alone.
TEST_F(McpCalls, what_it_takes_to_pay_is_not_in_the_content) {
  const json result = talk.call("create_payment_intent", kCups);
  const std::string code = result["_meta"]["purser/cards"][0]["confirmation"]["code_url"];
  EXPECT_FALSE(code.empty());
  EXPECT_EQ(result["content"].dump().find(code), std::string::npos);
  EXPECT_EQ(result["structuredContent"].dump().find(code), std::string::npos);
}

TEST_F(McpCalls, an_amount_is_a_claim) {
  json order = kCups;
  order["total_fen"] = 1;
  const json result = talk.call("create_payment_intent", order);
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(structured(result)["code"], "total_mismatch") << result;
  EXPECT_EQ(desk.channel.calls.size(), 0u);
}

TEST_F(McpCalls, what_only_the_server_fills_is_refused) {
  json order = kCups;
  order["openid"] = "oSomebody";
  EXPECT_EQ(structured(talk.call("create_payment_intent", order))["code"], "machine_field");
  order = kCups;
  order["color"] = "red";
  EXPECT_EQ(structured(talk.call("create_payment_intent", order))["code"], "json_unknown_key");
  order = kCups;
  order["lines"][0]["quantity"] = 2.0;
  EXPECT_EQ(structured(talk.call("create_payment_intent", order))["status"], "refused");
  EXPECT_EQ(desk.channel.calls.size(), 0u);
}

TEST_F(McpCalls, the_same_order_sent_again_is_the_same_payment) {
  const std::string id = structured(talk.call("create_payment_intent", kCups))["payment_intent"];
  json again = structured(talk.call("create_payment_intent", kCups));
  EXPECT_EQ(again["payment_intent"], id);
  EXPECT_EQ(again["repeated"], true);
  desk.pay(desk.intent(id));
  desk.work_off();
  json paid = structured(talk.call("create_payment_intent", kCups));
  EXPECT_EQ(paid["payment_intent"], id);
  EXPECT_EQ(paid["state"], "succeeded");
  EXPECT_EQ(desk.channel.count("create_order"), 1u);
}

TEST_F(McpCalls, a_second_equal_purchase_has_a_key_or_comes_later) {
  const std::string id = paid_intent(kCups);
  json keyed = structured(talk.call("create_payment_intent", kCups, {{"purser/idempotency-key", "more"}}));
  EXPECT_NE(keyed["payment_intent"], id) << keyed;
  desk.pay(desk.intent(keyed["payment_intent"]));
  desk.work_off();
  desk.pass(16min);
  json later = structured(talk.call("create_payment_intent", kCups));
  EXPECT_NE(later["payment_intent"], id);
  EXPECT_NE(later["payment_intent"], keyed["payment_intent"]);
}

TEST_F(McpCalls, what_expired_is_ordered_anew) {
  const std::string id = structured(talk.call("create_payment_intent", kCups))["payment_intent"];
  desk.channel.queries.push_back(
      FakeChannel::query_reply(FakeChannel::facts_of(desk.intent(id), TradeState::not_paid)));
  desk.pass(6min);
  ASSERT_NE(desk.intent(id).state, IntentState::awaiting_payment);
  json anew = structured(talk.call("create_payment_intent", kCups));
  EXPECT_EQ(anew["status"], "ok") << anew;
  EXPECT_NE(anew["payment_intent"], id);
}

TEST_F(McpCalls, a_refund_sent_again_gives_back_once) {
  const std::string id = paid_intent();
  json first = structured(talk.call("refund", back(id, 500)));
  EXPECT_EQ(first["status"], "ok") << first;
  json again = structured(talk.call("refund", back(id, 500)));
  EXPECT_EQ(again["status"], "ok");
  EXPECT_EQ(again["repeated"], true);
  EXPECT_EQ(again["refunds"][0]["refund"], first["refunds"][0]["refund"]);
  EXPECT_EQ(refunds_of(id), 1u);
  EXPECT_EQ(desk.channel.count("refund"), 1u);
}

TEST_F(McpCalls, a_refund_worded_anew_gives_back_once) {
  const std::string id = paid_intent();
  json first = structured(talk.call("refund", back(id, 500), {{"purser/idempotency-key", "a"}}));
  EXPECT_EQ(first["status"], "ok") << first;
  json worded = back(id, 500);
  worded["refunds"][0]["reason"] = "it was cold when it came";
  for (const json& what : {back(id, 500), worded}) {
    json again = structured(talk.call("refund", what));
    EXPECT_EQ(again["status"], "ok") << again;
    EXPECT_EQ(again["repeated"], true) << again;
    EXPECT_EQ(again["refunds"][0]["refund"], first["refunds"][0]["refund"]);
  }
  EXPECT_EQ(refunds_of(id), 1u);
  EXPECT_EQ(desk.channel.count("refund"), 1u);
}

TEST_F(McpCalls, an_order_with_a_price_beside_it_is_the_same) {
  json first = structured(talk.call("create_payment_intent", kCups));
  json priced = kCups;
  priced["lines"][0]["unit_price_fen"] = 200;
  priced["total_fen"] = 400;
  desk.pay(desk.intent(first["payment_intent"]));
  desk.work_off();
  json again = structured(talk.call("create_payment_intent", priced));
  EXPECT_EQ(again["repeated"], true) << again;
  EXPECT_EQ(again["payment_intent"], first["payment_intent"]);
}

TEST_F(McpCalls, refunds_sent_again_at_once_give_back_once) {
  const std::string id = paid_intent();
  std::vector<Started<http::Response>> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(desk.loop.start(
        desk.api.handle(talk.posting(talk.asking("tools/call", {{"name", "refund"}, {"arguments", back(id, 500)}})))));
  ASSERT_TRUE(
      desk.loop.until([&] { return std::all_of(all.begin(), all.end(), [](const auto& one) { return one.done(); }); }));
  for (auto& one : all) EXPECT_EQ(body_of(one.get())["result"]["isError"], false);
  EXPECT_EQ(refunds_of(id), 1u);
}

TEST_F(McpCalls, a_second_equal_refund_has_a_key_of_its_own) {
  const std::string id = paid_intent();
  const auto keyed = [&](const char* key, std::int64_t fen) {
    return structured(talk.call("refund", back(id, fen), {{"purser/idempotency-key", key}}));
  };
  EXPECT_EQ(keyed("a", 500)["status"], "ok");
  EXPECT_EQ(keyed("a", 500)["repeated"], true);
  EXPECT_EQ(keyed("a", 600)["code"], "idempotency_conflict");
  EXPECT_EQ(refunds_of(id), 1u);
  desk.pass(2min);
  EXPECT_EQ(keyed("b", 500)["status"], "ok");
  EXPECT_EQ(refunds_of(id), 2u);
}

TEST_F(McpCalls, a_refund_that_waits_for_a_person_is_asked_for_once) {
  const std::string id = paid_intent({{"lines", {{{"sku", "TEA"}, {"quantity", 2}}}}});
  json first = talk.call("refund", back(id, 30'000));
  EXPECT_EQ(first["isError"], false) << first;
  EXPECT_EQ(structured(first)["status"], "waits_for_operator");
  const std::string approval = structured(first)["approval"];
  EXPECT_EQ(structured(talk.call("refund", back(id, 30'000)))["approval"], approval);
  EXPECT_EQ(desk.post("/v1/approvals/" + approval, R"({"decision":"approve"})", "k").status, 200);
  desk.work_off();
  json approved = structured(talk.call("refund", back(id, 30'000)));
  EXPECT_EQ(approved["approval"], approval);
  EXPECT_EQ(approved["state"], "approved");
  EXPECT_EQ(refunds_of(id), 1u);
}

// Nobody can tell any more what was asked there: neither the words nor the key are left.
TEST_F(McpCalls, after_an_erasure_nothing_is_moved_that_may_have_been_asked_before) {
  const std::string id = paid_intent();
  Batch erase("test.erase");
  const auto thread = desk.loop.run(desk.store->thread(desk.intent(id).thread)).value();
  erase.add(op::EraseThread{thread, desk.loop.clock.durable(), true});
  ASSERT_TRUE(desk.loop.run(desk.store->commit(std::move(erase))).ok());
  const std::size_t orders = desk.channel.count("create_order");
  EXPECT_EQ(structured(talk.call("query_payment", json::object()))["status"], "ok");
  EXPECT_EQ(structured(talk.call("refund", back(id, 100)))["code"], "idempotency_conflict");
  EXPECT_EQ(structured(talk.call("create_payment_intent", kTeas))["code"], "idempotency_conflict");
  EXPECT_EQ(refunds_of(id), 0U);
  EXPECT_EQ(desk.channel.count("create_order"), orders);
  desk.pass(std::chrono::minutes(16));
  EXPECT_EQ(structured(talk.call("create_payment_intent", kTeas))["status"], "ok");
}

TEST_F(McpCalls, an_id_of_another_conversation_is_none) {
  const std::string foreign = desk.buy(desk.thread("alice")).id.str();
  desk.pay(desk.intent(foreign));
  desk.work_off();
  json refused = structured(talk.call("refund", back(foreign, 100)));
  EXPECT_EQ(refused["code"], "not_found");
  EXPECT_EQ(refused["reason"], structured(talk.call("refund", back("pi_0000000000000000000000", 100)))["reason"]);
  EXPECT_EQ(structured(talk.call("query_payment", {{"payment_intent", foreign}}))["code"], "not_found");
  EXPECT_EQ(refunds_of(foreign), 0u);
}

TEST_F(McpCalls, a_tool_that_is_not_there_is_an_error_of_the_protocol) {
  for (const json& name : {json("confirm_payment"), json("pay"), json(""), json(7), json()}) {
    const auto answer = talk.ask("tools/call", {{"name", name}, {"arguments", json::object()}});
    EXPECT_EQ(McpTalk::error(answer), -32602) << name;
  }
  EXPECT_EQ(McpTalk::error(talk.ask("tools/call", {{"name", "refund"}, {"arguments", 3}})), -32602);
  EXPECT_EQ(McpTalk::error(talk.ask(
                "tools/call",
                {{"name", "refund"}, {"arguments", json::object()}, {"_meta", {{"purser/idempotency-key", ""}}}})),
            -32602);
}

TEST_F(McpCalls, a_key_that_may_only_read_calls_nothing) {
  AuthSettings auth;
  EXPECT_EQ(Scopes::parse({"threads:read"})->allows(Scope::threads_write), false);
  auto asked = talk.posting(talk.asking("tools/call", {{"name", "create_payment_intent"}, {"arguments", kCups}}));
  drop_header(asked, "Authorization");
  const auto nobody = desk.send(asked);
  EXPECT_EQ(nobody.status, 401);
  EXPECT_FALSE(header_of(nobody, "WWW-Authenticate").empty());
  EXPECT_EQ(desk.channel.calls.size(), 0u);
}

// --- after a failure of ours

class McpCutCalls : public McpCalls {
 protected:
  McpCutCalls() : McpCalls("before:turn.call_answered:2:fail") {}
};

TEST_F(McpCutCalls, a_call_that_was_cut_goes_on_when_it_is_sent_again) {
  const std::string id = paid_intent();
  EXPECT_EQ(talk.ask("tools/call", {{"name", "refund"}, {"arguments", back(id, 500)}}).status, 503);
  EXPECT_EQ(refunds_of(id), 1u);
  json again = structured(talk.call("refund", back(id, 500)));
  EXPECT_EQ(again["status"], "ok") << again;
  EXPECT_EQ(again["repeated"], true);
  EXPECT_EQ(refunds_of(id), 1u);
  EXPECT_EQ(desk.channel.count("refund"), 1u);
}

// --- what the user alone can say

class McpQuestions : public McpCalls {
 protected:
  McpQuestions() {
    modern.thread = desk.thread("carol");
    modern.capabilities = {{"elicitation", json::object()}};
  }
  json order(const json& what, const json& more = json::object()) {
    return modern.call("create_payment_intent", what, json::object(), more);
  }
  static json answer(const json& asked, const std::string& action, const json& content = json()) {
    json said{{"action", action}};
    if (!content.is_null()) said["content"] = content;
    return {{"inputResponses", {{"customer", said}}}, {"requestState", asked["requestState"]}};
  }
  // An order whose price has risen since it was made.
  void price_rises() {
    json first = order(kCups);
    EXPECT_EQ(first["isError"], false) << first;
    EXPECT_EQ(modern.call("cancel_payment", json::object())["isError"], false);
    auto items = desk.catalogue.items();
    for (CatalogueItem& item : items)
      if (item.sku.str() == "CUP") item.unit_price = Money(300, Currency::cny());
    desk.catalogue = Catalogue("v2", std::move(items));
  }

  McpTalk modern{desk, McpTalk::Era::modern};
};

TEST_F(McpQuestions, a_changed_price_is_asked_about_and_agreed_to) {
  price_rises();
  json asked = order(kCups);
  ASSERT_EQ(asked["resultType"], "input_required") << asked;
  const json& form = asked["inputRequests"]["customer"];
  EXPECT_EQ(form["method"], "elicitation/create");
  EXPECT_NE(form["params"]["message"].get<std::string>().find("3.00"), std::string::npos) << form;
  // That the model calls once more says nothing of the customer.
  EXPECT_EQ(order(kCups)["resultType"], "input_required");
  json bought = order(kCups, answer(asked, "accept", {{"agree", true}}));
  EXPECT_EQ(structured(bought)["total_fen"], 600) << bought;
}

TEST_F(McpQuestions, who_does_not_agree_buys_nothing) {
  price_rises();
  const std::size_t calls = desk.channel.calls.size();
  const json unasked{{"requestState", ""}};
  json asked;
  for (const auto& [said, code] : {std::pair(answer(unasked, "decline"), "customer_declined"),
                                   {answer(unasked, "cancel"), "customer_gave_no_answer"},
                                   {answer(unasked, "accept", {{"agree", false}}), "customer_declined"}}) {
    desk.pass(1s);  // the question is another one a moment later
    asked = order(kCups);
    ASSERT_EQ(asked["resultType"], "input_required") << asked;
    json more = said;
    more["requestState"] = asked["requestState"];
    for (int times = 0; times < 2; ++times) {
      const json result = order(kCups, more);
      EXPECT_EQ(result["isError"], true) << result;
      EXPECT_EQ(structured(result)["code"], code) << "the same answer again is the same";
    }
  }
  for (const json& said : {answer(asked, "accept"), answer(asked, "accept", {{"agree", "yes"}}),
                           json{{"requestState", asked["requestState"]}}})
    EXPECT_EQ(order(kCups, said)["resultType"], "input_required") << said;
  EXPECT_EQ(desk.channel.calls.size(), calls);
}

TEST_F(McpQuestions, no_answer_is_turned_into_another) {
  price_rises();
  const std::size_t calls = desk.channel.calls.size();
  const auto said = [](const json& asked, const char* word) {
    if (std::string_view(word) == "yes") return answer(asked, "accept", {{"agree", true}});
    return answer(asked, word);
  };
  for (const char* first : {"decline", "cancel"}) {
    desk.pass(1s);  // the question is another one a moment later
    const json asked = order(kCups);
    ASSERT_EQ(asked["resultType"], "input_required") << asked;
    order(kCups, said(asked, first));
    for (const char* then : {"decline", "cancel", "yes"}) {
      if (std::string_view(first) == then) continue;
      json params{{"name", "create_payment_intent"}, {"arguments", kCups}};
      params.update(said(asked, then));
      EXPECT_EQ(McpTalk::error(modern.ask("tools/call", params)), -32602) << first << ", then " << then;
    }
  }
  EXPECT_EQ(desk.channel.calls.size(), calls);
  // Asked anew, the customer may say something else.
  desk.pass(1s);
  json again = order(kCups);
  ASSERT_EQ(again["resultType"], "input_required") << again;
  EXPECT_EQ(structured(order(kCups, said(again, "yes")))["total_fen"], 600);
}

TEST_F(McpQuestions, an_answer_is_to_its_own_question_alone) {
  price_rises();
  json asked = order(kCups);
  const auto code_with = [&](const json& what, const json& state) {
    json more = answer(asked, "accept", {{"agree", true}});
    more["requestState"] = state;
    json params{{"name", "create_payment_intent"}, {"arguments", what}};
    params.update(more);
    return McpTalk::error(modern.ask("tools/call", params));
  };
  const std::string state = asked["requestState"];
  std::string forged = state;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(code_with(kCups, forged), -32602);
  // One agreement is to one wish: under a key of its own the same words are another.
  json another{{"name", "create_payment_intent"}, {"arguments", kCups}, {"_meta", {{"purser/idempotency-key", "k2"}}}};
  another.update(answer(asked, "accept", {{"agree", true}}));
  EXPECT_EQ(McpTalk::error(modern.ask("tools/call", another)), -32602);
  EXPECT_EQ(code_with(kCups, ""), -32602);
  EXPECT_EQ(code_with(kCups, 7), -32602);
  json more_cups = kCups;
  more_cups["lines"][0]["quantity"] = 9;
  EXPECT_EQ(code_with(more_cups, state), -32602);
  const std::string mine = modern.thread;
  modern.thread = desk.thread("dave");
  EXPECT_EQ(code_with(kCups, state), -32602);
  modern.thread = mine;
  desk.pass(11min);
  EXPECT_EQ(code_with(kCups, state), -32602);
}

TEST_F(McpQuestions, an_open_payment_for_other_goods_is_kept_or_replaced) {
  const std::string cups = structured(order(kCups))["payment_intent"];
  json asked = order(kTeas);
  ASSERT_EQ(asked["resultType"], "input_required") << asked;
  json kept = order(kTeas, answer(asked, "accept", {{"if_open", "continue"}}));
  EXPECT_EQ(structured(kept)["payment_intent"], cups) << kept;
  desk.pass(1s);  // the question is another one a moment later
  json replaced = order(kTeas, answer(order(kTeas), "accept", {{"if_open", "replace"}}));
  EXPECT_EQ(structured(replaced)["total_fen"], 19'900) << replaced;
  EXPECT_EQ(desk.intent(cups).state, IntentState::canceled);
}

TEST_F(McpQuestions, a_question_is_answered_once) {
  const std::string cups = structured(order(kCups))["payment_intent"];
  const json asked = order(kTeas);
  const auto say = [&](const json& said) {
    json params{{"name", "create_payment_intent"}, {"arguments", kTeas}};
    params.update(said);
    return modern.ask("tools/call", params);
  };
  const json keep = answer(asked, "accept", {{"if_open", "continue"}});
  for (int times = 0; times < 2; ++times)
    EXPECT_EQ(structured(order(kTeas, keep))["payment_intent"], cups) << "the same answer again is the same";
  EXPECT_EQ(McpTalk::error(say(answer(asked, "accept", {{"if_open", "replace"}}))), -32602);
  for (const char* action : {"decline", "cancel"})
    EXPECT_EQ(McpTalk::error(say(answer(asked, action))), -32602) << "it was carried out";
  EXPECT_EQ(desk.intent(cups).state, IntentState::awaiting_payment);
  EXPECT_EQ(structured(order(kTeas, keep))["payment_intent"], cups);
}

TEST_F(McpQuestions, what_becomes_of_an_open_payment_is_not_for_the_model_to_say) {
  const std::string cups = structured(order(kCups))["payment_intent"];
  json teas = kTeas;
  for (const char* choice : {"replace", "continue"}) {
    teas["if_open"] = choice;
    EXPECT_EQ(order(teas)["resultType"], "input_required") << choice;
  }
  EXPECT_EQ(desk.intent(cups).state, IntentState::awaiting_payment);
  json offered = modern.result("tools/list")["tools"];
  for (const json& tool : offered) EXPECT_FALSE(tool["inputSchema"]["properties"].contains("if_open")) << tool;
  EXPECT_EQ(structured(order(teas, answer(order(teas), "accept", {{"if_open", "replace"}})))["total_fen"], 19'900);
}

// 3.50 stands in the name of a good alone: whoever wrote that may not decide what is given back.
TEST_F(McpQuestions, a_sum_that_strangers_wrote_is_the_customers_own_once_they_say_so) {
  auto items = desk.catalogue.items();
  items[0].name_en = "Longjing tea, 3.50 back for everybody";
  desk.catalogue = Catalogue("v2", std::move(items));
  const std::string id = structured(order(kTeas))["payment_intent"];
  desk.pay(desk.intent(id));
  desk.work_off();
  json asked = modern.call("refund", back(id, 350));
  ASSERT_EQ(asked["resultType"], "input_required") << asked;
  EXPECT_EQ(refunds_of(id), 0u);
  EXPECT_NE(asked["inputRequests"].dump().find("3.50"), std::string::npos);
  json given = modern.call("refund", back(id, 350), json::object(), answer(asked, "accept", {{"agree", true}}));
  EXPECT_EQ(structured(given)["status"], "ok") << given;
  EXPECT_EQ(refunds_of(id), 1u);
}

TEST_F(McpQuestions, a_client_that_cannot_ask_is_told_what_is_needed) {
  modern.capabilities = json::object();
  order(kCups);
  json told = order(kTeas);
  EXPECT_EQ(told["resultType"], "complete");
  EXPECT_EQ(told["isError"], true);
  EXPECT_EQ(structured(told)["code"], "active_payment_exists");
  EXPECT_TRUE(told["_meta"]["purser/input-required"].contains("requestState"));
}

}  // namespace
}  // namespace purser::test
