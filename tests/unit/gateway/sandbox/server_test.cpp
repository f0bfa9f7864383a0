#include "gateway/sandbox/server.hpp"

#include "tests/support/loop.hpp"
#include "tests/unit/gateway/sandbox/merchant.hpp"

#include <deque>

namespace purser::sandbox {
namespace {

using std::chrono::seconds;

// Answers callbacks as scripted: a status, or 0 for a receiver that never answers.
class Receiver final : public http::Client {
 public:
  explicit Receiver(Clock& clock) : clock_(clock) {}

  Task<Result<http::Reply>> send(http::Call call, Deadline deadline) override {
    const int status = script.empty() ? 200 : script.front();
    if (!script.empty()) script.pop_front();
    at.push_back(clock_.now());
    calls.push_back(std::move(call));
    if (status == 0) {
      (void)co_await clock_.sleep_until(deadline.at);
      co_return Error(Errc::timed_out);
    }
    http::Reply reply;
    reply.status = status;
    co_return std::move(reply);
  }

  std::deque<int> script;
  std::vector<http::Call> calls;
  std::vector<Clock::time_point> at;

 private:
  Clock& clock_;
};

// The sandbox with a real server, spoken to over loopback; its callbacks go to a scripted receiver.
class SandboxTest : public ::testing::Test {
 protected:
  explicit SandboxTest(SandboxOptions options = {})
      : receiver(loop.clock),
        client(http::make_client(loop.executor(), loop.clock, http::ClientLimits(), "").value()),
        sandbox(loop.executor(), loop.clock, receiver, mint, test_credentials(), std::move(options)) {}

  void SetUp() override {
    ASSERT_TRUE(sandbox.listen().ok());
    running.emplace(loop.ioc, sandbox.run());
    loop.settle();
  }
  void TearDown() override {
    loop.play(sandbox.stop(seconds(1)), 3);
    ASSERT_TRUE(loop.until([&] { return running->done(); }));
    running->get();
  }

  http::Call call_of(std::string method, std::string target, std::string body) {
    http::Call call(http::Origin::parse(sandbox.base_url()).value(), std::move(method), std::move(target));
    call.headers = {{"Accept", "application/json"}, {"User-Agent", "merchant/1"}};
    if (!body.empty()) call.headers.emplace_back("Content-Type", "application/json");
    call.body = std::move(body);
    return call;
  }
  http::Call signed_call(std::string method, std::string target, std::string body = {}) {
    auto call = call_of(std::move(method), std::move(target), std::move(body));
    const auto& c = test_credentials();
    auto timestamp = std::to_string(to_seconds(loop.clock.wall()));
    auto nonce = mint.token(32);
    auto message = call.method + "\n" + call.target + "\n" + timestamp + "\n" + nonce + "\n" + call.body + "\n";
    call.headers.emplace_back("Authorization", "WECHATPAY2-SHA256-RSA2048 mchid=\"" + c.mchid + "\",nonce_str=\"" +
                                                   nonce + "\",timestamp=\"" + timestamp + "\",serial_no=\"" +
                                                   c.merchant_certificate.serial() + "\",signature=\"" +
                                                   c.merchant_key.sign(message).value() + "\"");
    return call;
  }
  Result<http::Reply> send(http::Call call) {
    auto limit = Deadline::after(loop.clock, seconds(8));
    return loop.run(client->send(std::move(call), limit));
  }
  // Time passes until the answer or its limit comes.
  Result<http::Reply> send_while_time_passes(http::Call call) {
    auto limit = Deadline::after(loop.clock, seconds(8));
    return loop.play(client->send(std::move(call), limit), 3);
  }
  Result<http::Reply> control(const std::string& path, const json& body) {
    return send(call_of("POST", path, body.dump()));
  }
  std::string order(const std::string& number) {
    const auto& c = test_credentials();
    return json{{"appid", c.appid},
                {"mchid", c.mchid},
                {"description", "tea"},
                {"out_trade_no", number},
                {"notify_url", "http://127.0.0.1:8080/webhooks/wechat/default"},
                {"amount", {{"total", 1'299}, {"currency", "CNY"}}}}
        .dump();
  }
  Result<http::Reply> create(const std::string& number) {
    return send(signed_call("POST", "/v3/pay/transactions/native", order(number)));
  }

  test::Loop loop;
  CountingMint mint;
  Receiver receiver;
  std::unique_ptr<http::Client> client;
  Sandbox sandbox;
  std::optional<test::Started<void>> running;
};

TEST_F(SandboxTest, an_order_over_the_wire_is_signed) {
  auto reply = create("order-001");
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_TRUE(verify_signed(test_credentials(), reply->headers, reply->body).ok());
}

TEST_F(SandboxTest, a_204_arrives_empty_and_signed) {
  ASSERT_TRUE(create("order-001").ok());
  auto body = json{{"mchid", test_credentials().mchid}}.dump();
  auto reply = send(signed_call("POST", "/v3/pay/transactions/out-trade-no/order-001/close", body));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 204);
  EXPECT_TRUE(verify_signed(test_credentials(), reply->headers, "").ok());
}

TEST_F(SandboxTest, a_payment_is_delivered_to_the_notify_url) {
  ASSERT_TRUE(create("order-001").ok());
  ASSERT_TRUE(sandbox.pay("order-001").ok());
  ASSERT_TRUE(loop.until([&] { return !receiver.calls.empty(); }));
  const auto& call = receiver.calls[0];
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.origin.host, "127.0.0.1");
  EXPECT_EQ(call.origin.port, "8080");
  EXPECT_EQ(call.target, "/webhooks/wechat/default");
  EXPECT_TRUE(verify_signed(test_credentials(), call.headers, call.body).ok());
  loop.settle();
  EXPECT_EQ(sandbox.rail().notices().back().state, NoticeState::delivered);
}

TEST_F(SandboxTest, a_failed_callback_climbs_the_ladder_on_the_clock) {
  receiver.script.assign(16, 500);
  ASSERT_TRUE(create("order-001").ok());
  ASSERT_TRUE(sandbox.pay("order-001").ok());
  ASSERT_TRUE(loop.until([&] { return !receiver.calls.empty(); }));
  ASSERT_TRUE(loop.advance(std::chrono::hours(48)));
  ASSERT_EQ(receiver.calls.size(), 16U);
  EXPECT_EQ(receiver.at[1] - receiver.at[0], seconds(15));
  EXPECT_EQ(receiver.at[15] - receiver.at[0], std::chrono::hours(24) + std::chrono::minutes(4));
  EXPECT_EQ(sandbox.rail().notices().back().state, NoticeState::given_up);
}

TEST_F(SandboxTest, a_receiver_has_five_seconds_and_the_wait_counts_from_then) {
  receiver.script = {0, 200};
  ASSERT_TRUE(create("order-001").ok());
  ASSERT_TRUE(sandbox.pay("order-001").ok());
  ASSERT_TRUE(loop.until([&] { return !receiver.calls.empty(); }));
  ASSERT_TRUE(loop.advance(seconds(60)));
  ASSERT_EQ(receiver.calls.size(), 2U);
  EXPECT_EQ(receiver.at[1] - receiver.at[0], seconds(20));
}

TEST_F(SandboxTest, a_slow_receiver_holds_up_nobody_else) {
  receiver.script = {0, 200};
  ASSERT_TRUE(create("order-001").ok());
  ASSERT_TRUE(create("order-002").ok());
  ASSERT_TRUE(sandbox.pay("order-001").ok());
  ASSERT_TRUE(sandbox.pay("order-002").ok());
  ASSERT_TRUE(loop.until([&] { return receiver.calls.size() == 2; }));
  loop.settle();
  EXPECT_EQ(sandbox.rail().notices()[1].state, NoticeState::delivered);
}

TEST_F(SandboxTest, a_refund_is_told_after_its_delay) {
  ASSERT_TRUE(create("order-001").ok());
  ASSERT_TRUE(sandbox.pay("order-001").ok());
  auto body = json{{"out_trade_no", "order-001"},
                   {"out_refund_no", "refund-1"},
                   {"notify_url", "http://127.0.0.1:8080/webhooks/wechat/default"},
                   {"amount", {{"refund", 100}, {"total", 1'299}, {"currency", "CNY"}}}};
  auto reply = send(signed_call("POST", "/v3/refund/domestic/refunds", body.dump()));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(json::parse(reply->body)["status"], "PROCESSING");
  const auto started = loop.clock.now();
  ASSERT_TRUE(loop.advance(seconds(2), 3));
  ASSERT_EQ(receiver.calls.size(), 2U);
  EXPECT_EQ(receiver.at[1] - started, seconds(1));
  EXPECT_EQ(json::parse(receiver.calls[1].body)["event_type"], "REFUND.SUCCESS");
}

TEST_F(SandboxTest, the_whole_of_control_works_over_the_wire) {
  ASSERT_TRUE(create("order-001").ok());
  EXPECT_EQ(control("/sandbox/pay", {{"out_trade_no", "order-001"}})->status, 200);
  EXPECT_EQ(control("/sandbox/pay", {{"out_trade_no", "order-001"}})->status, 409);
  ASSERT_TRUE(loop.until([&] { return receiver.calls.size() == 1; }));
  auto orders = send(call_of("GET", "/sandbox/orders", ""));
  ASSERT_TRUE(orders.ok());
  EXPECT_EQ(json::parse(orders->body)["orders"][0]["trade_state"], "SUCCESS");
  EXPECT_EQ(send(call_of("POST", "/sandbox/reset", "{}"))->status, 200);
  EXPECT_TRUE(sandbox.rail().effects().empty());
}

TEST_F(SandboxTest, control_moves_the_rails_own_time_and_wakes_what_is_due) {
  receiver.script = {500, 200};
  ASSERT_TRUE(create("order-001").ok());
  ASSERT_TRUE(sandbox.pay("order-001").ok());
  ASSERT_TRUE(loop.until([&] { return receiver.calls.size() == 1; }));
  loop.settle();
  const auto wall = sandbox.now().wall;
  EXPECT_EQ(control("/sandbox/clock", {{"advance", "15s"}})->status, 200);
  ASSERT_TRUE(loop.until([&] { return receiver.calls.size() == 2; }));
  EXPECT_EQ(sandbox.now().wall, wall) << "signatures stay on the clock everybody sees";
  EXPECT_TRUE(create("order-002").ok());
}

TEST_F(SandboxTest, an_answer_that_is_lost_never_comes_but_the_order_is_there) {
  EXPECT_EQ(control("/sandbox/faults", json::parse(R"([{"call":"create","what":"timeout_after"}])"))->status, 200);
  auto reply = send_while_time_passes(signed_call("POST", "/v3/pay/transactions/native", order("order-001")));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.code(), Errc::timed_out);
  EXPECT_EQ(sandbox.rail().orders(sandbox.now()).size(), 1U);
}

TEST_F(SandboxTest, a_reset_is_a_connection_that_breaks_off) {
  EXPECT_EQ(control("/sandbox/faults", json::parse(R"([{"call":"create","what":"reset_after"}])"))->status, 200);
  auto reply = create("order-001");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.code(), Errc::connection_lost);
  EXPECT_EQ(sandbox.rail().orders(sandbox.now()).size(), 1U);
}

TEST_F(SandboxTest, a_delayed_answer_comes_later) {
  EXPECT_EQ(control("/sandbox/faults", json::parse(R"([{"call":"create","what":"delay","delay":"3s"}])"))->status, 200);
  const auto started = loop.clock.now();
  auto reply = send_while_time_passes(signed_call("POST", "/v3/pay/transactions/native", order("order-001")));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(loop.clock.now() - started, seconds(3));
}

TEST_F(SandboxTest, a_dripping_answer_takes_its_time_and_is_whole) {
  EXPECT_EQ(control("/sandbox/faults", json::parse(R"([{"call":"create","what":"drip","delay":"10ms"}])"))->status,
            200);
  const auto started = loop.clock.now();
  auto reply = send_while_time_passes(signed_call("POST", "/v3/pay/transactions/native", order("order-001")));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_TRUE(verify_signed(test_credentials(), reply->headers, reply->body).ok());
  EXPECT_GE(loop.clock.now() - started, Millis(10) * static_cast<int>(reply->body.size()));
}

TEST_F(SandboxTest, people_find_the_page_with_the_orders) {
  auto page = send(call_of("GET", "/sandbox/", ""));
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(http::header(page->headers, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_NE(page->body.find("'/sandbox/pay'"), std::string::npos);
  auto root = send(call_of("GET", "/", ""));
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->status, 302);
  EXPECT_EQ(http::header(root->headers, "Location"), "/sandbox/");
}

TEST_F(SandboxTest, stopping_lets_go_of_answers_that_are_held_back) {
  sandbox.set_faults(FaultScript::parse(json::parse(R"([{"call":"create","what":"timeout_before"}])")).value());
  auto limit = Deadline::after(loop.clock, seconds(8));
  auto lost = loop.start(client->send(signed_call("POST", "/v3/pay/transactions/native", order("order-001")), limit));
  ASSERT_TRUE(loop.until([&] { return !sandbox.rail().traffic().empty(); }));
  const auto before = loop.clock.now();
  loop.run(sandbox.stop(seconds(30)));
  EXPECT_EQ(loop.clock.now(), before);
  ASSERT_TRUE(loop.until([&] { return lost.done(); }));
  EXPECT_EQ(lost.get().code(), Errc::connection_lost);
}

TEST_F(SandboxTest, an_address_in_use_is_reported) {
  SandboxOptions options;
  options.listen = sandbox.base_url().substr(7);
  Sandbox second(loop.executor(), loop.clock, receiver, mint, test_credentials(), options);
  EXPECT_EQ(second.listen().code(), Errc::bind_failed);
}

class HookedSandboxTest : public SandboxTest {
 protected:
  HookedSandboxTest() : SandboxTest(hooked()) {}
  static SandboxOptions hooked() {
    SandboxOptions options;
    options.advance = [](Millis by) { moved += by; };
    return options;
  }
  static inline Millis moved{0};
};

TEST_F(HookedSandboxTest, an_advance_goes_to_the_hook_alone) {
  const auto before = sandbox.now().life;
  EXPECT_EQ(control("/sandbox/clock", {{"advance", "300s"}})->status, 200);
  EXPECT_EQ(moved, Millis(300'000));
  EXPECT_EQ(sandbox.now().life, before);
}

}  // namespace
}  // namespace purser::sandbox
