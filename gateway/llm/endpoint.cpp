#include "gateway/llm/endpoint.hpp"

#include "gateway/compress/gzip.hpp"
#include "gateway/llm/wire_answer.hpp"
#include "gateway/llm/wire_stream.hpp"
#include "gateway/telemetry/trace.hpp"

#include <algorithm>
#include <charconv>

namespace purser::llm {
namespace {

// After the model's last word: for the count of what it used, and the end of the stream.
constexpr Millis kTrailerTimeMax{1'000};

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

// A request that brought no reply, or not all of it, in the words of the port.
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

// Asking a model moves nothing, so a broken connection is no reason to give up. One that stayed silent for a whole
// attempt is not given another; somebody else is faster.
AttemptEnd end_of(const Error& lost) {
  switch (lost.code) {
    case Errc::connect_failed:
    case Errc::connection_lost:
    case Errc::reply_malformed:
      return AttemptEnd::transient;
    case Errc::canceled:
      return AttemptEnd::left;
    case Errc::timed_out:
    case Errc::expired_before_start:
      return AttemptEnd::silent;
    default:
      return AttemptEnd::down;
  }
}

AttemptEnd end_of(const Reading& reading) {
  if (reading.answer) return AttemptEnd::answered;
  if (reading.answer.code() == Errc::model_refused) return AttemptEnd::refused;
  if (reading.too_long) return AttemptEnd::too_long;
  if (reading.users) return AttemptEnd::user_error;
  if (reading.asked_wrongly) return AttemptEnd::asked_wrongly;
  if (reading.answer.code() == Errc::model_rate_limited) return AttemptEnd::limited;
  return reading.transient ? AttemptEnd::transient : AttemptEnd::down;
}

}  // namespace

bool decides(const Attempt& attempt) {
  return attempt.answer.ok() || attempt.end == AttemptEnd::refused || attempt.end == AttemptEnd::user_error;
}

Millis wait_wished(const http::Headers& headers, UtcTime now) {
  if (const auto exact = http::header(headers, "retry-after-ms"); !exact.empty())
    if (auto seconds = seconds_text(exact)) return *seconds / 1000;
  const auto wish = http::header(headers, "retry-after");
  if (wish.empty()) return Millis(-1);
  if (auto seconds = seconds_text(wish)) return *seconds;
  if (auto date = http_date(wish)) return std::max(Millis(0), *date - now);
  return Millis(-1);
}

// Reads the reply while it comes, and says how long the next piece of it may take.
class Endpoint::Sink final : public http::ReplySink {
 public:
  Sink(Prepared question, const EndpointLimits& limits, Clock& clock)
      : reader(std::move(question.asked), WireLimits(), limits.reply_bytes_max),
        limits_(limits),
        streamed_(question.streamed),
        words_(question.words),
        clock_(clock),
        begun_(clock.now()),
        progress_(clock.now()) {}

  void head(int status_code, const http::Headers& head_fields) override {
    status = status_code;
    headers = head_fields;
    reader.begin(status, http::header(headers, "content-type"));
    const auto coding = http::header(headers, "content-encoding");
    if (coding == "gzip" || coding == "x-gzip" || coding == "deflate") {
      unpacker_.emplace(limits_.reply_bytes_max);
    } else if (!coding.empty() && coding != "identity") {
      reader.spoil("the answer is packed in a way that was not asked for");
    }
  }
  bool piece(std::string_view bytes) override {
    if (!reader.feed(unpacked(bytes))) return !reader.done();
    tell_words();
    progress_ = clock_.now();
    if (first_token < Millis(0)) first_token = std::chrono::duration_cast<Millis>(progress_ - begun_);
    return !reader.done();
  }
  // A provider that keeps the line busy with comments or blank lines is waited for no longer than a silent one.
  Clock::time_point limit() const override {
    if (!streamed_) return Clock::time_point::max();
    if (first_token < Millis(0)) return begun_ + limits_.first_token_time_max;
    return progress_ + (reader.ended() ? std::min(kTrailerTimeMax, limits_.gap_time_max) : limits_.gap_time_max);
  }

  StreamReader reader;
  int status = 0;
  http::Headers headers;
  Millis first_token{-1};

 private:
  void tell_words() {
    const std::string_view all = reader.text();
    if (words_ == nullptr || told_ == all.size()) return;
    words_->words(all.substr(told_), reader.model());
    told_ = all.size();
  }

  // Nobody is asked to pack an answer; some proxies do it all the same.
  std::string_view unpacked(std::string_view bytes) {
    if (!unpacker_ || reader.done()) return bytes;
    text_.clear();
    auto read = unpacker_->feed(bytes, text_);
    if (!read) reader.spoil(read.error().message);
    return text_;
  }

  EndpointLimits limits_;
  std::optional<compress::Unpacker> unpacker_;
  std::string text_;  // of the piece at hand
  bool streamed_;
  WordsSink* words_;
  std::size_t told_ = 0;
  Clock& clock_;
  Clock::time_point begun_;
  Clock::time_point progress_;
};

Endpoint::Endpoint(const ModelSetup& model, const ProviderSetup& provider, http::Origin origin, EndpointLimits limits,
                   http::Client& client, Clock& clock, Transcript& past)
    : model_(model),
      provider_(provider),
      origin_(std::move(origin)),
      limits_(limits),
      client_(client),
      clock_(clock),
      past_(past) {}

Result<std::unique_ptr<Endpoint>> Endpoint::make(const ModelSetup& model, const ProviderSetup& provider,
                                                 EndpointLimits limits, http::Client& client, Clock& clock,
                                                 Transcript& past) {
  auto origin = http::Origin::parse(provider.base_url);
  if (!origin)
    return Error(Errc::config_bad_value, provider.name + ": base_url: " + origin.error().message, "llm.base_url");
  return std::unique_ptr<Endpoint>(new Endpoint(model, provider, std::move(*origin), limits, client, clock, past));
}

Result<Prepared> Endpoint::prepare(const ModelRequest& request) const {
  WireStyle style;
  style.model = model_.id;
  style.output_tokens_max = model_.output_tokens_max;
  if (request.output_tokens_max > 0)
    style.output_tokens_max = std::min(request.output_tokens_max, model_.output_tokens_max);
  style.legacy_max_tokens = provider_.legacy_max_tokens;
  style.parallel_tool_calls_field = provider_.parallel_field;
  style.stream = model_.streaming && !request.whole;
  style.usage_option = provider_.usage_option;
  style.prefill = model_.prefill;
  style.strict = model_.strict;
  style.nine_letter_ids = provider_.nine_letter_ids;
  style.thought_signatures = provider_.thought_signatures;
  style.reasoning_with_calls = provider_.reasoning_back == ReasoningBack::with_calls;
  style.extra_body_json = provider_.extra_body_json;
  style.provider = provider_.name;
  style.past = &past_;
  auto body = build_request(request, style);
  if (!body) return body.error();
  Prepared out;
  out.body = std::move(*body);
  out.asked.model = model_.id;
  out.asked.message_count = request.messages.size();
  out.asked.request_bytes = out.body.size();
  out.streamed = style.stream;
  out.words = request.words;
  out.scope = request.scope;
  out.traceparent = request.traceparent;
  return out;
}

http::Call Endpoint::call_with(std::string body, bool streamed) const {
  http::Call call(origin_, "POST", origin_.base_path + "/chat/completions");
  call.headers.emplace_back("Content-Type", "application/json");
  call.headers.emplace_back("Accept", streamed ? "text/event-stream" : "application/json");
  call.headers.emplace_back("User-Agent", "purser/" PURSER_VERSION);
  for (const auto& [name, value] : provider_.headers) call.headers.emplace_back(name, value);
  if (!provider_.api_key.empty()) call.headers.emplace_back("Authorization", "Bearer " + provider_.api_key.reveal());
  call.body = std::move(body);
  return call;
}

// By the names of OpenTelemetry's GenAI conventions.
void Endpoint::tell(trace::Span& span) const {
  span.set("gen_ai.operation.name", "chat");
  span.set("gen_ai.provider.name", provider_.name);
  span.set("gen_ai.request.model", model_.id);
  span.set("server.address", origin_.host);
  span.set("server.port", origin_.port);
}

void Endpoint::tell_end(trace::Span& span, int status, const Attempt& attempt) {
  if (status != 0) span.set("http.response.status_code", status);
  if (!attempt.answer) {
    span.set("error.type", code_of(attempt.answer.code()));
    span.fail(code_of(attempt.answer.code()));
    return;
  }
  constexpr std::string_view kFinishes[] = {"stop", "tool_calls", "length", "content_filter", "other"};
  span.set("gen_ai.response.model", attempt.answer->model);
  span.set("gen_ai.response.finish_reasons", kFinishes[static_cast<std::size_t>(attempt.answer->finish)]);
  span.set("gen_ai.usage.input_tokens", attempt.answer->usage.input_tokens);
  span.set("gen_ai.usage.output_tokens", attempt.answer->usage.output_tokens);
}

Task<Attempt> Endpoint::ask(Prepared question, Deadline deadline) {
  http::Call call = call_with(std::move(question.body), question.streamed);
  const ModelScope scope = std::move(question.scope);
  trace::Span span = trace::begin("chat " + model_.id, trace::Kind::client, trace::parse_parent(question.traceparent));
  tell(span);
  if (std::string parent = trace::header_of(span.context()); !parent.empty())
    call.headers.emplace_back("traceparent", std::move(parent));
  Sink sink(std::move(question), limits_, clock_);
  auto reply = co_await client_.stream(std::move(call), sink, deadline);
  Attempt out = judged(sink, reply);
  tell_end(span, sink.status, out);
  if (out.answer) {
    out.answer->provider = origin_.host;
    past_.remember(provider_.name, scope, *out.answer);
  }
  co_return out;
}

Attempt Endpoint::judged(Sink& sink, const Result<http::Reply>& reply) const {
  Attempt out;
  out.first_token = sink.first_token;
  out.request_id = http::header(sink.headers, "x-request-id").substr(0, 128);
  // A stream that was left open after the model's last word is complete.
  const bool whole = reply || (sink.reader.ended() && reply.code() == Errc::timed_out);
  if (!whole && !sink.reader.ended()) {
    out.end = end_of(reply.error());
    out.answer = in_model_words(reply.error());
    if (sink.reader.begun() && out.end == AttemptEnd::transient)
      out.answer = Error(Errc::model_truncated, "the stream was cut before the answer's end");
    // Who was asked and fell silent, or was left, may have read it all the same.
    if (sink.reader.begun() || out.end == AttemptEnd::silent || out.end == AttemptEnd::left)
      out.used = sink.reader.usage_so_far();
    return out;
  }
  const Usage guessed = sink.reader.usage_so_far();
  Reading reading = sink.reader.finish(whole);
  out.answer = std::move(reading.answer);
  out.end = end_of(reading);
  out.nested = reading.nested;
  out.unclear = std::move(reading.unclear);
  if (out.answer) return out;
  if (sink.status == 200) out.used = reading.used.value_or(guessed);
  const auto should = http::header(sink.headers, "x-should-retry");
  // The provider knows its own state better than the status tells, but a wrong question stays wrong.
  if (should == "true" && out.end == AttemptEnd::down) out.end = AttemptEnd::transient;
  if (should == "false") out.give_up = true;
  out.wished = wait_wished(sink.headers, clock_.wall());
  return out;
}

}  // namespace purser::llm
