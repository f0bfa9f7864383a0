// The plain text of a resource, as each kind of event.
#include "gateway/pay/wechat/answers.hpp"
#include "tests/fuzz/fuzz.hpp"

PURSER_FUZZ(bytes) {
  for (auto type : {"TRANSACTION.SUCCESS", "REFUND.SUCCESS", "PAYSCORE.USER_PAID"}) {
    const auto read = purser::wechat::read_resource(type, bytes, "1900000001");
    if (!read || !read->order) continue;
    const bool paid = read->order->state == purser::TradeState::paid;
    purser::fuzz::require(read->order->total.minor() >= 0 && (!paid || !read->order->transaction_id.empty()));
  }
}
