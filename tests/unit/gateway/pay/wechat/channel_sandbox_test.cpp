// The channel against the simulated rail, which shares no code with it but the primitives of signing. No sockets: the
// rail's answers are handed over as they are.
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/pay/wechat/channel.hpp"
#include "gateway/sandbox/rail.hpp"
#include "tests/support/loop.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace purser::wechat {
namespace {

using nlohmann::json;
using std::chrono::seconds;

const OutTradeNo kOrder = OutTradeNo::trusted("A1b2C3d4E5f6G7h8I9j0K1l2M3n4");
const OutRefundNo kRefund = OutRefundNo::trusted("R1b2C3d4E5f6G7h8I9j0K1l2M3n4");

const sandbox::SandboxCredentials& credentials() {
  static const auto made = sandbox::SandboxCredentials::generate({3, false}, from_millis(1'767'607'200'000)).value();
  return made;
}

// A wire between the two.
class DirectClient final : public http::Client {
 public:
  DirectClient(sandbox::SandboxRail& rail, Clock& clock) : rail_(rail), clock_(clock) {}

  Task<Result<http::Reply>> send(http::Call call, Deadline deadline) override {
    http::Request request;
    request.method = std::move(call.method);
    request.target = std::move(call.target);
    request.path = request.target.substr(0, request.target.find('?'));
    if (request.path.size() < request.target.size()) request.query = request.target.substr(request.path.size() + 1);
    request.headers = std::move(call.headers);
    request.body = std::move(call.body);
    auto handled = rail_.handle(request, {clock_.durable(), clock_.wall()});
    if (handled.hangs) {
      auto slept = co_await clock_.sleep_until(deadline.at);
      if (!slept) co_return slept.error();
      co_return Error(Errc::timed_out);
    }
    if (handled.response.drop) co_return Error(Errc::connection_lost);
    http::Reply reply;
    reply.status = handled.response.status;
    reply.headers = std::move(handled.response.headers);
    reply.body = std::move(handled.response.body);
    co_return reply;
  }

 private:
  sandbox::SandboxRail& rail_;
  Clock& clock_;
};

class ChannelAndSandbox : public ::testing::Test {
 protected:
  ChannelAndSandbox() {
    Keys keys;
    keys.merchant = credentials().merchant_key;
    keys.merchant_serial = credentials().merchant_certificate.serial();
    keys.apiv3 = credentials().apiv3_key;
    keys.platform.add(credentials().public_key_id, crypto::PublicKey::from_pem(credentials().public_key_pem).value());
    keys.platform.add(credentials().platform_certificate.serial(), credentials().platform_certificate.key());
    keys.wanted_serial = credentials().public_key_id;
    WechatSettings settings;
    settings.mchid = credentials().mchid;
    settings.appid = credentials().appid;
    channel_ = WechatChannel::make(settings, std::move(keys), {client_, loop_.clock, pool_, mint_},
                                   "http://127.0.0.1:8080", true)
                   .value();
    intent_.tenant = TenantId::trusted("acme");
    intent_.amount = Money(1299, Currency::cny());
    intent_.description = "Image创意套餐";
    intent_.expires_at = loop_.clock.durable() + seconds(300);
    intent_.order.out_trade_no = kOrder;
    use(TradeKind::qr);
  }
  ~ChannelAndSandbox() override { pool_.join(); }

  void use(TradeKind kind) {
    intent_.order.kind = kind;
    intent_.order.payer_openid = kind == TradeKind::mini_program ? "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" : "";
    intent_.order.request_body = channel_->order_body(intent_).value();
  }
  Refund refund(std::int64_t fen) const {
    Refund out;
    out.out_refund_no = kRefund;
    out.amount = Money(fen, Currency::cny());
    out.reason = "颜色不对";
    out.request_body = channel_->refund_body(intent_, out).value();
    return out;
  }
  Deadline deadline() const { return Deadline::after(loop_.clock, seconds(30)); }
  sandbox::Moment now() const { return {loop_.clock.durable(), loop_.clock.wall()}; }
  void fault(std::string_view call, std::string_view what, int times = 1) {
    const json script = json::array({json{{"call", call}, {"what", what}, {"times", times}}});
    rail_.set_faults(sandbox::FaultScript::parse(script).value());
  }

  OrderReply create() { return loop_.play(channel_->create_order(intent_, deadline())); }
  QueryReply query() { return loop_.play(channel_->query_order(kOrder, deadline())); }
  CloseReply close() { return loop_.play(channel_->close_order(kOrder, deadline())); }
  RefundReply pay_back(std::int64_t fen) { return loop_.play(channel_->refund(refund(fen), deadline())); }
  RefundReply query_refund() { return loop_.play(channel_->query_refund(kRefund, deadline())); }
  void pay() { ASSERT_TRUE(rail_.pay(kOrder.str(), {}, now()).ok()); }
  void pay_order() {
    ASSERT_EQ(create().outcome, Outcome::succeeded);
    pay();
  }

  log::CaptureForTest capture_{[](const std::string&) {}};
  test::Loop loop_;
  crypto::SystemMint mint_{Secret("secret")};
  sandbox::SandboxRail rail_{credentials(), sandbox::SandboxSettings(), mint_};
  DirectClient client_{rail_, loop_.clock};
  asio::thread_pool pool_{1};
  std::unique_ptr<WechatChannel> channel_;
  PaymentIntent intent_;
};

TEST_F(ChannelAndSandbox, FromOrderToRefund) {
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::succeeded) << made.says.code << " " << made.says.message;
  EXPECT_TRUE(made.code_url.starts_with("weixin://"));
  EXPECT_TRUE(made.says.request_id.ends_with("-0"));
  EXPECT_EQ(query().facts->state, TradeState::not_paid);
  pay();
  const QueryReply paid = query();
  EXPECT_EQ(paid.facts->state, TradeState::paid);
  EXPECT_TRUE(channel_->matches(*paid.facts, intent_));
  EXPECT_EQ(pay_back(300).outcome, Outcome::pending);
  ASSERT_TRUE(loop_.advance(seconds(2)));
  rail_.settle(now());
  const RefundReply done = query_refund();
  EXPECT_EQ(done.outcome, Outcome::succeeded);
  EXPECT_EQ(done.facts->refund, Money(300, Currency::cny()));
  EXPECT_EQ(query().facts->state, TradeState::refunded);
  for (const auto& entry : rail_.traffic()) EXPECT_EQ(entry.verdict, "ok") << entry.target;
}

TEST_F(ChannelAndSandbox, BothWebhooksAreRead) {
  pay_order();
  auto deliveries = rail_.take_deliveries(now());
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries[0].url, "http://127.0.0.1:8080/webhooks/wechat/acme");
  const auto payment = channel_->read_notification({deliveries[0].headers, deliveries[0].body});
  ASSERT_TRUE(payment.ok());
  EXPECT_EQ(payment->event_type, "TRANSACTION.SUCCESS");
  EXPECT_TRUE(channel_->matches(*payment->order, intent_));
  EXPECT_EQ(pay_back(1299).outcome, Outcome::pending);
  ASSERT_TRUE(loop_.advance(seconds(2)));
  rail_.settle(now());
  deliveries = rail_.take_deliveries(now());
  ASSERT_EQ(deliveries.size(), 1u);
  const auto back = channel_->read_notification({deliveries[0].headers, deliveries[0].body});
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->refund->event, RefundEvent::rail_succeeded);
  EXPECT_EQ(back->refund->refund, Money(1299, Currency::cny()));
}

TEST_F(ChannelAndSandbox, AMiniProgramOrder) {
  use(TradeKind::mini_program);
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::succeeded) << made.says.code << " " << made.says.message;
  EXPECT_FALSE(made.prepay_id.empty());
  intent_.order.prepay_id = made.prepay_id;
  EXPECT_TRUE(loop_.play(channel_->confirmation(intent_, deadline())).ok());
}

TEST_F(ChannelAndSandbox, TheSameBytesAgainAreTheSameOrder) {
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  intent_.order.request_body += " ";  // JSON of the same meaning
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  intent_.amount = Money(1300, Currency::cny());
  intent_.order.request_body = channel_->order_body(intent_).value();
  EXPECT_EQ(create().outcome, Outcome::unknown);  // refused, but the rail does hold an order of this number
}

TEST_F(ChannelAndSandbox, APaidOrderSaysSo) {
  pay_order();
  const OrderReply again = create();
  EXPECT_EQ(again.outcome, Outcome::unknown);
  EXPECT_TRUE(again.already_paid);
  const CloseReply closed = close();
  EXPECT_EQ(closed.outcome, Outcome::declined);
  EXPECT_TRUE(closed.already_paid);
}

TEST_F(ChannelAndSandbox, AClosedOrderIsClosed) {
  const CloseReply nothing = close();
  EXPECT_EQ(nothing.outcome, Outcome::declined);
  EXPECT_FALSE(nothing.already_paid);
  ASSERT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_EQ(close().outcome, Outcome::succeeded);
  EXPECT_EQ(close().outcome, Outcome::succeeded);
  EXPECT_EQ(query().facts->state, TradeState::closed);
  const OrderReply again = create();
  EXPECT_EQ(again.outcome, Outcome::declined);
  EXPECT_TRUE(again.closed);
}

TEST_F(ChannelAndSandbox, LostAnswersAreUnknownAndOneOrderResults) {
  for (const char* what : {"timeout_before", "timeout_after", "reset", "reset_after", "unsigned", "bad_signature",
                           "tampered", "signtest", "stale_timestamp", "unknown_serial", "malformed"}) {
    rail_.reset();
    fault("create", what);
    EXPECT_EQ(create().outcome, Outcome::unknown) << what;
    EXPECT_EQ(create().outcome, Outcome::succeeded) << what;
    EXPECT_EQ(rail_.orders(now()).size(), 1u) << what;
  }
}

TEST_F(ChannelAndSandbox, LostAnswersToARefundPayBackOnce) {
  for (const char* what : {"timeout_after", "reset_after", "unsigned", "tampered", "http_500_after", "wrong_amount"}) {
    rail_.reset();
    pay_order();
    fault("refund", what);
    const RefundReply first = pay_back(300);
    // After a 500 the same number is sent again within the call, and the rail knows it.
    EXPECT_EQ(first.outcome, std::string_view(what) == "http_500_after" ? Outcome::pending : Outcome::unknown) << what;
    // Eight seconds of silence are long enough for the refund to become final.
    EXPECT_EQ(pay_back(300).outcome, std::string_view(what) == "timeout_after" ? Outcome::succeeded : Outcome::pending)
        << what;
    EXPECT_EQ(rail_.refunds().size(), 1u) << what;
  }
}

TEST_F(ChannelAndSandbox, BusyAnswersAreRepeatedWithinTheCall) {
  for (const char* what : {"http_500", "http_500_after", "http_502", "http_503", "http_429"}) {
    rail_.reset();
    fault("create", what, 2);
    EXPECT_EQ(create().outcome, Outcome::succeeded) << what;
    EXPECT_EQ(rail_.traffic().size(), 3u) << what;
    EXPECT_EQ(rail_.orders(now()).size(), 1u) << what;
  }
  rail_.reset();
  fault("create", "http_429", 3);
  EXPECT_EQ(create().outcome, Outcome::unknown);
}

TEST_F(ChannelAndSandbox, BothKeysOfTheRailAreKnown) {
  fault("create", "other_key");
  EXPECT_EQ(create().outcome, Outcome::succeeded);
}

TEST_F(ChannelAndSandbox, SignedButWrongFactsDoNotMatch) {
  pay_order();
  for (const char* what : {"wrong_amount", "wrong_currency", "wrong_mchid", "wrong_appid"}) {
    fault("query", what);
    const QueryReply asked = query();
    ASSERT_EQ(asked.outcome, Outcome::succeeded) << what;
    EXPECT_FALSE(channel_->matches(*asked.facts, intent_)) << what;
  }
}

TEST_F(ChannelAndSandbox, RefundsTheRailDoesNotMake) {
  ASSERT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_EQ(pay_back(300).outcome, Outcome::declined);  // not paid yet
  pay();
  fault("refund", "not_enough");
  EXPECT_EQ(pay_back(300).outcome, Outcome::unknown);
  EXPECT_TRUE(query_refund().not_known);
  EXPECT_EQ(pay_back(300).outcome, Outcome::pending);  // topped up, same number
  EXPECT_EQ(rail_.effects().size(), 1u);               // the capture; the refund is under way
}

TEST_F(ChannelAndSandbox, RefundsThatEndBadly) {
  for (const auto& [what, outcome, event] : {std::tuple("abnormal", Outcome::pending, RefundEvent::rail_abnormal),
                                             std::tuple("closed", Outcome::declined, RefundEvent::rail_closed)}) {
    rail_.reset();
    pay_order();
    fault("refund", what);
    EXPECT_EQ(pay_back(300).outcome, Outcome::pending) << what;
    ASSERT_TRUE(loop_.advance(seconds(2)));
    rail_.settle(now());
    const RefundReply asked = query_refund();
    EXPECT_EQ(asked.outcome, outcome) << what;
    EXPECT_EQ(asked.facts->event, event) << what;
  }
}

TEST_F(ChannelAndSandbox, WebhooksThatAreNotRight) {
  const std::pair<const char*, Errc> faults[] = {
      {"bad_signature", Errc::signature_invalid}, {"signtest", Errc::signature_probe},
      {"stale_timestamp", Errc::timestamp_skew},  {"unknown_serial", Errc::unknown_serial},
      {"tampered", Errc::signature_invalid},      {"unsigned", Errc::signature_invalid},
      {"bad_ciphertext", Errc::decrypt_failed},
  };
  for (const auto& [what, code] : faults) {
    rail_.reset();
    pay_order();
    fault("webhook", what);
    const auto deliveries = rail_.take_deliveries(now());
    ASSERT_EQ(deliveries.size(), 1u) << what;
    EXPECT_EQ(channel_->read_notification({deliveries[0].headers, deliveries[0].body}).code(), code) << what;
  }
}

}  // namespace
}  // namespace purser::wechat
