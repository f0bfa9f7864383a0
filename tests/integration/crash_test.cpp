// kill -9 at every write of the store, before it and after it: the conversation goes on, the customer is charged once
// and hears of each event once. The rail is a process of its own and remembers everything.
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <signal.h>

namespace purser::test {
namespace {

const std::string kKey = "sk_test_crash_crash_crash_crash";

class Crashes : public ::testing::TestWithParam<std::string> {
 protected:
  struct Shop {
    std::string database;
    int port;
    std::unique_ptr<ServeProcess> serve;
  };

  bool start(Shop& shop, const std::string& failpoint) {
    auto environment = rail_.merchant();
    environment["PURSER_API_KEYS"] = "shop:" + kKey;
    if (!failpoint.empty()) environment["PURSER_FAILPOINT"] = failpoint;
    shop.serve = std::make_unique<ServeProcess>(
        std::vector<std::string>{"database.url=sqlite://" + shop.database,
                                 "server.listen=127.0.0.1:" + std::to_string(shop.port),
                                 "server.public_url=http://127.0.0.1:" + std::to_string(shop.port),
                                 "intent.resolve_first_ms=300", "server.stop_grace_ms=600000"},
        environment);
    return shop.serve->ready();
  }

  // Brings the daemon back when it has died; true when it had.
  bool revive(Shop& shop) {
    if (shop.serve->child().running()) return false;
    EXPECT_EQ(shop.serve->child().wait(), 128 + SIGKILL) << shop.serve->child().errors();
    EXPECT_TRUE(start(shop, "")) << shop.serve->child().errors();
    return true;
  }

  Json orders_of(const std::string& number) {
    const Json all = rail_.read("orders");
    for (const Json& order : all["orders"])
      if (order.value("out_trade_no", "") == number) return order;
    return Json();
  }

  SandboxProcess rail_;
};

// The thread holds a reply after an event of this type.
bool told(const std::vector<Json>& messages, const std::string& type) {
  bool next = false;
  for (const Json& message : messages) {
    if (message["role"] == "event") next = next || message["text"].get<std::string>().find(type) != std::string::npos;
    if (message["role"] == "assistant" && next) return true;
  }
  return false;
}

int replies_after(const std::vector<Json>& messages, const std::string& type) {
  int events = 0;
  int replies = 0;
  bool next = false;
  for (const Json& message : messages) {
    const std::string role = message.value("role", "");
    if (role == "event" && message.value("text", "").find("\"type\":\"" + type + "\"") != std::string::npos) {
      ++events;
      next = true;
    } else if (role == "assistant" && next) {
      ++replies;
      next = false;
    }
  }
  EXPECT_EQ(events, 1) << type;
  return replies;
}

TEST_P(Crashes, OneChargeOneReplyPerEvent) {
  bool crashed_once = true;
  int at = 1;
  for (; crashed_once && at < 80; ++at) {
    SCOPED_TRACE(GetParam() + " write " + std::to_string(at));
    TempFolder folder;
    Shop shop{folder.file("purser.db"), free_port(), nullptr};
    ASSERT_TRUE(start(shop, GetParam() + ":*:" + std::to_string(at) + ":kill")) << shop.serve->child().errors();
    crashed_once = false;
    Customer customer(shop.port, kKey, "crash-" + GetParam() + std::to_string(at));
    // Whatever the customer does is repeated until it is answered; the daemon may die under any of it.
    const auto insist = [&](const std::function<bool()>& done) {
      return eventually([&] {
        if (done()) return true;
        crashed_once = revive(shop) || crashed_once;
        return false;
      });
    };
    ASSERT_TRUE(insist([&] { return customer.open_thread(); }));

    PlainReply reply = customer.say("Two packs of Longjing tea, please.");
    ASSERT_TRUE(insist([&] { return reply.status == 200 || (reply = customer.say_again()).status == 200; }))
        << reply.status << reply.body;
    std::string number;
    // A turn that was cut may have answered before the rail did: the card then comes by itself.
    ASSERT_TRUE(insist([&] {
      const Json intents = reply.json()["intents"];
      if (intents.empty()) return false;
      const Json now = customer.get("/v1/intents/" + intents[0]["id"].get<std::string>()).json();
      if (!now.is_object() || now.value("state", "") != "awaiting_payment") return false;
      number = now["order"]["out_trade_no"];
      return true;
    })) << reply.body;

    rail_.control("pay", {{"out_trade_no", number}});
    ASSERT_TRUE(insist([&] { return told(customer.messages(), "intent.succeeded"); })) << "the payment was never told";

    reply = customer.say("One pack is torn, please refund one Longjing tea.");
    ASSERT_TRUE(insist([&] { return reply.status == 200 || (reply = customer.say_again()).status == 200; }))
        << reply.status << reply.body;
    ASSERT_EQ(reply.json()["refunds"].size(), 1u) << reply.body;
    const std::string refund = reply.json()["refunds"][0]["id"];
    ASSERT_TRUE(insist([&] {
      const Json now = customer.get("/v1/refunds/" + refund).json();
      return now.is_object() && now.value("state", "") == "succeeded";
    }));
    ASSERT_TRUE(insist([&] { return told(customer.messages(), "refund.succeeded"); })) << "the refund was never told";

    const auto messages = customer.messages();
    EXPECT_EQ(replies_after(messages, "intent.succeeded"), 1);
    EXPECT_EQ(replies_after(messages, "refund.succeeded"), 1);
    const Json order = orders_of(number);
    EXPECT_EQ(order.value("refunds", Json::array()).size(), 1u) << order.dump();
    int orders_of_this_user = 0;
    const Json all = rail_.read("orders");
    for (const Json& other : all["orders"])
      orders_of_this_user +=
          other.value("notify_url", "").find(":" + std::to_string(shop.port) + "/") != std::string::npos;
    EXPECT_EQ(orders_of_this_user, 1) << "one wish, one order number";
    shop.serve->child().signal(SIGTERM);
    EXPECT_EQ(shop.serve->child().wait(), 0);
  }
  EXPECT_GT(at, 25) << "the conversation makes more writes than that";
  EXPECT_LT(at, 80);
}

INSTANTIATE_TEST_SUITE_P(AtEveryWrite, Crashes, ::testing::Values("before", "after"));

}  // namespace
}  // namespace purser::test
