#include "agent/turn/card_text.hpp"

#include "validation/money/money.hpp"
#include "validation/money/time.hpp"
#include "validation/rules/reply_links.hpp"

namespace purser {
namespace {

using nlohmann::json;

using Rows = std::vector<CardText::Row>;

Money money_of(const json& amount) {
  const auto currency = Currency::parse(amount.value("currency", "CNY"));
  return Money(amount.value("value", std::int64_t{0}), currency ? *currency : Currency::cny());
}

// "2026-01-05T10:00:00.123Z" as "10:00:00 UTC": a conversation is read on the day it is held.
std::string time_of_day(const std::string& rfc3339) {
  const auto parsed = parse_time(rfc3339);
  return parsed ? format_time(*parsed).substr(11, 8) + " UTC" : rfc3339;
}

// In a text a name is no link, image or markup, whatever it holds.
std::string name_of(const json& thing) {
  return rules::without_links(thing.value("name", ""));
}

// The goods with the sum of each line, and the amount below.
Rows bill(const json& card, std::string total) {
  const Money amount = money_of(card.value("amount", json::object()));
  Rows out;
  for (const json& line : card.value("lines", json::array())) {
    const Money price(line.value("unit_price", std::int64_t{0}), amount.currency());
    const auto sum = price.times(line.value("quantity", std::int64_t{0}));
    out.push_back({std::to_string(line.value("quantity", 0)) + " × " + name_of(line), sum ? sum->display() : ""});
  }
  out.push_back({std::move(total), amount.display()});
  return out;
}

Rows goods(const json& card) {
  Rows out;
  const json items = card.value("items", json::array());
  for (const json& item : items) {
    out.push_back({name_of(item), item.value("price_text", "")});
    const json steps = item.value("quantity_prices", json::array());
    for (const json& step : steps)
      out.push_back({"  ≥ " + std::to_string(step.value("from", std::int64_t{0})), step.value("price_text", "")});
  }
  return out;
}

// How to pay, for one who has nothing but this text.
std::string way_to_pay(const json& card) {
  const json how = card.value("confirmation", json::object());
  if (how.value("type", "") == "qr") return how.value("code_url", "");
  return "wx.requestPayment  " + how.value("package", "");
}

std::string refund_state(const std::string& state, bool zh) {
  if (state == "processing" || state == "created" || state == "unknown") return zh ? "处理中" : "on its way";
  if (state == "succeeded") return zh ? "已到账" : "done";
  if (state == "failed") return zh ? "未成功" : "failed";
  return zh ? "人工处理中" : "being looked at by a person";
}

}  // namespace

CardText card_text(const json& card, std::string_view locale) {
  const bool zh = locale.starts_with("zh");
  const auto words = [&](const char* chinese, const char* english) { return std::string(zh ? chinese : english); };
  const std::string type = card.value("type", "");
  const std::string mark = card.value("sandbox", false) ? words("（沙箱）", " (sandbox)") : "";
  if (type == "catalogue") return {words("商品", "goods"), goods(card)};
  if (type == "payment_request") {
    Rows rows = bill(card, words("合计", "total"));
    const std::string until = time_of_day(card.value("expires_at", ""));
    rows.push_back({zh ? "请在 " + until + " 前支付" : "pay before " + until, ""});
    rows.push_back({way_to_pay(card), ""});
    return {words("待支付", "to pay") + mark, std::move(rows)};
  }
  if (type == "payment_receipt") {
    Rows rows = bill(card, words("已支付", "paid"));
    rows.push_back({words("时间 ", "at ") + time_of_day(card.value("paid_at", "")), ""});
    return {words("付款凭证", "receipt") + mark, std::move(rows)};
  }
  if (type == "payment_expired") {
    Rows rows = bill(card, words("未支付", "not paid"));
    rows.push_back({words("已过期，可一键续订", "out of time; one step renews it"), ""});
    return {words("已过期", "expired") + mark, std::move(rows)};
  }
  if (type == "refund_receipt") {
    Rows rows = {{refund_state(card.value("state", ""), zh), money_of(card.value("amount", json::object())).display()}};
    rows.push_back({words("原因：", "reason: ") + card.value("reason", ""), ""});
    return {words("退款", "refund") + mark, std::move(rows)};
  }
  return {type, {}};
}

}  // namespace purser
