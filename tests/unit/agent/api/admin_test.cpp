#include "agent/api/admin.hpp"

#include "tests/support/desk.hpp"
#include "tests/support/stopped_store.hpp"
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
  EXPECT_EQ(body_of(ready), nlohmann::json::parse(R"({"status":"ready","sandbox":true,"version":"1.2.3"})"));
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

TEST(AdminWithoutStore, it_is_alive_but_not_ready) {
  Loop loop;
  StoppedStore store;
  Metrics metrics;
  Admin admin({store, loop.clock, metrics}, false, "1.2.3", "");
  const auto ask = [&](std::string path) { return loop.run(admin.handle(request("GET", std::move(path)))); };
  EXPECT_EQ(ask("/readyz").status, 200);
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
