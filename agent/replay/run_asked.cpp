// What a run asks of the daemon and tells the rail, and whether it was taken: a step that does nothing proves nothing.
#include "agent/replay/refusals.hpp"
#include "agent/replay/run.hpp"

#include <algorithm>

namespace purser::replay {

void Run::asked(const ClientCallPtr& call) {
  step_calls_.push_back(call);
  const auto before = [&](const Asked& one) { return one.call == call; };
  if (std::none_of(asked_.begin(), asked_.end(), before)) asked_.push_back({call, at_});
}

// The requests of this step; of one that makes none, those that it has brought an answer.
std::vector<ClientCallPtr> Run::calls_of_step() const {
  if (!step_calls_.empty()) return step_calls_;
  std::vector<ClientCallPtr> out;
  for (const Asked& one : asked_)
    if (!one.judged && one.call->response) out.push_back(one.call);
  return out;
}

// What the daemon refuses without a step that says so was not meant to be refused.
void Run::judge_answers() {
  if (!is_plain()) return;
  for (Asked& one : asked_) {
    if (one.judged || one.call->lost || !one.call->response) continue;
    one.judged = true;
    if (one.stated) continue;
    const std::string refused =
        unsaid_refusal(one.call->method + " " + one.call->target, one.call->response->status, one.call->response->body);
    if (!refused.empty()) fail_at(one.step, refused);
  }
}

// What the script says, with its captures; one that nothing was taken as is a slip of the pen.
json Run::all_filled_in(const json& value) {
  const std::string missing = untaken_in(value, captures_);
  if (!missing.empty() && is_plain())
    halt("nothing was taken as \"" + missing + "\"; a dollar itself is written \"$$\"");
  return substituted(value, captures_);
}

std::string Run::filled_in(const json& text) {
  // Always a text, whatever was captured.
  const json filled = all_filled_in(text);
  return filled.is_string() ? filled.get<std::string>() : filled.dump();
}

std::string Run::key_of(const json& s) {
  return s.contains("key") ? filled_in(s["key"]) : "key-" + std::to_string(++keys_);
}

// What waits for an answer gets one, or the step says that it waits; and says so only then.
void Run::judge_open(const json& s, bool waited, std::size_t unserved_before) {
  if (!is_plain() || options_.model) return;
  const bool says = s.value("open", false);
  const bool unserved = world_.unserved() > unserved_before;
  const bool serves = s.contains("model") || s.contains("gateway");
  if (unserved && !says && !(waited && was_open_))
    halt(
        "a request was made and nobody answered it until its time was over: let less time pass and answer it in the "
        "next "
        "step, or, where that is meant, say \"open\": true");
  if (says && !unserved && !waits() && !(waited && !serves))
    halt("\"open\": nothing waits for an answer here or behind this step");
}

// A notice about what was never made goes nowhere. Made up on purpose it has a number, and the step says what comes of
// it.
bool Run::nobody_knows(const std::string& what, const json& how, const char* nth, const char* number) {
  if (!is_plain()) return false;
  const Mirror& seen = world_.mirror();
  if (how.contains(number)) {
    const std::string named = filled_in(how[number]);
    const auto has_it = [&](const auto& entry) { return entry.second.out_refund_no.str() == named; };
    const bool known = what == "order" ? seen.intent_of_number(named) != nullptr
                                       : std::any_of(seen.refunds.begin(), seen.refunds.end(), has_it);
    if (known || stopped_) return stopped_;
    if (script_.steps[at_].value("expect", json::object()).contains("http")) return false;
    halt("a notice of " + named +
         ", which nobody knows; where that is meant, the step says \"expect\": {\"http\": ...}");
    return true;
  }
  const std::size_t made = what == "order" ? seen.intent_order.size() : seen.refund_order.size();
  const bool of_refund = how["event"].get<std::string>().starts_with("REFUND");
  if (what == "order" && of_refund && !how.contains(nth)) return false;
  const std::size_t wanted = how.value(nth, std::max<std::size_t>(made, 1));
  if (wanted <= made) return false;
  halt("there is no " + what + " " + std::to_string(wanted) + " at this point");
  return true;
}

void Run::set_faults(const json& faults) {
  auto parsed = sandbox::FaultScript::parse(faults);
  if (!parsed) return misuse("/rail/faults" + parsed.error().message);
  expect_no_fault_left();
  if (parsed->size() == 0 && world_.rail().faults().size() == 0 && is_plain())
    return misuse("/rail/faults: the rail has none that could be taken from it");
  faults_step_ = at_;
  world_.rail().set_faults(std::move(*parsed));
}

// A fault that met no call of the rail proves nothing.
void Run::expect_no_fault_left() {
  if (!is_plain() || world_.rail().faults().size() == 0) return;
  const json& faults = script_.steps[faults_step_]["rail"]["faults"];
  for (const std::size_t i : world_.rail().faults().unused())
    fail_at(faults_step_, "/rail/faults/" + std::to_string(i) + ": this fault never happened: " + faults[i].dump());
}

void Run::webhook(const json& how) {
  if (nobody_knows("order", how, "order", "out_trade_no")) return;
  if (how["event"].get<std::string>().starts_with("REFUND") && nobody_knows("refund", how, "refund", "out_refund_no"))
    return;
  const json filled = all_filled_in(how);
  if (stopped_) return;
  const std::string event = filled["event"].get<std::string>();
  const bool about_refund = event.starts_with("REFUND");
  const Mirror& seen = world_.mirror();
  const auto moment = world_.rail_moment();
  json plain;
  const std::int64_t amount = filled.value("amount", json::object()).value("total", std::int64_t{-1});
  const PaymentIntent* intent = seen.nth_intent(filled.value("order", seen.intent_order.size()));
  if (filled.contains("out_trade_no")) {
    const PaymentIntent* named = seen.intent_of_number(filled["out_trade_no"].get<std::string>());
    intent = named;
  }
  const std::int64_t total = amount >= 0 ? amount : intent ? intent->amount.minor() : 1;
  const auto& keys = world_.rail().credentials();
  const UtcTime paid_at = moment.life + duration_of(filled.value("paid_at", "0s"));
  if (about_refund) {
    const Refund* refund = seen.nth_refund(filled.value("refund", seen.refund_order.size()));
    for (const auto& [id, row] : seen.refunds)
      if (row.out_refund_no.str() == filled.value("out_refund_no", "")) refund = &row;
    const PaymentIntent* of = refund ? &seen.intents.at(refund->intent.str()) : intent;
    const std::int64_t back =
        filled.value("amount", json::object()).value("refund", refund ? refund->amount.minor() : 1);
    const std::int64_t paid = amount >= 0 ? amount : of ? of->amount.minor() : total;
    plain = {{"mchid", filled.value("mchid", keys.mchid)},
             {"out_trade_no", of ? of->order.out_trade_no.str() : "unknown1"},
             {"transaction_id", of ? of->order.transaction_id : "42000000000000000000"},
             {"out_refund_no", refund ? refund->out_refund_no.str() : filled.value("out_refund_no", "unknown1")},
             {"refund_id", "503000000000000000000"},
             {"refund_status", filled.value("state", event.substr(event.find('.') + 1))},
             {"success_time", format_time_china(paid_at)},
             {"user_received_account", "零钱"},
             {"amount", {{"total", paid}, {"refund", back}, {"payer_total", paid}, {"payer_refund", back}}}};
  } else {
    const std::string number = filled.value("out_trade_no", intent ? intent->order.out_trade_no.str() : "unknown1");
    plain = {{"mchid", filled.value("mchid", keys.mchid)},
             {"appid", filled.value("appid", keys.appid)},
             {"out_trade_no", number},
             {"transaction_id", "4200" + number.substr(0, 20)},
             {"trade_type", "NATIVE"},
             {"trade_state", filled.value("state", "SUCCESS")},
             {"trade_state_desc", "支付成功"},
             {"bank_type", "OTHERS"},
             {"success_time", format_time_china(paid_at)},
             {"payer", {{"openid", "o_payer"}}},
             {"amount",
              {{"total", total},
               {"payer_total", total},
               {"currency", filled.value("amount", json::object()).value("currency", "CNY")},
               {"payer_currency", "CNY"}}}};
  }
  const int times = filled.value("times", 1);
  for (int i = 0; i < times; ++i) {
    if (i > 0 && filled.contains("gap")) world_.advance(duration_of(filled["gap"].get<std::string>()));
    auto call = world_.notify(event, about_refund ? "refund" : "transaction", plain, filled);
    asked(call);
    if (!filled.value("together", false)) world_.settle();
  }
}

}  // namespace purser::replay
