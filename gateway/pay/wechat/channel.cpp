#include "gateway/pay/wechat/channel.hpp"

#include "gateway/async/shielded.hpp"
#include "gateway/compress/gzip.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/pay/wechat/answers.hpp"
#include "gateway/pay/wechat/bill.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>
#include <vector>

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

// About our number, or about the rail's where that was asked for.
QueryReply query_reply(Answer answer, const std::string& number, bool by_transaction = false) {
  QueryReply reply;
  reply.says = std::move(answer.says);
  reply.outcome = answer.judgement.outcome;
  if (!answer.accepted) return reply;
  auto facts = read_order(answer.body);
  if (facts.ok() && number != (by_transaction ? facts->transaction_id : facts->out_trade_no.str())) {
    facts = about_another(number);
  }
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
  reply.short_funds = answer.judgement.short_funds;
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

// How long a card is handed out again as it is.
constexpr std::chrono::seconds kCardLife{120};
// The rail's own lives of what it hands out, less what a payer needs.
constexpr Millis kHandleLife = std::chrono::hours(2) - std::chrono::minutes(5);
constexpr Millis kLinkLife = std::chrono::minutes(4);
constexpr std::size_t kHandlesMax = 4'096;
constexpr std::size_t kBillBytesMax = 64U << 20;
constexpr std::int64_t kWarnDays = 30;
constexpr std::chrono::hours kWatchEvery{1};

constexpr std::string_view kLive = "https://api.mch.weixin.qq.com";
constexpr std::string_view kLiveBackup = "https://api2.mch.weixin.qq.com";

const MetricFamily kDaysLeft{"purser_rail_certificate_days_left", "Days until a certificate of the rail account ends.",
                             MetricFamily::Kind::gauge};

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
  std::string backup = settings.backup_url;
  if (backup.empty() && settings.base_url == kLive) backup = kLiveBackup;
  std::vector<http::Origin> origins;
  for (const auto& [key, url] : {std::pair("wechat.base_url", settings.base_url), {"wechat.backup_url", backup}}) {
    if (url.empty() && !origins.empty()) continue;
    auto origin = http::Origin::parse(url);
    if (!origin) return Error(Errc::config_bad_value, std::string(key) + " is not an http or https URL", key);
    origins.push_back(std::move(*origin));
  }
  const http::ClientIdentity shown = keys.shown;
  RailClient rail(std::move(origins), {settings.mchid, settings.appid}, std::move(keys), ports,
                  {settings.attempt_time_max, settings.total_time_max});
  if (auto taken = rail.show(shown); !taken) {
    return Error(Errc::config_bad_value, taken.error().message, "wechat.merchant_certificate_file");
  }
  OrderExtras extras;
  extras.goods_tag = settings.goods_tag;
  extras.goods_detail = settings.goods_detail;
  extras.device_id = settings.device_id;
  extras.store_id = settings.store_id;
  extras.store_name = settings.store_name;
  extras.funds_account = settings.refund_funds_account;
  return std::unique_ptr<WechatChannel>(
      new WechatChannel(std::move(rail), std::move(notify_base), std::move(extras), settings.refund_spacing, sandbox));
}

WechatChannel::WechatChannel(RailClient rail, std::string notify_base, OrderExtras extras, Millis refund_spacing,
                             bool sandbox)
    : rail_(std::move(rail)),
      notify_base_(std::move(notify_base)),
      extras_(std::move(extras)),
      refund_spacing_(refund_spacing),
      sandbox_(sandbox) {}

std::string WechatChannel::notify_url(const TenantId& tenant) const {
  return notify_base_ + "/webhooks/wechat/" + tenant.str();
}

Result<std::string> WechatChannel::order_body(const PaymentIntent& intent) const {
  return wechat::order_body(intent, rail_.merchant(), extras_, notify_url(intent.tenant));
}

Result<std::string> WechatChannel::refund_body(const PaymentIntent& intent, const Refund& refund) const {
  return wechat::refund_body(intent, refund, notify_url(intent.tenant), extras_);
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
  if (reply.outcome == Outcome::succeeded) {
    Handle& handle = handles_[number.str()];
    handle = Handle();
    handle.prepay_id = reply.prepay_id;
    handle.code_url = reply.code_url;
    handle.at = rail_.clock().durable();
  }
  if (reply.outcome != Outcome::declined) co_return reply;
  auto asked = co_await query_order(number, deadline);
  co_return confirmed(std::move(reply), asked);
}

Task<QueryReply> WechatChannel::query_order(OutTradeNo number, Deadline deadline) {
  Ask ask(Operation::query, "GET", query_path(number, rail_.merchant()), {}, number.str());
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  co_return query_reply(std::move(answer), number.str());
}

Task<QueryReply> WechatChannel::query_transaction(std::string transaction_id, Deadline deadline) {
  Ask ask(Operation::query, "GET", query_path(transaction_id, rail_.merchant()), {}, transaction_id);
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  co_return query_reply(std::move(answer), transaction_id, true);
}

Task<CloseReply> WechatChannel::close_order(OutTradeNo number, Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  co_return co_await shielded(executor, close(std::move(number), deadline));
}

Task<CloseReply> WechatChannel::close(OutTradeNo number, Deadline deadline) {
  handles_.erase(number.str());
  Ask ask(Operation::close, "POST", close_path(number), close_body(rail_.merchant()), number.str());
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  const bool by_error_code = !answer.accepted;
  CloseReply reply = close_reply(std::move(answer));
  if (!by_error_code || reply.already_paid) co_return reply;
  // Whatever the no says, or with which code: it may be that of a payment, and nobody asks after an ended order again.
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

Task<RefundReply> WechatChannel::mend_refund(Refund refund, RefundAccount account, Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  co_return co_await shielded(executor, mend(std::move(refund), std::move(account), deadline));
}

Task<RefundReply> WechatChannel::mend(Refund refund, RefundAccount account, Deadline deadline) {
  RefundReply reply;
  MendBy by;
  by.to_user_card = account.of_user;
  by.bank_type = account.bank_type;
  for (const auto& [plain, sealed] :
       {std::pair(&account.number, &by.sealed_account), {&account.holder, &by.sealed_name}}) {
    if (plain->empty()) continue;
    auto made = rail_.seal(*plain);
    if (!made) {
      note_unusable(reply.says, made.error());
      reply.outcome = Outcome::declined;  // nothing was sent
      co_return reply;
    }
    *sealed = std::move(*made);
  }
  const OutRefundNo number = refund.out_refund_no;
  Ask ask(Operation::mend_refund, "POST", mend_path(refund.rail_refund_id), mend_body(number, by), number.str());
  ask.sealed = true;
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  reply = refund_reply(std::move(answer), number);
  if (reply.outcome == Outcome::declined) {
    auto asked = co_await query_refund(number, deadline);
    reply = mend_confirmed(std::move(reply), asked);
  }
  require_amount(reply, refund.amount);
  co_return reply;
}

Task<Result<std::string>> WechatChannel::bill_file(BillOf what, std::string date, Deadline deadline) {
  Ask ask(Operation::bill, "GET", bill_path(what, date), {}, date);
  auto answer = co_await rail_.ask(std::move(ask), deadline);
  if (answer.says.code == "NO_STATEMENT_EXIST") {
    co_return Error(Errc::rail_not_found, "the rail has no bill of " + date, "date");
  }
  if (!answer.accepted) co_return Error(Errc::rail_unknown, "the bill: " + answer.says.code, "date");
  auto ticket = read_bill_ticket(answer.body);
  if (!ticket) co_return ticket.error();
  // The file is not signed: the digest in the signed answer vouches for it.
  Ask file(Operation::bill_file, "GET", ticket->target, {}, date);
  file.vouched = true;
  auto packed = co_await rail_.ask(std::move(file), deadline);
  if (!packed.accepted) co_return Error(Errc::rail_unknown, "the bill file: " + packed.says.code, "date");
  auto text = compress::gunzip(packed.body, kBillBytesMax);
  if (!text) co_return text.error();
  if (crypto::sha1_hex(*text) != ticket->sha1) {
    co_return Error(Errc::reply_malformed, "the bill file is not the one whose digest was signed", "date");
  }
  co_return std::move(*text);
}

Task<Result<books::TradeBill>> WechatChannel::trade_bill(std::string date, Deadline deadline) {
  auto file = co_await bill_file(BillOf::trade, std::move(date), deadline);
  if (!file) co_return file.error();
  co_return books::parse_trade_bill(*file);
}

Task<Result<books::FlowBill>> WechatChannel::flow_bill(std::string date, Deadline deadline) {
  auto file = co_await bill_file(BillOf::fund_flow, std::move(date), deadline);
  if (!file) co_return file.error();
  co_return books::parse_flow_bill(*file);
}

void WechatChannel::forget_old_handles() {
  if (handles_.size() < kHandlesMax) return;
  const auto now = rail_.clock().durable();
  std::erase_if(handles_, [now](const auto& entry) { return now - entry.second.at >= kHandleLife; });
  // Still too many: what is forgotten is taken from the row again.
  if (handles_.size() >= kHandlesMax) handles_.clear();
}

// After a restart the row says what was handed out, and that it was no earlier than the intent.
WechatChannel::Handle& WechatChannel::handle_of(const PaymentIntent& intent) {
  forget_old_handles();
  Handle from_row;
  from_row.prepay_id = intent.order.prepay_id;
  from_row.code_url = intent.order.code_url;
  from_row.at = intent.created_at == UtcTime{} ? rail_.clock().durable() : intent.created_at;
  return handles_.emplace(intent.order.out_trade_no.str(), std::move(from_row)).first->second;
}

Task<Result<Confirmation>> WechatChannel::confirmation(PaymentIntent intent, Deadline deadline) {
  const bool has_code = intent.order.kind == TradeKind::qr || intent.order.kind == TradeKind::h5;
  const std::string& needed = has_code ? intent.order.code_url : intent.order.prepay_id;
  if (needed.empty()) {
    co_return Error(Errc::rail_not_found, "the rail has given nothing to pay this intent with", "intent");
  }
  if (deadline.at <= rail_.clock().now()) co_return Error(Errc::expired_before_start);
  const std::string number = intent.order.out_trade_no.str();
  const Millis life = intent.order.kind == TradeKind::h5 ? kLinkLife : kHandleLife;
  if (rail_.clock().durable() - handle_of(intent).at >= life) {
    // Same number, same bytes: the rail hands out a new one for the same order.
    auto again = co_await create_order(intent, deadline);
    if (again.outcome != Outcome::succeeded) {
      co_return Error(Errc::rail_unknown, "what the order is paid with has run out and is not renewed", "intent");
    }
  }
  Handle& handle = handle_of(intent);
  if (handle.card && rail_.clock().now() - handle.card_at < kCardLife) co_return *handle.card;
  intent.order.prepay_id = handle.prepay_id;
  intent.order.code_url = handle.code_url;
  auto made = co_await sign_for_client(std::move(intent));
  if (!made) co_return made;
  if (auto kept = handles_.find(number); kept != handles_.end()) {
    kept->second.card = *made;
    kept->second.card_at = rail_.clock().now();
  }
  co_return made;
}

Task<Result<Confirmation>> WechatChannel::sign_for_client(PaymentIntent intent) {
  Confirmation out;
  out.kind = intent.order.kind;
  if (out.kind == TradeKind::qr || out.kind == TradeKind::h5) {
    out.code_url = intent.order.code_url;
    co_return out;
  }
  const bool app = out.kind == TradeKind::app;
  out.app_id = rail_.merchant().appid;
  out.time_stamp = rail_.timestamp();
  out.nonce_str = rail_.nonce();
  // An app signs the bare prepay_id, and is handed a constant beside it.
  const std::string last = app ? intent.order.prepay_id : prepay_package(intent.order.prepay_id);
  out.package = last;
  out.sign_type = "RSA";
  if (app) {
    out.partner_id = rail_.merchant().mchid;
    out.prepay_id = intent.order.prepay_id;
    out.package = "Sign=WXPay";
  }
  auto signature = co_await rail_.sign(payment_text(out.app_id, out.time_stamp, out.nonce_str, last));
  if (!signature) co_return signature.error();
  out.pay_sign = std::move(*signature);
  co_return out;
}

Task<bool> WechatChannel::refresh_keys(Deadline deadline) {
  co_return co_await rail_.refresh_certificates(deadline);
}

Result<void> WechatChannel::reload(const WechatSettings& settings) {
  LoadedKeys loaded = load_keys(settings);
  if (!loaded.mistakes.empty()) return loaded.mistakes.front();
  if (auto taken = rail_.reload(std::move(loaded.keys)); !taken) return taken;
  log::info("rail.keys_reloaded", {{"platform_keys", rail_.verifier().keys().size()}});
  return success();
}

void WechatChannel::watch_ends(Metrics& metrics) {
  const auto now = rail_.clock().wall();
  for (const auto& [serial, end] : rail_.ends()) {
    const auto days = std::chrono::floor<std::chrono::days>(end - now).count();
    metrics.set(kDaysLeft, {{"serial", serial}}, static_cast<std::uint64_t>(std::max<std::int64_t>(days, 0)));
    if (days <= kWarnDays) log::warn("rail.certificate_ends", {{"serial", serial}, {"days_left", days}});
  }
}

Task<void> WechatChannel::run(Metrics& metrics) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  auto poll_at = rail_.clock().now() + RailClient::kCertificatePoll;
  while (true) {
    watch_ends(metrics);
    auto wake = rail_.clock().now() + kWatchEvery;
    auto slept = co_await rail_.clock().sleep_until(wake);
    if (!slept) co_return;
    if (rail_.clock().now() < poll_at) continue;
    poll_at = rail_.clock().now() + RailClient::kCertificatePoll;
    // An account with a public key alone has no certificates to poll.
    const auto& keys = rail_.verifier().keys().all();
    const bool certificates =
        std::any_of(keys.begin(), keys.end(), [](const auto& key) { return !key.first.starts_with("PUB_KEY_ID_"); });
    const Deadline limit = Deadline::after(rail_.clock(), std::chrono::seconds(30));
    if (certificates) (void)co_await rail_.refresh_certificates(limit);
  }
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
         facts.out_trade_no == intent.order.out_trade_no && facts.total == intent.amount &&
         (facts.attach.empty() || facts.attach == intent.id.str());
}

}  // namespace purser::wechat
