// Refunds above policy through the doors: asked for in a conversation, decided by a person of the tenant, made once.
#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

class ApprovalsTest : public testing::Test {
 protected:
  // Two teas, 398.00, paid, and a refund of everything asked for: more than the limits let through.
  void SetUp() override {
    thread = desk.thread();
    desk.model.push(asks("create_payment_intent", R"({"lines":[{"sku":"TEA","quantity":2}]})"));
    desk.model.push(says("Here is your order."));
    const auto turn = desk.post("/v1/threads/" + thread + "/turns", R"({"text":"two teas"})", "buy");
    intent = body_of(turn)["intents"][0]["id"];
    desk.pay(desk.intent(intent));
    desk.work_off();
    desk.model.push(
        asks("refund", R"({"refunds":[{"payment_intent":")" + intent + R"(","all":true,"reason":"cold"}]})"));
    desk.model.push(says("A person of the shop must approve this first."));
    answer = body_of(desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund all, it was cold"})", "back"));
    id = body_of(desk.get("/v1/approvals?state=pending"))["data"].at(0)["id"];
  }
  http::Response decide(const std::string& body, const std::string& key) {
    return desk.post("/v1/approvals/" + id, body, key);
  }
  std::vector<Refund> refunds() {
    return desk.loop.run(desk.store->refunds_of_thread(ThreadId::trusted(thread), 10)).value();
  }
  json approval() { return body_of(desk.get("/v1/approvals/" + id)); }

  explicit ApprovalsTest(const std::string& failpoints = {}) : desk(folder.path(), failpoints) {}

  TempFolder folder;
  Desk desk;
  std::string thread, intent, id;
  json answer;
};

TEST_F(ApprovalsTest, what_is_above_policy_waits_and_nothing_is_reserved) {
  EXPECT_TRUE(refunds().empty());
  EXPECT_TRUE(desk.intent(intent).refund_reserved.zero());
  ASSERT_EQ(answer["reply"]["cards"].size(), 1U) << answer.dump();
  EXPECT_EQ(answer["reply"]["cards"][0]["type"], "approval_request");
  const json row = approval();
  EXPECT_EQ(row["object"], "approval");
  EXPECT_EQ(row["state"], "pending");
  EXPECT_EQ(row["amount"]["value"], 39'800);
  EXPECT_EQ(row["terms"]["entries"][0]["payment_intent"], intent);
  EXPECT_EQ(row["terms"]["entries"][0]["amount"], 39'800);
}

TEST_F(ApprovalsTest, approved_is_done_once_and_exactly_so) {
  const auto done = decide(R"({"decision":"approve","note":"fine"})", "a1");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(body_of(done)["state"], "approved");
  EXPECT_EQ(body_of(done)["note"], "fine");
  desk.work_off();
  ASSERT_EQ(refunds().size(), 1U);
  EXPECT_EQ(refunds()[0].amount.minor(), 39'800);
  // The same key replays, another decision comes too late.
  EXPECT_EQ(decide(R"({"decision":"approve","note":"fine"})", "a1").body, done.body);
  EXPECT_EQ(code_of(decide(R"({"decision":"approve"})", "a2")), "approval_ended");
  EXPECT_EQ(code_of(decide(R"({"decision":"deny"})", "a3")), "approval_ended");
  desk.work_off();
  EXPECT_EQ(refunds().size(), 1U);
}

// As after a crash between the decision and its answer.
class ApprovalsAnswerLost : public ApprovalsTest {
 protected:
  ApprovalsAnswerLost() : ApprovalsTest("before:request.finished:1:fail") {}
};

TEST_F(ApprovalsAnswerLost, the_same_request_hears_what_was_decided) {
  const std::string wish = R"({"decision":"approve","note":"fine"})";
  EXPECT_EQ(decide(wish, "a1").status, 503);
  const auto again = decide(wish, "a1");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(body_of(again)["state"], "approved");
  EXPECT_EQ(code_of(decide(wish, "a2")), "approval_ended") << "another request has decided nothing";
  desk.work_off();
  EXPECT_EQ(refunds().size(), 1U);
}

TEST_F(ApprovalsAnswerLost, a_contrary_decision_under_the_same_key_is_not_taken_for_it) {
  EXPECT_EQ(decide(R"({"decision":"approve"})", "a1").status, 503);
  EXPECT_EQ(code_of(decide(R"({"decision":"deny"})", "a1")), "idempotency_conflict");
  EXPECT_EQ(approval()["state"], "approved");
}

// After a database was put back from a copy made before the decision, the rail tells of the refund first.
TEST_F(ApprovalsTest, approved_again_after_a_restore_the_decision_stands_and_nothing_is_made_again) {
  const PaymentIntent row = desk.intent(intent);
  const auto asked = desk.loop.run(desk.store->approval(ApprovalId::trusted(id))).value();
  Refund made;
  made.out_refund_no = desk.mint.out_refund_no(row.tenant, row.id, "approved:" + asked.origin + ":0");
  made.amount = row.amount;
  made.created_at = desk.loop.clock.wall();
  const RefundFacts facts = FakeChannel::facts_of(row, made, RefundEvent::rail_succeeded);
  RefundReply confirmed;
  confirmed.outcome = Outcome::succeeded;
  confirmed.facts = facts;
  desk.channel.refund_queries.push_back(confirmed);
  const auto told = FakeChannel::webhook("R1", "REFUND.SUCCESS", FakeChannel::plain_of(facts));
  http::Request door = request("POST", "/webhooks/wechat/acme", told.body);
  door.headers = told.headers;
  ASSERT_EQ(desk.send(door).status, 200);
  desk.work_off();
  ASSERT_EQ(refunds().size(), 1U);
  EXPECT_EQ(body_of(decide(R"({"decision":"approve"})", "a1"))["state"], "approved");
  EXPECT_EQ(approval()["state"], "approved");
  EXPECT_EQ(code_of(decide(R"({"decision":"deny"})", "a2")), "approval_ended");
  desk.work_off();
  EXPECT_EQ(refunds().size(), 1U);
  EXPECT_EQ(desk.channel.count("refund"), 0U);
}

// Else a person would give back what a call below the limit had given back already, or two of them the same pieces.
TEST_F(ApprovalsTest, pieces_that_wait_for_a_person_are_not_asked_for_again) {
  const auto asks_for = [&](int pieces, const std::string& reason) {
    desk.model.push(asks("refund", R"({"refunds":[{"payment_intent":")" + intent +
                                       R"(","lines":[{"sku":"TEA","quantity":)" + std::to_string(pieces) +
                                       R"(}],"reason":")" + reason + R"("}]})"));
    desk.model.push(says("Let me see."));
    return desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund the teas"})", reason).status;
  };
  const auto pending = [&] { return body_of(desk.get("/v1/approvals?state=pending"))["data"].size(); };
  ASSERT_EQ(decide(R"({"decision":"deny"})", "d").status, 200);
  desk.work_off();
  ASSERT_EQ(asks_for(2, "broken"), 200);
  ASSERT_EQ(pending(), 1U);
  EXPECT_EQ(asks_for(2, "worn"), 200);
  EXPECT_EQ(asks_for(1, "cold"), 200);
  EXPECT_EQ(pending(), 1U);
  EXPECT_TRUE(refunds().empty());
}

TEST_F(ApprovalsTest, what_waits_of_a_payment_is_not_more_than_what_is_left_of_it_nor_many) {
  const auto asks_for = [&](int fen, const std::string& reason) {
    desk.model.push(asks("refund", R"({"refunds":[{"payment_intent":")" + intent + R"(","amount_fen":)" +
                                       std::to_string(fen) + R"(,"reason":")" + reason + R"("}]})"));
    desk.model.push(says("Let me see."));
    const std::string text = "refund " + std::to_string(fen / 100) + ".00 yuan";
    (void)desk.post("/v1/threads/" + thread + "/turns", R"({"text":")" + text + R"("})", reason);
  };
  const auto pending = [&] { return body_of(desk.get("/v1/approvals?state=pending"))["data"].size(); };
  asks_for(30'000, "worn");
  EXPECT_EQ(pending(), 1U) << "all of it waits already";
  ASSERT_EQ(decide(R"({"decision":"deny"})", "d").status, 200);
  desk.work_off();
  asks_for(30'000, "broken");
  ASSERT_EQ(pending(), 1U);
  asks_for(30'000, "torn");
  asks_for(25'000, "cold");
  EXPECT_EQ(pending(), 1U) << "39800 were paid";
  // Nobody looks into the last one, and nobody is told that somebody did.
  const std::string told = desk.model.requests().back().messages.back().text;
  EXPECT_NE(told.find("\"needs_operator\""), std::string::npos) << told;
  const bool said = told.find("not passed on") != std::string::npos || told.find("没有再提交") != std::string::npos;
  EXPECT_TRUE(said) << told;
  EXPECT_NE(told.find("this was not put before a person"), std::string::npos) << told;
}

TEST_F(ApprovalsTest, one_that_is_void_is_not_answered_as_if_it_were_approved) {
  desk.model.push(
      asks("refund", R"({"refunds":[{"payment_intent":")" + intent + R"(","amount_fen":100,"reason":"a cup"}]})"));
  desk.model.push(says("Done."));
  ASSERT_EQ(desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund 1.00 yuan for a cup"})", "small").status,
            200);
  ASSERT_EQ(refunds().size(), 1U) << "a small one goes by itself";
  const auto done = decide(R"({"decision":"approve"})", "a1");
  EXPECT_EQ(done.status, 409) << done.body;
  EXPECT_EQ(body_of(done)["error"]["code"], "approval_ended");
  EXPECT_EQ(approval()["state"], "voided");
  EXPECT_EQ(decide(R"({"decision":"approve"})", "a1").status, 409) << "and so once more";
  EXPECT_EQ(refunds().size(), 1U);
}

TEST_F(ApprovalsTest, denied_is_told_and_nothing_is_refunded) {
  const auto done = decide(R"({"decision":"deny","note":"worn"})", "d1");
  EXPECT_EQ(body_of(done)["state"], "denied");
  desk.work_off();
  EXPECT_TRUE(refunds().empty());
  EXPECT_EQ(code_of(decide(R"({"decision":"approve"})", "a1")), "approval_ended");
  const auto rows = desk.loop.run(desk.store->messages(ThreadId::trusted(thread), 0, 100)).value();
  const bool told = std::any_of(rows.begin(), rows.end(), [](const Message& row) {
    return row.role == Role::event && row.text.find("approval.denied") != std::string::npos;
  });
  EXPECT_TRUE(told);
}

TEST_F(ApprovalsTest, it_runs_out) {
  desk.pass(std::chrono::hours(24 * 8));
  EXPECT_EQ(approval()["state"], "expired");
  EXPECT_EQ(code_of(decide(R"({"decision":"approve"})", "a1")), "approval_ended");
  EXPECT_TRUE(refunds().empty());
}

TEST_F(ApprovalsTest, only_its_own_tenant_decides) {
  auto foreign = request("POST", "/v1/approvals/" + id, R"({"decision":"approve"})", "f1");
  set_header(foreign, "Authorization", "Bearer " + std::string(kTheirKey));
  const auto refused = desk.send(std::move(foreign));
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.body, desk.post("/v1/approvals/apr_0000000000000000000000", R"({"decision":"deny"})", "f2").body);
  auto listed = request("GET", "/v1/approvals");
  set_header(listed, "Authorization", "Bearer " + std::string(kTheirKey));
  EXPECT_TRUE(body_of(desk.send(std::move(listed)))["data"].empty());
  EXPECT_EQ(approval()["state"], "pending");
}

TEST_F(ApprovalsTest, a_decision_is_read_strictly) {
  EXPECT_EQ(decide(R"({"decision":"approve"})", "").status, 400) << "without a key";
  for (const char* body :
       {"{}", R"({"decision":"yes"})", R"({"decision":true})", R"({"decision":"approve","amount":1})"})
    EXPECT_GE(decide(body, "k").status, 400) << body;
  EXPECT_EQ(decide(R"({"decision":"approve","note":")" + std::string(501, 'x') + R"("})", "k").status, 400);
  EXPECT_EQ(approval()["state"], "pending");
}

TEST_F(ApprovalsTest, lists_go_page_by_page_and_by_state) {
  EXPECT_TRUE(body_of(desk.get("/v1/approvals?state=denied"))["data"].empty());
  EXPECT_EQ(desk.get("/v1/approvals?state=all").status, 400);
  EXPECT_EQ(desk.get("/v1/approvals?owner=me").status, 400);
  EXPECT_EQ(body_of(desk.get("/v1/approvals?limit=1"))["has_more"], false);
  const auto rest = body_of(desk.get("/v1/approvals?after=" + id));
  EXPECT_EQ(rest, json::parse(R"({"object":"list","data":[],"has_more":false})"));
  EXPECT_EQ(desk.get("/v1/approvals?after=apr_0000000000000000000000").status, 400);
}

}  // namespace
}  // namespace purser::test
