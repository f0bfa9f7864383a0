#include "gateway/telemetry/otlp.hpp"

#include "gateway/log.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser::trace {
namespace {

using nlohmann::json;

constexpr std::size_t kSpansAtOnce = 512;
constexpr std::chrono::seconds kExportTimeMax{5};  // also what a stop may wait for
constexpr std::chrono::seconds kLastExportTimeMax{2};
constexpr std::size_t kCollectorReplyMax = 64 << 10;
constexpr int kFailed = 2;  // STATUS_CODE_ERROR

json attribute(const std::string& key, const Value& value) {
  json held = json::object();
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    held["intValue"] = std::to_string(*number);  // as protobuf's JSON writes 64 bits
  } else {
    held["stringValue"] = std::get<std::string>(value);
  }
  return {{"key", key}, {"value", std::move(held)}};
}

json span_json(const Finished& span) {
  json attributes = json::array();
  for (const auto& [key, value] : span.attributes) attributes.push_back(attribute(key, value));
  json out{{"traceId", span.context.trace},
           {"spanId", span.context.span},
           {"name", span.name},
           {"kind", static_cast<int>(span.kind)},
           {"startTimeUnixNano", std::to_string(span.began_ns)},
           {"endTimeUnixNano", std::to_string(span.ended_ns)},
           {"attributes", std::move(attributes)}};
  if (!span.parent.empty()) out["parentSpanId"] = span.parent;
  if (!span.error.empty()) out["status"] = {{"code", kFailed}, {"message", span.error}};
  return out;
}

Tracer::Options options_of(const TelemetrySettings& settings) {
  Tracer::Options options;
  options.sampled_per_mille = settings.sampled_per_mille;
  options.spans_max = static_cast<std::size_t>(settings.spans_max);
  return options;
}

}  // namespace

std::string otlp_json(const std::vector<Finished>& spans, std::string_view service, std::string_view version) {
  json all = json::array();
  for (const Finished& span : spans) all.push_back(span_json(span));
  json scope{{"scope", {{"name", "purser"}, {"version", version}}}, {"spans", std::move(all)}};
  json about = json::array();
  about.push_back(attribute("service.name", std::string(service)));
  about.push_back(attribute("service.version", std::string(version)));
  json one{{"resource", {{"attributes", std::move(about)}}}};
  one["scopeSpans"] = json::array({std::move(scope)});
  json body = json::object();
  body["resourceSpans"] = json::array({std::move(one)});
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

Exporter::Exporter(const TelemetrySettings& settings, http::Origin origin, std::unique_ptr<http::Client> client,
                   Clock& clock, Metrics& metrics)
    : settings_(settings),
      origin_(std::move(origin)),
      client_(std::move(client)),
      clock_(clock),
      metrics_(metrics),
      tracer_(clock, options_of(settings)) {
  for (const char* result : {"sent", "dropped"}) metrics_.add(kSpans, {{"result", result}}, 0);
}

Result<std::unique_ptr<Exporter>> Exporter::make(const TelemetrySettings& settings,
                                                 std::unique_ptr<http::Client> client, Clock& clock, Metrics& metrics) {
  auto origin = http::Origin::parse(settings.otlp_endpoint);
  if (!origin) return Error(Errc::config_bad_value, origin.error().message, "telemetry.otlp_endpoint");
  return std::unique_ptr<Exporter>(new Exporter(settings, std::move(*origin), std::move(client), clock, metrics));
}

Task<void> Exporter::run() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  for (;;) {
    const auto next = clock_.now() + settings_.send_every;
    auto slept = co_await clock_.sleep_until(next);
    if (!slept) co_return;
    const auto until = clock_.now() + kExportTimeMax;
    // A request under way is not broken off: its own time is short.
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    co_await send_all(until);
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    if (stopping_) co_return;
  }
}

Task<void> Exporter::flush() {
  if (failing_) co_return;
  const auto until = clock_.now() + kLastExportTimeMax;
  co_await send_all(until);
}

Task<void> Exporter::send_all(Clock::time_point until) {
  count_dropped();
  for (;;) {
    std::vector<Finished> spans = tracer_.take(kSpansAtOnce);
    if (spans.empty()) co_return;
    bool more = co_await send(std::move(spans), until);
    if (!more) co_return;  // it is tried again in a while, with what has ended by then
  }
}

Task<bool> Exporter::send(std::vector<Finished> spans, Clock::time_point until) {
  http::Call call(origin_, "POST", origin_.base_path + "/v1/traces");
  call.headers.emplace_back("Content-Type", "application/json");
  call.headers.emplace_back("User-Agent", "purser/" PURSER_VERSION);
  if (!settings_.otlp_authorization.empty())
    call.headers.emplace_back("Authorization", settings_.otlp_authorization.reveal());
  call.body = otlp_json(spans, settings_.service_name, PURSER_VERSION);
  call.once = true;
  const Deadline limit{until};
  auto reply = co_await client_->send(std::move(call), limit);
  const bool taken = reply && reply->status >= 200 && reply->status < 300;
  metrics_.add(kSpans, {{"result", taken ? "sent" : "dropped"}}, spans.size());
  if (!taken && !failing_) {
    const std::string why = reply ? "status " + std::to_string(reply->status) : std::string(code_of(reply.code()));
    log::warn("telemetry.not_sent", {{"why", why}, {"spans", spans.size()}});
  }
  if (taken && failing_) log::info("telemetry.sent_again");
  failing_ = !taken;
  co_return taken;
}

void Exporter::count_dropped() {
  const std::uint64_t now = tracer_.dropped();
  if (now > told_dropped_) metrics_.add(kSpans, {{"result", "dropped"}}, now - told_dropped_);
  told_dropped_ = now;
}

}  // namespace purser::trace
