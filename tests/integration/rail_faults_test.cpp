// What a rail can do wrong, done to the real binary by its sandbox, one test a fault of the matrix.
#include "tests/integration/rail_faults.hpp"

namespace purser::test {
namespace {

// --- creating ------------------------------------------------------------------------------------

TEST_F(RailFaults, Fault17ManyAtOnceUnderOneKeyAreOneIntent) {
  std::vector<std::thread> clients;
  std::vector<int> statuses(20);
  for (std::size_t i = 0; i < statuses.size(); ++i)
    clients.emplace_back([&, i] {
      statuses[i] =
          customer_->post("/v1/threads/" + customer_->thread() + "/turns", {{"text", kTea}}, "one-key-for-all").status;
    });
  for (auto& client : clients) client.join();
  for (const int status : statuses) EXPECT_TRUE(status == 200 || status == 409) << status;
  EXPECT_EQ(rail_orders(), 1u);
}

TEST_F(RailFaults, Fault18AnotherBodyUnderTheSameKeyIsRefused) {
  const std::string turns = "/v1/threads/" + customer_->thread() + "/turns";
  EXPECT_EQ(customer_->post(turns, {{"text", kTea}}, "k").status, 200);
  EXPECT_EQ(customer_->post(turns, {{"text", "Two Longjing teas, please."}}, "k").status, 422);
  EXPECT_EQ(rail_orders(), 1u);
}

class NothingDone : public RailFaults, public ::testing::WithParamInterface<const char*> {};
TEST_P(NothingDone, Fault20TheSameNumberIsSentAgain) {
  fault({{"call", "create"}, {"what", GetParam()}});
  const Json row = order();
  ASSERT_TRUE(becomes(row, "awaiting_payment")) << intent(row["id"]).dump(2);
  EXPECT_EQ(rail_orders(), 1u);
  const auto creates = calls_of("create");
  for (const Json& call : creates) EXPECT_EQ(call["body"], creates[0]["body"]);
  pay(row);
  EXPECT_TRUE(becomes(row, "succeeded"));
}
INSTANTIATE_TEST_SUITE_P(All, NothingDone,
                         ::testing::Values("timeout_before", "reset", "http_500", "http_502", "http_429"));

class DoneButNotSaid : public RailFaults, public ::testing::WithParamInterface<const char*> {};
TEST_P(DoneButNotSaid, Fault21And22TheOrderIsAdopted) {
  fault({{"call", "create"}, {"what", GetParam()}, {"times", 3}});
  const Json row = order();
  ASSERT_TRUE(becomes(row, "awaiting_payment")) << intent(row["id"]).dump(2);
  EXPECT_EQ(rail_orders(), 1u);
  pay(row);
  EXPECT_TRUE(becomes(row, "succeeded"));
}
INSTANTIATE_TEST_SUITE_P(All, DoneButNotSaid,
                         ::testing::Values("timeout_after", "reset_after", "http_500_after", "malformed", "unsigned",
                                           "bad_signature", "signtest", "stale_timestamp", "tampered"));

TEST_F(RailFaults, Fault23APaymentThatIsToldBeforeTheOrderIsAnswered) {
  fault({{"call", "create"}, {"what", "delay"}, {"delay", "500ms"}});
  std::thread buyer([&] { order(); });
  Json rail;
  ASSERT_TRUE(eventually([&] {
    rail = read("orders")["orders"];
    return rail.size() == 1;
  }));
  control("pay", {{"out_trade_no", rail[0]["out_trade_no"]}});
  buyer.join();
  ASSERT_EQ(intents_.size(), 1u);
  EXPECT_TRUE(becomes({{"id", *intents_.begin()}}, "succeeded"));
  EXPECT_EQ(moved("capture"), intent(*intents_.begin())["amount"]["value"]);
}

TEST_F(RailFaults, Fault24ANumberThatIsPaidAlreadyIsReconciled) {
  control("faults", Json::array({{{"call", "create"}, {"what", "timeout_after"}, {"times", 3}},
                                 {{"call", "webhook"}, {"what", "lost"}}}));
  const Json row = order();
  control("pay", {{"out_trade_no", row["order"]["out_trade_no"]}});
  EXPECT_TRUE(becomes(row, "succeeded"));
  EXPECT_EQ(rail_orders(), 1u);
}

// --- being told ----------------------------------------------------------------------------------

TEST_F(RailFaults, Fault27And34AWebhookThatComesAgainChangesNothing) {
  const Json row = order();
  control("faults", Json::array({{{"call", "webhook"}, {"what", "ack_lost"}, {"times", 3}}}));
  pay(row);
  EXPECT_TRUE(becomes(row, "succeeded"));
  // Time jumps only while no attempt is under way: a jump ends its time limit too.
  const auto answered = [&](std::size_t count) {
    return eventually([&] {
      const Json made = attempts();
      return made.size() >= count && made.back()["result"] != "";
    });
  };
  ASSERT_TRUE(answered(1));
  for (std::size_t i = 0; i < 3; ++i) {
    advance("31s");
    ASSERT_TRUE(answered(i + 2)) << attempts().dump(2);
  }
  for (const Json& attempt : attempts()) EXPECT_EQ(attempt["result"], "200");
  EXPECT_EQ(replies_to("payment_receipt"), 1u);
}

TEST_F(RailFaults, Fault28TwoAtOnceAreOnePosting) {
  const Json row = order();
  fault({{"call", "webhook"}, {"what", "duplicate"}});
  pay(row);
  EXPECT_TRUE(becomes(row, "succeeded"));
  EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  EXPECT_EQ(replies_to("payment_receipt"), 1u);
}

TEST_F(RailFaults, Fault30ThePaymentsWebhookComesLast) {
  const Json row = order();
  fault({{"call", "webhook"}, {"what", "delay"}, {"delay", "120s"}});
  pay(row);
  ASSERT_TRUE(becomes(row, "succeeded"));  // found by asking
  EXPECT_EQ(customer_->must_say(kBack)["refunds"].size(), 1u);
  advance("3s");
  EXPECT_FALSE(customer_->reply_to("refund.succeeded").is_null());
  advance("120s");  // now it comes
  EXPECT_EQ(first_result(), "200");
  EXPECT_EQ(intent(row["id"])["state"], "succeeded");
  EXPECT_EQ(replies_to("payment_receipt"), 1u);
}

struct Forged {
  const char* what;
  const char* status;
};
class ForgedWebhook : public RailFaults, public ::testing::WithParamInterface<Forged> {};
TEST_P(ForgedWebhook, Fault31To33And35RefusedAndTheGenuineOneWorks) {
  const Json row = order();
  fault({{"call", "webhook"}, {"what", GetParam().what}});
  pay(row);
  EXPECT_EQ(first_result(), GetParam().status);
  EXPECT_EQ(intent(row["id"])["state"], "awaiting_payment");
  advance("16s");
  EXPECT_TRUE(becomes(row, "succeeded", "1s", 3));
}
INSTANTIATE_TEST_SUITE_P(All, ForgedWebhook,
                         ::testing::Values(Forged{"unsigned", "401"}, Forged{"bad_signature", "401"},
                                           Forged{"tampered", "401"}, Forged{"unknown_serial", "401"},
                                           Forged{"signtest", "401"}, Forged{"stale_timestamp", "401"},
                                           Forged{"bad_ciphertext", "500"}),
                         [](const auto& test) { return std::string(test.param.what); });

class WrongFacts : public RailFaults, public ::testing::WithParamInterface<const char*> {};
TEST_P(WrongFacts, Fault36TheRailsAnswerDecidesNotTheSignedFactsThatDiffer) {
  const Json row = order();
  control("faults",
          Json::array({{{"call", "webhook"}, {"what", GetParam()}}, {{"call", "query"}, {"what", GetParam()}}}));
  pay(row);
  EXPECT_TRUE(eventually([&] { return intent(row["id"])["state"] == "conflicted"; })) << intent(row["id"]).dump(2);
  EXPECT_EQ(replies_to("payment_receipt"), 0u);
  EXPECT_EQ(customer_->must_say(kBack)["refunds"].size(), 0u);
}
TEST_P(WrongFacts, Fault36ANotificationAloneThatDiffersIsAskedAbout) {
  const Json row = order();
  fault({{"call", "webhook"}, {"what", GetParam()}});
  pay(row);
  EXPECT_TRUE(eventually([&] { return intent(row["id"])["state"] == "succeeded"; })) << intent(row["id"]).dump(2);
  EXPECT_EQ(intent(row["id"])["amount"], row["amount"]);
  EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  EXPECT_EQ(replies_to("payment_receipt"), 1u);
}
INSTANTIATE_TEST_SUITE_P(All, WrongFacts,
                         ::testing::Values("wrong_amount", "wrong_currency", "wrong_mchid", "wrong_appid"));

TEST_F(RailFaults, Fault37AWebhookAboutAnUnknownNumberTouchesNothing) {
  const Json row = order();
  fault({{"call", "webhook"}, {"what", "wrong_order"}});
  pay(row);
  EXPECT_EQ(first_result(), "200");
  EXPECT_EQ(intent(row["id"])["state"], "awaiting_payment");
  EXPECT_TRUE(becomes(row, "succeeded"));  // by asking
}

TEST_F(RailFaults, Fault38AWebhookThatNeverComesIsFoundByAsking) {
  const Json row = order();
  fault({{"call", "webhook"}, {"what", "lost"}});
  pay(row);
  EXPECT_TRUE(becomes(row, "succeeded"));
  EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  EXPECT_EQ(replies_to("payment_receipt"), 1u);
}

TEST_F(RailFaults, Fault37ARefundMadeByHandAtTheRailIsInTheBooks) {
  const Json row = paid_order("Two packs of Longjing tea, please.");
  const auto total = row["amount"]["value"].get<std::int64_t>();
  control("refund", {{"out_trade_no", row["order"]["out_trade_no"]}, {"fen", total / 2}});
  advance("3s");
  EXPECT_FALSE(customer_->reply_to("refund.succeeded").is_null());
  EXPECT_EQ(moved("refund"), total / 2);
  EXPECT_EQ(intent(row["id"])["refunded"], total / 2);
  EXPECT_TRUE(calls_of("refund").empty());
}

// --- too late ------------------------------------------------------------------------------------

TEST_F(RailFaults, Fault39APaymentAfterTheCancelIsGivenBackOnce) {
  const Json row = order();
  fault({{"call", "close"}, {"what", "timeout_before"}, {"times", 3}});
  EXPECT_EQ(customer_->post("/v1/intents/" + row["id"].get<std::string>() + "/cancel", Json::object(), "c1").status,
            200);
  pay(row);
  EXPECT_TRUE(eventually([&] {
    advance("3s");
    return moved("refund") == row["amount"]["value"];
  }));
  EXPECT_EQ(intent(row["id"])["state"], "canceled");
  EXPECT_EQ(calls_of("refund").size(), 1u);
}

TEST_F(RailFaults, Fault40ExpiryAndWebhookInOneMoment) {
  const Json row = order();
  fault({{"call", "webhook"}, {"what", "delay"}, {"delay", "299s"}});
  pay(row);
  advance("300s");
  EXPECT_TRUE(becomes(row, "succeeded", "1s"));  // paid in time, told late
  EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  EXPECT_EQ(heard("intent.succeeded"), 1u);
}

TEST_F(RailFaults, Fault41OfTwoPaymentsForOneWishOneIsGivenBack) {
  const Json first = order();
  fault({{"call", "close"}, {"what", "timeout_before"}, {"times", 2}});
  advance("300s");
  EXPECT_TRUE(becomes(first, "expired", "1s"));
  EXPECT_FALSE(customer_->reply_to("intent.expired").is_null());
  const Json second = order("Please renew it.");
  pay(first);   // the old code, still open at the rail
  pay(second);  // and the new one
  EXPECT_TRUE(becomes(second, "succeeded", "1s"));
  EXPECT_TRUE(eventually([&] {
    advance("3s");
    const auto back = moved("refund");
    return moved("capture") - back == second["amount"]["value"];
  })) << read("orders").dump(2);
  EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  EXPECT_EQ(replies_to("payment_receipt"), 1u);
}

// The first order is paid in time, but neither its webhook nor an answer about it comes before the second is made.
class PaidAndRenewed : public RailFaults {
 protected:
  void silence(const Json& row) {
    const std::string number = row["order"]["out_trade_no"];
    Json script = Json::array();
    for (const char* call : {"query", "close"})
      script.push_back({{"call", call}, {"what", "timeout_before"}, {"times", 1000}, {"out_trade_no", number}});
    script.push_back({{"call", "webhook"}, {"what", "lost"}, {"times", 1}, {"out_trade_no", number}});
    control("faults", script);
  }
  Json renew(const Json& row) {
    const std::string path = "/v1/intents/" + row["id"].get<std::string>() + "/renew";
    Json made;
    EXPECT_TRUE(eventually([&] {
      const auto answer = customer_->post(path, Json::object(), "renew-" + std::to_string(++tries_));
      made = answer.json();
      return answer.status == 200 || answer.status == 201;
    })) << made.dump(2);
    intents_.insert(made["id"].get<std::string>());
    return made;
  }
  int tries_ = 0;
};

TEST_F(PaidAndRenewed, Fault41TheOldPaymentIsKeptAndTheNewOrderEnds) {
  const Json first = order();
  silence(first);
  pay(first);
  advance("300s");
  ASSERT_TRUE(becomes(first, "expired", "1s"));
  const Json second = renew(first);
  control("faults", Json::array());  // now the rail answers: it was paid in time
  EXPECT_TRUE(becomes(first, "succeeded"));
  EXPECT_TRUE(becomes(second, "canceled", "1s"));
  EXPECT_TRUE(eventually([&] {
    advance("5s");
    const Json at_the_rail = read("orders");
    for (const Json& order : at_the_rail["orders"])
      if (order["out_trade_no"] == second["order"]["out_trade_no"]) return order["trade_state"] == "CLOSED";
    return false;
  }));
  EXPECT_EQ(moved("refund"), 0);
}

TEST_F(PaidAndRenewed, Fault41WithBothPaidTheOldPaymentGoesBack) {
  const Json first = order();
  silence(first);
  pay(first);
  advance("300s");
  ASSERT_TRUE(becomes(first, "expired", "1s"));
  const Json second = renew(first);
  pay(second);
  ASSERT_TRUE(becomes(second, "succeeded", "1s"));
  control("faults", Json::array());
  EXPECT_TRUE(eventually([&] {
    advance("5s");
    return moved("refund") == first["amount"]["value"];
  }));
  EXPECT_EQ(intent(first["id"])["state"], "expired");
  EXPECT_EQ(moved("capture"), 2 * first["amount"]["value"].get<std::int64_t>());
}

// A screen in the shop: thirty seconds, then a code that is drawn anew.
class InStore : public PaidAndRenewed {
 protected:
  void SetUp() override {
    PaidAndRenewed::SetUp();
    customer_.emplace(serve_.port(), serve_.key(), "shop");
    ASSERT_TRUE(customer_->open_thread(Json::object({{"pay_with", "in_store"}})));
  }
};

TEST_F(InStore, TheCodeLivesThirtySecondsAndIsRenewedInOneStep) {
  const Json first = order();
  const Json shown = intent(first["id"]);
  EXPECT_EQ(shown["confirmation"]["type"], "qr");
  advance("29s");
  EXPECT_EQ(intent(first["id"])["state"], "awaiting_payment");
  advance("1s");
  ASSERT_TRUE(becomes(first, "expired", "1s"));
  EXPECT_FALSE(customer_->reply_to("intent.expired").is_null());  // the order is closed at the rail
  EXPECT_EQ(pay(first).contains("error"), true);
  const Json second = renew(first);
  EXPECT_NE(second["order"]["out_trade_no"], first["order"]["out_trade_no"]);
  EXPECT_NE(intent(second["id"])["confirmation"]["code_url"], shown["confirmation"]["code_url"]);
  pay(second);
  EXPECT_TRUE(becomes(second, "succeeded", "1s"));
}

TEST_F(InStore, APaymentAfterTheThirtySecondsGoesBackOnce) {
  const Json row = order();
  silence(row);
  advance("30s");
  ASSERT_TRUE(becomes(row, "expired", "1s"));
  advance("2s");  // the rail tells whole seconds
  pay(row);       // it takes an order for at least a minute, and was not told to close
  control("faults", Json::array());
  EXPECT_TRUE(eventually([&] {
    advance("5s");
    return moved("refund") == row["amount"]["value"];
  }));
  EXPECT_EQ(intent(row["id"])["state"], "expired");
}

// --- giving back ---------------------------------------------------------------------------------

class RefundFault : public RailFaults, public ::testing::WithParamInterface<const char*> {};
TEST_P(RefundFault, Fault45OneRefundWhateverTheRailSays) {
  const Json row = paid_order();
  fault({{"call", "refund"}, {"what", GetParam()}, {"times", 3}});
  EXPECT_EQ(customer_->must_say(kBack)["refunds"].size(), 1u);
  EXPECT_TRUE(eventually([&] {
    advance("20s");
    return intent(row["id"])["refunded"] == row["amount"]["value"];
  })) << intent(row["id"]).dump(2);
  const auto refunds = calls_of("refund");
  for (const Json& call : refunds) EXPECT_EQ(call["body"], refunds[0]["body"]);  // one number
  EXPECT_EQ(moved("refund"), row["amount"]["value"]);
}
INSTANTIATE_TEST_SUITE_P(All, RefundFault,
                         ::testing::Values("timeout_before", "timeout_after", "reset_after", "http_500",
                                           "http_500_after", "http_429", "unsigned", "not_enough"));

TEST_F(RailFaults, Fault47NoRefundOfWhatMayNotBePaid) {
  fault({{"call", "create"}, {"what", "timeout_after"}, {"times", 3}});
  order();
  EXPECT_EQ(customer_->must_say(kBack)["refunds"].size(), 0u);
  EXPECT_TRUE(calls_of("refund").empty());
}

class BadEnd : public RailFaults, public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};
TEST_P(BadEnd, Fault48ARefundThatEndsBadlyIsNotReportedAsDone) {
  const Json row = paid_order();
  fault({{"call", "refund"}, {"what", GetParam().first}});
  const Json made = customer_->must_say(kBack)["refunds"];
  ASSERT_EQ(made.size(), 1u);
  advance("3s");
  const std::string path = "/v1/refunds/" + made[0]["id"].get<std::string>();
  EXPECT_TRUE(eventually([&] { return customer_->get(path).json()["state"] == GetParam().second; }))
      << customer_->get(path).body;
  EXPECT_EQ(intent(row["id"])["refunded"], 0);
  EXPECT_EQ(heard("refund.succeeded"), 0u);
}
INSTANTIATE_TEST_SUITE_P(All, BadEnd,
                         ::testing::Values(std::pair("abnormal", "abnormal"), std::pair("closed", "failed")),
                         [](const auto& test) { return std::string(test.param.first); });

TEST_F(RailFaults, Fault48AnAbnormalRefundIsSentToAnotherAccount) {
  const Json row = paid_order();
  fault({{"call", "refund"}, {"what", "abnormal"}});
  const Json made = customer_->must_say(kBack)["refunds"];
  ASSERT_EQ(made.size(), 1u);
  advance("3s");
  const std::string path = "/v1/refunds/" + made[0]["id"].get<std::string>();
  ASSERT_TRUE(eventually([&] { return customer_->get(path).json()["state"] == "abnormal"; }));
  const Json account{{"bank_type", "ICBC_DEBIT"}, {"bank_account", "6212345678901234567"}, {"real_name", "张三丰"}};
  const PlainReply mended = customer_->post(path + "/mend", account, "mend-1");
  EXPECT_EQ(mended.status, 200) << mended.body;
  EXPECT_TRUE(eventually([&] {
    advance("2s");
    return customer_->get(path).json()["state"] == "succeeded";
  })) << customer_->get(path).body;
  EXPECT_EQ(moved("refund"), row["amount"]["value"]);
  // The rail got the account sealed, and the log did not get it at all.
  EXPECT_EQ(read("traffic").dump().find("6212345678901234567"), std::string::npos);
  EXPECT_EQ(serve_.child().errors().find("6212345678901234567"), std::string::npos);
}

TEST_F(RailFaults, Fault49TwoRefundsOfOneOrderWaitTheRailsMinute) {
  const Json row = two_packs_one_given_back();
  const Json second = customer_->must_say(kOtherBack);
  ASSERT_EQ(second["refunds"].size(), 1u) << second.dump(2);
  EXPECT_EQ(second["refunds"][0]["state"], "created");  // queued
  EXPECT_EQ(calls_of("refund").size(), 1u);
  advance("61s");
  EXPECT_TRUE(eventually([&] {
    advance("2s");
    return intent(row["id"])["refunded"] == row["amount"]["value"];
  }));
}

TEST_F(RailFaults, Fault49NoRefundAfterAYear) {
  paid_order();
  advance("8761h");
  const Json turn = customer_->must_say(kBack);
  EXPECT_EQ(turn["refunds"].size(), 0u) << turn.dump(2);
  EXPECT_TRUE(calls_of("refund").empty());
}

class CountedRefunds : public RailFaults {
 protected:
  CountedRefunds() : RailFaults({"refund.count_max=1"}) {}
};
TEST_F(CountedRefunds, Fault49NoMoreRefundsOfOneOrderThanAllowed) {
  two_packs_one_given_back();
  const Json second = customer_->must_say(kOtherBack);
  EXPECT_EQ(second["refunds"].size(), 0u) << second.dump(2);
  advance("61s");
  EXPECT_EQ(calls_of("refund").size(), 1u);
}

TEST_F(RailFaults, Fault50ARefundToldTwiceAndOutOfOrderIsOnePosting) {
  const Json row = paid_order();
  control("faults", Json::array({{{"call", "webhook"}, {"what", "ack_lost"}, {"times", 2}}}));
  EXPECT_EQ(customer_->must_say(kBack)["refunds"].size(), 1u);
  advance("3s");
  EXPECT_FALSE(customer_->reply_to("refund.succeeded").is_null());
  for (int i = 0; i < 3; ++i) advance("31s");
  EXPECT_TRUE(eventually([&] { return attempts().size() >= 2; }));
  EXPECT_EQ(intent(row["id"])["refunded"], row["amount"]["value"]);
  EXPECT_EQ(heard("refund.succeeded"), 1u);
}

}  // namespace
}  // namespace purser::test
