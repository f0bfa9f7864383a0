#include "agent/api/admin.hpp"

#include "agent/resume/parking.hpp"
#include "tests/support/desk.hpp"
#include "tests/support/stopped_store.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

class AdminTest : public testing::Test {
 protected:
  http::Response ask(std::string path) { return desk.loop.run(desk.admin.handle(request("GET", std::move(path)))); }

  TempFolder folder;
  Desk desk{folder.path()};
};

TEST_F(AdminTest, it_is_alive_and_ready) {
  EXPECT_EQ(ask("/healthz").status, 200);
  const auto ready = ask("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(body_of(ready),
            nlohmann::json::parse(R"({"status":"ready","writing":true,"sandbox":true,"version":"1.2.3"})"));
}

TEST_F(AdminTest, other_paths_are_not_there) {
  EXPECT_EQ(ask("/v1/threads").status, 404);
  EXPECT_EQ(desk.loop.run(desk.admin.handle(request("POST", "/healthz"))).status, 405);
}

TEST_F(AdminTest, it_tells_what_was_counted) {
  desk.buy(desk.thread());
  desk.loop.advance(std::chrono::minutes(6));  // its expiry and the question to the rail fall due
  const auto page = ask("/metrics");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(header_of(page, "Content-Type").starts_with("text/plain"));
  EXPECT_NE(page.body.find("purser_http_requests_total{route=\"/v1/threads\",status=\"201\"} 1\n"), std::string::npos)
      << page.body;
  EXPECT_NE(page.body.find("purser_turns_total{outcome=\"completed\"} 1\n"), std::string::npos) << page.body;
  EXPECT_NE(page.body.find("purser_work_due 2\n"), std::string::npos) << page.body;
}

class AdminWork : public AdminTest {
 protected:
  http::Response post(std::string path, std::string body) {
    return desk.loop.run(desk.admin.handle(request("POST", std::move(path), std::move(body), std::string())));
  }
  WorkItem put_aside(int n, WorkKind kind = WorkKind::resolve_order) {
    const WorkItem row = make_work(n, kind, 5);
    Batch batch("test");
    batch.add(op::PutWork{parking::parked(row, {20, "internal: it threw: bad"}, desk.loop.clock.durable())});
    EXPECT_TRUE(desk.loop.run(desk.store->commit(std::move(batch))).ok());
    return row;
  }
  std::vector<WorkItem> rows(WorkKind kind) {
    return desk.loop.run(desk.store->work_of_kind(kind, std::string(), std::string(), 100)).value();
  }
};

TEST_F(AdminWork, what_was_put_aside_is_listed_counted_and_done_again) {
  WorkItem first = put_aside(1);
  put_aside(2);
  put_aside(3, WorkKind::deliver_webhook);
  EXPECT_NE(ask("/metrics").body.find("purser_work_parked 3\n"), std::string::npos);
  const auto page = [&](std::string query) {
    http::Request asked = request("GET", "/work/parked");
    asked.query = std::move(query);
    return body_of(desk.loop.run(desk.admin.handle(std::move(asked))));
  };
  const auto all = page("");
  ASSERT_EQ(all["data"].size(), 3u);
  EXPECT_EQ(all["has_more"], false);
  const auto& one = all["data"][1];
  EXPECT_EQ(one["id"], "resolve_order subject-1");
  EXPECT_EQ(one["kind"], "resolve_order");
  EXPECT_EQ(one["subject"], first.subject);
  EXPECT_EQ(one["tries"], 20);
  EXPECT_EQ(one["why"], "internal: it threw: bad");
  EXPECT_EQ(page("limit=1")["has_more"], true);
  EXPECT_EQ(page("after=resolve_order%20subject-1")["data"].size(), 1u);

  EXPECT_EQ(post("/work/parked/retry", R"({"id":"resolve_order subject-9"})").status, 404);
  EXPECT_EQ(post("/work/parked/retry", R"({"id":"resolve_order subject-"})").status, 404) << "a prefix is no id";
  EXPECT_EQ(post("/work/parked/retry", R"({"id":"resolve_order subject-1"})").status, 200);
  first.due_at = desk.loop.clock.durable();
  EXPECT_EQ(rows(WorkKind::resolve_order), std::vector<WorkItem>{first});
  EXPECT_EQ(rows(WorkKind::parked).size(), 2u);
  EXPECT_EQ(post("/work/parked/retry", R"({"id":"resolve_order subject-1"})").status, 404) << "once";
  EXPECT_EQ(body_of(post("/work/parked/retry", R"({"all":true})"))["retried"], 2);
  EXPECT_TRUE(rows(WorkKind::parked).empty());
  EXPECT_EQ(rows(WorkKind::deliver_webhook).size(), 1u);
}

TEST_F(AdminWork, what_is_no_request_is_refused) {
  put_aside(1);
  for (const char* body : {"", "{}", "[]", R"({"id":7})", R"({"all":false})", R"({"all":true,"id":"x"})", R"({"x":1})"})
    EXPECT_EQ(post("/work/parked/retry", body).status / 100, 4) << body;
  http::Request plain = request("POST", "/work/parked/retry");
  plain.body = R"({"all":true})";
  plain.headers.clear();
  EXPECT_EQ(desk.loop.run(desk.admin.handle(std::move(plain))).status, 415) << "no page of another site may ask this";
  EXPECT_EQ(rows(WorkKind::parked).size(), 1u);
  for (const char* body : {"{}", R"({"tenant":"t"})", R"({"user":"u"})", R"({"tenant":"","user":"u"})"})
    EXPECT_EQ(post("/users/erase", body).status / 100, 4) << body;
}

TEST_F(AdminWork, a_users_words_are_taken_out_and_what_is_open_is_left) {
  const std::string id = desk.thread();
  desk.buy(id);
  const Thread open = desk.loop.run(desk.store->thread(ThreadId::trusted(id))).value();
  const std::string body = R"({"tenant":")" + open.tenant.str() + R"(","user":")" + open.user.str() + R"("})";
  const auto told = body_of(post("/users/erase", body));
  EXPECT_TRUE(told["erased"].empty());
  EXPECT_EQ(told["left"][0]["thread"], open.id.str());
  EXPECT_EQ(told["left"][0]["why"], "intent") << "the conversation waits for the payment";
  desk.pass(std::chrono::minutes(6));
  desk.pass(std::chrono::hours(1));
  const auto done = body_of(post("/users/erase", body));
  EXPECT_EQ(done["erased"], nlohmann::json::array({open.id.str()})) << done;
  const auto left = desk.loop.run(desk.store->messages(open.id, 0, 100)).value();
  for (const Message& message : left) EXPECT_EQ(message.text, "");
  EXPECT_TRUE(desk.loop.run(desk.store->verify_ledger()).ok());
  EXPECT_EQ(post("/users/erase", R"({"tenant":"nobody","user":"nobody"})").status, 404);
}

TEST(AdminWithoutStore, it_is_alive_but_not_ready) {
  Loop loop;
  StoppedStore store;
  Metrics metrics;
  Admin admin({store, loop.clock, metrics}, false, "1.2.3", "");
  const auto ask = [&](std::string path) { return loop.run(admin.handle(request("GET", std::move(path)))); };
  EXPECT_EQ(ask("/readyz").status, 200);
  bool refuses = true;  // for now: a restart would not help
  bool stopping = false;
  Admin watching({store, loop.clock, metrics, {}, [&refuses] { return refuses; }, [&stopping] { return stopping; }},
                 false, "1.2.3", "");
  const auto full = loop.run(watching.handle(request("GET", "/readyz")));
  EXPECT_EQ(full.status, 200);
  EXPECT_EQ(body_of(full)["writing"], false);
  refuses = false;
  EXPECT_EQ(body_of(loop.run(watching.handle(request("GET", "/readyz"))))["writing"], true);
  stopping = true;  // nothing new is taken: whoever asks goes elsewhere
  const auto leaving = loop.run(watching.handle(request("GET", "/readyz")));
  EXPECT_EQ(leaving.status, 503);
  EXPECT_EQ(body_of(leaving)["status"], "stopping");
  store.is_healthy = false;  // reads go on, writes do not
  EXPECT_EQ(ask("/readyz").status, 503);
  store.is_healthy = true;
  store.is_readable = false;
  const auto ready = ask("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(body_of(ready)["sandbox"], false);
  EXPECT_EQ(ask("/healthz").status, 200);
  EXPECT_EQ(ask("/metrics").status, 200);
}

}  // namespace
}  // namespace purser::test
