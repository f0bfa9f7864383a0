#include "agent/api/idempotency.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/request.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/store/request_ties.hpp"
#include "validation/money/ascii.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <cmath>
#include <utility>

namespace purser {
namespace {

constexpr std::string_view kHeader = "Idempotency-Key";
constexpr std::size_t kKeyMax = 255;
constexpr std::size_t kOwnerLength = 24;
// Two may be lost before another daemon does the work again.
constexpr Millis kHoldEvery = Idempotency::kLease / 3;

Error other_payload() {
  return {Errc::idempotency_conflict, "this Idempotency-Key was used with another payload", std::string(kHeader)};
}

// The key's row is of a newer version, whose daemons run beside this one: they know what the key stands for. Nothing is
// done, and whoever asks again reaches one of them, or this one renewed.
Error of_a_newer_version() {
  return {Errc::idempotency_in_flight, "a newer version of this service holds this Idempotency-Key: try again",
          std::string(kHeader)};
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
  struct Work {
    std::string fingerprint;
    std::string owner;  // of the row, when this daemon holds it by its own
  };
  std::map<std::pair<std::string, std::string>, Work> under_way;  // by scope and key
};

void Idempotency::Flight::land() {
  if (const auto sky = std::exchange(sky_, nullptr)) sky->under_way.erase({scope_, key_});
}

Idempotency::Flight& Idempotency::Flight::operator=(Flight&& other) noexcept {
  land();
  sky_ = std::exchange(other.sky_, nullptr);
  scope_ = std::move(other.scope_);
  key_ = std::move(other.key_);
  return *this;
}

Idempotency::Idempotency(Store& store, Clock& clock, Mint& mint)
    : store_(store), clock_(clock), mint_(mint), sky_(std::make_shared<Flight::Sky>()) {}

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

TurnKey Idempotency::tie(std::string scope, std::string key, const nlohmann::json& body) const {
  nlohmann::json whole = body;
  write_whole_numbers(whole);
  const std::string payload = crypto::sha256_hex(whole.dump());
  const std::string named = scope + '\n' + key;
  const std::string of_key = mint_.seal("idempotency key\n" + named);
  const std::string of_request = mint_.seal("idempotent request\n" + named + '\n' + payload);
  return TurnKey(std::move(scope), std::move(key), tied_fingerprint({payload, of_key, of_request}));
}

std::string Idempotency::scope_of(const Caller& caller, const http::Request& request) {
  std::string scope = caller.tenant.str() + ' ' + request.method + ' ' + request.path;
  // Behind the path, which holds no space: no other scope reads the same.
  if (caller.user) scope += ' ' + caller.user->str();
  return scope;
}

Result<Idempotency::Flight> Idempotency::take_off(const TurnKey& key) {
  const auto [there, taken] = sky_->under_way.try_emplace({key.scope, key.key}, Flight::Sky::Work{key.fingerprint, ""});
  if (!taken && there->second.fingerprint != key.fingerprint) return other_payload();
  if (!taken) return Errc::idempotency_in_flight;
  Flight flight;
  flight.sky_ = sky_;
  flight.scope_ = key.scope;
  flight.key_ = key.key;
  return flight;
}

Task<Result<std::optional<IdempotencyRow>>> Idempotency::earlier(TurnKey key) {
  auto row = co_await store_.idempotency(key.scope, key.key);
  if (!row || !row->has_value()) co_return row;
  const std::string_view kept = (*row)->fingerprint;
  if (payload_in(kept) == payload_in(key.fingerprint)) co_return row;
  co_return is_known_fingerprint(kept) ? other_payload() : of_a_newer_version();
}

bool Idempotency::is_erased(const Error& error) {
  return error.code == Errc::store_conflict && error.param == "erased";
}

Task<Result<http::Response>> Idempotency::erased(TurnKey key) {
  auto before = co_await erased_before(std::move(key));
  if (!before) co_return before.error();
  // None: an earlier version erased it, under a name that only the same payload finds.
  co_return before->has_value() ? std::move(**before) : api::erased_answer();
}

Task<Result<std::optional<http::Response>>> Idempotency::erased_before(TurnKey key) {
  std::optional<http::Response> answer;
  const auto ties = ties_in(key.fingerprint);
  if (!ties) co_return answer;
  auto row = co_await store_.idempotency(key.scope, erased_key_of(*ties));
  if (!row) co_return row.error();
  if (!row->has_value()) co_return answer;
  const std::string_view kept = (*row)->fingerprint;
  if (kept != ties->request) co_return is_known_tie(kept) ? other_payload() : of_a_newer_version();
  answer = api::erased_answer();
  co_return answer;
}

http::Response Idempotency::replay(IdempotencyRow row) {
  if (row.body == "{}") return api::erased_answer();  // by a version that left the key in its place
  http::Response response = api::stored_answer(row.status, std::move(row.body));
  response.headers.emplace_back("Idempotent-Replayed", "true");
  return response;
}

Task<Result<void>> Idempotency::claim(TurnKey key, std::optional<IdempotencyRow> earlier, std::string owner) {
  Batch batch("request.claimed");
  if (earlier) {
    op::TakeIdempotency take;
    take.scope = key.scope;
    take.key = key.key;
    take.from = std::move(earlier->owner);
    take.to = std::move(owner);
    take.lease = kLease;
    batch.add(std::move(take));
  } else {
    op::InsertIdempotency claim;
    claim.row.scope = key.scope;
    claim.row.key = key.key;
    claim.row.fingerprint = key.fingerprint;
    claim.row.owner = std::move(owner);
    claim.row.created_at = clock_.durable();
    claim.lease = kLease;
    batch.add(std::move(claim));
  }
  auto claimed = co_await store_.commit(std::move(batch));
  if (claimed) co_return success();
  const bool lost = claimed.code() == Errc::store_duplicate || claimed.code() == Errc::store_conflict;
  const bool taken = lost && !is_erased(claimed.error());
  if (taken) co_return Errc::idempotency_in_flight;
  co_return claimed.error();
}

Task<Result<http::Response>> Idempotency::around(TurnKey key, std::optional<IdempotencyRow> earlier, Action action) {
  const std::string owner = mint_.token(kOwnerLength);
  const bool again = earlier.has_value();
  auto claimed = co_await claim(key, std::move(earlier), owner);
  if (!claimed && is_erased(claimed.error())) co_return co_await erased(std::move(key));
  if (!claimed) co_return claimed.error();
  const auto flight = sky_->under_way.find({key.scope, key.key});
  if (flight != sky_->under_way.end()) flight->second.owner = owner;
  auto outcome = co_await action(again);
  if (!outcome || outcome->status >= 300) {
    auto dropped = co_await drop(std::move(key), owner);
    // The row stays running then, and the next try does the work again: no worse than a free key.
    if (!dropped) log::warn("request.key_not_freed", {{"code", dropped.code()}});
    co_return outcome;
  }
  auto kept = co_await finish(std::move(key), owner, outcome->status, outcome->body);
  // This daemon stood still and another does the same again: its answer is the one that is kept.
  if (!kept && kept.code() == Errc::store_conflict) co_return Errc::idempotency_in_flight;
  if (!kept) co_return kept.error();
  co_return outcome;
}

Task<Result<void>> Idempotency::finish(TurnKey key, std::string owner, int status, std::string body) {
  op::FinishIdempotency change{std::move(key.scope), std::move(key.key), std::move(owner), status, std::move(body)};
  Batch batch("request.finished");
  batch.add(std::move(change));
  auto done = co_await store_.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return success();
}

Task<Result<void>> Idempotency::drop(TurnKey key, std::string owner) {
  op::DropIdempotency change{std::move(key.scope), std::move(key.key), std::move(owner)};
  Batch batch("request.dropped");
  batch.add(std::move(change));
  auto done = co_await store_.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return success();
}

Task<Result<void>> Idempotency::hold_all() {
  const auto now_held = sky_->under_way;
  for (const auto& [name, work] : now_held) {
    if (work.owner.empty()) continue;
    op::HoldIdempotency hold;
    hold.scope = name.first;
    hold.key = name.second;
    hold.owner = work.owner;
    hold.lease = kLease;
    Batch batch("request.held");
    batch.add(std::move(hold));
    auto done = co_await store_.commit(std::move(batch));
    // A conflict: it has ended meanwhile, or somebody took it, which its end will learn.
    if (!done && done.code() != Errc::store_conflict) co_return done.error();
  }
  co_return success();
}

Task<void> Idempotency::keep() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  for (;;) {
    const auto next = clock_.now() + kHoldEvery;
    auto slept = co_await clock_.sleep_until(next);
    if (!slept) co_return;
    auto held = co_await hold_all();
    if (!held) log::warn("request.not_held", {{"code", held.code()}, {"message", held.error().message}});
  }
}

}  // namespace purser
