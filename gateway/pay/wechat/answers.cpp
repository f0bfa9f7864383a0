#include "gateway/pay/wechat/answers.hpp"

#include "gateway/pay/wechat/json_reader.hpp"

#include <algorithm>

namespace purser::wechat {
namespace {

constexpr std::size_t kCodeMax = 64;
constexpr std::size_t kMessageBytesMax = 512;

Error malformed(std::string why) {
  return Error(Errc::reply_malformed, std::move(why));
}

TradeState trade_state(std::string_view text) {
  if (text == "NOTPAY" || text == "USERPAYING") return TradeState::not_paid;
  if (text == "SUCCESS") return TradeState::paid;
  if (text == "REFUND") return TradeState::refunded;
  if (text == "CLOSED") return TradeState::closed;
  return TradeState::other;
}

RefundEvent refund_event(std::string_view status) {
  if (status == "PROCESSING") return RefundEvent::rail_accepted;
  if (status == "SUCCESS") return RefundEvent::rail_succeeded;
  if (status == "CLOSED") return RefundEvent::rail_closed;
  if (status == "ABNORMAL") return RefundEvent::rail_abnormal;
  return RefundEvent::rail_unclear;
}

// An amount that is absent is no money at all; a currency that is absent is the rail's only one.
Result<Money> money(const JsonFields& amount, std::string_view key) {
  const auto minor = amount.integer(key);
  if (!minor) return Money();
  if (*minor < 0) return malformed(std::string(key) + " is below zero");
  const std::string code = amount.text("currency");
  if (code.empty()) return Money(*minor, Currency::cny());
  const auto currency = Currency::parse(code);
  if (!currency) return malformed("an unknown currency");
  return Money(*minor, *currency);
}

Result<UtcTime> time_of(const std::string& text) {
  if (text.empty()) return UtcTime();
  const auto time = parse_time(text);
  if (!time) return malformed("success_time is not a time");
  return *time;
}

Result<OrderFacts> order_of(const JsonDocument& document) {
  const JsonFields root = document.root();
  OrderFacts facts;
  facts.mchid = root.text("mchid");
  facts.appid = root.text("appid");
  facts.transaction_id = root.text("transaction_id");
  facts.payer_openid = root.object("payer").text("openid");
  facts.attach = root.text("attach");
  const auto number = OutTradeNo::parse(root.text("out_trade_no"));
  const std::string state = root.text("trade_state");
  const auto total = money(root.object("amount"), "total");
  const auto time = time_of(root.text("success_time"));
  if (auto good = document.check(); !good) return malformed(good.error().message);
  if (!number) return malformed("no usable out_trade_no");
  if (state.empty()) return malformed("no trade_state");
  if (!total) return total.error();
  if (!time) return time.error();
  facts.out_trade_no = *number;
  facts.state = trade_state(state);
  facts.total = *total;
  facts.success_time = *time;
  const bool was_paid = facts.state == TradeState::paid || facts.state == TradeState::refunded;
  if (was_paid && facts.transaction_id.empty()) return malformed("a paid order without transaction_id");
  return facts;
}

Result<RefundFacts> refund_of(const JsonDocument& document) {
  const JsonFields root = document.root();
  RefundFacts facts;
  const auto trade = OutTradeNo::parse(root.text("out_trade_no"));
  const auto number = OutRefundNo::parse(root.text("out_refund_no"));
  facts.rail_refund_id = root.text("refund_id");
  std::string status = root.text("status");
  if (status.empty()) status = root.text("refund_status");
  const JsonFields amount = root.object("amount");
  const auto refund = money(amount, "refund");
  const auto total = money(amount, "total");
  const auto time = time_of(root.text("success_time"));
  if (auto good = document.check(); !good) return malformed(good.error().message);
  if (!trade) return malformed("no usable out_trade_no");
  if (!number) return malformed("no usable out_refund_no");
  if (status.empty()) return malformed("no refund status");
  if (!refund) return refund.error();
  if (!total) return total.error();
  if (!time) return time.error();
  facts.out_trade_no = *trade;
  facts.out_refund_no = *number;
  facts.event = refund_event(status);
  facts.refund = *refund;
  facts.total = *total;
  facts.success_time = *time;
  return facts;
}

template <class Read>
auto parsed(std::string_view body, Read read) -> decltype(read(std::declval<const JsonDocument&>())) {
  const auto document = JsonDocument::parse(body);
  if (!document) return malformed(document.error().message);
  return read(*document);
}

bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= kCodeMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string cut(std::string text) {
  if (text.size() <= kMessageBytesMax) return text;
  std::size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not inside a character
  text.resize(end);
  return text;
}

// The envelope of a webhook, before anything in it is decrypted.
struct Envelope {
  std::string id;
  std::string event_type;
  std::string algorithm;
  std::string nonce;
  std::string associated_data;
  std::string ciphertext;
};

Result<Envelope> read_envelope(std::string_view body) {
  const auto refused = [](std::string why) { return Error(Errc::notification_malformed, std::move(why)); };
  const auto document = JsonDocument::parse(body);
  if (!document) return refused(document.error().message);
  const JsonFields root = document->root();
  const JsonFields resource = root.object("resource");
  Envelope out{root.text("id"),        root.text("event_type"),          resource.text("algorithm"),
               resource.text("nonce"), resource.text("associated_data"), resource.text("ciphertext")};
  if (auto good = document->check(); !good) return refused(good.error().message);
  if (out.id.empty() || out.id.size() > 64) return refused("no usable id");
  if (out.event_type.empty() || out.event_type.size() > 64) return refused("no usable event_type");
  if (out.ciphertext.empty()) return refused("no ciphertext");
  return out;
}

Error about(const Error& cause) {
  return Error(Errc::notification_malformed, cause.message, cause.param);
}

}  // namespace

Result<OrderHandle> read_order_handle(std::string_view body, TradeKind kind) {
  return parsed(body, [kind](const JsonDocument& document) -> Result<OrderHandle> {
    const JsonFields root = document.root();
    OrderHandle handle;
    const bool prepaid = kind == TradeKind::mini_program || kind == TradeKind::app;
    if (prepaid) handle.prepay_id = root.text("prepay_id");
    if (kind == TradeKind::qr) handle.code_url = root.text("code_url");
    if (kind == TradeKind::h5) handle.code_url = root.text("h5_url");
    if (auto good = document.check(); !good) return malformed(good.error().message);
    const std::string& needed = prepaid ? handle.prepay_id : handle.code_url;
    const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
    // It becomes a line of the pay-sign string or the text of a QR code.
    if (needed.empty() || needed.size() > 512 || !std::all_of(needed.begin(), needed.end(), printable)) {
      return malformed("no usable prepay_id, code_url or h5_url");
    }
    return handle;
  });
}

Result<OrderFacts> read_order(std::string_view body) {
  return parsed(body, order_of);
}
Result<RefundFacts> read_refund(std::string_view body) {
  return parsed(body, refund_of);
}

Outcome outcome_of(RefundEvent event) {
  switch (event) {
    case RefundEvent::rail_succeeded:
      return Outcome::succeeded;
    case RefundEvent::rail_accepted:
    case RefundEvent::rail_abnormal:
      return Outcome::pending;  // abnormal: an operator ends it, under this number
    case RefundEvent::rail_closed:
    case RefundEvent::rail_declined:
      return Outcome::declined;
    case RefundEvent::rail_unclear:
      return Outcome::unknown;
  }
  return Outcome::unknown;
}

RailError read_error(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  if (!document) return {};
  RailError out{document->root().text("code"), cut(document->root().text("message"))};
  if (!is_code(out.code)) out.code.clear();
  return out;
}

std::string signature_difference(std::string_view body, std::string_view signed_text) {
  const auto document = JsonDocument::parse(body);
  if (!document) return {};
  const JsonFields told = document->root().object("detail").object("sign_information");
  const auto length = told.integer("sign_message_length");
  const std::string theirs = told.text("truncated_sign_message");
  if (!document->check() || theirs.empty()) return {};
  // Their text is cut inside the last line, the body.
  constexpr std::string_view kLines[] = {"method", "url", "timestamp", "nonce"};
  std::string_view ours = signed_text;
  std::string_view rest = theirs;
  for (auto name : kLines) {
    const auto our_line = ours.substr(0, ours.find('\n'));
    const auto their_line = rest.substr(0, rest.find('\n'));
    if (our_line != their_line) return std::string(name);
    ours.remove_prefix(std::min(ours.size(), our_line.size() + 1));
    rest.remove_prefix(std::min(rest.size(), their_line.size() + 1));
  }
  if (length && *length != static_cast<std::int64_t>(signed_text.size())) return "body";
  return "none: the key is not that of the certificate";
}

Result<Notification> read_resource(std::string_view event_type, std::string_view plain, std::string_view mchid) {
  Notification out;
  out.event_type = event_type;
  if (event_type.starts_with("TRANSACTION.")) {
    const auto facts = read_order(plain);
    if (!facts) return about(facts.error());
    out.order = *facts;
  } else if (event_type.starts_with("REFUND.")) {
    // An order's facts name the merchant and are compared with the intent; a refund's facts do not.
    const auto facts = parsed(plain, [mchid](const JsonDocument& document) -> Result<RefundFacts> {
      if (document.root().text("mchid") != mchid) return malformed("a refund of another merchant");
      return refund_of(document);
    });
    if (!facts) return about(facts.error());
    out.refund = *facts;
  }
  return out;
}

Result<Notification> read_notification(std::string_view body, const Secret& apiv3_key, std::string_view mchid) {
  auto envelope = read_envelope(body);
  if (!envelope) return envelope.error();
  if (envelope->algorithm != "AEAD_AES_256_GCM")
    return Error(Errc::decrypt_failed, "an unknown algorithm", "algorithm");
  auto plain = crypto::aes_gcm_open(apiv3_key, envelope->nonce, envelope->associated_data, envelope->ciphertext);
  if (!plain) return plain.error();
  auto out = read_resource(envelope->event_type, *plain, mchid);
  if (!out) return out.error();
  out->id = std::move(envelope->id);
  out->plain = std::move(*plain);
  return out;
}

}  // namespace purser::wechat
