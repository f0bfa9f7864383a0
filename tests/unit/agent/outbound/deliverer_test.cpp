// From an event's commit to the tenant's server: the outbox and the ladder of attempts.
#include "agent/outbound/deliverer.hpp"

#include "agent/outbound/outbox_store.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/store/open/open.hpp"
#include "tests/support/fake_http_client.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser {
namespace {

using nlohmann::json;

const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string kOlder = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

// The example that the libraries of Standard Webhooks test themselves with.
TEST(WebhookSignatures, AreThoseOfTheSpecification) {
  std::vector<Secret> secrets;
  secrets.emplace_back(crypto::base64_decode(kSecret.substr(6)).value());
  EXPECT_EQ(webhook_signatures(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  secrets.emplace_back(crypto::base64_decode(kOlder.substr(6)).value());
  const std::string both = webhook_signatures(secrets, "id", 1, "{}");
  EXPECT_EQ(both.find(" v1,"), 47u);
}

class DelivererTest : public ::testing::Test {
 protected:
  DelivererTest() {
    StoreSettings settings;
    settings.url = Secret("sqlite://" + folder.file("purser.db"));
    auto opened = open_store(settings, loop.clock).value();
    store = std::make_unique<OutboxStore>(std::move(opened), endpoints, mint);
    deliverer.emplace(Deliverer::Ports{*store, client, loop.clock, metrics}, endpoints);
    thread = test::make_thread(1);
    thread.tenant = TenantId::trusted("acme");
    commit(op::InsertThread{thread});
  }
  static WebhookEndpoints two() {
    const json main{{"id", "main"}, {"tenant", "acme"}, {"url", "https://a.example/in"}, {"secret", kSecret}};
    const json other{{"id", "other"}, {"tenant", "other"}, {"url", "https://b.example"}, {"secret", kSecret}};
    return WebhookEndpoints::parse(json{{"endpoints", {main, other}}}.dump(), false).value();
  }
  template <class Op>
  void commit(Op operation) {
    Batch batch("test");
    batch.add(std::move(operation));
    auto done = loop.run(store->commit(std::move(batch)));
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  void happen(const std::string& type) {
    StreamEvent event = test::make_event(1, thread);
    event.type = type;
    event.data_json = R"({"payment_intent":"pi_1","state":"succeeded"})";
    event.at = loop.clock.durable();
    commit(op::AppendEvent{event});
  }
  std::vector<WorkItem> rows(WorkKind kind) { return loop.run(store->work_of_kind(kind, "", "", 100)).value(); }
  WorkItem row() { return rows(WorkKind::deliver_webhook).at(0); }
  void attempt(http::Reply reply) {
    client.push(std::move(reply));
    auto done = loop.run(deliverer->deliver(row()));
    EXPECT_TRUE(done.ok());
  }
  static http::Reply status(int number) {
    http::Reply reply;
    reply.status = number;
    return reply;
  }

  test::Loop loop;
  test::TempFolder folder;
  const WebhookEndpoints endpoints = two();
  crypto::SystemMint mint{Secret("test")};
  std::unique_ptr<Store> store;
  test::FakeHttpClient client{loop.clock};
  Metrics metrics;
  std::optional<Deliverer> deliverer;
  Thread thread;
};

TEST_F(DelivererTest, AnEventIsARowForEachEndpointOfItsTenant) {
  happen("intent.succeeded");
  happen("message.delta");
  ASSERT_EQ(rows(WorkKind::deliver_webhook).size(), 1u);
  EXPECT_TRUE(row().subject.starts_with("main:evt_"));
  EXPECT_EQ(row().thread, thread.id);
}

TEST_F(DelivererTest, ACommitThatFailsTellsNobody) {
  Batch batch("test");
  StreamEvent event = test::make_event(1, thread);
  event.type = "intent.succeeded";
  batch.add(op::AppendEvent{event});
  batch.add(op::TakeWork{WorkKind::close_order, "is not there"});
  EXPECT_FALSE(loop.run(store->commit(std::move(batch))).ok());
  EXPECT_TRUE(rows(WorkKind::deliver_webhook).empty());
}

TEST_F(DelivererTest, SendsWhatASignatureCovers) {
  happen("intent.succeeded");
  const std::string id = row().subject.substr(5);
  attempt(status(204));
  EXPECT_TRUE(rows(WorkKind::deliver_webhook).empty());
  const http::Call& call = client.calls().at(0);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.origin.host, "a.example");
  EXPECT_EQ(call.target, "/in");
  const std::string sent_at(http::header(call.headers, "webhook-timestamp"));
  EXPECT_EQ(http::header(call.headers, "webhook-id"), id);
  EXPECT_EQ(sent_at, std::to_string(to_seconds(loop.clock.wall())));
  EXPECT_EQ(http::header(call.headers, "webhook-signature"),
            webhook_signatures(endpoints.find("main")->secrets, id, std::stoll(sent_at), call.body));
  const json body = json::parse(call.body);
  EXPECT_EQ(body["type"], "intent.succeeded");
  EXPECT_EQ(body["data"]["payment_intent"], "pi_1");
  EXPECT_EQ(body["data"]["thread_id"], thread.id.str());
  EXPECT_TRUE(parse_time(body["timestamp"].get<std::string>()).ok());
}

TEST_F(DelivererTest, ClimbsTheLadderForADayAndThenPutsItAside) {
  happen("intent.succeeded");
  const UtcTime began = loop.clock.durable();
  const std::string id = row().subject;
  std::string first_body;
  int attempts = 0;
  while (!rows(WorkKind::deliver_webhook).empty()) {
    const WorkItem due = row();
    loop.advance(due.due_at - loop.clock.durable());
    attempt(status(500));
    attempts += 1;
    if (first_body.empty()) first_body = client.calls().back().body;
    EXPECT_EQ(client.calls().back().body, first_body);
    ASSERT_LT(attempts, 50);
  }
  EXPECT_EQ(attempts, 11);
  const auto lasted = loop.clock.durable() - began;
  EXPECT_GT(lasted, std::chrono::hours(23));
  EXPECT_LE(lasted, std::chrono::hours(24));
  ASSERT_EQ(rows(WorkKind::dead_webhook).size(), 1u);
  const WorkItem dead = rows(WorkKind::dead_webhook)[0];
  EXPECT_EQ(dead.subject, id);
  EXPECT_EQ(json::parse(dead.payload_json)["last_failure"], "status 500");
  EXPECT_TRUE(loop.run(store->due_work(loop.clock.durable() + std::chrono::years(100), 10)).value().empty());
}

TEST_F(DelivererTest, TriesAgainAfterNoAnswerAndNoRedirectIsFollowed) {
  happen("intent.succeeded");
  client.push(Errc::connect_failed);
  ASSERT_TRUE(loop.run(deliverer->deliver(row())).ok());
  EXPECT_EQ(row().due_at - loop.clock.durable(), Millis(5'000));
  loop.advance(Deliverer::kWaitForAnswer);
  http::Reply elsewhere = status(302);
  elsewhere.headers = {{"Location", "https://c.example"}};
  attempt(elsewhere);
  EXPECT_EQ(row().due_at - loop.clock.durable(), Millis(30'000));
  EXPECT_EQ(client.calls().size(), 2u);
}

// A server that never answers would else take every place there is, from the servers of all other tenants.
TEST_F(DelivererTest, ASlowEndpointGetsFewMessagesAtATime) {
  constexpr int kMessages = Deliverer::kUnderWayMax + 1;
  for (int n = 1; n <= kMessages; ++n) happen("intent.succeeded");
  const std::vector<WorkItem> all = rows(WorkKind::deliver_webhook);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kMessages));
  for (int n = 0; n < Deliverer::kUnderWayMax; ++n)
    client.push_after(Millis(1'000), [](const http::Call&) { return Result<http::Reply>(status(204)); });
  std::vector<test::Started<Result<void>>> under_way;
  for (const WorkItem& item : all) under_way.push_back(loop.start(deliverer->deliver(item)));
  ASSERT_TRUE(loop.until([&] { return under_way.back().done(); }));
  EXPECT_EQ(client.calls().size(), static_cast<std::size_t>(Deliverer::kUnderWayMax));
  loop.advance(Millis(1'000));
  ASSERT_TRUE(loop.until([&] { return rows(WorkKind::deliver_webhook).size() == 1u; }));
  // It waited without an attempt, and is taken as soon as it is due.
  const WorkItem waited = row();
  EXPECT_EQ(waited.subject, all.back().subject);
  EXPECT_EQ(waited.attempts, 0);
  EXPECT_EQ(waited.due_at, loop.clock.durable());
  EXPECT_FALSE(json::parse(waited.payload_json).contains("last_failure"));
  attempt(status(204));
  EXPECT_TRUE(rows(WorkKind::deliver_webhook).empty());
}

TEST_F(DelivererTest, AnEndpointThatDoesNotAnswerIsTriedWithOneMessageAtATime) {
  for (int n = 1; n <= 3; ++n) happen("intent.succeeded");
  const std::vector<WorkItem> all = rows(WorkKind::deliver_webhook);
  client.push(Errc::connect_failed);
  ASSERT_TRUE(loop.run(deliverer->deliver(all[0])).ok());
  ASSERT_TRUE(loop.run(deliverer->deliver(all[1])).ok());
  EXPECT_EQ(client.calls().size(), 1u);  // the second was not sent
  loop.advance(Deliverer::kWaitForAnswer);
  client.push_silence();
  auto probe = loop.start(deliverer->deliver(all[1]));
  loop.settle();
  ASSERT_TRUE(loop.until([&] { return client.calls().size() == 2u; }));
  ASSERT_TRUE(loop.run(deliverer->deliver(all[2])).ok());  // while the probe is under way
  EXPECT_EQ(client.calls().size(), 2u);
  loop.advance(Deliverer::kAttemptTimeMax);
  ASSERT_TRUE(loop.until([&] { return probe.done(); }));
  loop.advance(Deliverer::kWaitForAnswer);
  // An answer, be it a refusal, opens it again for all.
  client.push(status(500));
  ASSERT_TRUE(loop.run(deliverer->deliver(all[2])).ok());
  attempt(status(204));
  EXPECT_EQ(client.calls().size(), 4u);
}

TEST_F(DelivererTest, KeepsTheTimeItIsAskedFor) {
  happen("intent.succeeded");
  http::Reply later = status(429);
  later.headers = {{"Retry-After", "90"}};
  attempt(later);
  EXPECT_EQ(row().due_at - loop.clock.durable(), Millis(90'000));
  later.headers = {{"Retry-After", "99999999999999999999"}};
  attempt(later);
  EXPECT_EQ(row().due_at - loop.clock.durable(), Millis(30'000));
}

TEST_F(DelivererTest, GoneIsGone) {
  happen("intent.succeeded");
  attempt(status(410));
  EXPECT_TRUE(rows(WorkKind::deliver_webhook).empty());
  EXPECT_EQ(rows(WorkKind::dead_webhook).size(), 1u);
}

// What was told to one tenant is not sent to another one that the endpoint's name was given to.
TEST_F(DelivererTest, AnEndpointThatIsAnotherTenantsNowIsPutAside) {
  happen("intent.succeeded");
  const json moved{{"id", "main"}, {"tenant", "other"}, {"url", "https://b.example"}, {"secret", kSecret}};
  const auto now = WebhookEndpoints::parse(json{{"endpoints", {moved}}}.dump(), false).value();
  EXPECT_NE(endpoint_of(row(), endpoints), nullptr);
  EXPECT_EQ(endpoint_of(row(), now), nullptr);
  Deliverer after(Deliverer::Ports{*store, client, loop.clock, metrics}, now);
  EXPECT_TRUE(loop.run(after.deliver(row())).ok());
  EXPECT_TRUE(client.calls().empty());
  EXPECT_EQ(rows(WorkKind::dead_webhook).size(), 1u);
}

TEST_F(DelivererTest, AnEndpointThatIsConfiguredNoMoreIsPutAside) {
  happen("intent.succeeded");
  const WebhookEndpoints none;
  Deliverer after(Deliverer::Ports{*store, client, loop.clock, metrics}, none);
  EXPECT_TRUE(loop.run(after.deliver(row())).ok());
  EXPECT_TRUE(client.calls().empty());
  EXPECT_EQ(rows(WorkKind::dead_webhook).size(), 1u);
}

}  // namespace
}  // namespace purser
