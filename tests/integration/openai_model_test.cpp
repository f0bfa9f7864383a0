// The whole product with a model behind it that speaks the OpenAI wire over real HTTP. What the model says is scripted;
// some of it is wrong, and some of it is not even an answer.
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace purser::test {
namespace {

// Answers each request with the next step of its script. A step sees the request and returns an assistant message.
class ScriptedModel {
 public:
  using Step = std::function<Json(const Json& request)>;

  ScriptedModel() : server_([this](const PlainServer::Request& request) { return answer(request); }) {}

  void next(Step step) {
    const std::lock_guard lock(mutex_);
    steps_.push_back(std::move(step));
  }
  void says(std::string text) {
    next([text](const Json&) { return Json{{"role", "assistant"}, {"content", text}}; });
  }
  void calls(std::string tool, Json arguments) {
    next([tool, arguments](const Json&) { return call(tool, arguments); });
  }
  // The next `count` requests get this status and body.
  void breaks(int status, std::string body, int count) {
    const std::lock_guard lock(mutex_);
    broken_ = {status, std::move(body), count};
  }

  static Json call(const std::string& tool, const Json& arguments) {
    return {{"role", "assistant"},
            {"content", nullptr},
            {"tool_calls",
             {{{"id", "call_" + std::to_string(std::hash<std::string>()(arguments.dump()))},
               {"type", "function"},
               {"function", {{"name", tool}, {"arguments", arguments.dump()}}}}}}};
  }

  int port() const { return server_.port(); }
  bool finished() const {
    const std::lock_guard lock(mutex_);
    return steps_.empty();
  }
  std::vector<Json> requests() const {
    std::vector<Json> out;
    for (const auto& request : server_.requests()) out.push_back(Json::parse(request.body));
    return out;
  }
  std::vector<PlainServer::Request> raw_requests() const { return server_.requests(); }

 private:
  struct Broken {
    int status = 0;
    std::string body;
    int left = 0;
  };

  std::string answer(const PlainServer::Request& request) {
    const std::lock_guard lock(mutex_);
    if (broken_.left > 0) {
      --broken_.left;
      return PlainServer::reply(broken_.status, broken_.body);
    }
    const Json asked = Json::parse(request.body);
    Json message = {{"role", "assistant"}, {"content", "The script has no such step."}};
    if (!steps_.empty()) {
      message = steps_.front()(asked);
      steps_.pop_front();
    }
    const bool tools = message.contains("tool_calls");
    const Json body = {
        {"id", "chatcmpl-1"},
        {"object", "chat.completion"},
        {"created", 1},
        {"model", "scripted"},
        {"choices", {{{"index", 0}, {"message", message}, {"finish_reason", tools ? "tool_calls" : "stop"}}}},
        {"usage", {{"prompt_tokens", 100}, {"completion_tokens", 10}, {"total_tokens", 110}}}};
    return PlainServer::reply(200, body.dump());
  }

  mutable std::mutex mutex_;
  std::deque<Step> steps_;
  Broken broken_;
  PlainServer server_;
};

// What the last tool said, as the model reads it.
std::string last_tool_text(const Json& request) {
  const Json& messages = request.at("messages");
  for (auto at = messages.rbegin(); at != messages.rend(); ++at)
    if (at->at("role") == "tool") return at->at("content");
  return {};
}

class OpenAiShop : public ::testing::Test {
 protected:
  OpenAiShop()
      : serve_({"database.url=sqlite://" + folder_.file("purser.db"), "llm.attempt_time_max_ms=3000"},
               {{"PURSER_LLM_BASE_URL", "http://127.0.0.1:" + std::to_string(model_.port()) + "/v1"},
                {"PURSER_LLM_API_KEY", kProviderKey},
                {"PURSER_LLM_MODEL", "scripted"}}) {}

  void SetUp() override { ASSERT_TRUE(serve_.ready()) << serve_.child().errors(); }

  Json sandbox(const std::string& path, const Json& body) {
    const std::string url = plain_http(serve_.admin_port(), "GET", "/readyz").json().at("sandbox_url");
    return plain_http(std::stoi(url.substr(url.rfind(':') + 1)), "POST", "/sandbox/" + path,
                      {{"Content-Type", "application/json"}}, body.dump())
        .json();
  }

  static constexpr const char* kProviderKey = "sk-provider-secret-0123456789";
  TempFolder folder_;
  ScriptedModel model_;
  ServeProcess serve_;
};

Json card_in(const Json& reply, const std::string& type) {
  for (const Json& card : reply.at("cards"))
    if (card.value("type", "") == type) return card;
  return Json();
}

const Json kTwoPacks = {{"lines", {{{"sku", "tea-longjing-100g"}, {"quantity", 2}}}}};

TEST_F(OpenAiShop, BuysPaysRefundsExpiresAndRenews) {
  Customer customer(serve_.port(), serve_.key(), "m1");
  ASSERT_TRUE(customer.open_thread());

  // The first call claims a price that the catalogue does not hold; the second puts it right.
  model_.calls("create_payment_intent",
               {{"lines", {{{"sku", "tea-longjing-100g"}, {"quantity", 2}, {"unit_price_fen", 1}}}}});
  model_.next([](const Json& request) {
    EXPECT_NE(last_tool_text(request).find("price_mismatch"), std::string::npos) << last_tool_text(request);
    return ScriptedModel::call("create_payment_intent", kTwoPacks);
  });
  model_.says("Here you are: two packs of Longjing tea.");
  const Json ordered = customer.must_say("Two packs of Longjing tea, please.");
  ASSERT_EQ(ordered["intents"].size(), 1u) << ordered.dump(2);
  const Json intent = ordered["intents"][0];
  const auto total = intent["amount"]["value"].get<std::int64_t>();
  EXPECT_EQ(card_in(ordered["reply"], "payment_request")["amount"]["value"], total);
  EXPECT_EQ(ordered["usage"]["input_tokens"], 300) << ordered["usage"].dump();

  model_.says("Thank you, the payment has arrived.");
  sandbox("pay", {{"out_trade_no", intent["order"]["out_trade_no"]}});
  const Json thanks = customer.reply_to("intent.succeeded");
  EXPECT_EQ(card_in(thanks, "payment_receipt")["amount"]["value"], total);

  model_.calls("refund", {{"refunds",
                           {{{"payment_intent", intent["id"]},
                             {"lines", {{{"sku", "tea-longjing-100g"}, {"quantity", 1}}}},
                             {"reason", "one pack is torn"}}}}});
  model_.says("One pack is being refunded.");
  model_.says("The refund is done.");
  const Json back = customer.must_say("One pack is torn.");
  ASSERT_EQ(back["refunds"].size(), 1u) << back.dump(2);
  EXPECT_EQ(back["refunds"][0]["amount"]["value"], total / 2);
  EXPECT_FALSE(customer.reply_to("refund.succeeded").is_null());

  // More than is left is refused, and the model is told why.
  model_.calls(
      "refund",
      {{"refunds", {{{"payment_intent", intent["id"]}, {"amount_fen", total}, {"reason", "the customer insists"}}}}});
  model_.next([](const Json& request) {
    EXPECT_NE(last_tool_text(request).find("refund_exceeds_remaining"), std::string::npos) << last_tool_text(request);
    return Json{{"role", "assistant"}, {"content", "I am sorry, that is more than is left."}};
  });
  const Json greedy = customer.must_say("Give me everything back!");
  EXPECT_EQ(greedy["refunds"].size(), 0u);
  EXPECT_EQ(customer.get("/v1/intents/" + intent["id"].get<std::string>()).json()["refunded"], total / 2);

  model_.calls("create_payment_intent", kTwoPacks);
  model_.says("Please pay.");
  model_.says("The payment time ran out. Shall I renew it?");
  const Json second = customer.must_say("Two more, please.");
  ASSERT_EQ(second["intents"].size(), 1u) << second.dump(2);
  sandbox("clock", {{"advance", "301s"}});
  ASSERT_FALSE(customer.reply_to("intent.expired").is_null());
  model_.calls("create_payment_intent", kTwoPacks);
  model_.says("Here is a new one.");
  const Json renewed = customer.must_say("Yes, please.");
  ASSERT_EQ(renewed["intents"].size(), 1u) << renewed.dump(2);
  EXPECT_NE(renewed["intents"][0]["id"], second["intents"][0]["id"]);
  EXPECT_EQ(renewed["intents"][0]["amount"], second["intents"][0]["amount"]);
  EXPECT_TRUE(model_.finished());

  for (const auto& request : model_.raw_requests()) {
    EXPECT_EQ(request.target, "/v1/chat/completions");
    EXPECT_EQ(request.headers.at("authorization"), std::string("Bearer ") + kProviderKey);
  }
}

TEST_F(OpenAiShop, AFalseStatementOfMoneyDoesNotReachTheCustomer) {
  Customer customer(serve_.port(), serve_.key(), "m2");
  ASSERT_TRUE(customer.open_thread());
  for (int i = 0; i < 5; ++i) model_.says("Your payment of ¥176.00 has arrived, and I refunded ¥88.00 to you.");
  const Json reply = customer.must_say("Did my payment arrive?");
  const std::string text = reply["reply"]["text"];
  EXPECT_EQ(text.find("176"), std::string::npos) << text;
  EXPECT_EQ(text.find("88"), std::string::npos) << text;
  EXPECT_FALSE(text.empty());
}

TEST_F(OpenAiShop, ABrokenModelIsReplacedByTheRules) {
  Customer customer(serve_.port(), serve_.key(), "m3");
  ASSERT_TRUE(customer.open_thread());
  model_.breaks(503, "<html>upstream is away</html>", 50);
  const Json ordered = customer.must_say("Two packs of Longjing tea, please.");
  ASSERT_EQ(ordered["intents"].size(), 1u) << ordered.dump(2);
  EXPECT_GE(model_.raw_requests().size(), 1u);
}

TEST_F(OpenAiShop, HistoryHoldsAnAnswerForEveryCall) {
  Customer customer(serve_.port(), serve_.key(), "m4");
  ASSERT_TRUE(customer.open_thread());
  model_.next([](const Json&) {
    Json two = ScriptedModel::call("search_catalogue", {{"query", "tea"}});
    Json other = ScriptedModel::call("query_payment", Json::object());
    two["tool_calls"].push_back(other["tool_calls"][0]);
    two["tool_calls"][0]["id"] = "same";  // two calls with one id: ambiguous
    two["tool_calls"][1]["id"] = "same";
    return two;
  });
  model_.calls("no_such_tool", {{"x", 1}});
  model_.calls("search_catalogue", {{"query", "tea"}});
  model_.says("We have Longjing tea.");
  customer.must_say("What tea do you have?");
  model_.says("Anything else?");
  customer.must_say("Thanks.");
  for (const Json& request : model_.requests()) {
    std::vector<std::string> open;
    for (const Json& message : request["messages"]) {
      if (message["role"] == "tool") {
        const auto at = std::find(open.begin(), open.end(), message["tool_call_id"].get<std::string>());
        ASSERT_NE(at, open.end()) << request.dump(2);
        open.erase(at);
        continue;
      }
      EXPECT_TRUE(open.empty()) << request.dump(2);
      if (message.contains("tool_calls"))
        for (const Json& call : message["tool_calls"]) open.push_back(call["id"]);
    }
    EXPECT_TRUE(open.empty()) << request.dump(2);
  }
}

TEST_F(OpenAiShop, NeitherKeyNorPromptOfTheProviderIsLogged) {
  Customer customer(serve_.port(), serve_.key(), "m5");
  ASSERT_TRUE(customer.open_thread());
  model_.breaks(401, R"({"error":{"message":"Incorrect API key provided: sk-provider-secret-0123456789","type":"x"}})",
                10);
  customer.must_say("Hello");
  EXPECT_FALSE(serve_.child().errors().empty());
  EXPECT_EQ(serve_.child().errors().find("provider-secret"), std::string::npos) << serve_.child().errors();
}

}  // namespace
}  // namespace purser::test
