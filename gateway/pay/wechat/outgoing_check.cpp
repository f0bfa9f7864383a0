#include "gateway/pay/wechat/outgoing_check.hpp"

#include <charconv>
#include <cstdlib>

namespace purser::wechat {
namespace {

Result<void> of_now(std::string_view timestamp, UtcTime now) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
  const bool number = error == std::errc() && end == timestamp.data() + timestamp.size();
  const std::int64_t age = to_seconds(now) - seconds;
  if (number && std::abs(age) <= OutgoingCheck::kAgeMax.count()) return success();
  return Error(Errc::timestamp_skew, "a request was not signed for now", "timestamp");
}

}  // namespace

Result<void> OutgoingCheck::take(std::string_view text, const RequestSignature& signature, UtcTime now) {
  if (auto fresh = of_now(signature.timestamp, now); !fresh) return fresh;
  if (!nonces_.insert(signature.nonce).second)
    return Error(Errc::internal, "a nonce was about to be used twice", "nonce");
  order_.push_back(signature.nonce);
  if (order_.size() > kNoncesKept) {
    nonces_.erase(order_.front());
    order_.pop_front();
  }
  if (auto ours = key_.verify(text, signature.signature); !ours)
    return Error(Errc::signature_invalid, "a request was signed with another key than the merchant's", "signature");
  return success();
}

}  // namespace purser::wechat
