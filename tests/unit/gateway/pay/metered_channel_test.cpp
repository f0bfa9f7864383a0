#include "gateway/pay/metered_channel.hpp"

#include "tests/support/fake_channel.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/store_rows.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

class MeteredChannelTest : public testing::Test {
 protected:
  MeteredChannelTest() {
    auto made = std::make_unique<FakeChannel>();
    rail = made.get();
    channel = std::make_unique<MeteredChannel>(std::move(made), metrics, loop.clock);
  }
  Deadline soon() { return Deadline::after(loop.clock, std::chrono::seconds(10)); }
  std::uint64_t counted(const std::string& operation, const std::string& outcome) const {
    return metrics.value(kRailCalls, {{"operation", operation}, {"outcome", outcome}});
  }

  Loop loop;
  Metrics metrics;
  FakeChannel* rail = nullptr;
  std::unique_ptr<PaymentChannel> channel;
  const Thread thread = make_thread(1);
  const PaymentIntent intent = make_intent(1, thread);
  const OutTradeNo number = intent.order.out_trade_no;
};

TEST_F(MeteredChannelTest, CountsEachCallByHowItEnded) {
  OrderReply lost;
  lost.outcome = Outcome::unknown;
  rail->orders.push_back(lost);
  (void)loop.run(channel->create_order(intent, soon()));
  (void)loop.run(channel->create_order(intent, soon()));
  (void)loop.run(channel->query_order(number, soon()));
  (void)loop.run(channel->close_order(number, soon()));
  EXPECT_EQ(counted("create_order", "unknown"), 1u);
  EXPECT_EQ(counted("create_order", "succeeded"), 1u);
  EXPECT_EQ(counted("query_order", "succeeded"), 1u);
  EXPECT_EQ(counted("close_order", "succeeded"), 1u);
  EXPECT_EQ(metrics.value(kRailTime, {{"operation", "create_order"}}), 2u);
}

TEST_F(MeteredChannelTest, HandsEveryCallOnAndItsAnswerBack) {
  const Refund refund = make_refund(1, intent);
  QueryReply paid = FakeChannel::query_reply(FakeChannel::paid(intent));
  rail->queries.push_back(paid);
  const QueryReply heard = loop.run(channel->query_order(number, soon()));
  ASSERT_TRUE(heard.facts.has_value());
  EXPECT_EQ(heard.facts->transaction_id, paid.facts->transaction_id);
  (void)loop.run(channel->refund(refund, soon()));
  (void)loop.run(channel->query_refund(refund.out_refund_no, soon()));
  (void)loop.run(channel->mend_refund(refund, RefundAccount(), soon()));
  (void)loop.run(channel->confirmation(intent, soon()));
  EXPECT_EQ(rail->order_of_calls().size(), 5u);
  EXPECT_EQ(counted("refund", "pending"), 1u);
  EXPECT_EQ(metrics.value(kRailTime, {{"operation", "query_refund"}}), 1u);
  EXPECT_EQ(metrics.value(kRailTime, {{"operation", "mend_refund"}}), 1u);
  EXPECT_EQ(channel->name(), rail->name());
  EXPECT_EQ(channel->is_sandbox(), rail->is_sandbox());
  EXPECT_EQ(*channel->order_body(intent), *rail->order_body(intent));
  EXPECT_EQ(channel->matches(*paid.facts, intent), true);
  rail->spacing = Millis(61'000);
  EXPECT_EQ(channel->refund_spacing(), Millis(61'000));
}

}  // namespace
}  // namespace purser::test
