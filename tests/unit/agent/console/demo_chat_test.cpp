#include "agent/console/demo_chat.hpp"

#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

class DemoChatTest : public testing::Test {
 protected:
  // As a browser asks: no key, JSON.
  http::Response ask(std::string method, std::string target, std::string body = {}, std::string key = {}) {
    auto asked = request(std::move(method), std::move(target), std::move(body), std::move(key));
    drop_header(asked, "Authorization");
    return desk.loop.run(chat.handle(std::move(asked)));
  }
  std::string begin() { return body_of(ask("POST", "/chat/api/threads", R"({"locale":"en"})")).at("id"); }
  Task<Result<json>> control(std::string path, json body) {
    controls.emplace_back(std::move(path), std::move(body));
    co_return json::object();
  }

  TempFolder folder;
  Desk desk{folder.path()};
  std::vector<std::pair<std::string, json>> controls;
  // The key of the tests' other tenant stands for the page's own.
  DemoChat chat{[this](http::Request request) { return desk.api.handle(std::move(request)); }, desk.mint,
                desk.loop.clock,
                [this](std::string path, json body) { return control(std::move(path), std::move(body)); },
                std::string(kTheirKey)};
};

TEST_F(DemoChatTest, the_page_may_load_nothing_from_elsewhere) {
  for (const auto& [path, type] :
       std::map<std::string, std::string>{{"/chat", "text/html; charset=utf-8"},
                                          {"/chat/chat.js", "text/javascript; charset=utf-8"},
                                          {"/chat/chat.css", "text/css; charset=utf-8"}}) {
    const auto file = ask("GET", path);
    EXPECT_EQ(file.status, 200);
    EXPECT_EQ(header_of(file, "Content-Type"), type);
    EXPECT_TRUE(header_of(file, "Content-Security-Policy").starts_with("default-src 'none'; script-src 'self'"));
    EXPECT_EQ(file.body.find("http://"), std::string::npos);
    EXPECT_EQ(file.body.find("https://"), std::string::npos);
    EXPECT_EQ(file.body.find("innerHTML"), std::string::npos);
    EXPECT_GT(file.body.size(), 500U);
  }
}

TEST_F(DemoChatTest, it_talks_and_buys_without_a_key_in_the_browser) {
  const std::string thread = begin();
  desk.model.push(asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":2}]})"));
  desk.model_says("Here is your order.");
  const auto turn = ask("POST", "/chat/api/threads/" + thread + "/turns", R"({"text":"two cups"})", "k1");
  ASSERT_EQ(turn.status, 200) << turn.body;
  const json intent = body_of(turn)["intents"][0];
  const std::string path = "/chat/api/intents/" + intent["id"].get<std::string>();
  EXPECT_EQ(body_of(ask("GET", path))["state"], "awaiting_payment");
  EXPECT_EQ(header_of(ask("GET", path + "/qr.svg"), "Content-Type"), "image/svg+xml");
  EXPECT_EQ(body_of(ask("GET", "/chat/api/threads/" + thread + "/messages?limit=1"))["data"].size(), 1U);
  EXPECT_TRUE(ask("GET", "/chat/api/threads/" + thread + "/events").stream);

  EXPECT_EQ(header_of(ask("GET", path), "X-Shop-Time"), "2026-01-05T10:00:00Z");
  EXPECT_EQ(ask("POST", path + "/pay", "{}").status, 200);
  EXPECT_EQ(ask("POST", "/chat/api/clock", "{}").status, 200);
  ASSERT_EQ(controls.size(), 2U);
  EXPECT_EQ(controls[0].first, "/sandbox/pay");
  EXPECT_EQ(controls[0].second, (json{{"out_trade_no", intent["order"]["out_trade_no"]}}));
  EXPECT_EQ(controls[1].first, "/sandbox/clock");
}

TEST_F(DemoChatTest, two_visitors_are_two_customers) {
  const auto user = [&] {
    const auto row = desk.loop.run(desk.store->thread(ThreadId::trusted(begin()))).value();
    EXPECT_EQ(row.tenant.str(), "other");
    return row.user.str();
  };
  EXPECT_NE(user(), user());
}

TEST_F(DemoChatTest, it_reaches_its_own_tenant_alone) {
  const std::string thread = desk.thread();
  const PaymentIntent intent = desk.buy(thread);
  const std::string path = "/chat/api/intents/" + intent.id.str();
  EXPECT_EQ(ask("GET", "/chat/api/threads/" + thread + "/messages").status, 404);
  EXPECT_EQ(ask("GET", path).status, 404);
  EXPECT_EQ(ask("POST", path + "/pay", "{}").status, 404);
  EXPECT_TRUE(controls.empty());
  // What a browser says of itself does not count.
  auto asked = request("GET", path);
  EXPECT_EQ(desk.loop.run(chat.handle(std::move(asked))).status, 404);
}

TEST_F(DemoChatTest, the_form_of_another_site_does_nothing) {
  for (const char* path : {"/chat/api/threads", "/chat/api/clock", "/chat/api/intents/pi_0000000000000000000000/pay"}) {
    auto asked = request("POST", path, "{}");
    set_header(asked, "Content-Type", "text/plain");
    EXPECT_EQ(desk.loop.run(chat.handle(asked)).status, 415) << path;
    drop_header(asked, "Content-Type");
    EXPECT_EQ(desk.loop.run(chat.handle(asked)).status, 415) << path;
  }
  EXPECT_TRUE(controls.empty());
}

TEST_F(DemoChatTest, nothing_else_is_behind_it) {
  for (const char* path :
       {"/chat/", "/chat/../v1/threads", "/chat/api/threads/x", "/chat/api/refunds/x", "/chat/.git"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
  EXPECT_EQ(ask("DELETE", "/chat").status, 405);
  EXPECT_TRUE(DemoChat::serves("/chat"));
  EXPECT_TRUE(DemoChat::serves("/chat/x"));
  EXPECT_FALSE(DemoChat::serves("/chatter"));
  EXPECT_FALSE(DemoChat::serves("/v1/chat/completions"));
}

}  // namespace
}  // namespace purser::test
