// The list of platform certificates.
#include "gateway/pay/wechat/certificates.hpp"

#include "tests/fuzz/fuzz.hpp"

PURSER_FUZZ(bytes) {
  static const purser::Secret kKey("0123456789abcdef0123456789ABCDEF");
  const auto list = purser::wechat::read_certificates(bytes, kKey);
  if (list) purser::fuzz::require(list->size() <= 32);
}
