// What was committed, kept beside the store and judged by rules of its own: the oracle sees each change as it becomes
// durable and says which of them a correct purser could not have made.
#pragma once

#include "gateway/store/store.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace purser::replay {

// Words that a user was shown, and what was true of the thread's money when they were.
struct Shown {
  std::string text;
  bool paid = false;       // a payment of the thread was captured
  bool returned = false;   // a refund of it was done
  bool returning = false;  // or was made, at least
};

class Mirror {
 public:
  // A batch that the store has made durable, and what it gave numbers to.
  void apply(const Batch& batch, const Receipt& receipt);

  // What was there before anybody looked; nothing of it is judged, everything after it is.
  void adopt(std::vector<Thread> old_threads, std::vector<PaymentIntent> old_intents, std::vector<Refund> old_refunds,
             std::vector<LedgerEntry> old_ledger, const std::vector<WorkItem>& old_work);
  void adopt(const StreamEvent& row);

  // Rules that hold over everything there is, not over one change: sums, what was told, what is left undone.
  // `drained`: time has passed until nothing was due any more.
  void check_end(bool drained);
  // Every request under a key has its answer. A daemon that was killed over one rightly leaves it to whoever asks again.
  void check_keys();
  void blame(std::string rule, std::string what);
  // A request that is about to reach the rail: its number is durable, its figure is the server's own. `call` is
  // "create", "refund", or one that moves nothing.
  void rail_hears(const std::string& call, const nlohmann::json& body);
  // Nothing waits to be done, and no turn is under way.
  bool at_rest() const;
  // What is left to do is to ask the rail about refunds that it leaves open, which is done for ever.
  bool only_asks_of_refunds() const;

  // The n-th of its kind, from 1, in the order they were made; null when there is none.
  const PaymentIntent* nth_intent(std::size_t n) const;
  const Refund* nth_refund(std::size_t n) const;
  const PaymentIntent* intent_of_number(const std::string& out_trade_no) const;

  std::map<std::string, Thread> threads;
  std::vector<std::string> thread_order;
  std::map<std::string, PaymentIntent> intents;
  std::vector<std::string> intent_order;
  std::map<std::string, Refund> refunds;
  std::vector<std::string> refund_order;
  std::vector<LedgerEntry> ledger;
  std::vector<StreamEvent> events;
  std::vector<Message> messages;
  std::vector<Shown> shown;
  std::map<std::string, Turn> turns;
  std::set<std::string> work;       // "kind subject" of rows that stand
  std::set<std::string> to_tell;    // events that a thread is to hear of, ever
  std::map<std::string, int> told;  // and how many turns told of each
  std::map<std::string, IdempotencyState> keys;
  // One line a violation: "I3: ...". Empty is what everybody hopes for.
  std::vector<std::string> violations;

 private:
  void intent(const PaymentIntent& row);
  void refund(const Refund& row);
  void post(const LedgerEntry& row);
  void event(const StreamEvent& row);
  void begin(const Turn& row);
  void finish(const Turn& row);
  void take_key(const IdempotencyRow& row);
  void show(const StreamEvent& row);

  std::set<std::string> postings_;
  std::map<std::string, std::string> running_;  // the one turn of a thread that is under way
  std::map<std::string, std::int64_t> last_event_;
  std::map<std::string, std::int64_t> captured_;  // by intent, of the ledger
  std::map<std::string, std::int64_t> returned_;
};

}  // namespace purser::replay
