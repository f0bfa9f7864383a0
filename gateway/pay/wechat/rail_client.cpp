#include "gateway/pay/wechat/rail_client.hpp"

#include "gateway/async/backoff.hpp"
#include "gateway/async/run_on.hpp"
#include "gateway/async/with_timeout.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/pay/wechat/answers.hpp"
#include "gateway/pay/wechat/certificates.hpp"

#include <algorithm>
#include <charconv>

namespace purser::wechat {
namespace {

constexpr Backoff kBackoff{.base = Millis(300), .factor = 3, .cap = Millis(2'000)};
constexpr std::size_t kRequestIdMax = 128;
constexpr Millis kUnsignedRestMax{5'000};

// Nothing left the machine, and a moment later it may. A question may be asked again also when its answer was lost.
bool worth_another_try(const Ask& ask, Errc code) {
  return code == Errc::connect_failed || code == Errc::tls_failed || code == Errc::overloaded ||
         (ask.method == "GET" && code == Errc::connection_lost);
}

// Whether the rail may have carried out what it answered so. "Slow down" it has not.
bool may_be_done(const Answer& answer) {
  return answer.says.http_status != 0 && answer.says.http_status != 429;
}

void log_answer(const Ask& ask, unsigned attempt, const Answer& answer) {
  const bool probe = answer.says.code == code_of(Errc::signature_probe);
  const auto level = answer.accepted || probe ? log::Level::info : log::Level::warn;
  log::write(level, "rail.answer",
             {{"operation", to_string(ask.operation)},
              {"number", ask.number},
              {"attempt", attempt + 1},
              {"status", answer.says.http_status},
              {"code", answer.says.code},
              {"request_id", answer.says.request_id}});
}

// Our signature was refused: nothing works until it is mended. Length, digest and the line that differs are enough to
// find out why, and give nothing away.
void log_refused_signature(std::string_view text, std::string_view answer, const std::string& message) {
  // "4 31 10 32 120": bytes of method, url, timestamp, nonce and body.
  std::string lines;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    lines += (lines.empty() ? "" : " ") + std::to_string(end);
    rest.remove_prefix(end + 1);
  }
  log::error("rail.signature_refused", {{"message", message},
                                        {"signed_bytes", text.size()},
                                        {"line_bytes", lines},
                                        {"signed_sha256", crypto::sha256_hex(text)},
                                        {"differs", signature_difference(answer, text)}});
}

// "Retry-After: 30"; a date, nonsense or nothing is zero.
Millis asked_to_wait(const http::Reply& reply) {
  const auto text = http::header(reply.headers, "Retry-After");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > 3'600) return Millis(0);
  return std::chrono::seconds(seconds);
}

// Held against the certificate where there is one, so a key of another merchant is found before the rail finds it.
std::shared_ptr<OutgoingCheck> check_of(const Keys& keys) {
  return std::make_shared<OutgoingCheck>(keys.merchant_public.value_or(keys.merchant.public_half()));
}

}  // namespace

RailClient::RailClient(std::vector<http::Origin> origins, Merchant merchant, Keys keys, Ports ports, TimeLimits limits)
    : origins_(std::move(origins)),
      merchant_(std::move(merchant)),
      outgoing_(check_of(keys)),
      key_(std::move(keys.merchant)),
      serial_(std::move(keys.merchant_serial)),
      wanted_serial_(std::move(keys.wanted_serial)),
      apiv3_(std::move(keys.apiv3)),
      verifier_(std::move(keys.platform), ports.clock),
      ports_(ports),
      limits_(limits),
      ends_(std::move(keys.ends)) {}

Result<void> RailClient::show(const http::ClientIdentity& identity) {
  if (identity.certificate_pem.empty()) return success();
  for (const http::Origin& origin : origins_) {
    if (origin.scheme != "https") continue;
    if (auto shown = ports_.client.present(origin, identity); !shown) return shown;
  }
  return success();
}

Result<void> RailClient::reload(Keys keys) {
  // A serial names one certificate, and that has one key. Where the certificate is configured it was held against both;
  // without it this is all that can be known before the rail refuses every call.
  if (keys.merchant_serial == serial_ && !keys.merchant_public && !keys.merchant.same_as(key_)) {
    return Error(Errc::config_bad_value,
                 "wechat.merchant_key_pem: another key cannot stand under the same wechat.merchant_serial; renew the "
                 "serial with it, or name the certificate in wechat.merchant_certificate_file",
                 "wechat.merchant_key_pem");
  }
  if (auto shown = show(keys.shown); !shown) return shown;
  outgoing_ = check_of(keys);
  key_ = std::move(keys.merchant);
  serial_ = std::move(keys.merchant_serial);
  wanted_serial_ = std::move(keys.wanted_serial);
  apiv3_ = std::move(keys.apiv3);
  for (const auto& [serial, key] : fetched_.all()) keys.platform.add(serial, key);
  for (const auto& [serial, end] : ends_) {
    if (fetched_.find(serial) != nullptr) keys.ends.emplace(serial, end);
  }
  verifier_.keys() = std::move(keys.platform);
  ends_ = std::move(keys.ends);
  return success();
}

std::string RailClient::sealing_serial() const {
  if (!wanted_serial_.empty()) return wanted_serial_;
  const std::string* newest = nullptr;
  for (const auto& [serial, end] : ends_)
    if (verifier_.keys().find(serial) != nullptr && (newest == nullptr || end > ends_.at(*newest))) newest = &serial;
  return newest == nullptr ? std::string() : *newest;
}

Result<std::string> RailClient::seal(std::string_view plain) const {
  const auto* key = verifier_.keys().find(sealing_serial());
  if (key == nullptr) return Error(Errc::key_malformed, "no key of the rail is configured to encrypt with");
  return key->encrypt_oaep(plain);
}

std::string RailClient::timestamp() const {
  return std::to_string(to_seconds(ports_.clock.wall()));
}

Task<Result<std::string>> RailClient::sign(std::string text) {
  const auto began = ports_.clock.now();
  if (!ports_.clock.works_inline() && half_time_.rested(began)) {
    auto signature = key_.sign(text);
    half_time_.worked(began, ports_.clock.now());
    co_return signature;
  }
  auto job = [key = key_, text = std::move(text)] { return key.sign(text); };
  co_return co_await run_on(ports_.clock, ports_.pool, std::move(job));
}

http::Call RailClient::call_for(const http::Origin& origin, const Ask& ask, std::string authorized) const {
  http::Call call(origin, ask.method, origin.base_path + ask.target);
  call.body = ask.body;
  call.headers.emplace_back("Accept", "application/json");
  call.headers.emplace_back("User-Agent", "purser/" PURSER_VERSION);
  call.headers.emplace_back("Authorization", std::move(authorized));
  if (!ask.body.empty()) call.headers.emplace_back("Content-Type", "application/json");
  // It names the key that fields are sealed with, too.
  const std::string serial = ask.sealed ? sealing_serial() : wanted_serial_;
  if (!serial.empty()) call.headers.emplace_back("Wechatpay-Serial", serial);
  return call;
}

Answer RailClient::read(const Ask& ask, const Result<http::Reply>& reply) const {
  Answer out;
  if (!reply) {
    out.says.code = code_of(reply.code());
    out.says.message = reply.error().message;
    out.judgement.again = worth_another_try(ask, reply.code());
    return out;
  }
  out.says.http_status = reply->status;
  out.says.request_id = http::header(reply->headers, "Request-ID").substr(0, kRequestIdMax);
  const Result<void> verdict = ask.vouched ? purser::success() : verifier_.verify(reply->headers, reply->body);
  out.says.vouched = verdict.ok();
  const bool success = reply->status >= 200 && reply->status < 300;
  if (success && !verdict) {
    // Unverified, a success is nobody's word: what happened at the rail is open.
    out.says.code = code_of(verdict.code());
    out.says.message = verdict.error().message;
    return out;
  }
  if (reply->status == 200 || reply->status == 204) {
    out.accepted = true;
    out.body = reply->body;
    return out;
  }
  RailError error = read_error(reply->body);
  out.judgement = judge(ask.operation, reply->status, error.code);
  out.says.code = error.code.empty() ? std::string(code_of(Errc::rail_unknown)) : std::move(error.code);
  out.says.message = std::move(error.message);
  return out;
}

// What an answer means for the calls after it.
void RailClient::learn(const Ask& ask, const Result<http::Reply>& reply, const Answer& answer) {
  const auto now = ports_.clock.now();
  if (reply.ok() && reply->status == 429) {
    // Anybody on the way can say "come back in an hour"; unsigned, it is heeded as a hint.
    const Millis wished = asked_to_wait(*reply);
    budget_.rest(ask.operation, now, answer.says.vouched ? wished : std::min(wished, kUnsignedRestMax));
  }
  if (ask.operation == Operation::refund && answer.says.http_status >= 400) budget_.refund_failed(now);
}

Task<Answer> RailClient::attempt(Ask ask, Deadline deadline) {
  const std::size_t used = current_;
  const http::Origin origin = origins_[used];
  RequestSignature signature;
  signature.nonce = nonce();
  signature.timestamp = timestamp();
  const std::string target = origin.base_path + ask.target;
  const std::string text = request_text(ask.method, target, signature.timestamp, signature.nonce, ask.body);
  // Kept over the signing: a reload in between must not put one key's number on the other's signature.
  const std::string serial = serial_;
  const auto outgoing = outgoing_;
  auto signed_text = co_await sign(text);
  if (!signed_text) co_return read(ask, signed_text.error());
  signature.signature = std::move(*signed_text);
  Result<void> fit = Error(Errc::key_malformed, "the merchant's key has no public half", "signature");
  if (outgoing) fit = outgoing->take(text, signature, ports_.clock.wall());
  if (!fit) {
    log::error("rail.request_held_back", {{"code", fit.code()}, {"message", fit.error().message}});
    co_return read(ask, fit.error());
  }
  http::Call call = call_for(origin, ask, authorization(merchant_.mchid, serial, signature));
  call.once = true;  // its nonce and timestamp are good for one
  auto reply = co_await ports_.client.send(std::move(call), deadline);
  Answer answer = read(ask, reply);
  if (answer.says.code == code_of(Errc::unknown_serial) && reply.ok()) {
    const bool fresh = co_await refresh_certificates(deadline);
    if (fresh) answer = read(ask, reply);
  }
  learn(ask, reply, answer);
  // Nothing was sent: the other address may be reached. A status is the rail's word, whatever the address.
  const bool unreachable = !reply.ok() && (reply.code() == Errc::connect_failed || reply.code() == Errc::tls_failed);
  if (unreachable && current_ == used) current_ = (used + 1) % origins_.size();
  if (answer.says.code == "SIGN_ERROR" && reply.ok()) log_refused_signature(text, reply->body, answer.says.message);
  co_return answer;
}

Task<bool> RailClient::refresh_certificates(Deadline deadline) {
  if (fetching_) {
    auto told = fetching_;  // asked for by somebody who may wait longer
    auto fresh = co_await with_timeout(ports_.clock, told->get(), deadline);
    co_return fresh.ok() && *fresh;
  }
  const auto now = ports_.clock.now();
  if (fetched_at_ && now - *fetched_at_ < kCertificateGap) co_return false;
  fetched_at_ = now;
  auto executor = co_await asio::this_coro::executor;
  auto told = std::make_shared<OneShot<bool>>(executor);
  fetching_ = told;
  co_await fetch_certificates(told, deadline);
  auto fresh = co_await told->get();
  co_return fresh.ok() && *fresh;
}

Task<void> RailClient::fetch_certificates(std::shared_ptr<OneShot<bool>> told, Deadline deadline) {
  // Whoever waits is let go however this ends, also when the one who asked first is canceled.
  struct Release {
    RailClient& self;
    OneShot<bool>& told;
    ~Release() {
      told.set(false);
      self.fetching_.reset();
    }
  };
  const Release release{*this, *told};
  Ask ask(Operation::certificates, "GET", std::string(kCertificatesPath), {}, {});
  ask.vouched = true;
  auto answer = co_await this->ask(std::move(ask), deadline);
  if (!answer.accepted) co_return;
  auto list = read_certificates(answer.body, apiv3_);
  if (!list) {
    log::error("rail.certificates_unusable", {{"code", list.code()}, {"why", list.error().message}});
    co_return;
  }
  bool fresh = false;
  for (const auto& certificate : *list) {
    fresh = fresh || verifier_.keys().find(certificate.serial()) == nullptr;
    verifier_.keys().add(certificate.serial(), certificate.key());
    fetched_.add(certificate.serial(), certificate.key());
    ends_[certificate.serial()] = certificate.not_after();
  }
  log::info("rail.certificates", {{"count", list->size()}, {"new", fresh}});
  told->set(fresh);
}

Millis RailClient::pause(unsigned attempt) {
  std::uint32_t jitter = 0;
  for (char c : ports_.mint.token(4)) jitter = jitter * 31 + static_cast<unsigned char>(c);
  return kBackoff.delay(attempt, jitter % 1024);
}

Task<Answer> RailClient::ask(Ask ask, Deadline deadline) {
  const Deadline limit = deadline.sooner(ports_.clock, limits_.total);
  Answer answer;
  answer.says.code = code_of(Errc::rate_limited);
  answer.says.message = "kept back: the rail takes no more calls of this kind now";
  bool doubted = false;
  auto wake = ports_.clock.now();
  for (unsigned attempt_no = 0;; ++attempt_no) {
    wake = budget_.ready(ask.operation, wake);
    const bool waits = wake > ports_.clock.now();
    if (waits && wake >= limit.at) co_return answer;
    if (waits) {
      auto slept = co_await ports_.clock.sleep_until(wake);
      if (!slept) co_return answer;
    }
    budget_.spend(ask.operation, ports_.clock.now());
    Ask copy = ask;
    answer = co_await attempt(std::move(copy), limit.sooner(ports_.clock, limits_.attempt));
    answer.says.doubted = doubted;
    doubted = doubted || may_be_done(answer);
    log_answer(ask, attempt_no, answer);
    if (!answer.judgement.again || attempt_no + 1 >= kAttemptsMax) co_return answer;
    wake = ports_.clock.now() + pause(attempt_no);
    if (wake >= limit.at) co_return answer;
  }
}

}  // namespace purser::wechat
