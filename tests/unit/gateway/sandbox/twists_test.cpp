#include "gateway/sandbox/twists.hpp"

#include "gateway/crypto/digest.hpp"

#include <gtest/gtest.h>

namespace purser::sandbox {
namespace {

// What security/echo has the rail tell of holds no sum: a fault about sums leaves it alone, and the sender alive.
TEST(Twists, leave_alone_what_holds_no_sum) {
  crypto::SystemMint mint{Secret("0123456789abcdef0123456789abcdef")};
  for (const FaultKind kind : {FaultKind::wrong_amount, FaultKind::wrong_currency}) {
    json echo{{"echo_str", "hello"}};
    twist_state(echo, kind, mint);
    EXPECT_EQ(echo, json({{"echo_str", "hello"}})) << to_string(kind);
    json order{{"amount", {{"total", 5}, {"currency", "CNY"}}}};
    const json before = order;
    twist_state(order, kind, mint);
    EXPECT_NE(order, before) << to_string(kind);
  }
}

}  // namespace
}  // namespace purser::sandbox
