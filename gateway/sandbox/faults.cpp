#include "gateway/sandbox/faults.hpp"

#include <array>
#include <charconv>

namespace purser::sandbox {
namespace {

using nlohmann::json;

constexpr unsigned bit(RailCall call) {
  return 1U << static_cast<unsigned>(call);
}
constexpr unsigned kRequests = bit(RailCall::create) | bit(RailCall::query) | bit(RailCall::close) |
                               bit(RailCall::refund) | bit(RailCall::query_refund) | bit(RailCall::abnormal_refund) |
                               bit(RailCall::bill) | bit(RailCall::bill_file) | bit(RailCall::certificates) |
                               bit(RailCall::echo);
constexpr unsigned kWebhook = bit(RailCall::webhook);
constexpr unsigned kAnswers = kRequests | kWebhook;
constexpr unsigned kSigned = kAnswers & ~bit(RailCall::bill_file);
constexpr unsigned kTransactions = bit(RailCall::query) | kWebhook;
constexpr unsigned kStates = kTransactions | bit(RailCall::refund) | bit(RailCall::query_refund);
constexpr unsigned kRefund = bit(RailCall::refund);

constexpr std::int64_t kOccurrencesMax = 1'000'000;
constexpr Millis kDurationMax = std::chrono::hours(24 * 400);

struct KindRow {
  std::string_view name;
  unsigned calls;
};
constexpr std::array kKinds{
#define PURSER_SANDBOX_FAULT(name, calls, text) KindRow{#name, calls},
    PURSER_SANDBOX_FAULTS(PURSER_SANDBOX_FAULT)
#undef PURSER_SANDBOX_FAULT
};
constexpr std::array<std::string_view, 12> kCalls{
    "create", "query",     "close",        "refund", "query_refund", "abnormal_refund",
    "bill",   "bill_file", "certificates", "echo",   "webhook",      "other"};

Error bad_fault(const std::string& field, std::string_view rule) {
  return Error(Errc::request_malformed, field + ": " + std::string(rule), field);
}

Result<RailCall> call_of(const json& line, const std::string& at) {
  auto word = line.value("call", json());
  for (std::size_t i = 0; i + 1 < kCalls.size(); ++i) {
    if (word.is_string() && word.get_ref<const std::string&>() == kCalls[i]) return static_cast<RailCall>(i);
  }
  std::string all;
  for (std::size_t i = 0; i + 1 < kCalls.size(); ++i) all += " " + std::string(kCalls[i]);
  return bad_fault(at + "/call", "must be one of" + all);
}

Result<FaultKind> kind_of(const json& line, RailCall call, const std::string& at) {
  auto word = line.value("what", json());
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    auto kind = static_cast<FaultKind>(i);
    if (!word.is_string() || word.get_ref<const std::string&>() != to_string(kind)) continue;
    if ((kKinds[i].calls & bit(call)) == 0)
      return bad_fault(at + "/what",
                       std::string(to_string(kind)) + " does not fit the call " + std::string(to_string(call)));
    return kind;
  }
  std::string all;
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if ((kKinds[i].calls & bit(call)) != 0) all += " " + std::string(to_string(static_cast<FaultKind>(i)));
  }
  return bad_fault(at + "/what", "must be one of" + all);
}

Result<std::int64_t> count_of(const json& line, const char* name, const std::string& at) {
  if (!line.contains(name)) return 1;
  const auto& value = line[name];
  if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > kOccurrencesMax)
    return bad_fault(at + "/" + name, "must be an integer of 1 to 1000000");
  return value.get<std::int64_t>();
}

Result<void> check_names(const json& line, const std::string& at) {
  if (!line.is_object()) return bad_fault(at, "must be an object");
  for (const auto& [name, value] : line.items()) {
    bool text = name == "call" || name == "what" || name == "out_trade_no" || name == "delay" || name == "code";
    bool number = name == "nth" || name == "times" || name == "status";
    if (!text && !number) return bad_fault(at + "/" + name, "no such member");
    if (text && !value.is_string()) return bad_fault(at + "/" + name, "must be a string");
  }
  return success();
}

// What only some kinds take.
Result<void> read_extras(const json& line, Fault& fault, const std::string& at) {
  bool error = fault.kind == FaultKind::error;
  bool delay = fault.kind == FaultKind::delay || fault.kind == FaultKind::drip;
  if (line.contains("delay") != delay)
    return bad_fault(at + "/delay", "goes with what = delay or drip, and is required there");
  if (line.contains("status") != error)
    return bad_fault(at + "/status", "goes with what = error, and is required there");
  if (line.contains("code") && !error) return bad_fault(at + "/code", "goes with what = error");
  if (error) {
    const auto& status = line["status"];
    if (!status.is_number_integer() || status.get<std::int64_t>() < 400 || status.get<std::int64_t>() > 599)
      return bad_fault(at + "/status", "must be an integer of 400 to 599");
    fault.status = status.get<int>();
    fault.code = line.value("code", "SYSTEM_ERROR");
  }
  if (delay) {
    auto time = parse_duration(line["delay"].get<std::string>(), at + "/delay");
    if (!time) return time.error();
    fault.delay = *time;
  }
  fault.out_trade_no = line.value("out_trade_no", "");
  return success();
}

Result<Fault> parse_line(const json& line, const std::string& at) {
  if (auto good = check_names(line, at); !good) return good.error();
  Fault fault;
  auto call = call_of(line, at);
  if (!call) return call.error();
  fault.call = *call;
  auto kind = kind_of(line, *call, at);
  if (!kind) return kind.error();
  fault.kind = *kind;
  auto nth = count_of(line, "nth", at);
  if (!nth) return nth.error();
  fault.nth = *nth;
  auto times = count_of(line, "times", at);
  if (!times) return times.error();
  fault.times = *times;
  if (auto good = read_extras(line, fault, at); !good) return good.error();
  return fault;
}

}  // namespace

std::string_view to_string(RailCall call) {
  return kCalls[static_cast<std::size_t>(call)];
}

std::string_view to_string(FaultKind kind) {
  return kind == FaultKind::unsigned_answer ? "unsigned" : kKinds[static_cast<std::size_t>(kind)].name;
}

Result<FaultScript> FaultScript::parse(const json& script) {
  bool wrapped = script.is_object() && script.size() == 1 && script.contains("faults");
  const json& lines = wrapped ? script["faults"] : script;
  std::string root = wrapped ? "/faults" : "";
  if (!lines.is_array()) return bad_fault(wrapped ? root : "body", "must be a list of faults, or {\"faults\": [...]}");
  FaultScript out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto fault = parse_line(lines[i], root + "/" + std::to_string(i));
    if (!fault) return fault.error();
    out.faults_.push_back(std::move(*fault));
  }
  return out;
}

std::optional<Fault> FaultScript::next(RailCall call, std::string_view out_trade_no) {
  std::optional<Fault> hit;
  for (auto& fault : faults_) {
    if (fault.call != call || (!fault.out_trade_no.empty() && fault.out_trade_no != out_trade_no)) continue;
    ++fault.seen;
    if (hit || fault.seen < fault.nth || fault.seen >= fault.nth + fault.times) continue;
    ++fault.happened;
    hit = fault;
  }
  return hit;
}

std::vector<std::size_t> FaultScript::unused() const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < faults_.size(); ++i)
    if (faults_[i].happened == 0) out.push_back(i);
  return out;
}

Result<Millis> parse_duration(std::string_view text, const std::string& field) {
  std::int64_t count = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
  std::int64_t scale = unit == "ms" ? 1 : unit == "s" ? 1'000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
  if (ec != std::errc() || scale == 0 || count < 0 || count > kDurationMax.count() / scale)
    return bad_fault(field, "must be a count and ms, s, m or h, like 300s, and at most 400 days");
  return Millis(count * scale);
}

}  // namespace purser::sandbox
