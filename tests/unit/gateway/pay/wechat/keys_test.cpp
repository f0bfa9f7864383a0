#include "gateway/pay/wechat/keys.hpp"

#include "gateway/crypto/digest.hpp"
#include "tests/support/rail_signer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace purser::wechat {
namespace {

using test::RailSigner;

class KeysTest : public ::testing::Test {
 protected:
  KeysTest() { std::filesystem::create_directories(folder_); }
  ~KeysTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  WechatSettings good() const {
    WechatSettings settings;
    settings.mchid = RailSigner::kMchid;
    settings.appid = RailSigner::kAppid;
    settings.merchant_serial = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
    settings.merchant_key_pem = RailSigner::merchant_key().private_pem().value();
    settings.apiv3_key = Secret(std::string(RailSigner::kApiv3));
    settings.public_key_id = RailSigner::kPublicKeyId;
    settings.public_key_file = write("pub_key.pem", RailSigner::public_mode_key().public_pem().value());
    settings.platform_certificate_file = write("platform.pem", RailSigner::certificate().pem());
    return settings;
  }
  static std::vector<std::string> params(const LoadedKeys& loaded) {
    std::vector<std::string> out;
    for (const Error& mistake : loaded.mistakes) out.push_back(mistake.param);
    return out;
  }
  using Names = std::vector<std::string>;

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("purser_keys_" + crypto::hex_lower(crypto::random_bytes(8)));
};

TEST_F(KeysTest, BothModesAtOnce) {
  const auto loaded = load_keys(good());
  ASSERT_TRUE(loaded.mistakes.empty());
  EXPECT_EQ(loaded.keys.platform.size(), 2u);
  EXPECT_NE(loaded.keys.platform.find(RailSigner::kPublicKeyId), nullptr);
  EXPECT_NE(loaded.keys.platform.find(RailSigner::certificate().serial()), nullptr);
  EXPECT_EQ(loaded.keys.wanted_serial, RailSigner::kPublicKeyId);
  EXPECT_EQ(loaded.keys.merchant_serial, RailSigner::kMerchantSerial);
  EXPECT_TRUE(loaded.keys.merchant.sign("x").ok());
}

TEST_F(KeysTest, EachModeAlone) {
  WechatSettings settings = good();
  settings.platform_certificate_file.clear();
  EXPECT_TRUE(load_keys(settings).mistakes.empty());
  settings = good();
  settings.public_key_id.clear();
  settings.public_key_file.clear();
  const auto loaded = load_keys(settings);
  EXPECT_TRUE(loaded.mistakes.empty());
  EXPECT_EQ(loaded.keys.wanted_serial, "");
}

TEST_F(KeysTest, EveryMistakeAtOnce) {
  const auto loaded = load_keys(WechatSettings());
  EXPECT_EQ(params(loaded), (Names{"wechat.mchid", "wechat.appid", "wechat.merchant_serial", "wechat.merchant_key_pem",
                                   "wechat.apiv3_key", "wechat.public_key_file"}));
}

TEST_F(KeysTest, TheApiv3KeyHas32Characters) {
  for (std::size_t size : {0u, 16u, 31u, 33u, 64u}) {
    WechatSettings settings = good();
    settings.apiv3_key = Secret(std::string(size, 'k'));
    const auto loaded = load_keys(settings);
    ASSERT_EQ(params(loaded), Names{"wechat.apiv3_key"}) << size;
    EXPECT_NE(loaded.mistakes[0].message.find(std::to_string(size)), std::string::npos);
    EXPECT_EQ(loaded.mistakes[0].message.find("kkk"), std::string::npos);
  }
}

TEST_F(KeysTest, FilesThatAreNotWhatTheyShouldBe) {
  WechatSettings settings = good();
  settings.public_key_file = "/nowhere/pub_key.pem";
  settings.platform_certificate_file = std::filesystem::temp_directory_path().string();
  auto loaded = load_keys(settings);
  EXPECT_EQ(params(loaded), (Names{"wechat.public_key_file", "wechat.platform_certificate_file"}));
  EXPECT_EQ(loaded.mistakes[0].code, Errc::config_unreadable);
  EXPECT_EQ(loaded.mistakes[1].code, Errc::config_unreadable);

  // A pipe without a writer would keep the daemon waiting.
  settings = good();
  settings.public_key_file = write("x", "") + ".pipe";
  ASSERT_EQ(::mkfifo(settings.public_key_file.c_str(), 0600), 0);
  EXPECT_EQ(params(load_keys(settings)), Names{"wechat.public_key_file"});

  settings = good();
  settings.public_key_file = write("wrong.pem", RailSigner::certificate().pem());
  settings.platform_certificate_file = write("wrong2.pem", RailSigner::public_mode_key().public_pem().value());
  loaded = load_keys(settings);
  EXPECT_EQ(params(loaded), (Names{"wechat.public_key_file", "wechat.platform_certificate_file"}));
  EXPECT_NE(loaded.mistakes[0].message.find("holds a certificate"), std::string::npos);
}

// With it every answer would be taken for forged, or anybody who has our certificate's key could answer.
TEST_F(KeysTest, TheMerchantsOwnKeyIsNotTheRails) {
  WechatSettings settings = good();
  settings.public_key_file = write("own.pem", RailSigner::merchant_key().public_pem().value());
  EXPECT_EQ(params(load_keys(settings)), Names{"wechat.public_key_file"});

  settings = good();
  const UtcTime from = from_millis(1'700'000'000'000);
  const auto own = crypto::Certificate::self_signed(RailSigner::merchant_key(), "merchant", RailSigner::kMerchantSerial,
                                                    from, from + std::chrono::hours(24));
  settings.platform_certificate_file = write("own_certificate.pem", own->pem());
  EXPECT_EQ(params(load_keys(settings)), Names{"wechat.platform_certificate_file"});
}

TEST_F(KeysTest, APublicKeyNeedsItsId) {
  WechatSettings settings = good();
  for (const char* id : {"", "PUB_KEY_ID_", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"}) {
    settings.public_key_id = id;
    EXPECT_EQ(params(load_keys(settings)), Names{"wechat.public_key_id"}) << id;
  }
  settings = good();
  settings.public_key_file.clear();
  EXPECT_EQ(params(load_keys(settings)), Names{"wechat.public_key_file"});
}

// Signing with another key than the certificate's would be told by the rail, at the first payment.
TEST_F(KeysTest, TheMerchantsCertificateIsThatOfItsKeyAndSerial) {
  const auto certificate = [](const crypto::PrivateKey& key, std::string_view serial) {
    const UtcTime from = from_millis(1'700'000'000'000);
    return crypto::Certificate::self_signed(key, "merchant", serial, from, from + std::chrono::hours(24)).value().pem();
  };
  const auto told = [&](const std::string& pem) {
    WechatSettings settings = good();
    settings.merchant_certificate_file = write("merchant.pem", pem);
    return load_keys(settings);
  };
  const auto ours = told(certificate(RailSigner::merchant_key(), RailSigner::kMerchantSerial));
  ASSERT_EQ(params(ours), Names());
  ASSERT_TRUE(ours.keys.merchant_public.has_value());
  EXPECT_TRUE(ours.keys.merchant_public->verify("m", ours.keys.merchant.sign("m").value()).ok());

  const auto of_another_key = told(certificate(RailSigner::public_mode_key(), RailSigner::kMerchantSerial));
  ASSERT_EQ(params(of_another_key), Names{"wechat.merchant_certificate_file"});
  EXPECT_NE(of_another_key.mistakes[0].message.find("wechat.merchant_key_pem"), std::string::npos);
  const auto of_another_serial =
      told(certificate(RailSigner::merchant_key(), "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"));
  ASSERT_EQ(params(of_another_serial), Names{"wechat.merchant_certificate_file"});
  EXPECT_NE(of_another_serial.mistakes[0].message.find("wechat.merchant_serial"), std::string::npos);
  EXPECT_EQ(params(told(RailSigner::public_mode_key().public_pem().value())),
            Names{"wechat.merchant_certificate_file"});
}

TEST_F(KeysTest, AMessageHoldsNoPartOfAKey) {
  WechatSettings settings = good();
  settings.merchant_key_pem = Secret("-----BEGIN PRIVATE KEY-----\nCANARYCANARY\n-----END PRIVATE KEY-----\n");
  settings.apiv3_key = Secret("CANARYCANARY");
  for (const Error& mistake : load_keys(settings).mistakes) {
    EXPECT_EQ(mistake.message.find("CANARY"), std::string::npos);
  }
}

}  // namespace
}  // namespace purser::wechat
