// A refund whose money did not arrive, sent to another account through the doors.
#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace purser::test {
namespace {

using nlohmann::json;

const std::string kAccount = "6212345678901234567";
const std::string kHolder = "张三丰";

class AbnormalRefund : public testing::Test {
 protected:
  // Two cups, 4.00, paid and given back, which the payer's bank refused.
  void SetUp() override {
    thread = desk.thread();
    const PaymentIntent bought = desk.buy(thread);
    desk.pay(bought);
    desk.work_off();
    RefundReply reply = stuck(bought);
    desk.channel.refunds.push_back(std::move(reply));
    desk.model.push(
        asks("refund", R"({"refunds":[{"payment_intent":")" + bought.id.str() + R"(","all":true,"reason":"cold"}]})"));
    desk.model.push(says("It is on its way."));
    const auto turn = desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund all, please"})", "back");
    id = body_of(turn)["refunds"][0]["id"];
    path = "/v1/refunds/" + id + "/mend";
  }
  static RefundReply stuck(const PaymentIntent& bought) {
    RefundFacts facts;
    facts.out_trade_no = bought.order.out_trade_no;
    facts.rail_refund_id = "50300000";
    facts.event = RefundEvent::rail_abnormal;
    facts.refund = bought.amount;
    RefundReply reply;
    reply.outcome = Outcome::pending;
    reply.facts = std::move(facts);
    return reply;
  }
  static std::string to_account(const std::string& number = kAccount) {
    return json{{"bank_type", "ICBC_DEBIT"}, {"bank_account", number}, {"real_name", kHolder}}.dump();
  }
  std::string state() { return body_of(desk.get("/v1/refunds/" + id))["state"]; }
  std::vector<std::string> accounts() const {
    std::vector<std::string> out;
    for (const RailCall& call : desk.channel.calls)
      if (call.method == "mend_refund") out.push_back(call.body);
    return out;
  }
  bool stored_anywhere(const std::string& text) const {
    for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
      std::ifstream in(file.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }

  TempFolder folder;
  Desk desk{folder.path()};
  std::string thread, id, path;
};

TEST_F(AbnormalRefund, goes_to_an_account_once_for_each_key) {
  ASSERT_EQ(state(), "abnormal");
  const auto done = desk.post(path, to_account(), "m1");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(body_of(done)["state"], "processing");
  EXPECT_EQ(desk.post(path, to_account(), "m1").body, done.body);
  EXPECT_EQ(accounts(), std::vector<std::string>{kAccount});
}

TEST_F(AbnormalRefund, the_account_reaches_the_rail_and_nothing_else) {
  ASSERT_EQ(desk.post(path, to_account(), "u1").status, 200);
  EXPECT_EQ(accounts(), std::vector<std::string>{kAccount});
  EXPECT_TRUE(stored_anywhere(id));
  EXPECT_FALSE(stored_anywhere(kAccount));
  EXPECT_FALSE(stored_anywhere(kHolder));
}

TEST_F(AbnormalRefund, only_an_abnormal_one_is_sent_again) {
  ASSERT_EQ(desk.post(path, to_account(), "m1").status, 200);
  EXPECT_EQ(code_of(desk.post(path, to_account(), "m2")), "refund_not_allowed");
  EXPECT_EQ(accounts().size(), 1u);
}

TEST_F(AbnormalRefund, an_answer_that_says_nothing_changes_nothing) {
  for (const Outcome outcome : {Outcome::unknown, Outcome::declined}) {
    RefundReply reply;
    reply.outcome = outcome;
    desk.channel.mends.push_back(std::move(reply));
  }
  EXPECT_EQ(code_of(desk.post(path, to_account(), "m1")), "rail_unknown");
  EXPECT_EQ(code_of(desk.post(path, to_account(), "m2")), "rail_declined");
  EXPECT_EQ(state(), "abnormal");
  EXPECT_EQ(body_of(desk.post(path, to_account(), "m3"))["state"], "processing");
}

// Whether the rail took the first account is not known: a second one would be paid by luck.
TEST_F(AbnormalRefund, is_sent_to_no_other_account_until_it_is_known_where_it_went) {
  const std::string other = to_account("6222000011112222333");
  RefundReply silence;
  silence.outcome = Outcome::unknown;
  desk.channel.mends.push_back(std::move(silence));
  EXPECT_EQ(code_of(desk.post(path, to_account(), "m1")), "rail_unknown");
  EXPECT_EQ(code_of(desk.post(path, other, "m1")), "refund_not_allowed");
  EXPECT_EQ(code_of(desk.post(path, other, "m2")), "refund_not_allowed");
  EXPECT_EQ(accounts(), std::vector<std::string>{kAccount});
  RefundReply no;
  no.outcome = Outcome::declined;
  desk.channel.mends.push_back(std::move(no));
  EXPECT_EQ(code_of(desk.post(path, to_account(), "m3")), "rail_declined");
  EXPECT_EQ(body_of(desk.post(path, other, "m4"))["state"], "processing");
  EXPECT_EQ(accounts().back(), "6222000011112222333");
}

TEST_F(AbnormalRefund, is_nobody_elses) {
  auto foreign = request("POST", path, to_account(), "m1");
  set_header(foreign, "Authorization", "Bearer " + std::string(kTheirKey));
  EXPECT_EQ(desk.send(std::move(foreign)).status, 404);
  EXPECT_TRUE(accounts().empty());
}

TEST_F(AbnormalRefund, an_account_is_whole_or_refused_by_name) {
  const std::pair<json, std::string> bad[] = {
      {json::object(), "/bank_type"},
      {{{"bank_type", "ICBC DEBIT"}}, "/bank_type"},
      {{{"bank_type", "ICBC_DEBIT_12345X"}}, "/bank_type"},
      {{{"bank_type", "ICBC_DEBIT"}, {"bank_account", "6212 3456 7890"}}, "/bank_account"},
      {{{"bank_type", "ICBC_DEBIT"}, {"bank_account", "12345"}}, "/bank_account"},
      {{{"bank_type", "ICBC_DEBIT"}, {"bank_account", std::string(35, '1')}}, "/bank_account"},
      {{{"bank_type", "ICBC_DEBIT"}, {"bank_account", kAccount}}, "/real_name"},
      {{{"bank_type", "I"}, {"bank_account", kAccount}, {"real_name", std::string(191, 'x')}}, "/real_name"},
      {{{"bank_type", "I"}, {"bank_account", kAccount}, {"real_name", "a\nb"}}, "/real_name"},
      {{{"bank_type", "I"}, {"bank_account", kAccount}, {"real_name", "a\u202eb"}}, "/real_name"},
      {{{"to", "merchant"}}, "/to"},
  };
  int n = 0;
  for (const auto& [body, param] : bad) {
    const auto refused = desk.post(path, body.dump(), "b" + std::to_string(++n));
    EXPECT_EQ(refused.status, 400) << body.dump() << refused.body;
    EXPECT_EQ(body_of(refused)["error"]["param"], param) << body.dump();
  }
  EXPECT_EQ(desk.send(request("POST", path, to_account())).status, 400);  // no key
  EXPECT_TRUE(accounts().empty());
}

// The rail wants a minute between two refunds of one order, whatever was planned.
class RefundsOfOneOrder : public testing::Test {
 protected:
  void SetUp() override {
    desk.channel.spacing = kMinute;
    desk.channel.before = [this](const RailCall& call) {
      if (call.method == "refund") sent.emplace_back(desk.loop.clock.durable(), call.number);
    };
    thread = desk.thread();
    bought = desk.buy(thread);
    desk.pay(bought);
    desk.work_off();
  }
  void refund(int fen, const std::string& key) {
    desk.model.push(asks("refund", R"({"refunds":[{"payment_intent":")" + bought.id.str() + R"(","amount_fen":)" +
                                       std::to_string(fen) + R"(,"reason":"cold"}]})"));
    desk.model.push(says("It is on its way."));
    const auto turn = desk.post("/v1/threads/" + thread + "/turns",
                                json{{"text", "refund me ¥0." + std::to_string(fen)}}.dump(), key);
    ASSERT_EQ(turn.status, 200) << turn.body;
  }
  void expect_a_minute_between() const {
    // The same number again is the same refund.
    for (std::size_t i = 1; i < sent.size(); ++i) {
      if (sent[i].second == sent[i - 1].second) continue;
      EXPECT_GE(sent[i].first - sent[i - 1].first, kMinute) << sent[i].second << " after " << sent[i - 1].second;
    }
  }
  std::size_t numbers() const {
    std::set<std::string> seen;
    for (const auto& [at, number] : sent) seen.insert(number);
    return seen.size();
  }

  static constexpr Millis kMinute{60'000};
  TempFolder folder;
  Desk desk{folder.path()};
  std::string thread;
  PaymentIntent bought;
  std::vector<std::pair<UtcTime, std::string>> sent;
};

TEST_F(RefundsOfOneOrder, KeepTheirDistanceAfterADaemonThatStoodStill) {
  refund(10, "r1");
  refund(20, "r2");
  refund(30, "r3");
  EXPECT_EQ(sent.size(), 1u);
  desk.pass(std::chrono::seconds(125));  // both are due
  EXPECT_EQ(sent.size(), 2u);
  for (int i = 0; i < 30; ++i) desk.pass(std::chrono::seconds(5));
  EXPECT_EQ(numbers(), 3u);
  expect_a_minute_between();
}

// A second late is not written down, and still counts.
TEST_F(RefundsOfOneOrder, KeepTheirDistanceFromOneThatWentOutALittleLate) {
  refund(10, "r1");
  refund(20, "r2");
  refund(30, "r3");
  for (const Millis step : {Millis(60'900), Millis(59'100), Millis(62'000), Millis(62'000)}) desk.pass(step);
  EXPECT_EQ(numbers(), 3u);
  expect_a_minute_between();
}

TEST_F(RefundsOfOneOrder, KeepTheirDistanceFromOneThatHadToBeSentAgain) {
  desk.channel.refunds.emplace_back();  // lost
  RefundReply not_known;
  not_known.outcome = Outcome::declined;
  not_known.not_known = true;
  desk.channel.refund_queries.emplace_back();  // no answer
  desk.channel.refund_queries.push_back(not_known);
  refund(10, "r1");
  refund(20, "r2");
  for (int i = 0; i < 60; ++i) desk.pass(std::chrono::seconds(5));
  EXPECT_EQ(numbers(), 2u);
  EXPECT_GE(sent.size(), 3u) << "the first was sent twice";
  expect_a_minute_between();
}

// --- made once more ---

class FailedRefund : public testing::Test {
 protected:
  // Two cups, 4.00, paid; the rail has refused to give the money back.
  void SetUp() override {
    thread = desk.thread();
    bought = desk.buy(thread);
    desk.pay(bought);
    desk.work_off();
    RefundReply no;
    no.outcome = Outcome::declined;
    no.says.code = "USER_ACCOUNT_ABNORMAL";
    desk.channel.refunds.push_back(std::move(no));
    desk.model.push(
        asks("refund", R"({"refunds":[{"payment_intent":")" + bought.id.str() + R"(","all":true,"reason":"cold"}]})"));
    desk.model.push(says("I asked for it."));
    const auto turn = desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund all, please"})", "back");
    id = body_of(turn)["refunds"][0]["id"];
    path = "/v1/refunds/" + id + "/again";
  }
  PaymentIntent intent() { return desk.loop.run(desk.store->intent(bought.id)).value(); }

  TempFolder folder;
  Desk desk{folder.path()};
  std::string thread, id, path;
  PaymentIntent bought;
};

TEST_F(FailedRefund, is_made_again_once_under_another_number) {
  ASSERT_EQ(body_of(desk.get("/v1/refunds/" + id))["state"], "failed");
  const auto first = desk.post(path, "", "a1");
  ASSERT_EQ(first.status, 200) << first.body;
  const json made = body_of(first);
  EXPECT_NE(made["id"], id);
  EXPECT_NE(made["out_refund_no"], body_of(desk.get("/v1/refunds/" + id))["out_refund_no"]);
  EXPECT_EQ(body_of(desk.post(path, "", "a2"))["id"], made["id"]);
  EXPECT_EQ(intent().refund_reserved.minor(), 400);
  EXPECT_EQ(code_of(desk.post("/v1/refunds/" + made["id"].get<std::string>() + "/again", "", "a3")),
            "refund_not_allowed");
}

TEST_F(FailedRefund, takes_no_more_than_is_left) {
  const std::string other = R"({"refunds":[{"payment_intent":")" + bought.id.str() + R"(","all":true,"reason":"x"}]})";
  desk.model.push(asks("refund", other));
  desk.model.push(says("Once more."));
  (void)desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund all, please"})", "back-2");
  EXPECT_EQ(code_of(desk.post(path, "", "a1")), "refund_exceeds_remaining");
}

}  // namespace
}  // namespace purser::test
