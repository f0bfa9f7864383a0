// Three daemons on one PostgreSQL and one Redis while daemons are killed, stood still and started, backends are ended,
// the database restarts and Redis vanishes or falls silent. Judged from outside, when all is quiet: by what the rail
// was asked, by what the tables hold, and by what each customer read. PURSER_FLEET_SEEDS runs more than the few seeds
// of every day, PURSER_FLEET_SEED one.
#include "tests/support/postgres_server.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <random>
#include <signal.h>
#include <thread>

namespace purser::test {
namespace {

constexpr std::size_t kDaemons = 3;
constexpr int kCustomers = 6;
constexpr int kTroubles = 12;
const std::string kKey = "sk_test_fleet_fleet_fleet_fleet";

int number_of(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

class Fleet : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::installed()) GTEST_SKIP() << "no PostgreSQL: several daemons are not tested here";
    server_ = std::make_unique<PostgresServer>();
    url_ = server_->make_database();
    for (int& port : ports_) port = free_port();
    for (std::size_t n = 0; n < kDaemons; ++n) ASSERT_TRUE(start(n)) << daemons_[n]->child().errors();
  }

  bool start(std::size_t n) {
    auto environment = rail_.merchant();
    environment["PURSER_API_KEYS"] = "shop:" + kKey;
    const std::string address = "127.0.0.1:" + std::to_string(ports_.at(n));
    environment["PURSER_DATABASE_URL"] = url_;
    environment["PURSER_REDIS_URL"] = redis_.url();
    daemons_.at(n) = std::make_unique<ServeProcess>(
        std::vector<std::string>{"server.listen=" + address, "server.public_url=http://" + address,
                                 "intent.resolve_first_ms=300", "intent.resolve_max_ms=1000"},
        environment);
    return daemons_[n]->ready();
  }
  std::int64_t ask(const std::string& sql) { return std::stoll(server_->ask(url_, sql)); }
  std::string end_backends() {
    return server_->ask(url_,
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                        " AND datname = current_database()");
  }
  // A customer asks whichever daemon answers.
  template <class Try>
  bool insist(Customer& customer, std::mt19937& dice, Try attempt, int seconds = 100) {
    return eventually(
        [&] {
          if (attempt()) return true;
          customer.follow(ports_.at(dice() % kDaemons));
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          return false;
        },
        seconds);
  }
  void buy_pay_and_refund(int n, unsigned seed);
  void trouble(std::mt19937& dice, const std::atomic<int>& shopping);
  void drain();
  void judge();

  SandboxProcess rail_;
  RedisServer redis_;
  std::unique_ptr<PostgresServer> server_;
  std::string url_;
  std::array<int, kDaemons> ports_{};
  std::array<std::unique_ptr<ServeProcess>, kDaemons> daemons_;
};

bool told(const std::vector<Json>& messages, const std::string& type) {
  bool next = false;
  for (const Json& message : messages) {
    if (message.value("role", "") == "event") next = next || message.value("text", "").find(type) != std::string::npos;
    if (message.value("role", "") == "assistant" && next) return true;
  }
  return false;
}

// What the rail says is done when it is asked, as it does when it is asked again, the turn that asked tells by itself.
bool heard_in_its_turn(const std::vector<Json>& messages) {
  bool next = false;
  for (const Json& message : messages) {
    const std::string role = message.value("role", "");
    const Json answer = role == "tool" ? Json::parse(message.value("text", ""), nullptr, false) : Json();
    if (answer.is_object() && answer.contains("refunds"))
      next = next || answer["refunds"].at(0).value("state", "") == "succeeded";
    if (role == "assistant" && next) return true;
  }
  return false;
}

void Fleet::buy_pay_and_refund(int n, unsigned seed) {
  std::mt19937 dice(seed * 1'000 + static_cast<unsigned>(n));
  Customer customer(ports_.at(dice() % kDaemons), kKey, "fleet-" + std::to_string(seed) + "-" + std::to_string(n));
  EXPECT_TRUE(insist(customer, dice, [&] { return customer.open_thread(); }));
  PlainReply reply = customer.say("Two packs of Longjing tea, please.");
  ASSERT_TRUE(
      insist(customer, dice, [&] { return reply.status == 200 || (reply = customer.say_again()).status == 200; }))
      << reply.status << reply.body;
  const Json bought = reply.json();
  ASSERT_EQ(bought["intents"].size(), 1U) << reply.body;
  const std::string path = "/v1/intents/" + bought["intents"][0]["id"].get<std::string>();
  std::string number;
  ASSERT_TRUE(insist(customer, dice, [&] {
    const Json now = customer.get(path).json();
    if (!now.is_object() || now.value("state", "") != "awaiting_payment") return false;
    number = now["order"]["out_trade_no"];
    return true;
  })) << customer.get(path).body;
  rail_.control("pay", {{"out_trade_no", number}});
  ASSERT_TRUE(insist(customer, dice, [&] { return told(customer.messages(), "intent.succeeded"); }))
      << "the payment was never told";
  reply = customer.say("One pack is torn, please refund one Longjing tea.");
  ASSERT_TRUE(
      insist(customer, dice, [&] { return reply.status == 200 || (reply = customer.say_again()).status == 200; }))
      << reply.status << reply.body;
  EXPECT_TRUE(insist(customer, dice, [&] {
    const auto messages = customer.messages();
    return told(messages, "refund.succeeded") || heard_in_its_turn(messages);
  })) << "the refund was never told";
}

// Something every few hundred milliseconds while somebody shops; then it stops, and all that was begun must come to its
// end.
void Fleet::trouble(std::mt19937& dice, const std::atomic<int>& shopping) {
  for (int times = 0; times < kTroubles && shopping > 0; ++times) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200 + dice() % 600));
    const std::size_t n = dice() % kDaemons;
    switch (dice() % 8) {
      case 0:
      case 1:
        daemons_[n]->child().signal(SIGKILL);
        daemons_[n]->child().wait();
        EXPECT_TRUE(eventually([&] { return start(n); })) << daemons_[n]->child().errors();
        break;
      case 2:
        daemons_[n]->child().signal(SIGSTOP);
        std::this_thread::sleep_for(std::chrono::milliseconds(500 + dice() % 9'000));  // past every lease, at times
        daemons_[n]->child().signal(SIGCONT);
        break;
      case 3:
        daemons_[n]->child().signal(SIGTERM);
        EXPECT_EQ(daemons_[n]->child().wait(), 0);
        EXPECT_TRUE(eventually([&] { return start(n); })) << daemons_[n]->child().errors();
        break;
      case 4:
        end_backends();
        break;
      case 5:
        redis_.stop();
        std::this_thread::sleep_for(std::chrono::milliseconds(dice() % 1'000));
        redis_.start();
        break;
      case 6:
        redis_.freeze();
        std::this_thread::sleep_for(std::chrono::milliseconds(dice() % 1'000));
        redis_.thaw();
        break;
      default:
        server_->stop(dice() % 2 == 0);
        server_->start();
    }
  }
}

// What had fallen due, and what had come from the rail, when the trouble ended is done soon after it, though somebody
// still shops.
void Fleet::drain() {
  const auto begun = std::chrono::steady_clock::now();
  const std::string now = server_->ask(url_, "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)");
  const auto left = [&] {
    return ask("SELECT (SELECT count(*) FROM work WHERE due_at <= " + now + ") +" +
               " (SELECT count(*) FROM notifications WHERE NOT applied AND received_at <= " + now + ")");
  };
  EXPECT_TRUE(eventually([&] { return left() == 0; }, 60)) << server_->ask(
      url_, "SELECT string_agg(kind || ' ' || subject || ' ' || attempts, ', ') FROM work WHERE due_at <= " + now);
  const auto took = std::chrono::steady_clock::now() - begun;
  std::cerr << "drained after " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
}

void Fleet::judge() {
  // Nothing is left to do.
  EXPECT_TRUE(eventually([&] { return ask("SELECT count(*) FROM work WHERE kind <> 'expire_intent'") == 0; }, 30))
      << server_->ask(url_, "SELECT string_agg(kind || ' ' || subject, ', ') FROM work");
  EXPECT_EQ(ask("SELECT count(*) FROM turns WHERE state = 'running'"), 0);
  EXPECT_EQ(ask("SELECT count(*) FROM notifications WHERE NOT applied"), 0);

  // The rail's books and ours, to the fen: every capture and refund once.
  std::int64_t paid = 0;
  std::int64_t captured = 0;
  std::int64_t given_back = 0;
  const Json at_the_rail = rail_.read("orders");
  for (const Json& order : at_the_rail["orders"]) {
    if (order.value("trade_state", "") != "SUCCESS" && order.value("trade_state", "") != "REFUND") continue;
    const std::string number = order["out_trade_no"];
    ++paid;
    captured += ask("SELECT amount FROM intents WHERE state = 'succeeded' AND out_trade_no = '" + number + "'");
    EXPECT_EQ(order["refunds"].size(), 1U) << "one wish, one refund: " << order.dump();
    given_back += static_cast<std::int64_t>(order["refunds"].size());
  }
  EXPECT_EQ(paid, kCustomers) << at_the_rail.dump();
  EXPECT_EQ(static_cast<std::int64_t>(at_the_rail["orders"].size()), kCustomers) << "one wish, one order number";
  EXPECT_EQ(ask("SELECT count(*) FROM intents"), kCustomers);
  EXPECT_EQ(ask("SELECT count(*) FROM ledger WHERE kind <> 'refund'"), paid);
  EXPECT_EQ(ask("SELECT coalesce(sum(amount), 0) FROM ledger WHERE kind <> 'refund'"), captured);
  EXPECT_EQ(ask("SELECT count(*) FROM ledger WHERE kind = 'refund'"), given_back);
  EXPECT_EQ(ask("SELECT count(*) FROM intents WHERE refunded * 2 <> captured OR refund_reserved <> 0"), 0);
  // Each customer is told once of the payment, and by one event at most of the refund: the turn that asked may tell of
  // it too. Each event is answered by one reply.
  const auto events = [&](const std::string& type) {
    return ask("SELECT count(*) FROM messages WHERE role = 'event' AND convert_from(text, 'UTF8') LIKE '%\"" + type +
               "\"%'");
  };
  EXPECT_EQ(events("intent.succeeded"), kCustomers);
  EXPECT_LE(events("refund.succeeded"), kCustomers);
  EXPECT_EQ(ask("SELECT count(*) FROM turns WHERE state <> 'completed'"), 0);
  EXPECT_EQ(ask("SELECT count(*) FROM (SELECT turn_id FROM messages WHERE role = 'assistant' AND calls = '[]'"
                " GROUP BY turn_id HAVING count(*) <> 1) doubled"),
            0)
      << "one reply a turn";
  if (!HasFailure()) return;
  for (const auto& daemon : daemons_) std::cerr << daemon->child().errors() << "\n";
  for (const char* sql :
       {"SELECT id, thread_id, cause, state, token, started_at, ended_at FROM turns ORDER BY thread_id, row_no",
        "SELECT thread_id, turn_id, role, convert_from(text, 'UTF8'), calls FROM messages ORDER BY thread_id, seq",
        "SELECT thread_id, intent_id, out_refund_no, origin, state, created_at, due_at FROM refunds ORDER BY row_no",
        "SELECT scope, key, state, turn_id, created_at FROM idempotency ORDER BY created_at"})
    std::cerr << sql << "\n"
              << server_->ask(url_, "SELECT string_agg(CAST(t AS text), E'\\n') FROM (" + std::string(sql) + ") t")
              << "\n";
}

TEST_F(Fleet, nothing_is_lost_or_done_twice) {
  const int only = number_of("PURSER_FLEET_SEED", 0);
  const int seeds = only > 0 ? 1 : number_of("PURSER_FLEET_SEEDS", 2);
  for (int i = 0; i < seeds; ++i) {
    const auto seed = static_cast<unsigned>(only > 0 ? only : i + 1);
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cerr << "seed " << seed << "\n";
    if (i > 0) {
      // A fresh database and a fresh rail's memory; the daemons are started anew.
      for (auto& daemon : daemons_) daemon.reset();
      rail_.control("reset", Json::object());
      url_ = server_->make_database();
      for (std::size_t n = 0; n < kDaemons; ++n) ASSERT_TRUE(start(n)) << daemons_[n]->child().errors();
    }
    std::atomic<int> shopping{kCustomers};
    std::vector<std::thread> customers;
    for (int n = 0; n < kCustomers; ++n) {
      customers.emplace_back([&, n] {
        buy_pay_and_refund(n, seed);
        --shopping;
      });
    }
    std::mt19937 dice(seed);
    trouble(dice, shopping);
    drain();
    for (auto& customer : customers) customer.join();
    judge();
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace purser::test
