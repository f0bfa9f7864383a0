#include "gateway/llm/openai/client.hpp"

#include "gateway/async/backoff.hpp"
#include "gateway/log.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace purser {

namespace {

// Published policy of the OpenAI SDKs: half a second, doubling, at most eight; a wish above two minutes means not now.
constexpr Backoff kBackoff{Millis(500), 2, Millis(8'000)};
constexpr Millis kPatienceMax{120'000};

// "1.5" to 1500; no value for anything that is not a plain non-negative decimal. What is too large to count is a year.
std::optional<Millis> seconds_text(std::string_view text) {
  constexpr std::int64_t kYear = 31'536'000;
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (whole.empty() || whole.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t seconds = kYear;
  std::from_chars(whole.data(), whole.data() + whole.size(), seconds);  // stays as it is when the number does not fit
  seconds = std::min(seconds, kYear);
  std::int64_t thousandths = 0;
  if (point != std::string_view::npos) {
    std::int64_t unit = 100;
    for (const char c : text.substr(point + 1)) {
      if (c < '0' || c > '9') return std::nullopt;
      thousandths += (c - '0') * unit;
      unit /= 10;
    }
  }
  return Millis(seconds * 1000 + thousandths);
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that senders may use.
std::optional<UtcTime> http_date(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::string number = std::to_string(month / 3 + 1);
  const std::string iso = std::string(text.substr(12, 4)) + (number.size() == 1 ? "-0" : "-") + number + "-" +
                          std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z";
  auto time = parse_time(iso);
  if (!time) return std::nullopt;
  return *time;
}

// Whether a call that brought no reply is made again: asking a model moves nothing, so a broken connection is no
// reason to give up. One that stayed silent for a whole attempt is not given another; the fallback is faster.
bool lost(Errc code) {
  return code == Errc::connect_failed || code == Errc::connection_lost || code == Errc::reply_malformed;
}

// The same in the words of the port.
Error in_model_words(const Error& error) {
  switch (error.code) {
    case Errc::canceled:
    case Errc::timed_out:
      return error;
    case Errc::expired_before_start:
      return Error(Errc::timed_out, "no time was left to ask the model");
    case Errc::reply_malformed:
    case Errc::reply_too_large:
      return Error(Errc::model_malformed, error.message);
    default:
      return Error(Errc::model_unavailable, error.message);
  }
}

// Uniform in [0, 1024).
std::uint32_t jitter_of(Mint& mint) {
  constexpr std::uint32_t kLetters = 62;
  std::uint32_t value = 0;
  for (const char c : mint.token(3)) {
    const char first = c <= '9' ? '0' : c <= 'Z' ? 'A' : 'a';
    const std::uint32_t before = c <= '9' ? 0 : c <= 'Z' ? 10 : 36;
    value = value * kLetters + before + static_cast<std::uint32_t>(c - first);
  }
  return value * 1024U / (kLetters * kLetters * kLetters);
}

}  // namespace

Millis wait_wished(const http::Headers& headers, UtcTime now) {
  if (const auto exact = http::header(headers, "retry-after-ms"); !exact.empty())
    if (auto seconds = seconds_text(exact)) return *seconds / 1000;
  const auto wish = http::header(headers, "retry-after");
  if (wish.empty()) return Millis(-1);
  if (auto seconds = seconds_text(wish)) return *seconds;
  if (auto date = http_date(wish)) return std::max(Millis(0), *date - now);
  return Millis(-1);
}

OpenAiModel::OpenAiModel(ModelSettings settings, http::Origin origin, http::Client& client, Clock& clock, Mint& mint)
    : settings_(std::move(settings)), origin_(std::move(origin)), client_(client), clock_(clock), mint_(mint) {}

Result<std::unique_ptr<OpenAiModel>> OpenAiModel::make(const ModelSettings& settings, http::Client& client,
                                                       Clock& clock, Mint& mint) {
  auto origin = http::Origin::parse(settings.base_url);
  if (!origin) return Error(Errc::config_bad_value, "model.base_url: " + origin.error().message, "model.base_url");
  return std::unique_ptr<OpenAiModel>(new OpenAiModel(settings, std::move(*origin), client, clock, mint));
}

Millis OpenAiModel::pause(const Attempt& failed, int attempts_made) {
  if (failed.wait > Millis(0)) return failed.wait;
  return kBackoff.delay(static_cast<unsigned>(attempts_made - 1), jitter_of(mint_));
}

Task<Result<ModelAnswer>> OpenAiModel::ask(ModelRequest request, Deadline deadline) {
  llm::WireStyle style;
  style.model = settings_.model;
  style.output_tokens_max = settings_.output_tokens_max;
  style.legacy_max_tokens = settings_.legacy_max_tokens;
  style.parallel_tool_calls_field = settings_.parallel_tool_calls_field;
  auto body = llm::build_request(request, style);
  if (!body) co_return body.error();
  llm::Asked asked;
  asked.model = settings_.model;
  asked.message_count = request.messages.size();
  asked.request_bytes = body->size();

  const Deadline limit = deadline.sooner(clock_, settings_.total_time_max);
  for (int made = 1;; ++made) {
    const Deadline share = limit.sooner(clock_, settings_.attempt_time_max);
    Attempt tried = co_await attempt(*body, asked, share);
    if (tried.answer) co_return std::move(tried.answer);
    log::warn("model.attempt_failed", {{"model", settings_.model},
                                       {"attempt", made},
                                       {"code", tried.answer.code()},
                                       {"message", tried.answer.error().message}});
    if (!tried.transient || tried.give_up || made >= settings_.attempts_max) co_return std::move(tried.answer);
    const auto next = clock_.now() + pause(tried, made);
    // An attempt that could not finish is not begun.
    if (next >= limit.at) co_return std::move(tried.answer);
    auto slept = co_await clock_.sleep_until(next);
    if (!slept) co_return slept.error();
  }
}

Task<OpenAiModel::Attempt> OpenAiModel::attempt(std::string body, llm::Asked asked, Deadline deadline) {
  http::Call call(origin_, "POST", origin_.base_path + "/chat/completions");
  call.headers.emplace_back("Content-Type", "application/json");
  call.headers.emplace_back("Accept", "application/json");
  call.headers.emplace_back("User-Agent", "purser/" PURSER_VERSION);
  if (!settings_.api_key.empty()) call.headers.emplace_back("Authorization", "Bearer " + settings_.api_key.reveal());
  call.body = std::move(body);
  auto reply = co_await client_.send(std::move(call), deadline);
  Attempt out;
  if (!reply) {
    out.transient = lost(reply.code());
    out.answer = in_model_words(reply.error());
    co_return out;
  }
  if (reply->body.size() > static_cast<std::size_t>(settings_.reply_bytes_max)) {
    out.answer = Error(Errc::model_malformed, "the answer is larger than llm.reply_bytes_max");
    co_return out;
  }
  llm::WireReply read;
  read.status = reply->status;
  read.content_type = http::header(reply->headers, "content-type");
  read.body = reply->body;
  llm::Reading reading = llm::read_reply(read, asked, llm::WireLimits());
  out.answer = std::move(reading.answer);
  out.transient = reading.transient;
  if (out.answer) {
    out.answer->provider = origin_.host;
    co_return out;
  }
  const auto should = http::header(reply->headers, "x-should-retry");
  // The provider knows its own state better than the status tells, but a wrong question stays wrong.
  if (should == "true" && !reading.asked_wrongly) out.transient = true;
  if (should == "false") out.give_up = true;
  out.wait = wait_wished(reply->headers, clock_.wall());
  if (out.wait > kPatienceMax) out.give_up = true;
  co_return out;
}

}  // namespace purser
