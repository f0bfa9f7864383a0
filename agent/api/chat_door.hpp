// The OpenAI-compatible door: POST /v1/chat/completions and /v1/models, for backends that speak OpenAI's API already.
//
// Which thread a request belongs to: metadata.thread_id or the X-Thread-Id header name one; else the thread of `user`
// (with metadata.openid), which is made when it is first heard of; else a new thread, whose id is in the answer. A
// payment that arrives between two requests is told at the head of the next answer.
//
// A model named "purser/<tier>" is no conversation: see direct_door.hpp.
//
// An Idempotency-Key has its usual effect. Without one, a request that says it is a repetition
// (X-Stainless-Retry-Count, as OpenAI's own clients do) of what the thread heard last gets that turn's answer, for a
// quarter of an hour and until what it ordered is paid.
#pragma once

#include "agent/api/actions.hpp"
#include "agent/api/chat_answer.hpp"
#include "agent/api/direct_door.hpp"
#include "agent/api/request_limits.hpp"
#include "agent/identity/caller.hpp"
#include "config/settings.hpp"
#include "gateway/crypto/mint.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace purser {

class ChatDoor {
 public:
  struct Ports {
    Store& store;
    Conversations& conversations;
    Actions& actions;
    Mint& mint;
    Clock& clock;
    api::RequestLimits& limits;
  };
  ChatDoor(Ports ports, const TurnSettings& turns, DirectDoor::Models models)
      : ports_(ports), text_bytes_max_(turns.text_bytes_max), direct_(std::move(models), ports.mint, ports.clock) {}

  // Errors in the shape of the OpenAI API: those of the body as a response of their own; not_found for a thread that is
  // not this tenant's (or not this `user`'s), what Actions::turn refuses.
  Task<Result<http::Response>> complete(Caller caller, http::Request request);

  http::Response models() const;
  http::Response model(std::string_view id) const;

 private:
  // A request that was understood.
  struct Asked {
    Caller caller;
    openai::ChatRequest chat;
    std::optional<std::string> key;  // Idempotency-Key
    std::string thread_header;
    bool repeated = false;
  };

  Task<Result<http::Response>> ask_directly(Caller caller, http::Request request, nlohmann::json body);
  Task<Result<Thread>> thread_of(Asked asked);
  Task<Result<Thread>> named_thread(Asked asked, ThreadId id);
  Task<Result<Thread>> find_or_make(Asked asked);
  // The completed turn that this repetition asks for again, if the thread's last word of the user is the same.
  Task<Result<std::optional<Turn>>> heard_before(ThreadId thread, std::string text);

  Task<Result<openai::Completion>> completion(Turn turn, std::string locale);
  Task<Result<openai::Completion>> completion_of_answer(Result<http::Response> answer, std::string locale);
  Task<Result<http::Response>> answer_of(Turn turn, Thread thread, openai::ChatRequest chat);
  Task<void> run_stream(Thread thread, Answer answer, bool include_usage, http::StreamSink sink);
  Task<Result<void>> wait_for(Answer answer, ThreadId thread, const http::StreamSink& sink);

  Ports ports_;
  std::int64_t text_bytes_max_;
  DirectDoor direct_;
};

}  // namespace purser
