#include "agent/turn/fixed_answers.hpp"

#include <nlohmann/json.hpp>

namespace purser {

namespace {

bool chinese(std::string_view locale) {
  return locale.starts_with("zh");
}

std::string state_words(const PaymentIntent& intent, bool zh) {
  const bool ended = intent.state == IntentState::expired || intent.state == IntentState::canceled;
  if (ended && intent.captured.positive()) return zh ? "结束以后才收到付款" : "was paid after it had ended";
  switch (intent.state) {
    case IntentState::created:
    case IntentState::unknown:
      return zh ? "正在确认" : "is being confirmed";
    case IntentState::awaiting_payment:
      return zh ? "等待支付" : "awaits payment";
    case IntentState::succeeded:
      return zh ? "已支付" : "is paid";
    case IntentState::expired:
      return zh ? "已过期，未支付" : "has expired unpaid";
    case IntentState::canceled:
      return zh ? "已取消" : "is canceled";
    case IntentState::failed:
      return zh ? "未能创建" : "could not be placed";
    case IntentState::conflicted:
      return zh ? "正在人工核对" : "is being checked by a person";
  }
  return {};
}

std::string refund_words(RefundState state, bool zh) {
  switch (state) {
    case RefundState::created:
    case RefundState::processing:
    case RefundState::unknown:
      return zh ? "处理中" : "is being processed";
    case RefundState::succeeded:
      return zh ? "已退回" : "has been returned";
    case RefundState::failed:
      return zh ? "未成功" : "did not go through";
    case RefundState::abnormal:
      return zh ? "需要人工处理" : "needs a person's help";
  }
  return {};
}

}  // namespace

std::string fixed_answer(Ending ending, std::string_view locale) {
  const bool zh = chinese(locale);
  switch (ending) {
    case Ending::model_refused:
      return zh ? "抱歉，这个请求我无法处理。" : "Sorry, I cannot help with that request.";
    case Ending::model_failed:
      return zh ? "抱歉，我现在暂时无法回答，请稍后再试。没有新的扣款。"
                : "Sorry, I cannot answer right now. Please try again shortly; nothing new was charged.";
    default:
      return zh ? "抱歉，我没能完成这个请求。请换一种说法再试，或者联系人工客服。"
                : "Sorry, I could not complete that. Please say it another way, or ask for a person to help.";
  }
}

std::string money_lines(const std::vector<PaymentIntent>& intents, const std::vector<Refund>& refunds,
                        std::string_view locale) {
  const bool zh = chinese(locale);
  std::string out;
  const auto line = [&](std::string_view what, Money amount, const std::string& words) {
    if (!out.empty()) out += zh ? "；" : "; ";
    out += what;
    out += amount.display();
    out += zh ? "，" : " ";
    out += words;
  };
  for (const PaymentIntent& intent : intents)
    line(zh ? "订单 " : "The order of ", intent.amount, state_words(intent, zh));
  for (const Refund& refund : refunds)
    line(zh ? "退款 " : "the refund of ", refund.amount, refund_words(refund.state, zh));
  if (out.empty()) return zh ? "目前没有任何付款记录。" : "There is no payment on record yet.";
  return out + (zh ? "。" : ".");
}

std::string event_answer(std::string_view event_json, std::string_view locale) {
  const bool zh = chinese(locale);
  const auto event = nlohmann::json::parse(event_json, nullptr, false);
  const std::string type = event.is_object() ? event.value("type", "") : "";
  const auto amount = [&](const char* key) {
    return Money(event.value(key, std::int64_t{0}), Currency::parse(event.value("currency", "CNY")).value()).display();
  };
  if (type == "intent.succeeded")
    return zh ? "已收到您的付款 " + amount("total_fen") + "，谢谢！"
              : "Your payment of " + amount("total_fen") + " has arrived. Thank you!";
  if (type == "intent.awaiting_payment")
    return zh ? "订单已准备好，请支付 " + amount("total_fen") + "。"
              : "Your order is ready: please pay " + amount("total_fen") + ".";
  if (event.is_object() && event.value("may_still_be_paid", false)) {
    // The rail has not confirmed the close: that nothing was charged is more than we know.
    if (type == "intent.expired")
      return zh ? "付款时间已过，请不要再支付；如果仍有付款到达，会为您处理。"
                : "The time to pay has passed. Please do not pay any more; a payment that still arrives is looked "
                  "after.";
    if (type == "intent.canceled")
      return zh ? "订单已取消，请不要再支付；如果仍有付款到达，会原路退回。"
                : "The order is canceled. Please do not pay it any more; a payment that still arrives goes back to "
                  "you.";
  }
  if (type == "intent.expired")
    return zh ? "付款时间已过，订单已关闭，没有扣款。需要的话可以重新下单。"
              : "The time to pay has passed and the order is closed; nothing was charged. You can renew it.";
  if (type == "intent.canceled") return zh ? "订单已取消，没有扣款。" : "The order is canceled; nothing was charged.";
  if (type == "intent.failed")
    return zh ? "订单未能创建，没有扣款。" : "The order could not be placed; nothing was charged.";
  if (type == "refund.created")
    return zh ? "订单结束后收到了付款，" + amount("amount_fen") + " 正在原路退回。"
              : "A payment arrived after the order had ended; " + amount("amount_fen") + " is on its way back.";
  if (type == "refund.succeeded")
    return zh ? "退款 " + amount("amount_fen") + " 已完成。" : "Your refund of " + amount("amount_fen") + " is done.";
  if (type == "refund.failed")
    return zh ? "退款 " + amount("amount_fen") + " 未成功。"
              : "Your refund of " + amount("amount_fen") + " did not go through.";
  if (type == "refund.abnormal")
    return zh ? "退款尚未到账，工作人员正在处理。" : "Your refund has not arrived yet: a person is looking into it.";
  if (type == "approval.denied")
    return zh ? "店家没有批准这笔 " + amount("amount_fen") + " 的退款，没有退款。"
              : "The shop did not approve the refund of " + amount("amount_fen") + "; nothing was refunded.";
  if (type == "approval.expired")
    return zh ? amount("amount_fen") + " 的退款申请无人处理，已失效，没有退款。"
              : "Nobody decided about the refund of " + amount("amount_fen") + " in time; nothing was refunded.";
  if (type == "approval.voided")
    return zh ? "订单情况已变化，" + amount("amount_fen") + " 的退款批准已作废，没有退款。"
              : "The order has changed, so the approved refund of " + amount("amount_fen") +
                    " is void; nothing was refunded.";
  return zh ? "您的付款正在由工作人员核对。" : "Your payment is being checked by a person.";
}

std::string acknowledgement(const std::string& locale) {
  return locale.starts_with("zh") ? "好的，正在为您处理，请稍候。" : "One moment, I am working on it.";
}

}  // namespace purser
