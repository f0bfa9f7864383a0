// `purser erase`: a user's words out of the database, after a copy of them was written where one is wanted. Beside a
// running daemon is fine: each conversation is one transaction.
#include "agent/app/commands.hpp"
#include "agent/retention/eraser.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/store/open/open.hpp"
#include "gateway/store/row_codec.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace purser {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kThreadsAtOnce = 100;
constexpr std::int64_t kRowsAtMost = 1'000'000;

std::string line_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json view(const Message& row) {
  ordered_json calls = ordered_json::array();
  for (const ToolCall& call : row.calls)
    calls.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  return {{"id", row.id.str()},
          {"role", to_string(row.role)},
          {"text", row.text},
          {"calls", std::move(calls)},
          {"cards", ordered_json::parse(row.cards_json, nullptr, false)},
          {"at", format_time(row.at)}};
}

Task<Result<std::string>> archived(Store& store, Thread row) {
  auto messages = co_await store.messages(row.id, 0, kRowsAtMost);
  if (!messages) co_return messages.error();
  auto intents = co_await store.intents_of_thread(row.id, kRowsAtMost);
  if (!intents) co_return intents.error();
  auto refunds = co_await store.refunds_of_thread(row.id, kRowsAtMost);
  if (!refunds) co_return refunds.error();
  ordered_json out{{"thread", row.id.str()},
                   {"tenant", row.tenant.str()},
                   {"user", row.user.str()},
                   {"openid", row.openid},
                   {"metadata", ordered_json::parse(row.metadata_json, nullptr, false)},
                   {"created_at", format_time(row.created_at)},
                   {"messages", ordered_json::array()},
                   {"payments", ordered_json::array()},
                   {"refunds", ordered_json::array()}};
  for (const Message& one : *messages) out["messages"].push_back(view(one));
  for (const PaymentIntent& one : *intents)
    out["payments"].push_back({{"id", one.id.str()},
                               {"out_trade_no", one.order.out_trade_no.str()},
                               {"state", to_string(one.state)},
                               {"description", one.description},
                               {"captured", one.captured.minor()},
                               {"refunded", one.refunded.minor()},
                               {"payer_openid", one.order.payer_openid}});
  for (const Refund& one : *refunds)
    out["refunds"].push_back({{"id", one.id.str()},
                              {"out_refund_no", one.out_refund_no.str()},
                              {"state", to_string(one.state)},
                              {"amount", one.amount.minor()},
                              {"reason", one.reason}});
  co_return line_of(out);
}

// For its owner alone, and durable before anything is erased.
Result<void> write_new(const std::string& path, const std::string& text) {
  const auto cannot = [&] { return Error(Errc::config_unreadable, "cannot write " + path, "--archive"); };
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return cannot();
  std::size_t done = 0;
  while (done < text.size()) {
    const auto wrote = ::write(file, text.data() + done, text.size() - done);
    if (wrote <= 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  const bool kept = done == text.size() && ::fsync(file) == 0;
  return ::close(file) == 0 && kept ? success() : cannot();
}

Task<Result<void>> archive(Store& store, EraseCommand command) {
  std::string text;
  ThreadId after;
  const TenantId tenant = TenantId::trusted(command.tenant);
  const UserId user = UserId::trusted(command.user);
  for (;;) {
    auto threads = co_await store.threads_of_user(tenant, user, after, kThreadsAtOnce);
    if (!threads) co_return threads.error();
    for (Thread& row : *threads) {
      after = row.id;
      auto line = co_await archived(store, std::move(row));
      if (!line) co_return line.error();
      text += *line;
    }
    if (std::ssize(*threads) < kThreadsAtOnce) break;
  }
  co_return write_new(command.archive, text);
}

int report(const EraseCommand& command, const Eraser::Outcome& outcome) {
  if (command.json) {
    ordered_json erased = ordered_json::array();
    for (const ThreadId& id : outcome.erased) erased.push_back(id.str());
    ordered_json left = ordered_json::array();
    for (const Eraser::Left& one : outcome.left) left.push_back({{"thread", one.thread.str()}, {"why", one.why}});
    std::cout << ordered_json{{"erased", std::move(erased)}, {"left", std::move(left)}}.dump(2) << "\n";
  } else {
    std::cout << "erased: " << outcome.erased.size() << " conversations\n";
    for (const Eraser::Left& one : outcome.left)
      std::cout << "left: " << one.thread.str() << "  not settled: " << one.why << "\n";
  }
  return outcome.left.empty() ? 0 : 1;
}

Task<int> run(Store& store, Clock& clock, EraseCommand command) {
  if (!command.archive.empty()) {
    auto kept = co_await archive(store, command);
    if (!kept) {
      std::cerr << "purser erase: " << kept.error().message << "\n";
      co_return 1;
    }
  }
  Eraser eraser({store, clock, nullptr});
  auto done = co_await eraser.erase_user(TenantId::trusted(command.tenant), UserId::trusted(command.user));
  if (!done) {
    std::cerr << "purser erase: " << done.error().message << "\n";
    co_return 1;
  }
  co_return report(command, *done);
}

}  // namespace

int erase(const EraseCommand& command) {
  const LoadedSettings loaded = load_settings(command.sources);
  if (!loaded.ok()) {
    std::cerr << report_text(loaded);
    return 2;
  }
  const auto file = parse_sqlite_url(loaded.settings.store.url.reveal());
  if (file && !std::filesystem::exists(*file)) {
    std::cerr << "purser erase: there is no database " << *file << "\n";
    return 1;
  }
  SystemClock clock;
  asio::io_context loop(1);
  auto store = open_store(loaded.settings.store, clock);
  if (!store) {
    std::cerr << "purser erase: " << store.error().message << "\n";
    return 1;
  }
  int code = 1;
  asio::co_spawn(loop, run(**store, clock, command), [&](std::exception_ptr error, int result) {
    code = error ? 1 : result;
    loop.stop();  // a store that has written goes on looking after its log
  });
  loop.run();
  store->reset();
  return code;
}

}  // namespace purser
