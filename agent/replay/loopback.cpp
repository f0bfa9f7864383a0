#include "agent/replay/loopback.hpp"

#include "agent/replay/loopback_wire.hpp"
#include "agent/replay/match.hpp"
#include "agent/replay/refusals.hpp"
#include "agent/replay/world.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace purser::replay {
namespace {

constexpr std::array<std::string_view, 4> kSeenAtTheEnd{"captured_fen", "refunded_fen", "intents", "model"};

class Sockets : SocketWire {
 public:
  Sockets(const Script& script, const std::string& program)
      : SocketWire(script, program), given_(script.root.value("given", json::object())) {}

  std::vector<std::string> play() {
    for (at_ = 0; at_ < script_.steps.size() && failures_.empty(); ++at_) step(script_.steps[at_]);
    if (failures_.empty()) finally();
    if (failures_.empty()) nothing_left();
    const json trajectory = script_.root.value("trajectory", json::object());
    for (const auto& [key, ignored] : trajectory.items())
      if (key != "calls" && key != "args") unheld_["trajectory." + key] += 1;
    return std::move(failures_);
  }
  // Of the expectations that it came to, by their kinds: those that were held against what happened, and those that
  // cannot be seen from outside.
  std::map<std::string, std::size_t> held_;
  std::map<std::string, std::size_t> unheld_;

 private:
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

  // What was made so far, by the names that scripts use.
  void capture_names() {
    for (; named_ < heard_.size(); ++named_) {
      const json& event = heard_[named_].event;
      const std::string type = event["type"];
      if (type == "intent.created") {
        const std::string id = event["data"].value("payment_intent", "");
        intents_.push_back(id);
        captures_["intent" + std::to_string(intents_.size())] = id;
        captures_["order" + std::to_string(intents_.size())] =
            row("/v1/intents/", id).value("order", json::object()).value("out_trade_no", "");
      }
      if (type == "refund.created") {
        refunds_.push_back(event["data"].value("refund", ""));
        captures_["refund" + std::to_string(refunds_.size())] = refunds_.back();
      }
    }
  }

  json row(const std::string& path, const std::string& id) {
    return json::parse(now("GET", daemon_->url + path + id, json()).body, nullptr, false);
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
    mark_ = heard_.size();
    act(s, thread);
    settle();
    capture_names();
    for (const SocketAnswerPtr& call : calls_of_step())
      call->stated = call->stated || expected.contains("http") || expected.contains("code");
    const json sent = s.value("sent", json::object());
    for (const auto& [key, ignored] : sent.items()) unheld_["sent." + key] += 1;
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
    if (s.contains("advance")) control("/sandbox/clock", {{"advance", s["advance"]}});
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

  void model(const json& s) {
    const std::string name = s.value("thread", "");
    const auto its = [&](const Question& one) {
      return name.empty() || (first_words_.contains(name) && one.body.dump().find(first_words_[name]) != name.npos);
    };
    const auto waiting = [&] { return std::find_if(questions_.begin(), questions_.end(), its); };
    if (!until([&] { return waiting() != questions_.end(); }))
      return fail(name.empty() ? "the model is not asked" : "the model is not asked by the thread " + name);
    Question question = std::move(*waiting());
    questions_.erase(waiting());
    capture_names();
    const json answer = filled_in(s["model"]);
    said_.add(answer.dump(-1, ' ', false, json::error_handler_t::replace));
    auto served = model_reply(question.body, answer, ++answers_);
    if (served && !served->unmet.empty()) fail("/model" + served->unmet);
    http::Response out;
    if (served && !served->cut) {
      out.status = served->reply.status;
      out.headers = std::move(served->reply.headers);
      out.body = std::move(served->reply.body);
    } else {
      out.drop = true;
    }
    if (served || served.code() != Errc::timed_out) question.slot->set(std::move(out));
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
    if (key == "thread") return row("/v1/threads/", thread).value("state", json());
    if (key == "intent" || key == "refund") return newest(key, wanted, thread);
    if (key == "events" || key == "cards") return told(key == "cards", thread);
    if (key == "reply") return reply(thread);
    return std::nullopt;
  }

  // The last thing that this step had said to the customer; null: nothing.
  json reply(const std::string& thread) const {
    json out;
    for (std::size_t i = mark_; i < heard_.size(); ++i)
      if (heard_[i].thread == thread && heard_[i].event["type"] == "message.completed")
        out = heard_[i].event["data"].value("text", "");
    return out;
  }

  json newest(const std::string& key, const json& wanted, const std::string& thread) {
    capture_names();
    const bool intent = key == "intent";
    const std::string path = intent ? "/v1/intents/" : "/v1/refunds/";
    const auto& ids = intent ? intents_ : refunds_;
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
      json found = row(path, *id);
      if (intent && found.value("thread_id", "") != thread) continue;
      if (wanted.contains("id") && !may_be(wanted["id"], *id, captures_)) continue;
      // The scripts' word for a refund that the rail has taken.
      if (!intent && found.value("state", "") == "processing") found["state"] = "pending";
      if (intent) found["out_trade_no"] = found.value("order", json::object()).value("out_trade_no", "");
      // From outside only what the API shows can be compared.
      unshown_.clear();
      found.erase("expires");
      for (const auto& [member, value] : wanted.items()) {
        if (found.contains(member) || value == "$absent") continue;
        found[member] = value;
        unshown_.insert(key + "." + member);
      }
      return found;
    }
    return {};
  }

  json told(bool cards, const std::string& thread) const {
    json out = json::array();
    for (std::size_t i = mark_; i < heard_.size(); ++i) {
      const std::string type = heard_[i].event["type"];
      if (heard_[i].thread != thread) continue;
      if (cards && type == "card") out.push_back(heard_[i].event["data"].value("type", ""));
      if (!cards && type != "card" && !type.starts_with("message.")) out.push_back(type);
    }
    return out;
  }

  std::optional<std::string> wrong(const std::string& key, const json& wanted, const json& actual) {
    if (key == "code" && actual.is_null()) return "code: this answer has none";
    if (key == "http") {
      const std::string text = wanted.is_string() ? wanted.get<std::string>() : wanted.dump();
      const std::string status = actual.dump();
      const bool family = text.size() == 3 && text.ends_with("xx") && status[0] == text[0];
      return family || text == status ? std::nullopt : std::optional("http: expected " + text + ", found " + status);
    }
    if (key == "reply") return wrong_reply(wanted, actual);
    Captures tried = captures_;
    auto difference_found = key == "events" ? subsequence(wanted, actual) : difference(wanted, actual, tried, key);
    if (!difference_found) captures_ = std::move(tried);
    return difference_found;
  }

  std::optional<std::string> wrong_reply(const json& wanted, const json& actual) {
    if (actual.is_null()) return "reply: there is none yet";
    const std::string text = actual.get<std::string>();
    for (const char* key : {"has", "never"})
      for (const json& word : wanted.value(key, json::array())) {
        const json filled = substituted(word, captures_);
        const bool there = text.find(filled.is_string() ? filled.get<std::string>() : filled.dump()) != text.npos;
        if (there != (std::string_view(key) == "has"))
          return "reply." + std::string(key) + ": " + word.dump() + (there ? " stands in " : " is not in ") +
                 actual.dump();
      }
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
      const auto how = wrong(key, wanted, *actual);
      if (!how) return count(key, wanted);
      if (clock_.now() > limit) return fail(*how);
      run_for(std::chrono::milliseconds(20));
    }
  }

  // What was held, and what of it only the inside shows: a row's members that the API leaves out, the line of a reply
  // that the server has written.
  void count(const std::string& key, const json& wanted) {
    std::size_t inside = unshown_.size();
    for (const std::string& member : unshown_) unheld_[member] += 1;
    if (key == "reply" && wanted.contains("money_line")) {
      unheld_["reply.money_line"] += 1;
      inside += 1;
    }
    if (!wanted.is_object() || inside < wanted.size()) held_[key] += 1;
  }

  void finally() {
    at_ = script_.steps.size();
    const json wanted = script_.root.value("finally", json::object());
    for (const auto& [key, ignored] : wanted.items()) {
      const bool seen_there = std::find(kSeenAtTheEnd.begin(), kSeenAtTheEnd.end(), key) != kSeenAtTheEnd.end();
      (seen_there ? held_ : unheld_)["finally." + key] += 1;
    }
    const auto limit = clock_.now() + kPatience;
    for (std::string how = unsettled(wanted); !how.empty(); how = unsettled(wanted)) {
      if (clock_.now() > limit) return fail(how);
      run_for(std::chrono::milliseconds(20));
    }
  }

  std::string unsettled(const json& wanted) {
    std::int64_t captured = 0;  // by the rail's record, for the books are not to be seen from outside
    std::int64_t refunded = 0;  // by the daemon's word
    json states = json::array();
    capture_names();
    json rail = json::parse(now("GET", rail_ + "/sandbox/orders", json()).body, nullptr, false);
    for (const std::string& id : intents_) {
      json found = row("/v1/intents/", id);
      states.push_back(found.value("state", ""));
      refunded += found.value("refunded", std::int64_t{0});
      for (const json& moved : rail["effects"])
        if (moved["kind"] == "capture" && moved["out_trade_no"] == found["order"]["out_trade_no"])
          captured += states.back() == "conflicted" ? 0 : moved["fen"].get<std::int64_t>();
    }
    if (wanted.contains("captured_fen") && wanted["captured_fen"] != captured)
      return "finally.captured_fen: found " + std::to_string(captured);
    if (wanted.contains("refunded_fen") && wanted["refunded_fen"] != refunded)
      return "finally.refunded_fen: found " + std::to_string(refunded);
    if (wanted.contains("intents") && wanted["intents"] != states) return "finally.intents: found " + states.dump();
    return {};
  }

  json given_;
  std::vector<SocketAnswerPtr> step_calls_;
  std::map<std::string, std::string> threads_;
  std::vector<std::string> intents_;
  std::vector<std::string> refunds_;
  std::size_t named_ = 0;
  std::size_t mark_ = 0;
  std::map<std::string, std::string> first_words_;  // of each thread, as JSON
  std::set<std::string> unshown_;                   // members of the row just seen that the API does not show
  std::optional<std::size_t> faults_step_;          // that gave the rail its faults
  bool open_ = false;
  Captures captures_;
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
