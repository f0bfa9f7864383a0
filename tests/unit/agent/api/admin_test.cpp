#include "agent/api/admin.hpp"

#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

class AdminTest : public testing::Test {
 protected:
  http::Response ask(std::string path) { return desk.loop.run(desk.admin.handle(request("GET", std::move(path)))); }

  TempFolder folder;
  Desk desk{folder.path()};
};

TEST_F(AdminTest, it_is_alive_and_ready) {
  EXPECT_EQ(ask("/healthz").status, 200);
  const auto ready = ask("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(body_of(ready), nlohmann::json::parse(R"({"status":"ready","sandbox":true,"version":"1.2.3"})"));
}

TEST_F(AdminTest, other_paths_are_not_there) {
  EXPECT_EQ(ask("/v1/threads").status, 404);
  EXPECT_EQ(desk.loop.run(desk.admin.handle(request("POST", "/healthz"))).status, 405);
}

TEST_F(AdminTest, it_tells_what_was_counted) {
  desk.buy(desk.thread());
  desk.loop.advance(std::chrono::minutes(6));  // its expiry and the question to the rail fall due
  const auto page = ask("/metrics");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(header_of(page, "Content-Type").starts_with("text/plain"));
  EXPECT_NE(page.body.find("purser_http_requests_total{route=\"/v1/threads\",status=\"201\"} 1\n"), std::string::npos)
      << page.body;
  EXPECT_NE(page.body.find("purser_turns_total{outcome=\"completed\"} 1\n"), std::string::npos) << page.body;
  EXPECT_NE(page.body.find("purser_work_due 2\n"), std::string::npos) << page.body;
}

// A store whose disk has failed.
class StoppedStore final : public Store {
 public:
  void watch(std::function<void(const Change&)>) override {}
  bool healthy() const override { return healthy_; }
  Task<Result<Receipt>> commit(Batch) override { co_return Errc::store_unavailable; }
  Task<Result<Thread>> thread(ThreadId) override { co_return Errc::store_unavailable; }
  Task<Result<Turn>> turn(TurnId) override { co_return Errc::store_unavailable; }
  Task<Result<std::optional<Turn>>> running_turn(ThreadId) override { co_return Errc::store_unavailable; }
  Task<Result<std::vector<Message>>> messages(ThreadId, std::int64_t, std::int64_t) override { co_return down(); }
  Task<Result<std::vector<Message>>> recent_messages(ThreadId, std::int64_t) override { co_return down(); }
  Task<Result<std::vector<StreamEvent>>> events(ThreadId, std::int64_t, std::int64_t) override { co_return down(); }
  Task<Result<PaymentIntent>> intent(IntentId) override { co_return down(); }
  Task<Result<PaymentIntent>> intent_by_number(OutTradeNo) override { co_return down(); }
  Task<Result<std::optional<PaymentIntent>>> intent_by_origin(ThreadId, std::string) override { co_return down(); }
  Task<Result<std::optional<PaymentIntent>>> open_intent(TenantId, UserId) override { co_return down(); }
  Task<Result<std::vector<PaymentIntent>>> intents_of_thread(ThreadId, std::int64_t) override { co_return down(); }
  Task<Result<Refund>> refund(RefundId) override { co_return down(); }
  Task<Result<Refund>> refund_by_number(OutRefundNo) override { co_return down(); }
  Task<Result<std::vector<Refund>>> refunds_of_intent(IntentId) override { co_return down(); }
  Task<Result<std::vector<Refund>>> refunds_of_thread(ThreadId, std::int64_t) override { co_return down(); }
  Task<Result<std::vector<WorkItem>>> due_work(UtcTime, std::int64_t) override { co_return down(); }
  Task<Result<std::optional<UtcTime>>> next_due() override {
    if (!readable_) co_return down();
    co_return std::optional<UtcTime>();
  }
  Task<Result<NotificationRow>> notification(std::string, std::string) override { co_return down(); }
  Task<Result<std::vector<LedgerEntry>>> ledger_of_intent(IntentId) override { co_return down(); }
  Task<Result<LedgerTotals>> ledger_totals(TenantId) override { co_return down(); }
  Task<Result<void>> verify_ledger() override { co_return down(); }
  Task<Result<std::optional<IdempotencyRow>>> idempotency(std::string, std::string) override { co_return down(); }
  Task<Result<std::vector<Turn>>> running_turns(std::int64_t) override { co_return down(); }

  bool healthy_ = true;
  bool readable_ = true;

 private:
  static Error down() { return Errc::store_unavailable; }
};

TEST(AdminWithoutStore, it_is_alive_but_not_ready) {
  Loop loop;
  StoppedStore store;
  Metrics metrics;
  Admin admin({store, loop.clock, metrics}, false, "1.2.3", "");
  const auto ask = [&](std::string path) { return loop.run(admin.handle(request("GET", std::move(path)))); };
  EXPECT_EQ(ask("/readyz").status, 200);
  store.healthy_ = false;  // reads go on, writes do not
  EXPECT_EQ(ask("/readyz").status, 503);
  store.healthy_ = true;
  store.readable_ = false;
  const auto ready = ask("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(body_of(ready)["sandbox"], false);
  EXPECT_EQ(ask("/healthz").status, 200);
  EXPECT_EQ(ask("/metrics").status, 200);
}

}  // namespace
}  // namespace purser::test
