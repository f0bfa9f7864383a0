#include "agent/turn/card_text.hpp"

#include "validation/money/money.hpp"

namespace purser {
namespace {

using nlohmann::json;

std::string price(const json& amount) {
  const auto currency = Currency::parse(amount.value("currency", "CNY"));
  return Money(amount.value("value", std::int64_t{0}), currency ? *currency : Currency::cny()).display();
}

std::vector<std::string> line_rows(const json& card) {
  std::vector<std::string> out;
  for (const json& line : card.value("lines", json::array()))
    out.push_back(std::to_string(line.value("quantity", 0)) + " × " + line.value("name", "") + "  " +
                  Money(line.value("unit_price", std::int64_t{0}), Currency::cny()).display());
  return out;
}

std::vector<std::string> item_rows(const json& card) {
  std::vector<std::string> out;
  for (const json& item : card.value("items", json::array()))
    out.push_back(item.value("price_text", "") + "  " + item.value("name", ""));
  return out;
}

// How to pay, for one who has nothing but this text.
std::string way_to_pay(const json& card) {
  const json how = card.value("confirmation", json::object());
  if (how.value("type", "") == "qr") return how.value("code_url", "");
  return "wx.requestPayment  " + how.value("package", "");
}

}  // namespace

CardText card_text(const json& card, std::string_view locale) {
  const bool zh = locale.starts_with("zh");
  const auto words = [&](const char* chinese, const char* english) { return std::string(zh ? chinese : english); };
  const std::string type = card.value("type", "");
  const std::string mark = card.value("sandbox", false) ? words("（沙箱）", " (sandbox)") : "";
  if (type == "catalogue") return {words("商品", "goods"), item_rows(card)};
  std::vector<std::string> rows = line_rows(card);
  const std::string amount = card.contains("amount") ? price(card["amount"]) : "";
  if (type == "payment_request") {
    rows.push_back(words("合计 ", "total ") + amount + words("，请在 ", ", pay before ") +
                   card.value("expires_at", "") + words(" 前支付", ""));
    rows.push_back(way_to_pay(card));
    return {words("待支付", "to pay") + mark, std::move(rows)};
  }
  if (type == "payment_receipt") {
    rows.push_back(words("已支付 ", "paid ") + amount + words("，时间 ", " at ") + card.value("paid_at", ""));
    return {words("付款凭证", "receipt") + mark, std::move(rows)};
  }
  if (type == "payment_expired") {
    rows.push_back(words("未支付，已过期，可一键续订", "not paid in time; one step renews it"));
    return {words("已过期", "expired") + mark, std::move(rows)};
  }
  if (type == "refund_receipt") {
    rows.push_back(words("退款 ", "refund of ") + amount + "  " + card.value("state", ""));
    rows.push_back(words("原因：", "reason: ") + card.value("reason", ""));
    return {words("退款", "refund") + mark, std::move(rows)};
  }
  return {type, std::move(rows)};
}

}  // namespace purser
