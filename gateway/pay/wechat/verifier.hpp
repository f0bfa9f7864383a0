// Decides whether an answer or a webhook comes from WeChat Pay. The order of the checks: headers present and single,
// type, clock, key by serial, Base64, RSA. Only what passed may be parsed.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/crypto/rsa.hpp"
#include "gateway/http/message.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace purser::wechat {

// The platform's keys by the id in Wechatpay-Serial: certificate serials and PUB_KEY_ID_... beside each other, because
// while a merchant moves from one to the other both arrive, mixed.
class KeySet {
 public:
  void add(std::string serial, crypto::PublicKey key) { keys_.insert_or_assign(std::move(serial), std::move(key)); }
  void remove(std::string_view serial);
  const crypto::PublicKey* find(std::string_view serial) const;  // exact match; null when there is none
  const std::map<std::string, crypto::PublicKey, std::less<>>& all() const { return keys_; }
  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }

 private:
  std::map<std::string, crypto::PublicKey, std::less<>> keys_;
};

// One thread.
class Verifier {
 public:
  // A timestamp this far off, in either direction, is refused. The SDKs differ at exactly this value; we refuse.
  static constexpr std::int64_t kSkewSeconds = 300;

  // Probes are deliberate and must raise no alarm, so they are counted apart.
  struct Counts {
    std::uint64_t verified = 0;
    std::uint64_t refused = 0;
    std::uint64_t probes = 0;
  };

  Verifier(KeySet keys, const Clock& clock) : keys_(std::move(keys)), clock_(clock) {}

  // `body`: the raw bytes. Errors: signature_invalid, signature_probe, timestamp_skew, unknown_serial. Never throws.
  Result<void> verify(const http::Headers& headers, std::string_view body) const;

  const KeySet& keys() const { return keys_; }
  KeySet& keys() { return keys_; }  // a key may come or go while the daemon runs
  const Counts& counts() const { return counts_; }

 private:
  Result<void> check(const http::Headers& headers, std::string_view body) const;

  KeySet keys_;
  const Clock& clock_;
  mutable Counts counts_;
};

}  // namespace purser::wechat
