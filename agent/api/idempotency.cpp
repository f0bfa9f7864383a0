#include "agent/api/idempotency.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/request.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "validation/money/ascii.hpp"

#include <cmath>
#include <utility>

namespace purser {
namespace {

constexpr std::string_view kHeader = "Idempotency-Key";
constexpr std::size_t kKeyMax = 255;

Error other_payload() {
  return {Errc::idempotency_conflict, "this Idempotency-Key was used with another payload", std::string(kHeader)};
}

// Fractions come in where no money is named (a sampling temperature); a whole one is the integer it is equal to.
void write_whole_numbers(nlohmann::json& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value.is_structured()) {
    for (auto& part : value) write_whole_numbers(part);
  } else if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (std::trunc(number) == number && std::abs(number) <= kExact) value = static_cast<std::int64_t>(number);
  }
}

}  // namespace

struct Idempotency::Flight::Sky {
  std::map<std::string, std::map<std::string, std::string>> fingerprints;  // scope, key
};

void Idempotency::Flight::land() {
  const auto sky = std::exchange(sky_, nullptr);
  if (!sky) return;
  const auto scope = sky->fingerprints.find(scope_);
  scope->second.erase(key_);
  if (scope->second.empty()) sky->fingerprints.erase(scope);
}

Idempotency::Flight& Idempotency::Flight::operator=(Flight&& other) noexcept {
  land();
  sky_ = std::exchange(other.sky_, nullptr);
  scope_ = std::move(other.scope_);
  key_ = std::move(other.key_);
  return *this;
}

Idempotency::Idempotency(Store& store, Clock& clock)
    : store_(store), clock_(clock), sky_(std::make_shared<Flight::Sky>()) {}

Result<std::optional<std::string>> Idempotency::key_of(const http::Headers& headers, bool required) {
  auto value = api::single_header(headers, kHeader);
  if (!value) return value.error();
  if (!value->has_value()) {
    if (required) return Errc::idempotency_key_required;
    return std::optional<std::string>();
  }
  const std::string_view key = **value;
  if (key.empty() || key.size() > kKeyMax || !ascii::is_visible(key)) {
    return Error(Errc::request_malformed, "this is 1 to 255 visible characters", std::string(kHeader));
  }
  return std::optional<std::string>(key);
}

std::string Idempotency::fingerprint_of(const nlohmann::json& body) {
  nlohmann::json whole = body;
  write_whole_numbers(whole);
  return crypto::sha256_hex(whole.dump());
}

std::string Idempotency::scope_of(const Caller& caller, const http::Request& request) {
  std::string scope = caller.tenant.str() + ' ' + request.method + ' ' + request.path;
  // Behind the path, which holds no space: no other scope reads the same.
  if (caller.user) scope += ' ' + caller.user->str();
  return scope;
}

Result<Idempotency::Flight> Idempotency::take_off(const TurnKey& key) {
  auto& keys = sky_->fingerprints[key.scope];
  const auto [there, taken] = keys.emplace(key.key, key.fingerprint);
  if (!taken && there->second != key.fingerprint) return other_payload();
  if (!taken) return Errc::idempotency_in_flight;
  Flight flight;
  flight.sky_ = sky_;
  flight.scope_ = key.scope;
  flight.key_ = key.key;
  return flight;
}

Task<Result<std::optional<IdempotencyRow>>> Idempotency::earlier(TurnKey key) {
  auto row = co_await store_.idempotency(key.scope, key.key);
  if (row && row->has_value() && (*row)->fingerprint != key.fingerprint) co_return other_payload();
  co_return row;
}

http::Response Idempotency::replay(IdempotencyRow row) {
  http::Response response = api::stored_answer(row.status, std::move(row.body));
  response.headers.emplace_back("Idempotent-Replayed", "true");
  return response;
}

Task<Result<http::Response>> Idempotency::around(TurnKey key, bool known, Action action) {
  if (!known) {
    IdempotencyRow row;
    row.scope = key.scope;
    row.key = key.key;
    row.fingerprint = key.fingerprint;
    row.created_at = clock_.durable();
    Batch batch("request.claimed");
    batch.add(op::InsertIdempotency{std::move(row)});
    auto claimed = co_await store_.commit(std::move(batch));
    if (!claimed && claimed.code() == Errc::store_duplicate) co_return Errc::idempotency_in_flight;
    if (!claimed) co_return claimed.error();
  }
  auto outcome = co_await action();
  if (!outcome || outcome->status >= 300) {
    auto dropped = co_await drop(std::move(key));
    // The row stays running then, and the next try does the work again: no worse than a free key.
    if (!dropped) log::warn("request.key_not_freed", {{"code", dropped.code()}});
    co_return outcome;
  }
  auto kept = co_await finish(std::move(key), outcome->status, outcome->body);
  if (!kept) co_return kept.error();
  co_return outcome;
}

Task<Result<void>> Idempotency::finish(TurnKey key, int status, std::string body) {
  op::FinishIdempotency change{std::move(key.scope), std::move(key.key), status, std::move(body)};
  Batch batch("request.finished");
  batch.add(std::move(change));
  auto done = co_await store_.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return success();
}

Task<Result<void>> Idempotency::drop(TurnKey key) {
  op::DropIdempotency change{std::move(key.scope), std::move(key.key)};
  Batch batch("request.dropped");
  batch.add(std::move(change));
  auto done = co_await store_.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return success();
}

}  // namespace purser
