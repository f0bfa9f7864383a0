#include "agent/api/mcp_sessions.hpp"

#include "gateway/crypto/digest.hpp"

namespace purser::mcp {
namespace {

constexpr std::string_view kPrefix = "mcp_";
constexpr std::size_t kTokenLength = 24;
constexpr std::size_t kSealLength = 32;
// Notes stand where keys of requests stand: a name of these scopes is no request's, which begins with its tenant.
constexpr const char* kEnded = "mcp ended";
constexpr const char* kAnswered = "mcp answered";
constexpr const char* kNotedBy = "mcp";

std::string heard_by(const std::string& id) {
  return "mcp hears " + id;
}

}  // namespace

std::string Sessions::seal(const Caller& caller, const std::string& token) const {
  std::string whom = caller.tenant.str();
  if (caller.user) whom += ' ' + caller.user->str();
  return mint_.seal("mcp session " + token + ' ' + whom).substr(0, kSealLength);
}

std::string Sessions::open(const Caller& caller) {
  const std::string token = mint_.token(kTokenLength);
  return std::string(kPrefix) + token + '_' + seal(caller, token);
}

Task<Result<void>> Sessions::check(Caller caller, std::string id) {
  const std::size_t length = kPrefix.size() + kTokenLength + 1 + kSealLength;
  if (id.size() != length || !id.starts_with(kPrefix)) co_return Errc::not_found;
  const std::string token = id.substr(kPrefix.size(), kTokenLength);
  const std::string sealed = id.substr(length - kSealLength);
  if (!crypto::constant_time_equal(sealed, seal(caller, token))) co_return Errc::not_found;
  auto ended = co_await store_.idempotency(kEnded, std::move(id));
  if (!ended) co_return ended.error();
  if (ended->has_value()) co_return Errc::not_found;
  co_return success();
}

Task<Result<void>> Sessions::end(Caller caller, std::string id) {
  auto known = co_await check(std::move(caller), id);
  if (!known) co_return known;
  co_return co_await note(kEnded, std::move(id), kNotedBy);
}

ThreadId Sessions::thread_of(const Caller& caller, const std::string& id) const {
  return mint_.thread_of(caller.tenant, "mcp session " + id);
}

Task<Result<void>> Sessions::note(std::string scope, std::string key, std::string what) {
  op::InsertIdempotency insert;
  insert.row.scope = std::move(scope);
  insert.row.key = std::move(key);
  insert.row.fingerprint = std::move(what);
  insert.row.owner = kNotedBy;
  insert.row.created_at = clock_.durable();
  Batch batch("mcp.noted");
  batch.add(std::move(insert));
  auto done = co_await store_.commit(std::move(batch));
  if (!done && done.code() != Errc::store_duplicate) co_return done.error();
  co_return success();
}

Task<Result<void>> Sessions::subscribe(std::string id, std::string uri) {
  co_return co_await note(heard_by(id), std::move(uri), kNotedBy);
}

Task<Result<void>> Sessions::unsubscribe(std::string id, std::string uri) {
  op::DropIdempotency drop{heard_by(id), std::move(uri), kNotedBy};
  Batch batch("mcp.dropped");
  batch.add(std::move(drop));
  auto done = co_await store_.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return success();
}

Task<Result<bool>> Sessions::subscribed(std::string id, std::string uri) {
  auto row = co_await store_.idempotency(heard_by(id), std::move(uri));
  if (!row) co_return row.error();
  co_return row->has_value();
}

Task<Result<std::string>> Sessions::answer(std::string state, std::string answer) {
  std::string key = crypto::sha256_hex(state);
  auto noted = co_await note(kAnswered, key, std::move(answer));
  if (!noted) co_return noted.error();
  auto row = co_await store_.idempotency(kAnswered, std::move(key));
  if (!row) co_return row.error();
  if (!row->has_value()) co_return Error(Errc::store_conflict, "what was just noted is gone", "mcp answered");
  co_return std::move((*row)->fingerprint);
}

}  // namespace purser::mcp
