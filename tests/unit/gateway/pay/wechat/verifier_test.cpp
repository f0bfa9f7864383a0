#include "gateway/pay/wechat/verifier.hpp"

#include "gateway/async/virtual_clock.hpp"
#include "gateway/crypto/aead.hpp"
#include "gateway/crypto/digest.hpp"
#include "tests/support/rail_signer.hpp"
#include "tests/support/vectors.hpp"

#include <gtest/gtest.h>

namespace purser::wechat {
namespace {

using std::chrono::seconds;
using test::RailSigner;

class VerifierTest : public ::testing::Test {
 protected:
  http::Headers headers(seconds off = seconds(0)) const { return RailSigner::headers(body_, clock_.wall() + off); }
  Errc code(const http::Headers& headers, std::string_view body) const {
    return verifier_.verify(headers, body).code();
  }
  static void set(http::Headers& headers, std::string_view name, std::string value) {
    for (auto& [key, held] : headers) {
      if (key == name) held = value;
    }
  }

  const std::string body_ = R"({"code_url":"weixin://wxpay/bizpayurl?pr=1"})";
  VirtualClock clock_;
  Verifier verifier_{RailSigner::keys().platform, clock_};
};

TEST_F(VerifierTest, BelievesBothKeysAtOnce) {
  EXPECT_TRUE(verifier_.verify(headers(), body_).ok());
  const auto by_certificate =
      RailSigner::headers(body_, clock_.wall(), RailSigner::certificate_mode_key(), RailSigner::certificate().serial());
  EXPECT_TRUE(verifier_.verify(by_certificate, body_).ok());
  EXPECT_EQ(verifier_.counts().verified, 2u);
}

TEST_F(VerifierTest, KeysComeAndGoWithoutARestart) {
  verifier_.keys().remove(RailSigner::kPublicKeyId);
  EXPECT_EQ(code(headers(), body_), Errc::unknown_serial);
  verifier_.keys().add(std::string(RailSigner::kPublicKeyId),
                       crypto::PublicKey::from_pem(RailSigner::public_mode_key().public_pem().value()).value());
  EXPECT_TRUE(verifier_.verify(headers(), body_).ok());
}

TEST_F(VerifierTest, AKeyCountsUnderItsOwnSerialOnly) {
  auto swapped =
      RailSigner::headers(body_, clock_.wall(), RailSigner::certificate_mode_key(), RailSigner::kPublicKeyId);
  EXPECT_EQ(code(swapped, body_), Errc::signature_invalid);
  for (const std::string serial : {"7132d72a03e93cddf8c03bbd1f37eedf00000001", "PUB_KEY_ID_", "x"}) {
    auto other = headers();
    set(other, "Wechatpay-Serial", serial);
    EXPECT_EQ(code(other, body_), Errc::unknown_serial) << serial;
  }
}

TEST_F(VerifierTest, FiveMinutesAreTooMuch) {
  EXPECT_TRUE(verifier_.verify(headers(seconds(299)), body_).ok());
  EXPECT_TRUE(verifier_.verify(headers(seconds(-299)), body_).ok());
  for (int off : {300, -300, 301, -301, 1'000'000}) {
    EXPECT_EQ(code(headers(seconds(off)), body_), Errc::timestamp_skew) << off;
  }
  auto far = headers();
  set(far, "Wechatpay-Timestamp", "9223372036854775807");
  EXPECT_EQ(code(far, body_), Errc::timestamp_skew);
}

TEST_F(VerifierTest, FollowsTheWallClockAndNotTheDurableOne) {
  const auto signed_before = headers();
  clock_.jump_wall(seconds(301));
  EXPECT_EQ(code(signed_before, body_), Errc::timestamp_skew);
}

TEST_F(VerifierTest, EveryPartIsSigned) {
  EXPECT_EQ(code(headers(), body_ + " "), Errc::signature_invalid);
  EXPECT_EQ(code(headers(), ""), Errc::signature_invalid);
  auto other = headers();
  set(other, "Wechatpay-Nonce", "another");
  EXPECT_EQ(code(other, body_), Errc::signature_invalid);
  other = headers();
  set(other, "Wechatpay-Timestamp", std::to_string(to_seconds(clock_.wall()) + 1));
  EXPECT_EQ(code(other, body_), Errc::signature_invalid);
  // The same number, spelt otherwise: the text is what was signed.
  other = headers();
  set(other, "Wechatpay-Timestamp", "0" + std::to_string(to_seconds(clock_.wall())));
  EXPECT_EQ(code(other, body_), Errc::signature_invalid);
}

TEST_F(VerifierTest, AnEmptyBodyIsSignedToo) {
  EXPECT_TRUE(verifier_.verify(RailSigner::headers("", clock_.wall()), "").ok());
  EXPECT_EQ(code(RailSigner::headers("", clock_.wall()), "x"), Errc::signature_invalid);
}

TEST_F(VerifierTest, WhatIsNoSignatureDoesNotThrow) {
  for (const std::string signature : {"x", "====", "not Base64 at all", "QUJD"}) {
    auto other = headers();
    set(other, "Wechatpay-Signature", signature);
    EXPECT_EQ(code(other, body_), Errc::signature_invalid) << signature;
  }
  EXPECT_EQ(verifier_.counts().refused, 4u);
}

TEST_F(VerifierTest, ProbesAreRefusedAndCountedApart) {
  auto probe = headers();
  set(probe, "Wechatpay-Signature", "WECHATPAY/SIGNTEST/" + std::string(probe[2].second));
  EXPECT_EQ(code(probe, body_), Errc::signature_probe);
  EXPECT_EQ(verifier_.counts().probes, 1u);
  EXPECT_EQ(verifier_.counts().refused, 0u);
}

TEST_F(VerifierTest, ChecksInTheOrderOfTheProtocol) {
  auto all_wrong = headers(seconds(400));
  set(all_wrong, "Wechatpay-Serial", "unknown");
  set(all_wrong, "Wechatpay-Signature", "WECHATPAY/SIGNTEST/x");
  set(all_wrong, "Wechatpay-Signature-Type", "other");
  EXPECT_EQ(code(all_wrong, body_), Errc::signature_invalid);
  set(all_wrong, "Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048");
  EXPECT_EQ(code(all_wrong, body_), Errc::timestamp_skew);
  set(all_wrong, "Wechatpay-Timestamp", std::to_string(to_seconds(clock_.wall())));
  EXPECT_EQ(code(all_wrong, body_), Errc::unknown_serial);
  set(all_wrong, "Wechatpay-Serial", std::string(RailSigner::kPublicKeyId));
  EXPECT_EQ(code(all_wrong, body_), Errc::signature_probe);
}

// The official SDK's own webhook of June 2021; its key has 16 bytes, so it opens below the key-length check only.
TEST_F(VerifierTest, TheWebhookOfTheOfficialSdkVerifiesAndOpens) {
  PURSER_VECTORS(file, "wechatpay_v3.json");
  const auto& vector = file["webhook_full"];
  const auto text = [&](const char* name) { return vector[name].get<std::string>(); };
  const auto certificate = crypto::Certificate::from_pem(text("platform_cert_pem")).value();
  KeySet keys;
  keys.add(certificate.serial(), certificate.key());
  Verifier verifier(std::move(keys), clock_);
  http::Headers headers{{"Wechatpay-Timestamp", text("timestamp")},
                        {"Wechatpay-Nonce", text("nonce")},
                        {"Wechatpay-Serial", text("serial")},
                        {"Wechatpay-Signature", text("signature_b64")}};
  EXPECT_EQ(verifier.verify(headers, text("body")).code(), Errc::timestamp_skew);
  clock_.jump_wall(seconds(1'624'523'846 - to_seconds(clock_.wall())));
  EXPECT_TRUE(verifier.verify(headers, text("body")).ok());
  EXPECT_EQ(verifier.verify(headers, text("body") + "\n").code(), Errc::signature_invalid);

  const auto resource = nlohmann::json::parse(text("body"))["resource"];
  const auto plain =
      crypto::detail::gcm_open_raw(text("aead_key_ascii_16_bytes_AES128"), resource["nonce"].get<std::string>(),
                                   resource["associated_data"].get<std::string>(),
                                   crypto::base64_decode(resource["ciphertext"].get<std::string>()).value());
  ASSERT_TRUE(plain.ok());
  EXPECT_TRUE(plain->starts_with(R"({"mchid":"1234567890",)")) << *plain;
}

}  // namespace
}  // namespace purser::wechat
