// Sends spans to a collector by OTLP/HTTP in JSON. It holds nothing up and keeps nothing for long: what a collector
// does not take is dropped and counted.
#pragma once

#include "config/settings.hpp"
#include "gateway/http/client.hpp"
#include "gateway/metrics.hpp"
#include "gateway/telemetry/trace.hpp"

#include <memory>
#include <string>
#include <vector>

namespace purser::trace {

inline constexpr MetricFamily kSpans{"purser_trace_spans_total", "Spans by what became of them: sent or dropped."};

// The body of an export request.
std::string otlp_json(const std::vector<Finished>& spans, std::string_view service, std::string_view version);

class Exporter {
 public:
  // `clock` and `metrics` outlive it. Error: config_bad_value when the endpoint is no URL.
  static Result<std::unique_ptr<Exporter>> make(const TelemetrySettings& settings, std::unique_ptr<http::Client> client,
                                                Clock& clock, Metrics& metrics);

  // Sends what has ended, again and again, until canceled. Say so beforehand: a request that is under way then is let
  // end, which takes five seconds at most, and no other is begun.
  Task<void> run();
  void stopping() { stopping_ = true; }
  // Sends what has ended until now, for at most two seconds; nothing where the last request failed.
  Task<void> flush();

 private:
  Exporter(const TelemetrySettings& settings, http::Origin origin, std::unique_ptr<http::Client> client, Clock& clock,
           Metrics& metrics);
  Task<void> send_all(Clock::time_point until);
  Task<bool> send(std::vector<Finished> spans, Clock::time_point until);
  void count_dropped();

  const TelemetrySettings settings_;
  const http::Origin origin_;
  const std::unique_ptr<http::Client> client_;
  Clock& clock_;
  Metrics& metrics_;
  Tracer tracer_;
  std::uint64_t told_dropped_ = 0;
  bool failing_ = false;
  bool stopping_ = false;
};

}  // namespace purser::trace
