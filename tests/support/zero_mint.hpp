// A mint whose tokens are all zeros, so that no pause is jittered; nothing else is minted.
#pragma once

#include "gateway/crypto/mint.hpp"

#include <string>

namespace purser::test {

class ZeroMint final : public Mint {
 public:
  std::string token(std::size_t length) override { return std::string(length, '0'); }
  OutTradeNo out_trade_no(const TenantId&, const IntentId&) const override { return {}; }
  OutRefundNo out_refund_no(const TenantId&, const IntentId&, const std::string&) const override { return {}; }
  ThreadId thread_of(const TenantId&, const std::string&) const override { return {}; }
  std::string seal(const std::string& text) const override { return text; }
};

}  // namespace purser::test
