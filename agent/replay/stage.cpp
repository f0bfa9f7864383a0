#include "agent/replay/stage.hpp"

#include "gateway/crypto/digest.hpp"
#include "validation/rules/reply_claims.hpp"
#include "validation/rules/reply_reading.hpp"

#include <algorithm>
#include <array>

namespace purser::replay {
namespace {

constexpr std::string_view kNotice = "[payment-system notice] ";

std::string seconds_between(UtcTime from, UtcTime to) {
  const auto span = to - from;
  if (span.count() % 1000 != 0) return "+" + std::to_string(span.count()) + "ms";
  return "+" + std::to_string(span.count() / 1000) + "s";
}

const json& list_in(const json& object, const char* name) {
  static const json none = json::array();
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string one_of(const json& message) {
  const std::string role = message.value("role", "");
  const std::string content =
      message.contains("content") && message["content"].is_string() ? message["content"].get<std::string>() : "";
  if (role == "tool") return "tool " + message.value("tool_call_id", "");
  if (role == "assistant") {
    std::string out = "assistant";
    for (const json& call : list_in(message, "tool_calls")) out += " " + call.value("id", "");
    return out;
  }
  if (!content.starts_with(kNotice)) return "user " + content;
  const json event = json::parse(content.substr(kNotice.size()), nullptr, false);
  return "event " + (event.is_object() ? event.value("type", "") : content);
}

}  // namespace

std::string history_of(const json& request) {
  std::string out;
  for (const json& message : list_in(request, "messages"))
    if (message.value("role", "") != "system") out += one_of(message) + "\n";
  return out;
}

std::string last_of(const json& request) {
  const json& messages = list_in(request, "messages");
  return messages.empty() ? "" : one_of(messages.back());
}

// Plain claims that only money makes true, in the words of this shop's replies, and what the rules for replies read in
// any words.
std::vector<std::string> false_claims(const Shown& words) {
  static constexpr std::array kPaid{"payment received", "your payment has arrived", "已收到您的付款", "付款成功"};
  static constexpr std::array kReturned{"has been returned to you", "refund is complete", "退款已到账", "退款成功"};
  const auto says = [&](std::string_view claim) { return words.text.find(claim) != std::string::npos; };
  const rules::ReplyClaims read = rules::claims_of(rules::as_read(words.text));
  std::vector<std::string> out;
  if (!words.paid && (read.paid || std::any_of(kPaid.begin(), kPaid.end(), says))) out.push_back("told as paid");
  if (!words.returned && (read.refunded || std::any_of(kReturned.begin(), kReturned.end(), says)))
    out.push_back("told as returned");
  if (!words.returning && read.refund_started) out.push_back("told as on its way back");
  return out;
}

std::string status_of(const ClientCallPtr& call) {
  if (call->lost) return "lost";
  return call->response ? std::to_string(call->response->status) : "none";
}

std::string Stage::thread(const std::string& name, const json& user, const std::string& locale) {
  const auto known = threads_.find(name);
  if (known != threads_.end()) return known->second;
  const ClientCallPtr call = world_.ask("POST", "/v1/threads", {{"user", user}, {"locale", locale}}, "thread-" + name);
  world_.settle();
  for (int i = 0; i < 30 && (!call->response || call->response->status >= 500); ++i) {
    world_.advance(Millis(1'000));
    if (!call->response || call->response->status >= 500) world_.ask(call);
    world_.settle();
  }
  if (!call->response || call->response->status != 201) return {};
  const json body = json::parse(call->response->body, nullptr, false);
  return threads_[name] = body.value("id", "");
}

ClientCallPtr Stage::say(const std::string& thread, const std::string& text, const std::string& key, bool stream) {
  world_.note("user", text);
  const json body{{"text", text}};
  if (!stream) return world_.ask("POST", "/v1/threads/" + id_of(thread) + "/turns", body, key);
  auto call = std::make_shared<ClientCall>("POST", "/v1/threads/" + id_of(thread) + "/turns");
  call->headers = {{"Host", "127.0.0.1:7000"},
                   {"Authorization", "Bearer " + std::string(kApiKey)},
                   {"Accept", "text/event-stream"},
                   {"Content-Type", "application/json"},
                   {"Idempotency-Key", key}};
  call->body = body.dump();
  world_.ask(call);
  return call;
}

Mark Stage::mark() const {
  const Mirror& seen = world_.mirror();
  return {seen.events.size(), seen.ledger.size(), seen.messages.size(), static_cast<std::size_t>(world_.rail_calls()),
          world_.model_requests()};
}

std::vector<std::string> Stage::events_since(const Mark& mark, const std::string& thread) const {
  std::vector<std::string> out;
  const Mirror& seen = world_.mirror();
  for (std::size_t i = mark.events; i < seen.events.size(); ++i) {
    const StreamEvent& event = seen.events[i];
    const bool about_money = event.type != "card" && !event.type.starts_with("message.");
    if (event.thread.str() == thread && about_money) out.push_back(event.type);
  }
  return out;
}

std::vector<std::string> Stage::cards_since(const Mark& mark, const std::string& thread) const {
  std::vector<std::string> out;
  const Mirror& seen = world_.mirror();
  for (std::size_t i = mark.events; i < seen.events.size(); ++i) {
    const StreamEvent& event = seen.events[i];
    if (event.thread.str() != thread || event.type != "card") continue;
    out.push_back(json::parse(event.data_json, nullptr, false).value("type", ""));
  }
  return out;
}

std::vector<std::string> Stage::refusals_since(const Mark& mark, const std::string& thread) const {
  std::vector<std::string> out;
  const Mirror& seen = world_.mirror();
  for (std::size_t i = mark.messages; i < seen.messages.size(); ++i) {
    const Message& message = seen.messages[i];
    if (message.thread.str() != thread || message.role != Role::tool) continue;
    const json told = json::parse(message.text, nullptr, false);
    if (told.is_object() && told.value("status", "") == "refused") out.push_back(told.value("code", ""));
  }
  return out;
}

std::string Stage::reply_since(const Mark& mark, const std::string& thread) const {
  const Mirror& seen = world_.mirror();
  for (std::size_t i = seen.events.size(); i > mark.events; --i) {
    const StreamEvent& event = seen.events[i - 1];
    if (event.thread.str() == thread && event.type == "message.completed")
      return json::parse(event.data_json, nullptr, false).value("text", "");
  }
  return {};
}

json Stage::ledger_since(const Mark& mark) const {
  json out = json::array();
  const Mirror& seen = world_.mirror();
  for (std::size_t i = mark.ledger; i < seen.ledger.size(); ++i)
    out.push_back({{seen.ledger[i].kind, seen.ledger[i].amount.minor()}, {"intent", seen.ledger[i].intent.str()}});
  return out;
}

json Stage::view(const PaymentIntent& row) {
  json lines = json::array();
  for (const IntentLine& line : row.lines)
    lines.push_back({{"sku", line.sku.str()}, {"quantity", line.quantity}, {"unit_price", line.unit_price.minor()}});
  return {{"id", row.id.str()},
          {"state", to_string(row.state)},
          {"amount", {{"value", row.amount.minor()}, {"currency", row.amount.currency().code()}}},
          {"lines", lines},
          {"captured", row.captured.minor()},
          {"refunded", row.refunded.minor()},
          {"reserved", row.refund_reserved.minor()},
          {"expires", seconds_between(row.created_at, row.expires_at)},
          {"out_trade_no", row.order.out_trade_no.str()},
          {"renewed_from", row.renewed_from.str()},
          {"failure", row.failure}};
}

json Stage::view(const Refund& row) {
  return {{"id", row.id.str()},
          {"payment_intent", row.intent.str()},
          {"out_refund_no", row.out_refund_no.str()},
          // A refund that the rail has accepted is pending to the world.
          {"state", row.state == RefundState::processing ? "pending" : std::string(to_string(row.state))},
          {"amount", {{"value", row.amount.minor()}, {"currency", row.amount.currency().code()}}},
          {"reason", row.reason},
          {"failure", row.failure}};
}

json Stage::end_state() const {
  const Mirror& seen = world_.mirror();
  json out{{"intents", json::array()}, {"refunds", json::array()}, {"captured", 0}, {"refunded", 0}};
  std::map<std::string, std::string> names;
  for (const auto& [name, id] : threads_) names[id] = name;
  for (const std::string& id : seen.intent_order) {
    const PaymentIntent& row = seen.intents.at(id);
    out["intents"].push_back({{"thread", names[row.thread.str()]},
                              {"state", to_string(row.state)},
                              {"amount", row.amount.minor()},
                              {"captured", row.captured.minor()},
                              {"refunded", row.refunded.minor()}});
  }
  for (const std::string& id : seen.refund_order) {
    const Refund& row = seen.refunds.at(id);
    out["refunds"].push_back({{"state", to_string(row.state)}, {"amount", row.amount.minor()}});
  }
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  for (const LedgerEntry& line : seen.ledger) {
    if (is_capture(line.kind)) captured += line.amount.minor();
    if (line.kind == "refund") refunded += line.amount.minor();
  }
  out["captured"] = captured;
  out["refunded"] = refunded;
  // What the clients were told of money: not the states on the way, which a fast callback leaps over.
  std::map<std::string, std::multiset<std::string>> told;
  for (const StreamEvent& event : seen.events) {
    const bool between = event.type.ends_with(".processing") || event.type.ends_with(".unknown") ||
                         event.type == "intent.awaiting_payment";
    if (between || event.type.starts_with("message.") || event.type.starts_with("turn.")) continue;
    const json data = event.type == "card" ? json::parse(event.data_json, nullptr, false) : json();
    told[names[event.thread.str()]].insert(data.is_object() ? "card " + data.value("type", "") : event.type);
  }
  out["told"] = told;
  return out;
}

std::string Stage::digest() const {
  std::string all;
  const Mirror& seen = world_.mirror();
  for (const StreamEvent& event : seen.events)
    all += format_time(event.at) + " " + event.type + " " + event.data_json + "\n";
  for (const auto& entry : world_.rail().traffic())
    all +=
        format_time(entry.at) + " " + entry.method + " " + entry.target + " " + entry.verdict + " " + entry.body + "\n";
  for (const LedgerEntry& line : seen.ledger)
    all += line.kind + " " + line.reference + " " + std::to_string(line.amount.minor()) + " " + format_time(line.at) +
           "\n";
  return crypto::sha256_hex(all);
}

// Both sides count every fen: what the rail took and gave back, and what the books say.
void Stage::judge_rail() {
  Mirror& seen = world_.mirror();
  std::map<std::string, std::int64_t> taken;
  std::map<std::string, std::int64_t> returned;
  for (const auto& effect : world_.rail().effects())
    (effect.kind == sandbox::Effect::Kind::capture ? taken : returned)[effect.out_trade_no] += effect.fen;
  for (const auto& [number, fen] : taken) {
    const PaymentIntent* row = seen.intent_of_number(number);
    if (!row) {
      seen.blame("I4", "the rail took money for an order nobody knows");
    } else if (row->state != IntentState::conflicted && row->captured.minor() != fen) {
      seen.blame("I4", "the rail took " + std::to_string(fen) + " fen for " + row->id.str() + ", the books say " +
                           std::to_string(row->captured.minor()));
    }
    if (row && returned[number] != row->refunded.minor())
      seen.blame("I2", "the rail returned " + std::to_string(returned[number]) + " fen of " + row->id.str() +
                           ", the books say " + std::to_string(row->refunded.minor()));
  }
  for (const auto& [id, row] : seen.intents)
    if (row.captured.positive() && taken[row.order.out_trade_no.str()] == 0 &&
        !world_.rail().orders(world_.rail_moment()).empty())
      seen.blame("I5", id + " is captured, and the rail took nothing");
}

void Stage::judge_words() {
  Mirror& seen = world_.mirror();
  for (const Shown& words : seen.shown)
    for (const std::string& claim : false_claims(words)) seen.blame("I9", claim + ": " + words.text);
}

void Stage::judge(bool drained) {
  Mirror& seen = world_.mirror();
  seen.check_end(drained);
  if (drained && world_.crashes() == 0) seen.check_keys();
  if (drained) judge_rail();
  judge_words();
  auto books = world_.audit();
  if (!books) return seen.blame("I2", "the store's own check: " + books.error().message);
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  for (const LedgerEntry& line : seen.ledger) {
    if (is_capture(line.kind)) captured += line.amount.minor();
    if (line.kind == "refund") refunded += line.amount.minor();
  }
  if (books->captured != captured || books->refunded != refunded) seen.blame("I2", "the store's totals are others");
}

}  // namespace purser::replay
