// What a store's commit costs beside a bare loop of inserts on the same engine in the same minute: SQLite in a file,
// PostgreSQL on a socket, both as durable as they are in service. Prints JSON:
//   bare    inserts a second of one row, each a transaction of its own, one connection
//   lone    commits a second with one at a time
//   group   commits a second with 64 at a time, which share transactions; at least half of bare (the bar)
// A commit is what a small turn leaves: a message and an event of a thread, with their links in the record. Each round
// measures one after the other; figures are medians. Exits with 1 when the bar is missed.
#include "gateway/async/system_clock.hpp"
#include "gateway/log.hpp"
#include "gateway/store/open/open.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <postgresql/libpq-fe.h>
#include <stdexcept>
#include <vector>

namespace purser {
namespace {

using nlohmann::ordered_json;
using Seconds = std::chrono::duration<double>;

constexpr int kRounds = 5;
constexpr int kThreads = 64;
constexpr int kBare = 400;  // of a round
constexpr int kLone = 200;
constexpr int kGrouped = 3'000;
constexpr double kBar = 0.5;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

double per_second(int times, const std::function<void()>& work) {
  const auto before = std::chrono::steady_clock::now();
  work();
  return times / Seconds(std::chrono::steady_clock::now() - before).count();
}

class Commits {
 public:
  explicit Commits(const std::string& url) {
    StoreSettings where;
    where.url = Secret(url);
    store_ = std::move(open_store(where, clock_).value());
    all(kThreads, kThreads, [](int n) {
      Batch batch("thread");
      batch.add(op::InsertThread{test::make_thread(n + 1)});
      return batch;
    });
  }

  double rate(int at_once, int times) {
    return per_second(times, [&] { all(at_once, times, [this](int n) { return small_turn(n); }); });
  }

 private:
  using Make = std::function<Batch(int)>;

  void all(int at_once, int times, const Make& make) {
    int begun = 0;
    int left = at_once;
    for (int i = 0; i < at_once; ++i) {
      asio::co_spawn(loop_, some(begun, times, make), [this, &left](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
        if (--left == 0) loop_.stop();
      });
    }
    loop_.restart();
    loop_.run();
  }
  Task<void> some(int& begun, int times, const Make& make) {
    while (begun < times) {
      Batch batch = make(begun++);
      auto done = co_await store_->commit(std::move(batch));
      if (!done) throw std::runtime_error(done.error().message);
    }
  }
  Batch small_turn(int n) {
    const Thread thread = test::make_thread(n % kThreads + 1);
    Batch batch("turn");
    batch.add(op::AppendMessage{test::make_message(++rows_, test::make_turn(n % kThreads + 1, thread))});
    batch.add(op::AppendEvent{test::make_event(rows_, thread)});
    return batch;
  }

  SystemClock clock_;
  asio::io_context loop_{1};
  std::unique_ptr<Store> store_;
  int rows_ = 0;
};

const char* const kTable = "CREATE TABLE bare (id BIGINT PRIMARY KEY, body TEXT NOT NULL)";
const std::string kInsert = "INSERT INTO bare VALUES (";

double bare_sqlite(const std::string& file) {
  sqlite3* db = nullptr;
  if (sqlite3_open(file.c_str(), &db) != SQLITE_OK) throw std::runtime_error("no bare database");
  const auto say = [db](const std::string& sql) {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(db));
    }
  };
  say("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; DROP TABLE IF EXISTS bare");
  say(kTable);
  const double rate = per_second(kBare, [&] {
    for (int n = 0; n < kBare; ++n) say(kInsert + std::to_string(n) + ", 'two packs of tea')");
  });
  sqlite3_close(db);
  return rate;
}

double bare_postgres(const std::string& url) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> db(PQconnectdb(url.c_str()), &PQfinish);
  const auto say = [&db](const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> done(PQexec(db.get(), sql.c_str()), &PQclear);
    if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(db.get()));
  };
  PQsetNoticeProcessor(
      db.get(), [](void*, const char*) {}, nullptr);
  say("DROP TABLE IF EXISTS bare");
  say(kTable);
  return per_second(kBare, [&] {
    for (int n = 0; n < kBare; ++n) say(kInsert + std::to_string(n) + ", 'two packs of tea')");
  });
}

ordered_json measure(const std::string& url, const std::function<double()>& bare_loop) {
  Commits commits(url);
  std::vector<double> bare;
  std::vector<double> lone;
  std::vector<double> group;
  for (int round = 0; round < kRounds; ++round) {
    bare.push_back(bare_loop());
    lone.push_back(commits.rate(1, kLone));
    group.push_back(commits.rate(kThreads, kGrouped));
  }
  const double base = median(bare);
  return {{"bare", base},
          {"lone", median(lone)},
          {"group", median(group)},
          {"lone_of_bare", median(lone) / base},
          {"group_of_bare", median(group) / base},
          {"ok", median(group) / base >= kBar}};
}

int run_commits() {
  (void)log::configure(LogSettings{.level = "error"});
  ordered_json out;
  test::TempFolder folder;
  out["sqlite"] = measure("sqlite://" + folder.file("purser.db"), [&] { return bare_sqlite(folder.file("bare.db")); });
  if (test::PostgresServer::installed()) {
    test::PostgresServer server;
    const std::string bare = server.make_database();
    out["postgresql"] = measure(server.make_database(), [&] { return bare_postgres(bare); });
  }
  std::cout << out.dump(1) << "\n";
  return std::ranges::all_of(out, [](const auto& store) { return store["ok"].template get<bool>(); }) ? 0 : 1;
}

}  // namespace
}  // namespace purser

int main() {
  return purser::run_commits();
}
