#include "agent/replay/loopback_view.hpp"

#include "agent/replay/world.hpp"
#include "validation/money/time.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace purser::replay {
namespace {

using nlohmann::json;

constexpr std::int64_t kMessagesOfAPage = 200;

// "+300s", of two times of RFC 3339.
std::string lifetime_of(const json& row) {
  const auto from = parse_time(row.value("created_at", ""));
  const auto until = parse_time(row.value("expires_at", ""));
  if (!from || !until) return {};
  const std::int64_t ms = (*until - *from).count();
  return ms % 1000 == 0 ? "+" + std::to_string(ms / 1000) + "s" : "+" + std::to_string(ms) + "ms";
}

json lines_of_order(const json& row) {
  json out = json::array();
  const json lines = row.value("lines", json::array());
  for (const json& line : lines)
    out.push_back({{"sku", line.value("sku", "")},
                   {"quantity", line.value("quantity", 0)},
                   {"unit_price", line.value("unit_price", std::int64_t{0})}});
  return out;
}

bool is_refused(const json& message) {
  return message.value("role", "") == "tool" &&
         message.value("text", "").find("\"status\":\"refused\"") != std::string::npos;
}

}  // namespace

SocketView::Before SocketView::now_of(const json& expected, const std::string& thread) {
  Before out;
  out.heard = heard_.size();
  out.models_asked = models_asked_;
  if (expected.contains("refused"))
    for (const json& message : messages(thread, 0)) out.message = message.value("seq", std::int64_t{0});
  if (expected.contains("ledger"))
    for (const std::string& id : threads()) out.lines[id] = lines_of(id).size();
  if (expected.contains("rail_calls")) out.rail_calls = rail_calls().size();
  return out;
}

void SocketView::capture_names() {
  for (; named_ < heard_.size(); ++named_) {
    const json event = heard_[named_].event;
    const std::string type = event["type"];
    if (type == "intent.created") {
      intents_.push_back(event["data"].value("payment_intent", ""));
      const std::string nth = std::to_string(intents_.size());
      captures_["intent" + nth] = intents_.back();
      captures_["order" + nth] = intent(intents_.back()).value("out_trade_no", "");
    }
    if (type == "refund.created") {
      refunds_.push_back(event["data"].value("refund", ""));
      const std::string nth = std::to_string(refunds_.size());
      captures_["refund" + nth] = refunds_.back();
      captures_["refundno" + nth] = refund_number(refunds_.back());
    }
  }
}

json SocketView::resource(const std::string& path) {
  return json::parse(now("GET", daemon_->url + path, json()).body, nullptr, false);
}

json SocketView::intent(const std::string& id) {
  const json row = resource("/v1/intents/" + id);
  if (!row.is_object() || !row.contains("state")) return {};
  return {{"id", id},
          {"thread", row.value("thread_id", "")},
          {"state", row.value("state", "")},
          {"amount", row.value("amount", json::object())},
          {"lines", lines_of_order(row)},
          {"refunded", row.value("refunded", std::int64_t{0})},
          {"expires", lifetime_of(row)},
          {"out_trade_no", row.value("order", json::object()).value("out_trade_no", "")},
          {"renewed_from", row.value("renewed_from", "")},
          {"failure", row.value("failure", "")}};
}

json SocketView::refund(const std::string& id) {
  const json row = resource("/v1/refunds/" + id);
  if (!row.is_object() || !row.contains("state")) return {};
  const std::string state = row.value("state", "");
  return {{"id", id},
          {"thread", row.value("thread_id", "")},
          {"payment_intent", row.value("payment_intent", "")},
          {"out_refund_no", row.value("out_refund_no", "")},
          // The scripts' word for a refund that the rail has taken.
          {"state", state == "processing" ? "pending" : state},
          {"amount", row.value("amount", json::object())},
          {"reason", row.value("reason", "")},
          {"failure", row.value("failure", "")}};
}

std::string SocketView::refund_number(const std::string& id) {
  if (id.empty()) return {};
  const json row = refund(id);
  return row.is_object() ? row.value("out_refund_no", "") : std::string();
}

json SocketView::events_since(const Before& before, const std::string& thread, bool cards) const {
  json out = json::array();
  for (std::size_t i = before.heard; i < heard_.size(); ++i) {
    const std::string type = heard_[i].event["type"];
    if (heard_[i].thread != thread) continue;
    if (cards && type == "card") out.push_back(heard_[i].event["data"].value("type", ""));
    if (!cards && type != "card" && !type.starts_with("message.")) out.push_back(type);
  }
  return out;
}

json SocketView::reply_since(const Before& before, const std::string& thread) const {
  json out;
  for (std::size_t i = before.heard; i < heard_.size(); ++i)
    if (heard_[i].thread == thread && heard_[i].event["type"] == "message.completed")
      out = heard_[i].event["data"].value("text", "");
  return out;
}

std::vector<std::string> SocketView::threads() const {
  std::vector<std::string> out;
  for (const auto& [name, id] : threads_) out.push_back(id);
  for (const SocketAnswerPtr& one : calls_) {
    if (!one->come || !one->own || one->asked != "POST /v1/threads") continue;
    const json made = json::parse(one->body, nullptr, false);
    const std::string id = made.is_object() ? made.value("id", "") : std::string();
    if (!id.empty() && std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
  }
  return out;
}

bool SocketView::made_others() const {
  return std::any_of(calls_.begin(), calls_.end(), [](const SocketAnswerPtr& one) {
    const bool of_no_name = one->asked.starts_with("POST /v1/chat/") || one->asked.starts_with("POST /mcp");
    return of_no_name || (!one->own && one->status >= 200 && one->status < 300 && one->asked.starts_with("POST"));
  });
}

std::vector<json> SocketView::messages(const std::string& thread, std::int64_t after) {
  std::vector<json> out;
  for (bool more = true; more;) {
    const json page = resource("/v1/threads/" + thread + "/messages?limit=" + std::to_string(kMessagesOfAPage) +
                               "&after=" + std::to_string(after));
    if (!page.is_object() || !page.contains("data"))
      throw std::runtime_error("the messages of " + thread + " cannot be read: " + page.dump());
    for (const json& message : page["data"]) {
      out.push_back(message);
      after = message.value("seq", after);
    }
    more = page.value("has_more", false) && !page["data"].empty();
  }
  return out;
}

json SocketView::refusals_since(const Before& before, const std::string& thread) {
  json out = json::array();
  const std::vector<json> said = messages(thread, before.message);
  for (const json& message : said) {
    const json told = json::parse(message.value("text", ""), nullptr, false);
    if (message.value("role", "") == "tool" && told.is_object() && told.value("status", "") == "refused")
      out.push_back(told.value("code", ""));
  }
  return out;
}

std::vector<CalledTool> SocketView::called_tools() {
  std::vector<json> all;
  for (const std::string& id : threads()) {
    std::vector<json> said = messages(id, 0);
    all.insert(all.end(), said.begin(), said.end());
  }
  // Times of one form are in the order of their letters.
  std::stable_sort(all.begin(), all.end(), [](const json& one, const json& other) {
    return one.value("created_at", "") < other.value("created_at", "");
  });
  std::set<std::string> refused;
  for (const json& message : all)
    if (is_refused(message)) refused.insert(message.value("turn_id", "") + message.value("tool_call_id", ""));
  std::vector<CalledTool> out;
  for (const json& message : all) {
    const json calls = message.value("tool_calls", json::array());
    for (const json& call : calls)
      out.push_back({call.value("name", ""), call.value("arguments", ""),
                     refused.contains(message.value("turn_id", "") + call.value("id", ""))});
  }
  return out;
}

// Of its record, which `purser ledger export` prints one object a line, the postings.
std::vector<SocketView::Line> SocketView::lines_of(const std::string& thread) const {
  const Process::Told told = daemon_->run({"ledger", "export", "--thread", thread});
  if (told.code != 0 && told.trouble.find("is on record") == std::string::npos)
    throw std::runtime_error("the ledger of " + thread + " cannot be read: " + told.trouble);
  std::vector<Line> out;
  std::istringstream lines(told.out);
  for (std::string text; std::getline(lines, text);) {
    const json line = json::parse(text, nullptr, false);
    if (!line.is_object() || line.value("kind", "") != "posting") continue;
    const json about = json::parse(line.value("detail", ""), nullptr, false);
    const json told_line{{about.at("kind").get<std::string>(), about.at("amount")}, {"intent", line.at("subject")}};
    out.push_back({line.at("at_ms").get<std::int64_t>(), told_line});
  }
  return out;
}

json SocketView::ledger_since(const Before& before) {
  std::vector<Line> all;
  for (const std::string& id : threads()) {
    const auto known = before.lines.find(id);
    const std::vector<Line> lines = lines_of(id);
    const std::size_t from = known == before.lines.end() ? 0 : std::min(known->second, lines.size());
    all.insert(all.end(), lines.begin() + static_cast<std::ptrdiff_t>(from), lines.end());
  }
  std::stable_sort(all.begin(), all.end(), [](const Line& one, const Line& other) { return one.at_ms < other.at_ms; });
  json out = json::array();
  for (Line& line : all) out.push_back(std::move(line.told));
  return out;
}

std::vector<std::string> SocketView::rail_calls() {
  const json told = json::parse(now("GET", rail_ + "/sandbox/traffic", json()).body, nullptr, false);
  if (!told.is_object() || !told.contains("traffic"))
    throw std::runtime_error("the rail's record cannot be read: " + told.dump());
  std::vector<std::string> out;
  for (const json& call : told["traffic"]) out.push_back(rail_name(call.value("method", ""), call.value("target", "")));
  return out;
}

}  // namespace purser::replay
