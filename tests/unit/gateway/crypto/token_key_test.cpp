#include "gateway/crypto/token_key.hpp"

#include "gateway/crypto/digest.hpp"
#include "tests/support/tokens.hpp"

#include <gtest/gtest.h>

namespace purser::crypto {
namespace {

using test::TokenSigner;

std::string raw(const nlohmann::json& jwk, const char* name) {
  return base64url_decode(jwk.at(name).get<std::string>()).value();
}

TEST(TokenKey, VerifiesBothKindsFromPemAndFromNumbers) {
  const auto rsa = TokenSigner::rsa();
  const auto ec = TokenSigner::p256();
  const auto rsa_jwk = rsa.jwk("a");
  const auto ec_jwk = ec.jwk("b");
  const auto rsa_key = TokenKey::rsa(raw(rsa_jwk, "n"), raw(rsa_jwk, "e")).value();
  const auto ec_key = TokenKey::p256(raw(ec_jwk, "x"), raw(ec_jwk, "y")).value();
  EXPECT_EQ(rsa_key.algorithm(), "RS256");
  EXPECT_EQ(ec_key.algorithm(), "ES256");
  EXPECT_TRUE(rsa_key.verify("text", rsa.sign("text")).ok());
  EXPECT_TRUE(TokenKey::from_pem(rsa.public_pem()).value().verify("text", rsa.sign("text")).ok());
  EXPECT_TRUE(ec_key.verify("text", ec.sign("text")).ok());
  EXPECT_TRUE(TokenKey::from_pem(ec.public_pem()).value().verify("text", ec.sign("text")).ok());
  EXPECT_EQ(rsa_key.verify("Text", rsa.sign("text")).code(), Errc::signature_invalid);
  EXPECT_EQ(ec_key.verify("Text", ec.sign("text")).code(), Errc::signature_invalid);
  EXPECT_EQ(rsa_key.verify("text", ec.sign("text")).code(), Errc::signature_invalid);
  EXPECT_EQ(ec_key.verify("text", rsa.sign("text")).code(), Errc::signature_invalid);
}

TEST(TokenKey, RefusesSignaturesThatAreNone) {
  const auto ec = TokenSigner::p256();
  const auto key = TokenKey::from_pem(ec.public_pem()).value();
  const std::string good = ec.sign("text");
  for (const std::string& bad : {std::string(), good.substr(1), good + "x", std::string(64, '\0'), good.substr(0, 32)})
    EXPECT_EQ(key.verify("text", bad).code(), Errc::signature_invalid) << bad.size();
}

TEST(TokenKey, RefusesKeysThatAreWeakOrNone) {
  EXPECT_EQ(TokenKey::from_pem("no key").code(), Errc::key_malformed);
  EXPECT_EQ(TokenKey::from_pem(TokenSigner::rsa(1024).public_pem()).code(), Errc::key_malformed);
  EXPECT_EQ(TokenKey::rsa("", "").code(), Errc::key_malformed);
  EXPECT_EQ(TokenKey::p256(std::string(32, '\1'), std::string(32, '\1')).code(), Errc::key_malformed);
  EXPECT_EQ(TokenKey::p256("short", "shorter").code(), Errc::key_malformed);
}

// RFC 7515, appendix A.3: a published signature with its key.
TEST(TokenKey, VerifiesThePublishedExample) {
  const auto bytes = [](const char* text) { return base64url_decode(text).value(); };
  const auto key = TokenKey::p256(bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                                  bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
                       .value();
  const std::string message =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
      "Ijp0cnVlfQ";
  EXPECT_TRUE(
      key.verify(message, bytes("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
                                "Kg6NU1Q"))
          .ok());
}

}  // namespace
}  // namespace purser::crypto
