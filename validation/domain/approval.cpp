#include "validation/domain/approval.hpp"

#include "validation/domain/table.hpp"

namespace purser {
namespace {

constexpr std::string_view kStates[] = {"pending", "approved", "denied", "expired", "voided"};
constexpr std::string_view kEvents[] = {"approve", "deny", "deadline_passed", "terms_changed"};

using S = ApprovalState;
using E = ApprovalEvent;

constexpr Edge<S, E> kEdges[] = {
    {S::pending, E::approve, S::approved},
    {S::pending, E::deny, S::denied},
    {S::pending, E::deadline_passed, S::expired},
    {S::pending, E::terms_changed, S::voided},
};
static_assert(unambiguous(kEdges));

}  // namespace

std::string_view to_string(ApprovalState s) {
  return word_of(kStates, s);
}
std::string_view to_string(ApprovalEvent e) {
  return word_of(kEvents, e);
}

Result<ApprovalState> parse_approval_state(std::string_view text) {
  return value_of<ApprovalState>(kStates, text, "approval state");
}

Result<ApprovalState> next_state(ApprovalState state, ApprovalEvent event) {
  auto next = follow(kEdges, state, event, "an approval");
  if (next) return next;
  return Error(Errc::approval_ended, "this approval is " + std::string(to_string(state)) + " already", "approval");
}

}  // namespace purser
