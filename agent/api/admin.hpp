// The operator's door, on an address of its own: is it alive, does it take traffic, what has it counted, what work was
// put aside, and taking a user's words out.
#pragma once

#include "agent/retention/eraser.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/http/message.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"

#include <functional>
#include <string>

namespace purser {

inline constexpr MetricFamily kDueWork{"purser_work_due", "Rows of work that are due now; counted up to 1000.",
                                       MetricFamily::Kind::gauge};

inline constexpr MetricFamily kParkedWork{"purser_work_parked", "Rows of work that were put aside; counted up to 1000.",
                                          MetricFamily::Kind::gauge};

class Admin {
 public:
  struct Ports {
    Store& store;
    Clock& clock;
    Metrics& metrics;
    std::function<void()> look{};      // brings into `metrics` what is counted elsewhere, before they are shown
    std::function<bool()> refuses{};   // whether the store took no write the last time it was asked to
    std::function<bool()> stopping{};  // whether the daemon takes no requests any more
  };
  // `sandbox_url`: where the embedded sandbox takes its control calls; empty when the rail is elsewhere.
  Admin(Ports ports, bool sandbox, std::string version, std::string sandbox_url)
      : ports_(ports),
        sandbox_(sandbox),
        version_(std::move(version)),
        sandbox_url_(std::move(sandbox_url)),
        eraser_({ports.store, ports.clock, &ports.metrics}) {}

  // An http::Handler. GET /healthz is 200 while the process runs; GET /readyz is 503 while it stops, while the store
  // does not answer or has stopped writing for good; "writing" is false while it takes no writes for now, as on a full
  // disk: money is refused then, and reads go on. GET /metrics is the text format of Prometheus. GET
  // /work/parked?after=&limit= lists work that was put aside, POST /work/parked/retry {"id"} or {"all":true} has it
  // done again; POST /users/erase
  // {"tenant", "user"} takes the words of a user's conversations out and says which were left and why.
  Task<http::Response> handle(http::Request request);

 private:
  Task<http::Response> ready();
  Task<http::Response> metrics();
  Task<http::Response> parked(http::Request request);
  Task<http::Response> retry(http::Request request);
  Task<Result<std::int64_t>> retry_all();
  Task<Result<void>> retry_one(WorkItem row);
  Task<http::Response> erase(http::Request request);

  Ports ports_;
  bool sandbox_;
  std::string version_;
  std::string sandbox_url_;
  Eraser eraser_;
};

}  // namespace purser
