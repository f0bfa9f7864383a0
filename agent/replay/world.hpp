// One merchant's world in a process: the production daemon, built by its own composition root, on a virtual clock; the
// simulated rail; a model that speaks the wire; clients that come and go. No socket and no thread takes part, so a
// world with the same seed and the same script does the same things in the same order, byte for byte.
//
// The rail and the clients are outside: they live on when the daemon is killed. One thread.
#pragma once

#include "agent/replay/dice.hpp"
#include "agent/replay/mirror.hpp"
#include "config/settings.hpp"
#include "gateway/http/message.hpp"
#include "gateway/sandbox/rail.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace purser::replay {

using nlohmann::json;

// Where the daemon is to be killed: at the n-th commit or call of the rail of the whole run, counted from 1.
struct CrashPoint {
  enum class Place { commit, rail };
  enum class When { before, after };
  Place place = Place::commit;
  When when = When::before;
  std::int64_t nth = 0;
  std::string name;  // of the commit or the call; empty: any
};

// Something a client asked, and what it got.
struct ClientCall {
  ClientCall(std::string verb, std::string path) : method(std::move(verb)), target(std::move(path)) {}
  std::string method;
  std::string target;
  std::string body;
  http::Headers headers;
  std::optional<http::Response> response;
  std::string streamed;               // of a response that streams, until now
  std::size_t drop_after_events = 0;  // a streaming client that goes away after so many events; 0: it stays
  std::size_t events_seen = 0;
  bool hung_up = false;  // a streaming client that goes away at the next it is sent
  bool ended = false;    // the stream is over
  bool lost = false;     // the daemon died before it answered
};
using ClientCallPtr = std::shared_ptr<ClientCall>;

// A request of the daemon that waits for the script: to the model, or to a rail that is scripted by hand.
struct Waiting {
  std::string method;
  std::string target;
  std::shared_ptr<const json> body;  // never null
  http::Headers headers;
  bool row_was_durable = false;  // a rail call: its number was in the store when it left
};

// What a model answers with: {"text"?, "calls"?: [{"id","name","args"|"args_raw"}], "finish"?, "fault"?, ...}.
using ModelSeat = std::function<std::optional<json>(const json& request)>;

struct JournalLine {
  UtcTime at{};
  std::string lane;  // "user", "model", "rail", "ledger", "event", "run"
  std::string text;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  UtcTime start = from_millis(1'767'607'200'000);
  std::string locale = "zh";
  std::vector<std::string> settings;  // "key=value", as after --set
  json catalogue;                     // null: the sample that is built in
  bool scripted_model = true;         // false: the rule engine
  bool scripted_rail = false;         // every call of the rail waits for the script
  bool shuffle = false;               // the store takes a seeded while to answer, so coroutines overtake each other
  std::string from_database;          // starts on a copy of this file
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Starts the daemon; also after a crash. Error: what Daemon::make says.
  Result<void> start();
  // The process is gone between two instructions: nothing of it is flushed, told or sent any more.
  void crash();
  // The daemon is killed, and its database copied. Error: config_unreadable.
  Result<void> keep_database(const std::string& path);
  bool up() const;
  void arm(CrashPoint point);
  // Whether it has not been reached yet.
  bool armed() const;
  std::size_t crashes() const;

  // Runs all that needs no time. A crash point that strikes is carried out here; with `revive` the daemon is started
  // anew at once and the clients that lost their answers ask again.
  void settle();
  void set_revive(bool on);
  // Time passes, everything that falls due happens in its order.
  void advance(Millis by);
  void jump_wall(std::chrono::seconds by);
  UtcTime now() const;  // the world's true time
  // Lets time pass until nothing is left to be done but to ask about refunds that the rail leaves open, at most
  // `patience`. False: something still is.
  bool drain(Millis patience);

  // A request of a client; answered as the world settles.
  ClientCallPtr ask(std::string method, std::string target, const json& body, std::string key = {});
  void ask(const ClientCallPtr& call);
  std::vector<ClientCallPtr> lost_calls();
  // A request that nobody signs for: the rail's, or a forger's.
  ClientCallPtr knock(http::Headers headers, std::string body);

  void set_model(ModelSeat seat);
  // Requests that no seat answered, oldest first.
  std::vector<Waiting> waiting_models() const;
  std::vector<Waiting> waiting_rails() const;
  // Requests that waited for an answer until their time was over, of the whole run.
  std::size_t unserved() const;
  // Returns what of the answer cannot happen ("/fault: ..."); empty when all of it does.
  std::string serve_model(std::size_t which, const json& answer);
  // {"status"?, "body"?, "sign"?: "good"|"bad"|"missing", "fault"?}
  void serve_rail(std::size_t which, const json& reply);

  // The n-th call of the rail, counted over the run, goes wrong on its way: "timeout_before", "timeout_after", "reset",
  // "reset_after", "http_500", "http_500_after", "http_429", "bad_signature", "malformed".
  void fault_rail(std::int64_t nth, std::string what);
  // What happens to the rail's callbacks on their way: "doubled", "dropped" (the first attempt of each), "late",
  // "early" (before the answer to the call that causes them), "swapped" (each waits for the next, if one comes soon).
  void twist_webhooks(std::string how);
  // Calls and callbacks that are under way.
  bool busy() const;

  sandbox::SandboxRail& rail();
  sandbox::Moment rail_moment() const;
  Dice& dice();
  // The signed and sealed callback about `plain`, right unless told otherwise by `how` (see the webhook step).
  ClientCallPtr notify(const std::string& event, const std::string& type, const json& plain, const json& how);

  Mirror& mirror();
  const Mirror& mirror() const;
  std::vector<JournalLine>& journal();
  void note(std::string lane, std::string text);
  std::int64_t commits() const;
  std::int64_t rail_calls() const;
  std::int64_t model_requests() const;
  std::vector<std::string> commit_names() const;
  std::vector<std::string> rail_names() const;
  // Reads what only the daemon can say: the hash chain and the totals of the store itself. Error: store_corrupt.
  Result<LedgerTotals> audit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view kApiKey = "sk_replay_0123456789abcdef";
inline constexpr std::string_view kTenant = "shop_1";
// Of another tenant, which has nothing.
inline constexpr std::string_view kOtherApiKey = "sk_replay_of_another_shop";
// A script's catalogue as the daemon reads it.
json catalogue_json(const json& given);
// The rail's word for a call, for crash points and for counting: "create", "query", "close", "refund", "query_refund".
std::string rail_name(const std::string& method, const std::string& target);
// Both, as the setting wants them.
std::string api_keys();

}  // namespace purser::replay
