// What is sent to the rail: paths and request bodies. Pure; one intent or refund always gives the same bytes, because
// the rail takes a number again only with exactly the parameters of the first time.
#pragma once

#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"

#include <string>
#include <string_view>

namespace purser::wechat {

// Who we are at the rail.
struct Merchant {
  std::string mchid;
  std::string appid;
};

std::string create_path(TradeKind kind);
std::string query_path(const OutTradeNo& number, const Merchant& merchant);
std::string close_path(const OutTradeNo& number);
std::string refund_path();
std::string query_refund_path(const OutRefundNo& number);

// Errors: malformed_text naming the field that the rail would not take (lengths, characters beyond three bytes),
// amount_out_of_range, malformed_id (no openid where one is needed).
Result<std::string> order_body(const PaymentIntent& intent, const Merchant& merchant, std::string_view notify_url);
Result<std::string> refund_body(const PaymentIntent& intent, const Refund& refund, std::string_view notify_url);
std::string close_body(const Merchant& merchant);

}  // namespace purser::wechat
