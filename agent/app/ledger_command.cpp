// `purser ledger verify` and `purser ledger export`: the books without the daemon. Reading beside a running daemon is
// fine; the store's file may be shared.
#include "agent/app/commands.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/store/audit_chain.hpp"
#include "gateway/store/open/open.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <iostream>
#include <vector>

namespace purser {

namespace {

constexpr std::int64_t kPage = 1'000;

// `missing`: guards that the database has not.
Task<int> verify(Store& store, std::vector<std::string> missing, bool as_json) {
  auto verdict = co_await store.verify_ledger();
  if (as_json) {
    nlohmann::ordered_json out = {{"ok", verdict.ok()}};
    if (!verdict) {
      out["row"] = verdict.error().param;
      out["message"] = verdict.error().message;
    }
    if (!missing.empty()) out["missing_guards"] = missing;
    std::cout << out.dump(2) << "\n";
  } else if (verdict) {
    std::cout << "the ledger and the record of every conversation hold\n";
  } else {
    std::cout << "does not hold: " << verdict.error().message << "\n";
  }
  for (std::size_t i = 0; i < missing.size() && !as_json; ++i) {
    std::cout << "this database does not guard " << missing[i] << "\n";
  }
  co_return verdict ? 0 : 1;
}

Task<int> export_thread(Store& store, ThreadId thread) {
  std::int64_t after = 0;
  for (;;) {
    auto rows = co_await store.audit(thread, after, kPage);
    if (!rows) {
      std::cerr << "purser ledger: " << rows.error().message << "\n";
      co_return 1;
    }
    for (const AuditRow& row : *rows) std::cout << audit::line_of(row) << "\n";
    if (after == 0 && rows->empty()) {
      std::cerr << "purser ledger: no conversation " << thread.str() << " is on record\n";
      co_return 1;
    }
    if (static_cast<std::int64_t>(rows->size()) < kPage) break;
    after = rows->back().seq;
  }
  co_return 0;
}

}  // namespace

int ledger(const LedgerCommand& command) {
  const LoadedSettings loaded = load_settings(command.sources);
  if (!loaded.ok()) {
    std::cerr << report_text(loaded);
    return 2;
  }
  if (!command.verify && command.thread.empty()) {
    std::cerr << "purser ledger export: name a thread with --thread\n";
    return 2;
  }
  // Opening would make it, and an empty book holds.
  const auto file = parse_sqlite_url(loaded.settings.store.url.reveal());
  if (file && !std::filesystem::exists(*file)) {
    std::cerr << "purser ledger: there is no database " << *file << "\n";
    return 1;
  }
  SystemClock clock;
  asio::io_context loop(1);
  auto store = open_store(loaded.settings.store, clock);
  if (!store) {
    std::cerr << "purser ledger: " << store.error().message << "\n";
    return 1;
  }
  auto missing = missing_guards(loaded.settings.store);
  if (!missing) {
    std::cerr << "purser ledger: " << missing.error().message << "\n";
    return 1;
  }
  int code = 1;
  auto task = command.verify ? verify(**store, *missing, command.json)
                             : export_thread(**store, ThreadId::trusted(command.thread));
  asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error, int result) { code = error ? 1 : result; });
  loop.run();
  store->reset();
  return code;
}

}  // namespace purser
