// Idempotency-Key: a POST that is sent again has its effect once and gets the first answer again.
//
// A row (scope, key) with the payload's fingerprint is durable before the work begins, and belongs to whoever does the
// work. Finished: the stored answer is replayed. Running, and this daemon or another works on it: refused until it
// ends. Running, and nobody does (a daemon died, or a first try ended in 5xx): the work is done again, which is safe,
// because each action continues what it finds. Only answers of 2xx are kept; a refusal frees the key, and a 5xx is
// never replayed. Who was stopped, and lost the key to another meanwhile, neither ends it nor frees it.
#pragma once

#include "agent/identity/caller.hpp"
#include "agent/turn/conversations.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/crypto/mint.hpp"
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
  // Safe to repeat: `again`, it finds and continues what an earlier run may have done.
  using Action = std::function<Task<Result<http::Response>>(bool again)>;
  // A key belongs to its daemon for so long after it was last held, by the store's own time.
  static constexpr Millis kLease{6'000};

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

  Idempotency(Store& store, Clock& clock, Mint& mint);

  // The key of a request, 1 to 255 visible characters, when there is one. Errors: request_malformed,
  // idempotency_key_required when `required` and absent.
  static Result<std::optional<std::string>> key_of(const http::Headers& headers, bool required);
  // A request by its key and its payload: SHA-256 over the body with sorted members (1 and 1.0 are the same number),
  // with what is left of it after an erasure (request_ties.hpp).
  TurnKey tie(std::string scope, std::string key, const nlohmann::json& body) const;
  // Tenant, the user where a token stands for one, method and path: elsewhere the same key is another one.
  static std::string scope_of(const Caller& caller, const http::Request& request);

  // Errors: idempotency_in_flight, or idempotency_conflict when the other request has another payload.
  Result<Flight> take_off(const TurnKey& key);

  // The row of an earlier request, if any. Errors: idempotency_conflict; idempotency_in_flight when a newer version
  // wrote the row in a form that is not known here; the store's.
  Task<Result<std::optional<IdempotencyRow>>> earlier(TurnKey key);
  // Whether a claim failed because the key was used and what was said under it erased since; it is answered with
  // erased().
  static bool is_erased(const Error& error);
  // erased_answer, or the error idempotency_conflict when that was another payload; those of earlier().
  Task<Result<http::Response>> erased(TurnKey key);
  // The same before anything is begun, for an answer whose status cannot wait for the end. Nothing when no erased
  // request had this key.
  Task<Result<std::optional<http::Response>>> erased_before(TurnKey key);
  static http::Response replay(IdempotencyRow row);

  // Does `action` under a row of its own, or under the running one of an earlier try. Errors: idempotency_in_flight
  // while another daemon works on it, or when one has taken it over; the action's and the store's.
  Task<Result<http::Response>> around(TurnKey key, std::optional<IdempotencyRow> earlier, Action action);
  // Keeps the answer of what `owner` has done. Error: store_conflict when the key is not its any more.
  Task<Result<void>> finish(TurnKey key, std::string owner, int status, std::string body);
  Task<Result<void>> drop(TurnKey key, std::string owner);

  // Until canceled: holds the keys that are worked on here.
  Task<void> keep();

 private:
  Task<Result<void>> claim(TurnKey key, std::optional<IdempotencyRow> earlier, std::string owner);
  Task<Result<void>> hold_all();

  Store& store_;
  Clock& clock_;
  Mint& mint_;
  std::shared_ptr<Flight::Sky> sky_;
};

}  // namespace purser
