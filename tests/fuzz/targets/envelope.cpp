// The body of a webhook whose signature held, up to the sealed resource.
#include "gateway/pay/wechat/answers.hpp"
#include "tests/fuzz/fuzz.hpp"

PURSER_FUZZ(bytes) {
  static const purser::Secret kKey("0123456789abcdef0123456789ABCDEF");
  const auto read = purser::wechat::read_notification(bytes, kKey, "1900000001");
  // Only what opened with the key is ever believed.
  if (read) purser::fuzz::require(!read->id.empty() && !read->event_type.empty());
}
