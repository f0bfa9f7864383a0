// What is sent to the rail: paths and request bodies. Pure; one intent or refund always gives the same bytes, because
// the rail takes a number again only with exactly the parameters of the first time.
#pragma once

#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser::wechat {

// Who we are at the rail.
struct Merchant {
  std::string mchid;
  std::string appid;
};

// What goes with an order and its refunds for the shop's own ends.
struct OrderExtras {
  std::string goods_tag;      // empty: none
  bool goods_detail = false;  // the lines, for coupons on single goods; of a refund when it gives back the whole order
  // Where orders are made; told only where the payer's address is known, as the rail wants it. Empty: none.
  std::string device_id;
  std::string store_id;
  std::string store_name;
  std::string funds_account;  // what refunds are paid from: AVAILABLE or UNSETTLED; empty: the rail chooses
};

std::string create_path(TradeKind kind);
std::string query_path(const OutTradeNo& number, const Merchant& merchant);
std::string query_path(std::string_view transaction_id, const Merchant& merchant);  // a paid order's
std::string close_path(const OutTradeNo& number);
std::string refund_path();
std::string query_refund_path(const OutRefundNo& number);

// Errors: malformed_text naming the field that the rail would not take (lengths, characters beyond three bytes),
// amount_out_of_range, malformed_id (no openid where one is needed).
Result<std::string> order_body(const PaymentIntent& intent, const Merchant& merchant, const OrderExtras& extras,
                               std::string_view notify_url);
Result<std::string> refund_body(const PaymentIntent& intent, const Refund& refund, std::string_view notify_url,
                                const OrderExtras& extras = {});
std::string close_body(const Merchant& merchant);

// How an ABNORMAL refund reaches the payer after all. Names and numbers are encrypted by the caller.
struct MendBy {
  bool to_user_card = true;  // false: back to the merchant's own account, to be paid out by other means
  std::string bank_type;
  std::string sealed_account;
  std::string sealed_name;
};
std::string mend_path(std::string_view rail_refund_id);
std::string mend_body(const OutRefundNo& number, const MendBy& by);

enum class BillOf : std::uint8_t { trade, fund_flow };
// `date` is yyyy-MM-dd, a day in China. The file comes packed.
std::string bill_path(BillOf what, std::string_view date);

}  // namespace purser::wechat
