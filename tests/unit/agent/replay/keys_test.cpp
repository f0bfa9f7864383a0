// The keys of a replay: two pairs that every process has.
#include "agent/replay/keys.hpp"

#include <gtest/gtest.h>

namespace purser::replay {
namespace {

TEST(ReplayKeys, SignTheSameInEveryProcess) {
  const std::string message = "POST\n/v3/pay/transactions/jsapi\n";
  for (const auto& make : {&merchant_key, &platform_key}) {
    const crypto::PrivateKey key = make();
    EXPECT_TRUE(key.same_as(make()));
    EXPECT_TRUE(key.public_half().verify(message, *key.sign(message)).ok());
    EXPECT_EQ(*key.sign(message), *make().sign(message));
  }
  EXPECT_FALSE(merchant_key().same_as(platform_key())) << "whoever signs with the other's key is found out";
}

}  // namespace
}  // namespace purser::replay
