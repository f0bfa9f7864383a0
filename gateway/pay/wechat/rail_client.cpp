#include "gateway/pay/wechat/rail_client.hpp"

#include "gateway/async/backoff.hpp"
#include "gateway/async/run_on.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/pay/wechat/answers.hpp"

#include <algorithm>

namespace purser::wechat {
namespace {

constexpr Backoff kBackoff{.base = Millis(300), .factor = 3, .cap = Millis(2'000)};
constexpr std::size_t kRequestIdMax = 128;

// Nothing left the machine, and a moment later it may.
bool worth_another_try(Errc code) {
  return code == Errc::connect_failed || code == Errc::tls_failed || code == Errc::overloaded;
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

// Our signature was refused: nothing works until it is mended. Length and digest of what was signed are enough to
// compare with the rail's own diagnostics.
void log_refused_signature(std::string_view text) {
  log::error("rail.signature_refused", {{"signed_bytes", text.size()}, {"signed_sha256", crypto::sha256_hex(text)}});
}

}  // namespace

RailClient::RailClient(http::Origin origin, Merchant merchant, Keys keys, Ports ports, TimeLimits limits)
    : origin_(std::move(origin)),
      merchant_(std::move(merchant)),
      key_(std::move(keys.merchant)),
      serial_(std::move(keys.merchant_serial)),
      wanted_serial_(std::move(keys.wanted_serial)),
      apiv3_(std::move(keys.apiv3)),
      verifier_(std::move(keys.platform), ports.clock),
      ports_(ports),
      limits_(limits) {}

std::string RailClient::timestamp() const {
  return std::to_string(to_seconds(ports_.clock.wall()));
}

Task<Result<std::string>> RailClient::sign(std::string text) {
  auto job = [key = key_, text = std::move(text)] { return key.sign(text); };
  co_return co_await run_on(ports_.clock, ports_.pool, std::move(job));
}

http::Call RailClient::call_for(const Ask& ask, const RequestSignature& signature) const {
  http::Call call(origin_, ask.method, origin_.base_path + ask.target);
  call.body = ask.body;
  call.headers.emplace_back("Accept", "application/json");
  call.headers.emplace_back("User-Agent", "purser/" PURSER_VERSION);
  call.headers.emplace_back("Authorization", authorization(merchant_.mchid, serial_, signature));
  if (!ask.body.empty()) call.headers.emplace_back("Content-Type", "application/json");
  if (!wanted_serial_.empty()) call.headers.emplace_back("Wechatpay-Serial", wanted_serial_);
  return call;
}

Answer RailClient::read(Operation operation, Result<http::Reply> reply) const {
  Answer out;
  if (!reply) {
    out.says.code = code_of(reply.code());
    out.says.message = reply.error().message;
    out.judgement.again = worth_another_try(reply.code());
    return out;
  }
  out.says.http_status = reply->status;
  out.says.request_id = http::header(reply->headers, "Request-ID").substr(0, kRequestIdMax);
  const bool success = reply->status >= 200 && reply->status < 300;
  if (success) {
    // Unverified, a success is nobody's word: what happened at the rail is open.
    if (auto verdict = verifier_.verify(reply->headers, reply->body); !verdict) {
      out.says.code = code_of(verdict.code());
      out.says.message = verdict.error().message;
      return out;
    }
  }
  if (reply->status == 200 || reply->status == 204) {
    out.accepted = true;
    out.body = std::move(reply->body);
    return out;
  }
  RailError error = read_error(reply->body);
  out.judgement = judge(operation, reply->status, error.code);
  out.says.code = error.code.empty() ? std::string(code_of(Errc::rail_unknown)) : std::move(error.code);
  out.says.message = std::move(error.message);
  return out;
}

Task<Answer> RailClient::attempt(Ask ask, Deadline deadline) {
  RequestSignature signature;
  signature.nonce = nonce();
  signature.timestamp = timestamp();
  const std::string target = origin_.base_path + ask.target;
  const std::string text = request_text(ask.method, target, signature.timestamp, signature.nonce, ask.body);
  auto signed_text = co_await sign(text);
  if (!signed_text) co_return read(ask.operation, signed_text.error());
  signature.signature = std::move(*signed_text);
  http::Call call = call_for(ask, signature);
  auto reply = co_await ports_.client.send(std::move(call), deadline);
  Answer answer = read(ask.operation, std::move(reply));
  if (answer.says.code == "SIGN_ERROR") log_refused_signature(text);
  co_return answer;
}

Millis RailClient::pause(unsigned attempt) {
  std::uint32_t jitter = 0;
  for (char c : ports_.mint.token(4)) jitter = jitter * 31 + static_cast<unsigned char>(c);
  return kBackoff.delay(attempt, jitter % 1024);
}

Task<Answer> RailClient::ask(Ask ask, Deadline deadline) {
  const Deadline limit = deadline.sooner(ports_.clock, limits_.total);
  for (unsigned attempt_no = 0;; ++attempt_no) {
    Ask copy = ask;
    auto answer = co_await attempt(std::move(copy), limit.sooner(ports_.clock, limits_.attempt));
    log_answer(ask, attempt_no, answer);
    if (!answer.judgement.again || attempt_no + 1 >= kAttemptsMax) co_return answer;
    const auto wake = ports_.clock.now() + pause(attempt_no);
    if (wake >= limit.at) co_return answer;
    auto slept = co_await ports_.clock.sleep_until(wake);
    if (!slept) co_return answer;
  }
}

}  // namespace purser::wechat
