#include "gateway/sandbox/webhooks.hpp"

#include "gateway/crypto/aead.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/sandbox/twists.hpp"

#include <algorithm>

namespace purser::sandbox {
namespace {

// An attempt that fails later than this after it was due does so because the clock was moved: the ladder goes on from
// here, so that a day's move plays all of it.
constexpr std::chrono::minutes kAttemptMost{1};

// "1a2b3c4d-....": the form in which the rail writes ids.
std::string uuid(Mint& mint) {
  auto text = hex(mint, 32);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? char(c + 32) : c; });
  for (std::size_t at : {8, 13, 18, 23}) text.insert(at, "-");
  return text;
}

}  // namespace

std::string_view to_string(NoticeState state) {
  switch (state) {
    case NoticeState::waiting:
      return "waiting";
    case NoticeState::sending:
      return "sending";
    case NoticeState::delivered:
      return "delivered";
    case NoticeState::given_up:
      return "given_up";
    case NoticeState::lost:
      return "lost";
  }
  return {};
}

void WebhookQueue::add(std::string event_type, std::string original_type, std::string summary, std::string url,
                       json plain, UtcTime now) {
  if (url.empty()) return;
  Notice notice;
  notice.id = uuid(mint_);
  notice.event_type = std::move(event_type);
  notice.original_type = std::move(original_type);
  notice.summary = std::move(summary);
  notice.url = std::move(url);
  notice.out_trade_no = plain.value("out_trade_no", "");
  notice.plain = std::move(plain);
  notice.created = now;
  notice.due = now;
  notices_.push_back(std::move(notice));
}

std::vector<Delivery> WebhookQueue::take_due(const Moment& now) {
  std::vector<Delivery> out;
  for (auto& notice : notices_) {
    if (notice.state == NoticeState::waiting && notice.due <= now.life) take(notice, now, out);
  }
  return out;
}

void WebhookQueue::take(Notice& notice, const Moment& now, std::vector<Delivery>& out) {
  auto fault = faults_.next(RailCall::webhook, notice.out_trade_no);
  if (is(fault, FaultKind::delay)) {
    // Put off, not tried: its next turn is another occurrence for the script, and the same attempt for the ladder.
    notice.due = now.life + fault->delay;
    return;
  }
  notice.attempts.push_back({now.life, fault ? std::string(to_string(fault->kind)) : "", ""});
  if (is(fault, FaultKind::lost)) {
    notice.state = NoticeState::lost;
    return;
  }
  if (is(fault, FaultKind::drop)) {
    fail(notice, "dropped", now.life);
    return;
  }
  notice.state = NoticeState::sending;
  out.push_back(make(notice, fault, now));
  if (is(fault, FaultKind::duplicate)) {
    auto twin = make(notice, fault, now);
    twin.reports = false;
    out.push_back(std::move(twin));
  }
}

std::string WebhookQueue::envelope(const Notice& notice, const std::optional<Fault>& fault) {
  auto plain = notice.plain;
  if (fault) twist_state(plain, fault->kind, mint_);
  auto nonce = mint_.token(12);
  auto sealed = crypto::aes_gcm_seal(credentials_.apiv3_key, nonce, notice.original_type, plain.dump()).value();
  if (is(fault, FaultKind::bad_ciphertext)) {
    auto raw = crypto::base64_decode(sealed).value();
    raw.back() = static_cast<char>(raw.back() ^ 1);
    sealed = crypto::base64_encode(raw);
  }
  return json{{"id", notice.id},
              {"create_time", format_time_china(notice.created)},
              {"event_type", notice.event_type},
              {"resource_type", "encrypt-resource"},
              {"summary", notice.summary},
              {"resource",
               {{"algorithm", "AEAD_AES_256_GCM"},
                {"original_type", notice.original_type},
                {"ciphertext", sealed},
                {"associated_data", notice.original_type},
                {"nonce", nonce}}}}
      .dump();
}

std::string_view WebhookQueue::serial_for(const std::optional<Fault>& fault) {
  bool certificate = settings_.callback_key == CallbackKey::certificate;
  if (settings_.callback_key == CallbackKey::as_asked) certificate = certificate_asked_;
  if (settings_.callback_key == CallbackKey::alternate) certificate = signed_ % 2 == 1;
  ++signed_;
  if (is(fault, FaultKind::other_key)) certificate = !certificate;
  return certificate ? std::string_view(credentials_.platform_certificate.serial()) : credentials_.public_key_id;
}

Delivery WebhookQueue::make(const Notice& notice, const std::optional<Fault>& fault, const Moment& now) {
  Delivery out;
  out.notice_id = notice.id;
  out.url = notice.url;
  out.body = envelope(notice, fault);
  out.ack_lost = is(fault, FaultKind::ack_lost);
  auto twist = fault ? twist_of(fault->kind) : Twist::none;
  out.headers = signature_headers(credentials_, serial_for(fault), out.body, now.wall, mint_, twist);
  if (is(fault, FaultKind::tampered)) tamper(out.body);
  out.headers.emplace_back("User-Agent", "Mozilla/4.0");
  out.headers.emplace_back("Content-Type", "application/json");
  out.headers.emplace_back("Accept", "*/*");
  return out;
}

void WebhookQueue::report(const Delivery& delivery, const std::string& result, UtcTime now) {
  if (!delivery.reports) return;
  auto found =
      std::find_if(notices_.begin(), notices_.end(), [&](const Notice& n) { return n.id == delivery.notice_id; });
  // Gone after a reset.
  if (found == notices_.end() || found->state != NoticeState::sending) return;
  bool accepted = !delivery.ack_lost && (result == "200" || result == "204");
  if (!accepted) return fail(*found, result, now);
  found->attempts.back().result = result;
  found->state = NoticeState::delivered;
}

void WebhookQueue::fail(Notice& notice, const std::string& result, UtcTime now) {
  notice.attempts.back().result = result;
  auto retries = notice.attempts.size() - 1;
  if (retries >= kLadder.size()) {
    notice.state = NoticeState::given_up;
    return;
  }
  notice.state = NoticeState::waiting;
  notice.due = std::min(now, notice.due + kAttemptMost) + kLadder[retries];
}

std::optional<UtcTime> WebhookQueue::next_due() const {
  std::optional<UtcTime> next;
  for (const auto& notice : notices_) {
    if (notice.state == NoticeState::waiting && (!next || notice.due < *next)) next = notice.due;
  }
  return next;
}

}  // namespace purser::sandbox
