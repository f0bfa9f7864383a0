#include "agent/replay/run.hpp"
#include "agent/replay/script_rules.hpp"
#include "agent/replay/script_text.hpp"

#include <algorithm>
#include <utility>

namespace purser::replay {
namespace {

constexpr int kRetriesMax = 90;

}  // namespace

void Run::fail_at(std::size_t step, const std::string& what) {
  if (result_.failures.empty()) result_.steps = steps_up_to(script_, step);
  result_.failures.push_back(place_of(step) + what);
}

std::string Run::place_of(std::size_t step) const {
  std::string where = script_.path + ": ";
  if (step < script_.where.size()) {
    where = script_.where[step] + ": ";
  } else if (!end_member_.empty()) {
    where = place_in(script_, end_member_);
  }
  return is_plain() ? where : where + derived_.code + ": ";
}

void Run::halt(const std::string& what) {
  fail(what);
  stopped_ = true;
}

void Run::misuse(const std::string& what) {
  halt(what);
  result_.misuse = true;
}

void Run::prepare() {
  if (derived_.crash) {
    world_.arm(*derived_.crash);
    world_.set_revive(true);
  }
  if (derived_.rail_fault_at > 0) world_.fault_rail(derived_.rail_fault_at, derived_.rail_fault);
  if (!derived_.webhooks.empty()) world_.twist_webhooks(derived_.webhooks);
  if (!is_plain() && given_.value("model", "scripted") == "scripted")
    world_.set_model([this](const json& request) { return seat(request); });
  if (auto started = world_.start(); !started) {
    at_ = script_.steps.size();
    end_member_ = "/given";
    misuse("the daemon does not start: " + started.error().message);
  }
}

// --- the model of a derived run -----------------------------------------------------------------------------------

std::optional<json> Run::seat(const json& request) {
  const Memo& memo = plain_->memo;
  const std::string history = history_of(request);
  json answer;
  if (const auto same = memo.by_history.find(history); same != memo.by_history.end()) {
    auto& cursor = cursor_[history];
    answer = same->second[std::min(cursor, same->second.size() - 1)];
    cursor += 1;
  } else if (const auto last = memo.by_last.find(last_of(request)); last != memo.by_last.end()) {
    answer = last->second;
  } else {
    answer = {{"text", given_.value("locale", "zh") == "zh" ? "好的。" : "All right."}};
  }
  // By now the names of what it speaks of are other ones.
  capture_names();
  answer = substituted(answer, captures_);
  return mutated(std::move(answer));
}

json Run::mutated(json answer) {
  if (++answers_given_ == derived_.cut_answer)
    answer["fault"] = "cut_after_piece:" + std::to_string(derived_.cut_pieces);
  if (!answer.contains("calls")) return answer;
  if (derived_.reverse_calls) std::reverse(answer["calls"].begin(), answer["calls"].end());
  for (json& call : answer["calls"]) {
    if (++calls_answered_ != derived_.mutant_call) continue;
    const std::string& how = derived_.mutant;
    json args = call.value("args", json::object());
    if (how == "unknown_field") args["openid"] = "o_of_somebody_else";
    bool changed = false;
    const auto twist = [&](auto&& self, json& value) -> void {
      if (changed) return;
      if (value.is_object() || value.is_array()) {
        for (auto& member : value) self(self, member);
        return;
      }
      if (!value.is_number_integer()) return;
      changed = true;
      const auto n = value.get<std::int64_t>();
      if (how == "times_100") value = n * 100;
      if (how == "negative") value = -n;
      if (how == "zero") value = 0;
      if (how == "text") value = std::to_string(n);
      if (how == "huge") value = std::int64_t{9'223'372'036'854'775'807};
    };
    twist(twist, args);
    call["args"] = args;
    if (how == "cut") {
      const std::string text = args.dump();
      std::size_t half = text.size() / 2;
      while (half > 0 && (static_cast<unsigned char>(text[half]) & 0xC0) == 0x80) --half;
      call.erase("args");
      call["args_raw"] = text.substr(0, half);
    }
    if (how == "doubled_key") {
      std::string text = args.dump();
      text.insert(1, "\"total_fen\":1,\"amount_fen\":1,");
      call.erase("args");
      call["args_raw"] = text;
    }
  }
  return answer;
}

// --- steps --------------------------------------------------------------------------------------------------------

std::string Run::thread_of(const json& s) {
  const std::string name = s.value("thread", "main");
  const json about = given_.value("threads", json::object()).value(name, json::object());
  if (about.contains("id")) {
    const std::string known = about["id"].get<std::string>();
    if (!world_.mirror().threads.contains(known))
      misuse("/given/threads/" + name + "/id: the database has no thread " + known);
    stage_.adopt(name, known);
  }
  json owner = given_.value("user", json{{"id", "u_1"}});
  if (about.contains("user")) owner = about["user"];
  const std::string locale = about.value("locale", given_.value("locale", "zh"));
  const std::string id = stage_.thread(name, owner, locale);
  if (id.empty()) fail("the thread " + name + " cannot be made" + (world_.up() ? "" : ": the daemon is down"));
  return id;
}

void Run::capture_names() {
  const Mirror& seen = world_.mirror();
  for (std::size_t i = 0; i < seen.intent_order.size(); ++i) {
    const PaymentIntent& row = seen.intents.at(seen.intent_order[i]);
    captures_["intent" + std::to_string(i + 1)] = row.id.str();
    captures_["order" + std::to_string(i + 1)] = row.order.out_trade_no.str();
  }
  for (std::size_t i = 0; i < seen.refund_order.size(); ++i) {
    const Refund& row = seen.refunds.at(seen.refund_order[i]);
    captures_["refund" + std::to_string(i + 1)] = row.id.str();
    captures_["refundno" + std::to_string(i + 1)] = row.out_refund_no.str();
  }
  for (const auto& [name, id] : stage_.threads()) captures_["thread_" + name] = id;
}

void Run::step(const json& s) {
  const bool waited = waits();
  const std::size_t unserved = world_.unserved();
  const bool serves = s.contains("model") || s.contains("gateway");
  const bool allowed = open_ || s.value("open", false) || s.contains("expect") || s.contains("crash");
  if (waited && !serves && !allowed) {
    fail(world_.waiting_models().empty() ? "an unexpected gateway call waits for an answer"
                                         : "an unexpected model call waits for an answer");
    stopped_ = true;
    return;
  }
  was_open_ = std::exchange(open_, s.value("open", false));
  mark_before_ = std::exchange(mark_, stage_.mark());
  step_calls_.clear();
  const std::string thread = s.contains("crash") || s.contains("restart") || !world_.up() ? "" : thread_of(s);
  if (!s.contains("restart") && !s.contains("crash")) mark_ = stage_.mark();
  capture_names();
  follow();
  act(s);
  world_.settle();
  if (!is_plain()) catch_up();
  follow();
  capture_names();
  const std::string name = s.value("thread", "main");
  const std::string of = stage_.knows(name) ? stage_.id_of(name) : thread;
  if (options_.model && is_plain()) {
    record(s, of);
  } else if (s.contains("expect") && is_plain()) {
    check(s["expect"], of);
  }
  judge_answers();
  judge_open(s, waited, unserved);
  result_.most_events = std::max(result_.most_events, world_.mirror().events.size() - mark_.events);
  result_.step_ends.push_back(world_.now());
  result_.step_lines.push_back(world_.journal().size());
}

void Run::act(const json& s) {
  if (s.contains("user")) return user(s);
  if (s.contains("model")) return model(s);
  if (s.contains("concurrent")) return concurrent(s["concurrent"]);
  act_on_rail(s);
  act_on_process(s);
  act_as_client(s);
}

void Run::act_on_rail(const json& s) {
  if (s.contains("gateway")) gateway(s);
  if (s.contains("pay")) pay(s["pay"], false);
  if (s.contains("decline")) pay(s["decline"], true);
  if (s.contains("webhook")) webhook(s["webhook"]);
  if (s.contains("rail")) set_faults(s["rail"]["faults"]);
}

void Run::act_on_process(const json& s) {
  if (s.contains("advance")) advance(s);
  if (s.contains("wall"))
    world_.jump_wall(std::chrono::duration_cast<std::chrono::seconds>(duration_of(s["wall"].get<std::string>())));
  if (s.contains("crash")) crash(s["crash"].get<std::string>());
  if (!s.contains("restart")) return;
  if (is_plain() && world_.up()) return fail("\"restart\": the daemon is up already");
  if (auto started = world_.start(); !started) fail("the daemon does not start: " + started.error().message);
  for (const ClientCallPtr& call : world_.lost_calls()) {
    if (!s.value("retry", true)) continue;
    world_.ask(call);
    asked(call);
  }
}

void Run::act_as_client(const json& s) {
  const auto post = [&](const std::string& id, const std::string& verb) {
    const std::string target = "/v1/intents/" + filled_in(id) + "/" + verb;
    auto call = world_.ask("POST", target, json(), key_of(s));
    asked(call);
    owed_.push_back(call);
    twin(call);
  };
  if (s.contains("cancel")) post(s["cancel"].get<std::string>(), "cancel");
  if (s.contains("renew")) post(s["renew"].get<std::string>(), "renew");
  if (s.contains("request")) request(s["request"]);
  if (s.contains("client")) client(s);
  if (s.contains("operator")) operate(s["operator"]);
}

void Run::concurrent(const json& list) {
  std::vector<const json*> order;
  for (const json& one : list) {
    if (one.contains("user") || one.contains("client")) (void)thread_of(one);
    order.push_back(&one);
  }
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[world_.dice().roll(i)]);
  for (const json* one : order) act(*one);
}

void Run::user(const json& s) {
  const std::string name = s.value("thread", "main");
  if (!stage_.knows(name) && thread_of(s).empty()) return;
  const std::string text = filled_in(s["user"]);
  const std::string key = key_of(s);
  if (stopped_) return;
  auto call = stage_.say(name, text, key, s.value("stream", false) || derived_.drop_events > 0);
  call->drop_after_events = derived_.drop_events;
  asked(call);
  owed_.push_back(call);
  twin(call);
}

void Run::model(const json& s) {
  if (!is_plain()) return;
  const auto waiting = world_.waiting_models();
  if (waiting.empty()) {
    fail("the model is not asked: no request waits");
    stopped_ = true;
    return;
  }
  std::size_t which = 0;
  if (s.contains("thread") && stage_.knows(s["thread"].get<std::string>())) {
    // Its own first words tell a thread's request.
    std::string first;
    for (const Message& message : world_.mirror().messages)
      if (first.empty() && message.thread.str() == stage_.id_of(s["thread"].get<std::string>()) &&
          message.role == Role::user)
        first = message.text;
    const std::string words = json(first).dump();
    const auto its = std::ranges::find_if(waiting, [&](const Waiting& one) {
      return !first.empty() && one.body->dump().find(words) != std::string::npos;
    });
    if (its == waiting.end()) {
      fail("the model is not asked by the thread " + s["thread"].get<std::string>() + ": no request of it waits");
      stopped_ = true;
      return;
    }
    which = static_cast<std::size_t>(its - waiting.begin());
  }
  const json& request = *waiting[which].body;
  if (s.contains("sent")) check_sent(s["sent"], request);
  // Kept with its names open, so that a run with other ids fills in its own.
  result_.memo.by_history[history_of(request)].push_back(s["model"]);
  result_.memo.by_last[last_of(request)] = s["model"];
  result_.model_calls += s["model"].value("calls", json::array()).size();
  result_.model_answers += 1;
  const json answer = all_filled_in(s["model"]);
  if (stopped_) return;
  world_.note("step", "model");
  if (const std::string unmet = world_.serve_model(which, answer); !unmet.empty()) fail("/model" + unmet);
  if (answer.value("fault", "").starts_with("timeout")) world_.advance(Millis(60'000));
}

void Run::gateway(const json& s) {
  const auto waiting = world_.waiting_rails();
  if (waiting.empty()) {
    fail("no call of the gateway waits");
    stopped_ = true;
    return;
  }
  const Waiting& call = waiting.front();
  const json& wanted = s["gateway"];
  if (wanted.contains("method")) compare("gateway", wanted["method"], call.method);
  if (wanted.contains("path")) {
    std::string path = call.target.substr(0, call.target.find('?'));
    compare("gateway", substituted(wanted["path"], captures_), path);
  }
  if (wanted.contains("body")) compare("gateway", wanted["body"], *call.body);
  const json headers = wanted.value("headers", json::object());
  for (const auto& [name, value] : headers.items()) {
    const std::string_view said = http::header(call.headers, name);
    compare("gateway", {{name, value}}, said.empty() ? json::object() : json{{name, said}});
  }
  count("gateway");
  const json reply = all_filled_in(s.value("reply", json::object()));
  if (stopped_) return;
  world_.serve_rail(0, reply);
  const std::string fault = s.value("reply", json::object()).value("fault", "");
  if (fault.starts_with("timeout")) world_.settle();
}

void Run::pay(const json& how, bool declined) {
  const auto number_of = [&]() -> std::string {
    const Mirror& seen = world_.mirror();
    const std::size_t n = how.value("order", seen.intent_order.size());
    const PaymentIntent* row = seen.nth_intent(n);
    return row ? row->order.out_trade_no.str() : "";
  };
  const auto attempt = [&]() -> Result<void> {
    const std::string openid = how.value("openid", "");
    if (declined) return world_.rail().decline(number_of(), world_.rail_moment());
    return world_.rail().pay(number_of(), openid, world_.rail_moment());
  };
  const PaymentIntent* paid = world_.mirror().nth_intent(how.value("order", world_.mirror().intent_order.size()));
  if (is_plain() && how.contains("openid") && paid && paid->order.payer_openid.empty())
    return halt("/pay/openid: this order is a code, which anybody scans");
  if (is_plain() && number_of().empty())
    return halt("there is no order " + std::to_string(how.value("order", std::size_t{1})) + " at this point");
  world_.note("rail", declined ? "the payer's card is declined" : "the payer pays");
  Result<void> done = attempt();
  // The order of a derived run may come later than in the story.
  for (int i = 0;
       !is_plain() && !how.value("refused", false) && !done && done.code() == Errc::not_found && i < kRetriesMax; ++i) {
    world_.advance(Millis(1'000));
    done = attempt();
  }
  if (!is_plain()) return;
  count("pay");
  if (how.value("refused", false) != !done)
    fail(done ? "the rail takes a payment that it should refuse"
              : "the rail does not take the payment: " + done.error().message);
}

void Run::request(const json& how) {
  const std::string path = filled_in(how["path"]);
  auto call = std::make_shared<ClientCall>(how["method"].get<std::string>(), path);
  const std::string as = how.value("as", "own");
  call->headers = {{"Host", "127.0.0.1:7000"}};
  if (as != "nobody")
    call->headers.emplace_back("Authorization",
                               "Bearer " + (as == "own" ? std::string(kApiKey) : std::string(kOtherApiKey)));
  if (how.contains("key")) call->headers.emplace_back("Idempotency-Key", filled_in(how["key"]));
  if (how.contains("body")) {
    call->headers.emplace_back("Content-Type", "application/json");
    call->body = all_filled_in(how["body"]).dump();
  }
  if (stopped_) return;
  world_.ask(call);
  asked(call);
}

void Run::operate(const json& how) {
  auto list = world_.ask("GET", "/v1/approvals?state=pending", json());
  world_.settle();
  const json page = list->response ? json::parse(list->response->body, nullptr, false) : json();
  const std::size_t nth = how.value("approval", std::size_t{1});
  if (!page.is_object() || page["data"].size() < nth) {
    if (is_plain()) fail("there is no approval to decide");
    return;
  }
  json body{{"decision", how["decision"]}};
  if (how.contains("note")) body["note"] = how["note"];
  auto call = world_.ask("POST", "/v1/approvals/" + page["data"][nth - 1].value("id", ""), body,
                         "key-" + std::to_string(++keys_));
  asked(call);
  owed_.push_back(call);
  twin(call);
}

void Run::crash(const std::string& where) {
  expect_no_crash_left();
  if (is_plain() && where == "now" && !world_.up()) return fail("\"crash\": the daemon is down already");
  if (where == "now") return world_.crash();
  CrashPoint point;
  point.when = where.starts_with("before") ? CrashPoint::When::before : CrashPoint::When::after;
  std::string rest = where.substr(where.find(':') + 1);
  if (rest.starts_with("rail:")) {
    point.place = CrashPoint::Place::rail;
    rest = rest.substr(5);
  }
  const auto colon = rest.find(':');
  point.name = rest.substr(0, colon);
  point.nth = colon == std::string::npos ? 1 : std::stoll(rest.substr(colon + 1));
  world_.arm(point);
}

void Run::advance(const json& s) {
  Millis by = duration_of(s["advance"].get<std::string>());
  // A derived run may have spent some of the time already; it arrives at the same moment.
  hang_up();
  if (!is_plain() && at_ < plain_->step_ends.size())
    by = std::max(Millis(0), plain_->step_ends[at_] + derived_.time_off - world_.now());
  if (!derived_.split_time) return world_.advance(by);
  const auto piece = by / 7;
  for (int i = 0; i < 7; ++i) world_.advance(piece);
  world_.advance(by - 7 * piece);
}

// A client that got no good answer asks again under the same key.
void Run::insist() {
  const auto good = [](const ClientCallPtr& call) {
    if (!call->response) return false;
    const int status = call->response->status;
    if (status >= 500 || status == 409) return false;
    const bool streams = static_cast<bool>(call->response->stream);
    const bool ended = call->streamed.find("event: turn.completed") != std::string::npos;
    return !streams || ended;
  };
  for (int i = 0; i < kRetriesMax; ++i) {
    std::erase_if(owed_, good);
    if (owed_.empty()) return;
    for (const ClientCallPtr& call : owed_) {
      const bool refused = call->response && (call->response->status >= 500 || call->response->status == 409);
      // A stream also ends with the daemon that it came from.
      const bool dropped = call->response && call->response->stream && (call->drop_after_events > 0 || call->ended);
      const bool final_refusal = call->response && call->response->status == 409 && i > 5;
      if (final_refusal) return owed_.clear();
      if (!refused && !dropped && !call->lost) continue;
      call->drop_after_events = 0;
      call->streamed.clear();
      call->events_seen = 0;
      call->ended = false;
      world_.ask(call);
    }
    world_.settle();
    std::erase_if(owed_, good);
    if (!owed_.empty()) world_.advance(Millis(1'000));
  }
}

void Run::catch_up() {
  insist();
  if (derived_.crash || !derived_.webhooks.empty() || derived_.rail_fault_at > 0) {
    // What the rail has to say arrives, if it takes a try more.
    for (int i = 0; i < 40 && world_.busy(); ++i) world_.advance(Millis(1'000));
  }
}

}  // namespace purser::replay
