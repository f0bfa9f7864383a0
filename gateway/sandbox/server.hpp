// The simulator as a server: the rail under /v3/, its control under /sandbox/, and the callbacks it sends. Bound to one
// executor and its one thread.
//   Sandbox sandbox(executor, clock, client, mint, std::move(credentials), std::move(options));
//   sandbox.listen(); group.spawn("sandbox", sandbox.run()); ... co_await sandbox.stop(grace);
// The methods between are for whoever shares the process: the demo, the chat, tests.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/signal.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/http/client.hpp"
#include "gateway/http/server.hpp"
#include "gateway/sandbox/control.hpp"
#include "gateway/sandbox/rail.hpp"

#include <functional>
#include <string>

namespace purser::sandbox {

struct SandboxOptions {
  std::string listen = "127.0.0.1:0";
  SandboxSettings settings;
  // Moves the clock of the whole process (it does not run the loop). Empty: an advance moves only the rail's own life
  // of orders, refunds and retries, while signatures stay on the clock that everybody else sees.
  std::function<void(Millis)> advance;
};

class Sandbox {
 public:
  // `clock`, `client` and `mint` outlive the sandbox.
  Sandbox(asio::any_io_executor executor, Clock& clock, http::Client& client, Mint& mint,
          SandboxCredentials credentials, SandboxOptions options);

  // Error: bind_failed.
  Result<void> listen();
  // "http://127.0.0.1:41234"; after listen().
  const std::string& base_url() const { return base_url_; }
  const SandboxCredentials& credentials() const { return rail_.credentials(); }

  // Serves and delivers until stop(). Run it in a task group. Canceled: serving ends at once; stop() is still due.
  Task<void> run();
  // Lets go of answers that are being held back, finishes requests in flight, and cuts the rest after `grace`.
  Task<void> stop(Clock::duration grace);

  // The payer's phone. Errors: see OrderBook::pay.
  Result<void> pay(std::string_view out_trade_no, std::string_view openid = {});
  Result<void> decline(std::string_view out_trade_no);
  void set_faults(FaultScript script) { rail_.set_faults(std::move(script)); }
  // Moves the sandbox's time on; what falls due happens.
  void advance(Millis by);
  void reset() { rail_.reset(); }

  // For judging from outside: orders, refunds, callbacks, traffic, and every fen that moved.
  SandboxRail& rail() { return rail_; }
  Moment now() const { return {clock_.durable() + shift_, clock_.wall()}; }

 private:
  Task<http::Response> answer(http::Request request);
  Task<void> hold(Millis time);
  Task<void> drip(std::string body, Millis gap, http::StreamSink sink);
  Task<void> deliver_what_falls_due();
  Task<void> deliver(Delivery delivery);
  Task<std::string> post(const Delivery& delivery);
  void start_due_deliveries();
  Deadline next_wake() const;

  Clock& clock_;
  http::Client& client_;
  SandboxOptions options_;
  Millis shift_{0};
  SandboxRail rail_;
  Control control_;
  Notifier due_changed_;
  Notifier released_;  // rung once, at the stop: nothing is held back any longer
  TaskGroup deliveries_;
  http::Server server_;
  std::string base_url_;
};

}  // namespace purser::sandbox
