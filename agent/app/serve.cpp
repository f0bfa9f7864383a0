#include "agent/app/commands.hpp"
#include "agent/app/daemon.hpp"
#include "agent/app/key_reload.hpp"
#include "agent/app/process.hpp"
#include "agent/app/service_manager.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/linked_libraries.hpp"
#include "gateway/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <iostream>

namespace purser {

namespace {

Task<int> run(asio::any_io_executor executor, SystemClock& clock, Settings settings, DaemonOptions options,
              ServiceManager manager, SettingsSources sources) {
  const bool sandbox_warned = settings.wechat.mchid.empty();
  const bool chat = options.demo_chat;
  asio::signal_set signals(executor, SIGTERM, SIGINT);
  // From the beginning, too: one that comes during the start waits for it instead of ending the process.
  asio::signal_set hangup(executor, SIGHUP);
  auto daemon = Daemon::make(executor, clock, std::move(settings), std::move(options));
  Result<void> started = daemon ? success() : Result<void>(daemon.error());
  if (started) started = co_await (*daemon)->start();
  if (!started) {
    std::cerr << "purser serve: " << started.error().message << "\n";
    co_return 1;
  }
  if (sandbox_warned)
    log::warn("rail.sandbox",
              {{"message", "no merchant account is configured: payments go to the built-in sandbox, no money moves"}});
  for (const std::string& fault : known_bad(linked_libraries())) log::warn("library.known_bad", {{"what", fault}});
  give_back_start_up_memory();
  const auto report = [](std::string_view name, std::exception_ptr error) {
    log::error("task.threw", {{"task", name}, {"what", what_of(error)}});
  };
  TaskGroup watched(executor, clock, report);
  const UseKeys use_keys = [&running = **daemon](const Settings& read) { return running.reload_keys(read); };
  (void)watched.spawn("keys.hangup", reload_keys_on_hangup(use_keys, hangup, sources));
  (void)watched.spawn("keys.change", reload_keys_on_change(use_keys, clock, sources));
  std::cout << "ready " << (*daemon)->url() << " admin " << (*daemon)->admin_url();
  if (!(*daemon)->made_key().empty()) std::cout << " key " << (*daemon)->made_key();
  if (chat) std::cout << " chat " << (*daemon)->url() << "/chat";
  std::cout << std::endl;
  manager.tell("READY=1");
  (void)watched.spawn("watchdog", manager.keep_alive(clock));
  const int number = co_await signals.async_wait(asio::use_awaitable);
  log::info("daemon.stopping", {{"signal", number}});
  manager.tell("STOPPING=1");
  // A second signal is for the impatient: the default action ends the process, and the next start repairs what was cut.
  signals.clear();
  co_await (*daemon)->stop();
  co_await watched.stop(Clock::duration(0));
  log::info("daemon.stopped");
  co_return 0;
}

}  // namespace

int serve(const ServeCommand& command) {
  (void)std::signal(SIGHUP, SIG_IGN);   // there is nothing to reload before the keys have been read
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is a full disk, not the end of the process
  LoadedSettings loaded = load_settings(command.sources);
  if (!loaded.ok()) {
    std::cerr << report_text(loaded);
    return 2;
  }
  if (auto logging = log::configure(loaded.settings.log); !logging) {
    std::cerr << "purser serve: " << logging.error().message << "\n";
    return 2;
  }
  for (const auto& warning : loaded.warnings)
    log::warn("config.warning", {{"source", warning.source}, {"key", warning.key}, {"rule", warning.rule}});
  keep_secrets_out_of_core_dumps();
  if (auto made = make_state_folder(loaded.state_folder); !made) {
    std::cerr << "purser serve: " << made.error().message << "\n";
    return 1;
  }
  DaemonOptions options;
  options.demo_chat = command.demo_chat;
  options.environment = command.sources.environment;
  const auto failpoint = command.sources.environment.find("PURSER_FAILPOINT");
  if (failpoint != command.sources.environment.end()) options.failpoint = failpoint->second;
  const auto folder = command.sources.environment.find("PURSER_SANDBOX_CREDENTIALS");
  if (folder != command.sources.environment.end()) options.sandbox_folder = folder->second;

  SystemClock clock;
  int code = 1;
  asio::io_context loop(1);
  asio::co_spawn(loop,
                 run(loop.get_executor(), clock, std::move(loaded.settings), std::move(options),
                     ServiceManager(command.sources.environment), command.sources),
                 [&](std::exception_ptr error, int result) {
                   code = error ? 1 : result;
                   if (error) log::error("daemon.bug", {{"what", what_of(error)}});
                 });
  loop.run();
  return code;
}

}  // namespace purser
