// What a big shop costs: the memory of 100,000 threads that await their payment, the expiry of 10,000 of them within
// one second, the start beside a million finished payments, and a turn beside a million threads against one beside a
// thousand. All of the real daemon on SQLite, the simulated rail beside it; the marks are those of the README.
// PURSER_SCALE_THREADS makes the million smaller; the program takes the parts as arguments: memory, expiry, start.
#include "tests/support/many_threads.hpp"
#include "tests/support/shop.hpp"
#include "tests/support/sqlite_file.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace purser::test {
namespace {

using std::chrono::steady_clock;

constexpr std::int64_t kAwaiting = 100'000;
constexpr std::int64_t kExpiring = 10'000;
constexpr std::int64_t kFew = 1'000;
constexpr std::int64_t kWarm = 100;
// The marks.
constexpr std::int64_t kAwaitingMbMax = 100;
constexpr std::int64_t kStartMsMax = 2'000;
constexpr std::int64_t kTurnPercentMax = 130;
constexpr std::int64_t kHoldMsMax = 100;

const std::string kScaleKey = "sk_test_scale_scale_scale_scale";
const std::string kOrder = "Two packs of Longjing tea, please.";

std::int64_t many() {
  const char* text = std::getenv("PURSER_SCALE_THREADS");
  return text == nullptr ? 1'000'000 : std::max<std::int64_t>(std::atoll(text), kFew);
}

std::int64_t us_since(steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - start).count();
}

// The value that `percent` of all are not above.
std::int64_t percentile(std::vector<std::int64_t> values, std::size_t percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

UtcTime wall_in(std::chrono::seconds from_now) {
  return from_millis(
      std::chrono::duration_cast<Millis>((std::chrono::system_clock::now() + from_now).time_since_epoch()).count());
}

// A database of many threads and the daemon on it.
class Shop {
 public:
  Shop(const SandboxProcess& rail, ManyThreads threads, std::vector<std::string> sets = {})
      : environment_(rail.merchant()), sets_(std::move(sets)) {
    environment_["PURSER_API_KEYS"] = "shop:" + kScaleKey;
    environment_["PURSER_LOG_LEVEL"] = "error";
    threads.ordered_at = wall_in(std::chrono::seconds(-60));
    const auto began = steady_clock::now();
    write_many_threads(file(), threads);
    if (threads.finished + threads.awaiting > kFew)
      std::cout << "          (" << threads.finished + threads.awaiting << " threads written in "
                << us_since(began) / 1'000'000 << " s)\n";
  }

  // Until it takes traffic, in ms.
  std::int64_t start() {
    serve_.reset();
    auto sets = sets_;
    sets.insert(sets.end(),
                {"database.url=sqlite://" + file(), "limits.turns_per_user=0", "intent.tenant_hour_max=100000000",
                 "intent.user_hour_max=1000000", "intent.tenant_cancels_day_max=100000000"});
    const auto began = steady_clock::now();
    serve_ = std::make_unique<ServeProcess>(std::move(sets), environment_);
    if (!serve_->ready()) throw std::runtime_error(serve_->child().errors());
    while (plain_http(serve_->admin_port(), "GET", "/readyz").status != 200) continue;
    return us_since(began) / 1'000;
  }
  void kill() {
    serve_->child().signal(SIGKILL);
    serve_->child().wait();
  }

  // Something said in old thread `n`; microseconds, 0 when it was not answered with 200.
  std::int64_t say(std::int64_t n, const std::string& text) {
    const auto began = steady_clock::now();
    return said(n, text).status == 200 ? std::max<std::int64_t>(us_since(began), 1) : 0;
  }
  // Orders in old thread `n`, pays, and waits until the payment is known here; microseconds from the paying on.
  std::int64_t pay(std::int64_t n, const SandboxProcess& rail) {
    Json row = ordered(n);
    if (row.is_null()) return 0;
    const auto began = steady_clock::now();
    rail.control("pay", {{"out_trade_no", row["order"]["out_trade_no"]}});
    const std::string path = "/v1/intents/" + row["id"].get<std::string>();
    const bool known = eventually(
        [&] {
          const Json now = plain_http(port(), "GET", path, {{"Authorization", "Bearer " + kScaleKey}}).json();
          return now.is_object() && now.value("state", "") == "succeeded";
        },
        60);
    return known ? us_since(began) : 0;
  }
  // How long nothing at all was answered: a page that needs the loop alone.
  std::int64_t ping() const {
    const auto began = steady_clock::now();
    return plain_http(serve_->admin_port(), "GET", "/healthz").status == 200 ? us_since(began) : 0;
  }

  std::int64_t rss_kb() const {
    std::ifstream status("/proc/" + std::to_string(serve_->child().pid()) + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmRSS:")) return std::atoll(line.substr(6).c_str());
    return 0;
  }
  // Processor time used so far, in ticks of the system.
  std::int64_t cpu_ticks() const {
    std::ifstream stat("/proc/" + std::to_string(serve_->child().pid()) + "/stat");
    std::string all;
    std::getline(stat, all);
    std::istringstream fields(all.substr(all.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    std::int64_t user = 0;
    std::int64_t system = 0;
    fields >> user >> system;
    return user + system;
  }
  std::int64_t count(const std::string& what) const {
    return std::stoll(RawSqlite(file()).column("SELECT count(*) FROM " + what).at(0));
  }
  std::string file() const { return folder_.file("purser.db"); }
  Json ordered(std::int64_t n) {
    const Json turn = said(n, kOrder).json();
    return turn.is_object() && turn.contains("intents") && !turn["intents"].empty() ? turn["intents"][0] : Json();
  }
  int port() const { return serve_->port(); }
  std::int64_t refused() const { return refused_; }

 private:
  PlainReply said(std::int64_t n, const std::string& text) {
    PlainReply reply = plain_http(serve_->port(), "POST", "/v1/threads/" + thread_id_of(n) + "/turns",
                                  {{"Authorization", "Bearer " + kScaleKey},
                                   {"Content-Type", "application/json"},
                                   {"Idempotency-Key", "scale-" + std::to_string(++said_)}},
                                  Json({{"text", text}}).dump());
    if (reply.status != 200 && ++refused_ == 1) std::cerr << reply.status << " " << reply.body << "\n";
    return reply;
  }

  TempFolder folder_;
  std::map<std::string, std::string> environment_;
  std::vector<std::string> sets_;
  std::unique_ptr<ServeProcess> serve_;
  std::atomic<int> said_{0};
  std::atomic<std::int64_t> refused_{0};
};

class Bench {
 public:
  void memory();
  void expiry();
  void start_and_turns();
  int verdict() const {
    std::cout << figures_.dump() << "\n" << (met_ ? "every mark is met\n" : "a mark is missed\n");
    return met_ ? 0 : 1;
  }

 private:
  void mark(const std::string& what, std::int64_t figure, std::int64_t at_most, const std::string& unit) {
    const bool met = figure <= at_most;
    met_ = met_ && met;
    figures_[what] = figure;
    std::cout << (met ? "  met     " : "  MISSED  ") << what << ": " << figure << " " << unit << ", at most " << at_most
              << "\n";
  }
  void tell(const std::string& what, std::int64_t figure, const std::string& unit) {
    figures_[what] = figure;
    std::cout << "          " << what << ": " << figure << " " << unit << "\n";
  }

  SandboxProcess rail_{{"--close-unknown"}};
  Json figures_ = {{"bench", "scale"}};
  bool met_ = true;
};

// Two daemons after the same start and the same talk, one of them with a hundred thousand threads that wait.
void Bench::memory() {
  std::cout << "memory of " << kAwaiting << " threads that await their payment\n";
  const std::vector<std::string> calm = {"intent.resolve_first_ms=3600000", "intent.resolve_max_ms=3600000"};
  ManyThreads few;
  few.finished = kFew;
  ManyThreads waiting = few;
  waiting.awaiting = kAwaiting;
  waiting.expire_from = wall_in(std::chrono::hours(1));
  waiting.expire_within = std::chrono::minutes(5);
  Shop empty(rail_, few, calm);
  Shop full(rail_, waiting, calm);
  for (Shop* shop : {&empty, &full}) {
    shop->start();
    for (std::int64_t n = 1; n <= kWarm; ++n) shop->say(n, kOrder);
  }
  tell("rss_kb_without", empty.rss_kb(), "KB");
  tell("rss_kb_with", full.rss_kb(), "KB");
  mark("awaiting_mb", (full.rss_kb() - empty.rss_kb()) / 1'024, kAwaitingMbMax, "MB");
  // What each thread leaves behind that came while it ran.
  const std::int64_t before = empty.rss_kb();
  for (std::int64_t n = kWarm + 1; n <= kFew / 2; ++n) empty.say(n, kOrder);
  tell("rss_bytes_a_live_thread", (empty.rss_kb() - before) * 1'024 / (kFew / 2 - kWarm), "bytes");
}

void Bench::expiry() {
  std::cout << "expiry of " << kExpiring << " within one second\n";
  ManyThreads threads;
  threads.finished = kFew;
  threads.awaiting = kExpiring;
  threads.expire_from = wall_in(std::chrono::seconds(12));
  threads.expire_within = std::chrono::seconds(1);
  Shop shop(rail_, threads);
  shop.start();
  const auto ping_until = [&](const std::function<bool()>& done) {
    std::vector<std::int64_t> took;
    while (!done()) {
      for (int i = 0; i < 100; ++i) {
        took.push_back(shop.ping());
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    return took;
  };
  // As it is without, with a customer who talks all the time; then the same while they expire.
  std::atomic<bool> talking{true};
  std::atomic<bool> busy{false};
  std::vector<std::int64_t> calm_turns;
  std::vector<std::int64_t> busy_turns;
  std::thread customer([&] {
    for (std::int64_t n = 1; talking; n = n % (kFew / 2) + 1) {
      const std::int64_t took = shop.say(n, "What do you have?");
      (busy ? busy_turns : calm_turns).push_back(took);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  std::vector<std::int64_t> calm_payments;
  std::vector<std::int64_t> busy_payments;
  std::thread payer([&] {
    for (std::int64_t n = kFew / 2 + 1; talking && n <= kFew; ++n) {
      const bool then = busy;
      const std::int64_t took = shop.pay(n, rail_);
      (then ? busy_payments : calm_payments).push_back(took);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  const auto calm = ping_until([&] { return wall_in(std::chrono::seconds(0)) >= threads.expire_from; });
  busy = true;
  const auto began = steady_clock::now();
  const auto pings = ping_until([&] { return shop.count("work") == 0; });
  const std::int64_t all_ms = us_since(began) / 1'000;
  busy = false;
  talking = false;
  customer.join();
  payer.join();
  tell("all_expired_and_told_ms", all_ms, "ms");
  tell("calm_answer_us_p99", percentile(calm, 99), "us");
  tell("calm_turn_us_p50", percentile(calm_turns, 50), "us");
  tell("busy_turn_us_p50", percentile(busy_turns, 50), "us");
  tell("busy_turn_us_p99", percentile(busy_turns, 99), "us");
  tell("calm_payment_known_us_p50", percentile(calm_payments, 50), "us");
  tell("busy_payment_known_us_p50", percentile(busy_payments, 50), "us");
  tell("busy_payment_known_us_p100", percentile(busy_payments, 100), "us");
  tell("busy_payments", static_cast<std::int64_t>(busy_payments.size()), "payments");
  tell("busy_turns", static_cast<std::int64_t>(busy_turns.size()), "turns");
  tell("expired", shop.count("intents WHERE state = 'expired'"), "intents");
  // The longest of all may be the machine's doing; one in a hundred is not.
  tell("longest_answer_ms", percentile(pings, 100) / 1'000, "ms");
  mark("busy_answer_ms_p99", percentile(pings, 99) / 1'000, kHoldMsMax, "ms");
  mark("turns_refused", shop.refused(), 0, "turns");
}

void Bench::start_and_turns() {
  const std::int64_t threads = many();
  std::cout << "start beside " << threads << " finished payments, and a turn beside " << kFew
            << " and beside as many\n";
  ManyThreads few;
  few.finished = kFew;
  ManyThreads lots;
  lots.finished = threads;
  Shop small(rail_, few);
  Shop big(rail_, lots);
  std::vector<std::int64_t> starts;
  std::vector<std::int64_t> small_starts;
  for (int i = 0; i < 5; ++i) {
    small_starts.push_back(small.start());
    starts.push_back(big.start());
    big.say(i + 1, kOrder);
    small.say(i + 1, kOrder);
    if (i == 4) break;
    big.kill();  // the next start also recovers
    small.kill();
  }
  tell("start_ms_beside_few", percentile(small_starts, 50), "ms");
  tell("start_ms_beside_many", percentile(starts, 50), "ms");
  mark("start_ms", percentile(starts, 100), kStartMsMax, "ms");

  // In turns, so that what else the machine does falls on both.
  constexpr int kRounds = 60;
  constexpr int kTurns = 10;
  std::mt19937_64 dice(7);
  std::int64_t next_small = 6;  // each thread once: a second order in it would be another turn
  std::vector<std::int64_t> ratios;
  std::vector<std::int64_t> small_us;
  std::vector<std::int64_t> big_us;
  std::int64_t cpu_small = -small.cpu_ticks();
  std::int64_t cpu_big = -big.cpu_ticks();
  for (int round = 0; round < kRounds; ++round) {
    const auto talk = [&](Shop& shop, const std::function<std::int64_t()>& next) {
      std::vector<std::int64_t> took;
      for (int i = 0; i < kTurns; ++i) took.push_back(shop.say(next(), i % 2 == 0 ? kOrder : "How is my order?"));
      return percentile(took, 50);
    };
    small_us.push_back(talk(small, [&] { return next_small++; }));
    big_us.push_back(
        talk(big, [&] { return 6 + static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(threads - 5)); }));
    ratios.push_back(big_us.back() * 100 / std::max<std::int64_t>(small_us.back(), 1));
  }
  cpu_small += small.cpu_ticks();
  cpu_big += big.cpu_ticks();
  tell("turn_us_beside_few", percentile(small_us, 50), "us");
  tell("turn_us_beside_many", percentile(big_us, 50), "us");
  tell("cpu_percent", cpu_big * 100 / std::max<std::int64_t>(cpu_small, 1), "% of the processor time beside few");
  mark("turn_percent", percentile(ratios, 50), kTurnPercentMax, "%");
  mark("turns_refused_beside_many", big.refused() + small.refused(), 0, "turns");
}

}  // namespace
}  // namespace purser::test

int main(int argc, char** argv) {
  std::cout << std::unitbuf;
  const std::vector<std::string> parts(argv + 1, argv + argc);
  const auto wanted = [&](const char* part) {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  };
  purser::test::Bench bench;
  if (wanted("memory")) bench.memory();
  if (wanted("expiry")) bench.expiry();
  if (wanted("start")) bench.start_and_turns();
  return bench.verdict();
}
