#include "gateway/pay/wechat/outgoing_check.hpp"

#include <gtest/gtest.h>

namespace purser::wechat {
namespace {

const crypto::PrivateKey& ours() {
  static const auto key = crypto::PrivateKey::generate(2048, 3).value();
  return key;
}

crypto::PublicKey half_of(const crypto::PrivateKey& key) {
  return crypto::PublicKey::from_pem(key.public_pem().value()).value();
}

constexpr std::string_view kText = "POST\n/v3/pay\n1700000000\nnonce\n{}\n";
const UtcTime kNow = from_millis(1'700'000'000'500);

RequestSignature signature(const std::string& nonce, const std::string& timestamp = "1700000000",
                           const crypto::PrivateKey& key = ours()) {
  return {nonce, timestamp, key.sign(kText).value()};
}

TEST(OutgoingCheckTest, LetsOurOwnSignaturePass) {
  OutgoingCheck check(half_of(ours()));
  EXPECT_TRUE(check.take(kText, signature("a"), kNow).ok());
  EXPECT_TRUE(check.take(kText, signature("b"), kNow).ok());
}

TEST(OutgoingCheckTest, HoldsBackAnotherKeysSignatureAndAnotherText) {
  static const auto other = crypto::PrivateKey::generate(2048, 3).value();
  OutgoingCheck check(half_of(ours()));
  EXPECT_EQ(check.take(kText, signature("a", "1700000000", other), kNow).code(), Errc::signature_invalid);
  EXPECT_EQ(check.take("POST\n/v3/other\n", signature("b"), kNow).code(), Errc::signature_invalid);
}

TEST(OutgoingCheckTest, ANonceIsUsedOnce) {
  OutgoingCheck check(half_of(ours()));
  EXPECT_TRUE(check.take(kText, signature("a"), kNow).ok());
  EXPECT_EQ(check.take(kText, signature("a"), kNow).code(), Errc::internal);
}

TEST(OutgoingCheckTest, ATimestampIsOfNow) {
  OutgoingCheck check(half_of(ours()));
  EXPECT_TRUE(check.take(kText, signature("a", "1700000060"), kNow).ok());
  EXPECT_TRUE(check.take(kText, signature("b", "1699999940"), kNow).ok());
  for (const char* wrong : {"1700000061", "1699999939", "", "now", "1700000000.0", "-1"})
    EXPECT_EQ(check.take(kText, signature(wrong, wrong), kNow).code(), Errc::timestamp_skew) << wrong;
}

}  // namespace
}  // namespace purser::wechat
