// Commits groups of batches to PostgreSQL, each group in one transaction that leaves a row with a number of its own in
// the table `commits`. A transaction that the database gave up (a deadlock, a serialization failure) or that a lost
// connection cut off before COMMIT is done again whole. When the connection is lost after COMMIT was sent, that number
// decides: inserting it again either fails, for it is there, or keeps the lost transaction from ever getting through.
#pragma once

#include "gateway/store/group_writer.hpp"
#include "gateway/store/postgres/apply.hpp"
#include "gateway/store/postgres/connection.hpp"
#include "gateway/store/postgres/patience.hpp"

#include <atomic>
#include <string>
#include <vector>

namespace purser::postgres {

struct WriterLimits {
  GroupWriter::Limits group;
  Millis lock_time_max;  // for a row that another daemon holds; beyond: store_unavailable
  int tries_max = 6;     // of one group, before store_unavailable
  // The database itself holds the books together at the end of each transaction; else every batch that moves money is
  // looked at.
  bool balance_guarded = true;
};

class Writer {
 public:
  // `self` names this daemon in what it tells others. `clock` and the executors of all committers outlive the writer.
  Writer(Address address, WriterLimits limits, std::string self, Clock& clock);

  void watch(std::function<void(const Change&)> seen) { group_.watch(std::move(seen)); }
  void tell(const Change& change) const { group_.tell(change); }
  Task<Result<Receipt>> commit(Batch batch) { return group_.commit(std::move(batch)); }
  // Transactions made durable so far.
  std::int64_t transactions() const { return transactions_; }

 private:
  using Answers = std::vector<Result<Receipt>>;
  // How far a try has come.
  enum class Reached : std::uint8_t { before_commit, commit_sent, committed };
  // After a failure: whether the whole of it is done again, or has been done.
  enum class Next : std::uint8_t { again, committed, give_up };

  Answers execute(const GroupWriter::Group& group);
  Result<void> try_once(const GroupWriter::Group& group, const std::string& id, Answers& answers);
  Next after_failure(const std::string& id, Error& why);
  Result<Receipt> apply_batch(Script& script, const Batch& batch);
  Result<Result<Receipt>> apply_isolated(const Batch& batch, bool alone);
  Result<void> commit(const GroupWriter::Group& group, const Answers& answers);
  // Whether the transaction with this number is in the store, for good.
  Result<bool> find_out(const std::string& id);
  void forget_old_commits();

  Connection connection_;
  const WriterLimits limits_;
  Patience patience_;
  bool notifies_ = true;  // until the engine refuses it
  const std::string self_;
  Reached reached_ = Reached::before_commit;
  std::optional<LedgerEnd> ledger_end_;
  std::atomic<std::int64_t> transactions_{0};
  std::int64_t forget_at_ = 1;  // transactions
  GroupWriter group_;           // last: its thread ends before the rest goes
};

// What a transaction tells other daemons: "<sender> <thread> <thread> ...", or "<sender> *" when that would be too
// long.
std::string notice_of(const std::string& sender, const std::vector<ThreadId>& threads);
// The other way; nothing when `self` sent it.
std::optional<Change> change_in(const std::string& notice, const std::string& self);

}  // namespace purser::postgres
