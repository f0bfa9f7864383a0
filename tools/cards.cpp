#include "tools/cards.hpp"

namespace purser::cards {

using nlohmann::json;

json amount(Money money) {
  return {{"value", money.minor()}, {"currency", money.currency().code()}};
}

json lines(const PaymentIntent& intent) {
  json out = json::array();
  for (const IntentLine& line : intent.lines)
    out.push_back({{"sku", line.sku.str()},
                   {"name", line.name},
                   {"quantity", line.quantity},
                   {"unit_price", line.unit_price.minor()}});
  return out;
}

json confirmation(const Confirmation& with) {
  if (with.kind == TradeKind::qr) return {{"type", "qr"}, {"code_url", with.code_url}};
  if (with.kind == TradeKind::h5) return {{"type", "h5"}, {"h5_url", with.code_url}};
  if (with.kind == TradeKind::app)
    return {{"type", "app"},
            {"appId", with.app_id},
            {"partnerId", with.partner_id},
            {"prepayId", with.prepay_id},
            {"packageValue", with.package},
            {"nonceStr", with.nonce_str},
            {"timeStamp", with.time_stamp},
            {"sign", with.pay_sign}};
  return {{"type", "mini_program"},  {"timeStamp", with.time_stamp}, {"nonceStr", with.nonce_str},
          {"package", with.package}, {"signType", with.sign_type},   {"paySign", with.pay_sign}};
}

json payment_request(const PaymentIntent& intent, const Confirmation& with, bool sandbox) {
  return {{"type", "payment_request"},
          {"sandbox", sandbox},
          {"payment_intent", intent.id.str()},
          {"amount", amount(intent.amount)},
          {"amount_text", intent.amount.display()},
          {"lines", lines(intent)},
          {"description", intent.description},
          {"created_at", format_time(intent.created_at)},
          {"expires_at", format_time(intent.expires_at)},
          {"out_trade_no", intent.order.out_trade_no.str()},
          {"confirmation", confirmation(with)}};
}

json payment_receipt(const PaymentIntent& intent, bool sandbox) {
  return {{"type", "payment_receipt"},
          {"sandbox", sandbox},
          {"payment_intent", intent.id.str()},
          {"amount", amount(intent.amount)},
          {"amount_text", intent.amount.display()},
          {"lines", lines(intent)},
          {"paid_at", format_time(intent.settled_at)},
          {"out_trade_no", intent.order.out_trade_no.str()},
          {"transaction_id", intent.order.transaction_id}};
}

json payment_expired(const PaymentIntent& intent, bool sandbox) {
  return {{"type", "payment_expired"},
          {"sandbox", sandbox},
          {"payment_intent", intent.id.str()},
          {"amount", amount(intent.amount)},
          {"amount_text", intent.amount.display()},
          {"lines", lines(intent)},
          {"expired_at", format_time(intent.expires_at)},
          {"renew", {{"method", "POST"}, {"path", "/v1/intents/" + intent.id.str() + "/renew"}}}};
}

json refund_receipt(const Refund& refund, bool sandbox) {
  return {{"type", "refund_receipt"},         {"sandbox", sandbox},
          {"refund", refund.id.str()},        {"payment_intent", refund.intent.str()},
          {"amount", amount(refund.amount)},  {"amount_text", refund.amount.display()},
          {"state", to_string(refund.state)}, {"reason", refund.reason}};
}

json approval_request(const Approval& approval, bool sandbox) {
  return {{"type", "approval_request"},
          {"sandbox", sandbox},
          {"approval", approval.id.str()},
          {"amount", amount(approval.amount)},
          {"amount_text", approval.amount.display()},
          {"state", to_string(approval.state)},
          {"expires_at", format_time(approval.expires_at)}};
}

json catalogue(const std::vector<const CatalogueItem*>& items, const std::string& locale, bool sandbox) {
  json list = json::array();
  for (const CatalogueItem* item : items) {
    json shown = {{"sku", item->sku.str()},
                  {"name", item->name(locale)},
                  {"price", amount(item->unit_price)},
                  {"price_text", item->unit_price.display()}};
    for (const QuantityPrice& step : item->quantity_prices)
      shown["quantity_prices"].push_back(
          {{"from", step.from}, {"price", amount(step.unit_price)}, {"price_text", step.unit_price.display()}});
    list.push_back(std::move(shown));
  }
  return {{"type", "catalogue"}, {"sandbox", sandbox}, {"items", std::move(list)}};
}

}  // namespace purser::cards
