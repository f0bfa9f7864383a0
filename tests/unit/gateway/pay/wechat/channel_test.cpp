#include "gateway/pay/wechat/channel.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "tests/support/fake_http_client.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/rail_signer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <regex>
#include <set>

namespace purser::wechat {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using test::RailSigner;

const OutTradeNo kOrder = OutTradeNo::trusted("A1b2C3d4E5f6G7h8I9j0K1l2M3n4");
const OutRefundNo kRefund = OutRefundNo::trusted("R1b2C3d4E5f6G7h8I9j0K1l2M3n4");
constexpr std::string_view kCodeUrl = R"({"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuK"})";

class ChannelTest : public ::testing::Test {
 protected:
  ChannelTest() {
    WechatSettings settings;
    settings.mchid = RailSigner::kMchid;
    settings.appid = RailSigner::kAppid;
    channel_ = WechatChannel::make(settings, RailSigner::keys(), {client_, loop_.clock, pool_, mint_},
                                   "https://pay.example.com", true)
                   .value();
  }
  ~ChannelTest() override { pool_.join(); }

  Deadline deadline(seconds d = seconds(30)) const { return Deadline::after(loop_.clock, d); }

  PaymentIntent intent(TradeKind kind = TradeKind::qr) const {
    PaymentIntent out;
    out.tenant = TenantId::trusted("acme");
    out.amount = Money(1299, Currency::cny());
    out.description = "Image创意套餐";
    out.expires_at = loop_.clock.durable() + seconds(300);
    out.order.kind = kind;
    out.order.out_trade_no = kOrder;
    if (kind == TradeKind::mini_program) out.order.payer_openid = "oUpF8u";
    out.order.request_body = channel_->order_body(out).value();
    return out;
  }
  Refund refund() const {
    Refund out;
    out.out_refund_no = kRefund;
    out.amount = Money(300, Currency::cny());
    out.reason = "color";
    out.request_body = channel_->refund_body(intent(), out).value();
    return out;
  }
  static json order(std::string_view state = "SUCCESS", std::string_view number = kOrder.str()) {
    json out{
        {"appid", RailSigner::kAppid}, {"mchid", RailSigner::kMchid}, {"out_trade_no", number}, {"trade_state", state}};
    if (state == "SUCCESS" || state == "REFUND") {
      out["transaction_id"] = "4200000000202601051234567890";
      out["success_time"] = "2026-01-05T18:00:00+08:00";
      out["amount"] = {{"total", 1299}, {"currency", "CNY"}};
    }
    return out;
  }
  static json refund_answer(std::string_view status = "PROCESSING", int fen = 300) {
    return json{{"refund_id", "5030"},
                {"out_refund_no", kRefund.str()},
                {"out_trade_no", kOrder.str()},
                {"status", status},
                {"amount", {{"total", 1299}, {"refund", fen}, {"currency", "CNY"}}}};
  }

  // Signed at the moment it is sent.
  void reply(int status, std::string body) {
    client_.push([this, status, body = std::move(body)](const http::Call&) -> Result<http::Reply> {
      return RailSigner::reply(status, body, loop_.clock.wall());
    });
  }
  void error(int status, std::string_view code) {
    client_.push(RailSigner::unsigned_reply(status, json{{"code", code}, {"message", "x"}}.dump()));
  }
  void forged(int status, std::string_view body) {
    client_.push(RailSigner::unsigned_reply(status, std::string(body)));
  }

  OrderReply create(TradeKind kind = TradeKind::qr, seconds limit = seconds(30)) {
    return loop_.play(channel_->create_order(intent(kind), deadline(limit)));
  }
  QueryReply query() { return loop_.play(channel_->query_order(kOrder, deadline())); }
  CloseReply close() { return loop_.play(channel_->close_order(kOrder, deadline())); }
  RefundReply pay_back() { return loop_.play(channel_->refund(refund(), deadline())); }
  RefundReply query_refund() { return loop_.play(channel_->query_refund(kRefund, deadline())); }

  const std::vector<http::Call>& calls() const { return client_.calls(); }
  std::string header(std::size_t call, std::string_view name) const {
    for (const auto& [key, value] : calls().at(call).headers) {
      if (key == name) return value;
    }
    return "";
  }
  // The item of an Authorization header.
  std::string item(std::size_t call, const std::string& name) const {
    const std::string text = header(call, "Authorization");
    std::smatch match;
    return std::regex_search(text, match, std::regex("[ ,]" + name + "=\"([^\"]*)\"")) ? match[1].str() : "";
  }

  std::vector<std::string> lines_;
  log::CaptureForTest capture_{[this](std::string line) { lines_.push_back(std::move(line)); }};
  test::Loop loop_;
  test::FakeHttpClient client_{loop_.clock};
  asio::thread_pool pool_{1};
  crypto::SystemMint mint_{Secret("secret")};
  std::unique_ptr<WechatChannel> channel_;
};

// --- what is sent -------------------------------------------------------------------------------

TEST_F(ChannelTest, SendsExactlyTheStoredBytesSigned) {
  reply(200, std::string(kCodeUrl));
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::succeeded);
  EXPECT_EQ(made.code_url, "weixin://wxpay/bizpayurl?pr=p4lpSuK");
  EXPECT_EQ(made.says.http_status, 200);
  EXPECT_EQ(made.says.request_id, "req-1-0");
  ASSERT_EQ(calls().size(), 1u);
  const http::Call& call = calls()[0];
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.target, "/v3/pay/transactions/native");
  EXPECT_EQ(call.origin.host, "api.mch.weixin.qq.com");
  EXPECT_EQ(call.body, intent().order.request_body);
  EXPECT_NE(call.body.find(R"("notify_url":"https://pay.example.com/webhooks/wechat/acme")"), std::string::npos);
  EXPECT_EQ(header(0, "Content-Type"), "application/json");
  EXPECT_EQ(header(0, "Accept"), "application/json");
  EXPECT_TRUE(header(0, "User-Agent").starts_with("purser/"));
  EXPECT_EQ(header(0, "Wechatpay-Serial"), RailSigner::kPublicKeyId);
  EXPECT_EQ(item(0, "mchid"), RailSigner::kMchid);
  EXPECT_EQ(item(0, "serial_no"), RailSigner::kMerchantSerial);
  EXPECT_EQ(item(0, "timestamp"), std::to_string(to_seconds(loop_.clock.wall())));
  EXPECT_EQ(item(0, "nonce_str").size(), 32u);
  const auto key = crypto::PublicKey::from_pem(RailSigner::merchant_key().public_pem().value()).value();
  const std::string text = "POST\n/v3/pay/transactions/native\n" + item(0, "timestamp") + "\n" + item(0, "nonce_str") +
                           "\n" + call.body + "\n";
  EXPECT_TRUE(key.verify(text, item(0, "signature")).ok());
}

TEST_F(ChannelTest, AMiniProgramOrdersByJsapi) {
  reply(200, R"({"prepay_id":"wx26112221580621e9b071c00d9e093b0000"})");
  const OrderReply made = create(TradeKind::mini_program);
  EXPECT_EQ(made.outcome, Outcome::succeeded);
  EXPECT_EQ(made.prepay_id, "wx26112221580621e9b071c00d9e093b0000");
  EXPECT_EQ(calls()[0].target, "/v3/pay/transactions/jsapi");
}

TEST_F(ChannelTest, QueriesAreSignedOverPathAndQuery) {
  reply(200, order().dump());
  EXPECT_EQ(query().outcome, Outcome::succeeded);
  EXPECT_EQ(calls()[0].method, "GET");
  EXPECT_EQ(calls()[0].target, "/v3/pay/transactions/out-trade-no/" + kOrder.str() + "?mchid=1900000001");
  EXPECT_EQ(calls()[0].body, "");
  EXPECT_EQ(header(0, "Content-Type"), "");
  const auto key = crypto::PublicKey::from_pem(RailSigner::merchant_key().public_pem().value()).value();
  EXPECT_TRUE(
      key.verify("GET\n" + calls()[0].target + "\n" + item(0, "timestamp") + "\n" + item(0, "nonce_str") + "\n\n",
                 item(0, "signature"))
          .ok());
}

// --- a success counts only when it is signed ----------------------------------------------------

TEST_F(ChannelTest, AnUnsignedSuccessIsUnknown) {
  forged(200, kCodeUrl);
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::unknown);
  EXPECT_EQ(made.code_url, "");
  EXPECT_EQ(made.says.code, "signature_invalid");
  EXPECT_EQ(made.says.request_id, "req-2-268435461");
  forged(200, order().dump());
  EXPECT_EQ(query().outcome, Outcome::unknown);
  forged(204, "");
  forged(200, order("CLOSED").dump());  // the question after it
  EXPECT_EQ(close().outcome, Outcome::unknown);
  forged(200, refund_answer("SUCCESS").dump());
  EXPECT_EQ(pay_back().outcome, Outcome::unknown);
  forged(200, refund_answer("SUCCESS").dump());
  const RefundReply asked = query_refund();
  EXPECT_EQ(asked.outcome, Outcome::unknown);
  EXPECT_FALSE(asked.facts.has_value());
  EXPECT_EQ(calls().size(), 6u);  // nothing was repeated
}

TEST_F(ChannelTest, AlteredStaleProbedAndForeignAnswersAreUnknown) {
  const auto push = [&](auto change) {
    client_.push([this, change](const http::Call&) -> Result<http::Reply> {
      http::Reply out = RailSigner::reply(200, std::string(kCodeUrl), loop_.clock.wall());
      change(out);
      return out;
    });
  };
  push([](http::Reply& r) { r.body += " "; });
  EXPECT_EQ(create().says.code, "signature_invalid");
  push([this](http::Reply& r) { r.headers = RailSigner::headers(r.body, loop_.clock.wall() - seconds(301)); });
  EXPECT_EQ(create().says.code, "timestamp_skew");
  push([](http::Reply& r) { r.headers[2].second = "WECHATPAY/SIGNTEST/" + r.headers[2].second; });
  EXPECT_EQ(create().says.code, "signature_probe");
  push([](http::Reply& r) { r.headers[3].second = "PUB_KEY_ID_9"; });
  error(404, "RESOURCE_NOT_EXISTS");  // no certificates: the account has a public key alone
  const OrderReply foreign = create();
  EXPECT_EQ(foreign.says.code, "unknown_serial");
  EXPECT_EQ(foreign.outcome, Outcome::unknown);
  EXPECT_EQ(channel_->verifier().counts().probes, 1u);
  EXPECT_EQ(channel_->verifier().counts().refused, 3u);
}

TEST_F(ChannelTest, ASignedAnswerThatMakesNoSenseIsUnknown) {
  for (const char* body : {"", "<html>", "{}", "[]", R"({"prepay_id":"x"})"}) {
    reply(200, body);
    const OrderReply made = create();
    EXPECT_EQ(made.outcome, Outcome::unknown) << body;
    EXPECT_EQ(made.says.code, "reply_malformed") << body;
  }
  reply(202, R"({"code":"ACCEPTED"})");
  EXPECT_EQ(create().outcome, Outcome::unknown);
}

TEST_F(ChannelTest, AnAnswerAboutAnotherNumberIsUnknown) {
  reply(200, order("SUCCESS", "another_order").dump());
  const QueryReply asked = query();
  EXPECT_EQ(asked.outcome, Outcome::unknown);
  EXPECT_FALSE(asked.facts.has_value());
  json other = refund_answer();
  other["out_refund_no"] = "another";
  reply(200, other.dump());
  EXPECT_EQ(query_refund().outcome, Outcome::unknown);
  reply(200, other.dump());
  EXPECT_EQ(pay_back().outcome, Outcome::unknown);
}

// --- silence and errors -------------------------------------------------------------------------

TEST_F(ChannelTest, SilenceIsUnknownAndNotRepeated) {
  client_.push_silence();
  const auto before = loop_.clock.now();
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::unknown);
  EXPECT_EQ(made.says.code, "timed_out");
  EXPECT_EQ(made.says.http_status, 0);
  EXPECT_EQ(calls().size(), 1u);
  EXPECT_EQ(loop_.clock.now() - before, seconds(8));
  client_.push(Errc::connection_lost);
  EXPECT_EQ(pay_back().outcome, Outcome::unknown);
  EXPECT_EQ(calls().size(), 2u);
}

TEST_F(ChannelTest, ADeadlineThatPassedSendsNothing) {
  const OrderReply made = create(TradeKind::qr, seconds(0));
  EXPECT_EQ(made.outcome, Outcome::unknown);
  EXPECT_EQ(made.says.code, "expired_before_start");
}

TEST_F(ChannelTest, WhatWasNotSentIsTriedAgainWithTheSameBytesAndAFreshSignature) {
  client_.push(Errc::connect_failed);
  client_.push(Errc::tls_failed);
  reply(200, std::string(kCodeUrl));
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  ASSERT_EQ(calls().size(), 3u);
  std::set<std::string> nonces, signatures;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(calls()[i].body, calls()[0].body);
    nonces.insert(item(i, "nonce_str"));
    signatures.insert(item(i, "signature"));
  }
  EXPECT_EQ(nonces.size(), 3u);
  EXPECT_EQ(signatures.size(), 3u);
}

TEST_F(ChannelTest, TriesThreeTimesAtMostAndEndsUnknown) {
  for (Errc code : {Errc::connect_failed, Errc::connect_failed, Errc::connect_failed}) client_.push(code);
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::unknown);
  EXPECT_EQ(made.says.code, "connect_failed");
  EXPECT_EQ(calls().size(), 3u);
  for (int i = 0; i < 3; ++i) error(429, "FREQUENCY_LIMITED");
  EXPECT_EQ(pay_back().outcome, Outcome::unknown);
  EXPECT_EQ(calls().size(), 6u);
}

TEST_F(ChannelTest, RepeatsWhereTheTableSaysSoAndBacksOff) {
  for (const char* code : {"SYSTEM_ERROR", "SYSTEMERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "BANKERROR"}) {
    const std::size_t before = calls().size();
    const auto start = loop_.clock.now();
    error(500, code);
    reply(200, refund_answer().dump());
    const RefundReply made = pay_back();
    EXPECT_EQ(made.outcome, Outcome::pending) << code;
    EXPECT_EQ(calls().size(), before + 2) << code;
    EXPECT_EQ(calls()[before].body, calls()[before + 1].body);
    EXPECT_NE(item(before, "nonce_str"), item(before + 1, "nonce_str"));
    EXPECT_GE(loop_.clock.now() - start, Millis(150)) << code;
  }
}

TEST_F(ChannelTest, NoAttemptBeginsAfterTheTimeLimit) {
  client_.push_after(seconds(2),
                     [](const http::Call&) -> Result<http::Reply> { return RailSigner::unsigned_reply(503, ""); });
  const auto limit = loop_.clock.now() + Millis(2'100);
  const OrderReply made = loop_.play(channel_->create_order(intent(), Deadline{limit}));
  EXPECT_EQ(made.outcome, Outcome::unknown);
  EXPECT_EQ(made.says.http_status, 503);
  EXPECT_EQ(calls().size(), 1u);
}

TEST_F(ChannelTest, EveryAttemptHasItsOwnTimeLimitWithinTheWhole) {
  for (int i = 0; i < 3; ++i) error(503, "SERVICE_UNAVAILABLE");
  const auto start = loop_.clock.now();
  (void)create();
  ASSERT_EQ(client_.deadlines().size(), 3u);
  EXPECT_EQ(client_.deadlines()[0].at, start + seconds(8));
  EXPECT_GT(client_.deadlines()[1].at, start + seconds(8));
  EXPECT_LE(client_.deadlines()[2].at, start + seconds(15));
}

// --- a no is confirmed --------------------------------------------------------------------------

TEST_F(ChannelTest, ANoStandsWhenTheRailDoesNotKnowTheNumber) {
  error(400, "PARAM_ERROR");
  error(404, "ORDER_NOT_EXIST");
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::declined);
  EXPECT_EQ(made.says.code, "PARAM_ERROR");
  EXPECT_EQ(calls()[1].method, "GET");
  error(403, "RULE_LIMIT");
  error(404, "RESOURCE_NOT_EXISTS");
  EXPECT_EQ(pay_back().outcome, Outcome::declined);
}

TEST_F(ChannelTest, ANoAloneMovesNoMoney) {
  error(400, "INVALID_REQUEST");
  client_.push_silence();
  EXPECT_EQ(pay_back().outcome, Outcome::unknown);
  error(400, "INVALID_REQUEST");
  forged(200, refund_answer("CLOSED").dump());
  EXPECT_EQ(pay_back().outcome, Outcome::unknown);
  error(400, "INVALID_REQUEST");
  reply(200, refund_answer("SUCCESS").dump());
  const RefundReply made = pay_back();  // the rail had made it all the same
  EXPECT_EQ(made.outcome, Outcome::succeeded);
  EXPECT_EQ(made.facts->event, RefundEvent::rail_succeeded);
  error(400, "INVALID_REQUEST");
  reply(200, order("SUCCESS").dump());
  const OrderReply paid = create();
  EXPECT_EQ(paid.outcome, Outcome::unknown);
  EXPECT_TRUE(paid.already_paid);
}

TEST_F(ChannelTest, ANoAfterAnAttemptThatMayHaveBeenMadeIsNone) {
  for (const char* said : {"NO_AUTH", "RULE_LIMIT", "SIGN_ERROR"}) {
    error(500, "SYSTEM_ERROR");
    error(403, said);
    error(404, "RESOURCE_NOT_EXISTS");
    EXPECT_EQ(pay_back().outcome, Outcome::unknown) << said;
  }
  // "Slow down" was not made.
  error(429, "FREQUENCY_LIMITED");
  error(403, "RULE_LIMIT");
  error(404, "RESOURCE_NOT_EXISTS");
  EXPECT_EQ(pay_back().outcome, Outcome::declined);
}

// A proxy on the way says it, or somebody who can reach the wire: it does not stop the shop for an hour.
TEST_F(ChannelTest, AnUnsignedWishForPatienceIsHeededForSecondsOnly) {
  http::Reply page = RailSigner::unsigned_reply(429, "<html>slow down</html>");
  page.headers.emplace_back("Retry-After", "3600");
  client_.push([page](const http::Call&) -> Result<http::Reply> { return page; });
  reply(200, std::string(kCodeUrl));
  const auto start = loop_.clock.now();
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_LE(loop_.clock.now() - start, seconds(6));
}

TEST_F(ChannelTest, AQuestionWhoseAnswerWasLostIsAskedAnew) {
  client_.push([](const http::Call&) -> Result<http::Reply> { return Errc::connection_lost; });
  reply(200, order("SUCCESS").dump());
  EXPECT_EQ(query().facts->state, TradeState::paid);
  ASSERT_EQ(calls().size(), 2u);
  EXPECT_NE(item(0, "nonce_str"), item(1, "nonce_str"));
  for (const http::Call& call : calls()) EXPECT_TRUE(call.once) << "its nonce is good for one";
  client_.push([](const http::Call&) -> Result<http::Reply> { return Errc::connection_lost; });
  EXPECT_EQ(pay_back().outcome, Outcome::unknown);
  EXPECT_EQ(calls().size(), 3u) << "money is asked about, not sent again";
}

TEST_F(ChannelTest, APaidOrUsedNumberIsNeverANo) {
  for (const char* code : {"ORDER_PAID", "ORDERPAID"}) {
    error(400, code);
    const OrderReply made = create();
    EXPECT_EQ(made.outcome, Outcome::unknown);
    EXPECT_TRUE(made.already_paid);
  }
  error(403, "OUT_TRADE_NO_USED");
  EXPECT_EQ(create().outcome, Outcome::unknown);
  error(403, "NOT_ENOUGH");
  EXPECT_EQ(pay_back().outcome, Outcome::pending);
  EXPECT_EQ(calls().size(), 4u);
}

TEST_F(ChannelTest, UnknownErrorsAreUnknown) {
  error(400, "SOMETHING_NEW");
  EXPECT_EQ(create().outcome, Outcome::unknown);
  forged(403, "<html>");
  EXPECT_EQ(pay_back().outcome, Outcome::unknown);
  forged(302, "");
  EXPECT_EQ(create().outcome, Outcome::unknown);
  EXPECT_EQ(calls().size(), 3u);
}

// --- queries, closing, refunds ------------------------------------------------------------------

TEST_F(ChannelTest, AQueryGivesTheFacts) {
  reply(200, order("NOTPAY").dump());
  QueryReply asked = query();
  EXPECT_EQ(asked.outcome, Outcome::succeeded);
  EXPECT_EQ(asked.facts->state, TradeState::not_paid);
  reply(200, order("SUCCESS").dump());
  asked = query();
  EXPECT_EQ(asked.facts->state, TradeState::paid);
  EXPECT_TRUE(channel_->matches(*asked.facts, intent()));
  error(404, "ORDERNOTEXIST");
  EXPECT_EQ(query().outcome, Outcome::declined);
  error(404, "SOMETHING_ELSE");
  EXPECT_EQ(query().outcome, Outcome::unknown);
}

TEST_F(ChannelTest, AClosedOrderIsSignedToo) {
  reply(204, "");
  EXPECT_EQ(close().outcome, Outcome::succeeded);
  EXPECT_EQ(calls()[0].body, R"({"mchid":"1900000001"})");
  EXPECT_TRUE(calls()[0].target.ends_with(kOrder.str() + "/close"));
}

TEST_F(ChannelTest, ClosingWhatIsPaidClosedOrUnknown) {
  error(400, "ORDER_PAID");
  CloseReply closed = close();
  EXPECT_EQ(closed.outcome, Outcome::declined);
  EXPECT_TRUE(closed.already_paid);
  error(400, "ORDER_CLOSED");
  reply(200, order("CLOSED").dump());
  EXPECT_EQ(close().outcome, Outcome::succeeded);
  error(400, "ORDER_CLOSED");  // says somebody, but the rail knows better
  reply(200, order("SUCCESS").dump());
  closed = close();
  EXPECT_EQ(closed.outcome, Outcome::declined);
  EXPECT_TRUE(closed.already_paid);
  error(404, "ORDER_NOT_EXIST");
  error(404, "ORDER_NOT_EXIST");  // the query says so too
  closed = close();
  EXPECT_EQ(closed.outcome, Outcome::declined);
  EXPECT_FALSE(closed.already_paid);
  error(404, "ORDER_NOT_EXIST");
  reply(200, order("NOTPAY").dump());
  EXPECT_EQ(close().outcome, Outcome::unknown);
  error(400, "INVALID_REQUEST");
  reply(200, order("NOTPAY").dump());
  EXPECT_EQ(close().outcome, Outcome::unknown);
  reply(202, R"({"code":"USERPAYING"})");
  error(400, "INVALID_REQUEST");
  EXPECT_EQ(close().outcome, Outcome::pending);
}

// Nobody asks after an order that has ended, but whoever closes it.
TEST_F(ChannelTest, ACloseThatFailsInAnyWayIsFollowedByTheQuestionWhetherItIsPaid) {
  for (const char* code :
       {"INVALID_REQUEST", "TRADE_ERROR", "OUT_TRADE_NO_USED", "NO_AUTH", "RULE_LIMIT", "WHATEVER"}) {
    error(400, code);
    reply(200, order("SUCCESS").dump());
    const CloseReply closed = close();
    EXPECT_EQ(closed.outcome, Outcome::declined) << code;
    EXPECT_TRUE(closed.already_paid) << code;
  }
}

TEST_F(ChannelTest, RefundStatesBecomeOutcomes) {
  const std::pair<const char*, Outcome> states[] = {{"PROCESSING", Outcome::pending},
                                                    {"SUCCESS", Outcome::succeeded},
                                                    {"ABNORMAL", Outcome::pending},
                                                    {"CLOSED", Outcome::declined},
                                                    {"TOMORROW", Outcome::unknown}};
  for (const auto& [status, outcome] : states) {
    const std::size_t before = calls().size();
    reply(200, refund_answer(status).dump());
    EXPECT_EQ(pay_back().outcome, outcome) << status;
    EXPECT_EQ(calls().size(), before + 1) << status;
    EXPECT_EQ(calls().back().body, refund().request_body);
    reply(200, refund_answer(status).dump());
    const RefundReply asked = query_refund();
    EXPECT_EQ(asked.outcome, outcome) << status;
    EXPECT_TRUE(asked.facts.has_value());
  }
  error(404, "RESOURCE_NOT_EXISTS");
  const RefundReply asked = query_refund();
  EXPECT_EQ(asked.outcome, Outcome::declined);
  EXPECT_TRUE(asked.not_known);
}

TEST_F(ChannelTest, ARefundOfAnotherAmountIsUnknown) {
  reply(200, refund_answer("SUCCESS", 301).dump());
  const RefundReply made = pay_back();
  EXPECT_EQ(made.outcome, Outcome::unknown);
  EXPECT_FALSE(made.facts.has_value());
}

TEST_F(ChannelTest, AMoneyCallOutlivesItsWaiter) {
  client_.push_after(seconds(1), [this](const http::Call&) -> Result<http::Reply> {
    return RailSigner::reply(200, std::string(kCodeUrl), loop_.clock.wall());
  });
  auto started = loop_.start(channel_->create_order(intent(), deadline()));
  ASSERT_TRUE(loop_.until([&] { return calls().size() == 1; }));
  ASSERT_TRUE(loop_.settle());
  started.cancel();
  ASSERT_TRUE(loop_.settle());
  EXPECT_FALSE(started.done());
  ASSERT_TRUE(loop_.advance(seconds(1)));
  ASSERT_TRUE(started.done());
  EXPECT_EQ(started.get().outcome, Outcome::succeeded);
}

// --- what the paying client gets ----------------------------------------------------------------

TEST_F(ChannelTest, TheMiniProgramGetsAPaySignature) {
  PaymentIntent paid = intent(TradeKind::mini_program);
  paid.order.prepay_id = "wx201410272009395522657a690389285100";
  const Confirmation first = loop_.play(channel_->confirmation(paid, deadline())).value();
  EXPECT_EQ(first.kind, TradeKind::mini_program);
  EXPECT_EQ(first.package, "prepay_id=wx201410272009395522657a690389285100");
  EXPECT_EQ(first.sign_type, "RSA");
  EXPECT_EQ(first.time_stamp, std::to_string(to_seconds(loop_.clock.wall())));
  EXPECT_EQ(first.app_id, RailSigner::kAppid);
  const auto key = crypto::PublicKey::from_pem(RailSigner::merchant_key().public_pem().value()).value();
  EXPECT_TRUE(key.verify(first.app_id + "\n" + first.time_stamp + "\n" + first.nonce_str + "\n" + first.package + "\n",
                         first.pay_sign)
                  .ok());
  ASSERT_TRUE(loop_.advance(seconds(120)));  // before that it is the same card
  const Confirmation second = loop_.play(channel_->confirmation(paid, deadline())).value();
  EXPECT_NE(first.nonce_str, second.nonce_str);
  EXPECT_NE(first.pay_sign, second.pay_sign);
}

TEST_F(ChannelTest, AQrOrderGivesItsCode) {
  PaymentIntent paid = intent();
  EXPECT_EQ(loop_.play(channel_->confirmation(paid, deadline())).code(), Errc::rail_not_found);
  paid.order.code_url = "weixin://wxpay/bizpayurl?pr=1";
  EXPECT_EQ(loop_.play(channel_->confirmation(paid, deadline()))->code_url, "weixin://wxpay/bizpayurl?pr=1");
  PaymentIntent jsapi = intent(TradeKind::mini_program);
  jsapi.order.code_url = "x";
  EXPECT_EQ(loop_.play(channel_->confirmation(jsapi, deadline())).code(), Errc::rail_not_found);
}

// --- webhooks -----------------------------------------------------------------------------------

TEST_F(ChannelTest, AWebhookIsVerifiedThenOpened) {
  const std::string body = RailSigner::envelope("TRANSACTION.SUCCESS", order().dump());
  const auto notification = channel_->read_notification(RailSigner::notification(body, loop_.clock.wall()));
  ASSERT_TRUE(notification.ok());
  EXPECT_TRUE(channel_->matches(*notification->order, intent()));
}

TEST_F(ChannelTest, AStoredResourceGivesTheSameFactsAgain) {
  const std::string body = RailSigner::envelope("TRANSACTION.SUCCESS", order().dump());
  const auto first = channel_->read_notification(RailSigner::notification(body, loop_.clock.wall())).value();
  const auto again = channel_->parse_resource(first.event_type, first.plain).value();
  EXPECT_EQ(again.event_type, "TRANSACTION.SUCCESS");
  EXPECT_EQ(again.id, "");
  EXPECT_EQ(again.plain, "");
  ASSERT_TRUE(again.order.has_value());
  EXPECT_TRUE(channel_->matches(*again.order, intent()));
  json refund = refund_answer("SUCCESS");
  refund["mchid"] = RailSigner::kMchid;
  EXPECT_EQ(channel_->parse_resource("REFUND.SUCCESS", refund.dump())->refund->event, RefundEvent::rail_succeeded);
  const auto other = channel_->parse_resource("PAYSCORE.USER_PAID", "anything").value();
  EXPECT_FALSE(other.order || other.refund);
  EXPECT_EQ(channel_->parse_resource("TRANSACTION.SUCCESS", "{}").code(), Errc::notification_malformed);
}

TEST_F(ChannelTest, NothingIsOpenedBeforeTheSignatureHolds) {
  // Neither JSON nor ciphertext: whoever looked would report something else than the signature.
  for (const std::string& body :
       {std::string("not JSON"), std::string(), RailSigner::envelope("TRANSACTION.SUCCESS", "x")}) {
    RawNotification raw = RailSigner::notification(body, loop_.clock.wall());
    raw.body += " ";
    EXPECT_EQ(channel_->read_notification(raw).code(), Errc::signature_invalid);
    raw = RailSigner::notification(body, loop_.clock.wall() - seconds(300));
    EXPECT_EQ(channel_->read_notification(raw).code(), Errc::timestamp_skew);
    raw.headers.clear();
    EXPECT_EQ(channel_->read_notification(raw).code(), Errc::signature_invalid);
  }
  const std::string body = RailSigner::envelope("TRANSACTION.SUCCESS", order().dump());
  RawNotification raw = RailSigner::notification(body, loop_.clock.wall());
  raw.headers[2].second = "WECHATPAY/SIGNTEST/" + raw.headers[2].second;
  EXPECT_EQ(channel_->read_notification(raw).code(), Errc::signature_probe);
  EXPECT_EQ(channel_->read_notification(RailSigner::notification("not JSON", loop_.clock.wall())).code(),
            Errc::notification_malformed);
}

TEST_F(ChannelTest, FactsMatchOnlyWhenAllOfThemAreOurs) {
  const auto facts = [](auto change) {
    OrderFacts out;
    out.mchid = RailSigner::kMchid;
    out.appid = RailSigner::kAppid;
    out.out_trade_no = kOrder;
    out.total = Money(1299, Currency::cny());
    change(out);
    return out;
  };
  EXPECT_TRUE(channel_->matches(facts([](OrderFacts&) {}), intent()));
  EXPECT_FALSE(channel_->matches(facts([](OrderFacts& f) { f.mchid = "1900000002"; }), intent()));
  EXPECT_FALSE(channel_->matches(facts([](OrderFacts& f) { f.appid = ""; }), intent()));
  EXPECT_TRUE(channel_->matches(facts([](OrderFacts& f) { f.attach = ""; }), intent()));
  EXPECT_FALSE(channel_->matches(facts([](OrderFacts& f) { f.attach = "pi_of_another_order"; }), intent()));
  EXPECT_FALSE(
      channel_->matches(facts([](OrderFacts& f) { f.out_trade_no = OutTradeNo::trusted("another"); }), intent()));
  EXPECT_FALSE(channel_->matches(facts([](OrderFacts& f) { f.total = Money(1300, Currency::cny()); }), intent()));
  EXPECT_FALSE(
      channel_->matches(facts([](OrderFacts& f) { f.total = Money(1299, Currency::parse("USD").value()); }), intent()));
  EXPECT_FALSE(channel_->matches(facts([](OrderFacts& f) { f.total = Money(); }), intent()));
}

// --- the rest -----------------------------------------------------------------------------------

TEST_F(ChannelTest, LogsTheRequestIdAndNoKey) {
  reply(200, std::string(kCodeUrl));
  (void)create();
  error(401, "SIGN_ERROR");
  error(401, "SIGN_ERROR");
  EXPECT_EQ(create().outcome, Outcome::declined);
  std::string all;
  for (const std::string& line : lines_) all += line + "\n";
  EXPECT_NE(all.find("request_id=req-1-0"), std::string::npos);
  EXPECT_NE(all.find("rail.signature_refused message=x signed_bytes="), std::string::npos);
  EXPECT_EQ(all.find(item(0, "signature")), std::string::npos);
  EXPECT_EQ(all.find(std::string(RailSigner::kApiv3)), std::string::npos);
}

TEST_F(ChannelTest, SaysWhatItIs) {
  EXPECT_EQ(channel_->name(), "wechat");
  EXPECT_TRUE(channel_->is_sandbox());
  EXPECT_EQ(channel_->refund_spacing(), Millis(60'000));
  WechatSettings settings;
  settings.base_url = "ftp://x";
  EXPECT_EQ(WechatChannel::make(settings, RailSigner::keys(), {client_, loop_.clock, pool_, mint_}, "", false).code(),
            Errc::config_bad_value);
}

}  // namespace
}  // namespace purser::wechat
