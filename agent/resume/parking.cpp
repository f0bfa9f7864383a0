#include "agent/resume/parking.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser::parking {
namespace {

// Members stay in the order they were written in.
using Json = nlohmann::ordered_json;

constexpr const char* kTried = "tried";
constexpr std::int64_t kTimesMax = 1'000'000;

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return 0;
  return std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, kTimesMax);
}

Json parsed(const std::string& text) {
  return Json::parse(text, nullptr, false);
}

std::string dumped(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

bool is_its_own(Errc code) {
  switch (code) {
    case Errc::canceled:
    case Errc::timed_out:
    case Errc::expired_before_start:
    case Errc::overloaded:
    case Errc::shutting_down:
    case Errc::connect_failed:
    case Errc::connection_lost:
    case Errc::tls_failed:
    case Errc::store_unavailable:
    case Errc::rail_unknown:
    case Errc::model_unavailable:
    case Errc::model_rate_limited:
    case Errc::thread_busy:
    case Errc::rate_limited:
      return false;
    default:
      return true;
  }
}

Tried take_tried(WorkItem& row) {
  Tried tried;
  Json payload = parsed(row.payload_json);
  if (!payload.is_object()) return tried;
  const auto found = payload.find(kTried);
  if (found == payload.end() || !found->is_object()) return tried;
  tried.times = number_of(*found, "times");
  tried.why = text_of(*found, "why");
  payload.erase(found);
  row.payload_json = dumped(payload);
  return tried;
}

void put_tried(WorkItem& row, const Tried& tried) {
  Json payload = parsed(row.payload_json);
  if (!payload.is_object()) return;
  payload[kTried] = {{"times", tried.times}, {"why", tried.why}};
  row.payload_json = dumped(payload);
}

WorkItem parked(WorkItem row, const Tried& tried, UtcTime now) {
  const std::string kind(to_string(row.kind));
  const Json kept{{"kind", kind},         {"subject", row.subject}, {"payload", row.payload_json},
                  {"times", tried.times}, {"why", tried.why},       {"parked_at", format_time(now)}};
  row.kind = WorkKind::parked;
  row.subject = kind + ' ' + row.subject;
  row.payload_json = dumped(kept);
  row.due_at = kNeverDue;
  return row;
}

std::optional<WorkItem> unparked(const WorkItem& row, UtcTime now) {
  const Json kept = parsed(row.payload_json);
  if (row.kind != WorkKind::parked || !kept.is_object()) return std::nullopt;
  auto kind = parse_work_kind(text_of(kept, "kind"));
  if (!kind || *kind == WorkKind::parked) return std::nullopt;
  WorkItem out = row;
  out.kind = *kind;
  out.subject = text_of(kept, "subject");
  out.payload_json = text_of(kept, "payload");
  out.due_at = now;
  return out;
}

Parked about(const WorkItem& row) {
  Parked out;
  const Json kept = parsed(row.payload_json);
  if (!kept.is_object()) return out;
  out.kind = text_of(kept, "kind");
  out.subject = text_of(kept, "subject");
  out.parked_at = text_of(kept, "parked_at");
  out.tried.times = number_of(kept, "times");
  out.tried.why = text_of(kept, "why");
  return out;
}

}  // namespace purser::parking
