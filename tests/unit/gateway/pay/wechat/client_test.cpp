// What the client does beyond one call: keys that come and go, addresses, what it hands out again, bills, refunds that
// went wrong.
#include "gateway/pay/wechat/answers.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/unit/gateway/pay/wechat/direct_rail.hpp"

#include <latch>

namespace purser::wechat {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// --- kinds of orders ----------------------------------------------------------------------------

class Client : public DirectRail {};

TEST_F(Client, AnAppOrderSignsTheBarePrepayId) {
  use(TradeKind::app);
  place();
  const auto with = confirmation();
  ASSERT_TRUE(with.ok());
  EXPECT_EQ(with->package, "Sign=WXPay");
  EXPECT_EQ(with->partner_id, credentials().mchid);
  EXPECT_EQ(with->prepay_id, intent_.order.prepay_id);
  const auto text = with->app_id + "\n" + with->time_stamp + "\n" + with->nonce_str + "\n" + with->prepay_id + "\n";
  EXPECT_TRUE(credentials().merchant_certificate.key().verify(text, with->pay_sign).ok());
}

TEST_F(Client, AnH5OrderGivesALinkThatIsRenewedBeforeItsFiveMinutesAreOver) {
  use(TradeKind::h5);
  place();
  const auto first = confirmation();
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->code_url.starts_with("https://"));
  EXPECT_EQ(calls_of("create"), 1u);
  ASSERT_TRUE(loop_.advance(minutes(4)));
  const auto second = confirmation();
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->code_url, first->code_url);
  EXPECT_EQ(calls_of("create"), 2u);
  EXPECT_EQ(rail_.orders(now()).size(), 1u);
}

TEST_F(Client, TheIntentIsAttachedAndComesBackWithThePayment) {
  pay_order();
  const auto hook = rail_.take_deliveries(now()).at(0);
  const auto notification = channel_->read_notification({hook.headers, hook.body});
  ASSERT_TRUE(notification.ok());
  EXPECT_EQ(json::parse(notification->plain)["attach"], intent_.id.str());
  EXPECT_EQ(rail_.orders(now()).begin()->second.attach(), intent_.id.str());
}

// --- keys that change ---------------------------------------------------------------------------

TEST_F(Client, AnotherKeyUnderTheOldSerialIsNotTakenUp) {
  WechatSettings settings;
  settings.mchid = credentials().mchid;
  settings.appid = credentials().appid;
  settings.merchant_serial = credentials().merchant_certificate.serial();
  settings.merchant_key_pem = credentials().merchant_key.private_pem().value();
  settings.apiv3_key = credentials().apiv3_key;
  const test::TempFolder folder;
  settings.platform_certificate_file = folder.write("platform.pem", credentials().platform_certificate.pem());
  EXPECT_TRUE(channel_->reload(settings).ok());
  settings.merchant_key_pem = crypto::PrivateKey::generate(2048, 3)->private_pem().value();
  const auto refused = channel_->reload(settings);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().param, "wechat.merchant_key_pem");
  place();  // signed with the old one
  settings.merchant_serial = std::string(40, 'A');
  EXPECT_TRUE(channel_->reload(settings).ok());
}

// --- what is handed out -------------------------------------------------------------------------

TEST_F(Client, AskingAgainWithinTwoMinutesGivesTheSameCardWithoutACall) {
  use(TradeKind::mini_program);
  place();
  const auto first = confirmation();
  ASSERT_TRUE(loop_.advance(seconds(119)));
  const auto same = confirmation();
  EXPECT_EQ(same->pay_sign, first->pay_sign);
  EXPECT_EQ(same->nonce_str, first->nonce_str);
  ASSERT_TRUE(loop_.advance(seconds(1)));
  EXPECT_NE(confirmation()->nonce_str, first->nonce_str);
  EXPECT_EQ(rail_.traffic().size(), 1u);  // the order alone
}

TEST_F(Client, Fault25APrepayIdThatRanOutIsIssuedAnewForTheSameOrder) {
  intent_.expires_at = loop_.clock.durable() + hours(24);
  use(TradeKind::mini_program);
  place();
  const auto first = confirmation();
  ASSERT_TRUE(loop_.advance(hours(2)));
  const auto second = confirmation();
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_NE(second->package, first->package);
  EXPECT_EQ(rail_.orders(now()).size(), 1u);
  pay();  // the rail takes a payment by it
  EXPECT_EQ(query().facts->state, TradeState::paid);
}

TEST_F(Client, Fault25AfterARestartTheRowsAgeCounts) {
  intent_.expires_at = loop_.clock.durable() + hours(24);
  use(TradeKind::mini_program);
  place();
  const std::string old = "prepay_id=" + intent_.order.prepay_id;
  WechatSettings settings;
  settings.mchid = credentials().mchid;
  settings.appid = credentials().appid;
  channel_ = WechatChannel::make(settings, keys(Known::both), {client_, loop_.clock, pool_, mint_},
                                 "http://127.0.0.1:8080", true)
                 .value();
  EXPECT_EQ(confirmation()->package, old);
  ASSERT_TRUE(loop_.advance(hours(2)));
  EXPECT_NE(confirmation()->package, old);
}

// --- keys ---------------------------------------------------------------------------------------

class NoCertificateYet : public DirectRail {
 protected:
  NoCertificateYet() : DirectRail(Known::public_key) {}
};

TEST_F(NoCertificateYet, Fault44AnUnknownSerialIsFetchedOnceAndTheAnswerCounts) {
  fault("create", "other_key");
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_EQ(calls_of("certificates"), 1u);
  EXPECT_EQ(calls_of("create"), 1u);
}

TEST_F(NoCertificateYet, Fault44ManyAtOnceAreOneQuestion) {
  place();
  script(json::array({json{{"call", "query"}, {"what", "other_key"}, {"times", 20}},
                      json{{"call", "certificates"}, {"what", "delay"}, {"delay", "1s"}}}));
  std::vector<test::Started<QueryReply>> running;
  for (int i = 0; i < 20; ++i) running.push_back(loop_.start(channel_->query_order(kOrder, deadline())));
  ASSERT_TRUE(loop_.advance(seconds(2)));
  for (auto& each : running) {
    ASSERT_TRUE(each.done());
    EXPECT_EQ(each.get().outcome, Outcome::succeeded);
  }
  EXPECT_EQ(calls_of("certificates"), 1u);
}

TEST_F(NoCertificateYet, Fault44StrangersCannotMakeUsPoll) {
  place();
  for (int i = 0; i < 5; ++i) {
    fault("query", "unknown_serial");
    EXPECT_EQ(query().outcome, Outcome::unknown);
  }
  EXPECT_EQ(calls_of("certificates"), 1u);
  ASSERT_TRUE(loop_.advance(seconds(61)));
  fault("query", "unknown_serial");
  EXPECT_EQ(query().outcome, Outcome::unknown);
  EXPECT_EQ(calls_of("certificates"), 2u);
}

TEST_F(NoCertificateYet, Fault44AWebhookInTheNewKeyIsReadAfterTheRefresh) {
  pay_order();
  script(json::array({json{{"call", "webhook"}, {"what", "other_key"}}}));
  const auto hook = rail_.take_deliveries(now()).at(0);
  const RawNotification raw{hook.headers, hook.body};
  EXPECT_EQ(channel_->read_notification(raw).code(), Errc::unknown_serial);
  EXPECT_TRUE(loop_.play(channel_->refresh_keys(deadline())));
  EXPECT_TRUE(channel_->read_notification(raw).ok());
}

// The rail gives up on a callback after five seconds, however long the call waits that asked for the list first.
TEST_F(NoCertificateYet, WhoJoinsAnotherFetchWaitsNoLongerThanHeMay) {
  script(json::array({json{{"call", "certificates"}, {"what", "timeout_before"}, {"times", 9}}}));
  auto patient = loop_.start(channel_->refresh_keys(Deadline::after(loop_.clock, seconds(30))));
  loop_.settle();
  auto callback = loop_.start(channel_->refresh_keys(Deadline::after(loop_.clock, seconds(2))));
  ASSERT_TRUE(loop_.advance(seconds(1)));
  EXPECT_FALSE(callback.done());
  ASSERT_TRUE(loop_.advance(seconds(1)));
  ASSERT_TRUE(callback.done());
  EXPECT_FALSE(callback.get());
  EXPECT_FALSE(patient.done());
  ASSERT_TRUE(loop_.advance(seconds(60)));
  EXPECT_TRUE(patient.done());
}

TEST_F(NoCertificateYet, AListThatIsTamperedWithAddsNothing) {
  script(json::array({json{{"call", "certificates"}, {"what", "tampered"}, {"times", 9}}}));
  EXPECT_FALSE(loop_.play(channel_->refresh_keys(deadline())));
  EXPECT_EQ(channel_->verifier().keys().size(), 1u);
}

TEST_F(Client, EndsOfCertificatesAreShownAndWarnedOf) {
  Metrics metrics;
  (void)loop_.play(channel_->refresh_keys(deadline()));
  auto running = loop_.start(channel_->run(metrics));
  ASSERT_TRUE(loop_.advance(seconds(1)));
  const auto line =
      "purser_rail_certificate_days_left{serial=\"" + credentials().platform_certificate.serial() + "\"} 182";
  EXPECT_NE(metrics.text().find(line), std::string::npos) << metrics.text();
  running.cancel();
  loop_.settle();
}

// --- addresses ----------------------------------------------------------------------------------

class TwoAddresses : public DirectRail {
 protected:
  static WechatSettings settings() {
    WechatSettings out;
    out.base_url = "https://rail.example";
    out.backup_url = "https://backup.example";
    return out;
  }
  TwoAddresses() : DirectRail(Known::both, settings()) {}
};

TEST_F(TwoAddresses, Fault26TheBackupTakesOverWithTheSameNumber) {
  client_.down = {"rail.example"};
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_EQ(client_.hosts, (std::vector<std::string>{"rail.example", "backup.example"}));
  EXPECT_EQ(query().facts->state, TradeState::not_paid);  // stays where it works
  EXPECT_EQ(client_.hosts.back(), "backup.example");
  EXPECT_EQ(rail_.orders(now()).count(kOrder.str()), 1u);
  client_.down = {"backup.example"};
  EXPECT_EQ(query().outcome, Outcome::succeeded);
  EXPECT_EQ(client_.hosts.back(), "rail.example");
}

TEST_F(TwoAddresses, AStatusIsTheRailsWordAndNoReasonToGoElsewhere) {
  fault("create", "http_503", 3);
  EXPECT_EQ(create().outcome, Outcome::unknown);
  for (const auto& host : client_.hosts) EXPECT_EQ(host, "rail.example");
}

// --- refunds that went wrong ---------------------------------------------------------------------

TEST_F(Client, AnEmptyAccountIsPendingUntilItIsToppedUp) {
  pay_order();
  fault("refund", "not_enough");
  const auto waits = pay_back(300);
  EXPECT_EQ(waits.outcome, Outcome::pending);
  EXPECT_TRUE(waits.short_funds);
  EXPECT_TRUE(query_refund().not_known);
  EXPECT_EQ(pay_back(300).outcome, Outcome::pending);  // the same number again
  EXPECT_EQ(rail_.refunds().size(), 1u);
}

TEST_F(Client, Fault48AnAbnormalRefundIsSentToACard) {
  pay_order();
  fault("refund", "abnormal");
  EXPECT_EQ(pay_back(300).outcome, Outcome::pending);
  ASSERT_TRUE(loop_.advance(seconds(2)));
  rail_.settle(now());
  const auto stuck = query_refund();
  ASSERT_EQ(stuck.facts->event, RefundEvent::rail_abnormal);
  Refund row = refund(300);
  row.rail_refund_id = stuck.facts->rail_refund_id;
  const RefundAccount card{true, "ICBC_DEBIT", "6212345678901234567", "张三"};
  const auto mended = loop_.play(channel_->mend_refund(row, card, deadline()));
  EXPECT_EQ(mended.outcome, Outcome::pending) << mended.says.code << mended.says.message;
  ASSERT_TRUE(loop_.advance(seconds(2)));
  rail_.settle(now());
  EXPECT_EQ(query_refund().outcome, Outcome::succeeded);
  std::int64_t back = 0;
  for (const auto& effect : rail_.effects()) back += effect.kind == sandbox::Effect::Kind::refund ? effect.fen : 0;
  EXPECT_EQ(back, 300);
  for (const auto& line : lines_) EXPECT_EQ(line.find("6212345678901234567"), std::string::npos);
}

TEST_F(Client, ACertificateSealsWhereThereIsNoPublicKey) {
  Keys known = keys(Known::both);
  known.platform.remove(credentials().public_key_id);
  known.wanted_serial.clear();
  const auto& certificate = credentials().platform_certificate;
  known.ends[certificate.serial()] = certificate.not_after();
  WechatSettings settings;
  settings.mchid = credentials().mchid;
  settings.appid = credentials().appid;
  channel_ = WechatChannel::make(settings, std::move(known), {client_, loop_.clock, pool_, mint_},
                                 "http://127.0.0.1:8080", true)
                 .value();
  pay_order();
  fault("refund", "abnormal");
  EXPECT_EQ(pay_back(300).outcome, Outcome::pending);
  ASSERT_TRUE(loop_.advance(seconds(2)));
  rail_.settle(now());
  Refund row = refund(300);
  row.rail_refund_id = query_refund().facts->rail_refund_id;
  const RefundAccount account{true, "ICBC_DEBIT", "6212345678901234567", "张三"};
  const auto mended = loop_.play(channel_->mend_refund(row, account, deadline()));
  EXPECT_EQ(mended.outcome, Outcome::pending) << mended.says.code << mended.says.message;
}

TEST_F(Client, TheSandboxTakesARefundWithGoodsAndAnAccount) {
  WechatSettings settings;
  settings.mchid = credentials().mchid;
  settings.appid = credentials().appid;
  settings.goods_detail = true;
  settings.refund_funds_account = "AVAILABLE";
  channel_ = WechatChannel::make(settings, keys(Known::both), {client_, loop_.clock, pool_, mint_},
                                 "http://127.0.0.1:8080", true)
                 .value();
  intent_.lines = {{Sku::trusted("TEA"), "龙井茶", 1, Money(1299, Currency::cny())}};
  use(TradeKind::qr);
  pay_order();
  EXPECT_EQ(pay_back(1299).outcome, Outcome::pending);
  EXPECT_NE(rail_.traffic().back().body.find("goods_detail"), std::string::npos);
}

TEST_F(Client, AnOrderIsFoundByTheRailsOwnNumberToo) {
  pay_order();
  const std::string number = query().facts->transaction_id;
  const auto found = loop_.play(channel_->query_transaction(number, deadline()));
  ASSERT_EQ(found.outcome, Outcome::succeeded);
  EXPECT_EQ(found.facts->out_trade_no, kOrder);
  EXPECT_EQ(loop_.play(channel_->query_transaction("4200000000000000000000000000", deadline())).outcome,
            Outcome::declined);
}

// --- bills ----------------------------------------------------------------------------------------

TEST_F(Client, BillsAreFetchedCheckedAndBalance) {
  pay_order();
  EXPECT_EQ(pay_back(300).outcome, Outcome::pending);
  ASSERT_TRUE(loop_.advance(hours(24)));
  rail_.settle(now());
  const auto bill = loop_.play(channel_->trade_bill("2026-01-05", deadline()));
  ASSERT_TRUE(bill.ok()) << bill.error().message;
  EXPECT_EQ(bill->captured, 1299);
  EXPECT_EQ(bill->refunded, 300);
  ASSERT_EQ(bill->lines.size(), 2u);
  EXPECT_EQ(bill->lines[0].out_trade_no, kOrder.str());
  EXPECT_EQ(bill->lines[1].reference, kRefund.str());
  const auto flow = loop_.play(channel_->flow_bill("2026-01-05", deadline()));
  ASSERT_TRUE(flow.ok()) << flow.error().message;
  EXPECT_EQ(flow->in, 1299 + 2);
  EXPECT_EQ(flow->out, 300 + 8);
  EXPECT_EQ(flow->lines.back().balance.minor(), 1301 - 308);
  EXPECT_EQ(loop_.play(channel_->trade_bill("2026-01-04", deadline())).code(), Errc::rail_not_found);
}

TEST_F(Client, ABillFileThatIsNotTheOneWhoseDigestWasSignedIsNone) {
  pay_order();
  ASSERT_TRUE(loop_.advance(hours(24)));
  fault("bill_file", "tampered");
  EXPECT_FALSE(loop_.play(channel_->trade_bill("2026-01-05", deadline())).ok());
  fault("bill", "unsigned");
  EXPECT_EQ(loop_.play(channel_->trade_bill("2026-01-05", deadline())).code(), Errc::rail_unknown);
}

// --- signing ------------------------------------------------------------------------------------

// Time goes on by a step whenever somebody asks.
class RunningClock final : public Clock {
 public:
  time_point now() const override { return now_ += step; }
  UtcTime wall() const override { return from_millis(1'767'607'200'000); }
  UtcTime durable() const override { return wall(); }
  Task<Result<void>> sleep_until(time_point) override { co_return Errc::canceled; }

  Millis step{10};

 private:
  mutable time_point now_{std::chrono::hours(24)};
};

TEST_F(Client, ALoopSignsAloneUntilHalfOfItsTimeGoesThere) {
  RunningClock clock;
  asio::thread_pool pool(1);
  std::latch busy(1);
  asio::post(pool, [&busy] { busy.wait(); });
  RailClient rail({}, {credentials().mchid, credentials().appid}, keys(Known::both), {client_, clock, pool, mint_}, {});

  const auto signs_here = [&](Millis step) {
    clock.step = step;
    auto signing = loop_.start(rail.sign("text"));
    loop_.ioc.restart();
    loop_.ioc.poll();
    return signing.done();
  };
  const auto burst = std::chrono::duration_cast<Millis>(kSigningBurst);
  EXPECT_TRUE(signs_here(burst + Millis(1)));
  EXPECT_FALSE(signs_here(Millis(0)));  // a millisecond beyond the burst: it waits for the pool
  EXPECT_TRUE(signs_here(Millis(1)));
  busy.count_down();
  pool.join();
  loop_.ioc.poll();
}

// --- limits and diagnostics ------------------------------------------------------------------------

TEST_F(Client, AfterARailThatAsksForQuietTheNextCallWaits) {
  place();
  fault("query", "http_429");
  const auto start = loop_.clock.now();
  EXPECT_EQ(query().outcome, Outcome::succeeded);
  EXPECT_GE(loop_.clock.now() - start, seconds(1));
}

TEST_F(Client, ARefusedSignatureSaysWhichLineDiffersAndNoSecret) {
  const std::string text = "POST\n/v3/x\n1767607200\nnonce\n{\"a\":1}\n";
  const auto told = [](std::string seen, std::int64_t length) {
    return json{{"code", "SIGN_ERROR"},
                {"detail", {{"sign_information", {{"sign_message_length", length}, {"truncated_sign_message", seen}}}}}}
        .dump();
  };
  const auto size = static_cast<std::int64_t>(text.size());
  EXPECT_EQ(signature_difference(told("POST\n/v3/y\n1767607200\nnonce\n{\"a\n", size), text), "url");
  EXPECT_EQ(signature_difference(told("POST\n/v3/x\n1767607201\nnonce\n{\"a\n", size), text), "timestamp");
  EXPECT_EQ(signature_difference(told("POST\n/v3/x\n1767607200\nnonce\n{\"a\n", size + 1), text), "body");
  EXPECT_TRUE(signature_difference(told("POST\n/v3/x\n1767607200\nnonce\n{\"a\n", size), text).starts_with("none"));
  EXPECT_EQ(signature_difference("{}", text), "");
  EXPECT_EQ(signature_difference("not JSON", text), "");
}

}  // namespace
}  // namespace purser::wechat
