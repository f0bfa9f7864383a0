// One model at one provider, asked once: no retry, no waiting between attempts. It says how the attempt ended in the
// words the plan decides by.
#pragma once

#include "config/model_setup.hpp"
#include "gateway/http/client.hpp"
#include "gateway/llm/model.hpp"
#include "gateway/llm/route/plan.hpp"
#include "gateway/llm/transcript.hpp"
#include "gateway/llm/wire.hpp"

#include <memory>
#include <optional>
#include <string>

namespace purser::trace {
class Span;
}

namespace purser::llm {

struct EndpointLimits {
  Millis first_token_time_max{14'000};
  Millis gap_time_max{10'000};
  std::size_t reply_bytes_max = 1 << 20;
};

// What one attempt brought.
struct Attempt {
  Attempt() = default;
  Result<ModelAnswer> answer;
  AttemptEnd end = AttemptEnd::transient;
  Millis wished{-1};                 // the pause the provider asks for; negative: none
  bool give_up = false;              // it says that asking again is no use
  std::optional<Usage> used;         // what a failed attempt is thought to have cost
  Millis first_token{-1};            // until the first word; negative: none came
  std::string request_id;            // the provider's own
  std::optional<ErrorClass> nested;  // of an error that came as a success
  std::string unclear;               // its explanation, where no rule could place it
  std::int64_t asked_about = 0;      // pico-USD it cost to ask a model what that means
};

// Whether nobody else is asked: for an answer, and for a no; nobody shops around for one who agrees.
bool decides(const Attempt& attempt);

// A question in the words of one model.
struct Prepared {
  Prepared() = default;
  std::string body;
  Asked asked;
  bool streamed = false;
  WordsSink* words = nullptr;
  ModelScope scope;
  std::string traceparent;
};

class Endpoint {
 public:
  // `client`, `clock` and `past` outlive it. Error: config_bad_value naming the provider's base_url.
  static Result<std::unique_ptr<Endpoint>> make(const ModelSetup& model, const ProviderSetup& provider,
                                                EndpointLimits limits, http::Client& client, Clock& clock,
                                                Transcript& past);

  // Error: internal, when a tool's own schema is broken.
  Result<Prepared> prepare(const ModelRequest& request) const;
  // Cancellation breaks the request off.
  Task<Attempt> ask(Prepared question, Deadline deadline);

  const std::string& host() const { return origin_.host; }
  const std::string& provider() const { return provider_.name; }

 private:
  class Sink;
  Endpoint(const ModelSetup& model, const ProviderSetup& provider, http::Origin origin, EndpointLimits limits,
           http::Client& client, Clock& clock, Transcript& past);
  http::Call call_with(std::string body, bool streamed) const;
  void tell(trace::Span& span) const;
  static void tell_end(trace::Span& span, int status, const Attempt& attempt);
  Attempt judged(Sink& sink, const Result<http::Reply>& reply) const;

  ModelSetup model_;
  ProviderSetup provider_;
  http::Origin origin_;
  EndpointLimits limits_;
  http::Client& client_;
  Clock& clock_;
  Transcript& past_;
};

// How long a reply asks to wait: retry-after-ms wins over Retry-After in (fractional) seconds; an HTTP date is measured
// from `now`. Negative when it asks for nothing.
Millis wait_wished(const http::Headers& headers, UtcTime now);

}  // namespace purser::llm
