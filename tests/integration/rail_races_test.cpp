// Faults of the rail that are about who comes first: two tenants, many webhooks at once, a store that is down, work
// that takes its time.
#include "tests/integration/rail_faults.hpp"

namespace purser::test {
namespace {

// Runs `each` once a thread, all released together.
void at_once(int threads, const std::function<void(int)>& each) {
  std::atomic<int> waiting = threads;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i)
    running.emplace_back([&, i] {
      for (--waiting; waiting > 0;) std::this_thread::yield();
      each(i);
    });
  for (auto& one : running) one.join();
}

// --- creating ------------------------------------------------------------------------------------

const std::string kOtherKey = "sk_test_other_other_other_other";

class TwoTenants : public RailFaults {
 protected:
  TwoTenants()
      : RailFaults({}, {{"PURSER_API_KEYS", "ours:sk_test_ours_ours_ours_ours,theirs:" + kOtherKey}},
                   "sk_test_ours_ours_ours_ours") {}
};

TEST_F(TwoTenants, Fault19TheSameKeyOfAnotherTenantIsIndependent) {
  Customer other(serve_.port(), kOtherKey, "c");  // the same user, the same Idempotency-Keys
  ASSERT_TRUE(other.open_thread());
  EXPECT_NE(other.thread(), customer_->thread());
  const Json ours = order();
  const Json theirs = other.must_say(kTea)["intents"].at(0);
  EXPECT_NE(ours["id"], theirs["id"]);
  EXPECT_NE(ours["order"]["out_trade_no"], theirs["order"]["out_trade_no"]);
  EXPECT_EQ(rail_orders(), 2u);
  pay(ours);
  EXPECT_TRUE(becomes(ours, "succeeded"));
  EXPECT_EQ(other.get("/v1/intents/" + theirs["id"].get<std::string>()).json()["state"], "awaiting_payment");
  EXPECT_EQ(other.get("/v1/intents/" + ours["id"].get<std::string>()).status, 404);
  EXPECT_EQ(customer_->get("/v1/intents/" + theirs["id"].get<std::string>()).status, 404);
}

TEST_F(RailFaults, Fault17FiftyAtOnceUnderOneKeyAreOneIntent) {
  std::vector<int> statuses(50);
  at_once(50, [&](int i) {
    statuses[static_cast<std::size_t>(i)] =
        customer_->post("/v1/threads/" + customer_->thread() + "/turns", {{"text", kTea}}, "one-key-for-all").status;
  });
  for (const int status : statuses) EXPECT_TRUE(status == 200 || status == 409) << status;
  EXPECT_EQ(rail_orders(), 1u);
}

class Approved : public RailFaults {
 protected:
  Approved() : RailFaults({"intent.description_pattern=Tea House: {goods}", "intent.description_characters_max=32"}) {}
};

TEST_F(Approved, TheDescriptionIsInTheApprovedPatternAlsoWhenRenewed) {
  const std::string whole = "Tea House: Longjing green te… ×1";  // 32 characters, of "Longjing green tea, 100 g ×1"
  const Json first = order();
  EXPECT_EQ(read("orders")["orders"][0]["description"], whole);
  advance("300s");
  ASSERT_TRUE(becomes(first, "expired", "1s"));
  EXPECT_FALSE(customer_->reply_to("intent.expired").is_null());
  const std::string path = "/v1/intents/" + first["id"].get<std::string>() + "/renew";
  EXPECT_LT(customer_->post(path, Json::object(), "renew-1").status, 300);
  const Json at_the_rail = read("orders");
  ASSERT_EQ(at_the_rail["orders"].size(), 2u);
  for (const Json& row : at_the_rail["orders"]) EXPECT_EQ(row["description"], whole);
}

// --- being told ----------------------------------------------------------------------------------

// The rail's webhooks land in the test's hands, which give them to the daemon as they like.
class CaughtWebhooks : public RailFaults {
 protected:
  CaughtWebhooks()
      : CaughtWebhooks(
            std::make_unique<PlainServer>([](const PlainServer::Request&) { return PlainServer::reply(500, "{}"); })) {}

  PlainServer::Request caught() {
    EXPECT_TRUE(eventually([&] { return !trap_->requests().empty(); }));
    return trap_->requests().at(0);
  }
  int deliver(const PlainServer::Request& hook) const {
    std::vector<std::pair<std::string, std::string>> headers;
    for (const auto& [name, value] : hook.headers) {
      if (name == "content-type" || name.starts_with("wechatpay-")) headers.emplace_back(name, value);
    }
    return plain_http(serve_.port(), "POST", hook.target, headers, hook.body).status;
  }

 private:
  explicit CaughtWebhooks(std::unique_ptr<PlainServer> trap)
      : RailFaults({"server.public_url=http://127.0.0.1:" + std::to_string(trap->port()),
                    "intent.resolve_first_ms=3600000", "intent.resolve_max_ms=3600000"},
                   {}),
        trap_(std::move(trap)) {}
  std::unique_ptr<PlainServer> trap_;
};

TEST_F(CaughtWebhooks, Fault28ThirtyTwoAtOnceAreOnePosting) {
  const Json row = order();
  pay(row);
  const auto hook = caught();
  std::vector<int> statuses(32);
  at_once(32, [&](int i) { statuses[static_cast<std::size_t>(i)] = deliver(hook); });
  for (const int status : statuses) EXPECT_EQ(status, 200);
  EXPECT_TRUE(becomes(row, "succeeded"));
  EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  EXPECT_EQ(heard("intent.succeeded"), 1u);
  EXPECT_EQ(replies_to("payment_receipt"), 1u);
}

TEST_F(CaughtWebhooks, Fault34TheSameBytesAgainChangeNothing) {
  const Json row = order();
  pay(row);
  const auto hook = caught();
  EXPECT_EQ(deliver(hook), 200);
  EXPECT_TRUE(becomes(row, "succeeded"));
  EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(deliver(hook), 200);
  EXPECT_EQ(heard("intent.succeeded"), 1u);
}

TEST_F(CaughtWebhooks, Fault31ADifferentAlgorithmOrAnAlteredHeaderIsRefused) {
  const Json row = order();
  pay(row);
  const auto genuine = caught();
  const auto with = [&](const std::string& name, const std::string& value) {
    auto hook = genuine;
    hook.headers[name] = value;
    return deliver(hook);
  };
  EXPECT_EQ(with("wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3"), 401);
  EXPECT_EQ(with("wechatpay-signature", "AAAA"), 401);
  EXPECT_EQ(with("wechatpay-serial", "7132D72A03E93CDDF8C03BBD1F37EEDF00000000"), 401);
  EXPECT_EQ(with("wechatpay-nonce", "another"), 401);
  EXPECT_EQ(with("wechatpay-timestamp", "1"), 401);
  EXPECT_EQ(intent(row["id"])["state"], "awaiting_payment");
  EXPECT_EQ(deliver(genuine), 200);
  EXPECT_TRUE(becomes(row, "succeeded"));
}

class StoreDown : public RailFaults {
 protected:
  StoreDown()
      : RailFaults({"intent.resolve_first_ms=3600000", "intent.resolve_max_ms=3600000"},
                   {{"PURSER_FAILPOINT", "before:notification.stored:1:fail,before:notification.stored:2:fail"}}) {}
};

TEST_F(StoreDown, Fault42WhatCannotBeStoredIsNotAcknowledgedAndTheRetryCounts) {
  const Json row = order();
  pay(row);
  EXPECT_EQ(first_result(), "500");
  EXPECT_EQ(intent(row["id"])["state"], "awaiting_payment");
  for (std::size_t tries = 2; tries <= 3; ++tries) {
    advance("16s");
    ASSERT_TRUE(eventually([&] { return attempts().size() >= tries && attempts().back()["result"] != ""; }));
    EXPECT_EQ(attempts().back()["result"], tries == 2 ? "500" : "200");
  }
  EXPECT_TRUE(becomes(row, "succeeded", "1s"));
  EXPECT_EQ(moved("capture"), row["amount"]["value"]);
}

class SlowWork : public RailFaults {
 protected:
  SlowWork()
      : RailFaults({"wechat.attempt_time_max_ms=30000", "wechat.total_time_max_ms=60000",
                    "intent.resolve_first_ms=3600000", "intent.resolve_max_ms=3600000"},
                   {}) {}
};

TEST_F(SlowWork, Fault43TheAcknowledgementDoesNotWaitForTheWork) {
  const Json row = order();
  // The notification differs from what was ordered, so it is asked about, and the answer takes longer than the rail
  // waits for the acknowledgement.
  control("faults", Json::array({{{"call", "webhook"}, {"what", "wrong_amount"}},
                                 {{"call", "query"}, {"what", "delay"}, {"delay", "20s"}}}));
  pay(row);
  EXPECT_EQ(first_result(), "200");
  ASSERT_TRUE(eventually([&] { return calls_of("query").size() == 1; }));
  EXPECT_EQ(intent(row["id"])["state"], "awaiting_payment");         // the work still waits
  EXPECT_EQ(customer_->must_say("Hello").at("intents").size(), 0u);  // and nobody else does
  advance("20s");
  EXPECT_TRUE(becomes(row, "succeeded", "1s"));
  EXPECT_EQ(attempts().size(), 1u);
}

// --- giving back ---------------------------------------------------------------------------------

TEST_F(RailFaults, Fault46OfManyRefundsAtOnceNoneExceedsTheRemainder) {
  const Json row = order("Two packs of Longjing tea, please.");
  pay(row);
  ASSERT_TRUE(becomes(row, "succeeded"));
  ASSERT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  at_once(8, [&](int i) {
    const std::string key = "refund-" + std::to_string(i);
    const std::string turns = "/v1/threads/" + customer_->thread() + "/turns";
    eventually([&] {
      return customer_->post(turns, {{"text", "Both packs are torn, please refund everything."}}, key).status == 200;
    });
  });
  EXPECT_TRUE(eventually([&] {
    advance("20s");
    return intent(row["id"])["refunded"] == row["amount"]["value"];
  })) << intent(row["id"]).dump(2);
  EXPECT_EQ(calls_of("refund").size(), 1u);
  EXPECT_EQ(moved("refund"), row["amount"]["value"]);
}

}  // namespace
}  // namespace purser::test
