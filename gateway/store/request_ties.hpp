// What is left of a request and its Idempotency-Key once their words are erased. The key may say who somebody is and
// the payload what was said, and a plain digest of either can be guessed back: so whoever claims a key leaves two seals
// of it behind the payload's digest, made under a secret that no store holds. "digest.key seal.request seal", each of
// 64 hexadecimal digits; rows of earlier versions have the digest alone. A version that makes one of them in another
// way writes another form ("2:..."): those that run beside it then know that they cannot compare.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace purser {

struct RequestTies {
  std::string_view payload;  // the digest
  std::string_view key;      // the same for every payload
  std::string_view request;  // of key and payload
};

inline std::string tied_fingerprint(const RequestTies& ties) {
  return std::string(ties.payload) + '.' + std::string(ties.key) + '.' + std::string(ties.request);
}

// Nothing when it is the digest alone. Views into `fingerprint`.
inline std::optional<RequestTies> ties_in(std::string_view fingerprint) {
  const auto first = fingerprint.find('.');
  const auto second = first == fingerprint.npos ? first : fingerprint.find('.', first + 1);
  if (second == fingerprint.npos) return std::nullopt;
  return RequestTies{fingerprint.substr(0, first), fingerprint.substr(first + 1, second - first - 1),
                     fingerprint.substr(second + 1)};
}

// The key that a row gets when its words are erased.
inline std::string erased_key_of(const RequestTies& ties) {
  return "erased:" + std::string(ties.key);
}

// A digest or a seal as this version makes them.
inline bool is_known_tie(std::string_view tie) {
  return tie.size() == 64 && tie.find_first_not_of("0123456789abcdef") == tie.npos;
}

// Whether two that differ are of different payloads; else nobody can say that here.
inline bool is_known_fingerprint(std::string_view fingerprint) {
  const auto ties = ties_in(fingerprint);
  if (!ties) return is_known_tie(fingerprint);
  return is_known_tie(ties->payload) && is_known_tie(ties->key) && is_known_tie(ties->request);
}

inline std::string_view payload_in(std::string_view fingerprint) {
  return fingerprint.substr(0, fingerprint.find('.'));
}

}  // namespace purser
