#include "tests/support/fake_channel.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace purser::test {
namespace {

using nlohmann::json;

template <class T>
T take(std::deque<T>& script, T otherwise) {
  if (script.empty()) return otherwise;
  T first = std::move(script.front());
  script.pop_front();
  return first;
}

// Not a signature: it only changes with the body.
std::string seal(std::string_view body) {
  return "v1-" + std::to_string(std::hash<std::string_view>{}(body));
}

json money_json(Money amount) {
  return json{{"minor", amount.minor()}, {"currency", std::string(amount.currency().code())}};
}

Money money_from(const json& value) {
  auto currency = Currency::parse(value.at("currency").get<std::string>());
  return Money(value.at("minor").get<std::int64_t>(), currency ? *currency : Currency());
}

OrderFacts order_from(const json& value) {
  OrderFacts facts;
  facts.mchid = value.at("mchid");
  facts.appid = value.at("appid");
  facts.out_trade_no = OutTradeNo::trusted(value.at("out_trade_no"));
  facts.transaction_id = value.at("transaction_id");
  facts.state = static_cast<TradeState>(value.at("state").get<int>());
  facts.total = money_from(value.at("total"));
  facts.payer_openid = value.at("openid");
  facts.attach = value.at("attach");
  facts.success_time = from_millis(value.at("success_time"));
  return facts;
}

RefundFacts refund_from(const json& value) {
  RefundFacts facts;
  facts.out_trade_no = OutTradeNo::trusted(value.at("out_trade_no"));
  facts.out_refund_no = OutRefundNo::trusted(value.at("out_refund_no"));
  facts.rail_refund_id = value.at("refund_id");
  facts.event = static_cast<RefundEvent>(value.at("event").get<int>());
  facts.refund = money_from(value.at("refund"));
  facts.total = money_from(value.at("total"));
  facts.success_time = from_millis(value.at("success_time"));
  return facts;
}

}  // namespace

std::size_t FakeChannel::count(std::string_view method) const {
  return static_cast<std::size_t>(
      std::count_if(calls.begin(), calls.end(), [&](const RailCall& c) { return c.method == method; }));
}

std::vector<std::string> FakeChannel::order_of_calls() const {
  std::vector<std::string> lines;
  for (const RailCall& call : calls) lines.push_back(call.method + ' ' + call.number);
  return lines;
}

OrderFacts FakeChannel::facts_of(const PaymentIntent& intent, TradeState state) {
  OrderFacts facts;
  facts.mchid = kMchid;
  facts.appid = kAppid;
  facts.out_trade_no = intent.order.out_trade_no;
  facts.state = state;
  facts.total = intent.amount;
  facts.payer_openid = intent.order.payer_openid;
  facts.attach = intent.id.str();
  if (state == TradeState::paid || state == TradeState::refunded) {
    facts.transaction_id = "42" + intent.order.out_trade_no.str();
    facts.success_time = intent.created_at + std::chrono::seconds(30);
  }
  return facts;
}

RefundFacts FakeChannel::facts_of(const PaymentIntent& intent, const Refund& refund, RefundEvent event) {
  RefundFacts facts;
  facts.out_trade_no = intent.order.out_trade_no;
  facts.out_refund_no = refund.out_refund_no;
  facts.rail_refund_id = "50" + refund.out_refund_no.str();
  facts.event = event;
  facts.refund = refund.amount;
  facts.total = intent.amount;
  if (event == RefundEvent::rail_succeeded) facts.success_time = refund.created_at + std::chrono::seconds(60);
  return facts;
}

QueryReply FakeChannel::query_reply(OrderFacts facts) {
  QueryReply reply;
  reply.outcome = Outcome::succeeded;
  reply.facts = std::move(facts);
  reply.says.http_status = 200;
  return reply;
}

std::string FakeChannel::plain_of(const OrderFacts& facts) {
  json value{{"kind", "order"},
             {"mchid", facts.mchid},
             {"appid", facts.appid},
             {"out_trade_no", facts.out_trade_no.str()},
             {"transaction_id", facts.transaction_id},
             {"state", static_cast<int>(facts.state)},
             {"total", money_json(facts.total)},
             {"openid", facts.payer_openid},
             {"attach", facts.attach},
             {"success_time", to_millis(facts.success_time)}};
  return value.dump();
}

std::string FakeChannel::plain_of(const RefundFacts& facts) {
  json value{{"kind", "refund"},
             {"out_trade_no", facts.out_trade_no.str()},
             {"out_refund_no", facts.out_refund_no.str()},
             {"refund_id", facts.rail_refund_id},
             {"event", static_cast<int>(facts.event)},
             {"refund", money_json(facts.refund)},
             {"total", money_json(facts.total)},
             {"success_time", to_millis(facts.success_time)}};
  return value.dump();
}

RawNotification FakeChannel::webhook(std::string_view id, std::string_view event_type, std::string_view plain) {
  json body{{"id", std::string(id)}, {"event_type", std::string(event_type)}, {"resource", std::string(plain)}};
  RawNotification raw;
  raw.body = body.dump();
  raw.headers.emplace_back("Content-Type", "application/json");
  raw.headers.emplace_back(std::string(kSignatureHeader), seal(raw.body));
  return raw;
}

Result<std::string> FakeChannel::order_body(const PaymentIntent& intent) const {
  json body{{"out_trade_no", intent.order.out_trade_no.str()},
            {"total", money_json(intent.amount)},
            {"kind", std::string(to_string(intent.order.kind))},
            {"expires_at", to_millis(intent.expires_at)}};
  return body.dump();
}

Result<std::string> FakeChannel::refund_body(const PaymentIntent& intent, const Refund& refund) const {
  json body{{"out_trade_no", intent.order.out_trade_no.str()},
            {"out_refund_no", refund.out_refund_no.str()},
            {"refund", money_json(refund.amount)},
            {"total", money_json(intent.amount)}};
  return body.dump();
}

Task<void> FakeChannel::arrived(RailCall call) {
  calls.push_back(call);
  if (before) before(call);
  if (gate) co_await gate(std::move(call));
}

OrderReply FakeChannel::default_order(const PaymentIntent& intent) const {
  OrderReply reply;
  reply.outcome = Outcome::succeeded;
  reply.says.http_status = 200;
  if (intent.order.kind == TradeKind::mini_program) {
    reply.prepay_id = "wx" + intent.order.out_trade_no.str();
  } else {
    reply.code_url = "weixin://wxpay/bizpayurl?pr=" + intent.order.out_trade_no.str();
  }
  return reply;
}

Task<OrderReply> FakeChannel::create_order(PaymentIntent intent, Deadline) {
  RailCall call("create_order", intent.order.out_trade_no.str(), intent.order.request_body);
  co_await arrived(std::move(call));
  co_return take(orders, default_order(intent));
}

Task<QueryReply> FakeChannel::query_order(OutTradeNo number, Deadline) {
  RailCall call("query_order", number.str(), "");
  co_await arrived(std::move(call));
  OrderFacts facts;
  facts.mchid = kMchid;
  facts.appid = kAppid;
  facts.out_trade_no = std::move(number);
  co_return take(queries, query_reply(std::move(facts)));
}

Task<CloseReply> FakeChannel::close_order(OutTradeNo number, Deadline) {
  RailCall call("close_order", number.str(), "");
  co_await arrived(std::move(call));
  CloseReply reply;
  reply.outcome = Outcome::succeeded;
  reply.says.http_status = 204;
  co_return take(closes, std::move(reply));
}

RefundReply FakeChannel::default_refund(const Refund& refund) {
  RefundFacts facts;
  auto body = json::parse(refund.request_body, nullptr, false);
  if (body.is_object()) {
    facts.out_trade_no = OutTradeNo::trusted(body.value("out_trade_no", ""));
    if (body.contains("total")) facts.total = money_from(body["total"]);
  }
  facts.out_refund_no = refund.out_refund_no;
  facts.rail_refund_id = "50" + refund.out_refund_no.str();
  facts.event = RefundEvent::rail_accepted;
  facts.refund = refund.amount;
  accepted_[refund.out_refund_no.str()] = facts;
  RefundReply reply;
  reply.outcome = Outcome::pending;
  reply.facts = std::move(facts);
  reply.says.http_status = 200;
  return reply;
}

Task<RefundReply> FakeChannel::refund(Refund refund, Deadline) {
  RailCall call("refund", refund.out_refund_no.str(), refund.request_body);
  co_await arrived(std::move(call));
  if (refunds.empty()) co_return default_refund(refund);
  RefundReply reply = std::move(refunds.front());
  refunds.pop_front();
  co_return reply;
}

Task<RefundReply> FakeChannel::mend_refund(Refund refund, RefundAccount account, Deadline) {
  RailCall call("mend_refund", refund.out_refund_no.str(), account.of_user ? account.number : "merchant");
  co_await arrived(std::move(call));
  if (mends.empty()) co_return default_refund(refund);
  RefundReply reply = std::move(mends.front());
  mends.pop_front();
  co_return reply;
}

Task<RefundReply> FakeChannel::query_refund(OutRefundNo number, Deadline) {
  RailCall call("query_refund", number.str(), "");
  co_await arrived(std::move(call));
  RefundReply reply;
  auto known = accepted_.find(number.str());
  if (known == accepted_.end()) {
    reply.outcome = Outcome::declined;
    reply.not_known = true;
    reply.says.http_status = 404;
  } else {
    reply.outcome = Outcome::pending;
    reply.facts = known->second;
    reply.says.http_status = 200;
  }
  co_return take(refund_queries, std::move(reply));
}

Task<Result<Confirmation>> FakeChannel::confirmation(PaymentIntent intent, Deadline) {
  RailCall call("confirmation", intent.order.out_trade_no.str(), "");
  co_await arrived(std::move(call));
  Confirmation shown;
  shown.kind = intent.order.kind;
  if (shown.kind == TradeKind::qr) {
    shown.code_url = intent.order.code_url;
  } else {
    shown.app_id = kAppid;
    shown.time_stamp = "1767607200";
    shown.nonce_str = "nonce" + std::to_string(calls.size());
    shown.package = "prepay_id=" + intent.order.prepay_id;
    shown.sign_type = "RSA";
    shown.pay_sign = "signature";
  }
  co_return take(confirmations, Result<Confirmation>(std::move(shown)));
}

Result<Notification> FakeChannel::read_notification(const RawNotification& raw) const {
  std::string signature;
  for (const auto& [name, value] : raw.headers) {
    if (name == kSignatureHeader) signature = value;
  }
  if (signature.starts_with("WECHATPAY/SIGNTEST/")) return Error(Errc::signature_probe, "a probe");
  if (signature == "stale") return Error(Errc::timestamp_skew, "the timestamp is old");
  if (signature == "unknown-serial") return Error(Errc::unknown_serial, "no key for this serial");
  if (signature != seal(raw.body)) return Error(Errc::signature_invalid, "the signature does not verify");
  auto body = json::parse(raw.body, nullptr, false);
  if (!body.is_object() || !body.contains("id") || !body.contains("event_type") || !body.contains("resource")) {
    return Error(Errc::notification_malformed, "the notification lacks a member");
  }
  std::string plain = body["resource"];
  if (plain == "sealed with another key") return Error(Errc::decrypt_failed, "the ciphertext does not authenticate");
  std::string event_type = body["event_type"];
  auto notification = parse_resource(event_type, plain);
  if (!notification) return notification.error();
  notification->id = body["id"];
  notification->plain = std::move(plain);
  return notification;
}

Result<Notification> FakeChannel::parse_resource(std::string_view event_type, std::string_view plain) const {
  Notification notification;
  notification.event_type = std::string(event_type);
  if (!event_type.starts_with("TRANSACTION.") && !event_type.starts_with("REFUND.")) return notification;
  auto resource = json::parse(plain, nullptr, false);
  if (!resource.is_object()) return Error(Errc::notification_malformed, "the resource is not an object");
  if (resource.value("kind", "") == "order") notification.order = order_from(resource);
  if (resource.value("kind", "") == "refund") notification.refund = refund_from(resource);
  return notification;
}

bool FakeChannel::matches(const OrderFacts& facts, const PaymentIntent& intent) const {
  return facts.mchid == kMchid && facts.appid == kAppid && facts.total == intent.amount &&
         facts.out_trade_no == intent.order.out_trade_no && (facts.attach.empty() || facts.attach == intent.id.str());
}

}  // namespace purser::test
