// Straight to the models, for what a backend asks them beside its conversations: POST /v1/chat/completions with the
// model "purser/<tier>". The question gets all that protects one on its way - routing, failover, breakers, time limits,
// budgets, assembly of calls - and its answer comes back in OpenAI's shapes, streamed while it comes. No thread, no
// tool of purser and no money take part, and nothing is kept. When the client leaves, the question is broken off.
#pragma once

#include "agent/api/direct_request.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/http/message.hpp"
#include "gateway/llm/model.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

class DirectDoor {
 public:
  // The models there are; `model` outlives the door.
  struct Models {
    Model* model = nullptr;          // null: the door is closed
    std::vector<std::string> tiers;  // that may be asked
    Millis time_max{45'000};
  };
  DirectDoor(Models models, Mint& mint, Clock& clock) : models_(std::move(models)), mint_(mint), clock_(clock) {}

  // "purser/<tier>" of each that may be asked.
  std::vector<std::string> names() const;

  // As http::Request has it; may be empty.
  using ClientLeft = std::function<Task<void>()>;

  // A body of which is_direct() holds. What the models could not do is a response with the status and code that
  // OpenAI's API has for it. When the client leaves, the question is broken off and nothing is sent.
  Task<Result<http::Response>> complete(TenantId tenant, nlohmann::json body, ClientLeft client_left,
                                        std::string traceparent);

 private:
  struct Streaming;
  Task<Result<http::Response>> whole(openai::DirectRequest asked, ClientLeft client_left);
  // Nothing when the client has gone before the answer.
  Task<Result<std::optional<ModelAnswer>>> while_there(openai::DirectRequest asked, ClientLeft client_left);
  Task<void> stream(std::shared_ptr<Streaming> state, http::StreamSink sink);
  Task<Result<ModelAnswer>> ask(std::shared_ptr<Streaming> state);
  Task<void> pump(std::shared_ptr<Streaming> state, http::StreamSink sink);

  Models models_;
  Mint& mint_;
  Clock& clock_;
};

}  // namespace purser
