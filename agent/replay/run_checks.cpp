#include "agent/replay/bless.hpp"
#include "agent/replay/run.hpp"

#include <algorithm>
#include <set>

namespace purser::replay {

// --- expectations -------------------------------------------------------------------------------------------------

void Run::compare(const std::string& kind, const json& expected, const json& actual) {
  count(kind);
  if (auto wrong = difference(expected, actual, captures_, kind))
    missed(kind, *wrong, options_.bless ? blessed_value(expected, actual, captures_) : json());
}

// A failure, unless expectations are to follow what happened.
void Run::missed(const std::string& kind, const std::string& how, json value) {
  if (!options_.bless || !is_plain() || kind == "gateway") return fail(how);
  const auto same = [&](const Blessing& one) { return one.step == at_ && one.kind == kind; };
  if (std::none_of(result_.blessings.begin(), result_.blessings.end(), same))
    result_.blessings.push_back({at_, kind, std::move(value)});
}

// What this step has caused; an author who looks for it a step too late is told where it was.
void Run::compare_new(const std::string& kind, const json& expected, const json& actual, const json& with_earlier) {
  const std::size_t failures = result_.failures.size();
  compare(kind, expected, actual);
  if (result_.failures.size() == failures || !actual.empty() || with_earlier.empty() || at_ == 0) return;
  const std::string& where = script_.where[at_ - 1];
  result_.failures.back() += "; the step before, line " + where.substr(where.rfind(':') + 1) + ", had " +
                             with_earlier.dump(-1, ' ', false, json::error_handler_t::replace);
}

void Run::check_sent(const json& sent, const json& request) {
  const auto number_of = [this](const std::string& refund) {
    const auto& rows = world_.mirror().refunds;
    const auto row = rows.find(refund);
    return row == rows.end() ? std::string() : row->second.out_refund_no.str();
  };
  judge_sent(sent, request, captures_, number_of, *this);
}

void Run::check(const json& expect, const std::string& thread) {
  check_calls(expect);
  check_rows(expect, thread);
  check_lists(expect, thread);
}

// A crash that was asked for and never came proves nothing.
void Run::expect_no_crash_left() {
  if (!is_plain() || !world_.armed()) return;
  std::set<std::string> passed;
  const auto commits = world_.commit_names();
  const auto calls = world_.rail_names();
  passed.insert(commits.begin(), commits.end());
  for (const std::string& call : calls) passed.insert("rail:" + call);
  std::string names;
  for (const std::string& name : passed) names += (names.empty() ? "" : ", ") + name;
  fail("the power did not fail: the point of \"crash\" was not reached; passed were " + names);
}

// A request into the void says nothing of the daemon.
void Run::expect_no_request_left() {
  if (!is_plain() || world_.up()) return;
  for (const ClientCallPtr& call : world_.lost_calls()) {
    const auto by = std::find_if(asked_.begin(), asked_.end(), [&](const Asked& one) { return one.call == call; });
    fail_at(by == asked_.end() ? at_ : by->step,
            "the daemon was down and is not started again: " + call->method + " " + call->target + " never reached it");
  }
}

void Run::check_calls(const json& expect) {
  const std::vector<ClientCallPtr> calls = calls_of_step();
  for (const char* key : {"http", "code", "body"})
    if (expect.contains(key) && calls.empty()) return fail(std::string(key) + ": this step makes no request");
  for (Asked& one : asked_)
    if ((expect.contains("http") || expect.contains("code")) &&
        std::find(calls.begin(), calls.end(), one.call) != calls.end())
      one.stated = true;
  for (const ClientCallPtr& call : calls) {
    if (!expect.contains("http")) break;
    count("http");
    const std::string status = status_of(call);
    const json& wanted = expect["http"];
    const std::string text = wanted.is_string() ? wanted.get<std::string>() : wanted.dump();
    const bool family = text.size() == 3 && text.ends_with("xx") && status.size() == 3 && status[0] == text[0];
    if (!family && status != text)
      missed("http", "http: expected " + text + ", found " + status, json::parse(status, nullptr, false));
  }
  if (!expect.contains("code") && !expect.contains("body")) return;
  const json body =
      !calls.empty() && calls.back()->response ? json::parse(calls.back()->response->body, nullptr, false) : json();
  if (expect.contains("body")) compare("body", expect["body"], body);
  if (!expect.contains("code")) return;
  const json error = body.is_object() ? body.value("error", json::object()) : json::object();
  if (!error.contains("code")) return fail("code: this answer has none");
  compare("code", expect["code"], error["code"]);
}

void Run::check_rows(const json& expect, const std::string& thread) {
  const Mirror& seen = world_.mirror();
  json intents = json::array();
  json refunds = json::array();
  for (const std::string& id : seen.intent_order)
    if (seen.intents.at(id).thread.str() == thread) intents.push_back(Stage::view(seen.intents.at(id)));
  for (const std::string& id : seen.refund_order)
    if (seen.refunds.at(id).thread.str() == thread) refunds.push_back(Stage::view(seen.refunds.at(id)));
  const auto one = [&](const std::string& kind, const json& wanted, const json& rows, const char* key) {
    for (auto row = rows.rbegin(); row != rows.rend(); ++row)
      if (!wanted.contains(key) || may_be(wanted[key], (*row)[key], captures_)) return compare(kind, wanted, *row);
    fail(kind + ": there is none");
  };
  if (expect.contains("intent")) one("intent", expect["intent"], intents, "id");
  if (expect.contains("refund"))
    one("refund", expect["refund"], refunds, expect["refund"].contains("out_refund_no") ? "out_refund_no" : "id");
  if (expect.contains("intents")) compare("intents", expect["intents"], intents);
  if (expect.contains("refunds")) compare("refunds", expect["refunds"], refunds);
  if (expect.contains("thread")) {
    const auto row = seen.threads.find(thread);
    compare("thread", expect["thread"], row == seen.threads.end() ? "" : std::string(to_string(row->second.state)));
  }
}

void Run::check_lists(const json& expect, const std::string& thread) {
  if (expect.contains("events")) {
    count("events");
    json wanted = expect["events"];
    const bool exact = !wanted.empty() && wanted[0] == "$exact";
    if (exact) wanted.erase(0);
    const std::vector<std::string> actual = stage_.events_since(mark_, thread);
    std::size_t met = 0;
    for (const std::string& event : actual)
      if (met < wanted.size() && wanted[met] == event) ++met;
    if (met < wanted.size() || (exact && actual.size() != wanted.size()))
      missed("events", "events: expected " + wanted.dump() + ", found " + json(actual).dump(), actual);
  }
  if (expect.contains("ledger"))
    compare_new("ledger", expect["ledger"], stage_.ledger_since(mark_), stage_.ledger_since(mark_before_));
  if (expect.contains("cards"))
    compare_new("cards", expect["cards"], stage_.cards_since(mark_, thread), stage_.cards_since(mark_before_, thread));
  if (expect.contains("refused"))
    compare_new("refused", expect["refused"], stage_.refusals_since(mark_, thread),
                stage_.refusals_since(mark_before_, thread));
  if (expect.contains("model_turns"))
    compare("model_turns", expect["model_turns"], world_.model_requests() - mark_.models);
  if (expect.contains("rail_calls")) {
    const auto names = world_.rail_names();
    compare("rail_calls", expect["rail_calls"],
            std::vector<std::string>(names.begin() + static_cast<std::ptrdiff_t>(mark_.rail_calls), names.end()));
  }
  if (expect.contains("streamed")) {
    json types = json::array();
    const std::string name = script_.steps[at_].value("thread", "main");
    if (followers_[name].empty()) fail("streamed: no client follows the thread " + name);
    for (const Following& one : followers_[name]) {
      const std::string& text = one.call->streamed;
      for (auto at = text.find("event: "); at != text.npos; at = text.find("event: ", at + 1))
        types.push_back(text.substr(at + 7, text.find('\n', at) - at - 7));
    }
    compare("streamed", expect["streamed"], types);
  }
  if (!expect.contains("reply")) return;
  const std::string reply = stage_.reply_since(mark_, thread);
  for (const json& word : expect["reply"].value("has", json::array())) {
    count("reply");
    if (reply.find(substituted(word, captures_).get<std::string>()) == std::string::npos)
      missed("reply.has", "reply: expected " + word.dump() + " in \"" + reply + "\"", json::array({reply}));
  }
  if (reply.empty()) return missed("reply", "reply: there is none yet", json());
  const json never = expect["reply"].value("never", json::array());
  for (std::size_t i = 0; i < never.size(); ++i) count("reply.never");
  for (const std::string& how : said_after_all("reply.never", never, reply, captures_)) fail(how);
  if (expect["reply"].contains("money_line")) check_money_line(expect["reply"]["money_line"], reply, thread);
}

// The server's own sentence names the sum of the row that it speaks of.
void Run::check_money_line(const json& wanted, const std::string& reply, const std::string& thread) {
  const json id = wanted.value("id", json("$any"));
  const PaymentIntent* row = nullptr;
  for (const std::string& one : world_.mirror().intent_order) {
    const PaymentIntent& intent = world_.mirror().intents.at(one);
    if (intent.thread.str() == thread && may_be(id, one, captures_)) row = &intent;
  }
  if (row == nullptr) return fail("reply.money_line: there is no such row");
  compare("reply.money_line", wanted, Stage::view(*row));
  // What the words leave out no expectation can follow.
  if (reply.find(row->amount.display()) == std::string::npos)
    fail("reply.money_line: " + row->amount.display() + " is not named in \"" + reply + "\"");
}

void Run::trajectory() {
  if (!script_.root.contains("trajectory") || !is_plain()) return;
  const Mirror& seen = world_.mirror();
  std::set<std::string> refused;
  for (const Message& message : seen.messages)
    if (message.role == Role::tool && message.text.find("\"status\":\"refused\"") != std::string::npos)
      refused.insert(message.turn.str() + message.call_id);
  std::vector<CalledTool> calls;
  for (const Message& message : seen.messages)
    for (const ToolCall& call : message.calls)
      calls.push_back({call.name, call.arguments, refused.contains(message.turn.str() + call.id)});
  judge_trajectory(script_.root["trajectory"], calls, world_.model_requests(), captures_, *this);
}

void Run::finally() {
  if (!is_plain()) return;
  if (!world_.waiting_models().empty()) fail("an unexpected model call waits at the end");
  if (!world_.waiting_rails().empty()) fail("an unexpected gateway call waits at the end");
  if (!script_.root.contains("finally")) return;
  const json& wanted = script_.root["finally"];
  const json now = stage_.end_state();
  const auto captured = now["captured"].get<std::int64_t>();
  const auto refunded = now["refunded"].get<std::int64_t>();
  const auto hold = [&](const std::string& member, const json& expected, const json& actual) {
    end_member_ = "/finally/" + member;
    std::replace(end_member_.begin(), end_member_.end(), '.', '/');
    compare("finally." + member.substr(0, member.find('.')), expected, actual);
  };
  if (wanted.contains("captured_fen")) hold("captured_fen", wanted["captured_fen"], captured);
  if (wanted.contains("refunded_fen")) hold("refunded_fen", wanted["refunded_fen"], refunded);
  if (wanted.contains("kept_fen")) hold("kept_fen", wanted["kept_fen"], captured - refunded);
  const auto states = [](const json& rows) {
    json out = json::array();
    for (const json& row : rows) out.push_back(row["state"]);
    return out;
  };
  if (wanted.contains("intents")) hold("intents", wanted["intents"], states(now["intents"]));
  if (wanted.contains("refunds")) hold("refunds", wanted["refunds"], states(now["refunds"]));
  const json posts = wanted.value("gateway_posts", json::object());
  for (const auto& [name, times] : posts.items()) {
    const bool creates = name == "native" || name == "jsapi" || name == "create";
    const std::string call = creates ? "create" : name == "refunds" ? "refund" : name;
    const auto names = world_.rail_names();
    hold("gateway_posts." + name, times, std::count(names.begin(), names.end(), call));
  }
}

}  // namespace purser::replay
