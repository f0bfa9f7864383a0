// Who may see what: every endpoint against no key, a wrong key, another tenant's key, an unknown id and no id at all.
#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

struct Door {
  std::string method;
  std::string target;
  std::string body;
};

class AccessTest : public testing::Test {
 protected:
  // Every endpoint that names a row, with the given ids.
  static std::vector<Door> doors(const std::string& thread, const std::string& intent, const std::string& refund) {
    return {{"GET", "/v1/threads/" + thread, ""},
            {"GET", "/v1/threads/" + thread + "/messages", ""},
            {"GET", "/v1/threads/" + thread + "/events", ""},
            {"POST", "/v1/threads/" + thread + "/turns", R"({"text":"hello"})"},
            {"GET", "/v1/intents/" + intent, ""},
            {"GET", "/v1/intents/" + intent + "/qr.svg", ""},
            {"GET", "/v1/intents/" + intent + "/qr.png", ""},
            {"POST", "/v1/intents/" + intent + "/cancel", ""},
            {"POST", "/v1/intents/" + intent + "/renew", ""},
            {"GET", "/v1/refunds/" + refund, ""}};
  }
  static std::vector<Door> all_doors() {
    auto all = doors("thr_0000000000000000000000", "pi_0000000000000000000000", "re_0000000000000000000000");
    all.push_back({"POST", "/v1/threads", R"({"user":{"id":"alice"}})"});
    all.push_back({"GET", "/v1/approvals", ""});
    all.push_back({"GET", "/v1/approvals/apr_0000000000000000000000", ""});
    all.push_back({"POST", "/v1/approvals/apr_0000000000000000000000", R"({"decision":"approve"})"});
    all.push_back(
        {"POST", "/v1/chat/completions", R"({"model":"purser","messages":[{"role":"user","content":"hi"}]})"});
    all.push_back({"GET", "/v1/webhook_deliveries", ""});
    all.push_back({"POST", "/v1/webhook_deliveries/shop:evt_1/redeliver", ""});
    all.push_back({"GET", "/v1/models", ""});
    all.push_back({"GET", "/v1/models/purser", ""});
    return all;
  }
  // Knocks `times` different ways at one door, each request with a key of its own.
  http::Response knock(const Door& door, const std::string& key) {
    auto knocking = request(door.method, door.target, door.body, "key-" + std::to_string(++knocks_));
    set_header(knocking, "Authorization", key);
    return desk.send(std::move(knocking));
  }
  // A refund of 1.00 of a paid intent.
  std::string refund_of(const PaymentIntent& intent) {
    desk.pay(intent);
    auto thread = desk.loop.run(desk.store->thread(intent.thread)).value();
    std::vector<CheckedRefund> list(1);
    list[0].intent = intent.id;
    list[0].amount = Money(100, Currency::cny());
    list[0].reason = "cold";
    return desk.loop.run(desk.cashier.refund(thread, list, "test", std::nullopt)).value().at(0).id.str();
  }

  // It knocks at every door with every wrong key, more often than an address may.
  static DeskDoors patient() {
    DeskDoors doors;
    doors.limits.wrong_keys_per_address = 0;
    return doors;
  }

  TempFolder folder;
  Desk desk{folder.path(), {}, patient()};
  int knocks_ = 0;
};

TEST_F(AccessTest, nobody_comes_in_without_a_key) {
  for (const Door& door : all_doors()) {
    for (const std::string key : {"", "Bearer ", "Bearer sk_test_wrong_00000000001", "Basic c2s6"}) {
      const auto answer = knock(door, key);
      EXPECT_EQ(answer.status, 401) << door.method << ' ' << door.target;
      EXPECT_EQ(code_of(answer), "unauthorized");
      EXPECT_EQ(header_of(answer, "WWW-Authenticate"), "Bearer realm=\"purser\"");
    }
    auto without = request(door.method, door.target, door.body, "key");
    drop_header(without, "Authorization");
    EXPECT_EQ(desk.send(std::move(without)).status, 401) << door.target;
  }
}

// Whose ids are somebody else's: strangers_test.cpp.
TEST_F(AccessTest, what_is_no_id_is_not_there) {
  const std::string thread = desk.thread();
  const PaymentIntent intent = desk.buy(thread);
  const std::string refund = refund_of(intent);
  const std::string ours = "Bearer " + std::string(kOurKey);

  const auto unknown = doors("thr_0000000000000000000000", "pi_0000000000000000000000", "re_0000000000000000000000");
  const auto nonsense = doors("..", "%00", "' OR 1=1 --");
  const auto swapped = doors(intent.id.str(), refund, thread);
  const auto huge = doors(std::string(1500, 'a'), std::string(1500, 'b'), "re_" + std::string(1500, 'c'));
  std::string body;
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    const auto plain = knock(unknown[i], ours);
    EXPECT_EQ(plain.status, 404) << unknown[i].target;
    if (body.empty()) body = plain.body;
    for (const auto& answer : {knock(nonsense[i], ours), knock(swapped[i], ours), knock(huge[i], ours)}) {
      EXPECT_EQ(answer.status, 404) << unknown[i].target;
      EXPECT_EQ(answer.body, body) << unknown[i].target;
      EXPECT_EQ(answer.headers.size(), plain.headers.size());
    }
  }
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::succeeded);
  EXPECT_EQ(desk.count_turns(thread), 1U);
}

TEST_F(AccessTest, what_is_yours_is_there) {
  const std::string thread = desk.thread();
  const PaymentIntent intent = desk.buy(thread);
  const std::string refund = refund_of(intent);
  EXPECT_EQ(body_of(desk.get("/v1/threads/" + thread))["id"], thread);
  EXPECT_EQ(body_of(desk.get("/v1/intents/" + intent.id.str()))["state"], "succeeded");
  EXPECT_EQ(body_of(desk.get("/v1/refunds/" + refund))["payment_intent"], intent.id.str());
  EXPECT_EQ(body_of(desk.get("/v1/refunds/" + refund))["amount"]["value"], 100);
}

TEST_F(AccessTest, a_path_that_is_not_there_and_a_method_that_is_not_there_differ) {
  for (const char* path : {"/", "/v1", "/v2/threads", "/v1/threads/", "/healthz", "/metrics", "/v1/threads/x/y/z"}) {
    EXPECT_EQ(desk.get(path).status, 404) << path;
  }
  const auto answer = desk.send(request("DELETE", "/v1/threads"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(code_of(answer), "method_not_allowed");
  EXPECT_EQ(header_of(answer, "Allow"), "POST");
  EXPECT_EQ(desk.send(request("PUT", "/v1/intents/x/cancel")).status, 405);
}

TEST_F(AccessTest, every_answer_names_its_request) {
  auto asked = request("GET", "/v1/approvals");
  set_header(asked, "X-Request-Id", "from-the-client");
  EXPECT_EQ(header_of(desk.send(std::move(asked)), "X-Request-Id"), "from-the-client");
  EXPECT_TRUE(header_of(desk.get("/nowhere"), "X-Request-Id").starts_with("req_"));
}

TEST_F(AccessTest, requests_are_counted_by_route_and_status) {
  desk.get("/v1/threads/thr_0000000000000000000000");
  desk.get("/v1/threads/thr_1111111111111111111111");
  desk.get("/nowhere");
  EXPECT_EQ(desk.metrics.value(kRequests, {{"route", "/v1/threads/{}"}, {"status", "404"}}), 2U);
  EXPECT_EQ(desk.metrics.value(kRequests, {{"route", "none"}, {"status", "404"}}), 1U);
}

}  // namespace
}  // namespace purser::test
