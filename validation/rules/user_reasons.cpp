#include "validation/rules/user_reasons.hpp"

#include <algorithm>
#include <iterator>

namespace purser::rules {
namespace {

struct UserReason {
  Errc code;
  std::string_view zh;
  std::string_view en;
};

constexpr UserReason kReasons[] = {
    {Errc::unknown_sku, "没有找到这件商品。", "We do not have this article."},
    {Errc::sku_not_on_sale, "这件商品目前不出售。", "This article is not on sale at the moment."},
    {Errc::price_mismatch, "价格与目录不一致，请以目录价格为准。",
     "The price is not the one of the catalogue, which is the one that counts."},
    {Errc::price_changed, "价格有变化，请先确认新价格。", "The price has changed; please say whether it suits you."},
    {Errc::total_mismatch, "合计金额与商品不符，请重新确认。", "The total is not that of the goods; please check it."},
    {Errc::currency_mismatch, "币种不一致。", "The currencies do not match."},
    {Errc::quantity_out_of_range, "数量超出可购买的范围。", "This quantity cannot be bought in one order."},
    {Errc::duplicate_lines, "同一商品出现了多次，请合并数量。",
     "One article stands there twice; please name one quantity."},
    {Errc::amount_out_of_range, "金额超出允许的范围。", "This amount is outside what is possible."},
    {Errc::order_amount_out_of_range, "订单金额超出允许的范围。", "An order of this amount is not possible."},
    {Errc::catalogue_stale, "暂时无法确认价格，请稍后再试。",
     "Prices cannot be confirmed at the moment; please try again later."},
    {Errc::description_invalid, "订单内容无法提交，请减少商品种类。",
     "The order cannot be described; please order fewer kinds of goods."},
    {Errc::active_payment_exists, "您有一笔尚待处理的订单，请先选择支付、替换或取消。",
     "An order of yours is still open: it is yours to pay, to replace or to cancel."},
    {Errc::not_found, "在本次对话中没有找到这笔订单。", "There is no such order in this conversation."},
    {Errc::cancel_not_allowed, "这笔订单现在不能取消。", "This order cannot be canceled any more."},
    {Errc::refund_not_allowed, "这笔订单现在不能退款。", "This order cannot be given money back for now."},
    {Errc::refund_exceeds_remaining, "申请的金额超过了可退余额。", "That is more than is left to give back."},
    {Errc::refund_total_mismatch, "各项金额与合计不符，请重新确认。", "The sums do not add up; please check them."},
    {Errc::refund_amount_mismatch, "申请的金额与商品不符，请重新确认。",
     "The amount is not that of the goods; please check it."},
    {Errc::lines_exceed_order, "申请的数量超过了购买的数量。", "That is more than was bought."},
    {Errc::refund_reason_invalid, "请换一种方式说明原因。", "Please give the reason in other words."},
    {Errc::refund_spacing, "请过一会儿再试。", "Please try again in a little while."},
    {Errc::refund_window_over, "这笔订单已超过可申请的期限。", "The time for this has passed."},
    {Errc::refund_count_spent, "这笔订单申请的次数已达上限。", "This order was given money back as often as possible."},
    // Met where as much waits for a person already as may: nobody looks into what was asked for last.
    {Errc::needs_operator, "之前的申请还在等待人工审核，这一次没有再提交。",
     "What was asked for before still waits for a person; this was not passed on to them."},
    {Errc::budget_spent, "操作过于频繁，请稍后再试。", "That was asked for too often; please try again later."},
    {Errc::rail_declined, "支付渠道没有接受这笔请求，未发生扣款。",
     "The payment provider did not take this; nothing was charged."},
};

constexpr UserReason kOther = {Errc::internal, "这个请求无法处理，请换一种说法，或联系人工客服。",
                               "This cannot be done like that; please say it another way, or ask for a person."};

}  // namespace

std::string_view reason_for_user(Errc code, std::string_view locale) {
  const auto found =
      std::find_if(std::begin(kReasons), std::end(kReasons), [&](const auto& r) { return r.code == code; });
  const UserReason& reason = found == std::end(kReasons) ? kOther : *found;
  return locale.starts_with("zh") ? reason.zh : reason.en;
}

}  // namespace purser::rules
