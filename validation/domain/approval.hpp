// A person's decision about terms that policy does not let purser act on by itself. It is about exactly these terms, is
// taken once, and runs out.
#pragma once

#include "validation/money/ids.hpp"
#include "validation/money/money.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser {

enum class ApprovalState : std::uint8_t {
  pending,   // waits for a person
  approved,  // and carried out, in the same transaction: it cannot be used again
  denied,
  expired,  // nobody decided in time
  voided,   // approved, but the terms no longer held: nothing was done
};
std::string_view to_string(ApprovalState s);
Result<ApprovalState> parse_approval_state(std::string_view text);

enum class ApprovalEvent : std::uint8_t { approve, deny, deadline_passed, terms_changed };
std::string_view to_string(ApprovalEvent e);
// Error: approval_ended. Nothing leads out of any state but pending.
Result<ApprovalState> next_state(ApprovalState state, ApprovalEvent event);

struct Approval {
  ApprovalId id;
  TenantId tenant;
  ThreadId thread;
  UserId user;
  std::string origin;      // turn id + ':' + tool call id that asked: asking again finds this row
  std::string terms_json;  // canonical: what is done when it is approved, and nothing else
  std::string terms_hash;  // SHA-256 of it, hex
  std::string seal;        // MAC over id, hash, tenant, thread, user and expiry: rows made elsewhere do not verify
  Money amount;            // in total
  ApprovalState state = ApprovalState::pending;
  std::string decided_by;
  std::string note;
  UtcTime created_at{};
  UtcTime expires_at{};
  UtcTime decided_at{};  // epoch while pending
  std::int64_t version = 0;

  friend bool operator==(const Approval&, const Approval&) = default;
};

}  // namespace purser
