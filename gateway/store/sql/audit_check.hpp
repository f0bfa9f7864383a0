// The chains of all threads against themselves, against their ends, which are kept beside them, and against the rows
// they speak of; then the rows that no chain speaks of against their own digests. The same for every store that speaks
// SQL.
#pragma once

#include "gateway/store/records.hpp"
#include "gateway/store/sql/row_reader.hpp"
#include "gateway/store/store.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace purser::sql {

// Also threads of which only links are left, and threads without any link.
inline constexpr char kAuditedThreads[] =
    "SELECT id FROM threads UNION SELECT thread_id FROM audit WHERE thread_id <> '' UNION SELECT thread_id"
    " FROM messages ORDER BY 1";

// Ids of rows that were there before anything was recorded, as the links name them.
inline constexpr char kUnrecorded[] = "SELECT id FROM unrecorded";

// The rows of one snapshot, each list in the order in which it was written.
class AuditedRows {
 public:
  static constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

  virtual ~AuditedRows() = default;
  virtual Result<std::vector<ThreadId>> threads() = 0;
  // Of the empty thread: what belongs to none.
  virtual Result<std::vector<AuditRow>> links(const ThreadId& thread) = 0;
  virtual Result<std::vector<Message>> messages(const ThreadId& thread) = 0;
  virtual Result<std::vector<PaymentIntent>> intents(const ThreadId& thread) = 0;
  virtual Result<std::vector<Refund>> refunds(const ThreadId& thread) = 0;
  virtual Result<std::vector<Approval>> approvals(const ThreadId& thread) = 0;
  virtual Result<std::vector<NotificationRow>> notifications() = 0;
  virtual Result<std::set<std::string>> unrecorded() = 0;
  // Each row of a SELECT without values, until `take` gives an error.
  virtual Result<void> each(const std::string& select, const std::function<Result<void>(const Row&)>& take) = 0;
};

// Error store_corrupt: the first row that does not hold, as in Store::verify_ledger.
Result<void> verify_audit(AuditedRows& rows);

}  // namespace purser::sql
