// A tool that a client with a model of its own calls, without a conversation with the user: a turn of the thread that
// is begun by an event and has one call. What such a client repeats is known by what it says, not by how it was sent.
#pragma once

#include "validation/domain/thread.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

// Turn::cause of such a turn.
inline constexpr std::string_view kClientCall = "client_call";

// The event it begins with. `agreed_to`: the server's question that the customer was asked by the client and said yes
// to; empty when there was none.
std::string client_call_event(const std::string& agreed_to);
// Whether the message is such an event.
bool begins_client_call(const Message& message);
// What the customer has said yes to; empty when it is no such event.
std::string agreed_to(const Message& message);

// How the call is named in its turn: by the key that the client gave for what it wants, if it gave one.
std::string client_call_id(const std::string& key);

// What a client has asked before in the same words.
struct SameCall {
  std::string origin;       // ToolContext::origin() of the first of them
  std::string result_json;  // what the newest of them was answered; empty when it never was
};

// A call repeats another of its thread when tool, arguments (whatever the order of their members) and key are the same,
// the other was not refused, and it was made no longer ago than this.
inline constexpr Millis kRepeatedWithin{15 * 60 * 1'000};
// With a key of the client's it says itself what is the same, for longer.
inline constexpr Millis kKeyedWithin{24 * 3'600 * 1'000};

// `seen`: messages of the thread, oldest first; `turn` is the one of `call`, begun at `now`.
std::optional<SameCall> same_call(const std::vector<Message>& seen, const TurnId& turn, const ToolCall& call,
                                  UtcTime now);
// Whether words were erased that may have been this call: nobody can tell any more what was asked in them.
bool may_have_been_erased(const std::vector<Message>& seen, const ToolCall& call, UtcTime now);
// Whether the client has used the key of `call` for something else that was not refused.
bool key_used_otherwise(const std::vector<Message>& seen, const TurnId& turn, const ToolCall& call, UtcTime now);

}  // namespace purser
