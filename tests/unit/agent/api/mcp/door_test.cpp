// The MCP door: sessions, whose conversation it is, resources and streams.
#include "tests/support/mcp_talk.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/tokens.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace purser::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const json kTwoCups{{"lines", {{{"sku", "CUP"}, {"quantity", 2}}}}};

class McpDoorTest : public testing::Test {
 protected:
  McpDoorTest() : desk(folder.path(), {}, doors()) { talk.open(); }

  DeskDoors doors() const {
    DeskDoors out;
    out.auth.token_keys_file = folder.file("token.pem");
    out.auth.token_issuer = "shop";
    out.auth.token_audience = "purser";
    out.auth.token_tenant = std::string(kOurs);
    std::ofstream(out.auth.token_keys_file) << signer().public_pem();
    return out;
  }
  static const TokenSigner& signer() {
    static const TokenSigner one = TokenSigner::p256();
    return one;
  }
  std::string token_of(const std::string& user, const std::string& scope = "*") const {
    return signer().token({{"iss", "shop"},
                           {"aud", "purser"},
                           {"sub", user},
                           {"scope", scope},
                           {"exp", to_seconds(desk.loop.clock.wall()) + 3'600}});
  }
  std::string buy(McpTalk& who) {
    return who.call("create_payment_intent", kTwoCups)["structuredContent"]["payment_intent"];
  }
  static std::string uri(const std::string& id) { return "purser://intents/" + id; }

  TempFolder folder;
  Desk desk;
  McpTalk talk{desk, McpTalk::Era::with_session};
  McpTalk modern{desk, McpTalk::Era::modern};
};

TEST_F(McpDoorTest, a_session_begins_with_what_both_can_do) {
  McpTalk fresh(desk, McpTalk::Era::with_session);
  const auto opened = fresh.open();
  EXPECT_EQ(opened.status, 200);
  const json result = body_of(opened)["result"];
  EXPECT_EQ(result["protocolVersion"], "2025-11-25");
  EXPECT_EQ(result["serverInfo"]["name"], "purser");
  EXPECT_TRUE(result["capabilities"].contains("tools"));
  EXPECT_EQ(result["capabilities"]["resources"]["subscribe"], true);
  EXPECT_FALSE(result.contains("resultType"));
  EXPECT_GE(fresh.session.size(), 50u);
  EXPECT_EQ(fresh.result("initialize", {{"protocolVersion", "2025-06-18"}})["protocolVersion"], "2025-06-18");
  EXPECT_EQ(fresh.result("initialize", {{"protocolVersion", "2019-01-01"}})["protocolVersion"], "2025-11-25");
  EXPECT_EQ(McpTalk::error(fresh.ask("initialize", {{"protocolVersion", 5}})), -32602);
  EXPECT_EQ(McpTalk::error(fresh.ask("initialize", json::object())), -32602);
  EXPECT_EQ(fresh.send({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}).status, 202);
  EXPECT_EQ(fresh.send({{"jsonrpc", "2.0"}, {"id", 4}, {"result", json::object()}}).status, 202);
  EXPECT_EQ(fresh.result("ping"), json::object());
}

TEST_F(McpDoorTest, a_session_that_is_not_ones_own_is_none) {
  const std::string mine = talk.session;
  McpTalk theirs(desk, McpTalk::Era::with_session, std::string(kTheirKey));
  McpTalk bob(desk, McpTalk::Era::with_session, token_of("bob"));
  std::string forged = mine;
  forged.back() = forged.back() == '0' ? '1' : '0';
  std::vector<std::string> bodies;
  for (McpTalk* who : {&theirs, &bob, &talk}) {
    who->session = who == &talk ? forged : mine;
    for (const char* method : {"tools/list", "ping", "tools/call"}) {
      const auto answer = who->ask(method);
      EXPECT_EQ(answer.status, 404) << method;
      bodies.push_back(answer.body);
    }
    EXPECT_EQ(who->knock("GET").status, 404);
    EXPECT_EQ(who->knock("DELETE").status, 404);
    EXPECT_EQ(who->send({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}).status, 404);
  }
  for (const std::string& body : bodies) EXPECT_EQ(body, bodies.front());
  talk.session = mine;
  EXPECT_EQ(talk.ask("ping").status, 200);
  talk.session.clear();
  EXPECT_EQ(talk.ask("ping").status, 400);
  EXPECT_EQ(talk.knock("GET").status, 400);
  EXPECT_EQ(talk.knock("DELETE").status, 400);
}

TEST_F(McpDoorTest, a_session_that_was_ended_is_none_after_a_restart_too) {
  EXPECT_EQ(talk.knock("DELETE").status, 204);
  EXPECT_EQ(talk.ask("ping").status, 404);
  EXPECT_EQ(talk.knock("DELETE").status, 404);
}

TEST_F(McpDoorTest, a_request_from_a_page_of_another_site_is_refused) {
  for (const char* origin :
       {"http://evil.example.com", "https://localhost.evil.example", "null", "http://127.0.0.1.nip.io", "file://",
        "http://[::2]:80", "http://evil@localhost.example", "http://localhost:80@evil.example",
        "http://[::1].evil.example", "http://localhost/evil", "http://"})
    EXPECT_EQ(talk.ask("ping", json::object(), {{"Origin", origin}}).status, 403) << origin;
  for (const char* origin : {"http://localhost:6274", "http://127.0.0.1", "https://[::1]:9", "http://localhost"})
    EXPECT_EQ(talk.ask("ping", json::object(), {{"Origin", origin}}).status, 200) << origin;
  EXPECT_EQ(talk.knock("GET", {{"Origin", "http://evil.example.com"}}).status, 403);
  EXPECT_EQ(talk.knock("DELETE", {{"Origin", "http://evil.example.com"}}).status, 403);
}

TEST_F(McpDoorTest, a_client_accepts_both_kinds_of_answers) {
  for (const char* accept : {"", "application/json", "text/event-stream", "text/html"})
    EXPECT_EQ(talk.ask("ping", json::object(), {{"Accept", accept}}).status, 406) << accept;
  EXPECT_EQ(talk.ask("ping", json::object(), {{"Accept", "*/*"}}).status, 200);
  EXPECT_EQ(talk.knock("GET", {{"Accept", "application/json"}}).status, 406);
}

TEST_F(McpDoorTest, each_revision_has_its_own_methods) {
  for (const char* method : {"nope", "prompts/list", "logging/setLevel", "server/discover", "subscriptions/listen"}) {
    const auto answer = talk.ask(method);
    EXPECT_EQ(answer.status, 200) << method;
    EXPECT_EQ(McpTalk::error(answer), -32601) << method;
  }
  for (const char* method : {"nope", "initialize", "ping", "resources/subscribe", "logging/setLevel"}) {
    const auto answer = modern.ask(method);
    EXPECT_EQ(answer.status, 404) << method;
    EXPECT_EQ(McpTalk::error(answer), -32601) << method;
    EXPECT_TRUE(body_of(answer)["id"].is_number());
  }
}

TEST_F(McpDoorTest, a_modern_client_needs_no_session) {
  const json discovered = modern.result("server/discover");
  EXPECT_EQ(discovered["supportedVersions"][0], "2026-07-28");
  EXPECT_EQ(discovered["resultType"], "complete");
  EXPECT_EQ(discovered["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "purser");
  for (const char* method : {"tools/list", "resources/list", "resources/templates/list"}) {
    const json result = modern.result(method);
    EXPECT_EQ(result["resultType"], "complete") << method;
    EXPECT_GE(result["ttlMs"], 0) << method;
    EXPECT_EQ(result["cacheScope"], "private") << method;
  }
  EXPECT_EQ(McpTalk::error(modern.ask("tools/call", {{"name", "search_catalogue"}})), -32602);
  modern.thread = desk.thread("alice");
  const json found = modern.call("search_catalogue", {{"query", "tea"}});
  EXPECT_EQ(found["isError"], false) << found;
  EXPECT_EQ(header_of(modern.ask("tools/list"), "Mcp-Session-Id"), "");
}

TEST_F(McpDoorTest, the_tools_are_those_of_the_house) {
  const json tools = talk.result("tools/list")["tools"];
  std::vector<std::string> names;
  for (const json& tool : tools) {
    names.push_back(tool["name"]);
    EXPECT_EQ(tool["inputSchema"]["additionalProperties"], false);
    EXPECT_EQ(tool["inputSchema"]["type"], "object");
    EXPECT_EQ(tool["annotations"]["readOnlyHint"],
              tool["name"] == "search_catalogue" || tool["name"] == "query_payment");
  }
  EXPECT_EQ(names, (std::vector<std::string>{"search_catalogue", "create_payment_intent", "query_payment",
                                             "cancel_payment", "refund"}));
}

// --- whose conversation it is

TEST_F(McpDoorTest, a_named_thread_is_the_conversation_if_it_is_ones_own) {
  const std::string thread = desk.thread("alice");
  talk.thread = thread;
  const std::string id = buy(talk);
  EXPECT_EQ(desk.intent(id).thread.str(), thread);
  EXPECT_EQ(desk.intent(id).user.str(), "alice");
  talk.thread.clear();
  const json by_meta = talk.call("query_payment", json::object(), {{"purser/thread", thread}});
  EXPECT_EQ(by_meta["structuredContent"]["payments"].size(), 1u);
  EXPECT_EQ(talk.call("query_payment", json::object())["structuredContent"]["payments"].size(), 0u);
  McpTalk theirs(desk, McpTalk::Era::with_session, std::string(kTheirKey));
  McpTalk bob(desk, McpTalk::Era::with_session, token_of("bob"));
  for (McpTalk* who : {&theirs, &bob}) {
    who->open();
    who->thread = thread;
    const auto foreign = who->ask("tools/call", {{"name", "query_payment"}});
    who->thread = "thr_0000000000000000000000";
    const auto unknown = who->ask("tools/call", {{"name", "query_payment"}});
    EXPECT_EQ(foreign.status, 404);
    EXPECT_EQ(foreign.body, unknown.body);
    EXPECT_EQ(who->knock("GET").status, 404);
  }
}

TEST_F(McpDoorTest, a_token_stands_for_its_user) {
  McpTalk alice(desk, McpTalk::Era::modern, token_of("alice"));
  McpTalk bob(desk, McpTalk::Era::modern, token_of("bob"));
  const std::string id = buy(alice);
  EXPECT_EQ(desk.intent(id).user.str(), "alice");
  EXPECT_EQ(alice.result("resources/list")["resources"].size(), 1u);
  EXPECT_EQ(bob.result("resources/list")["resources"].size(), 0u);
  EXPECT_EQ(McpTalk::error(bob.ask("resources/read", {{"uri", uri(id)}})), -32602);
}

TEST_F(McpDoorTest, sessions_do_not_see_each_others_payments) {
  const std::string id = buy(talk);
  McpTalk other(desk, McpTalk::Era::with_session);
  other.open();
  EXPECT_EQ(other.result("resources/list")["resources"].size(), 0u);
  EXPECT_EQ(other.call("query_payment", json::object())["structuredContent"]["payments"].size(), 0u);
  EXPECT_EQ(other.call("cancel_payment", {{"payment_intent", id}})["isError"], true);
  EXPECT_EQ(desk.intent(id).state, IntentState::awaiting_payment);
}

// --- resources

TEST_F(McpDoorTest, a_payment_is_a_resource) {
  const std::string id = buy(talk);
  const json listed = talk.result("resources/list")["resources"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["uri"], uri(id));
  const json content = talk.result("resources/read", {{"uri", uri(id)}})["contents"][0];
  const json shown = json::parse(content["text"].get<std::string>());
  EXPECT_EQ(shown["state"], "awaiting_payment");
  EXPECT_EQ(shown["confirmation"]["type"], "qr");
  EXPECT_EQ(content["annotations"]["audience"], json::array({"user"}));
  const json picture = talk.result("resources/read", {{"uri", uri(id) + "/qr.png"}})["contents"][0];
  EXPECT_EQ(picture["mimeType"], "image/png");
  EXPECT_TRUE(picture["blob"].get<std::string>().starts_with("iVBORw0KGgo")) << picture;
  desk.pay(desk.intent(id));
  EXPECT_EQ(
      json::parse(talk.result("resources/read", {{"uri", uri(id)}})["contents"][0]["text"].get<std::string>())["state"],
      "succeeded");
  EXPECT_EQ(McpTalk::error(talk.ask("resources/read", {{"uri", uri(id) + "/qr.png"}})), -32002);
}

TEST_F(McpDoorTest, a_resource_of_another_tenant_is_none) {
  const std::string id = buy(talk);
  McpTalk theirs(desk, McpTalk::Era::with_session, std::string(kTheirKey));
  theirs.open();
  for (const std::string& name : {uri(id), uri(id) + "/qr.png", uri("pi_0000000000000000000000"),
                                  std::string("file:///etc"), uri("../" + id), std::string()}) {
    for (const char* method : {"resources/read", "resources/subscribe", "resources/unsubscribe"})
      EXPECT_EQ(McpTalk::error(theirs.ask(method, {{"uri", name}})), -32002) << method << name;
    McpTalk modern_stranger(desk, McpTalk::Era::modern, std::string(kTheirKey));
    EXPECT_EQ(McpTalk::error(modern_stranger.ask("resources/read", {{"uri", name}})), -32602) << name;
  }
}

// A key of the tenant's may see all of it; a conversation that a model leads may not.
TEST_F(McpDoorTest, a_conversation_sees_the_payments_of_its_own_user) {
  const std::string thread = desk.thread("alice");
  const std::string id = desk.buy(thread).id.str();
  const auto reads = [&](McpTalk& who) { return McpTalk::error(who.ask("resources/read", {{"uri", uri(id)}})) == 0; };
  McpTalk named(desk, McpTalk::Era::modern);
  EXPECT_FALSE(reads(named)) << "whose conversation this is was not said";
  named.thread = thread;
  EXPECT_TRUE(reads(named));
  named.thread = desk.thread("alice");
  EXPECT_TRUE(reads(named));
  named.thread = desk.thread("bob");
  EXPECT_FALSE(reads(named));
  EXPECT_FALSE(reads(talk)) << "a guest's";
  EXPECT_NE(McpTalk::error(talk.ask("resources/subscribe", {{"uri", uri(id)}})), 0);
  McpTalk bob(desk, McpTalk::Era::modern, token_of("bob"));
  EXPECT_FALSE(reads(bob));
}

TEST_F(McpDoorTest, a_key_without_the_scope_reads_no_payment) {
  McpTalk writer(desk, McpTalk::Era::modern, token_of("alice", "threads:write"));
  const std::string id = buy(writer);
  EXPECT_EQ(writer.ask("resources/read", {{"uri", uri(id)}}).status, 403);
  EXPECT_EQ(writer.ask("resources/list").status, 403);
  EXPECT_EQ(writer.ask("subscriptions/listen", {{"notifications", json::object()}}).status, 403);
  McpTalk reader(desk, McpTalk::Era::modern, token_of("alice", "threads:read"));
  EXPECT_EQ(reader.ask("tools/list").status, 403);
}

// --- streams

class McpStreams : public McpDoorTest {
 protected:
  std::vector<json> messages(const Reader& reader) const {
    std::vector<json> out;
    for (const std::string& data : reader.data()) out.push_back(json::parse(data));
    return out;
  }
};

TEST_F(McpStreams, a_session_hears_of_what_it_subscribed_to) {
  const std::string id = buy(talk);
  EXPECT_EQ(talk.result("resources/subscribe", {{"uri", uri(id)}}), json::object());
  EXPECT_EQ(talk.result("resources/subscribe", {{"uri", uri(id)}}), json::object());
  auto answer = talk.knock("GET");
  ASSERT_EQ(answer.status, 200);
  Reader reader;
  auto stream = desk.loop.start(answer.stream(reader.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return !reader.text().empty(); }));
  desk.pay(desk.intent(id));
  ASSERT_TRUE(desk.loop.until([&] { return reader.data().size() == 1; }));
  EXPECT_EQ(messages(reader)[0]["method"], "notifications/resources/updated");
  EXPECT_EQ(messages(reader)[0]["params"]["uri"], uri(id));
  ASSERT_EQ(reader.ids().size(), 1u);
  stream.cancel();
  ASSERT_TRUE(desk.loop.until([&] { return stream.done(); }));
  // Who comes back with the last id it saw misses nothing.
  auto back = talk.knock("GET", {{"Last-Event-ID", "0"}});
  Reader again;
  auto second = desk.loop.start(back.stream(again.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return again.data().size() >= 2; }));
  EXPECT_EQ(again.ids().back(), reader.ids().back());
  second.cancel();
  ASSERT_TRUE(desk.loop.until([&] { return second.done(); }));
}

TEST_F(McpStreams, it_hears_no_more_of_what_it_has_left) {
  const std::string id = buy(talk);
  talk.result("resources/subscribe", {{"uri", uri(id)}});
  talk.result("resources/unsubscribe", {{"uri", uri(id)}});
  auto answer = talk.knock("GET", {{"Last-Event-ID", "0"}});
  Reader reader;
  auto stream = desk.loop.start(answer.stream(reader.sink()));
  desk.pay(desk.intent(id));
  desk.loop.clock.advance(desk.loop.ioc, 16s);
  EXPECT_EQ(reader.data().size(), 0u) << reader.text();
  EXPECT_NE(reader.text().find(": heartbeat"), std::string::npos);
  stream.cancel();
  ASSERT_TRUE(desk.loop.until([&] { return stream.done(); }));
}

TEST_F(McpStreams, the_newest_stream_of_a_session_speaks) {
  const std::string id = buy(talk);
  talk.result("resources/subscribe", {{"uri", uri(id)}});
  auto first = talk.knock("GET");
  auto second = talk.knock("GET");
  Reader old;
  Reader fresh;
  auto old_stream = desk.loop.start(first.stream(old.sink()));
  auto fresh_stream = desk.loop.start(second.stream(fresh.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return !fresh.text().empty(); }));
  desk.pay(desk.intent(id));
  ASSERT_TRUE(desk.loop.until([&] { return fresh.data().size() == 1 && old_stream.done(); }));
  EXPECT_EQ(old.data().size(), 0u);
  fresh_stream.cancel();
  ASSERT_TRUE(desk.loop.until([&] { return fresh_stream.done(); }));
}

TEST_F(McpStreams, a_revoked_key_hears_nothing_more) {
  const std::string id = buy(talk);
  talk.result("resources/subscribe", {{"uri", uri(id)}});
  auto answer = talk.knock("GET");
  Reader reader;
  auto stream = desk.loop.start(answer.stream(reader.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return !reader.text().empty(); }));
  AuthSettings others;
  others.api_keys = Secret("acme:sk_another_key_00000001");
  desk.api.replace(Identity::make(others).value());
  desk.pay(desk.intent(id));
  ASSERT_TRUE(desk.loop.until([&] { return stream.done(); }));
  EXPECT_EQ(reader.data().size(), 0u) << reader.text();
}

TEST(McpStreamsOfAUser, are_among_those_that_he_may_have_open) {
  TempFolder folder;
  DeskDoors doors;
  doors.limits.streams_per_user = 1;
  Desk desk(folder.path(), {}, doors);
  McpTalk talk(desk, McpTalk::Era::with_session);
  talk.open();
  talk.thread = desk.thread("alice");
  auto first = talk.knock("GET");
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(desk.api.streams_open(), 1u);
  EXPECT_EQ(talk.knock("GET").status, 429);
  McpTalk modern(desk, McpTalk::Era::modern);
  modern.thread = talk.thread;
  const std::string uri = "purser://intents/" + desk.buy(talk.thread).id.str();
  const json filter{{"resourceSubscriptions", {uri}}};
  EXPECT_EQ(modern.ask("subscriptions/listen", {{"notifications", filter}}).status, 429);
  first.stream = nullptr;
  EXPECT_EQ(talk.knock("GET").status, 200);
}

TEST_F(McpStreams, a_modern_client_listens_with_one_request) {
  modern.thread = desk.thread("alice");
  const std::string id = buy(modern);
  const std::string foreign = desk.buy(desk.thread("bob")).id.str();
  const json filter{{"resourceSubscriptions", {uri(id), uri(foreign), "purser://intents/none"}},
                    {"toolsListChanged", true}};
  const json asked = modern.asking("subscriptions/listen", {{"notifications", filter}});
  auto answer = modern.send(asked);
  ASSERT_EQ(answer.status, 200) << answer.body;
  Reader reader;
  auto stream = desk.loop.start(answer.stream(reader.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return reader.data().size() == 1; }));
  const json agreed = messages(reader)[0];
  EXPECT_EQ(agreed["method"], "notifications/subscriptions/acknowledged");
  EXPECT_EQ(agreed["params"]["notifications"], (json{{"resourceSubscriptions", {uri(id)}}}));
  desk.pay(desk.intent(id));
  desk.pay(desk.intent(foreign));
  ASSERT_TRUE(desk.loop.until([&] { return reader.data().size() >= 2; }));
  for (const json& message : messages(reader))
    EXPECT_EQ(message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], asked["id"]);
  EXPECT_EQ(messages(reader)[1]["params"]["uri"], uri(id));
  EXPECT_TRUE(reader.ids().empty());
  stream.cancel();
  ASSERT_TRUE(desk.loop.until([&] { return stream.done(); }));
  EXPECT_EQ(McpTalk::error(modern.ask("subscriptions/listen", {{"notifications", 3}})), -32602);
}

}  // namespace
}  // namespace purser::test
