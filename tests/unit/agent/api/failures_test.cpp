// What a door could not do stands in the log with its reason, whichever door it was.
#include "gateway/log.hpp"
#include "tests/support/mcp_talk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace purser::test {
namespace {

using nlohmann::json;

constexpr const char* kOrder = R"({"lines":[{"sku":"CUP","quantity":2}]})";

class DoorFailures : public testing::Test {
 protected:
  Desk& open(const std::string& failpoints = {}) {
    DeskDoors doors;
    doors.tiers = {"fast"};
    desk_ = std::make_unique<Desk>(folder_.path(), failpoints, doors);
    return *desk_;
  }
  // The line of the only answer of `status` that was logged while `act` ran.
  template <class Act>
  std::string told(int status, Act act) {
    std::string found;
    log::CaptureForTest capture([&](const std::string& line) {
      if (line.find(" api.answered ") == std::string::npos) return;
      EXPECT_TRUE(found.empty()) << line;
      found = line;
    });
    const http::Response answer = act();
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_NE(found.find("error api.answered "), std::string::npos) << found;
    EXPECT_NE(found.find(" status=" + std::to_string(status) + ' '), std::string::npos) << found;
    return found;
  }
  static bool says_why(const std::string& line, const std::string& code) {
    return line.find(" why=\"" + code + ": ") != std::string::npos && !line.ends_with(": \"");
  }

  TempFolder folder_;
  std::unique_ptr<Desk> desk_;
};

TEST_F(DoorFailures, of_a_turn) {
  Desk& desk = open("before:turn.finished:1:fail");
  const std::string path = "/v1/threads/" + desk.thread() + "/turns";
  desk.model_says("hello");
  const std::string line = told(503, [&] { return desk.post(path, R"({"text":"hi"})", "k"); });
  EXPECT_TRUE(says_why(line, "store_unavailable")) << line;
}

TEST_F(DoorFailures, of_a_turn_whose_failure_was_kept) {
  Desk& desk = open();
  const std::string path = "/v1/threads/" + desk.thread() + "/turns";
  desk.model.push(asks("create_payment_intent", kOrder));
  desk.model.push([](const ModelRequest&) -> Result<ModelAnswer> { throw std::runtime_error("a bug"); });
  for (int times = 0; times < 2; ++times) {
    const std::string line = told(500, [&] { return desk.post(path, R"({"text":"two cups"})", "k"); });
    EXPECT_TRUE(says_why(line, "internal")) << line;
  }
}

TEST_F(DoorFailures, of_a_completion) {
  Desk& desk = open("before:turn.finished:1:fail");
  const json asked{{"model", "purser"}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
  desk.model_says("hello");
  const std::string line = told(503, [&] { return desk.post("/v1/chat/completions", asked.dump(), "k"); });
  EXPECT_TRUE(says_why(line, "store_unavailable")) << line;
}

TEST_F(DoorFailures, of_a_question_asked_directly) {
  Desk& desk = open();
  const json asked{{"model", "purser/fast"}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
  for (const auto& [status, code] : {std::pair(503, Errc::model_unavailable),
                                     {502, Errc::model_malformed},
                                     {504, Errc::timed_out},
                                     {500, Errc::internal}}) {
    desk.model.push(Error(code, "secret words of a provider"));
    const std::string line =
        told(status, [&] { return desk.post("/v1/chat/completions", asked.dump(), std::string()); });
    EXPECT_TRUE(says_why(line, std::string(purser::code_of(code)))) << line;
    EXPECT_EQ(line.find("secret"), std::string::npos) << line;
  }
  // Nor under a key.
  desk.model.push(Error(Errc::model_unavailable, "down"));
  const std::string line = told(503, [&] { return desk.post("/v1/chat/completions", asked.dump(), "k"); });
  EXPECT_TRUE(says_why(line, "model_unavailable")) << line;
}

TEST_F(DoorFailures, of_an_mcp_call) {
  Desk& desk = open("before:turn.call_answered:1:fail");
  McpTalk talk(desk, McpTalk::Era::with_session);
  talk.open();
  const json call{{"name", "create_payment_intent"}, {"arguments", json::parse(kOrder)}};
  const std::string line = told(503, [&] { return talk.ask("tools/call", call); });
  EXPECT_TRUE(says_why(line, "store_unavailable")) << line;
}

TEST_F(DoorFailures, of_a_webhook) {
  Desk& desk = open("before:notification.stored:1:fail");
  const PaymentIntent intent = desk.buy(desk.thread());
  const auto raw = FakeChannel::webhook("N1", "TRANSACTION.SUCCESS", FakeChannel::plain_of(FakeChannel::paid(intent)));
  const std::string line = told(500, [&] {
    auto door = request("POST", "/webhooks/wechat/acme", raw.body);
    door.headers = raw.headers;
    return desk.send(std::move(door));
  });
  EXPECT_TRUE(says_why(line, "FAIL")) << line;
}

}  // namespace
}  // namespace purser::test
