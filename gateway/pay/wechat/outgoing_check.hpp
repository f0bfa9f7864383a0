// The last look at a signed request before it leaves: whoever would send one that the rail must refuse, or one that
// somebody else could have sent, has mixed up keys, clocks or dice, and hears of it here.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/crypto/rsa.hpp"
#include "gateway/pay/wechat/signing.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace purser::wechat {

class OutgoingCheck {
 public:
  // A request that waited for its signature longer than this is signed anew, not sent: the rail refuses it at 300 s.
  static constexpr std::chrono::seconds kAgeMax{60};
  // Among so many requests no nonce stands twice.
  static constexpr std::size_t kNoncesKept = 4'096;

  // `key` is the public half that the rail knows: of the merchant's certificate where it is configured.
  explicit OutgoingCheck(crypto::PublicKey key) : key_(std::move(key)) {}

  // `text` is what was signed. Errors: signature_invalid (not this merchant's key), timestamp_skew (no number, or not
  // of now), internal (a nonce that was used).
  Result<void> take(std::string_view text, const RequestSignature& signature, UtcTime now);

 private:
  crypto::PublicKey key_;
  std::deque<std::string> order_;
  std::unordered_set<std::string> nonces_;
};

}  // namespace purser::wechat
