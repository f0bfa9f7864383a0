// The conversation as the doors see it: make a thread, say something, read what came of it. One writer a thread: turns
// of the same thread wait for each other in the order they came.
#pragma once

#include "config/model_prices.hpp"
#include "config/settings.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/async/mutex.hpp"
#include "gateway/async/signal.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/llm/model.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"
#include "tools/tool.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace purser {

class TaskGroup;

struct NewThread {
  NewThread(TenantId t, UserId u) : tenant(std::move(t)), user(std::move(u)) {}
  ThreadId id;  // empty: a fresh one
  TenantId tenant;
  UserId user;
  std::string openid;
  std::string locale = "zh";
  std::string metadata_json = "{}";
};

// Ties a turn to the Idempotency-Key it came with; the row is written and finished in the turn's own transactions.
struct TurnKey {
  TurnKey(std::string s, std::string k, std::string f)
      : scope(std::move(s)), key(std::move(k)), fingerprint(std::move(f)) {}
  std::string scope;
  std::string key;
  std::string fingerprint;
};

// What holds for the words of models.
struct ModelTerms {
  PriceTable prices = PriceTable::built_in();
  std::int64_t fee_basis_points = 60;    // the rail's share, beside which the cost of words is held
  Millis in_store_time_max{750};         // of all of a turn's answers by providers, where somebody waits at a till
  std::int64_t reply_bytes_max = 8'192;  // longer replies are cut
};

// What a client with a model of its own asks of a tool.
struct ClientCall {
  ClientCall(std::string t, std::string a) : tool(std::move(t)), arguments(std::move(a)) {}
  std::string tool;
  std::string arguments;  // JSON
  std::string key;        // by which the client says what is one wish and what another; may be empty
  std::string agreed_to;  // the server's question that the customer has said yes to; may be empty
};

class Conversations {
 public:
  using Terms = ModelTerms;
  struct Ports {
    Store& store;
    Model& model;
    ToolRegistry& tools;
    Cashier& cashier;
    Mint& mint;
    Clock& clock;
    Metrics* metrics = nullptr;  // counts verdicts and what models should not have said
  };
  struct Prompts {
    std::string zh;
    std::string en;
    std::vector<std::string> acknowledge;  // tenants whose users read a first sentence at once; "*": everybody's
  };
  Conversations(Ports ports, TurnSettings settings, Prompts prompts, bool sandbox, asio::any_io_executor executor,
                Terms terms = Terms());

  // Errors: store_duplicate "id" when the wanted id is taken; the store's.
  Task<Result<Thread>> create(NewThread wanted);

  // Of the key of a turn that failed where money may have moved: it stays used.
  static constexpr int kTurnFailedStatus = 500;

  // Runs one turn of the user to its end and returns the stored turn (result_json is the API's answer). The turn goes
  // on when the caller leaves. Errors: not_found, malformed_text, store_*; store_duplicate "idempotency" when `key`
  // exists.
  Task<Result<Turn>> say(ThreadId thread, std::string text, std::optional<TurnKey> key);

  // Runs one tool for such a client, as a turn of the thread without a word of a model, with all that a model's call is
  // held to. What moved money once and is asked for again in the same words moves nothing (tools/client_call.hpp).
  // Returns the stored turn; its result_json is {"id","object","tool":{"name","refused","result"},"cards","thread",
  // "intents","refunds"}. The turn goes on when the caller leaves. Errors: not_found, malformed_text, store_*.
  Task<Result<Turn>> call(ThreadId thread, ClientCall wish);

  // What may be called, as models are told of it.
  const std::vector<ToolSchema>& tools() const;

  // Tells the thread what happened: one reply for each event, whatever is repeated. `item` is a resume_thread row.
  Task<Result<void>> resume(WorkItem item);

  // Goes on with a turn that a stopped daemon left running. Error: thread_busy while another daemon drives it.
  Task<Result<Turn>> recover(Turn turn);

  // Goes on, as children of `group`, with the running turns that nobody drives, and says how many. Errors: the store's.
  Task<Result<std::size_t>> take_up(TaskGroup& group);
  // Until canceled: takes up what is let fall. That is what a failure of the store (a full disk, a lost connection) cut
  // off here and, where daemons share a store, what the others have left.
  Task<void> take_up_turns(TaskGroup& group);
  // For a store that several daemons share, until canceled: keeps hold of the turns driven here while they wait for a
  // model.
  Task<void> keep_turns();

  // The thread's one writer's lock, for a door that changes the thread's row outside a turn. Waits its turn among them.
  Task<Result<KeyedMutex::Guard>> hold(ThreadId thread);

  // Rings whenever something was committed to `thread`; for event streams. The store is the truth, this only wakes.
  Notifier& news(const ThreadId& thread);
  // All of them: something was committed, and nobody knows to which threads.
  void ring_all();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace purser
