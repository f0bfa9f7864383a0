#include "agent/replay/loopback.hpp"

#include "agent/replay/loopback_view.hpp"
#include "agent/replay/match.hpp"
#include "agent/replay/refusals.hpp"
#include "agent/replay/run.hpp"
#include "gateway/store/records.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace purser::replay {
namespace {

// What "finally" says of them is to be seen from outside; of the first, where all threads are known.
constexpr std::array<std::string_view, 5> kSeenOfAllThreads{"captured_fen", "refunded_fen", "kept_fen", "intents",
                                                            "refunds"};
constexpr std::array<std::string_view, 4> kSeenAtTheEnd{"model", "gateway_posts", "ledger_balanced", "history_valid"};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Sockets final : SocketView, Judge {
 public:
  Sockets(const Script& script, const std::string& program)
      : SocketView(script, program), given_(script.root.value("given", json::object())) {}

  std::vector<std::string> play() {
    for (at_ = 0; at_ < script_.steps.size() && failures_.empty(); ++at_) step(script_.steps[at_]);
    if (failures_.empty()) finally();
    if (failures_.empty()) nothing_left();
    if (failures_.empty()) trajectory();
    return std::move(failures_);
  }
  // Of the expectations that it came to, by their kinds: those that were held against what happened, and those that
  // cannot be seen from outside.
  std::map<std::string, std::size_t> held_;
  std::map<std::string, std::size_t> unheld_;

 private:
  // --- the judge of what it holds as a run inside does ---

  void count(const std::string& kind) override { held_[kind] += 1; }
  void fail(const std::string& what) override { SocketWire::fail(what); }
  void look_at(const std::string&) override {}
  void compare(const std::string& kind, const json& expected, const json& actual) override {
    count(kind);
    Captures tried = captures_;
    if (const auto how = difference(expected, actual, tried, kind)) return fail(*how);
    captures_ = std::move(tried);
  }

  // --- steps ---

  std::string thread_of(const json& s) {
    const std::string name = s.value("thread", "main");
    if (threads_.contains(name)) return threads_[name];
    const json about = given_.value("threads", json::object()).value(name, json::object());
    json owner = given_.value("user", json{{"id", "u_1"}});
    if (about.contains("user")) owner = about["user"];
    const json body{{"user", owner}, {"locale", about.value("locale", given_.value("locale", "zh"))}};
    const SocketAnswer made = now("POST", daemon_->url + "/v1/threads", body, "thread-" + name);
    const std::string id = json::parse(made.body, nullptr, false).value("id", "");
    if (id.empty()) throw std::runtime_error("the thread " + name + " cannot be made: " + made.body);
    follow_thread(id);
    captures_["thread_" + name] = id;
    return threads_[name] = id;
  }

  void step(const json& s) {
    const bool waited = !questions_.empty();
    const bool serves = s.contains("model");
    const json expected = s.value("expect", json::object());
    if (waited && !serves && !open_ && !s.value("open", false) && !s.contains("expect"))
      return fail("an unexpected model call waits for an answer");
    open_ = s.value("open", false);
    const std::string thread = thread_of(s);
    step_calls_.clear();
    // Another process is at work: what comes before the question belongs to what was done before.
    if (serves) (void)until([&] { return asked_by(s) != questions_.end(); });
    if (serves) settle();
    before_ = now_of(expected, thread);
    act(s, thread);
    settle();
    capture_names();
    for (const SocketAnswerPtr& call : calls_of_step())
      call->stated = call->stated || expected.contains("http") || expected.contains("code");
    for (const auto& [key, value] : expected.items()) expect(key, value, thread);
    judge_answers();
    const bool told = !failures_.empty() || (waited && !serves);
    if (open_ && !told && !until([this] { return !questions_.empty(); }))
      fail("\"open\": nothing waits for an answer here or behind this step");
  }

  // The requests of this step; of one that makes none, those that it has brought an answer.
  std::vector<SocketAnswerPtr> calls_of_step() const {
    if (!step_calls_.empty()) return step_calls_;
    std::vector<SocketAnswerPtr> out;
    for (const SocketAnswerPtr& one : calls_)
      if (one->come && !one->judged) out.push_back(one);
    return out;
  }

  // What the daemon refuses without a step that says so was not meant to be refused.
  void judge_answers() {
    for (const SocketAnswerPtr& one : calls_) {
      if (!one->come || std::exchange(one->judged, true) || one->stated) continue;
      if (const std::string refused = unsaid_refusal(one->asked, one->status, one->body); !refused.empty())
        fail_at(one->step, refused);
    }
  }

  // Everybody has an answer, and every fault of the rail has met a call.
  void nothing_left() {
    settle();
    judge_answers();
    if (!questions_.empty()) fail("an unexpected model call waits at the end");
    set_faults(json::array());
  }

  void act(const json& s, const std::string& thread) {
    const std::string key =
        s.contains("key") ? filled_in(s["key"]).get<std::string>() : "key-" + std::to_string(++keys_);
    const auto client = [&](SocketAnswerPtr answer) {
      calls_.push_back(answer);
      step_calls_.push_back(std::move(answer));
    };
    const std::string threads = daemon_->url + "/v1/threads/";
    if (s.contains("user")) first_words_.emplace(s.value("thread", "main"), filled_in(s["user"]).dump());
    if (s.contains("user")) client(ask("POST", threads + thread + "/turns", {{"text", filled_in(s["user"])}}, key));
    if (s.contains("model")) model(s);
    // The rail's clock knows no days.
    if (s.contains("advance")) {
      const auto by = duration_of(s["advance"].get<std::string>()).count();
      control("/sandbox/clock", {{"advance", std::to_string(by) + "ms"}});
    }
    if (s.contains("rail")) {
      set_faults(s["rail"]["faults"]);
      faults_step_ = at_;
    }
    for (const char* verb : {"pay", "decline"})
      if (s.contains(verb)) pay(s[verb], verb);
    for (const char* verb : {"cancel", "renew"})
      if (s.contains(verb))
        client(ask("POST", daemon_->url + "/v1/intents/" + filled_in(s[verb]).get<std::string>() + "/" + verb, json(),
                   key));
    if (!s.contains("request")) return;
    const json& how = s["request"];
    const json body = how.contains("body") ? filled_in(how["body"]) : json();
    client(ask(how["method"], daemon_->url + filled_in(how["path"]).get<std::string>(), body,
               filled_in(how.value("key", "")).get<std::string>(), how.value("as", "own")));
  }

  json filled_in(const json& value) {
    if (const std::string missing = untaken_in(value, captures_); !missing.empty())
      fail("nothing was taken as \"" + missing + "\"");
    return substituted(value, captures_);
  }

  // What the rail was to do wrong before, and never did, is a failure of the step that said so.
  void set_faults(const json& faults) {
    if (!faults_step_ && faults.empty() && at_ >= script_.steps.size()) return;
    const SocketAnswer done = control("/sandbox/faults", faults);
    const json told = json::parse(done.body, nullptr, false);
    const json unused = told.is_object() ? told.value("unused", json::array()) : json::array();
    for (const json& i : unused)
      if (faults_step_)
        fail_at(*faults_step_, "/rail/faults/" + i.dump() + ": this fault never happened: " +
                                   script_.steps[*faults_step_]["rail"]["faults"][i.get<std::size_t>()].dump());
  }

  void pay(const json& how, const std::string& verb) {
    const std::size_t nth = how.value("order", intents_.size());
    const std::string number =
        nth > 0 ? captures_["order" + std::to_string(nth)].get<std::string>() : std::string("none");
    json body{{"out_trade_no", number}};
    if (how.contains("openid")) body["openid"] = how["openid"];
    const SocketAnswer done = now("POST", rail_ + "/sandbox/" + verb, body);
    if (how.value("refused", false) != (done.status >= 300))
      fail("the rail answers " + std::to_string(done.status) + " " + done.body);
  }

  // The question that a "model" step answers: of its thread, or the oldest.
  std::deque<Question>::iterator asked_by(const json& s) {
    const std::string name = s.value("thread", "");
    const auto its = [&](const Question& one) {
      return name.empty() || (first_words_.contains(name) && one.body.dump().find(first_words_[name]) != name.npos);
    };
    return std::find_if(questions_.begin(), questions_.end(), its);
  }

  void model(const json& s) {
    const std::string name = s.value("thread", "");
    const auto place = asked_by(s);
    if (place == questions_.end())
      return fail(name.empty() ? "the model is not asked" : "the model is not asked by the thread " + name);
    Question question = std::move(*place);
    questions_.erase(place);
    capture_names();
    const auto number_of = [this](const std::string& refund) { return refund_number(refund); };
    if (s.contains("sent")) judge_sent(s["sent"], question.body, captures_, number_of, *this);
    const json answer = filled_in(s["model"]);
    said_.add(answer.dump(-1, ' ', false, json::error_handler_t::replace));
    auto served = model_reply(question.body, answer, ++answers_);
    if (served && !served->unmet.empty()) fail("/model" + served->unmet);
    http::Response out;
    const bool comes = served || served.code() != Errc::timed_out;
    const bool in_pieces = answer.value("stream", json::object()).contains("split");
    if (served) {
      out = response_of(clock_, std::move(*served), in_pieces);
    } else {
      out.drop = true;
    }
    if (comes) question.slot->set(std::move(out));
    stirred();
  }

  // --- expectations ---

  // What is to be seen of it now; nothing when it cannot be seen from outside.
  std::optional<json> seen(const std::string& key, const json& wanted, const std::string& thread) {
    if (key == "http" || key == "body" || key == "code") {
      const std::vector<SocketAnswerPtr> calls = calls_of_step();
      if (key == "http") return calls.empty() ? json() : json(calls.back()->status);
      const json body = calls.empty() ? json() : json::parse(calls.back()->body, nullptr, false);
      if (key == "body") return body;
      return body.is_object() ? body.value("error", json::object()).value("code", json()) : json();
    }
    if (key == "thread") return resource("/v1/threads/" + thread).value("state", json());
    if (key == "intent" || key == "refund") return newest(key, wanted, thread);
    if (key == "intents" || key == "refunds") return rows(key, wanted, thread);
    if (key == "events" || key == "cards") return events_since(before_, thread, key == "cards");
    if (key == "reply") return reply_since(before_, thread);
    if (key == "refused") return refusals_since(before_, thread);
    if (key == "model_turns") return json(models_asked_ - before_.models_asked);
    if (key == "ledger" && !made_others()) return ledger_since(before_);
    if (key != "rail_calls") return std::nullopt;
    const std::vector<std::string> all = rail_calls();
    return json(std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(before_.rail_calls), all.end()));
  }

  // All of the thread, in the order they were made.
  std::vector<json> rows_of(bool intents, const std::string& thread) {
    capture_names();
    std::vector<json> out;
    for (const std::string& id : intents ? intents_ : refunds_) {
      json found = intents ? intent(id) : refund(id);
      if (!found.is_object() || found.value("thread", "") != thread) continue;
      found.erase("thread");
      out.push_back(std::move(found));
    }
    return out;
  }

  // From outside only what the API shows can be compared.
  void leave_out(json& found, const json& wanted, const std::string& kind) {
    for (const auto& [member, value] : wanted.items()) {
      if (found.contains(member) || value == "$absent" || member == "$exact") continue;
      found[member] = value;
      unshown_.insert(kind + "." + member);
    }
  }

  json newest(const std::string& kind, const json& wanted, const std::string& thread) {
    const std::vector<json> found = rows_of(kind != "refund", thread);
    const char* key = kind == "refund" && wanted.contains("out_refund_no") ? "out_refund_no" : "id";
    unshown_.clear();
    for (auto row = found.rbegin(); row != found.rend(); ++row) {
      if (wanted.contains(key) && !may_be(wanted[key], (*row)[key], captures_)) continue;
      json shown = *row;
      leave_out(shown, wanted, kind);
      return shown;
    }
    return {};
  }

  json rows(const std::string& kind, const json& wanted, const std::string& thread) {
    const std::vector<json> found = rows_of(kind == "intents", thread);
    unshown_.clear();
    json out = json::array();
    for (std::size_t i = 0; i < found.size(); ++i) {
      out.push_back(found[i]);
      if (i < wanted.size()) leave_out(out[i], wanted[i], kind);
    }
    return out;
  }

  std::optional<std::string> wrong(const std::string& key, const json& wanted, const json& actual,
                                   const std::string& thread) {
    if (key == "code" && actual.is_null()) return "code: this answer has none";
    if (key == "http") {
      const std::string text = wanted.is_string() ? wanted.get<std::string>() : wanted.dump();
      const std::string status = actual.dump();
      const bool family = text.size() == 3 && text.ends_with("xx") && status[0] == text[0];
      return family || text == status ? std::nullopt : std::optional("http: expected " + text + ", found " + status);
    }
    if (key == "reply") return wrong_reply(wanted, actual, thread);
    Captures tried = captures_;
    auto difference_found = key == "events" ? subsequence(wanted, actual) : difference(wanted, actual, tried, key);
    if (!difference_found) captures_ = std::move(tried);
    return difference_found;
  }

  std::optional<std::string> wrong_reply(const json& wanted, const json& actual, const std::string& thread) {
    if (actual.is_null()) return "reply: there is none yet";
    const std::string text = actual.get<std::string>();
    capture_names();
    const json has = wanted.value("has", json::array());
    for (const json& word : has) {
      const json filled = substituted(word, captures_);
      if (text.find(filled.is_string() ? filled.get<std::string>() : filled.dump()) == text.npos)
        return "reply.has: " + word.dump() + " is not in " + actual.dump();
    }
    const std::vector<std::string> said =
        said_after_all("reply.never", wanted.value("never", json::array()), actual, captures_);
    if (!said.empty()) return said.front();
    if (!wanted.contains("money_line")) return std::nullopt;
    const json row = newest("reply.money_line", wanted["money_line"], thread);
    if (row.is_null()) return "reply.money_line: there is no such row";
    Captures tried = captures_;
    if (auto how = difference(wanted["money_line"], row, tried, "reply.money_line")) return how;
    const auto currency = Currency::parse(row["amount"].value("currency", ""));
    const std::string sum = currency ? Money(row["amount"].value("value", std::int64_t{0}), *currency).display() : "";
    if (sum.empty() || text.find(sum) == text.npos)
      return "reply.money_line: " + sum + " is not named in " + actual.dump();
    captures_ = std::move(tried);
    return std::nullopt;
  }

  static std::optional<std::string> subsequence(json wanted, const json& actual) {
    std::size_t met = 0;
    const bool exact = !wanted.empty() && wanted[0] == "$exact";
    if (exact) wanted.erase(0);
    for (const json& event : actual)
      if (met < wanted.size() && wanted[met] == event) ++met;
    if (met == wanted.size() && (!exact || met == actual.size())) return std::nullopt;
    return "events: expected " + wanted.dump() + ", found " + actual.dump();
  }

  void expect(const std::string& key, const json& wanted, const std::string& thread) {
    const auto limit = clock_.now() + kPatience;
    unshown_.clear();
    for (;;) {
      const auto actual = seen(key, wanted, thread);
      if (!actual) {
        unheld_[key] += 1;
        return;
      }
      const auto how = wrong(key, wanted, *actual, thread);
      if (!how) return hold(key, wanted);
      if (clock_.now() > limit) return fail(*how);
      run_for(std::chrono::milliseconds(20));
    }
  }

  // What was held, and what of it only the inside shows: a row's members that the API leaves out.
  void hold(const std::string& key, const json& wanted) {
    for (const std::string& member : unshown_) unheld_[member] += 1;
    if (key == "reply") {
      if (wanted.contains("has")) count("reply");
      for (const char* part : {"never", "money_line"})
        if (wanted.contains(part)) count("reply." + std::string(part));
    } else if (!wanted.is_object() || unshown_.size() < wanted.size()) {
      count(key);
    }
  }

  void finally() {
    at_ = script_.steps.size();
    const json wanted = script_.root.value("finally", json::object());
    const bool sees_all = !made_others();
    json held = json::object();
    for (const auto& [key, value] : wanted.items()) {
      const bool seen_there = is_one_of(kSeenAtTheEnd, key) || (sees_all && is_one_of(kSeenOfAllThreads, key));
      (seen_there ? held_ : unheld_)["finally." + key] += 1;
      if (seen_there) held[key] = value;
    }
    const auto limit = clock_.now() + kPatience;
    for (std::string how = unsettled(held); !how.empty(); how = unsettled(held)) {
      if (clock_.now() > limit) return fail(how);
      run_for(std::chrono::milliseconds(20));
    }
  }

  std::string unsettled(const json& wanted) {
    const json found = end_state(wanted);
    for (const auto& [member, value] : wanted.items()) {
      if (!found.contains(member)) continue;
      // Calls that have the name of a sum are none: each is held by itself.
      const bool counts = member == "gateway_posts";
      json parts = counts ? value : json::object();
      if (!counts) parts[member] = value;
      for (const auto& [name, part] : parts.items()) {
        Captures tried = captures_;
        const json& actual = counts ? found[member][name] : found[member];
        if (auto how = difference(part, actual, tried, "finally." + member)) return *how;
        captures_ = std::move(tried);
      }
    }
    return {};
  }

  // Of what "finally" may ask for, what it asks for.
  json end_state(const json& wanted) {
    json out = json::object();
    capture_names();
    if (is_wanted(wanted, {"captured_fen", "refunded_fen", "kept_fen"})) {
      std::int64_t captured = 0;
      std::int64_t refunded = 0;
      const json lines = ledger_since(Before());
      for (const json& line : lines)
        for (const auto& [kind, fen] : line.items()) {
          if (is_capture(kind)) captured += fen.get<std::int64_t>();
          if (kind == "refund") refunded += fen.get<std::int64_t>();
        }
      out = {{"captured_fen", captured}, {"refunded_fen", refunded}, {"kept_fen", captured - refunded}};
    }
    for (const char* kind : {"intents", "refunds"}) {
      if (!wanted.contains(kind)) continue;
      const bool intents = std::string_view(kind) == "intents";
      out[kind] = json::array();
      for (const std::string& id : intents ? intents_ : refunds_)
        out[kind].push_back((intents ? intent(id) : resource("/v1/refunds/" + id)).value("state", ""));
    }
    if (wanted.contains("ledger_balanced")) out["ledger_balanced"] = books_hold();
    if (!wanted.contains("gateway_posts")) return out;
    const std::vector<std::string> calls = rail_calls();
    const json& posts = wanted["gateway_posts"];
    for (const auto& [name, times] : posts.items()) {
      const bool creates = name == "native" || name == "jsapi";
      const std::string call = creates ? "create" : name == "refunds" ? "refund" : name;
      out["gateway_posts"][name] = std::count(calls.begin(), calls.end(), call);
    }
    return out;
  }

  static bool is_wanted(const json& wanted, std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(), [&](const char* name) { return wanted.contains(name); });
  }

  void trajectory() {
    const json wanted = script_.root.value("trajectory", json::object());
    if (wanted.empty()) return;
    if (!made_others()) return judge_trajectory(wanted, called_tools(), models_asked_, captures_, *this);
    for (const auto& [key, ignored] : wanted.items())
      if (key != "calls" && key != "args") unheld_["trajectory." + key] += 1;
  }

  json given_;
  std::vector<SocketAnswerPtr> step_calls_;
  Before before_;
  std::map<std::string, std::string> first_words_;  // of each thread, as JSON
  std::set<std::string> unshown_;                   // members of the row just seen that the API does not show
  std::optional<std::size_t> faults_step_;          // that gave the rail its faults
  bool open_ = false;
  std::size_t keys_ = 0;
  std::int64_t answers_ = 0;
};

}  // namespace

Outcome play_over_sockets(const Script& script, const std::string& program) {
  Outcome out;
  out.path = script.path;
  out.name = script.name;
  out.row = script.row;
  try {
    Sockets sockets(script, program);
    out.failures = sockets.play();
    out.assertions = std::move(sockets.held_);
    out.unheld = std::move(sockets.unheld_);
  } catch (const std::exception& e) {
    out.failures.push_back(script.path + ": " + e.what());
  }
  return out;
}

}  // namespace purser::replay
