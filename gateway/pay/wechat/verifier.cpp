#include "gateway/pay/wechat/verifier.hpp"

#include "gateway/pay/wechat/signing.hpp"

namespace purser::wechat {

void KeySet::remove(std::string_view serial) {
  if (auto it = keys_.find(serial); it != keys_.end()) keys_.erase(it);
}

const crypto::PublicKey* KeySet::find(std::string_view serial) const {
  const auto it = keys_.find(serial);
  return it == keys_.end() ? nullptr : &it->second;
}

Result<void> Verifier::check(const http::Headers& headers, std::string_view body) const {
  auto said = signature_headers(headers);
  if (!said) return said.error();
  const std::int64_t now = to_seconds(clock_.wall());
  // Compared without a difference: a timestamp near the ends of 64 bits must not overflow.
  if (said->timestamp <= now - kSkewSeconds || said->timestamp >= now + kSkewSeconds) return Errc::timestamp_skew;
  const crypto::PublicKey* key = keys_.find(said->serial);
  if (key == nullptr) return Errc::unknown_serial;
  return key->verify(answer_text(said->timestamp_text, said->nonce, body), said->signature);
}

Result<void> Verifier::verify(const http::Headers& headers, std::string_view body) const {
  auto verdict = check(headers, body);
  if (verdict.ok()) {
    ++counts_.verified;
  } else if (verdict.code() == Errc::signature_probe) {
    ++counts_.probes;
  } else {
    ++counts_.refused;
  }
  return verdict;
}

}  // namespace purser::wechat
