// The channel and the simulated rail with a wire between them: no sockets, the rail's answers are handed over as they
// are. Shares no code with the channel but the primitives of signing.
#pragma once

#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/pay/wechat/channel.hpp"
#include "gateway/sandbox/rail.hpp"
#include "tests/support/loop.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <set>

namespace purser::wechat {

using nlohmann::json;
using std::chrono::seconds;

inline const OutTradeNo kOrder = OutTradeNo::trusted("A1b2C3d4E5f6G7h8I9j0K1l2M3n4");
inline const OutRefundNo kRefund = OutRefundNo::trusted("R1b2C3d4E5f6G7h8I9j0K1l2M3n4");

inline const sandbox::SandboxCredentials& credentials() {
  static const auto made = sandbox::SandboxCredentials::generate({3, false}, from_millis(1'767'607'200'000)).value();
  return made;
}

class DirectClient final : public http::Client {
 public:
  DirectClient(sandbox::SandboxRail& rail, Clock& clock) : rail_(rail), clock_(clock) {}

  Task<Result<http::Reply>> send(http::Call call, Deadline deadline) override {
    hosts.push_back(call.origin.host);
    if (down.contains(call.origin.host)) co_return Error(Errc::connect_failed);
    http::Request request;
    request.method = std::move(call.method);
    request.target = std::move(call.target);
    request.path = request.target.substr(0, request.target.find('?'));
    if (request.path.size() < request.target.size()) request.query = request.target.substr(request.path.size() + 1);
    request.headers = std::move(call.headers);
    request.headers.emplace_back("Host", call.origin.host);
    request.body = std::move(call.body);
    auto handled = rail_.handle(request, {clock_.durable(), clock_.wall()});
    if (handled.hangs) {
      auto slept = co_await clock_.sleep_until(deadline.at);
      if (!slept) co_return slept.error();
      co_return Error(Errc::timed_out);
    }
    if (handled.delay > Millis(0)) {
      const auto wake = clock_.now() + handled.delay;
      auto slept = co_await clock_.sleep_until(wake);
      if (!slept) co_return slept.error();
    }
    if (handled.response.drop) co_return Error(Errc::connection_lost);
    http::Reply reply;
    reply.status = handled.response.status;
    reply.headers = std::move(handled.response.headers);
    reply.body = std::move(handled.response.body);
    co_return reply;
  }

  std::vector<std::string> hosts;  // dialed, in order
  std::set<std::string> down;      // hosts that cannot be connected to

 private:
  sandbox::SandboxRail& rail_;
  Clock& clock_;
};

// How many of the rail's two keys the merchant is configured with.
enum class Known { both, public_key, neither };

class DirectRail : public ::testing::Test {
 protected:
  explicit DirectRail(Known known = Known::both, WechatSettings settings = {}) {
    settings.mchid = credentials().mchid;
    settings.appid = credentials().appid;
    channel_ =
        WechatChannel::make(settings, keys(known), {client_, loop_.clock, pool_, mint_}, "http://127.0.0.1:8080", true)
            .value();
    intent_.id = IntentId::trusted("pi_0123456789abcdefghijkl");
    intent_.tenant = TenantId::trusted("acme");
    intent_.amount = Money(1299, Currency::cny());
    intent_.description = "Image创意套餐";
    intent_.created_at = loop_.clock.durable();
    intent_.expires_at = loop_.clock.durable() + seconds(300);
    intent_.order.out_trade_no = kOrder;
    use(TradeKind::qr);
  }
  ~DirectRail() override { pool_.join(); }

  static Keys keys(Known known) {
    Keys keys;
    keys.merchant = credentials().merchant_key;
    keys.merchant_serial = credentials().merchant_certificate.serial();
    keys.apiv3 = credentials().apiv3_key;
    const auto& certificate = credentials().platform_certificate;
    if (known == Known::both) keys.platform.add(certificate.serial(), certificate.key());
    if (known == Known::neither) return keys;
    keys.platform.add(credentials().public_key_id, crypto::PublicKey::from_pem(credentials().public_key_pem).value());
    keys.wanted_serial = credentials().public_key_id;
    return keys;
  }

  void use(TradeKind kind) {
    intent_.order.kind = kind;
    intent_.order.payer_openid = kind == TradeKind::mini_program ? "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" : "";
    intent_.order.payer_ip = kind == TradeKind::h5 ? "14.23.150.211" : "";
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
  void script(const json& faults) { rail_.set_faults(sandbox::FaultScript::parse(faults).value()); }
  void fault(std::string_view call, std::string_view what, int times = 1) {
    script(json::array({json{{"call", call}, {"what", what}, {"times", times}}}));
  }

  OrderReply create() { return loop_.play(channel_->create_order(intent_, deadline())); }
  QueryReply query() { return loop_.play(channel_->query_order(kOrder, deadline())); }
  CloseReply close() { return loop_.play(channel_->close_order(kOrder, deadline())); }
  RefundReply pay_back(std::int64_t fen) { return loop_.play(channel_->refund(refund(fen), deadline())); }
  RefundReply query_refund() { return loop_.play(channel_->query_refund(kRefund, deadline())); }
  Result<Confirmation> confirmation() { return loop_.play(channel_->confirmation(intent_, deadline())); }
  void pay() { ASSERT_TRUE(rail_.pay(kOrder.str(), {}, now()).ok()); }
  // Created and with what the rail handed out, as the row holds it.
  void place() {
    const auto made = create();
    ASSERT_EQ(made.outcome, Outcome::succeeded) << made.says.code << " " << made.says.message;
    intent_.order.prepay_id = made.prepay_id;
    intent_.order.code_url = made.code_url;
  }
  void pay_order() {
    place();
    pay();
  }
  std::size_t calls_of(std::string_view call) const {
    std::size_t count = 0;
    for (const auto& entry : rail_.traffic()) count += entry.call == call ? 1U : 0U;
    return count;
  }

  std::vector<std::string> lines_;
  log::CaptureForTest capture_{[this](std::string line) { lines_.push_back(std::move(line)); }};
  test::Loop loop_;
  crypto::SystemMint mint_{Secret("secret")};
  sandbox::SandboxRail rail_{credentials(), sandbox::SandboxSettings(), mint_};
  DirectClient client_{rail_, loop_.clock};
  asio::thread_pool pool_{1};
  std::unique_ptr<WechatChannel> channel_;
  PaymentIntent intent_;
};

}  // namespace purser::wechat
