#include "tests/unit/gateway/sandbox/merchant.hpp"

namespace purser::sandbox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class WebhooksTest : public RailTest {
 protected:
  void pay(const std::string& number = "order-001") {
    ASSERT_EQ(create(jsapi_order(number)).response.status, 200);
    ASSERT_TRUE(rail.pay(number, "", now).ok());
  }
  // The one delivery that is due, under this script.
  Delivery one_with_fault(json fault) {
    fault["call"] = "webhook";
    script(json::array({std::move(fault)}));
    pay();
    auto due = rail.take_deliveries(now);
    EXPECT_EQ(due.size(), 1U);
    return due.empty() ? Delivery() : due.front();
  }
  Delivery one_with_fault(const char* what) { return one_with_fault(json{{"what", what}}); }
  static Result<void> verified(const Delivery& delivery) {
    return verify_signed(test_credentials(), delivery.headers, delivery.body);
  }
};

TEST_F(WebhooksTest, a_payment_is_told_at_once_signed_and_encrypted) {
  pay();
  auto due = rail.take_deliveries(now);
  ASSERT_EQ(due.size(), 1U);
  const auto& delivery = due[0];
  EXPECT_EQ(delivery.url, "http://127.0.0.1:8080/webhooks/wechat/default");
  EXPECT_EQ(value_of(delivery.headers, "User-Agent"), "Mozilla/4.0");
  EXPECT_EQ(value_of(delivery.headers, "Content-Type"), "application/json");
  EXPECT_EQ(value_of(delivery.headers, "Wechatpay-Serial"), test_credentials().public_key_id);
  EXPECT_TRUE(verified(delivery).ok());
  auto envelope = json::parse(delivery.body);
  EXPECT_EQ(envelope["id"].get<std::string>().size(), 36U);
  EXPECT_EQ(envelope["event_type"], "TRANSACTION.SUCCESS");
  EXPECT_EQ(envelope["resource_type"], "encrypt-resource");
  EXPECT_EQ(envelope["summary"], "支付成功");
  EXPECT_EQ(envelope["create_time"], "2026-01-05T18:00:00+08:00");
  EXPECT_EQ(envelope["resource"]["algorithm"], "AEAD_AES_256_GCM");
  EXPECT_EQ(envelope["resource"]["original_type"], "transaction");
  EXPECT_EQ(envelope["resource"]["nonce"].get<std::string>().size(), 12U);
  EXPECT_EQ(open_resource(delivery.body), body_of(query("order-001")));
}

TEST_F(WebhooksTest, a_delivered_callback_is_not_sent_again) {
  for (const std::string good : {"200", "204"}) {
    pay("order-" + good);
    EXPECT_EQ(deliver_all(good).size(), 1U);
    advance(hours(48));
    EXPECT_TRUE(rail.take_deliveries(now).empty());
    EXPECT_EQ(rail.notices().back().state, NoticeState::delivered);
  }
}

TEST_F(WebhooksTest, a_clock_moved_by_a_day_plays_the_whole_ladder) {
  pay();
  advance(hours(25));
  int attempts = 0;
  while (attempts <= 20 && deliver_all("500").size() == 1) attempts += 1;
  EXPECT_EQ(attempts, 16);
  EXPECT_EQ(rail.notices().back().state, NoticeState::given_up);
}

TEST_F(WebhooksTest, the_ladder_has_fifteen_retries_and_ends_24_hours_and_4_minutes_after_the_first) {
  const std::vector<Millis> since_first{seconds(15),
                                        seconds(30),
                                        minutes(1),
                                        minutes(4),
                                        minutes(14),
                                        minutes(34),
                                        minutes(64),
                                        minutes(94),
                                        minutes(124),
                                        minutes(184),
                                        hours(6) + minutes(4),
                                        hours(9) + minutes(4),
                                        hours(12) + minutes(4),
                                        hours(18) + minutes(4),
                                        hours(24) + minutes(4)};
  pay();
  const auto first = now.life;
  EXPECT_EQ(deliver_all("500").size(), 1U);
  for (auto offset : since_first) {
    auto due = rail.next_due();
    ASSERT_TRUE(due.has_value());
    EXPECT_EQ(*due - first, offset);
    advance(*due - now.life - Millis(1));
    EXPECT_TRUE(rail.take_deliveries(now).empty()) << "a millisecond early";
    advance(Millis(1));
    EXPECT_EQ(deliver_all("500").size(), 1U);
  }
  EXPECT_FALSE(rail.next_due().has_value());
  EXPECT_EQ(rail.notices().back().state, NoticeState::given_up);
  EXPECT_EQ(rail.notices().back().attempts.size(), 16U);
}

TEST_F(WebhooksTest, a_wait_counts_from_the_failure) {
  pay();
  auto due = rail.take_deliveries(now);
  EXPECT_FALSE(rail.next_due().has_value()) << "while it is under way nothing is due";
  advance(seconds(5));
  rail.report(due.front(), "timed_out", now);
  EXPECT_EQ(*rail.next_due(), now.life + seconds(15));
}

TEST_F(WebhooksTest, only_200_and_204_are_success) {
  for (const std::string bad : {"201", "202", "302", "401", "500", "timed_out", "connect_failed"}) {
    pay("order-" + bad);
    deliver_all(bad);
    EXPECT_EQ(rail.notices().back().state, NoticeState::waiting) << bad;
    rail.reset();
  }
}

TEST_F(WebhooksTest, each_attempt_has_a_new_timestamp_nonce_and_signature_and_the_same_id) {
  pay();
  auto first = deliver_all("500").at(0);
  advance(seconds(15));
  auto second = deliver_all("200").at(0);
  for (auto name : {"Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature"})
    EXPECT_NE(value_of(first.headers, name), value_of(second.headers, name)) << name;
  EXPECT_EQ(value_of(second.headers, "Wechatpay-Timestamp"), std::to_string(to_seconds(now.wall)));
  EXPECT_TRUE(verified(second).ok());
  EXPECT_EQ(json::parse(first.body)["id"], json::parse(second.body)["id"]);
  EXPECT_EQ(open_resource(first.body), open_resource(second.body));
}

TEST_F(WebhooksTest, a_final_refund_is_told_in_the_callbacks_own_words) {
  paid_order("order-001");
  refund(refund_of("order-001", "refund-1", 300));
  EXPECT_TRUE(rail.take_deliveries(now).empty()) << "PROCESSING is told to nobody";
  EXPECT_EQ(*rail.next_due(), now.life + seconds(1));
  advance(seconds(1));
  auto due = deliver_all("200");
  ASSERT_EQ(due.size(), 1U);
  auto envelope = json::parse(due[0].body);
  EXPECT_EQ(envelope["event_type"], "REFUND.SUCCESS");
  EXPECT_EQ(envelope["summary"], "退款成功");
  EXPECT_EQ(envelope["resource"]["original_type"], "refund");
  auto plain = open_resource(due[0].body);
  EXPECT_EQ(plain["refund_status"], "SUCCESS");
  EXPECT_FALSE(plain.contains("status"));
  EXPECT_EQ(plain["success_time"], "2026-01-05T18:00:01+08:00");
  auto amount = json{{"total", 1'299}, {"refund", 300}, {"payer_total", 1'299}, {"payer_refund", 300}};
  EXPECT_EQ(plain["amount"], amount) << "no currency";
}

TEST_F(WebhooksTest, bad_ends_of_refunds_have_their_own_events) {
  paid_order("order-001");
  script(
      json::array({{{"call", "refund"}, {"what", "abnormal"}}, {{"call", "refund"}, {"what", "closed"}, {"nth", 2}}}));
  refund(refund_of("order-001", "refund-1", 300));
  advance(minutes(1));
  auto abnormal = deliver_all("200");
  refund(refund_of("order-001", "refund-2", 300));
  advance(minutes(1));
  auto closed = deliver_all("200");
  EXPECT_EQ(json::parse(abnormal.at(0).body)["event_type"], "REFUND.ABNORMAL");
  EXPECT_FALSE(open_resource(abnormal[0].body).contains("success_time"));
  EXPECT_EQ(json::parse(closed.at(0).body)["event_type"], "REFUND.CLOSED");
}

TEST_F(WebhooksTest, a_refund_without_a_notify_url_is_told_to_nobody) {
  paid_order("order-001");
  auto silent = refund_of("order-001", "refund-1", 300);
  silent.erase("notify_url");
  refund(silent);
  advance(seconds(1));
  EXPECT_TRUE(rail.take_deliveries(now).empty());
  EXPECT_EQ(rail.effects().size(), 2U);
}

TEST_F(WebhooksTest, no_callback_for_a_close_or_an_expiry) {
  create(jsapi_order("order-001"));
  create(jsapi_order("order-002"));
  close("order-001");
  advance(hours(24 * 8));
  EXPECT_TRUE(rail.take_deliveries(now).empty());
}

TEST_F(WebhooksTest, a_dropped_attempt_is_retried_by_the_ladder) {
  script(json::array({{{"call", "webhook"}, {"what", "drop"}, {"times", 2}}}));
  pay();
  EXPECT_TRUE(rail.take_deliveries(now).empty());
  advance(seconds(15));
  EXPECT_TRUE(rail.take_deliveries(now).empty());
  advance(seconds(15));
  EXPECT_EQ(deliver_all("200").size(), 1U);
  EXPECT_EQ(rail.notices().back().attempts.size(), 3U);
}

TEST_F(WebhooksTest, a_lost_callback_never_comes) {
  script(json::array({{{"call", "webhook"}, {"what", "lost"}}}));
  pay();
  EXPECT_TRUE(rail.take_deliveries(now).empty());
  EXPECT_FALSE(rail.next_due().has_value());
  EXPECT_EQ(body_of(query("order-001"))["trade_state"], "SUCCESS");
}

TEST_F(WebhooksTest, a_duplicate_is_two_sendings_with_one_id) {
  script(json::array({{{"call", "webhook"}, {"what", "duplicate"}}}));
  pay();
  auto due = rail.take_deliveries(now);
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(json::parse(due[0].body)["id"], json::parse(due[1].body)["id"]);
  EXPECT_NE(value_of(due[0].headers, "Wechatpay-Nonce"), value_of(due[1].headers, "Wechatpay-Nonce"));
  EXPECT_TRUE(verified(due[1]).ok());
  rail.report(due[1], "500", now);
  rail.report(due[0], "200", now);
  EXPECT_EQ(rail.notices().back().state, NoticeState::delivered);
}

TEST_F(WebhooksTest, a_delay_puts_the_attempt_off_and_costs_no_step_of_the_ladder) {
  script(json::array({{{"call", "webhook"}, {"what", "delay"}, {"delay", "90s"}}}));
  pay();
  EXPECT_TRUE(rail.take_deliveries(now).empty());
  advance(seconds(90));
  EXPECT_EQ(deliver_all("500").size(), 1U);
  EXPECT_EQ(*rail.next_due(), now.life + seconds(15));
}

TEST_F(WebhooksTest, a_lost_acknowledgement_is_sent_again) {
  auto delivery = one_with_fault("ack_lost");
  rail.report(delivery, "200", now);
  advance(seconds(15));
  auto again = deliver_all("200");
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(json::parse(again[0].body)["id"], json::parse(delivery.body)["id"]);
}

TEST_F(WebhooksTest, spoilt_signatures) {
  EXPECT_EQ(verified(one_with_fault("bad_signature")).code(), Errc::signature_invalid);
  rail.reset();
  EXPECT_EQ(verified(one_with_fault("signtest")).code(), Errc::signature_probe);
  rail.reset();
  EXPECT_EQ(verified(one_with_fault("tampered")).code(), Errc::signature_invalid);
  rail.reset();
  EXPECT_EQ(verified(one_with_fault("unknown_serial")).code(), Errc::unknown_serial);
  rail.reset();
  EXPECT_EQ(value_of(one_with_fault("unsigned").headers, "Wechatpay-Signature"), "");
}

TEST_F(WebhooksTest, a_stale_callback_verifies) {
  auto delivery = one_with_fault("stale_timestamp");
  EXPECT_TRUE(verified(delivery).ok());
  EXPECT_EQ(value_of(delivery.headers, "Wechatpay-Timestamp"), std::to_string(to_seconds(now.wall) - 301));
}

TEST_F(WebhooksTest, wrong_facts_are_signed_and_sealed_rightly_for_one_attempt) {
  struct Case {
    const char* what;
    const char* where;
  };
  for (auto [what, where] :
       {Case{"wrong_amount", "/amount/total"}, Case{"wrong_currency", "/amount/currency"},
        Case{"wrong_mchid", "/mchid"}, Case{"wrong_appid", "/appid"}, Case{"wrong_order", "/out_trade_no"}}) {
    auto delivery = one_with_fault(what);
    EXPECT_TRUE(verified(delivery).ok()) << what;
    auto at = json::json_pointer(where);
    auto truth = body_of(query("order-001"));
    auto told = open_resource(delivery.body);
    EXPECT_NE(told[at], truth[at]) << what;
    told[at] = truth[at];
    EXPECT_EQ(told, truth) << what;
    rail.report(delivery, "400", now);
    advance(seconds(15));
    EXPECT_EQ(open_resource(deliver_all("200").at(0).body), truth) << what;
    rail.reset();
  }
}

TEST_F(WebhooksTest, a_bad_ciphertext_verifies_and_does_not_open) {
  auto delivery = one_with_fault("bad_ciphertext");
  EXPECT_TRUE(verified(delivery).ok());
  EXPECT_TRUE(open_resource(delivery.body).is_null());
}

TEST_F(WebhooksTest, the_other_key_signs_rightly) {
  auto delivery = one_with_fault("other_key");
  EXPECT_EQ(value_of(delivery.headers, "Wechatpay-Serial"), test_credentials().platform_certificate.serial());
  EXPECT_TRUE(verified(delivery).ok());
}

TEST_F(WebhooksTest, callbacks_come_in_the_key_that_was_asked_for) {
  auto asked = unsigned_request("POST", "/v3/pay/transactions/jsapi", jsapi_order("order-001").dump());
  std::erase_if(asked.headers, [](const auto& header) { return header.first == "Wechatpay-Serial"; });
  asked.headers.emplace_back("Authorization", authorization(authorization_items(asked)));
  ASSERT_EQ(rail.handle(asked, now).response.status, 200);
  ASSERT_TRUE(rail.pay("order-001", "", now).ok());
  auto delivery = deliver_all("200").at(0);
  EXPECT_EQ(value_of(delivery.headers, "Wechatpay-Serial"), test_credentials().platform_certificate.serial());
  EXPECT_TRUE(verified(delivery).ok());
}

TEST_F(WebhooksTest, a_report_after_a_reset_is_nobodys) {
  pay();
  auto due = rail.take_deliveries(now);
  rail.reset();
  rail.report(due.front(), "200", now);
  EXPECT_TRUE(rail.notices().empty());
}

class MigrationTest : public RailTest {
 protected:
  MigrationTest() : RailTest(alternating()) {}
  static SandboxSettings alternating() {
    SandboxSettings settings;
    settings.callback_key = CallbackKey::alternate;
    return settings;
  }
};

TEST_F(MigrationTest, both_kinds_of_keys_sign_callbacks_mixed) {
  std::map<std::string, int> seen;
  for (auto number : {"order-001", "order-002", "order-003", "order-004"}) {
    create(jsapi_order(number));
    ASSERT_TRUE(rail.pay(number, "", now).ok());
    auto delivery = deliver_all("200").at(0);
    EXPECT_TRUE(verify_signed(test_credentials(), delivery.headers, delivery.body).ok());
    ++seen[value_of(delivery.headers, "Wechatpay-Serial")];
  }
  EXPECT_EQ(seen[test_credentials().public_key_id], 2);
  EXPECT_EQ(seen[test_credentials().platform_certificate.serial()], 2);
}

}  // namespace
}  // namespace purser::sandbox
