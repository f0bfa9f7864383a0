#include "validation/domain/refund.hpp"

#include "validation/domain/table.hpp"

namespace purser {
namespace {

constexpr std::string_view kStates[] = {"created", "processing", "succeeded", "failed", "abnormal", "unknown"};
constexpr std::string_view kEvents[] = {"rail_accepted", "rail_succeeded", "rail_closed",
                                        "rail_abnormal", "rail_declined",  "rail_unclear"};

using S = RefundState;
using E = RefundEvent;

// Once the rail has accepted a refund, an unclear answer to a later question changes nothing: it stays accepted.
constexpr Edge<S, E> kEdges[] = {
    {S::created, E::rail_accepted, S::processing},
    {S::created, E::rail_succeeded, S::succeeded},
    {S::created, E::rail_closed, S::failed},
    {S::created, E::rail_abnormal, S::abnormal},
    {S::created, E::rail_declined, S::failed},
    {S::created, E::rail_unclear, S::unknown},

    {S::unknown, E::rail_accepted, S::processing},
    {S::unknown, E::rail_succeeded, S::succeeded},
    {S::unknown, E::rail_closed, S::failed},
    {S::unknown, E::rail_abnormal, S::abnormal},
    {S::unknown, E::rail_declined, S::failed},
    {S::unknown, E::rail_unclear, S::unknown},

    {S::processing, E::rail_accepted, S::processing},
    {S::processing, E::rail_succeeded, S::succeeded},
    {S::processing, E::rail_closed, S::failed},
    {S::processing, E::rail_abnormal, S::abnormal},
    {S::processing, E::rail_unclear, S::processing},

    {S::abnormal, E::rail_accepted, S::processing},
    {S::abnormal, E::rail_succeeded, S::succeeded},
    {S::abnormal, E::rail_closed, S::failed},
    {S::abnormal, E::rail_abnormal, S::abnormal},

    // The money went out although a no had been believed: the books follow the money.
    {S::failed, E::rail_succeeded, S::succeeded},
};
static_assert(unambiguous(kEdges));

}  // namespace

std::string_view to_string(RefundState s) {
  return word_of(kStates, s);
}
std::string_view to_string(RefundEvent e) {
  return word_of(kEvents, e);
}

Result<RefundState> parse_refund_state(std::string_view text) {
  return value_of<RefundState>(kStates, text, "refund state");
}

Result<RefundState> next_state(RefundState state, RefundEvent event) {
  return follow(kEdges, state, event, "a refund");
}

}  // namespace purser
