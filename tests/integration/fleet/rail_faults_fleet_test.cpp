// Faults of the rail that meet two daemons on one PostgreSQL: the same webhook at both, refunds from both, a database
// that is gone.
#include "tests/support/postgres_server.hpp"
#include "tests/support/rail_judge.hpp"
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <sstream>
#include <thread>

namespace purser::test {
namespace {

const std::string kFleetKey = "sk_test_pair_pair_pair_pair_pair";

// Two daemons, and the rail's webhooks in the test's hands.
class TwoDaemons : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::installed()) GTEST_SKIP() << "no PostgreSQL: two daemons are not tested here";
    server_ = std::make_unique<PostgresServer>();
    url_ = server_->make_database();
    auto environment = rail_.merchant();
    environment["PURSER_API_KEYS"] = "shop:" + kFleetKey;
    environment["PURSER_DATABASE_URL"] = url_;
    for (auto& daemon : daemons_) {
      daemon = std::make_unique<ServeProcess>(
          std::vector<std::string>{"server.public_url=http://127.0.0.1:" + std::to_string(trap_.port()),
                                   "intent.resolve_first_ms=3600000", "intent.resolve_max_ms=3600000",
                                   "limits.turns_per_user=100000"},
          environment);
      ASSERT_TRUE(daemon->ready()) << daemon->child().errors();
    }
    customer_.emplace(daemons_[0]->port(), kFleetKey, "pair");
    ASSERT_TRUE(customer_->open_thread());
  }

  void TearDown() override {
    if (!customer_) return;
    std::vector<std::string> found;
    eventually([&] {
      rail_.control("clock", {{"advance", "1s"}});
      found = judge(evidence());
      return found.empty();
    });
    for (const std::string& line : found) ADD_FAILURE() << line;
  }

  Evidence evidence() const {
    Evidence out;
    out.orders = rail_.read("orders");
    out.traffic = rail_.read("traffic");
    out.webhooks = rail_.read("webhooks");
    out.rows = [this](const std::string& sql) {
      std::istringstream lines(server_->ask(url_, "SELECT string_agg(x, E'\\n') FROM (" + sql + ") AS rows (x)"));
      std::vector<std::string> rows;
      for (std::string line; std::getline(lines, line);)
        if (!line.empty()) rows.push_back(line);
      return rows;
    };
    out.intent = [this](const std::string& id) {
      const Json row = customer_->get("/v1/intents/" + id).json();
      return row.is_object() && row.contains("state") ? row : Json();
    };
    out.messages = customer_->messages();
    for (const auto& daemon : daemons_) out.log += daemon->child().errors();
    out.secrets = {kFleetKey, "PRIVATE KEY", "WECHATPAY2-SHA256-RSA2048 mchid", "paySign"};
    return out;
  }

  Json order(const std::string& text) {
    const Json row = customer_->must_say(text)["intents"].at(0);
    rail_.control("pay", {{"out_trade_no", row["order"]["out_trade_no"]}});
    return row;
  }
  Json intent(const Json& row) const { return customer_->get("/v1/intents/" + row["id"].get<std::string>()).json(); }
  PlainServer::Request caught() {
    EXPECT_TRUE(eventually([&] { return !trap_.requests().empty(); }));
    return trap_.requests().at(0);
  }
  int deliver(const PlainServer::Request& hook, std::size_t daemon) const {
    std::vector<std::pair<std::string, std::string>> headers;
    for (const auto& [name, value] : hook.headers)
      if (name == "content-type" || name.starts_with("wechatpay-")) headers.emplace_back(name, value);
    return plain_http(daemons_.at(daemon)->port(), "POST", hook.target, headers, hook.body).status;
  }
  static void at_once(std::size_t threads, const std::function<void(std::size_t)>& each) {
    std::atomic<std::size_t> waiting = threads;
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i)
      running.emplace_back([&, i] {
        for (--waiting; waiting > 0;) std::this_thread::yield();
        each(i);
      });
    for (auto& one : running) one.join();
  }

  std::vector<std::string> insist_at_both(const std::string& path, const Json& body, const std::string& key);

  SandboxProcess rail_;
  PlainServer trap_{[](const PlainServer::Request&) { return PlainServer::reply(500, "{}"); }};
  std::unique_ptr<PostgresServer> server_;
  std::string url_;
  std::array<std::unique_ptr<ServeProcess>, 2> daemons_;
  std::optional<Customer> customer_;
};

TEST_F(TwoDaemons, Fault29TheSameWebhookAtBothIsOnePosting) {
  const Json row = order("One Longjing tea, please.");
  const auto hook = caught();
  std::array<int, 16> statuses{};
  at_once(statuses.size(), [&](std::size_t i) { statuses.at(i) = deliver(hook, i % 2); });
  for (const int status : statuses) EXPECT_EQ(status, 200);
  EXPECT_TRUE(eventually([&] { return intent(row)["state"] == "succeeded"; }));
  EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  EXPECT_EQ(server_->ask(url_, "SELECT count(*) FROM ledger"), "1");
  EXPECT_EQ(server_->ask(url_, "SELECT count(*) FROM notifications"), "1");
}

TEST_F(TwoDaemons, Fault42WithTheDatabaseGoneNothingIsAcknowledged) {
  const Json row = order("One Longjing tea, please.");
  const auto hook = caught();
  server_->stop(true);
  EXPECT_EQ(deliver(hook, 0), 500);
  EXPECT_EQ(deliver(hook, 1), 500);
  server_->start();
  EXPECT_TRUE(eventually([&] { return deliver(hook, 1) == 200; }));
  EXPECT_TRUE(eventually([&] { return intent(row)["state"] == "succeeded"; }));
}

// The same request at both daemons at once, and again until each has the answer.
std::vector<std::string> TwoDaemons::insist_at_both(const std::string& path, const Json& body, const std::string& key) {
  std::vector<Customer> two(2, *customer_);
  two[1].follow(daemons_[1]->port());
  std::vector<std::string> answers(8);
  at_once(answers.size(), [&](std::size_t i) {
    eventually([&] {
      const PlainReply reply = two.at(i % 2).post(path, body, key);
      EXPECT_TRUE(reply.status / 100 == 2 || reply.status == 409) << reply.status << reply.body;
      if (reply.status / 100 == 2) answers.at(i) = reply.body;
      return reply.status / 100 == 2;
    });
  });
  return answers;
}

TEST_F(TwoDaemons, OneKeyAtBothIsOneEffectAndOneAnswer) {
  const std::string turns = "/v1/threads/" + customer_->thread() + "/turns";
  const auto same = [](const std::vector<std::string>& answers) {
    return std::all_of(answers.begin(), answers.end(),
                       [&](const std::string& one) { return !one.empty() && one == answers.front(); });
  };
  for (int round = 0; round < 5; ++round) {
    const std::string key = "round-" + std::to_string(round);
    EXPECT_TRUE(same(insist_at_both(turns, {{"text", "One Longjing tea, please."}}, key + "-buy")));
    const std::string open = server_->ask(url_, "SELECT id FROM intents WHERE state = 'awaiting_payment'");
    EXPECT_TRUE(same(insist_at_both("/v1/intents/" + open + "/cancel", Json::object(), key + "-cancel")));
    EXPECT_TRUE(same(insist_at_both("/v1/threads", {{"user", {{"id", key}}}}, key + "-thread")));
  }
  EXPECT_EQ(server_->ask(url_, "SELECT count(*) FROM intents"), "5");
  EXPECT_EQ(server_->ask(url_, "SELECT count(*) FROM turns WHERE cause = 'user'"), "5");
  EXPECT_EQ(server_->ask(url_, "SELECT count(*) FROM threads"), "6");
}

TEST_F(TwoDaemons, TurnsOfOneThreadAtBothComeOneAfterTheOther) {
  const std::string turns = "/v1/threads/" + customer_->thread() + "/turns";
  std::vector<Customer> two(2, *customer_);
  two[1].follow(daemons_[1]->port());
  std::array<int, 12> statuses{};
  at_once(statuses.size(), [&](std::size_t i) {
    statuses.at(i) = two.at(i % 2).post(turns, {{"text", "What do you sell?"}}, "turn-" + std::to_string(i)).status;
  });
  for (const int status : statuses) EXPECT_EQ(status, 200);
  EXPECT_EQ(server_->ask(url_, "SELECT count(*) FROM turns WHERE state = 'completed'"), "12");
}

TEST_F(TwoDaemons, Fault46RefundsFromBothNeverExceedTheRemainder) {
  const Json row = order("Two packs of Longjing tea, please.");
  EXPECT_EQ(deliver(caught(), 0), 200);
  ASSERT_FALSE(customer_->reply_to("intent.succeeded").is_null());
  std::vector<Customer> two(2, *customer_);
  two[1].follow(daemons_[1]->port());
  at_once(8, [&](std::size_t i) {
    const std::string turns = "/v1/threads/" + customer_->thread() + "/turns";
    const Json body = {{"text", "Both packs are torn, please refund everything."}};
    eventually([&] { return two.at(i % 2).post(turns, body, "refund-" + std::to_string(i)).status == 200; }, 60);
  });
  const auto back = [&] {
    std::int64_t fen = 0;
    const Json rail = rail_.read("orders");
    for (const Json& effect : rail["effects"])
      fen += effect["kind"] == "refund" ? effect["fen"].get<std::int64_t>() : 0;
    return fen;
  };
  EXPECT_TRUE(eventually([&] {
    rail_.control("clock", {{"advance", "2s"}});
    return back() == row["amount"]["value"];
  }));
  EXPECT_EQ(server_->ask(url_, "SELECT count(*) FROM refunds"), "1");
  EXPECT_TRUE(eventually([&] { return trap_.requests().size() >= 2; }));
  const auto hooks = trap_.requests();
  for (std::size_t i = 0; i < hooks.size(); ++i) EXPECT_EQ(deliver(hooks[i], i % 2), 200);
}

}  // namespace
}  // namespace purser::test
