// The operator's door, on an address of its own: is it alive, does it take traffic, what has it counted.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/http/message.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"

#include <functional>
#include <string>

namespace purser {

inline constexpr MetricFamily kDueWork{"purser_work_due", "Rows of work that are due now; counted up to 1000.",
                                       MetricFamily::Kind::gauge};

class Admin {
 public:
  struct Ports {
    Store& store;
    Clock& clock;
    Metrics& metrics;
    std::function<void()> look{};  // brings into `metrics` what is counted elsewhere, before they are shown
  };
  // `sandbox_url`: where the embedded sandbox takes its control calls; empty when the rail is elsewhere.
  Admin(Ports ports, bool sandbox, std::string version, std::string sandbox_url)
      : ports_(ports), sandbox_(sandbox), version_(std::move(version)), sandbox_url_(std::move(sandbox_url)) {}

  // An http::Handler. GET /healthz is 200 while the process runs; GET /readyz is 503 while the store does not answer or
  // has stopped writing; GET /metrics is the text format of Prometheus.
  Task<http::Response> handle(http::Request request);

 private:
  Task<http::Response> ready();
  Task<http::Response> metrics();

  Ports ports_;
  bool sandbox_;
  std::string version_;
  std::string sandbox_url_;
};

}  // namespace purser
