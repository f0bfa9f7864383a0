// A turn in the shapes of the OpenAI API.
#pragma once

#include "agent/api/chat_request.hpp"
#include "gateway/http/message.hpp"
#include "validation/domain/thread.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::openai {

http::Response refused(const Refusal& refusal);

// All that an answer says. Cards stand in the text, for clients that show nothing else, and as they are.
struct Completion {
  std::string id;
  std::int64_t created = 0;           // seconds
  std::vector<std::string> passages;  // of the text, in their order; empty lines between them
  nlohmann::json purser;              // {"thread_id","turn_id","thread_state","cards","intents","refunds"}
  nlohmann::json usage;               // OpenAI's
};

// `before`: what the thread said by itself since the user's last turn (a payment arrived): it comes first.
Completion completion_of(const Turn& turn, const std::string& locale, const std::vector<Message>& before);
// The thread's own replies between the user's last two turns, `turn` being the later one. `recent` rises.
std::vector<Message> said_meanwhile(const std::vector<Message>& recent, const TurnId& turn);

nlohmann::json whole(const Completion& completion);

// Streaming: the whole of it as server-sent events; the role, each passage, the end, the usage when asked for, [DONE].
std::string chunks(const Completion& completion, bool include_usage);
std::string error_chunk(const http::Response& error);

}  // namespace purser::openai
