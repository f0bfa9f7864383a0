#include "gateway/pay/wechat/call_budget.hpp"

#include <algorithm>

namespace purser::wechat {
namespace {

constexpr std::chrono::seconds kHeld{1};
constexpr std::chrono::minutes kRefundQueryRest{1};
constexpr Millis kRestMin{1'000};
constexpr Millis kRestMax{60'000};
constexpr int kFailedRefundsPerSecond = 6;

// Calls a second.
constexpr int rate_of(Operation operation) {
  switch (operation) {
    case Operation::create:
      return 500;
    case Operation::query:
    case Operation::close:
      return 600;
    case Operation::refund:
    case Operation::mend_refund:
      return 150;
    case Operation::query_refund:
      return 300;
    case Operation::certificates:
    case Operation::bill:
    case Operation::bill_file:
      return 10;
  }
  return 1;
}

constexpr Clock::duration cost_of(int per_second) {
  return std::chrono::duration_cast<Clock::duration>(kHeld) / per_second;
}

std::size_t index(Operation operation) {
  return static_cast<std::size_t>(operation);
}

}  // namespace

CallBudget::time_point CallBudget::ready_of(const Bucket& bucket, Clock::duration cost, time_point now) {
  const auto level = bucket.full_at + cost - kHeld;
  return std::max({now, bucket.rests_until, level});
}

void CallBudget::spend_of(Bucket& bucket, Clock::duration cost, time_point now) {
  bucket.full_at = std::max(bucket.full_at, now) + cost;
}

CallBudget::time_point CallBudget::ready(Operation operation, time_point now) const {
  const auto at = ready_of(buckets_[index(operation)], cost_of(rate_of(operation)), now);
  if (operation != Operation::refund) return at;
  return std::max(at, ready_of(failures_, cost_of(kFailedRefundsPerSecond), now));
}

void CallBudget::spend(Operation operation, time_point now) {
  spend_of(buckets_[index(operation)], cost_of(rate_of(operation)), now);
}

void CallBudget::rest(Operation operation, time_point now, Millis asked) {
  const Millis least = operation == Operation::query_refund ? Millis(kRefundQueryRest) : kRestMin;
  auto& until = buckets_[index(operation)].rests_until;
  until = std::max(until, now + std::clamp(asked, least, kRestMax));
}

void CallBudget::refund_failed(time_point now) {
  spend_of(failures_, cost_of(kFailedRefundsPerSecond), now);
}

}  // namespace purser::wechat
