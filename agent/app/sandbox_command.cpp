#include "agent/app/commands.hpp"
#include "agent/app/process.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/http/client.hpp"
#include "gateway/log.hpp"
#include "gateway/sandbox/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <iostream>

namespace purser {

namespace {

constexpr std::chrono::seconds kGrace{5};

Result<sandbox::SandboxCredentials> credentials_for(const SandboxCommand& command, UtcTime now) {
  if (command.credentials.empty()) return sandbox::SandboxCredentials::generate(sandbox::KeyPlan::portable(), now);
  return sandbox::SandboxCredentials::load_or_generate(command.credentials, now);
}

Task<Result<void>> run(asio::any_io_executor executor, SystemClock& clock, SandboxCommand command) {
  asio::signal_set signals(executor, SIGTERM, SIGINT);
  auto client = http::make_client(executor, clock, http::ClientLimits(), "");
  if (!client) co_return client.error();
  auto credentials = credentials_for(command, clock.wall());
  if (!credentials) co_return credentials.error();
  crypto::SystemMint mint(credentials->apiv3_key);
  sandbox::SandboxOptions options;
  options.listen = command.listen;
  options.settings = command.settings;
  sandbox::Sandbox rail(executor, clock, **client, mint, std::move(*credentials), std::move(options));
  auto listening = rail.listen();
  if (!listening) co_return listening;
  if (!command.credentials.empty()) {
    auto written = rail.credentials().write_to(command.credentials, rail.base_url());
    if (!written) co_return written;
  }
  const auto report = [](std::string_view name, std::exception_ptr error) {
    log::error("task.threw", {{"task", name}, {"what", what_of(error)}});
  };
  TaskGroup group(executor, clock, report);
  auto running = group.spawn("sandbox", rail.run());
  if (!running) co_return running;
  std::cout << "ready " << rail.base_url() << " mchid " << rail.credentials().mchid << std::endl;
  (void)co_await signals.async_wait(asio::use_awaitable);
  co_await rail.stop(kGrace);
  co_await group.stop(kGrace);
  co_return success();
}

}  // namespace

int run_sandbox(const SandboxCommand& command) {
  SystemClock clock;
  Result<void> done;
  asio::io_context loop(1);
  asio::co_spawn(loop, run(loop.get_executor(), clock, command), [&](std::exception_ptr error, Result<void> result) {
    done = error ? Result<void>(Error(Errc::internal, what_of(error))) : std::move(result);
  });
  loop.run();
  if (!done) std::cerr << "purser sandbox: " << done.error().message << "\n";
  return done ? 0 : 1;
}

}  // namespace purser
