// Scopes, tokens that stand for one user, and how often one may ask.
#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/tokens.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace purser::test {
namespace {

using nlohmann::json;

const TokenSigner& signer() {
  static const TokenSigner one = TokenSigner::p256();
  return one;
}

// A desk that takes tokens of the tenant "acme", with a key that may only look at refunds.
class CallersTest : public ::testing::Test {
 protected:
  DeskDoors doors() {
    DeskDoors out;
    out.auth.token_keys_file = folder.file("token.pem");
    out.auth.token_issuer = "shop";
    out.auth.token_audience = "purser";
    out.auth.token_tenant = "acme";
    std::ofstream(out.auth.token_keys_file) << signer().public_pem();
    out.auth.keys_file = folder.file("keys.json");
    const json key{{"id", "key_refunds"},
                   {"tenant", "acme"},
                   {"sha256", crypto::sha256_hex("sk_only_refunds_0001")},
                   {"scopes", {"refunds:read"}}};
    std::ofstream(out.auth.keys_file) << json{{"keys", {key}}};
    return out;
  }
  http::Response as(const std::string& bearer, http::Request request) {
    set_header(request, "Authorization", "Bearer " + bearer);
    return desk.send(std::move(request));
  }
  std::string token_of(const std::string& user, const std::string& openid = "") {
    json claims{{"iss", "shop"}, {"aud", "purser"}, {"sub", user}, {"exp", to_seconds(desk.loop.clock.wall()) + 3'600}};
    if (!openid.empty()) claims["openid"] = openid;
    return signer().token(claims);
  }

  TempFolder folder;
  Desk desk{folder.path(), {}, doors()};
};

TEST_F(CallersTest, AKeyMayDoNoMoreThanItsScopes) {
  const auto response = as("sk_only_refunds_0001", request("POST", "/v1/threads", R"({"user":{"id":"a"}})"));
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(code_of(response), "insufficient_scope");
  EXPECT_EQ(body_of(response)["error"]["type"], "permission_error");
  EXPECT_EQ(body_of(response)["error"]["param"], "threads:write");
  EXPECT_EQ(header_of(response, "WWW-Authenticate"),
            R"(Bearer realm="purser", error="insufficient_scope", scope="threads:write")");
  EXPECT_EQ(as("sk_only_refunds_0001", request("GET", "/v1/refunds/re_0000000000000000000000")).status, 404);
}

TEST_F(CallersTest, EveryEndpointAsksForAScope) {
  for (const auto& [method, pattern] : Api::routes()) {
    if (pattern == "/openapi.json" || pattern.starts_with("/webhooks") || pattern.starts_with("/v1/refunds")) continue;
    std::string path(pattern);
    while (path.find("{}") != std::string::npos) path.replace(path.find("{}"), 2, "x");
    EXPECT_EQ(as("sk_only_refunds_0001", request(std::string(method), path, "", "k")).status, 403) << method << path;
  }
}

TEST_F(CallersTest, ATokenOpensThreadsOfItsOwnUserOnly) {
  const auto made = as(token_of("alice", "oAlice"), request("POST", "/v1/threads", R"({"locale":"en"})"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(body_of(made)["user"]["id"], "alice");
  EXPECT_EQ(body_of(made)["user"]["openid"], "oAlice");
  EXPECT_EQ(as(token_of("alice"), request("POST", "/v1/threads", R"({"user":{"id":"alice"}})")).status, 201);
  for (const char* body : {R"({"user":{"id":"bob"}})", R"({"user":{"id":"alice","openid":"oBob"}})"}) {
    const auto refused = as(token_of("alice"), request("POST", "/v1/threads", body));
    EXPECT_EQ(refused.status, 400) << body;
  }
}

TEST_F(CallersTest, TheChatDoorKnowsTheTokensUser) {
  const std::string thread = desk.thread("alice");
  desk.model_says("Hello.");
  const std::string body = R"({"model":"purser","messages":[{"role":"user","content":"hi"}])";
  auto named = request("POST", "/v1/chat/completions", body + "}");
  set_header(named, "X-Thread-Id", thread);
  EXPECT_EQ(as(token_of("bob"), named).status, 404);
  EXPECT_EQ(as(token_of("bob"), request("POST", "/v1/chat/completions", body + R"(,"user":"alice"})")).status, 400);
  const auto own = as(token_of("bob"), request("POST", "/v1/chat/completions", body + "}"));
  ASSERT_EQ(own.status, 200) << own.body;
  const auto id = ThreadId::parse(header_of(own, "X-Thread-Id")).value();
  EXPECT_EQ(desk.loop.run(desk.store->thread(id)).value().user.str(), "bob");
}

TEST_F(CallersTest, OneIdempotencyKeyOfTwoUsersIsTwo) {
  const auto alice = as(token_of("alice"), request("POST", "/v1/threads", "{}", "same"));
  const auto bob = as(token_of("bob"), request("POST", "/v1/threads", "{}", "same"));
  ASSERT_EQ(alice.status, 201);
  ASSERT_EQ(bob.status, 201);
  EXPECT_EQ(body_of(bob)["user"]["id"], "bob");
  EXPECT_NE(body_of(alice)["id"], body_of(bob)["id"]);
}

// --- how often ------------------------------------------------------------------------------------

DeskDoors with(LimitSettings limits) {
  DeskDoors doors;
  doors.limits = limits;
  doors.trusted_proxies = {"10.0.0.1", "10.0.0.2"};
  return doors;
}

TEST(RequestLimitsTest, AKeyIsToldItsLimitAndStoppedAtIt) {
  TempFolder folder;
  LimitSettings limits;
  limits.requests_per_key = 2;
  Desk desk(folder.path(), {}, with(limits));
  const auto first = desk.get("/v1/models");
  EXPECT_EQ(header_of(first, "X-RateLimit-Limit-Requests"), "2");
  EXPECT_EQ(header_of(first, "X-RateLimit-Remaining-Requests"), "1");
  EXPECT_EQ(header_of(first, "X-RateLimit-Reset-Requests"), "30000ms");
  EXPECT_EQ(desk.get("/v1/models").status, 200);
  const auto stopped = desk.get("/v1/models");
  EXPECT_EQ(stopped.status, 429);
  EXPECT_EQ(code_of(stopped), "rate_limited");
  EXPECT_EQ(body_of(stopped)["error"]["type"], "rate_limit_error");
  EXPECT_EQ(header_of(stopped, "Retry-After"), "30");
  auto other = request("GET", "/v1/models");
  set_header(other, "Authorization", "Bearer " + std::string(kTheirKey));
  EXPECT_EQ(desk.send(other).status, 200);
  desk.pass(std::chrono::seconds(30));
  EXPECT_EQ(desk.get("/v1/models").status, 200);
}

TEST(RequestLimitsTest, AUserIsStoppedBeforeAnyWorkIsDone) {
  TempFolder folder;
  LimitSettings limits;
  limits.turns_per_user = 1;
  Desk desk(folder.path(), {}, with(limits));
  const std::string thread = desk.thread("alice");
  desk.model_says("Hello.");
  EXPECT_EQ(desk.post("/v1/threads/" + thread + "/turns", R"({"text":"hi"})", "k1").status, 200);
  EXPECT_EQ(desk.post("/v1/threads/" + thread + "/turns", R"({"text":"hi"})", "k2").status, 429);
  EXPECT_EQ(desk.count_turns(thread), 1u);
  desk.model_says("Hello.");
  EXPECT_EQ(desk.post("/v1/threads/" + desk.thread("bob") + "/turns", R"({"text":"hi"})", "k3").status, 200);
}

TEST(RequestLimitsTest, AnAddressWithTooManyWrongKeysIsNotListenedTo) {
  TempFolder folder;
  LimitSettings limits;
  limits.wrong_keys_per_address = 2;
  Desk desk(folder.path(), {}, with(limits));
  auto wrong = request("GET", "/v1/models");
  set_header(wrong, "Authorization", "Bearer sk_guess_000000000000");
  wrong.peer = "192.0.2.7";
  EXPECT_EQ(desk.send(wrong).status, 401);
  EXPECT_EQ(desk.send(wrong).status, 401);
  EXPECT_EQ(desk.send(wrong).status, 429);
  wrong.peer = "192.0.2.8";
  EXPECT_EQ(desk.send(wrong).status, 401);
}

TEST(RequestLimitsTest, ALimitOfAddressesStandsBeforeTheKeys) {
  TempFolder folder;
  LimitSettings limits;
  limits.requests_per_address = 1;
  Desk desk(folder.path(), {}, with(limits));
  auto asking = request("GET", "/v1/models");
  asking.peer = "192.0.2.7";
  EXPECT_EQ(desk.send(asking).status, 200);
  EXPECT_EQ(desk.send(asking).status, 429);
  asking.peer = "192.0.2.8";
  EXPECT_EQ(desk.send(asking).status, 200);
}

TEST(RequestLimitsTest, WhatNeedsNoKeyIsCountedByAddressToo) {
  TempFolder folder;
  LimitSettings limits;
  limits.requests_per_address = 1;
  Desk desk(folder.path(), {}, with(limits));
  int last = 0;
  for (const char* path : {"/openapi.json", "/nowhere"}) {
    auto asking = request("GET", path);
    asking.peer = "192.0.2." + std::to_string(++last);
    EXPECT_NE(desk.send(asking).status, 429) << path;
    EXPECT_EQ(desk.send(asking).status, 429) << path;
  }
}

// --- streams that are open at once ----------------------------------------------------------------

class OpenStreamsTest : public ::testing::Test {
 protected:
  Desk& desk(LimitSettings limits) {
    desk_ = std::make_unique<Desk>(folder_.path(), "", with(limits));
    return *desk_;
  }
  http::Response events(const std::string& thread) { return desk_->get("/v1/threads/" + thread + "/events"); }

 private:
  TempFolder folder_;
  std::unique_ptr<Desk> desk_;
};

TEST_F(OpenStreamsTest, AUserHasSoManyOverAllOfHisThreads) {
  LimitSettings limits;
  limits.streams_per_user = 2;
  Desk& shop = desk(limits);
  const std::string first = shop.thread("alice");
  const std::string second = shop.thread("alice");
  const auto one = events(first);
  auto two = events(second);
  EXPECT_EQ(two.status, 200);
  const auto refused = events(first);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code_of(refused), "rate_limited");
  EXPECT_EQ(header_of(refused, "Retry-After"), "5");
  EXPECT_EQ(events(shop.thread("bob")).status, 200);
  two.stream = nullptr;
  EXPECT_EQ(events(first).status, 200);
}

TEST_F(OpenStreamsTest, ATenantHasSoManyOverAllOfItsUsers) {
  LimitSettings limits;
  limits.streams_per_tenant = 1;
  Desk& shop = desk(limits);
  auto one = events(shop.thread("alice"));
  EXPECT_EQ(one.status, 200);
  const std::string thread = shop.thread("bob");
  EXPECT_EQ(events(thread).status, 429);
  one.stream = nullptr;
  EXPECT_EQ(events(thread).status, 200);
}

TEST_F(OpenStreamsTest, ZeroIsNoLimit) {
  LimitSettings limits;
  limits.streams_per_user = 0;
  Desk& shop = desk(limits);
  const std::string thread = shop.thread();
  std::vector<http::Response> open;
  for (int i = 0; i < 100; ++i) open.push_back(events(thread));
  EXPECT_EQ(open.back().status, 200);
}

// --- streams that outlive what opened them --------------------------------------------------------

class LongStreamTest : public CallersTest {
 protected:
  // Follows a thread of alice's until the test has seen it begin.
  void follow(const std::string& bearer) {
    thread_ = desk.thread("alice");
    answer_ = as(bearer, request("GET", "/v1/threads/" + thread_ + "/events"));
    ASSERT_EQ(answer_.status, 200) << answer_.body;
    stream_.emplace(desk.loop.start(answer_.stream(reader_.sink())));
    ASSERT_TRUE(desk.loop.until([&] { return !reader_.text().empty(); }));
  }
  void happens() {
    StreamEvent row;
    row.thread = ThreadId::trusted(thread_);
    row.type = "test";
    row.data_json = "{}";
    Batch batch("test");
    batch.add(op::AppendEvent{std::move(row)});
    ASSERT_TRUE(desk.loop.run(desk.store->commit(std::move(batch))).ok());
  }
  std::vector<std::string> seen() { return reader_.types(); }
  bool ended() {
    return desk.loop.until([&] { return stream_->done(); });
  }
  void TearDown() override { stream_->cancel(); }
  Identity with_keys(const std::string& keys) {
    AuthSettings auth = doors().auth;
    auth.api_keys = Secret(keys);
    return Identity::make(auth).value();
  }

 private:
  std::string thread_;
  http::Response answer_;
  Reader reader_;
  std::optional<Started<void>> stream_;
};

TEST_F(LongStreamTest, ARevokedKeySeesNothingMore) {
  follow(std::string(kOurKey));
  desk.api.replace(with_keys("acme:sk_another_key_00000001"));
  happens();
  ASSERT_TRUE(ended());
  EXPECT_EQ(seen(), std::vector<std::string>{"error"});
}

TEST_F(LongStreamTest, ARevokedKeyIsCutOffWithTheNextHeartbeat) {
  follow(std::string(kOurKey));
  desk.api.replace(with_keys("acme:sk_another_key_00000001"));
  desk.loop.advance(EventStreams::kHeartbeat);
  desk.loop.settle();
  desk.loop.advance(EventStreams::kHeartbeat);
  ASSERT_TRUE(ended());
  EXPECT_EQ(seen(), std::vector<std::string>{"error"});
}

TEST_F(LongStreamTest, AKeyThatOutlivesAReloadGoesOn) {
  follow(std::string(kOurKey));
  desk.api.replace(with_keys("acme:" + std::string(kOurKey) + ",acme:sk_another_key_00000001"));
  happens();
  ASSERT_TRUE(desk.loop.until([&] { return seen().size() == 1; }));
  EXPECT_EQ(seen(), std::vector<std::string>{"test"});
}

TEST_F(LongStreamTest, AKeyThatIsAnothersNowShowsNothingOfThisTenant) {
  follow(std::string(kOurKey));
  desk.api.replace(with_keys("other:" + std::string(kOurKey)));
  happens();
  ASSERT_TRUE(ended());
  EXPECT_EQ(seen(), std::vector<std::string>{"error"});
}

TEST_F(LongStreamTest, ATokenSeesNothingAfterItsEnd) {
  follow(token_of("alice"));
  happens();
  ASSERT_TRUE(desk.loop.until([&] { return seen().size() == 1; }));
  desk.loop.clock.jump_wall(std::chrono::seconds(3'600 + 60 - 1));
  happens();
  ASSERT_TRUE(desk.loop.until([&] { return seen().size() == 2; }));
  desk.loop.clock.jump_wall(std::chrono::seconds(1));
  happens();
  ASSERT_TRUE(ended());
  EXPECT_EQ(seen(), (std::vector<std::string>{"test", "test", "error"}));
}

TEST(ClientAddress, IsBelievedFromTrustedProxiesOnly) {
  const std::vector<std::string> proxies{"10.0.0.1", "10.0.0.2"};
  http::Request from;
  from.peer = "192.0.2.9";
  from.headers = {{"X-Forwarded-For", "203.0.113.5"}};
  EXPECT_EQ(api::client_address(from, proxies), "192.0.2.9");
  from.peer = "10.0.0.1";
  EXPECT_EQ(api::client_address(from, proxies), "203.0.113.5");
  from.headers = {{"X-Forwarded-For", "6.6.6.6, 203.0.113.5"}, {"x-forwarded-for", "10.0.0.2"}};
  EXPECT_EQ(api::client_address(from, proxies), "203.0.113.5");  // what stands further left anybody may have written
  from.headers = {{"X-Forwarded-For", "10.0.0.2, ,10.0.0.1"}};
  EXPECT_EQ(api::client_address(from, proxies), "10.0.0.1");
  from.headers.clear();
  EXPECT_EQ(api::client_address(from, proxies), "10.0.0.1");
}

}  // namespace
}  // namespace purser::test
