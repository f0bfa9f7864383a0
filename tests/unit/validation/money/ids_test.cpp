#include "validation/money/ids.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

namespace purser {
namespace {

const std::string k22 = "0123456789ABCDEFGHijkl";

TEST(IdsTest, ReadsItsOwnKind) {
  EXPECT_EQ(ThreadId::parse("thr_" + k22)->str(), "thr_" + k22);
  EXPECT_EQ(IntentId::parse("pi_" + k22)->str(), "pi_" + k22);
  EXPECT_EQ(RefundId::parse("re_" + std::string(40, 'z'))->str(), "re_" + std::string(40, 'z'));
  EXPECT_EQ(UserId::parse("wx:o-6_.@+=A")->str(), "wx:o-6_.@+=A");
  EXPECT_EQ(Sku::parse("TEA-01.b_2")->str(), "TEA-01.b_2");
}

TEST(IdsTest, RefusesAnotherKind) {
  const auto parsed = ThreadId::parse("pi_" + k22);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.code(), Errc::malformed_id);
  EXPECT_EQ(parsed.error().param, "thread");
  EXPECT_FALSE(IntentId::parse(k22).ok());
}

TEST(IdsTest, LengthsAreHeldAtBothEnds) {
  EXPECT_FALSE(IntentId::parse("pi_" + std::string(21, 'a')).ok());
  EXPECT_TRUE(IntentId::parse("pi_" + std::string(22, 'a')).ok());
  EXPECT_TRUE(IntentId::parse("pi_" + std::string(40, 'a')).ok());
  EXPECT_FALSE(IntentId::parse("pi_" + std::string(41, 'a')).ok());
  EXPECT_FALSE(Sku::parse("").ok());
  EXPECT_TRUE(Sku::parse(std::string(64, 'a')).ok());
  EXPECT_FALSE(Sku::parse(std::string(65, 'a')).ok());
  EXPECT_FALSE(OutTradeNo::parse("12345").ok());
  EXPECT_TRUE(OutTradeNo::parse("123456").ok());
  EXPECT_TRUE(OutTradeNo::parse(std::string(32, '9')).ok());
  EXPECT_FALSE(OutTradeNo::parse(std::string(33, '9')).ok());
}

TEST(IdsTest, CharactersAreHeld) {
  for (const std::string bad : {"a b", "a/b", "a'b", "茶", "a\nb", "a%b"}) EXPECT_FALSE(Sku::parse(bad).ok()) << bad;
  EXPECT_FALSE(Sku::parse(std::string("a\0b", 3)).ok());
  EXPECT_TRUE(OutTradeNo::parse("A-b_c|d*").ok());
  EXPECT_FALSE(OutTradeNo::parse("A-b_c@d*").ok());
  EXPECT_TRUE(OutRefundNo::parse("A@").ok());
  EXPECT_FALSE(IntentId::parse("pi_" + std::string(21, 'a') + "-").ok());
}

TEST(IdsTest, EveryByteIsJudged) {
  const std::string allowed = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    EXPECT_EQ(Sku::parse(text).ok(), allowed.find(text) != std::string::npos) << byte;
  }
}

TEST(IdsTest, TheRefusalSaysTheRule) {
  EXPECT_EQ(IntentId::parse("").error().message, "a payment_intent id is 'pi_' and 22 to 40 letters or digits");
  EXPECT_EQ(Sku::parse("").error().message, "a sku id is 1 to 64 letters or digits or one of -_.");
}

TEST(IdsTest, TheRefusalDoesNotRepeatTheText) {
  EXPECT_EQ(Sku::parse("<script>").error().message.find("script"), std::string::npos);
}

TEST(IdsTest, OrdersAndHashes) {
  const auto a = Sku::trusted("A"), b = Sku::trusted("B");
  EXPECT_LT(a, b);
  EXPECT_EQ(std::unordered_set<Sku>({a, b, a}).size(), 2u);
  EXPECT_TRUE(Sku().empty());
}

}  // namespace
}  // namespace purser
