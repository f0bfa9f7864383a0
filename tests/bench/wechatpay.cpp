// What the rail's protocol costs in CPU, held against what OpenSSL itself needs in the same minute on the same machine:
//   webhook   from the parsed request to the acknowledgement, the durable row in between (SQLite, synchronous=FULL):
//             at most verify + decrypt + 60 us
//   order     the request signed, sent and its answer verified, then what the client pays with: at most
//             signatures x sign + 120 us
// CPU is that of the whole process, its signing and writing threads too. Rounds alternate between OpenSSL's own `speed`
// and ours; each figure is the median of what the rounds differ by. Exits with 1 when a bar is missed.
#include "agent/resume/webhook_inbox.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/crypto/aead.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/pay/wechat/channel.hpp"
#include "gateway/store/open/open.hpp"
#include "tests/support/rail_signer.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace purser {
namespace {

using nlohmann::ordered_json;
using test::RailSigner;

constexpr int kRounds = 11;
constexpr int kWebhooks = 1'000;  // of a round
constexpr int kOrders = 200;
constexpr int kAtOnce = 32;
constexpr std::int64_t kWebhookBarUs = 60;
constexpr std::int64_t kOrderBarUs = 120;

double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

struct Rsa {
  double sign_us = 0;
  double verify_us = 0;
};

// "rsa 2048 bits 0.000598s 0.000018s   1672.2  55432.1": signatures and verifications a second.
Rsa openssl_speed() {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen("openssl speed -seconds 1 rsa2048 2>/dev/null", "r"), ::pclose);
  if (!pipe) throw std::runtime_error("openssl cannot be run");
  char line[512];
  while (std::fgets(line, sizeof line, pipe.get()) != nullptr) {
    std::istringstream words(line);
    std::string rsa, size, bits, sign_s, verify_s;
    double signs = 0;
    double verifies = 0;
    if (words >> rsa >> size >> bits >> sign_s >> verify_s >> signs >> verifies && rsa == "rsa" && signs > 0)
      return {1e6 / signs, 1e6 / verifies};
  }
  throw std::runtime_error("openssl speed says nothing of rsa2048");
}

// Answers at once with what was signed beforehand: its cost is the rail's.
class ReadyClient final : public http::Client {
 public:
  Task<Result<http::Reply>> send(http::Call, Deadline) override { co_return reply; }
  http::Reply reply;
};

class Bench {
 public:
  Bench() {
    StoreSettings where;
    where.url = Secret("sqlite://" + folder_.file("purser.db"));
    store_ = std::move(open_store(where, clock_).value());
    WechatSettings settings;
    settings.mchid = RailSigner::kMchid;
    settings.appid = RailSigner::kAppid;
    channel_ = wechat::WechatChannel::make(settings, RailSigner::keys(), {client_, clock_, pool_, mint_},
                                           "https://pay.example.com", true)
                   .value();
    const Cashier::Ports ports{*store_, *channel_, mint_, clock_};
    cashier_ = std::make_unique<Cashier>(ports, IntentSettings(), RefundSettings());
    inbox_ = std::make_unique<WebhookInbox>(
        WebhookInbox::Ports{*store_, *channel_, *cashier_, clock_, group_, metrics_}, [] {});
  }
  ~Bench() {
    run(1, [this](int) { return group_.stop(Clock::duration(0)); });
    store_.reset();
    pool_.join();
  }

  // CPU of one webhook, and how many one core takes in a second.
  double webhook_us() {
    std::vector<RawNotification> signed_ones;
    for (int i = 0; i < kWebhooks; ++i) signed_ones.push_back(notification());
    int taken = 0;
    const double before = cpu_us();
    std::size_t next = 0;
    run(kAtOnce, [&](int) { return receive(signed_ones, next, taken); });
    const double spent = cpu_us() - before;
    if (taken != kWebhooks) throw std::runtime_error("a webhook was not taken");
    return spent / kWebhooks;
  }

  double decrypt_us() {
    const std::string sealed = nlohmann::json::parse(notification().body)["resource"]["ciphertext"];
    const Secret key{std::string(RailSigner::kApiv3)};
    const double before = cpu_us();
    for (int i = 0; i < kWebhooks; ++i)
      if (!crypto::aes_gcm_open(key, "abcdefghijkl", "transaction", sealed)) throw std::runtime_error("does not open");
    return (cpu_us() - before) / kWebhooks;
  }

  double order_us(TradeKind kind) {
    const bool code = kind == TradeKind::qr;
    client_.reply = RailSigner::reply(200,
                                      code ? R"({"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuKzz"})"
                                           : R"({"prepay_id":"wx201410272009395522657a690389285100"})",
                                      clock_.wall());
    int made = 0;
    int begun = 0;
    const double before = cpu_us();
    run(kAtOnce, [&](int) { return order(kind, begun, made); });
    const double spent = cpu_us() - before;
    if (made != kOrders) throw std::runtime_error("an order was not made");
    return spent / kOrders;
  }

 private:
  // To the end of these tasks; what the store keeps waiting goes on with the next.
  template <class Make>
  void run(int tasks, Make make) {
    int left = tasks;
    for (int i = 0; i < tasks; ++i)
      asio::co_spawn(loop_, make(i), [this, &left](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
        if (--left == 0) loop_.stop();
      });
    loop_.restart();
    loop_.run();
  }

  // As the rail writes it: the plain text of the documentation's sample, an id of its own.
  RawNotification notification() {
    const std::string number = std::to_string(++numbers_);
    const std::string plain =
        R"({"mchid":"1900000001","appid":"wxd678efh567hg6787","out_trade_no":"A1b2C3d4E5f6G7h8I9j0K1l2)" + number +
        R"(","transaction_id":"4200000000202601051234567890","trade_type":"JSAPI","trade_state":"SUCCESS",)"
        R"("trade_state_desc":"支付成功","bank_type":"CMC","attach":"pi_0123456789abcdefghijkl",)"
        R"("success_time":"2026-01-05T18:00:00+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},)"
        R"("amount":{"total":1299,"payer_total":1299,"currency":"CNY","payer_currency":"CNY"}})";
    std::string body = RailSigner::envelope("TRANSACTION.SUCCESS", plain);
    const std::string id = "EV-2018022511223320873";
    body.replace(body.find(id), id.size(), "EV-" + number);
    auto made = RailSigner::notification(std::move(body), clock_.wall());
    made.headers.emplace_back("Content-Type", "application/json");
    return made;
  }

  Task<void> receive(const std::vector<RawNotification>& all, std::size_t& next, int& taken) {
    while (next < all.size()) {
      const RawNotification& one = all[next++];
      http::Request request;
      request.method = "POST";
      request.target = request.path = "/webhooks/wechat/acme";
      request.headers = one.headers;
      request.body = one.body;
      auto answer = co_await inbox_->receive(std::move(request), TenantId::trusted("acme"));
      if (answer.status == 200) ++taken;
    }
  }

  Task<void> order(TradeKind kind, int& begun, int& made) {
    while (begun++ < kOrders) {
      PaymentIntent intent;
      intent.id = mint_.intent_id();
      intent.tenant = TenantId::trusted("acme");
      intent.amount = Money(1299, Currency::cny());
      intent.description = "Image创意套餐";
      intent.created_at = clock_.durable();
      intent.expires_at = intent.created_at + std::chrono::minutes(5);
      intent.order.kind = kind;
      intent.order.out_trade_no = OutTradeNo::trusted(mint_.token(28));
      if (kind == TradeKind::mini_program) intent.order.payer_openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
      intent.order.request_body = channel_->order_body(intent).value();
      const Deadline limit = Deadline::after(clock_, std::chrono::seconds(30));
      auto reply = co_await channel_->create_order(intent, limit);
      intent.order.prepay_id = reply.prepay_id;
      intent.order.code_url = reply.code_url;
      auto with = co_await channel_->confirmation(intent, limit);
      if (reply.outcome == Outcome::succeeded && with) ++made;
    }
  }

  log::CaptureForTest capture_{[](std::string) {}};  // lines are written and dropped
  test::TempFolder folder_;
  SystemClock clock_;
  asio::io_context loop_{1};
  asio::thread_pool pool_{1};  // two threads of one core slow each other down, and OpenSSL is measured with one
  ReadyClient client_;
  crypto::SystemMint mint_{Secret("secret of the bench")};
  Metrics metrics_;
  TaskGroup group_{loop_.get_executor(), clock_, [](std::string_view, std::exception_ptr) {}};
  std::unique_ptr<Store> store_;
  std::unique_ptr<wechat::WechatChannel> channel_;
  std::unique_ptr<Cashier> cashier_;
  std::unique_ptr<WebhookInbox> inbox_;
  std::int64_t numbers_ = 10'000'000;
};

int bench() {
  Bench bench;
  std::vector<double> sign, verify, decrypt, webhook, webhook_over, native, native_over, jsapi, jsapi_over;
  for (int round = 0; round < kRounds; ++round) {
    const Rsa rsa = openssl_speed();
    sign.push_back(rsa.sign_us);
    verify.push_back(rsa.verify_us);
    decrypt.push_back(bench.decrypt_us());
    webhook.push_back(bench.webhook_us());
    webhook_over.push_back(webhook.back() - rsa.verify_us - decrypt.back());
    native.push_back(bench.order_us(TradeKind::qr));
    native_over.push_back(native.back() - rsa.sign_us);
    jsapi.push_back(bench.order_us(TradeKind::mini_program));
    jsapi_over.push_back(jsapi.back() - 2 * rsa.sign_us);
  }
  const double per_core = 1e6 / median(webhook);
  const double verify_rate = 1e6 / median(verify);
  const double sign_rate = 1e6 / median(sign);
  const bool good =
      median(webhook_over) <= kWebhookBarUs && median(native_over) <= kOrderBarUs && median(jsapi_over) <= kOrderBarUs;
  std::printf("openssl speed rsa2048: sign %.1f us (%.0f/s), verify %.1f us (%.0f/s); decrypt %.1f us\n", median(sign),
              sign_rate, median(verify), verify_rate, median(decrypt));
  std::printf(
      "webhook            %7.1f us CPU, %.0f/s a core = %.2f of verify, %.1f of sign; over verify + decrypt: "
      "%.1f us (bar %lld)\n",
      median(webhook), per_core, per_core / verify_rate, per_core / sign_rate, median(webhook_over),
      static_cast<long long>(kWebhookBarUs));
  std::printf("order, native      %7.1f us CPU; over 1 signature:  %.1f us (bar %lld)\n", median(native),
              median(native_over), static_cast<long long>(kOrderBarUs));
  std::printf("order, jsapi       %7.1f us CPU; over 2 signatures: %.1f us (bar %lld)\n", median(jsapi),
              median(jsapi_over), static_cast<long long>(kOrderBarUs));
  const ordered_json out = {{"bench", "wechatpay"},
                            {"rounds", kRounds},
                            {"openssl_sign_us", median(sign)},
                            {"openssl_verify_us", median(verify)},
                            {"decrypt_us", median(decrypt)},
                            {"webhook_cpu_us", median(webhook)},
                            {"webhooks_per_core_second", per_core},
                            {"webhooks_to_verify_rate", per_core / verify_rate},
                            {"webhook_over_us", median(webhook_over)},
                            {"order_native_over_us", median(native_over)},
                            {"order_jsapi_over_us", median(jsapi_over)},
                            {"ok", good}};
  std::cout << out.dump() << std::endl;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace purser

int main() {
  try {
    return purser::bench();
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << "\n";
    return 1;
  }
}
