// Randomness that is a function of its seed: the same everywhere, for ever.
#pragma once

#include "gateway/crypto/digest.hpp"
#include "gateway/crypto/mint.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser::replay {

// SplitMix64: small, and its sequence is fixed by its definition.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  // 0 to `sides` - 1.
  std::size_t roll(std::size_t sides) { return static_cast<std::size_t>(next() % sides); }
  bool chance(std::size_t percent) { return roll(100) < percent; }

 private:
  std::uint64_t state_;
};

// Ids from dice that outlive a daemon, so that one that is started anew does not mint the ids of the one before. Order
// and refund numbers are minted as in production.
class ReplayMint final : public Mint {
 public:
  ReplayMint(Dice& dice, const Secret& merchant_secret) : dice_(dice), numbers_(merchant_secret) {}

  std::string token(std::size_t length) override {
    constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string out;
    while (out.size() < length) out += kLetters[dice_.roll(kLetters.size())];
    return out;
  }
  OutTradeNo out_trade_no(const TenantId& tenant, const IntentId& intent) const override {
    return numbers_.out_trade_no(tenant, intent);
  }
  OutRefundNo out_refund_no(const TenantId& tenant, const IntentId& intent, const std::string& origin) const override {
    return numbers_.out_refund_no(tenant, intent, origin);
  }
  ThreadId thread_of(const TenantId& tenant, const std::string& what) const override {
    return numbers_.thread_of(tenant, what);
  }
  std::string seal(const std::string& text) const override { return numbers_.seal(text); }

 private:
  Dice& dice_;
  crypto::SystemMint numbers_;
};

}  // namespace purser::replay
