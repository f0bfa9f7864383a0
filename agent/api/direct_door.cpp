#include "agent/api/direct_door.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/chat_answer.hpp"
#include "gateway/async/completion.hpp"
#include "gateway/async/signal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <algorithm>
#include <optional>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::size_t kIdLetters = 24;

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

json completion_of(const ModelAnswer& answer, const std::string& id, std::int64_t created) {
  json message{{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}};
  if (answer.text.empty()) message["content"] = nullptr;
  if (!answer.refusal.empty()) message["refusal"] = answer.refusal;
  if (!answer.calls.empty()) message["tool_calls"] = calls_of(answer, false);
  json choice{
      {"index", 0}, {"message", std::move(message)}, {"logprobs", nullptr}, {"finish_reason", reason_of(answer)}};
  return {{"id", id},
          {"object", "chat.completion"},
          {"created", created},
          {"model", answer.model},
          {"choices", json::array({std::move(choice)})},
          {"usage", usage_of(answer.usage)},
          {"purser", told_of(answer)}};
}

// Writes the chunks of one streamed answer.
class Chunks {
 public:
  Chunks(std::string id, std::int64_t created, bool include_usage)
      : id_(std::move(id)), created_(created), include_usage_(include_usage) {}

  std::string words(std::string_view next, std::string_view model) {
    std::string out = head(model);
    return out += chunk(json{{"content", next}}, nullptr);
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
    if (!model.empty()) model_ = model;
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

Task<Result<http::Response>> DirectDoor::complete(TenantId tenant, json body) {
  const std::string tier = body["model"].get_ref<const std::string&>().substr(openai::kDirectPrefix.size());
  const bool known = std::find(models_.tiers.begin(), models_.tiers.end(), tier) != models_.tiers.end();
  if (models_.model == nullptr || !known)
    co_return openai::refused(
        {404, "model_not_found", "there is no such tier of models to be asked directly", "model"});
  auto read = openai::read_direct_request(body);
  if (const auto* refusal = std::get_if<openai::Refusal>(&read)) co_return openai::refused(*refusal);
  openai::DirectRequest asked = std::get<openai::DirectRequest>(std::move(read));
  asked.question.scope.tenant = tenant.str();
  if (!asked.stream) co_return co_await whole(std::move(asked));
  auto state = std::make_shared<Streaming>(std::move(asked), "chatcmpl-" + mint_.token(kIdLetters), clock_);
  co_return api::event_stream([this, state](http::StreamSink sink) { return stream(state, std::move(sink)); });
}

Task<Result<http::Response>> DirectDoor::whole(openai::DirectRequest asked) {
  const Deadline limit = Deadline::after(clock_, models_.time_max);
  auto answer = co_await models_.model->ask(std::move(asked.question), limit);
  if (!answer) co_return answer.error();
  co_return api::json_answer(200,
                             completion_of(*answer, "chatcmpl-" + mint_.token(kIdLetters), to_seconds(clock_.wall())));
}

// The question and the writing of its words run beside each other; canceled, both are broken off.
Task<void> DirectDoor::stream(std::shared_ptr<Streaming> state, http::StreamSink sink) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  auto ex = co_await asio::this_coro::executor;
  state->news.emplace(ex, clock_);
  auto asking = asio::co_spawn(ex, ask(state), asio::deferred);
  auto writing = asio::co_spawn(ex, pump(state, sink), asio::deferred);
  auto both = asio::experimental::make_parallel_group(std::move(asking), std::move(writing));
  auto all = asio::experimental::wait_for_all();
  auto [order, ask_error, answer, pump_error] = co_await both.async_wait(all, asio::use_awaitable);
  if (ask_error) std::rethrow_exception(ask_error);
  if (pump_error) std::rethrow_exception(pump_error);
  std::string end =
      answer ? state->chunks.rest(*answer, state->told) : openai::error_chunk(api::error_answer(answer.error()));
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
