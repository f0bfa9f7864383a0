// The people before a world: threads by name, what they say, and what they see.
#pragma once

#include "agent/replay/world.hpp"

#include <map>
#include <string>
#include <vector>

namespace purser::replay {

// How far everything had come at some moment; what came later is what a step caused.
struct Mark {
  std::size_t events = 0;
  std::size_t ledger = 0;
  std::size_t messages = 0;
  std::size_t rail_calls = 0;
  std::int64_t models = 0;
};

class Stage {
 public:
  explicit Stage(World& world) : world_(world) {}

  // Made at the first use by a POST; settles the world for it. Empty when the daemon refuses.
  std::string thread(const std::string& name, const json& user, const std::string& locale);
  // The thread of this name has been there before.
  void adopt(const std::string& name, const std::string& id) { threads_.emplace(name, id); }
  bool knows(const std::string& name) const { return threads_.contains(name); }
  const std::string& id_of(const std::string& name) const { return threads_.at(name); }
  const std::map<std::string, std::string>& threads() const { return threads_; }

  ClientCallPtr say(const std::string& thread, const std::string& text, const std::string& key, bool stream);

  Mark mark() const;
  // Of one thread, since a mark.
  std::vector<std::string> events_since(const Mark& mark, const std::string& thread) const;
  std::vector<std::string> cards_since(const Mark& mark, const std::string& thread) const;
  std::vector<std::string> refusals_since(const Mark& mark, const std::string& thread) const;
  std::string reply_since(const Mark& mark, const std::string& thread) const;
  json ledger_since(const Mark& mark) const;

  static json view(const PaymentIntent& row);
  static json view(const Refund& row);
  // Where money stands, without ids and times: what two runs of one story must agree on.
  json end_state() const;
  // SHA-256 over events, rail traffic and ledger, to the byte.
  std::string digest() const;

  // Everything the rail moved is in the books and the other way round; the store's own check; what was said to users is
  // true. Violations go to the mirror.
  void judge(bool drained);

 private:
  void judge_rail();
  void judge_words();

  World& world_;
  std::map<std::string, std::string> threads_;
};

// A thread's last notice or words, and the shape of all before: what a Memo is kept by.
std::string history_of(const json& model_request);
std::string last_of(const json& model_request);

// What these words claim of money that was not so when they were shown.
std::vector<std::string> false_claims(const Shown& words);

std::string status_of(const ClientCallPtr& call);

}  // namespace purser::replay
