// Answers of the rail's API: orders, handles, refunds, bill tickets, errors.
#include "gateway/pay/wechat/answers.hpp"

#include "gateway/pay/wechat/bill.hpp"
#include "tests/fuzz/fuzz.hpp"

PURSER_FUZZ(bytes) {
  using namespace purser;
  (void)wechat::read_order(bytes);
  for (auto kind : {TradeKind::mini_program, TradeKind::qr, TradeKind::h5, TradeKind::app}) {
    const auto handle = wechat::read_order_handle(bytes, kind);
    if (handle) fuzz::require(handle->prepay_id.find('\n') == std::string::npos);
  }
  const auto refund = wechat::read_refund(bytes);
  if (refund) fuzz::require(refund->refund.minor() >= 0);
  const auto ticket = wechat::read_bill_ticket(bytes);
  if (ticket) fuzz::require(ticket->target.starts_with("/v3/") && ticket->target.find('\n') == std::string::npos);
  fuzz::require(wechat::read_error(bytes).code.size() <= 64);
  (void)wechat::signature_difference(bytes, "POST\n/v3/x\n1\nn\n{}\n");
}
