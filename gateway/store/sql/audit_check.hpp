// The chains of all threads against themselves, and against the rows they speak of. The same for every store that
// speaks SQL.
#pragma once

#include "gateway/store/records.hpp"
#include "gateway/store/store.hpp"

#include <cstdint>
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
};

// Error store_corrupt: the first row that does not hold, as in Store::verify_ledger.
Result<void> verify_audit(AuditedRows& rows);

}  // namespace purser::sql
