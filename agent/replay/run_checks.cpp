#include "agent/replay/bless.hpp"
#include "agent/replay/pairing.hpp"
#include "agent/replay/run.hpp"

#include <algorithm>
#include <set>

namespace purser::replay {
namespace {

// Whether `word`, with its captures filled in, stands in any text of `value`, or in its JSON.
bool shows(const json& value, const json& word, const Captures& captures) {
  const json filled = substituted(word, captures);
  const std::string text = filled.is_string() ? filled.get<std::string>() : filled.dump();
  const auto in_texts = [&](const json& one, const auto& again) -> bool {
    if (one.is_string()) return one.get_ref<const std::string&>().find(text) != std::string::npos;
    return one.is_structured() &&
           std::any_of(one.begin(), one.end(), [&](const json& part) { return again(part, again); });
  };
  return in_texts(value, in_texts) ||
         value.dump(-1, ' ', false, json::error_handler_t::replace).find(text) != std::string::npos;
}

// No member but those that are named, at any depth.
void make_exact(json& expected) {
  if (!expected.is_structured()) return;
  for (json& part : expected) make_exact(part);
  if (expected.is_object()) expected["$exact"] = true;
}

}  // namespace

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
  static const json kNone = json::array();
  const auto list = [&](const char* name) -> const json& { return request.contains(name) ? request[name] : kNone; };
  const json& messages = list("messages");
  const json& last = messages.back();
  if (sent.contains("last_role")) compare("sent.last_role", sent["last_role"], last.value("role", ""));
  if (sent.contains("messages_max") && messages.size() > sent["messages_max"])
    fail("sent.messages_max: the model was sent " + std::to_string(messages.size()) + " messages");
  std::set<std::string> offered;
  for (const json& tool : list("tools")) offered.insert(tool.value("/function/name"_json_pointer, ""));
  for (const json& tool : sent.value("tools", json::array())) {
    count("sent.tools");
    if (!offered.contains(tool.get<std::string>())) fail("sent.tools: " + tool.dump() + " is not offered");
  }
  check_never("sent.never", sent.value("never", json::array()), request);
  if (sent.contains("tool_result")) {
    const json& wanted = sent["tool_result"];
    json told;
    for (const json& message : messages)
      if (message.value("tool_call_id", "") == wanted["call"])
        told = json::parse(message.value("content", ""), nullptr, false);
    if (told.is_null()) return fail("sent.tool_result: " + wanted["call"].dump() + " has no answer");
    compare("sent.tool_result", wanted.value("has", json::object()), told);
    check_never("sent.tool_result.never", wanted.value("never", json::array()), told);
  }
  if (!sent.contains("event")) return;
  const std::string content =
      last.contains("content") && last["content"].is_string() ? last["content"].get<std::string>() : "";
  const auto brace = content.find('{');
  json told = brace == std::string::npos ? json::object() : json::parse(content.substr(brace), nullptr, false);
  if (!told.is_object()) return fail("sent.event: the last message is no event");
  told["id"] = told.value("payment_intent", "");
  const auto refund = world_.mirror().refunds.find(told.value("refund", ""));
  if (refund != world_.mirror().refunds.end()) told["out_refund_no"] = refund->second.out_refund_no.str();
  compare("sent.event", sent["event"], told);
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

// None of the words is shown; one that is a capture which nothing has taken would never be.
void Run::check_never(const std::string& kind, const json& words, const json& shown) {
  for (const json& word : words) {
    count(kind);
    const std::string missing = untaken_in(word, captures_);
    if (!missing.empty()) fail(kind + ": nothing was taken as \"" + missing + "\"");
    if (shows(shown, word, captures_)) fail(kind + ": " + word.dump() + " stands in " + shown.dump());
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
  check_never("reply.never", expect["reply"].value("never", json::array()), reply);
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
  end_member_ = "/trajectory";
  const json& wanted = script_.root["trajectory"];
  const Mirror& seen = world_.mirror();
  std::set<std::string> refused;
  for (const Message& message : seen.messages)
    if (message.role == Role::tool && message.text.find("\"status\":\"refused\"") != std::string::npos)
      refused.insert(message.turn.str() + message.call_id);
  json named = json::array();
  std::size_t all = 0;
  const auto mentions = [&](const std::string& name) {
    for (const json& one : wanted.value("list", json::array()))
      if (one["name"] == name) return true;
    return false;
  };
  for (const Message& message : seen.messages)
    for (const ToolCall& call : message.calls) {
      ++all;
      for (const json& never : wanted.value("calls_never", json::array()))
        if (never == call.name) fail("trajectory: " + call.name + " was called");
      const bool reads = call.name == "search_catalogue" || call.name == "query_payment";
      if (refused.contains(message.turn.str() + call.id) || (reads && !mentions(call.name))) continue;
      named.push_back({{"name", call.name}, {"args", json::parse(call.arguments, nullptr, false)}});
    }
  if (wanted.contains("max_calls") && all > wanted["max_calls"]) fail("trajectory: " + std::to_string(all) + " calls");
  if (wanted.contains("max_model_requests") && world_.model_requests() > wanted["max_model_requests"])
    fail("trajectory: the model was asked " + std::to_string(world_.model_requests()) + " times");
  if (!wanted.contains("list")) {
    if (wanted.contains("calls")) fail("trajectory: \"calls\" says how \"list\" is compared, and there is none");
    return;
  }
  const std::string mode = wanted.value("calls", "in_order");
  const std::string args = wanted.value("args", "subset");
  const auto same = [&](const json& one, const json& call, Captures& captures) {
    if (one["name"] != call["name"]) return false;
    if (args == "ignore" || !one.contains("args")) return true;
    json expected = one["args"];
    if (args == "exact") make_exact(expected);
    Captures tried = captures;
    if (difference(expected, call["args"], tried, "args")) return false;
    captures = std::move(tried);
    return true;
  };
  count("trajectory");
  end_member_ = "/trajectory/list";
  const json& list = wanted["list"];
  if (mode == "any_order" || mode == "superset") {
    const auto agrees = [&](std::size_t one, std::size_t call, Captures& captures) {
      return same(list[one], named[call], captures);
    };
    if (const auto left = unpaired(list.size(), named.size(), agrees, captures_))
      return fail("trajectory: expected " + list[*left].dump() + " in " + named.dump());
  } else {
    std::size_t met = 0;
    for (const json& one : list) {
      const std::size_t from = met;
      while (met < named.size() && !same(one, named[met], captures_)) ++met;
      if (met == named.size() || (mode == "exact" && met != from))
        return fail("trajectory: expected " + one.dump() + " in " + named.dump());
      ++met;
    }
  }
  const bool no_more = mode == "exact" || mode == "any_order";
  if (no_more && named.size() != wanted["list"].size()) fail("trajectory: more calls than expected: " + named.dump());
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
