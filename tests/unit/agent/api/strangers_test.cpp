// Who asks by an id of somebody else's, at every endpoint that takes one: another tenant and another user of the same
// tenant get what anybody gets for an id that was never given out. The endpoints are those of the API itself, so that
// none can be forgotten here.
#include "tests/support/desk.hpp"
#include "tests/support/mcp_talk.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/tokens.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace purser::test {
namespace {

using nlohmann::json;

constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// One id of each kind; what stands for "{}" in a pattern, by what stands before it.
using Ids = std::map<std::string, std::string>;

const TokenSigner& token_signer() {
  static const TokenSigner signer = TokenSigner::p256();
  return signer;
}

class StrangersTest : public ::testing::Test {
 protected:
  StrangersTest() : desk(folder.path(), {}, doors()) {
    ids["/v1/threads/"] = thread;
    ids["/v1/refunds/"] = refund();
    ids["/v1/approvals/"] = approval();
    ids["/v1/webhook_deliveries/"] = delivery();
    ids["/v1/intents/"] = desk.buy(desk.thread("alice"), "cups").id.str();  // one that still has a code to show
  }

  DeskDoors doors() const {
    DeskDoors out;
    const json ours{{"id", "main"}, {"tenant", kOurs}, {"url", "https://a.example"}, {"secret", kSecret}};
    out.endpoints = json{{"endpoints", {ours}}}.dump();
    out.auth.token_keys_file = folder.file("token.pem");
    out.auth.token_issuer = "shop";
    out.auth.token_audience = "purser";
    out.auth.token_tenant = std::string(kOurs);
    std::ofstream(out.auth.token_keys_file) << token_signer().public_pem();
    return out;
  }

  // Two teas, 398.00, paid.
  PaymentIntent bought() {
    desk.model.push(asks("create_payment_intent", R"({"lines":[{"sku":"TEA","quantity":2}]})"));
    desk.model.push(says("Here is your order."));
    const auto turn = desk.post("/v1/threads/" + thread + "/turns", R"({"text":"two teas"})", "buy");
    const std::string id = body_of(turn)["intents"][0]["id"];
    desk.pay(desk.intent(id));
    desk.work_off();
    return desk.intent(id);
  }
  std::string refund() {
    const Thread row = desk.loop.run(desk.store->thread(paid.thread)).value();
    std::vector<CheckedRefund> list(1);
    list[0].intent = paid.id;
    list[0].amount = Money(100, Currency::cny());
    list[0].reason = "cold";
    return desk.loop.run(desk.cashier.refund(row, list, "test", std::nullopt)).value().at(0).id.str();
  }
  // More than the limits let through is asked for.
  std::string approval() {
    desk.model.push(
        asks("refund", R"({"refunds":[{"payment_intent":")" + paid.id.str() + R"(","all":true,"reason":"cold"}]})"));
    desk.model.push(says("A person of the shop must approve this first."));
    desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund all, it was cold"})", "back");
    return body_of(desk.get("/v1/approvals?state=pending"))["data"].at(0)["id"];
  }
  std::string delivery() {
    WorkItem item;
    item.kind = WorkKind::dead_webhook;
    item.subject = "main:evt_1";
    item.attempts = 11;
    item.due_at = kNeverDue;
    item.payload_json =
        json{{"body", "{}"}, {"created_at", "2026-01-01T00:00:00Z"}, {"last_failure", "status 500"}}.dump();
    Batch batch("test");
    batch.add(op::PutWork{item});
    EXPECT_TRUE(desk.loop.run(desk.store->commit(std::move(batch))).ok());
    return item.subject;
  }

  // Ids of the same shape that were never given out.
  static Ids invented() {
    return {{"/v1/threads/", "thr_0000000000000000000000"},
            {"/v1/intents/", "pi_0000000000000000000000"},
            {"/v1/refunds/", "re_0000000000000000000000"},
            {"/v1/approvals/", "apr_0000000000000000000000"},
            {"/v1/webhook_deliveries/", "main:evt_9"}};
  }
  // A body that the endpoint would take.
  static std::string body_for(std::string_view pattern) {
    if (pattern == "/v1/threads/{}/turns") return R"({"text":"hello"})";
    if (pattern == "/v1/approvals/{}") return R"({"decision":"approve"})";
    if (pattern == "/v1/refunds/{}/mend")
      return R"({"bank_type":"ICBC_DEBIT","bank_account":"6222000011112222","real_name":"Li Lei"})";
    return {};
  }
  // Every request of the API that names a row, with these ids. An endpoint of a kind that is not known here fails.
  static std::vector<http::Request> asking_for(const Ids& ids) {
    std::vector<http::Request> all;
    for (const auto& [method, pattern] : Api::routes()) {
      const std::size_t at = pattern.find("{}");
      const std::string before(pattern.substr(0, at));
      if (at == std::string_view::npos || before == "/v1/models/" || before == "/webhooks/") continue;
      const auto id = ids.find(before);
      EXPECT_NE(id, ids.end()) << "an id of " << pattern << " belongs into this table";
      if (id == ids.end()) continue;
      std::string target(pattern);
      target.replace(at, 2, id->second);
      all.push_back(request(std::string(method), target, method == "POST" ? body_for(pattern) : ""));
    }
    return all;
  }
  http::Response as(const std::string& key, http::Request asked) {
    set_header(asked, "Authorization", "Bearer " + key);
    if (asked.method == "POST") set_header(asked, "Idempotency-Key", "k" + std::to_string(++knocks_));
    return desk.send(std::move(asked));
  }
  std::string token_of(const std::string& user) const {
    return token_signer().token({{"iss", "shop"},
                                 {"aud", "purser"},
                                 {"sub", user},
                                 {"scope", "*"},
                                 {"exp", to_seconds(desk.loop.clock.wall()) + 3'600}});
  }
  static http::Request chat(const std::string& named_thread, const char* how) {
    json body{{"model", "purser"}, {"messages", {{{"role", "user"}, {"content", "what did I buy?"}}}}};
    if (std::string_view(how) == "metadata") body["metadata"] = {{"thread_id", named_thread}};
    auto asked = request("POST", "/v1/chat/completions", body.dump());
    if (std::string_view(how) == "header") set_header(asked, "X-Thread-Id", named_thread);
    return asked;
  }

  TempFolder folder;
  Desk desk;
  const std::string thread = desk.thread("alice");
  const PaymentIntent paid = bought();
  Ids ids;

 private:
  int knocks_ = 0;
};

TEST_F(StrangersTest, FindTheSameAsForAnIdThatWasNeverGivenOut) {
  const auto real = asking_for(ids);
  const auto none = asking_for(invented());
  ASSERT_EQ(real.size(), none.size());
  ASSERT_GE(real.size(), 15u);
  const std::size_t turns = desk.count_turns(thread);
  const std::size_t rail_calls = desk.channel.calls.size();
  for (const std::string& key : {std::string(kTheirKey), token_of("bob")}) {
    for (std::size_t i = 0; i < real.size(); ++i) {
      const auto foreign = as(key, real[i]);
      const auto unknown = as(key, none[i]);
      const bool never = key != kTheirKey && foreign.status == 403;  // no single user may ever do that
      EXPECT_TRUE(foreign.status == 404 || never) << real[i].method << real[i].target << foreign.status;
      EXPECT_EQ(foreign.status, unknown.status) << real[i].target;
      EXPECT_EQ(foreign.body, unknown.body) << real[i].target;
      EXPECT_EQ(foreign.headers.size(), unknown.headers.size()) << real[i].target;
    }
  }
  EXPECT_EQ(desk.count_turns(thread), turns);
  EXPECT_EQ(desk.channel.calls.size(), rail_calls);
  EXPECT_EQ(body_of(desk.get("/v1/approvals/" + ids["/v1/approvals/"]))["state"], "pending");
  EXPECT_EQ(body_of(desk.get("/v1/webhook_deliveries"))["data"].size(), 1u);
}

// The same requests with the owner's key, so that a 404 above is for the stranger.
TEST_F(StrangersTest, TheOwnerFindsEachOfThem) {
  desk.model_says("Hello.");
  for (const http::Request& asked : asking_for(ids))
    EXPECT_NE(as(std::string(kOurKey), asked).status, 404) << asked.method << asked.target;
}

TEST_F(StrangersTest, AThreadIsNotNamedToTheChatDoorByAStranger) {
  const std::size_t turns = desk.count_turns(thread);
  for (const std::string& key : {std::string(kTheirKey), token_of("bob")}) {
    for (const char* how : {"metadata", "header"}) {
      const auto foreign = as(key, chat(thread, how));
      EXPECT_EQ(foreign.status, 404) << how << foreign.body;
      EXPECT_EQ(foreign.body, as(key, chat("thr_0000000000000000000000", how)).body);
    }
  }
  EXPECT_EQ(desk.count_turns(thread), turns);
}

// The MCP door names rows in bodies and headers; its own tests have the rest of its table.
TEST_F(StrangersTest, NothingIsNamedToTheMcpDoorByAStranger) {
  const std::size_t turns = desk.count_turns(thread);
  const std::string intent = "purser://intents/" + ids["/v1/intents/"];
  for (const std::string& key : {std::string(kTheirKey), token_of("bob")}) {
    McpTalk talk(desk, McpTalk::Era::modern, key);
    std::vector<std::string> seen;
    for (const std::string& named : {thread, std::string("thr_0000000000000000000000")}) {
      talk.thread = named;
      const auto answer = talk.ask("tools/call", {{"name", "query_payment"}, {"arguments", json::object()}});
      EXPECT_EQ(answer.status, 404);
      seen.push_back(answer.body);
    }
    EXPECT_EQ(seen[0], seen[1]);
    talk.thread.clear();
    const auto of = [&](const std::string& uri) { return talk.ask("resources/read", {{"uri", uri}}); };
    EXPECT_EQ(McpTalk::error(of(intent)), -32602);
    EXPECT_EQ(McpTalk::error(of("purser://intents/pi_0000000000000000000000")), -32602);
  }
  EXPECT_EQ(desk.count_turns(thread), turns);
}

TEST_F(StrangersTest, AListHoldsNothingOfOthersWhereverItBegins) {
  for (const std::string target : {"/v1/approvals", "/v1/webhook_deliveries"}) {
    const std::string id = ids[target + "/"];
    for (const std::string& from : {target, target + "?after=" + id}) {
      const auto listed = as(std::string(kTheirKey), request("GET", from));
      EXPECT_EQ(listed.body.find(id), std::string::npos) << from << listed.body;
      EXPECT_TRUE(listed.status != 200 || body_of(listed)["data"].empty()) << from;
      EXPECT_EQ(as(token_of("bob"), request("GET", from)).status, 403) << from;
    }
  }
}

// A key belongs to whoever sent it: with another's no answer of his is replayed, and none is refused for it.
TEST_F(StrangersTest, AnIdempotencyKeyOfAnotherIsFree) {
  const auto open = [&](const std::string& key, const char* user) {
    auto asked = request("POST", "/v1/threads", json{{"user", {{"id", user}}}}.dump(), "the-same-key");
    set_header(asked, "Authorization", "Bearer " + key);
    return desk.send(std::move(asked));
  };
  std::set<std::string> made;
  for (const auto& [key, user] : std::vector<std::pair<std::string, const char*>>{
           {std::string(kOurKey), "alice"}, {std::string(kTheirKey), "alice"}, {token_of("bob"), "bob"}}) {
    const auto answer = open(key, user);
    ASSERT_EQ(answer.status, 201) << user << answer.body;
    EXPECT_EQ(header_of(answer, "Idempotent-Replayed"), "");
    EXPECT_EQ(open(key, user).body, answer.body);
    made.insert(body_of(answer)["id"]);
  }
  EXPECT_EQ(made.size(), 3u);
}

}  // namespace
}  // namespace purser::test
