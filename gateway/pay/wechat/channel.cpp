#include "gateway/pay/wechat/channel.hpp"

#include "gateway/async/shielded.hpp"
#include "gateway/log.hpp"
#include "gateway/pay/wechat/answers.hpp"

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace purser::wechat {
namespace {

// The rail's signature covers no request: an answer that is not about what was asked counts as none.
void note_unusable(RailSays& says, const Error& why) {
  says.code = code_of(why.code);
  says.message = why.message;
  log::warn("rail.unusable", {{"code", says.code}, {"why", says.message}, {"request_id", says.request_id}});
}

Error about_another(std::string_view number) {
  return Error(Errc::reply_malformed, "the answer is not about " + std::string(number));
}

OrderReply order_reply(Answer answer, TradeKind kind) {
  OrderReply reply;
  reply.says = std::move(answer.says);
  reply.outcome = answer.judgement.outcome;
  reply.already_paid = answer.judgement.already_paid;
  reply.closed = answer.judgement.closed;
  if (!answer.accepted) return reply;
  auto handle = read_order_handle(answer.body, kind);
  if (!handle) {
    note_unusable(reply.says, handle.error());
    return reply;
  }
  reply.outcome = Outcome::succeeded;
  reply.prepay_id = std::move(handle->prepay_id);
  reply.code_url = std::move(handle->code_url);
  return reply;
}

QueryReply query_reply(Answer answer, const OutTradeNo& number) {
  QueryReply reply;
  reply.says = std::move(answer.says);
  reply.outcome = answer.judgement.outcome;
  if (!answer.accepted) return reply;
  auto facts = read_order(answer.body);
  if (facts.ok() && facts->out_trade_no != number) facts = about_another(number.str());
  if (!facts) {
    note_unusable(reply.says, facts.error());
    return reply;
  }
  reply.outcome = Outcome::succeeded;
  reply.facts = std::move(*facts);
  return reply;
}

CloseReply close_reply(Answer answer) {
  CloseReply reply;
  reply.says = std::move(answer.says);
  reply.outcome = answer.accepted ? Outcome::succeeded : answer.judgement.outcome;
  reply.already_paid = answer.judgement.already_paid;
  return reply;
}

RefundReply refund_reply(Answer answer, const OutRefundNo& number) {
  RefundReply reply;
  reply.says = std::move(answer.says);
  reply.outcome = answer.judgement.outcome;
  reply.not_known = answer.judgement.not_known;
  if (!answer.accepted) return reply;
  auto facts = read_refund(answer.body);
  if (facts.ok() && facts->out_refund_no != number) facts = about_another(number.str());
  if (!facts) {
    note_unusable(reply.says, facts.error());
    return reply;
  }
  reply.outcome = outcome_of(facts->event);
  reply.facts = std::move(*facts);
  return reply;
}

// Facts about another amount than the one we asked for are about nothing we know.
void require_amount(RefundReply& reply, Money amount) {
  if (!reply.facts || reply.facts->refund == amount) return;
  note_unusable(reply.says, Error(Errc::reply_malformed, "the rail holds another amount for this refund"));
  reply.outcome = Outcome::unknown;
  reply.facts.reset();
}

}  // namespace

Result<std::unique_ptr<WechatChannel>> WechatChannel::make(const WechatSettings& settings, Keys keys, Ports ports,
                                                           std::string notify_base, bool sandbox) {
  auto origin = http::Origin::parse(settings.base_url);
  if (!origin) return Error(Errc::config_bad_value, "wechat.base_url is not an http or https URL", "wechat.base_url");
  RailClient rail(std::move(*origin), {settings.mchid, settings.appid}, std::move(keys), ports,
                  {settings.attempt_time_max, settings.total_time_max});
  return std::unique_ptr<WechatChannel>(
      new WechatChannel(std::move(rail), std::move(notify_base), settings.refund_spacing, sandbox));
}

WechatChannel::WechatChannel(RailClient rail, std::string notify_base, Millis refund_spacing, bool sandbox)
    : rail_(std::move(rail)),
      notify_base_(std::move(notify_base)),
      refund_spacing_(refund_spacing),
      sandbox_(sandbox) {}

std::string WechatChannel::notify_url(const TenantId& tenant) const {
  return notify_base_ + "/webhooks/wechat/" + tenant.str();
}

Result<std::string> WechatChannel::order_body(const PaymentIntent& intent) const {
  return wechat::order_body(intent, rail_.merchant(), notify_url(intent.tenant));
}

Result<std::string> WechatChannel::refund_body(const PaymentIntent& intent, const Refund& refund) const {
  return wechat::refund_body(intent, refund, notify_url(intent.tenant));
}

Task<OrderReply> WechatChannel::create_order(PaymentIntent intent, Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  co_return co_await shielded(executor, create(std::move(intent), deadline));
}

Task<OrderReply> WechatChannel::create(PaymentIntent intent, Deadline deadline) {
  const OutTradeNo number = intent.order.out_trade_no;
  const TradeKind kind = intent.order.kind;
  Ask ask(Operation::create, "POST", create_path(kind), std::move(intent.order.request_body), number.str());
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  OrderReply reply = order_reply(std::move(answer), kind);
  if (reply.outcome != Outcome::declined) co_return reply;
  auto asked = co_await query_order(number, deadline);
  co_return confirmed(std::move(reply), asked);
}

Task<QueryReply> WechatChannel::query_order(OutTradeNo number, Deadline deadline) {
  Ask ask(Operation::query, "GET", query_path(number, rail_.merchant()), {}, number.str());
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  co_return query_reply(std::move(answer), number);
}

Task<CloseReply> WechatChannel::close_order(OutTradeNo number, Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  co_return co_await shielded(executor, close(std::move(number), deadline));
}

Task<CloseReply> WechatChannel::close(OutTradeNo number, Deadline deadline) {
  Ask ask(Operation::close, "POST", close_path(number), close_body(rail_.merchant()), number.str());
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  const bool by_error_code = !answer.accepted;
  CloseReply reply = close_reply(std::move(answer));
  if (!by_error_code || reply.outcome != Outcome::succeeded) co_return reply;
  auto asked = co_await query_order(number, deadline);
  co_return confirmed(std::move(reply), asked);
}

Task<RefundReply> WechatChannel::refund(Refund refund, Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  co_return co_await shielded(executor, pay_back(std::move(refund), deadline));
}

Task<RefundReply> WechatChannel::pay_back(Refund refund, Deadline deadline) {
  const OutRefundNo number = refund.out_refund_no;
  Ask ask(Operation::refund, "POST", refund_path(), std::move(refund.request_body), number.str());
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  const bool by_error_code = !answer.accepted;
  RefundReply reply = refund_reply(std::move(answer), number);
  if (by_error_code && reply.outcome == Outcome::declined) {
    auto asked = co_await query_refund(number, deadline);
    reply = confirmed(std::move(reply), asked);
  }
  require_amount(reply, refund.amount);
  co_return reply;
}

Task<RefundReply> WechatChannel::query_refund(OutRefundNo number, Deadline deadline) {
  Ask ask(Operation::query_refund, "GET", query_refund_path(number), {}, number.str());
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  co_return refund_reply(std::move(answer), number);
}

Task<Result<Confirmation>> WechatChannel::confirmation(PaymentIntent intent, Deadline deadline) {
  Confirmation out;
  out.kind = intent.order.kind;
  const bool qr = out.kind == TradeKind::qr;
  if (qr && !intent.order.code_url.empty()) {
    out.code_url = intent.order.code_url;
    co_return out;
  }
  if (qr || intent.order.prepay_id.empty()) {
    co_return Error(Errc::rail_not_found, "the rail has given nothing to pay this intent with", "intent");
  }
  if (deadline.at <= rail_.clock().now()) co_return Error(Errc::expired_before_start);
  out.app_id = rail_.merchant().appid;
  out.time_stamp = rail_.timestamp();
  out.nonce_str = rail_.nonce();
  out.package = prepay_package(intent.order.prepay_id);
  out.sign_type = "RSA";
  auto signature = co_await rail_.sign(payment_text(out.app_id, out.time_stamp, out.nonce_str, out.package));
  if (!signature) co_return signature.error();
  out.pay_sign = std::move(*signature);
  co_return out;
}

Result<Notification> WechatChannel::read_notification(const RawNotification& raw) const {
  if (auto verdict = rail_.verifier().verify(raw.headers, raw.body); !verdict) return verdict.error();
  return wechat::read_notification(raw.body, rail_.apiv3_key(), rail_.merchant().mchid);
}

Result<Notification> WechatChannel::parse_resource(std::string_view event_type, std::string_view plain) const {
  return read_resource(event_type, plain, rail_.merchant().mchid);
}

bool WechatChannel::matches(const OrderFacts& facts, const PaymentIntent& intent) const {
  return facts.mchid == rail_.merchant().mchid && facts.appid == rail_.merchant().appid &&
         facts.out_trade_no == intent.order.out_trade_no && facts.total == intent.amount;
}

}  // namespace purser::wechat
