// Idempotency-Key: a POST that is sent again has its effect once and gets the first answer again.
//
// A row (scope, key) with the payload's fingerprint is durable before the work begins. Finished: the stored answer is
// replayed. Running, and this process is working on it: refused until it ends. Running, and nobody here works on it (a
// daemon died, or a first try ended in 5xx): the work is done again, which is safe, because each action continues what
// it finds. Only answers of 2xx are kept; a refusal frees the key, and a 5xx is never replayed.
#pragma once

#include "agent/identity/caller.hpp"
#include "agent/turn/conversations.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/http/message.hpp"
#include "gateway/store/store.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace purser {

class Idempotency {
 public:
  // Safe to repeat: it finds and continues what an earlier run has done.
  using Action = std::function<Task<Result<http::Response>>()>;

  // While it lives, the same key is refused in this process.
  class Flight {
   public:
    Flight() = default;
    Flight(Flight&& other) noexcept = default;
    Flight& operator=(Flight&& other) noexcept;
    ~Flight() { land(); }
    void land();

   private:
    friend class Idempotency;
    struct Sky;
    std::shared_ptr<Sky> sky_;
    std::string scope_;
    std::string key_;
  };

  Idempotency(Store& store, Clock& clock);

  // The key of a request, 1 to 255 visible characters, when there is one. Errors: request_malformed,
  // idempotency_key_required when `required` and absent.
  static Result<std::optional<std::string>> key_of(const http::Headers& headers, bool required);
  // SHA-256 over the body with sorted members, hex; 1 and 1.0 are the same number.
  static std::string fingerprint_of(const nlohmann::json& body);
  // Tenant, the user where a token stands for one, method and path: elsewhere the same key is another one.
  static std::string scope_of(const Caller& caller, const http::Request& request);

  // Errors: idempotency_in_flight, or idempotency_conflict when the other request has another payload.
  Result<Flight> take_off(const TurnKey& key);

  // The row of an earlier request, if any. Errors: idempotency_conflict, the store's.
  Task<Result<std::optional<IdempotencyRow>>> earlier(TurnKey key);
  static http::Response replay(IdempotencyRow row);

  // Does `action` under a row of its own. `known`: the row is there and running. Error: idempotency_in_flight when
  // another daemon was faster; the action's and the store's.
  Task<Result<http::Response>> around(TurnKey key, bool known, Action action);
  Task<Result<void>> finish(TurnKey key, int status, std::string body);
  Task<Result<void>> drop(TurnKey key);

 private:
  Store& store_;
  Clock& clock_;
  std::shared_ptr<Flight::Sky> sky_;
};

}  // namespace purser
