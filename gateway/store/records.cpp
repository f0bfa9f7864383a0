#include "gateway/store/records.hpp"

#include "validation/domain/table.hpp"

namespace purser {
namespace {

constexpr std::string_view kWorkKinds[] = {
    "expire_intent",     "close_order",     "resolve_order",   "submit_refund", "resolve_refund", "resume_thread",
    "take_notification", "expire_approval", "deliver_webhook", "dead_webhook",  "parked"};
constexpr std::string_view kIdempotencyStates[] = {"running", "finished"};

}  // namespace

std::string_view to_string(WorkKind k) {
  return word_of(kWorkKinds, k);
}
Result<WorkKind> parse_work_kind(std::string_view text) {
  return value_of<WorkKind>(kWorkKinds, text, "kind of work");
}

bool is_capture(std::string_view ledger_kind) {
  return ledger_kind == "capture" || ledger_kind == "late_capture" || ledger_kind == "duplicate_capture";
}

std::string_view to_string(IdempotencyState s) {
  return word_of(kIdempotencyStates, s);
}
Result<IdempotencyState> parse_idempotency_state(std::string_view text) {
  return value_of<IdempotencyState>(kIdempotencyStates, text, "idempotency state");
}

}  // namespace purser
