// Dead letters by the API: seen by their tenant, and sent again.
#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

class WebhookDeliveries : public ::testing::Test {
 protected:
  static DeskDoors doors() {
    const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const json ours{{"id", "main"}, {"tenant", kOurs}, {"url", "https://a.example"}, {"secret", secret}};
    const json theirs{{"id", "theirs"}, {"tenant", "other"}, {"url", "https://b.example"}, {"secret", secret}};
    DeskDoors out;
    const json spare{{"id", "spare"}, {"tenant", kOurs}, {"url", "https://c.example"}, {"secret", secret}};
    out.endpoints = json{{"endpoints", {spare, ours, theirs}}}.dump();
    return out;
  }
  void put(WorkKind kind, const std::string& subject, const std::string& tenant = "") {
    WorkItem item;
    item.kind = kind;
    item.subject = subject;
    item.attempts = 11;
    item.due_at = kind == WorkKind::dead_webhook ? kNeverDue : desk.loop.clock.durable();
    item.payload_json = json{
        {"body", R"({"type":"intent.succeeded"})"},
        {"created_at", "2026-01-01T00:00:00Z"},
        {"tenant", tenant},
        {"last_failure",
         "status 500"}}.dump();
    Batch batch("test");
    batch.add(op::PutWork{item});
    ASSERT_TRUE(desk.loop.run(desk.store->commit(std::move(batch))).ok());
  }

  explicit WebhookDeliveries(const std::string& failpoints = {}) : desk(folder.path(), failpoints, doors()) {}

  TempFolder folder;
  Desk desk;
};

// As after a crash between the change and its answer.
class WebhookDeliveriesAnswerLost : public WebhookDeliveries {
 protected:
  WebhookDeliveriesAnswerLost() : WebhookDeliveries("before:request.finished:1:fail") {}
};

TEST_F(WebhookDeliveriesAnswerLost, TheSameRequestHearsThatItIsSentAgain) {
  put(WorkKind::dead_webhook, "main:evt_1");
  put(WorkKind::deliver_webhook, "theirs:evt_2");
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/main:evt_1/redeliver", "", "k1").status, 503);
  const auto again = desk.post("/v1/webhook_deliveries/main:evt_1/redeliver", "", "k1");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(body_of(again)["state"], "pending");
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/main:evt_1/redeliver", "", "k2").status, 404);
  EXPECT_EQ(desk.loop.run(desk.store->work_of_kind(WorkKind::deliver_webhook, "", "", 10)).value().size(), 2U);
}

TEST_F(WebhookDeliveries, AreListedForTheirTenant) {
  put(WorkKind::dead_webhook, "main:evt_1");
  put(WorkKind::dead_webhook, "theirs:evt_2");
  put(WorkKind::deliver_webhook, "main:evt_3");
  const json dead = body_of(desk.get("/v1/webhook_deliveries"));
  ASSERT_EQ(dead["data"].size(), 1u);
  EXPECT_EQ(dead["data"][0]["id"], "main:evt_1");
  EXPECT_EQ(dead["data"][0]["type"], "intent.succeeded");
  EXPECT_EQ(dead["data"][0]["state"], "dead");
  EXPECT_EQ(dead["data"][0]["attempts"], 11);
  EXPECT_EQ(dead["data"][0]["last_failure"], "status 500");
  const json pending = body_of(desk.get("/v1/webhook_deliveries?state=pending"));
  ASSERT_EQ(pending["data"].size(), 1u);
  EXPECT_EQ(pending["data"][0]["id"], "main:evt_3");
  EXPECT_EQ(desk.get("/v1/webhook_deliveries?state=lost").status, 400);
}

TEST_F(WebhookDeliveries, AreListedPageByPageHoweverManyOthersHave) {
  for (int n = 0; n < 30; ++n) put(WorkKind::dead_webhook, "theirs:evt_" + std::to_string(n));
  for (int n = 10; n < 17; ++n) put(WorkKind::dead_webhook, "main:evt_" + std::to_string(n));
  put(WorkKind::dead_webhook, "main:evt_05", "other");  // not ours, in the midst of ours
  put(WorkKind::dead_webhook, "spare:evt_1");
  std::vector<std::string> seen;
  std::string after;
  for (int page = 0; page < 4; ++page) {
    const json answer = body_of(desk.get("/v1/webhook_deliveries?limit=2" + after));
    for (const json& row : answer["data"]) seen.push_back(row["id"]);
    EXPECT_EQ(answer["has_more"], page < 3) << page;
    after = "&after=" + seen.back();
  }
  const std::vector<std::string> ours{"main:evt_10", "main:evt_11", "main:evt_12", "main:evt_13",
                                      "main:evt_14", "main:evt_15", "main:evt_16", "spare:evt_1"};
  EXPECT_EQ(seen, ours);
  EXPECT_EQ(body_of(desk.get("/v1/webhook_deliveries?after=spare:evt_1"))["data"].size(), 0U);
  EXPECT_EQ(body_of(desk.get("/v1/webhook_deliveries?after=main%3Aevt_16"))["data"].size(), 1U);
  for (const std::string bad : {"evt_1", "", "main%3"})
    EXPECT_EQ(body_of(desk.get("/v1/webhook_deliveries?after=" + bad))["error"]["param"], "after") << bad;
}

// The endpoint's name was another tenant's when this was told.
TEST_F(WebhookDeliveries, StayTheirTenantsWhenTheEndpointIsGivenAway) {
  put(WorkKind::dead_webhook, "main:evt_1", "other");
  EXPECT_TRUE(body_of(desk.get("/v1/webhook_deliveries"))["data"].empty());
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/main:evt_1/redeliver", "", "k1").status, 404);
}

TEST_F(WebhookDeliveries, AreNamedWithTheirColonEscapedToo) {
  put(WorkKind::dead_webhook, "main:evt_1", std::string(kOurs));
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/main%3Aevt_1/redeliver", "", "k1").status, 200);
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/main%3/redeliver", "", "k2").status, 404);
}

TEST_F(WebhookDeliveries, AreSentAgainOnce) {
  put(WorkKind::dead_webhook, "main:evt_1");
  put(WorkKind::dead_webhook, "theirs:evt_2");
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/theirs:evt_2/redeliver", "", "k1").status, 404);
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/main:evt_9/redeliver", "", "k2").status, 404);
  const auto again = desk.post("/v1/webhook_deliveries/main:evt_1/redeliver", "", "k3");
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(body_of(again)["state"], "pending");
  EXPECT_EQ(body_of(again)["attempts"], 0);
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/main:evt_1/redeliver", "", "k3").body, again.body);
  EXPECT_EQ(desk.post("/v1/webhook_deliveries/main:evt_1/redeliver", "", "k4").status, 404);
  const auto due = desk.loop.run(desk.store->work_of_kind(WorkKind::deliver_webhook, "", "", 10)).value();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].due_at, desk.loop.clock.durable());
}

}  // namespace
}  // namespace purser::test
