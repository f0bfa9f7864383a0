#include "gateway/redis/shared_rate_limiter.hpp"

#include "gateway/crypto/digest.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace purser {
namespace {

// take_cell() on the server, where reading and writing are one step. KEYS: the cell. ARGV: the count and the length of
// the stretch in microseconds. Answers: allowed, remaining, retry_after and full_after in microseconds.
constexpr std::string_view kScript = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local count, whole = tonumber(ARGV[1]), tonumber(ARGV[2])
local each = math.floor(whole / count)
local arrival = tonumber(redis.call('GET', KEYS[1]) or '0')
local after = math.max(arrival, now) + each
local allowed = after - now <= whole
if allowed then
  arrival = after
  redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000) + 1)
end
local used = math.max(arrival - now, 0)
return {allowed and 1 or 0, each > 0 and math.floor((whole - used) / each) or count,
        allowed and 0 or after - whole - now, used}
)lua";

constexpr std::string_view kPrefix = "purser:rate:";

const std::string& script_digest() {
  static const std::string digest = crypto::sha1_hex(kScript);
  return digest;
}

Millis millis_of(std::int64_t micros, Millis at_most) {
  const auto time = std::chrono::ceil<Millis>(std::chrono::microseconds(std::max<std::int64_t>(micros, 0)));
  return std::min(time, at_most);
}

// Nothing when the answer is not what the script says: Redis may hold anything.
std::optional<RateVerdict> verdict_of(const RedisReply& reply, Rate rate) {
  const auto* list = reply.list();
  if (list == nullptr || list->size() != 4) return std::nullopt;
  std::array<std::int64_t, 4> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto* number = (*list)[i].number();
    if (number == nullptr) return std::nullopt;
    numbers[i] = *number;
  }
  RateVerdict verdict;
  verdict.allowed = numbers[0] == 1;
  verdict.remaining = std::clamp<std::int64_t>(numbers[1], 0, rate.count);
  verdict.retry_after = millis_of(numbers[2], rate.per);
  verdict.full_after = millis_of(numbers[3], rate.per);
  return verdict;
}

}  // namespace

Task<RateVerdict> SharedRateLimiter::take(std::string key, Rate rate) {
  if (rate.count <= 0) co_return RateVerdict{};
  const std::string cell = std::string(kPrefix) + key;
  const std::string count = std::to_string(rate.count);
  const std::string whole = std::to_string(std::chrono::microseconds(rate.per).count());
  std::vector<std::string> by_digest{"EVALSHA", script_digest(), "1", cell, count, whole};
  auto reply = co_await redis_.command(std::move(by_digest));
  const bool unknown = !reply && reply.code() == Errc::reply_malformed && reply.error().message.starts_with("NOSCRIPT");
  if (unknown) {
    std::vector<std::string> whole_script{"EVAL", std::string(kScript), "1", cell, count, whole};
    reply = co_await redis_.command(std::move(whole_script));
  }
  std::optional<RateVerdict> verdict;
  if (reply) verdict = verdict_of(*reply, rate);
  if (verdict) co_return *verdict;
  co_return co_await alone_.take(std::move(key), rate);
}

}  // namespace purser
