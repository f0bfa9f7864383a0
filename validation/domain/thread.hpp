// A conversation as it is stored: thread, turns, messages, and the events clients read.
#pragma once

#include "validation/money/ids.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

enum class ThreadState : std::uint8_t {
  idle,              // nothing open
  running,           // a turn is being answered
  awaiting_payment,  // parked: an intent is open, the webhook (or its expiry) resumes the thread
};
std::string_view to_string(ThreadState s);
Result<ThreadState> parse_thread_state(std::string_view text);

enum class ThreadEvent : std::uint8_t { turn_started, turn_ended_idle, turn_ended_waiting };
std::string_view to_string(ThreadEvent e);
// Error: illegal_transition.
Result<ThreadState> next_state(ThreadState state, ThreadEvent event);

struct Thread {
  ThreadId id;
  TenantId tenant;
  UserId user;
  std::string openid;  // bound by the tenant's backend when the thread is made; never from a model
  std::string locale = "zh";
  std::string metadata_json = "{}";
  ThreadState state = ThreadState::idle;
  UtcTime created_at{};
  std::int64_t intents_made = 0;  // rises with each payment that is opened in it: two at once cannot both be
  std::int64_t version = 0;

  friend bool operator==(const Thread&, const Thread&) = default;
};

enum class Role : std::uint8_t { user, assistant, tool, event };
std::string_view to_string(Role r);
Result<Role> parse_role(std::string_view text);

// What a model asked for, arguments as the exact text it wrote.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;

  friend bool operator==(const ToolCall&, const ToolCall&) = default;
};

struct Message {
  MessageId id;
  ThreadId thread;
  TurnId turn;
  std::int64_t seq = 0;  // given by the store: rises by one within a thread
  Role role = Role::user;
  std::string text;             // event: a JSON object {"type", ...} as the model is told of it
  std::vector<ToolCall> calls;  // assistant only
  std::string call_id;          // tool only: the call this answers
  std::string cards_json = "[]";
  UtcTime at{};

  friend bool operator==(const Message&, const Message&) = default;
};

enum class TurnState : std::uint8_t { running, completed, failed };
std::string_view to_string(TurnState s);
Result<TurnState> parse_turn_state(std::string_view text);

struct Turn {
  TurnId id;
  ThreadId thread;
  TenantId tenant;
  TurnState state = TurnState::running;
  std::string cause;  // "user", or the key of the event that resumed the thread
  // The answer as the API gives it, once completed. Of a failed turn the error, where money may have moved: it is what
  // whoever repeats the request gets. Else empty.
  std::string result_json;
  UtcTime started_at{};
  UtcTime ended_at{};

  friend bool operator==(const Turn&, const Turn&) = default;
};

// One line of a thread's event stream.
struct StreamEvent {
  std::int64_t seq = 0;  // given by the store: rises within a thread
  ThreadId thread;
  std::string type;  // "intent.succeeded", "message.completed", ...
  std::string data_json;
  UtcTime at{};

  friend bool operator==(const StreamEvent&, const StreamEvent&) = default;
};

}  // namespace purser
