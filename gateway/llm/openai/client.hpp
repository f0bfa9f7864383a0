// A model behind any OpenAI-compatible endpoint. Attempts, the waits between them and the time limits all come out of
// the one deadline of the caller; what may be asked again follows the policy of OpenAI's own SDKs (408, 409, 429, 5xx
// and broken connections, Retry-After up to two minutes).
#pragma once

#include "config/settings.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/http/client.hpp"
#include "gateway/llm/model.hpp"
#include "gateway/llm/wire.hpp"

#include <memory>
#include <string>

namespace purser {

class OpenAiModel final : public Model {
 public:
  // `client`, `clock` and `mint` outlive it. Error: config_bad_value naming model.base_url.
  static Result<std::unique_ptr<OpenAiModel>> make(const ModelSettings& settings, http::Client& client, Clock& clock,
                                                   Mint& mint);

  std::string_view name() const override { return settings_.model; }
  Task<Result<ModelAnswer>> ask(ModelRequest request, Deadline deadline) override;

 private:
  // What one attempt brought.
  struct Attempt {
    Attempt() = default;
    Result<ModelAnswer> answer;
    bool transient = false;
    Millis wait{-1};       // the provider's own wish; negative: none
    bool give_up = false;  // the provider says that asking again is no use, or asks for more patience than anyone has
  };

  OpenAiModel(ModelSettings settings, http::Origin origin, http::Client& client, Clock& clock, Mint& mint);
  Task<Attempt> attempt(std::string body, llm::Asked asked, Deadline deadline);
  Millis pause(const Attempt& failed, int attempts_made);

  ModelSettings settings_;
  http::Origin origin_;
  http::Client& client_;
  Clock& clock_;
  Mint& mint_;
};

// How long a reply asks to wait: retry-after-ms wins over Retry-After in (fractional) seconds; an HTTP date is measured
// from `now`. Negative when it asks for nothing.
Millis wait_wished(const http::Headers& headers, UtcTime now);

}  // namespace purser
