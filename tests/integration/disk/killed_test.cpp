// SIGKILL of the real daemon on SQLite at any moment, also while it starts, under customers who buy, pay, cancel and
// ask for money back and repeat under their Idempotency-Key what was not answered. Judged from outside when all is
// quiet, I1 to I11 (rail_judge.hpp): the rail's record, the tables, what each customer read, and the log. The few seeds
// of every day are PURSER_KILL_SEEDS=200 at length; PURSER_KILL_SEED=7 plays one again, as far as moments can be.
#include "tests/support/rail_judge.hpp"
#include "tests/support/shop.hpp"
#include "tests/support/sqlite_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <random>
#include <signal.h>
#include <thread>

namespace purser::test {
namespace {

constexpr int kShoppers = 6;
constexpr int kKills = 4;
const std::string kKillKey = "sk_test_killed_killed_killed_kil";

int from_environment(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

// One daemon after the other on one file.
class Mortal {
 public:
  explicit Mortal(const SandboxProcess& rail) : port_(free_port()), environment_(rail.merchant()) {
    environment_["PURSER_API_KEYS"] = "shop:" + kKillKey;
  }
  ~Mortal() { note_log(); }

  int port() const { return port_; }
  std::string file() const { return folder_.file("purser.db"); }
  std::string log() const { return log_ + (serve_ ? serve_->child().errors() : ""); }

  bool start() {
    note_log();
    const auto asked = std::chrono::steady_clock::now();
    serve_ = std::make_unique<ServeProcess>(sets(), environment_);
    longest_start_ =
        std::max(longest_start_,
                 std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - asked));
    return serve_->ready();
  }
  void kill() {
    serve_->child().signal(SIGKILL);
    EXPECT_EQ(serve_->child().wait(), 128 + SIGKILL) << serve_->child().errors();
    ++kills_;
  }
  // Dies so long after it was started, ready or not.
  void start_and_kill(std::chrono::milliseconds after) {
    std::vector<std::string> arguments = {"serve"};
    for (const std::string& set : sets()) arguments.insert(arguments.end(), {"--set", set});
    arguments.insert(arguments.end(), {"--set", "server.admin_listen=127.0.0.1:0"});
    Child child(PURSER_BINARY, std::move(arguments), environment_);
    std::this_thread::sleep_for(after);
    child.signal(SIGKILL);
    EXPECT_EQ(child.wait(), 128 + SIGKILL) << child.errors();
    log_ += child.errors();
    ++kills_;
  }
  int stop() {
    serve_->child().signal(SIGTERM);
    return serve_->child().wait();
  }
  // The books as the program itself reads them.
  std::string verdict_on_the_books() {
    Child child(PURSER_BINARY, {"ledger", "verify", "--set", "database.url=sqlite://" + file()}, environment_);
    const std::string said = child.rest_of_output();
    return child.wait() == 0 ? "" : said + child.errors();
  }
  int kills() const { return kills_; }
  std::chrono::milliseconds longest_start() const { return longest_start_; }

 private:
  std::vector<std::string> sets() const {
    const std::string address = "127.0.0.1:" + std::to_string(port_);
    return {"database.url=sqlite://" + file(), "server.listen=" + address, "server.public_url=http://" + address,
            "intent.resolve_first_ms=300", "intent.resolve_max_ms=1000"};
  }
  void note_log() {
    if (serve_) log_ += serve_->child().errors();
    serve_.reset();
  }

  TempFolder folder_;
  int port_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<ServeProcess> serve_;
  std::string log_;
  int kills_ = 0;
  std::chrono::milliseconds longest_start_{0};
};

std::size_t count_of(const std::vector<Json>& messages, const std::string& type) {
  return static_cast<std::size_t>(std::count_if(messages.begin(), messages.end(), [&](const Json& message) {
    return message.value("role", "") == "event" &&
           message.value("text", "").find("\"type\":\"" + type + "\"") != std::string::npos;
  }));
}

// The replies that follow an event of the type.
std::size_t replies_to(const std::vector<Json>& messages, const std::string& type) {
  std::size_t replies = 0;
  bool told = false;
  for (const Json& message : messages) {
    const std::string role = message.value("role", "");
    if (role == "event") told = message.value("text", "").find("\"type\":\"" + type + "\"") != std::string::npos;
    if (role == "user") told = false;
    replies += told && role == "assistant" && !message.value("text", "").empty() ? 1 : 0;
  }
  return replies;
}

// Buys, and then cancels, pays, or pays and gives one of two packs back.
class Shopper {
 public:
  enum class Plan { cancels, pays, returns };
  Shopper(int port, int seed, int n)
      : plan_(static_cast<Plan>(n % 3)),
        customer_(port, kKillKey, "shopper-" + std::to_string(seed) + "-" + std::to_string(n)) {}

  void shop(const SandboxProcess& rail) {
    EXPECT_TRUE(insist([&] { return customer_.open_thread(); }));
    const PlainReply bought = answered("Two packs of Longjing tea, please.");
    ASSERT_EQ(bought.status, 200) << bought.body;
    ASSERT_EQ(bought.json()["intents"].size(), 1U) << bought.body;
    const std::string path = "/v1/intents/" + bought.json()["intents"][0]["id"].get<std::string>();
    Json row;
    const auto becomes = [&](const std::string& state) {
      return insist([&] { return !(row = row_at(path)).is_null() && row["state"] == state; });
    };
    ASSERT_TRUE(becomes("awaiting_payment")) << row;
    if (plan_ == Plan::cancels) {
      ASSERT_TRUE(insist([&] { return customer_.post(path + "/cancel", Json::object(), "cancel").status == 200; }));
      // Expired where the daemon died behind the close, and the next one found the order closed at the rail.
      ASSERT_TRUE(insist([&] { return !(row = row_at(path)).is_null(); }));
      EXPECT_TRUE(row["state"] == "canceled" || row["state"] == "expired") << row;
      return;
    }
    rail.control("pay", {{"out_trade_no", row["order"]["out_trade_no"]}});
    ASSERT_TRUE(insist([&] { return replies_to(customer_.messages(), "intent.succeeded") > 0; }))
        << "the payment was never told";
    if (plan_ == Plan::pays) return;
    const PlainReply asked = answered("One pack is torn, please refund one Longjing tea.");
    ASSERT_EQ(asked.status, 200) << asked.body;
    EXPECT_EQ(asked.json()["refunds"].size(), 1U) << asked.body;
    EXPECT_TRUE(insist([&] { return replies_to(customer_.messages(), "refund.succeeded") > 0; }))
        << "the refund was never told";
  }

  // One telling and one reply an event, whatever died in between.
  void judge_what_was_told() const {
    const auto messages = customer_.messages();
    const std::size_t paid = plan_ == Plan::cancels ? 0 : 1;
    const std::size_t returned = plan_ == Plan::returns ? 1 : 0;
    EXPECT_EQ(count_of(messages, "intent.succeeded"), paid);
    EXPECT_EQ(replies_to(messages, "intent.succeeded"), paid);
    EXPECT_EQ(count_of(messages, "refund.succeeded"), returned);
    EXPECT_EQ(replies_to(messages, "refund.succeeded"), returned);
  }
  std::vector<Json> messages() const { return customer_.messages(); }
  // Null when it cannot be asked.
  Json row_at(const std::string& path) const {
    const Json row = customer_.get(path).json();
    return row.is_object() && row.contains("state") ? row : Json();
  }

 private:
  static bool insist(const std::function<bool()>& done) { return eventually(done, 60); }

  // Says it until it is answered, and once more: the same answer, and nothing happens twice.
  PlainReply answered(const std::string& text) {
    PlainReply first = customer_.say(text);
    insist([&] { return first.status == 200 || (first = customer_.say_again()).status == 200; });
    PlainReply again;
    insist([&] { return (again = customer_.say_again()).status == 200; });
    EXPECT_EQ(again.body, first.body);
    return first;
  }

  Plan plan_;
  Customer customer_;
};

class Killed : public ::testing::Test {
 protected:
  void play(int seed);
  Evidence evidence(const Mortal& shop, const std::vector<Shopper>& shoppers) const {
    Evidence out;
    out.orders = rail_.read("orders");
    out.traffic = rail_.read("traffic");
    out.webhooks = rail_.read("webhooks");
    out.rows = [&shop](const std::string& sql) { return RawSqlite(shop.file()).column(sql); };
    out.intent = [&shoppers](const std::string& id) { return shoppers.front().row_at("/v1/intents/" + id); };
    for (const Shopper& shopper : shoppers)
      for (Json& message : shopper.messages()) out.messages.push_back(std::move(message));
    out.log = shop.log();
    out.secrets = {kKillKey, "PRIVATE KEY", "WECHATPAY2-SHA256-RSA2048 mchid", "paySign"};
    return out;
  }
  void judge_all(const Mortal& shop, const std::vector<Shopper>& shoppers);

  SandboxProcess rail_;
};

// Webhooks that died with a daemon are sent again by the rail's ladder, long after their payment was found by asking.
void Killed::judge_all(const Mortal& shop, const std::vector<Shopper>& shoppers) {
  std::vector<std::string> found;
  for (int round = 0; round < 8; ++round) {
    const bool holds = eventually(
        [&] {
          found = judge(evidence(shop, shoppers));
          return found.empty();
        },
        5);
    if (holds && round > 0) break;
    rail_.control("clock", {{"advance", "16s"}});
  }
  for (const std::string& line : found) ADD_FAILURE() << line;
  for (const Shopper& shopper : shoppers) shopper.judge_what_was_told();
  RawSqlite rows(shop.file());
  EXPECT_EQ(rows.column("SELECT count(*) FROM intents").at(0), std::to_string(kShoppers)) << "one wish, one intent";
  EXPECT_EQ(rail_.read("orders")["orders"].size(), static_cast<std::size_t>(kShoppers)) << "and one order number";
  EXPECT_EQ(rows.column("SELECT count(*) FROM turns WHERE state <> 'completed'").at(0), "0");
  EXPECT_EQ(rows.column("SELECT count(*) FROM (SELECT turn_id FROM messages WHERE role = 'assistant' AND calls = '[]'"
                        " GROUP BY turn_id HAVING count(*) <> 1)")
                .at(0),
            "0")
      << "one reply a turn";
}

void Killed::play(int seed) {
  rail_.control("reset", Json::object());
  std::mt19937 dice(static_cast<unsigned>(seed));
  Mortal shop(rail_);
  ASSERT_TRUE(shop.start()) << shop.log();
  // Some callbacks come twice, or their acknowledgement is lost on the way.
  rail_.control("faults", Json::array({{{"call", "webhook"}, {"what", "duplicate"}, {"nth", 1 + dice() % 3}},
                                       {{"call", "webhook"}, {"what", "ack_lost"}, {"nth", 4 + dice() % 3}}}));
  std::vector<Shopper> shoppers;
  for (int n = 0; n < kShoppers; ++n) shoppers.emplace_back(shop.port(), seed, n);
  std::atomic<int> shopping{kShoppers};
  std::vector<std::thread> threads;
  for (Shopper& shopper : shoppers)
    threads.emplace_back([&] {
      shopper.shop(rail_);
      --shopping;
    });
  for (int n = 0; n < kKills && shopping > 0; ++n) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + dice() % 350));
    shop.kill();
    if (dice() % 3 == 0) shop.start_and_kill(std::chrono::milliseconds(dice() % 250));
    EXPECT_TRUE(shop.start()) << shop.log();
  }
  for (auto& thread : threads) thread.join();
  judge_all(shop, shoppers);
  EXPECT_EQ(shop.stop(), 0);
  EXPECT_EQ(shop.verdict_on_the_books(), "");
  std::cerr << "seed " << seed << ": killed " << shop.kills() << " times, longest start "
            << shop.longest_start().count() << " ms\n";
  if (HasFailure()) std::cerr << shop.log();
}

TEST_F(Killed, nothing_acknowledged_is_lost_and_nothing_is_done_twice) {
  const int only = from_environment("PURSER_KILL_SEED", 0);
  const int seeds = only > 0 ? 1 : from_environment("PURSER_KILL_SEEDS", 3);
  for (int i = 1; i <= seeds && !HasFailure(); ++i) {
    const int seed = only > 0 ? only : i;
    SCOPED_TRACE("seed " + std::to_string(seed));
    play(seed);
  }
}

}  // namespace
}  // namespace purser::test
