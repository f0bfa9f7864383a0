#include "gateway/pay/wechat/signing.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/crypto/rsa.hpp"
#include "tests/support/vectors.hpp"

#include <gtest/gtest.h>

namespace purser::wechat {
namespace {

// Strings of the official SDKs' tests and documentation, with what the key of `rsa_sign_source` makes of them.
struct Published {
  const char* name;
  std::string text;
  std::size_t bytes;
  const char* digest_begins;
  const char* digest_ends;
  const char* signature_begins;
  const char* signature_ends;
};

std::vector<Published> published() {
  const std::string appid = "wx2421b1c4370ec43b", prepay = "wx201410272009395522657a690389285100";
  const std::string nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
  return {
      {"D1", request_text("GET", "/v3/certificates", "1624523846", "A1B2C3D4E5F6G7", ""), 48, "891d9fae1cd25a7a",
       "02ed421d", "mG2drrUCDR7EVrJm", "dWcQx8F2erR/Nzw=="},
      {"D2", request_text("POST", "/v3/certificates", "1624523846", "A1B2C3D4E5F6G7", "Hello World!\n"), 62,
       "fba90727954b3007", "ea46b53e5f", "DCeawJDRmQK8OKC6", "kzO0r7OdXYUsKw=="},
      {"D3",
       request_text("GET", "/v3/pay/transactions/id/1217752501201407033233368018?mchid=1230000109", "1652750623",
                    "eBYqCOxa0QudMnPvVilkTzOg3gHh5Z3u", ""),
       119, "287dfdf96f9d7241", "9d9ed8f6fa", "05vCKETQSxKN6zGf", "JmehKXcGdnYFYR1fZw=="},
      {"D4", payment_text(appid, "1554208460", nonce, prepay_package(prepay)), 110, "bf5c0eab11b7710e", "cc4d218bcb",
       "JYKXt4mOdSKy03hD", "KzE2kYFX4dZmDBVg=="},
      {"D5", payment_text(appid, "1554208460", nonce, prepay), 100, "24bea8d9042023a0", "cc25a9073c",
       "lETzmZMquTY0jfs7", "GT6cHf3GviEkYkdKOn7i0w=="},
  };
}

TEST(Signing, StringsAreThePublishedOnes) {
  for (const Published& item : published()) {
    EXPECT_EQ(item.text.size(), item.bytes) << item.name;
    const std::string digest = crypto::sha256_hex(item.text);
    EXPECT_TRUE(digest.starts_with(item.digest_begins) && digest.ends_with(item.digest_ends)) << item.name;
  }
}

TEST(Signing, SignaturesAreThePublishedOnes) {
  PURSER_VECTORS(file, "wechatpay_v3.json");
  const std::string base64 = file["rsa_sign_source"]["test_key_pkcs8_der_base64"].get<std::string>();
  const auto key = crypto::PrivateKey::from_pem(Secret(test::pem_of("PRIVATE KEY", base64))).value();
  for (const Published& item : published()) {
    const std::string signature = key.sign(item.text).value();
    EXPECT_TRUE(signature.starts_with(item.signature_begins)) << item.name << " " << signature;
    EXPECT_TRUE(signature.ends_with(item.signature_ends)) << item.name << " " << signature;
  }
}

TEST(Signing, EveryLineIsEnded) {
  EXPECT_EQ(request_text("POST", "/v3/a?b=c%20d", "1", "n", "{}"), "POST\n/v3/a?b=c%20d\n1\nn\n{}\n");
  EXPECT_EQ(request_text("GET", "/", "1", "n", ""), "GET\n/\n1\nn\n\n");
  EXPECT_EQ(answer_text("1", "n", "body\n"), "1\nn\nbody\n\n");
  EXPECT_EQ(answer_text("1", "n", ""), "1\nn\n\n");
}

TEST(Signing, TheHeaderHasFiveItems) {
  EXPECT_EQ(authorization("1234567890", "0123456789ABC", {"A1B2C3D4E5F6G7", "1624523846", "c2ln"}),
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1234567890\",nonce_str=\"A1B2C3D4E5F6G7\",timestamp=\"1624523846\","
            "serial_no=\"0123456789ABC\",signature=\"c2ln\"");
}

http::Headers good_headers() {
  return {{"wechatpay-TIMESTAMP", "1624523846"},
          {"Wechatpay-Nonce", "nonce"},
          {"Wechatpay-Serial", "SERIAL"},
          {"Wechatpay-Signature", "c2ln"},
          {"Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"},
          {"Request-ID", "1"}};
}

TEST(SignatureHeaders, AreReadWhateverTheCaseOfTheirNames) {
  const auto headers = good_headers();
  const auto read = signature_headers(headers);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->timestamp, 1'624'523'846);
  EXPECT_EQ(read->timestamp_text, "1624523846");
  EXPECT_EQ(read->nonce, "nonce");
  EXPECT_EQ(read->serial, "SERIAL");
  EXPECT_EQ(read->signature, "c2ln");
}

TEST(SignatureHeaders, MustStandThereOnceAndHoldSomething) {
  for (std::size_t i = 0; i < 4; ++i) {
    auto missing = good_headers();
    const std::string name = missing[i].first;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(signature_headers(missing).code(), Errc::signature_invalid) << name;
    auto empty = good_headers();
    empty[i].second.clear();
    EXPECT_EQ(signature_headers(empty).code(), Errc::signature_invalid) << name;
    auto doubled = good_headers();
    doubled.push_back(doubled[i]);
    EXPECT_EQ(signature_headers(doubled).code(), Errc::signature_invalid) << name;
    auto second_empty = good_headers();
    second_empty.insert(second_empty.begin(), {name, ""});
    EXPECT_EQ(signature_headers(second_empty).code(), Errc::signature_invalid) << name;
  }
}

TEST(SignatureHeaders, TheTypeIsRsaOrAbsent) {
  auto headers = good_headers();
  headers[4].first = "Other";
  EXPECT_TRUE(signature_headers(headers).ok());
  for (const char* type :
       {"WECHATPAY2-SM2-WITH-SM3", "WECHATPAY-BRAND-SHA256-RSA2048", "wechatpay2-sha256-rsa2048", ""}) {
    headers = good_headers();
    headers[4].second = type;
    EXPECT_EQ(signature_headers(headers).code(), Errc::signature_invalid) << type;
  }
  headers = good_headers();
  headers.push_back(headers[4]);
  EXPECT_EQ(signature_headers(headers).code(), Errc::signature_invalid);
}

TEST(SignatureHeaders, TheTimestampIsANumberAndNothingElse) {
  for (const char* text : {"now", "1624523846 ", " 1624523846", "+1624523846", "-1", "1624523846.0", "0x60", "1e9",
                           "99999999999999999999999"}) {
    auto headers = good_headers();
    headers[0].second = text;
    EXPECT_EQ(signature_headers(headers).code(), Errc::signature_invalid) << text;
  }
}

}  // namespace
}  // namespace purser::wechat
