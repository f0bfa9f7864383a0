#include "gateway/crypto/digest.hpp"

#include "tests/support/vectors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace purser::crypto {
namespace {

TEST(Digest, GivesThePublishedValues) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_lower(sha256_raw("abc")), sha256_hex("abc"));
  EXPECT_EQ(hex_lower(hmac_sha256_raw("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(hex_upper(std::string("\x00\x9f\xff", 3)), "009FFF");
}

TEST(Digest, AnEmptyKeyIsNotTheKeyOfTheCallBefore) {
  (void)hmac_sha256_raw("another key", "text");
  EXPECT_EQ(hex_lower(hmac_sha256_raw("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// A verifier of full length refuses every truncated tag, so the valid half with 128-bit tags counts as refused.
TEST(Digest, WycheproofHmac) {
  PURSER_VECTORS(file, "wycheproof/hmac_sha256_test.json");
  int cases = 0, accepted = 0, truncated = 0;
  for (const auto& group : file["testGroups"]) {
    for (const auto& test : group["tests"]) {
      ++cases;
      const std::string tag = test::from_hex(test["tag"].get<std::string>());
      const bool equal = constant_time_equal(hmac_sha256_raw(test::from_hex(test["key"].get<std::string>()),
                                                             test::from_hex(test["msg"].get<std::string>())),
                                             tag);
      accepted += equal;
      truncated += tag.size() < 32;
      EXPECT_EQ(equal, test["result"] == "valid" && tag.size() == 32) << "tcId " << test["tcId"];
    }
  }
  EXPECT_EQ(cases, 174);
  EXPECT_EQ(truncated, 87);
  EXPECT_EQ(accepted, 33);
}

TEST(ConstantTimeEqual, ComparesWholeTexts) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("same", "same"));
  EXPECT_FALSE(constant_time_equal("same", "samE"));
  EXPECT_FALSE(constant_time_equal("same", "same "));
  EXPECT_FALSE(constant_time_equal("same", ""));
}

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    auto decoded = base64_decode(base64_encode(bytes));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("\xfb\xff"), "+/8=");
}

TEST(Base64, RefusesEverythingButTheStandardForm) {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "=", "====", "Zg==Zg==", "Z===", "Zm9v\n", " Zm9v", "Zm 9", "-_8=", "Zm9*",
        "Zh==" /* bits below the last byte */, "Zm9=", "Zg=A", "\xff\xff\xff\xff", "WECHATPAY/SIGNTEST/abc_"}) {
    EXPECT_EQ(base64_decode(text).ok(), false) << text;
  }
  EXPECT_FALSE(base64_decode(std::string_view("Zm9\0", 4)).ok());
}

TEST(SystemMint, TokensAreOfTheAlphabetAndDiffer) {
  SystemMint mint(Secret("secret"));
  std::set<std::string> seen;
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = mint.token(32);
    ASSERT_EQ(token.size(), 32u);
    EXPECT_TRUE(std::all_of(token.begin(), token.end(), [](unsigned char c) { return std::isalnum(c) != 0; }));
    seen.insert(token);
    all += token;
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(std::set<char>(all.begin(), all.end()).size(), 62u);
  EXPECT_EQ(mint.token(0), "");
  EXPECT_EQ(mint.token(1).size(), 1u);
}

TEST(SystemMint, OneWishHasOneNumber) {
  SystemMint mint(Secret("secret"));
  SystemMint other(Secret("another secret"));
  const auto tenant = TenantId::trusted("acme");
  const auto intent = IntentId::trusted("pi_1");
  const auto number = mint.out_trade_no(tenant, intent);
  EXPECT_EQ(number, SystemMint(Secret("secret")).out_trade_no(tenant, intent));
  EXPECT_EQ(number.str().size(), 28u);
  EXPECT_NE(number, mint.out_trade_no(tenant, IntentId::trusted("pi_2")));
  EXPECT_NE(number, mint.out_trade_no(TenantId::trusted("other"), intent));
  EXPECT_NE(number, other.out_trade_no(tenant, intent));
  // What stands left of a border must not be taken for what stands right of it.
  EXPECT_NE(mint.out_trade_no(TenantId::trusted("a"), IntentId::trusted("bc")),
            mint.out_trade_no(TenantId::trusted("ab"), IntentId::trusted("c")));
}

TEST(SystemMint, RefundNumbersAreTheirOwnKind) {
  SystemMint mint(Secret("secret"));
  const auto tenant = TenantId::trusted("acme");
  const ThreadId thread = mint.thread_of(tenant, "alice");
  EXPECT_EQ(thread, mint.thread_of(tenant, "alice"));
  EXPECT_TRUE(ThreadId::parse(thread.str()).ok());
  EXPECT_NE(thread, mint.thread_of(tenant, "bob"));
  EXPECT_NE(thread, mint.thread_of(TenantId::trusted("another"), "alice"));
  const auto refund = mint.out_refund_no(tenant, IntentId::trusted("x"), "1");
  EXPECT_EQ(refund, mint.out_refund_no(tenant, IntentId::trusted("x"), "1"));
  EXPECT_EQ(refund.str().size(), 28u);
  EXPECT_NE(refund.str(), mint.out_trade_no(tenant, IntentId::trusted("x")).str());
  EXPECT_NE(refund, mint.out_refund_no(tenant, IntentId::trusted("x"), "2"));
}

}  // namespace
}  // namespace purser::crypto
