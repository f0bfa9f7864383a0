#include "agent/replay/loopback.hpp"

#include "agent/replay/model_wire.hpp"
#include "agent/replay/process.hpp"
#include "agent/replay/run.hpp"
#include "gateway/async/one_shot.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/http/client.hpp"
#include "gateway/http/server.hpp"
#include "gateway/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <deque>
#include <stdexcept>

namespace purser::replay {
namespace {

constexpr std::chrono::seconds kSocketPatience{8};
constexpr std::chrono::milliseconds kQuiet{40};
constexpr std::chrono::seconds kCallTimeMax{30};

void report_task(std::string_view name, std::exception_ptr) {
  log::error("replay.client_threw", {{"task", name}});
}

struct Question {
  json body;
  std::shared_ptr<OneShot<http::Response>> slot;
};

// The events of one thread as they arrive.
struct Follower final : http::ReplySink {
  explicit Follower(std::function<void(json)> on_event) : tell(std::move(on_event)) {}
  void head(int, const http::Headers&) override {}
  bool piece(std::string_view bytes) override {
    rest.append(bytes);
    for (auto end = rest.find("\n\n"); end != rest.npos; end = rest.find("\n\n")) {
      take(rest.substr(0, end + 1));
      rest.erase(0, end + 2);
    }
    return true;
  }
  Clock::time_point limit() const override { return Clock::time_point::max(); }
  void take(const std::string& block) {
    const auto field = [&](const std::string& name) {
      const auto at = block.find(name + ": ");
      if (at == block.npos) return std::string();
      const auto from = at + name.size() + 2;
      return block.substr(from, block.find('\n', from) - from);
    };
    if (field("event").empty()) return;
    tell({{"type", field("event")}, {"data", json::parse(field("data"), nullptr, false)}});
  }
  std::function<void(json)> tell;
  std::string rest;
};

class Sockets {
 public:
  Sockets(const Script& script, const std::string& program)
      : script_(script),
        given_(script.root.value("given", json::object())),
        group_(loop_.get_executor(), clock_, report_task),
        model_(loop_.get_executor(), clock_, http::ServerLimits(),
               [this](http::Request request) { return asked(std::move(request)); }) {
    auto client = http::make_client(loop_.get_executor(), clock_, http::ClientLimits(), "");
    if (!client) throw std::runtime_error(client.error().message);
    client_ = std::move(*client);
    auto port = model_.listen("127.0.0.1:0");
    if (!port) throw std::runtime_error(port.error().message);
    const bool scripted = given_.value("model", "scripted") == "scripted";
    daemon_ = std::make_unique<Process>(program, world_options(script).settings, scripted ? *port : std::uint16_t{0});
    (void)group_.spawn("model", model_.run());
    const json ready = json::parse(now("GET", daemon_->admin + "/readyz", json()).body, nullptr, false);
    rail_ = ready.value("sandbox_url", "");
  }
  ~Sockets() {
    bool ended = false;
    asio::co_spawn(loop_, end(), [&ended](std::exception_ptr) { ended = true; });
    until([&ended] { return ended; });
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  std::vector<std::string> play() {
    for (at_ = 0; at_ < script_.steps.size() && failures_.empty(); ++at_) step(script_.steps[at_]);
    if (failures_.empty()) finally();
    return std::move(failures_);
  }

 private:
  struct Answer {
    bool come = false;
    int status = 0;
    std::string body;
  };
  using AnswerPtr = std::shared_ptr<Answer>;
  struct Heard {
    std::string thread;
    json event;
  };

  void fail(const std::string& what) {
    failures_.push_back((at_ < script_.where.size() ? script_.where[at_] : script_.path) + ": over sockets: " + what);
  }

  // --- the wire ---

  Task<http::Response> asked(http::Request request) {
    auto ex = co_await asio::this_coro::executor;
    Question question;
    question.body = json::parse(request.body, nullptr, false);
    question.slot = std::make_shared<OneShot<http::Response>>(ex);
    auto slot = question.slot;
    for (std::string& fault : model_request_faults(question.body, request.body)) failures_.push_back(std::move(fault));
    questions_.push_back(std::move(question));
    stirred();
    auto answer = co_await slot->get();
    if (answer) co_return std::move(*answer);
    http::Response gone;
    gone.drop = true;
    co_return gone;
  }

  Task<void> exchange(http::Call call, AnswerPtr answer) {
    const Deadline deadline{clock_.now() + kCallTimeMax};
    auto reply = co_await client_->send(std::move(call), deadline);
    answer->come = true;
    answer->status = reply ? reply->status : 0;
    answer->body = reply ? reply->body : reply.error().message;
    stirred();
  }

  Task<void> follow(std::string thread) {
    http::Call call = call_to("GET", daemon_->url + "/v1/threads/" + thread + "/events");
    call.headers.emplace_back("Accept", "text/event-stream");
    call.headers.emplace_back("Last-Event-ID", "0");
    Follower sink([this, thread](json event) {
      heard_.push_back({thread, std::move(event)});
      stirred();
    });
    const Deadline never{Clock::time_point::max()};
    auto ended = co_await client_->stream(std::move(call), sink, never);
    (void)ended;
  }

  Task<void> end() {
    for (Question& question : questions_) question.slot->set(Errc::connection_lost);
    daemon_.reset();
    co_await model_.stop(Clock::duration::zero());
    co_await group_.stop(Clock::duration::zero());
  }

  http::Call call_to(const std::string& method, const std::string& url) {
    auto origin = http::Origin::parse(url);
    if (!origin) throw std::runtime_error(url + ": " + origin.error().message);
    const std::string target = origin->base_path.empty() ? "/" : origin->base_path;
    http::Call call(std::move(*origin), method, target);
    call.headers.emplace_back("Authorization", "Bearer " + std::string(kApiKey));
    return call;
  }

  AnswerPtr ask(const std::string& method, const std::string& url, const json& body, const std::string& key = {},
                const std::string& as = "own") {
    http::Call call = call_to(method, url);
    if (as == "nobody") call.headers.clear();
    if (as == "other") call.headers[0].second = "Bearer " + std::string(kOtherApiKey);
    if (!key.empty()) call.headers.emplace_back("Idempotency-Key", key);
    if (!body.is_null()) {
      call.headers.emplace_back("Content-Type", "application/json");
      call.body = body.dump();
    }
    auto answer = std::make_shared<Answer>();
    (void)group_.spawn("client", exchange(std::move(call), answer));
    return answer;
  }

  Answer now(const std::string& method, const std::string& url, const json& body, const std::string& key = {}) {
    const AnswerPtr answer = ask(method, url, body, key);
    until([&] { return answer->come; });
    return *answer;
  }

  // --- time ---

  void stirred() { last_ = clock_.now(); }

  // Runs the loop until that holds. False: it never did.
  template <class Holds>
  bool until(const Holds& holds) {
    const auto limit = clock_.now() + kSocketPatience;
    while (!holds() && clock_.now() < limit) {
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(10));
    }
    return holds();
  }

  // Until nothing stirs: every client has its answer, or a question waits for the script.
  void settle() {
    until([&] {
      const bool open = std::any_of(calls_.begin(), calls_.end(), [](const AnswerPtr& one) { return !one->come; });
      return (!open || !questions_.empty()) && clock_.now() - last_ > kQuiet;
    });
  }

  // --- steps ---

  std::string thread_of(const json& s) {
    const std::string name = s.value("thread", "main");
    if (threads_.contains(name)) return threads_[name];
    const json about = given_.value("threads", json::object()).value(name, json::object());
    json owner = given_.value("user", json{{"id", "u_1"}});
    if (about.contains("user")) owner = about["user"];
    const json body{{"user", owner}, {"locale", about.value("locale", given_.value("locale", "zh"))}};
    const Answer made = now("POST", daemon_->url + "/v1/threads", body, "thread-" + name);
    const std::string id = json::parse(made.body, nullptr, false).value("id", "");
    if (id.empty()) throw std::runtime_error("the thread " + name + " cannot be made: " + made.body);
    (void)group_.spawn("events", follow(id));
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
    const std::string thread = thread_of(s);
    step_calls_.clear();
    mark_ = heard_.size();
    act(s, thread);
    settle();
    capture_names();
    const json expected = s.value("expect", json::object());
    for (const auto& [key, value] : expected.items()) expect(key, value, thread);
  }

  void act(const json& s, const std::string& thread) {
    const std::string key =
        s.contains("key") ? filled_in(s["key"]).get<std::string>() : "key-" + std::to_string(++keys_);
    const auto client = [&](AnswerPtr answer) {
      calls_.push_back(answer);
      step_calls_.push_back(std::move(answer));
    };
    const std::string threads = daemon_->url + "/v1/threads/";
    if (s.contains("user")) client(ask("POST", threads + thread + "/turns", {{"text", filled_in(s["user"])}}, key));
    if (s.contains("model")) model(s);
    if (s.contains("advance")) control("/sandbox/clock", {{"advance", s["advance"]}});
    if (s.contains("rail")) control("/sandbox/faults", s["rail"]["faults"]);
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

  void control(const std::string& path, const json& body) {
    const Answer done = now("POST", rail_ + path, body);
    if (done.status >= 300 || done.status == 0)
      fail(path + " answers " + std::to_string(done.status) + " " + done.body);
  }

  void pay(const json& how, const std::string& verb) {
    const std::size_t nth = how.value("order", intents_.size());
    const std::string number =
        nth > 0 ? captures_["order" + std::to_string(nth)].get<std::string>() : std::string("none");
    json body{{"out_trade_no", number}};
    if (how.contains("openid")) body["openid"] = how["openid"];
    const Answer done = now("POST", rail_ + "/sandbox/" + verb, body);
    if (how.value("refused", false) != (done.status >= 300))
      fail("the rail answers " + std::to_string(done.status) + " " + done.body);
  }

  void model(const json& s) {
    if (!until([&] { return !questions_.empty(); })) return fail("the model is not asked");
    Question question = std::move(questions_.front());
    questions_.pop_front();
    capture_names();
    const json answer = filled_in(s["model"]);
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
    if (key == "http") return step_calls_.empty() ? json() : json(step_calls_.back()->status);
    if (key == "body") return step_calls_.empty() ? json() : json::parse(step_calls_.back()->body, nullptr, false);
    if (key == "code") {
      const json body = step_calls_.empty() ? json() : json::parse(step_calls_.back()->body, nullptr, false);
      return body.is_object() ? body.value("error", json::object()).value("code", json()) : json();
    }
    if (key == "thread") return row("/v1/threads/", thread).value("state", json());
    if (key == "intent" || key == "refund") return newest(key, wanted, thread);
    if (key == "events" || key == "cards") return told(key == "cards", thread);
    return std::nullopt;
  }

  json newest(const std::string& key, const json& wanted, const std::string& thread) {
    capture_names();
    const bool intent = key == "intent";
    const std::string path = intent ? "/v1/intents/" : "/v1/refunds/";
    const auto& ids = intent ? intents_ : refunds_;
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
      json found = row(path, *id);
      if (intent && found.value("thread_id", "") != thread) continue;
      const bool other = wanted.contains("id") && substituted(wanted["id"], captures_) != *id &&
                         !wanted["id"].get<std::string>().starts_with("$as:");
      if (other) continue;
      // The scripts' word for a refund that the rail has taken.
      if (!intent && found.value("state", "") == "processing") found["state"] = "pending";
      if (intent) found["out_trade_no"] = found.value("order", json::object()).value("out_trade_no", "");
      // From outside only what the API shows can be compared.
      for (const auto& [member, value] : wanted.items())
        if (!found.contains(member) && value != "$absent") found[member] = value;
      found.erase("expires");
      if (wanted.contains("expires")) found["expires"] = wanted["expires"];
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
    Captures tried = captures_;
    auto difference_found = key == "events" ? subsequence(wanted, actual) : difference(wanted, actual, tried, key);
    if (!difference_found) captures_ = std::move(tried);
    return difference_found;
  }

  static std::optional<std::string> subsequence(const json& wanted, const json& actual) {
    std::size_t met = 0;
    for (const json& event : actual)
      if (met < wanted.size() && wanted[met] == event) ++met;
    if (met == wanted.size() || (!wanted.empty() && wanted[0] == "$exact")) return std::nullopt;
    return "events: expected " + wanted.dump() + ", found " + actual.dump();
  }

  void expect(const std::string& key, const json& wanted, const std::string& thread) {
    const auto limit = clock_.now() + kSocketPatience;
    for (;;) {
      const auto actual = seen(key, wanted, thread);
      if (!actual) return;
      const auto how = wrong(key, wanted, *actual);
      if (!how) return;
      if (clock_.now() > limit) return fail(*how);
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
  }

  void finally() {
    at_ = script_.steps.size();
    const json wanted = script_.root.value("finally", json::object());
    const auto limit = clock_.now() + kSocketPatience;
    for (std::string how = unsettled(wanted); !how.empty(); how = unsettled(wanted)) {
      if (clock_.now() > limit) return fail(how);
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
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

  const Script& script_;
  json given_;
  SystemClock clock_;
  asio::io_context loop_{1};
  TaskGroup group_;
  http::Server model_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Process> daemon_;
  std::string rail_;
  std::deque<Question> questions_;
  std::vector<Heard> heard_;
  std::vector<AnswerPtr> calls_;
  std::vector<AnswerPtr> step_calls_;
  std::map<std::string, std::string> threads_;
  std::vector<std::string> intents_;
  std::vector<std::string> refunds_;
  std::size_t named_ = 0;
  std::size_t mark_ = 0;
  Captures captures_;
  std::vector<std::string> failures_;
  std::size_t at_ = 0;
  std::size_t keys_ = 0;
  std::int64_t answers_ = 0;
  Clock::time_point last_ = clock_.now();
};

}  // namespace

Outcome play_over_sockets(const Script& script, const std::string& program) {
  Outcome out;
  out.path = script.path;
  out.name = script.name;
  out.row = script.row;
  try {
    out.failures = Sockets(script, program).play();
  } catch (const std::exception& e) {
    out.failures.push_back(script.path + ": " + e.what());
  }
  return out;
}

}  // namespace purser::replay
