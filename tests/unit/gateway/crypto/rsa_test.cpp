#include "gateway/crypto/rsa.hpp"

#include "gateway/crypto/aead.hpp"
#include "gateway/crypto/digest.hpp"
#include "tests/support/vectors.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace purser::crypto {
namespace {

// One key for the whole program: making one takes a tenth of a second.
const PrivateKey& our_key() {
  static const PrivateKey key = PrivateKey::generate().value();
  return key;
}

PublicKey public_of(const PrivateKey& key) {
  return PublicKey::from_pem(key.public_pem().value()).value();
}

PrivateKey key_of(const nlohmann::json& vector) {
  const std::string pem = test::pem_of("PRIVATE KEY", vector["test_key_pkcs8_der_base64"].get<std::string>());
  return PrivateKey::from_pem(Secret(pem)).value();
}

std::string text(const nlohmann::json& vector, const char* name) {
  return vector[name].get<std::string>();
}

TEST(Rsa, SignsAndVerifies) {
  const std::string signature = our_key().sign("message").value();
  EXPECT_EQ(signature.size(), 344u);
  const PublicKey key = public_of(our_key());
  EXPECT_TRUE(key.verify("message", signature).ok());
  EXPECT_EQ(key.verify("messagE", signature).code(), Errc::signature_invalid);
  EXPECT_EQ(key.verify("", signature).code(), Errc::signature_invalid);
  EXPECT_TRUE(key.verify("", our_key().sign("").value()).ok());
  const PrivateKey other = PrivateKey::generate().value();
  EXPECT_EQ(public_of(other).verify("message", signature).code(), Errc::signature_invalid);
}

TEST(Rsa, WhatIsRememberedIsWhatWouldBeMade) {
  int reads = 0;
  const auto memo = std::make_shared<SignatureMemo>([&] { return std::chrono::nanoseconds(10 * ++reads); });
  PrivateKey key = our_key();
  key.remember_in(memo);
  const PrivateKey copy = key;
  const std::string made = our_key().sign("message").value();
  EXPECT_EQ(key.sign("message").value(), made);
  EXPECT_EQ(copy.sign("message").value(), made);
  EXPECT_EQ(memo->made(), 1);
  EXPECT_EQ(memo->spent(), std::chrono::nanoseconds(10));
  EXPECT_EQ(key.sign("messagE").value(), our_key().sign("messagE").value());
  EXPECT_EQ(memo->made(), 2);
}

TEST(Rsa, ThePublicHalfVerifiesAndEncrypts) {
  const PublicKey half = our_key().public_half();
  EXPECT_TRUE(half.verify("message", our_key().sign("message").value()).ok());
  EXPECT_EQ(half.verify("messagE", our_key().sign("message").value()).code(), Errc::signature_invalid);
  EXPECT_EQ(our_key().decrypt_oaep(half.encrypt_oaep("secret").value()).value(), "secret");
}

TEST(Rsa, RefusesSignaturesThatAreNone) {
  const PublicKey key = public_of(our_key());
  const std::string signature = our_key().sign("message").value();
  const std::string raw = base64_decode(signature).value();
  for (const std::string& bad :
       {std::string(), std::string("===="), std::string("not Base64"), signature + "\n", signature.substr(0, 340),
        base64_encode(raw.substr(1)), base64_encode(raw + '\0'), base64_encode('\0' + raw),
        base64_encode(std::string(256, '\0')), base64_encode(std::string(1 << 20, 'x'))}) {
    EXPECT_EQ(key.verify("message", bad).code(), Errc::signature_invalid) << bad.substr(0, 40);
  }
  EXPECT_EQ(PublicKey().verify("message", signature).code(), Errc::signature_invalid);
}

TEST(Rsa, KnowsAProbe) {
  const PublicKey key = public_of(our_key());
  EXPECT_EQ(key.verify("message", "WECHATPAY/SIGNTEST/").code(), Errc::signature_probe);
  EXPECT_EQ(key.verify("message", "WECHATPAY/SIGNTEST/+a_b c").code(), Errc::signature_probe);
  EXPECT_EQ(key.verify("message", "WECHATPAY/SIGNTES").code(), Errc::signature_invalid);
}

TEST(Rsa, PrivateKeysGoThroughPem) {
  const Secret pem = our_key().private_pem().value();
  EXPECT_TRUE(pem.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const PrivateKey again = PrivateKey::from_pem(pem).value();
  EXPECT_EQ(again.sign("message").value(), our_key().sign("message").value());
}

TEST(Rsa, AKeyOfThreePrimesSignsLikeAnyOther) {
  const PrivateKey key = PrivateKey::generate(2048, 3).value();
  const std::string signature = key.sign("message").value();
  EXPECT_EQ(signature.size(), 344u);
  EXPECT_TRUE(public_of(key).verify("message", signature).ok());
  const PrivateKey again = PrivateKey::from_pem(key.private_pem().value()).value();
  EXPECT_EQ(again.sign("message").value(), signature);
  EXPECT_EQ(PrivateKey::generate(2048, 1).code(), Errc::crypto_failed);
}

TEST(Rsa, RefusesKeysThatAreNone) {
  const std::string pem = our_key().private_pem().value().reveal();
  for (const std::string& bad :
       {std::string(), std::string("hello"), pem.substr(0, 300), our_key().public_pem().value()}) {
    EXPECT_EQ(PrivateKey::from_pem(Secret(bad)).code(), Errc::key_malformed);
  }
  for (const std::string& bad : {std::string(), std::string("hello"), pem}) {
    EXPECT_EQ(PublicKey::from_pem(bad).code(), Errc::key_malformed);
    EXPECT_EQ(Certificate::from_pem(bad).code(), Errc::key_malformed);
  }
  EXPECT_EQ(PrivateKey::generate(1024).code(), Errc::key_malformed);
  EXPECT_EQ(PrivateKey().sign("message").code(), Errc::key_malformed);
}

class KeyFiles : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }
  std::string read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("purser_keys_" + hex_lower(random_bytes(8)));
};

TEST_F(KeyFiles, RefusesWeakForeignAndLockedKeys) {
  ASSERT_TRUE(run("openssl genrsa -out " + path("weak.pem") + " 1024"));
  ASSERT_TRUE(run("openssl ecparam -name prime256v1 -genkey -noout -out " + path("ec.pem")));
  ASSERT_TRUE(run("openssl genrsa -aes256 -passout pass:x -out " + path("locked.pem") + " 2048"));
  ASSERT_TRUE(run("openssl genrsa -traditional -out " + path("pkcs1.pem") + " 2048"));
  EXPECT_EQ(PrivateKey::from_pem(Secret(read("weak.pem"))).code(), Errc::key_malformed);
  EXPECT_EQ(PrivateKey::from_pem(Secret(read("ec.pem"))).code(), Errc::key_malformed);
  EXPECT_EQ(PrivateKey::from_pem(Secret(read("locked.pem"))).code(), Errc::key_malformed);
  EXPECT_TRUE(PrivateKey::from_pem(Secret(read("pkcs1.pem"))).ok());
}

// A verifier that shares no code with ours accepts our signatures and makes signatures that we accept.
TEST_F(KeyFiles, AgreesWithTheOpensslCommand) {
  write("private.pem", our_key().private_pem().value().reveal());
  write("public.pem", our_key().public_pem().value());
  write("message", "GET\n/v3/certificates\n1624523846\nnonce\n\n");
  write("signature", base64_decode(our_key().sign(read("message")).value()).value());
  EXPECT_TRUE(run("openssl dgst -sha256 -verify " + path("public.pem") + " -signature " + path("signature") + " " +
                  path("message")));
  write("altered", read("message") + "\n");
  EXPECT_FALSE(run("openssl dgst -sha256 -verify " + path("public.pem") + " -signature " + path("signature") + " " +
                   path("altered")));
  ASSERT_TRUE(
      run("openssl dgst -sha256 -sign " + path("private.pem") + " -out " + path("theirs") + " " + path("message")));
  EXPECT_TRUE(public_of(our_key()).verify(read("message"), base64_encode(read("theirs"))).ok());
}

TEST(Certificate, SelfSignedHoldsWhatItWasGiven) {
  const auto from = from_millis(1'600'000'000'000), to = from_millis(1'900'000'000'000);
  const auto certificate =
      Certificate::self_signed(our_key(), "Tenpay.com sign", "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567", from, to)
          .value();
  EXPECT_EQ(certificate.serial(), "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567");
  EXPECT_EQ(certificate.not_before(), from);
  EXPECT_EQ(certificate.not_after(), to);
  EXPECT_TRUE(certificate.key().verify("message", our_key().sign("message").value()).ok());
  EXPECT_EQ(Certificate::from_pem(certificate.pem()).value().serial(), certificate.serial());
  EXPECT_EQ(Certificate::self_signed(our_key(), "x", "not hex", from, to).code(), Errc::crypto_failed);
  EXPECT_EQ(Certificate::self_signed(our_key(), "x", "", from, to).code(), Errc::crypto_failed);
}

TEST(Oaep, RoundTripsAndRefuses) {
  const PublicKey key = public_of(our_key());
  const std::string sealed = key.encrypt_oaep("a name").value();
  EXPECT_EQ(our_key().decrypt_oaep(sealed).value(), "a name");
  EXPECT_TRUE(key.encrypt_oaep(std::string(214, 'x')).ok());
  EXPECT_EQ(key.encrypt_oaep(std::string(215, 'x')).code(), Errc::crypto_failed);
  EXPECT_EQ(our_key().decrypt_oaep("").code(), Errc::decrypt_failed);
  EXPECT_EQ(our_key().decrypt_oaep("====").code(), Errc::decrypt_failed);
  EXPECT_EQ(our_key().decrypt_oaep(base64_encode(std::string(256, 'x'))).code(), Errc::decrypt_failed);
}

TEST(Rsa, VectorsOfTheRail) {
  PURSER_VECTORS(file, "wechatpay_v3.json");
  const auto& source = file["rsa_sign_source"];
  EXPECT_EQ(key_of(source).sign(text(source, "message")).value(), text(source, "signature_b64"));

  const auto& java = file["rsa_verify_java"];
  const auto java_certificate = Certificate::from_pem(text(java, "cert_pem")).value();
  EXPECT_EQ(java_certificate.serial(), text(java, "serial"));
  EXPECT_TRUE(java_certificate.key().verify(text(java, "message"), text(java, "signature_b64")).ok());
  EXPECT_EQ(key_of(java).sign(text(java, "message")).value(), text(java, "signature_b64"));

  const auto& oaep = file["oaep_sha1"];
  EXPECT_EQ(key_of(oaep).decrypt_oaep(text(oaep, "ct_b64")).value(), text(oaep, "pt"));

  const auto& webhook = file["webhook_full"];
  const auto platform = Certificate::from_pem(text(webhook, "platform_cert_pem")).value();
  EXPECT_EQ(platform.serial(), text(webhook, "serial"));
  const std::string signed_text =
      text(webhook, "timestamp") + "\n" + text(webhook, "nonce") + "\n" + text(webhook, "body") + "\n";
  EXPECT_EQ(text(webhook, "body").size(), 568u);
  EXPECT_TRUE(platform.key().verify(signed_text, text(webhook, "signature_b64")).ok());
  EXPECT_TRUE(platform.key().verify("own", key_of(source).sign("own").value()).ok());
}

TEST(Rsa, DownloadedCertificateOpensToThePlatformCertificate) {
  PURSER_VECTORS(file, "wechatpay_v3.json");
  const auto& download = file["cert_download"];
  const auto item = nlohmann::json::parse(text(download, "response_body"))["data"][0];
  const auto& sealed = item["encrypt_certificate"];
  const auto pem =
      detail::gcm_open_raw(text(download, "aead_key_ascii_16_bytes_AES128"), text(sealed, "nonce"),
                           text(sealed, "associated_data"), base64_decode(text(sealed, "ciphertext")).value());
  ASSERT_TRUE(pem.ok());
  EXPECT_EQ(*pem, text(file["webhook_full"], "platform_cert_pem"));
  const auto certificate = Certificate::from_pem(*pem).value();
  EXPECT_EQ(certificate.serial(), text(download, "expect_serial"));
  EXPECT_EQ(to_seconds(certificate.not_before()) / 86'400, 18'744);  // 2021-04-27
  EXPECT_EQ(to_seconds(certificate.not_after()) / 86'400, 22'394);   // 2031-04-25
}

// tcId 8 leaves out a NULL that PKCS#1 asks for ("acceptable"): refused, as OpenSSL 3.0 does.
TEST(Rsa, WycheproofVerify) {
  PURSER_VECTORS(file, "wycheproof/rsa_signature_2048_sha256_test.json");
  int cases = 0, verified = 0;
  for (const auto& group : file["testGroups"]) {
    const auto key = PublicKey::from_pem(group["publicKeyPem"].get<std::string>());
    ASSERT_TRUE(key.ok());
    for (const auto& test : group["tests"]) {
      ++cases;
      const bool good = key->verify(test::from_hex(test["msg"].get<std::string>()),
                                    base64_encode(test::from_hex(test["sig"].get<std::string>())))
                            .ok();
      verified += good;
      EXPECT_EQ(good, test["result"] == "valid") << "tcId " << test["tcId"];
    }
  }
  EXPECT_EQ(cases, 259);
  EXPECT_EQ(verified, 9);
}

}  // namespace
}  // namespace purser::crypto
