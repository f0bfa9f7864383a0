#include "validation/domain/thread.hpp"

#include "validation/domain/table.hpp"

namespace purser {
namespace {

constexpr std::string_view kStates[] = {"idle", "running", "awaiting_payment"};
constexpr std::string_view kEvents[] = {"turn_started", "turn_ended_idle", "turn_ended_waiting"};
constexpr std::string_view kRoles[] = {"user", "assistant", "tool", "event"};
constexpr std::string_view kTurnStates[] = {"running", "completed", "failed"};

using S = ThreadState;
using E = ThreadEvent;

// A thread that runs takes no second turn. A thread at rest also takes the end events: a payment may open or settle
// without a turn of its own.
constexpr Edge<S, E> kEdges[] = {
    {S::idle, E::turn_started, S::running},
    {S::idle, E::turn_ended_idle, S::idle},
    {S::idle, E::turn_ended_waiting, S::awaiting_payment},

    {S::awaiting_payment, E::turn_started, S::running},
    {S::awaiting_payment, E::turn_ended_idle, S::idle},
    {S::awaiting_payment, E::turn_ended_waiting, S::awaiting_payment},

    {S::running, E::turn_ended_idle, S::idle},
    {S::running, E::turn_ended_waiting, S::awaiting_payment},
};
static_assert(unambiguous(kEdges));

}  // namespace

std::string_view to_string(ThreadState s) {
  return word_of(kStates, s);
}
std::string_view to_string(ThreadEvent e) {
  return word_of(kEvents, e);
}
std::string_view to_string(Role r) {
  return word_of(kRoles, r);
}
std::string_view to_string(TurnState s) {
  return word_of(kTurnStates, s);
}

Result<ThreadState> parse_thread_state(std::string_view text) {
  return value_of<ThreadState>(kStates, text, "thread state");
}

Result<Role> parse_role(std::string_view text) {
  return value_of<Role>(kRoles, text, "message role");
}

Result<TurnState> parse_turn_state(std::string_view text) {
  return value_of<TurnState>(kTurnStates, text, "turn state");
}

Result<ThreadState> next_state(ThreadState state, ThreadEvent event) {
  return follow(kEdges, state, event, "a thread");
}

}  // namespace purser
