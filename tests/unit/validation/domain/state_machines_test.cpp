// The three state machines, over every state and every event: each edge leads where it should, and what is not an edge
// is refused. The tables here are written out a second time on purpose.
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>

namespace purser {
namespace {

template <class S, class E>
using Expected = std::map<std::pair<S, E>, S>;

template <class S, class E>
void check_machine(const Expected<S, E>& expected, S last_state, E last_event) {
  for (int s = 0; s <= static_cast<int>(last_state); ++s) {
    for (int e = 0; e <= static_cast<int>(last_event); ++e) {
      const S state = static_cast<S>(s);
      const E event = static_cast<E>(e);
      SCOPED_TRACE(std::string(to_string(state)) + " + " + std::string(to_string(event)));
      const auto next = next_state(state, event);
      const auto row = expected.find({state, event});
      if (row == expected.end()) {
        ASSERT_FALSE(next.ok());
        EXPECT_EQ(next.code(), Errc::illegal_transition);
        EXPECT_NE(next.error().message.find(to_string(state)), std::string::npos);
        EXPECT_NE(next.error().message.find(to_string(event)), std::string::npos);
      } else {
        ASSERT_TRUE(next.ok());
        EXPECT_EQ(*next, row->second);
      }
    }
  }
}

TEST(IntentMachineTest, EveryEdgeAndEveryNonEdge) {
  using S = IntentState;
  using E = IntentEvent;
  check_machine<S, E>(
      {
          {{S::created, E::rail_accepted}, S::awaiting_payment},
          {{S::created, E::rail_declined}, S::failed},
          {{S::created, E::rail_unclear}, S::unknown},
          {{S::created, E::paid}, S::succeeded},
          {{S::created, E::deadline_passed}, S::expired},
          {{S::created, E::cancel_requested}, S::canceled},
          {{S::created, E::facts_differ}, S::conflicted},
          {{S::awaiting_payment, E::rail_accepted}, S::awaiting_payment},
          {{S::awaiting_payment, E::paid}, S::succeeded},
          {{S::awaiting_payment, E::deadline_passed}, S::expired},
          {{S::awaiting_payment, E::cancel_requested}, S::canceled},
          {{S::awaiting_payment, E::rail_closed}, S::expired},
          {{S::awaiting_payment, E::facts_differ}, S::conflicted},
          {{S::unknown, E::rail_accepted}, S::awaiting_payment},
          {{S::unknown, E::rail_declined}, S::failed},
          {{S::unknown, E::rail_unclear}, S::unknown},
          {{S::unknown, E::paid}, S::succeeded},
          {{S::unknown, E::deadline_passed}, S::expired},
          {{S::unknown, E::cancel_requested}, S::canceled},
          {{S::unknown, E::rail_closed}, S::expired},
          {{S::unknown, E::facts_differ}, S::conflicted},
          {{S::expired, E::late_payment_honoured}, S::succeeded},
          {{S::expired, E::late_payment_returned}, S::expired},
          {{S::expired, E::facts_differ}, S::conflicted},
          {{S::canceled, E::late_payment_honoured}, S::succeeded},
          {{S::canceled, E::late_payment_returned}, S::canceled},
          {{S::canceled, E::facts_differ}, S::conflicted},
          {{S::failed, E::late_payment_honoured}, S::succeeded},
          {{S::failed, E::late_payment_returned}, S::failed},
          {{S::failed, E::facts_differ}, S::conflicted},
          {{S::conflicted, E::conflict_settled}, S::failed},
      },
      S::conflicted, E::conflict_settled);
}

TEST(RefundMachineTest, EveryEdgeAndEveryNonEdge) {
  using S = RefundState;
  using E = RefundEvent;
  check_machine<S, E>(
      {
          {{S::created, E::rail_accepted}, S::processing},    {{S::created, E::rail_succeeded}, S::succeeded},
          {{S::created, E::rail_closed}, S::failed},          {{S::created, E::rail_abnormal}, S::abnormal},
          {{S::created, E::rail_declined}, S::failed},        {{S::created, E::rail_unclear}, S::unknown},
          {{S::unknown, E::rail_accepted}, S::processing},    {{S::unknown, E::rail_succeeded}, S::succeeded},
          {{S::unknown, E::rail_closed}, S::failed},          {{S::unknown, E::rail_abnormal}, S::abnormal},
          {{S::unknown, E::rail_declined}, S::failed},        {{S::unknown, E::rail_unclear}, S::unknown},
          {{S::processing, E::rail_accepted}, S::processing}, {{S::processing, E::rail_succeeded}, S::succeeded},
          {{S::processing, E::rail_closed}, S::failed},       {{S::processing, E::rail_abnormal}, S::abnormal},
          {{S::processing, E::rail_unclear}, S::processing},  {{S::abnormal, E::rail_accepted}, S::processing},
          {{S::abnormal, E::rail_succeeded}, S::succeeded},   {{S::abnormal, E::rail_closed}, S::failed},
          {{S::abnormal, E::rail_abnormal}, S::abnormal},     {{S::failed, E::rail_succeeded}, S::succeeded},
      },
      S::unknown, E::rail_unclear);
}

TEST(ThreadMachineTest, EveryEdgeAndEveryNonEdge) {
  using S = ThreadState;
  using E = ThreadEvent;
  check_machine<S, E>(
      {
          {{S::idle, E::turn_started}, S::running},
          {{S::idle, E::turn_ended_idle}, S::idle},
          {{S::idle, E::turn_ended_waiting}, S::awaiting_payment},
          {{S::awaiting_payment, E::turn_started}, S::running},
          {{S::awaiting_payment, E::turn_ended_idle}, S::idle},
          {{S::awaiting_payment, E::turn_ended_waiting}, S::awaiting_payment},
          {{S::running, E::turn_ended_idle}, S::idle},
          {{S::running, E::turn_ended_waiting}, S::awaiting_payment},
      },
      S::awaiting_payment, E::turn_ended_waiting);
}

template <class Enum, class Parse>
void check_words(Enum last, Parse parse) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    words.insert(to_string(value));
    const auto back = parse(to_string(value));
    ASSERT_TRUE(back.ok()) << to_string(value);
    EXPECT_EQ(*back, value);
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(last) + 1);
  EXPECT_EQ(to_string(static_cast<Enum>(static_cast<int>(last) + 1)), "?") << "a word too many";
  for (const char* bad : {"", "?", "SUCCEEDED", "succeeded ", "paid"}) {
    ASSERT_FALSE(parse(bad).ok()) << bad;
    EXPECT_EQ(parse(bad).code(), Errc::malformed_text);
  }
}

TEST(WordsTest, AreReadBack) {
  check_words(IntentState::conflicted, parse_intent_state);
  check_words(RefundState::unknown, parse_refund_state);
  check_words(ThreadState::awaiting_payment, parse_thread_state);
  check_words(TradeKind::app, parse_trade_kind);
  check_words(Role::event, parse_role);
  check_words(TurnState::failed, parse_turn_state);
}

TEST(WordsTest, StandAsTheContractSays) {
  EXPECT_EQ(to_string(IntentState::awaiting_payment), "awaiting_payment");
  EXPECT_EQ(to_string(IntentState::canceled), "canceled");
  EXPECT_EQ(to_string(RefundState::abnormal), "abnormal");
  EXPECT_EQ(to_string(ThreadState::awaiting_payment), "awaiting_payment");
  EXPECT_EQ(to_string(TradeKind::mini_program), "mini_program");
  EXPECT_EQ(to_string(Role::assistant), "assistant");
}

}  // namespace
}  // namespace purser
