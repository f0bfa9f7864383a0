#include "gateway/llm/rules/phrases.hpp"

#include "validation/money/money.hpp"

namespace purser::dialogue {

using nlohmann::json;

std::string amount(const json& holder, std::string_view key) {
  auto currency = Currency::parse(holder.value("currency", "CNY"));
  return Money(holder.value(std::string(key), std::int64_t{0}), currency ? *currency : Currency::cny()).display();
}

namespace {

std::string names(const json& items, std::size_t most, std::string_view separator) {
  std::string out;
  std::size_t count = 0;
  for (const json& item : items) {
    if (++count > most) break;
    if (!out.empty()) out += separator;
    out += item.value("name", "") + " " + amount(item, "unit_price_fen");
  }
  return out;
}

std::string lines(const json& payment, std::string_view separator) {
  std::string out;
  for (const json& line : payment.value("lines", json::array())) {
    if (!out.empty()) out += separator;
    out += std::to_string(line.value("quantity", std::int64_t{0})) + " × " + line.value("name", "");
  }
  return out;
}

}  // namespace

std::string Phrases::greeting() const {
  return pick("您好！想买点什么？您可以说“有什么商品”或“来两包龙井茶”。",
              "Hello! What would you like? Ask what we have, or say for example \"two packs of Longjing tea\".");
}
std::string Phrases::welcome() const {
  return pick("不客气，欢迎再来！", "You are welcome!");
}
std::string Phrases::help() const {
  return pick("我可以帮您看商品、下单付款、查询付款、取消订单和退款。",
              "I can show what we have, take an order and its payment, tell its state, cancel it, and refund it.");
}
std::string Phrases::all_right() const {
  return pick("好的。", "All right.");
}
std::string Phrases::unclear() const {
  return pick(
      "抱歉，我没听懂。您想买什么、查询付款、取消还是退款？",
      "Sorry, I did not get that. Would you like to buy something, ask about a payment, cancel, or get a refund?");
}
std::string Phrases::prices_are_fixed() const {
  return pick("价格以商品列表为准，这里不能改价。想买的话，请直接告诉我要几件什么。",
              "Prices are as listed and cannot be changed here. To buy, just tell me how many of what.");
}
std::string Phrases::which_goods(const json& items) const {
  return pick("您想要哪一种？" + names(items, 6, "；"), "Which one would you like? " + names(items, 6, "; ") + "?");
}
std::string Phrases::no_such_goods(std::string_view words) const {
  return pick("抱歉，没有找到“" + std::string(words) + "”。需要看看有什么商品吗？",
              "Sorry, I found nothing called \"" + std::string(words) + "\". Shall I show you what we have?");
}
std::string Phrases::nothing_on_sale() const {
  return pick("抱歉，现在没有在售的商品。", "Sorry, nothing is on sale right now.");
}
std::string Phrases::goods(const json& items) const {
  // A long list is shown as a card; read out it would be a wall of text.
  if (items.size() > 6) {
    const std::string count = std::to_string(items.size());
    return pick("我们有 " + count + " 种商品，请看列表。", "Here is what we have, " + count + " kinds of goods.");
  }
  return pick("我们有：" + names(items, 6, "；") + "。", "We have: " + names(items, 6, "; ") + ".");
}
std::string Phrases::price(const json& item) const {
  std::string zh = item.value("name", "") + " 的价格是 " + amount(item, "unit_price_fen");
  std::string en = item.value("name", "") + " is " + amount(item, "unit_price_fen");
  const json steps = item.value("quantity_prices", json::array());
  for (const json& step : steps) {
    const std::string from = std::to_string(step.value("from", std::int64_t{0}));
    zh += "，满 " + from + " 件每件 " + amount(step, "unit_price_fen");
    en += ", from " + from + " on " + amount(step, "unit_price_fen") + " each";
  }
  return pick(zh + "。", en + ".");
}
std::string Phrases::please_pay(const json& payment) const {
  return pick("好的：" + lines(payment, "、") + "，合计 " + amount(payment, "total_fen") + "。请在五分钟内完成支付。",
              "All right: " + lines(payment, ", ") + ", " + amount(payment, "total_fen") +
                  " in total. Please pay with the card below before it expires.");
}
std::string Phrases::being_confirmed() const {
  return pick("订单正在确认，一有结果我就告诉您，请先不要重复下单。",
              "Your order is being confirmed. I will tell you as soon as it is; please do not order again meanwhile.");
}
std::string Phrases::no_payment() const {
  return pick("目前没有付款记录。", "There is no payment on record yet.");
}
std::string Phrases::nothing_to_renew() const {
  return pick("没有可以续订的订单。想买什么请告诉我。", "There is no order to renew. Tell me what you would like.");
}
std::string Phrases::nothing_to_refund() const {
  return pick("没有可以退款的付款。", "There is no paid order that could be refunded.");
}
std::string Phrases::what_to_refund(const json& payment) const {
  const std::string left = amount(payment, "refundable_fen");
  return pick("您想退哪些商品，或者退多少？这笔订单（" + lines(payment, "、") + "）最多可退 " + left + "。",
              "What should I refund: everything, some of the goods (" + lines(payment, ", ") +
                  "), or an amount? Up to " + left + " is possible.");
}
std::string Phrases::canceled(const json& payment) const {
  if (payment.value("may_still_be_paid", true))
    return pick("订单已取消，请不要再支付；如果仍有付款到达，会原路退回。",
                "The order is canceled. Please do not pay it any more; a payment that still arrives goes back to you.");
  return pick("订单已取消，没有扣款。", "The order is canceled; nothing was charged.");
}

std::string Phrases::state(const json& payment) const {
  const std::string state = payment.value("state", "");
  const std::string total = amount(payment, "total_fen");
  if (state == "awaiting_payment")
    return pick("还没有收到，" + total + " 等待支付。", "Not yet: " + total + " awaits payment.");
  if (state == "created" || state == "unknown") return being_confirmed();
  if (state == "succeeded") {
    const auto back = payment.value("refunded_fen", std::int64_t{0});
    const std::string more = back > 0 ? pick("，其中 " + amount(payment, "refunded_fen") + " 已退回",
                                             "; " + amount(payment, "refunded_fen") + " of it has been returned")
                                      : "";
    return pick("已收到您的付款 " + total + more + "。", "Yes, your payment of " + total + " has arrived" + more + ".");
  }
  if (const auto paid = payment.value("captured_fen", std::int64_t{0}); paid > 0 && state != "conflicted") {
    const bool back = payment.value("refunded_fen", std::int64_t{0}) >= paid;
    return pick("这笔 " + total + " 的订单结束以后才收到付款，" + (back ? "已经全部退回。" : "还没有全部退回。"),
                "The order of " + total + " was paid after it had ended; " +
                    (back ? "all of it has been returned." : "not all of it has been returned yet."));
  }
  if (state == "expired")
    return pick("这笔 " + total + " 的订单已过期，没有收款。说“重新生成”就可以续订。",
                "The order of " + total + " has expired unpaid. Say \"renew\" and I will make it again.");
  if (state == "canceled") return pick("这笔 " + total + " 的订单已取消。", "The order of " + total + " is canceled.");
  if (state == "failed") return pick("订单未能创建，没有扣款。", "The order could not be placed; nothing was charged.");
  return pick("这笔付款正在由工作人员核对。", "This payment is being checked by a person.");
}

std::string Phrases::waits_for_operator(const json& result) const {
  const std::string sum = amount(result, "amount_fen");
  return pick("退款 " + sum + " 超过自动处理的限额，需要店里的工作人员确认。有结果我会告诉您。",
              "A refund of " + sum + " needs a person of the shop to approve it. I will tell you what they decide.");
}
std::string Phrases::refunded(const json& result) const {
  bool done = true;
  bool failed = false;
  bool abnormal = false;
  for (const json& refund : result.value("refunds", json::array())) {
    done = done && refund.value("state", "") == "succeeded";
    failed = failed || refund.value("state", "") == "failed";
    abnormal = abnormal || refund.value("state", "") == "abnormal";
  }
  const std::string total = amount(result, "total_fen");
  if (failed) return pick("退款未成功，没有退回款项。", "The refund did not go through; nothing was returned.");
  if (abnormal)
    return pick("退款尚未完成，工作人员正在处理。", "The refund is not done yet: a person is looking into it.");
  if (done) return pick("退款 " + total + " 已完成。", "Your refund of " + total + " is done.");
  return pick("退款 " + total + " 已提交，正在处理，完成后我会告诉您。",
              "A refund of " + total + " is on its way. I will tell you when it is done.");
}

std::string Phrases::refused(const json& refusal, std::string_view tool, const json* payment) const {
  const std::string code = refusal.value("code", "");
  if (code == "active_payment_exists")
    return pick("您还有一笔未付款的订单，请先支付，或者说“取消”。",
                "You still have an open order: please pay it first, or say \"cancel\".");
  if (code == "refund_exceeds_remaining") {
    const std::string left = payment ? amount(*payment, "refundable_fen") : "";
    return pick("无法退这么多" + (left.empty() ? "" : "，最多可退 " + left) + "。",
                "That is more than can be refunded" + (left.empty() ? "" : ": up to " + left + " is left") + ".");
  }
  if (code == "needs_operator")
    return pick(
        "之前的申请还在等待工作人员审核，这一次没有再提交，请先等待结果。",
        "What you asked for before still waits for a person of the shop; this was not passed on to them. Please "
        "wait for what they decide.");
  if (code == "refund_not_allowed")
    return pick("这笔订单目前不能退款。", "This order cannot be refunded in its present state.");
  if (code == "lines_exceed_order") return pick("退款的数量超过了购买的数量。", "That is more than was bought.");
  if (code == "cancel_not_allowed")
    return pick("这笔订单不能取消；如已付款，可以申请退款。",
                "This order can no longer be canceled; if it was paid, ask for a refund.");
  if (code == "not_found" && tool == "cancel_payment")
    return pick("没有需要取消的订单。", "There is no open order to cancel.");
  if (code == "quantity_out_of_range") return pick("这个数量无法下单。", "That quantity cannot be ordered.");
  if (code == "order_amount_out_of_range")
    return pick("订单金额超出了允许的范围。", "The order's total is outside what one order may cost.");
  if (code == "sku_not_on_sale") return pick("抱歉，这件商品已下架。", "Sorry, that is not on sale.");
  if (code == "rail_declined")
    return pick("订单未能创建，没有扣款。", "The order could not be placed; nothing was charged.");
  return pick("抱歉，这个操作没有成功，没有产生扣款或退款。",
              "Sorry, that did not work; nothing was charged or returned.");
}

std::string Phrases::event(const json& event) const {
  const std::string type = event.value("type", "");
  const std::string total = amount(event, "total_fen");
  const std::string back = amount(event, "amount_fen");
  if (type == "intent.succeeded")
    return pick("已收到您的付款 " + total + "，谢谢！", "Your payment of " + total + " has arrived. Thank you!");
  if (type == "intent.awaiting_payment")
    return pick("订单已确认，请支付 " + total + "。",
                "Your order is confirmed: please pay " + total + " with the card below.");
  if (type == "intent.expired" && event.value("may_still_be_paid", false))
    return pick("付款时间已过，请不要再支付。说“重新生成”就可以续订。",
                "The time to pay has passed. Please do not pay any more. Say \"renew\" to make it again.");
  if (type == "intent.expired")
    return pick(
        "付款时间已过，订单已关闭，没有扣款。说“重新生成”就可以续订。",
        "The time to pay has passed and the order is closed; nothing was charged. Say \"renew\" to make it again.");
  if (type == "intent.canceled") return canceled(event);
  if (type == "intent.failed")
    return pick("订单未能创建，没有扣款。", "The order could not be placed; nothing was charged.");
  if (type == "refund.created")
    return pick("订单结束后收到了付款，" + back + " 正在原路退回。",
                "A payment arrived after the order had ended; " + back + " is on its way back to you.");
  if (type == "refund.succeeded") return pick("退款 " + back + " 已完成。", "Your refund of " + back + " is done.");
  if (type == "refund.failed")
    return pick("退款 " + back + " 未成功，我们会继续处理。",
                "Your refund of " + back + " did not go through; we will look into it.");
  if (type == "refund.abnormal")
    return pick("退款尚未到账，工作人员正在处理。", "Your refund has not arrived yet: a person is looking into it.");
  if (type == "approval.denied")
    return pick("店家没有批准这笔 " + back + " 的退款，没有退款。",
                "The shop did not approve the refund of " + back + "; nothing was refunded.");
  if (type == "approval.expired")
    return pick(back + " 的退款申请无人处理，已失效，没有退款。",
                "Nobody decided about the refund of " + back + " in time; nothing was refunded.");
  if (type == "approval.voided")
    return pick("订单情况已变化，" + back + " 的退款批准已作废，没有退款。",
                "The order has changed, so the approved refund of " + back + " is void; nothing was refunded.");
  return pick("您的付款正在由工作人员核对。", "Your payment is being checked by a person.");
}

}  // namespace purser::dialogue
