#include "agent/api/direct_door.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/chat_answer.hpp"
#include "gateway/async/completion.hpp"
#include "gateway/async/signal.hpp"
#include "gateway/async/with_timeout.hpp"
#include "validation/money/json_gate.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <algorithm>
#include <optional>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::size_t kIdLetters = 24;
constexpr int kClientLeft = 499;  // nginx's word for it, in the log and the metrics; nobody is there to read it

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view reason_of(const ModelAnswer& answer) {
  if (!answer.calls.empty()) return "tool_calls";
  switch (answer.finish) {
    case FinishReason::length:
      return "length";
    case FinishReason::content_filter:
      return "content_filter";
    default:
      return "stop";
  }
}

json calls_of(const ModelAnswer& answer, bool numbered) {
  json calls = json::array();
  for (const ToolCall& call : answer.calls) {
    json one{{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
    if (numbered) one["index"] = calls.size();
    calls.push_back(std::move(one));
  }
  return calls;
}

json usage_of(const Usage& usage) {
  return {{"prompt_tokens", usage.input_tokens},
          {"completion_tokens", usage.output_tokens},
          {"total_tokens", usage.input_tokens + usage.output_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
          {"completion_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}}};
}

// Who answered, and what it cost.
json told_of(const ModelAnswer& answer) {
  return {{"provider", answer.provider},
          {"cost_picousd", answer.cost_picousd},
          {"usage_estimated", answer.usage.estimated}};
}

// Written without a document in between: this door is asked as often as a provider is.
std::string completion_of(const ModelAnswer& answer, const std::string& id, std::int64_t created) {
  std::string out;
  out.reserve(answer.text.size() + 512);
  const auto text_or_null = [&](const std::string& text) {
    if (text.empty()) {
      out += "null";
    } else {
      append_json_string(out, text);
    }
  };
  out.append(R"({"id":")").append(id).append(R"(","object":"chat.completion","created":)");
  out.append(std::to_string(created)).append(R"(,"model":)");
  append_json_string(out, answer.model);
  out += R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)";
  text_or_null(answer.text);
  out += R"(,"refusal":)";
  text_or_null(answer.refusal);
  if (!answer.calls.empty()) out.append(R"(,"tool_calls":)").append(text_of(calls_of(answer, false)));
  out.append(R"(},"logprobs":null,"finish_reason":")").append(reason_of(answer)).append(R"("}],"usage":)");
  out.append(text_of(usage_of(answer.usage))).append(R"(,"purser":)").append(text_of(told_of(answer)));
  return out += '}';
}

// What a client of OpenAI's API understands of a model's failure. What providers said of theirs stands in the log.
http::Response failure_of(const Error& error) {
  struct Meaning {
    int status;
    std::string_view type;
    std::string_view code;
  };
  const auto answer = [&](Meaning as) {
    const std::string message = as.status >= 500 ? std::string(meaning_of(error.code)) : error.message;
    http::Response response = http::error_response(as.status, as.type, as.code, message, {});
    if (error.code == Errc::model_rate_limited || as.status == 503) response.headers.emplace_back("Retry-After", "1");
    return response;
  };
  if (error.param == "budget") return answer({429, "insufficient_quota", "insufficient_quota"});
  if (error.param == "data_region") return answer({403, "invalid_request_error", "data_region"});
  if (error.param == "context") return answer({400, "invalid_request_error", "context_length_exceeded"});
  if (error.param == "question") return answer({400, "invalid_request_error", "refused_by_provider"});
  switch (error.code) {
    case Errc::model_refused:
      return answer({400, "invalid_request_error", "content_filter"});
    case Errc::model_rate_limited:
      return answer({429, "rate_limit_error", "rate_limit_exceeded"});
    case Errc::model_unavailable:
      return answer({503, "server_error", code_of(error.code)});
    case Errc::model_malformed:
    case Errc::model_truncated:
      return answer({502, "server_error", code_of(error.code)});
    case Errc::timed_out:
      return answer({504, "server_error", code_of(error.code)});
    default:
      return api::error_answer(error);
  }
}

// A call that the client did not offer, or that can be read in two ways, is none that it should run.
Result<ModelAnswer> fit(Result<ModelAnswer> answer, const std::vector<std::string>& tools, bool one_call) {
  if (!answer) return answer;
  const auto unfit = [](const char* why) { return Error(Errc::model_malformed, why); };
  if (one_call && answer->calls.size() > 1) return unfit("more than one call, where one was asked for");
  JsonLimits limits;
  limits.floats_allowed = true;
  for (const ToolCall& call : answer->calls) {
    if (std::find(tools.begin(), tools.end(), call.name) == tools.end())
      return unfit("a call of a tool nobody offered");
    const auto arguments = parse_strict(call.arguments, limits);
    if (!arguments || !arguments->is_object()) return unfit("arguments that are not one JSON object");
  }
  return answer;
}

std::vector<std::string> names_of(const std::vector<ToolSchema>& tools) {
  std::vector<std::string> out;
  for (const ToolSchema& tool : tools) out.push_back(tool.name);
  return out;
}

// Writes the chunks of one streamed answer.
class Chunks {
 public:
  Chunks(std::string id, std::int64_t created, bool include_usage)
      : id_(std::move(id)), created_(created), include_usage_(include_usage) {}

  std::string words(std::string_view next, std::string_view model) {
    std::string out = head(model);
    // All that differs from one chunk of words to the next are the words.
    if (before_.empty()) {
      constexpr std::string_view kNoWords = R"("content":"")";
      const std::string whole = chunk(json{{"content", ""}}, nullptr);
      const auto at = whole.find(kNoWords) + kNoWords.size() - 2;
      before_ = whole.substr(0, at);
      after_ = whole.substr(at + 2);
    }
    return out.append(before_).append(text_of(next)).append(after_);
  }
  // What is left of the answer once its first `told` bytes of text were written.
  std::string rest(const ModelAnswer& answer, std::size_t told) {
    std::string out = head(answer.model);
    if (answer.text.size() > told) out += chunk(json{{"content", answer.text.substr(told)}}, nullptr);
    if (!answer.refusal.empty()) out += chunk(json{{"refusal", answer.refusal}}, nullptr);
    if (!answer.calls.empty()) out += chunk(json{{"tool_calls", calls_of(answer, true)}}, nullptr);
    out += chunk(json::object(), reason_of(answer), told_of(answer));
    if (include_usage_) {
      json last = outline();
      last["usage"] = usage_of(answer.usage);
      out += "data: " + text_of(last) + "\n\n";
    }
    return out + "data: [DONE]\n\n";
  }

 private:
  json outline() const {
    json out{{"id", id_},
             {"object", "chat.completion.chunk"},
             {"created", created_},
             {"model", model_},
             {"choices", json::array()}};
    if (include_usage_) out["usage"] = nullptr;
    return out;
  }
  std::string head(std::string_view model) {
    if (!model.empty() && model != model_) {
      model_ = model;
      before_.clear();
    }
    if (std::exchange(begun_, true)) return {};
    return chunk(json{{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}}, nullptr);
  }
  std::string chunk(json delta, json reason, const json& told = nullptr) const {
    json out = outline();
    out["choices"].push_back(
        json{{"index", 0}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", std::move(reason)}});
    if (!told.is_null()) out["purser"] = told;
    return "data: " + text_of(out) + "\n\n";
  }

  std::string id_;
  std::int64_t created_;
  bool include_usage_;
  std::string model_;
  std::string before_;  // what stands before the words of a chunk, and after them
  std::string after_;
  bool begun_ = false;
};

}  // namespace

// One streamed question: the words on their way from the model to the client.
struct DirectDoor::Streaming final : WordsSink {
  Streaming(openai::DirectRequest a, std::string id, Clock& c)
      : asked(std::move(a)), chunks(std::move(id), to_seconds(c.wall()), asked.include_usage), clock(c) {}

  void words(std::string_view next, std::string_view model) override {
    told += next.size();
    waiting += chunks.words(next, model);
    if (news) news->notify();
  }

  openai::DirectRequest asked;
  Chunks chunks;
  Clock& clock;
  std::optional<Notifier> news;
  std::string waiting;  // chunks that are not written yet
  std::size_t told = 0;
  bool ended = false;
};

namespace {

// Nobody waits for words of a question that has ended, however it did.
class Ending {
 public:
  Ending(bool& ended, Notifier& news) : ended_(ended), news_(news) {}
  ~Ending() {
    ended_ = true;
    news_.notify();
  }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

 private:
  bool& ended_;
  Notifier& news_;
};

}  // namespace

std::vector<std::string> DirectDoor::names() const {
  std::vector<std::string> out;
  for (const std::string& tier : models_.tiers) out.push_back(std::string(openai::kDirectPrefix) + tier);
  return out;
}

Task<Result<http::Response>> DirectDoor::complete(TenantId tenant, json body, ClientLeft client_left,
                                                  std::string traceparent) {
  const std::string tier = body["model"].get_ref<const std::string&>().substr(openai::kDirectPrefix.size());
  const bool known = std::find(models_.tiers.begin(), models_.tiers.end(), tier) != models_.tiers.end();
  if (models_.model == nullptr || !known)
    co_return openai::refused(
        {404, "model_not_found", "there is no such tier of models to be asked directly", "model"});
  auto read = openai::read_direct_request(body);
  if (const auto* refusal = std::get_if<openai::Refusal>(&read)) co_return openai::refused(*refusal);
  openai::DirectRequest asked = std::get<openai::DirectRequest>(std::move(read));
  asked.question.scope.tenant = tenant.str();
  asked.question.traceparent = std::move(traceparent);
  if (!asked.stream) co_return co_await whole(std::move(asked), std::move(client_left));
  auto state = std::make_shared<Streaming>(std::move(asked), "chatcmpl-" + mint_.token(kIdLetters), clock_);
  co_return api::event_stream(api::StreamOf::answer,
                              [this, state](http::StreamSink sink) { return stream(state, std::move(sink)); });
}

Task<Result<http::Response>> DirectDoor::whole(openai::DirectRequest asked, ClientLeft client_left) {
  const std::vector<std::string> tools = names_of(asked.question.tools);
  const bool one_call = asked.one_call;
  auto ended = co_await while_there(std::move(asked), std::move(client_left));
  if (!ended && ended.code() == Errc::canceled) co_return ended.error();
  if (!ended) co_return failure_of(ended.error());
  if (!ended->has_value()) {
    http::Response nobody;
    nobody.status = kClientLeft;
    nobody.drop = true;
    co_return nobody;
  }
  const auto answer = fit(std::move(**ended), tools, one_call);
  if (!answer) co_return failure_of(answer.error());
  std::string body = completion_of(*answer, "chatcmpl-" + mint_.token(kIdLetters), to_seconds(clock_.wall()));
  co_return api::stored_answer(200, std::move(body));
}

Task<Result<std::optional<ModelAnswer>>> DirectDoor::while_there(openai::DirectRequest asked, ClientLeft client_left) {
  const Deadline limit = Deadline::after(clock_, models_.time_max);
  if (!client_left) {
    auto alone = co_await models_.model->ask(std::move(asked.question), limit);
    if (!alone) co_return alone.error();
    co_return std::optional<ModelAnswer>(std::move(*alone));
  }
  auto ex = co_await asio::this_coro::executor;
  auto question = detail::heed_every_cancellation(models_.model->ask(std::move(asked.question), limit));
  auto absence = detail::heed_every_cancellation(client_left());
  auto asking = asio::co_spawn(ex, std::move(question), asio::deferred);
  auto listening = asio::co_spawn(ex, std::move(absence), asio::deferred);
  auto race = asio::experimental::make_parallel_group(std::move(asking), std::move(listening));
  auto first = asio::experimental::wait_for_one();
  auto [order, error, answer, unheard] = co_await race.async_wait(first, asio::use_awaitable);
  if (error && !is_canceled(error)) std::rethrow_exception(error);
  const bool canceled = error || (!answer && answer.code() == Errc::canceled);
  if (!canceled && !answer) co_return answer.error();
  if (!canceled) co_return std::optional<ModelAnswer>(std::move(*answer));
  auto state = co_await asio::this_coro::cancellation_state;
  if (order[0] == 1 && !is_canceled(state)) co_return std::optional<ModelAnswer>();
  co_return Error(Errc::canceled);
}

// The question and the writing of its words run beside each other; canceled, both are broken off.
Task<void> DirectDoor::stream(std::shared_ptr<Streaming> state, http::StreamSink sink) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  auto ex = co_await asio::this_coro::executor;
  state->news.emplace(ex, clock_);
  const std::vector<std::string> tools = names_of(state->asked.question.tools);
  auto asking = asio::co_spawn(ex, ask(state), asio::deferred);
  auto writing = asio::co_spawn(ex, pump(state, sink), asio::deferred);
  auto both = asio::experimental::make_parallel_group(std::move(asking), std::move(writing));
  auto all = asio::experimental::wait_for_all();
  auto [order, ask_error, answer, pump_error] = co_await both.async_wait(all, asio::use_awaitable);
  if (ask_error) std::rethrow_exception(ask_error);
  if (pump_error) std::rethrow_exception(pump_error);
  answer = fit(std::move(answer), tools, state->asked.one_call);
  std::string end = answer ? state->chunks.rest(*answer, state->told) : openai::error_chunk(failure_of(answer.error()));
  (void)co_await sink(std::move(end));
}

Task<Result<ModelAnswer>> DirectDoor::ask(std::shared_ptr<Streaming> state) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  const Deadline limit = Deadline::after(clock_, models_.time_max);
  ModelRequest question = std::move(state->asked.question);
  question.words = state.get();
  const Ending ending(state->ended, *state->news);
  co_return co_await models_.model->ask(std::move(question), limit);
}

Task<void> DirectDoor::pump(std::shared_ptr<Streaming> state, http::StreamSink sink) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  for (;;) {
    const auto seen = state->news->count();
    if (!state->waiting.empty()) {
      std::string next = std::exchange(state->waiting, {});
      auto written = co_await sink(std::move(next));
      if (!written) co_return;
      continue;
    }
    if (state->ended) co_return;
    const Deadline limit = Deadline::after(clock_, models_.time_max);
    auto woken = co_await state->news->wait_since(seen, limit);
    if (!woken) co_return;
  }
}

}  // namespace purser
