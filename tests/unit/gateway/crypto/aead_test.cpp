#include "gateway/crypto/aead.hpp"

#include "gateway/crypto/digest.hpp"
#include "tests/support/vectors.hpp"

#include <gtest/gtest.h>

namespace purser::crypto {
namespace {

const Secret kKey("0123456789abcdef0123456789ABCDEF");
constexpr std::string_view kNonce = "abcdefghijkl";

std::string altered(std::string base64, std::size_t from_end) {
  auto bytes = base64_decode(base64).value();
  bytes[bytes.size() - 1 - from_end] = static_cast<char>(bytes[bytes.size() - 1 - from_end] ^ 1);
  return base64_encode(bytes);
}

TEST(Aead, SealsAndOpens) {
  for (const std::string plain : {"", "x", "{\"amount\":{\"total\":1299}}"}) {
    auto sealed = aes_gcm_seal(kKey, kNonce, "transaction", plain);
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(base64_decode(*sealed)->size(), plain.size() + 16);
    auto opened = aes_gcm_open(kKey, kNonce, "transaction", *sealed);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, plain);
  }
}

TEST(Aead, RefusesWhateverDoesNotAuthenticate) {
  const std::string sealed = aes_gcm_seal(kKey, kNonce, "transaction", "a plain text").value();
  const auto code = [&](std::string_view nonce, std::string_view aad, std::string_view text) {
    return aes_gcm_open(kKey, nonce, aad, text).code();
  };
  EXPECT_EQ(code("abcdefghijk", "transaction", sealed), Errc::decrypt_failed);    // 11 bytes
  EXPECT_EQ(code("abcdefghijklm", "transaction", sealed), Errc::decrypt_failed);  // 13 bytes
  EXPECT_EQ(code("", "transaction", sealed), Errc::decrypt_failed);
  EXPECT_EQ(code("abcdefghijkL", "transaction", sealed), Errc::decrypt_failed);
  EXPECT_EQ(code(kNonce, "transactioN", sealed), Errc::decrypt_failed);
  EXPECT_EQ(code(kNonce, "", sealed), Errc::decrypt_failed);
  EXPECT_EQ(code(kNonce, "transaction", altered(sealed, 0)), Errc::decrypt_failed);   // tag
  EXPECT_EQ(code(kNonce, "transaction", altered(sealed, 16)), Errc::decrypt_failed);  // ciphertext
  EXPECT_EQ(code(kNonce, "transaction", ""), Errc::decrypt_failed);
  EXPECT_EQ(code(kNonce, "transaction", base64_encode(std::string(15, 'x'))), Errc::decrypt_failed);
  EXPECT_EQ(code(kNonce, "transaction", base64_encode(std::string(16, 'x'))), Errc::decrypt_failed);
  EXPECT_EQ(code(kNonce, "transaction", sealed.substr(1)), Errc::decrypt_failed);
  EXPECT_EQ(code(kNonce, "transaction", sealed + "\n"), Errc::decrypt_failed);
  const std::string raw = base64_decode(sealed).value();
  EXPECT_EQ(code(kNonce, "transaction", base64_encode(raw.substr(0, raw.size() - 1))), Errc::decrypt_failed);
}

TEST(Aead, TakesOnlyKeysOf32Bytes) {
  for (std::size_t size : {0u, 16u, 24u, 31u, 33u, 64u}) {
    const Secret key(std::string(size, 'k'));
    EXPECT_EQ(aes_gcm_seal(key, kNonce, "", "x").code(), Errc::key_malformed) << size;
    EXPECT_EQ(aes_gcm_open(key, kNonce, "", "x").code(), Errc::key_malformed) << size;
  }
  EXPECT_EQ(aes_gcm_seal(kKey, "short", "", "x").code(), Errc::crypto_failed);
}

// 256-bit keys with 96-bit nonces are what the rail uses: 66 cases. All others are refused for their sizes alone.
TEST(Aead, WycheproofAesGcm) {
  PURSER_VECTORS(file, "wycheproof/aes_gcm_test.json");
  int cases = 0, of_the_rail = 0, opened_count = 0, tag_refused = 0;
  for (const auto& group : file["testGroups"]) {
    const bool ours = group["keySize"] == 256 && group["ivSize"] == 96;
    for (const auto& test : group["tests"]) {
      ++cases;
      of_the_rail += ours;
      const auto hex = [&](const char* name) { return test::from_hex(test[name].get<std::string>()); };
      auto opened = aes_gcm_open(Secret(hex("key")), hex("iv"), hex("aad"), base64_encode(hex("ct") + hex("tag")));
      EXPECT_EQ(opened.ok(), ours && test["result"] == "valid") << "tcId " << test["tcId"];
      if (opened.ok()) {
        ++opened_count;
        EXPECT_EQ(*opened, hex("msg"));
        EXPECT_EQ(aes_gcm_seal(Secret(hex("key")), hex("iv"), hex("aad"), hex("msg")).value(),
                  base64_encode(hex("ct") + hex("tag")));
      } else if (ours) {
        ++tag_refused;
        EXPECT_EQ(opened.code(), Errc::decrypt_failed);
      }
    }
  }
  EXPECT_EQ(cases, 316);
  EXPECT_EQ(of_the_rail, 66);
  EXPECT_EQ(opened_count, 39);
  EXPECT_EQ(tag_refused, 27);
}

TEST(Aead, VectorsOfTheRail) {
  PURSER_VECTORS(file, "wechatpay_v3.json");
  const auto& wide = file["aead_32"];
  const Secret key(wide["key"].get<std::string>());
  EXPECT_EQ(aes_gcm_open(key, wide["nonce"].get<std::string>(), wide["aad"].get<std::string>(),
                         wide["ct_b64"].get<std::string>())
                .value(),
            wide["pt"].get<std::string>());
  EXPECT_EQ(
      aes_gcm_seal(key, wide["nonce"].get<std::string>(), wide["aad"].get<std::string>(), wide["pt"].get<std::string>())
          .value(),
      wide["ct_b64"].get<std::string>());

  const auto& narrow = file["aead_16"];  // an AES-128 key: below the length check only
  EXPECT_EQ(aes_gcm_open(Secret(narrow["key"].get<std::string>()), narrow["nonce"].get<std::string>(),
                         narrow["aad"].get<std::string>(), narrow["ct_b64"].get<std::string>())
                .code(),
            Errc::key_malformed);
  EXPECT_EQ(
      detail::gcm_open_raw(narrow["key"].get<std::string>(), narrow["nonce"].get<std::string>(),
                           narrow["aad"].get<std::string>(), base64_decode(narrow["ct_b64"].get<std::string>()).value())
          .value(),
      narrow["pt"].get<std::string>());
}

}  // namespace
}  // namespace purser::crypto
