#include "agent/api/chat_door.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/request.hpp"
#include "agent/turn/views.hpp"
#include "gateway/telemetry/trace.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/money/text.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::string_view kThreadHeader = "X-Thread-Id";
constexpr std::int64_t kLookedBack = 200;  // messages
// A client that repeats a request does so within its own patience, ten minutes by default, and a pause.
constexpr std::chrono::minutes kRepeatedWithin{15};
constexpr std::chrono::seconds kHeartbeat{15};

// Clients send the whole conversation each time, so there may be more of it than elsewhere; the server bounds the body.
JsonLimits chat_limits() {
  JsonLimits limits;
  limits.bytes_max = 16 << 20;
  limits.values_max = 100'000;
  limits.floats_allowed = true;
  return limits;
}

std::string value_or_empty(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

bool is_repetition(const http::Headers& headers) {
  const std::string_view count = http::header(headers, "X-Stainless-Retry-Count");
  return !count.empty() && count != "0";
}

json model_object(std::string_view id) {
  return {{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", "purser"}};
}

// What was paid has been seen: the same words mean another purchase.
bool was_paid(const Turn& turn, const std::vector<Message>& messages) {
  const json result = json::parse(turn.result_json, nullptr, false);
  if (!result.is_object() || !result.contains("intents")) return false;
  return std::any_of(messages.begin(), messages.end(), [&](const Message& message) {
    if (message.role != Role::event) return false;
    const json event = json::parse(message.text, nullptr, false);
    if (!event.is_object() || event.value("type", "") != "intent.succeeded") return false;
    return std::any_of(result["intents"].begin(), result["intents"].end(), [&](const json& intent) {
      return intent.value("id", "") == event.value("payment_intent", "-");
    });
  });
}

Task<void> write_all(std::string text, http::StreamSink sink) {
  (void)co_await sink(std::move(text));
}

// A token says itself for whom it stands; the request may say the same or nothing.
Result<void> agree_with_token(const Caller& caller, openai::ChatRequest& chat) {
  if (!chat.user.empty() && chat.user != caller.user->str())
    return Error(Errc::request_malformed, "this token stands for another user", "user");
  std::string& openid = chat.metadata["openid"];
  if (!openid.empty() && openid != caller.openid)
    return Error(Errc::request_malformed, "this token stands for another openid", "metadata.openid");
  chat.user = caller.user->str();
  openid = caller.openid;
  return success();
}

}  // namespace

http::Response ChatDoor::models() const {
  json all = json::array({model_object(openai::kModel)});
  for (const std::string& name : direct_.names()) all.push_back(model_object(name));
  return api::json_answer(200, {{"object", "list"}, {"data", std::move(all)}});
}

http::Response ChatDoor::model(std::string_view id) const {
  const auto direct = direct_.names();
  if (id == openai::kModel || std::find(direct.begin(), direct.end(), id) != direct.end())
    return api::json_answer(200, model_object(id));
  return openai::refused({404, "model_not_found", "there is no such model", "model"});
}

Task<Result<http::Response>> ChatDoor::complete(Caller caller, http::Request request) {
  auto body = api::json_object(request, chat_limits());
  if (!body) co_return body.error();
  if (openai::is_direct(*body))
    co_return co_await ask_directly(std::move(caller), std::move(request), *std::move(body));
  auto read = openai::read_chat_request(*body);
  if (const auto* refusal = std::get_if<openai::Refusal>(&read)) co_return openai::refused(*refusal);
  Asked asked;
  asked.chat = std::get<openai::ChatRequest>(std::move(read));
  if (caller.user) {
    if (auto agreed = agree_with_token(caller, asked.chat); !agreed) co_return agreed.error();
  }
  asked.caller = std::move(caller);
  if (asked.chat.text.size() > static_cast<std::size_t>(text_bytes_max_)) {
    co_return Error(Errc::malformed_text, "the last message has at most " + std::to_string(text_bytes_max_) + " bytes",
                    "messages");
  }
  auto key = Idempotency::key_of(request.headers, false);
  if (!key) co_return key.error();
  asked.key = std::move(*key);
  auto header = api::single_header(request.headers, kThreadHeader);
  if (!header) co_return header.error();
  if (header->has_value() && (*header)->empty())
    co_return Error(Errc::request_malformed, "this names a thread, or is left out", std::string(kThreadHeader));
  if (header->has_value()) asked.thread_header = std::string(**header);
  asked.repeated = !asked.key && is_repetition(request.headers);
  openai::ChatRequest chat = asked.chat;
  const bool repeated = asked.repeated;

  std::optional<TurnKey> tie;
  if (asked.key) {
    // The thread is a part of what is asked, wherever it is named.
    if (!asked.thread_header.empty()) (*body)[kThreadHeader] = asked.thread_header;
    tie = ports_.actions.tie(Idempotency::scope_of(asked.caller, request), *asked.key, *body);
  }
  auto thread = co_await thread_of(std::move(asked));
  if (!thread) co_return thread.error();
  trace::carry(trace::parent_in(request.headers), thread->id.str());
  auto some = co_await ports_.limits.by_user(thread->tenant, thread->user);
  if (!some) co_return some.error();
  if (repeated) {
    auto before = co_await heard_before(thread->id, chat.text);
    if (!before) co_return before.error();
    if (before->has_value()) co_return co_await answer_of(std::move(**before), std::move(*thread), std::move(chat));
  }
  if (chat.stream && tie) {
    auto erased = co_await ports_.actions.erased_before(*tie);
    if (!erased) co_return erased.error();
    if (erased->has_value()) co_return std::move(**erased);
  }
  auto begun = co_await ports_.actions.turn(std::move(tie), thread->id, chat.text);
  if (!begun) co_return begun.error();
  const std::string id = thread->id.str();
  http::Response response;
  if (chat.stream) {
    response = api::event_stream(
        api::StreamOf::answer, [this, row = *thread, answer = begun->answer, usage = chat.include_usage](
                                   http::StreamSink sink) { return run_stream(row, answer, usage, std::move(sink)); });
  } else {
    auto answer = co_await begun->answer->get();
    if (answer && answer->status >= 300) co_return answer;
    auto made = co_await completion_of_answer(std::move(answer), thread->locale);
    if (!made) co_return made.error();
    response = api::json_answer(200, openai::whole(*made));
  }
  response.headers.emplace_back(kThreadHeader, id);
  if (begun->replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
  co_return response;
}

Task<Result<http::Response>> ChatDoor::ask_directly(Caller caller, http::Request request, json body) {
  // What models cost is the tenant's to spend.
  if (caller.user) co_return Error(Errc::insufficient_scope, "models are asked directly by backends alone", "model");
  auto key = Idempotency::key_of(request.headers, false);
  if (!key) co_return key.error();
  std::string parent = trace::header_of(trace::parent_in(request.headers));
  if (!key->has_value())
    co_return co_await direct_.complete(std::move(caller.tenant), std::move(body), std::move(request.client_left),
                                        std::move(parent));
  const auto stream = body.find("stream");
  if (stream != body.end() && *stream == true)
    co_return Error(Errc::request_malformed, "an answer in pieces is not kept, so it takes no key", "Idempotency-Key");
  TurnKey tie = ports_.actions.tie(Idempotency::scope_of(caller, request), std::move(**key), body);
  Idempotency::Action action = [this, tenant = caller.tenant, body, left = request.client_left, parent](bool) {
    return direct_.complete(tenant, body, left, parent);
  };
  co_return co_await ports_.actions.once(std::move(tie), std::move(action));
}

// --- the thread

Task<Result<Thread>> ChatDoor::thread_of(Asked asked) {
  const std::string named = value_or_empty(asked.chat.metadata, "thread_id");
  if (!named.empty() && !asked.thread_header.empty() && named != asked.thread_header) {
    co_return Error(Errc::request_malformed, "metadata.thread_id and X-Thread-Id name different threads",
                    "metadata.thread_id");
  }
  const std::string wanted = named.empty() ? asked.thread_header : named;
  if (wanted.empty()) co_return co_await find_or_make(std::move(asked));
  auto id = ThreadId::parse(wanted);
  if (!id) co_return Errc::not_found;
  co_return co_await named_thread(std::move(asked), std::move(*id));
}

Task<Result<Thread>> ChatDoor::named_thread(Asked asked, ThreadId id) {
  auto row = co_await ports_.store.thread(std::move(id));
  if (!row && row.code() != Errc::not_found) co_return row.error();
  if (!row || !asked.caller.may_see(row->tenant, row->user)) co_return Errc::not_found;
  if (!asked.chat.user.empty() && row->user.str() != asked.chat.user) co_return Errc::not_found;
  co_return row;
}

Task<Result<Thread>> ChatDoor::find_or_make(Asked asked) {
  const openai::ChatRequest& chat = asked.chat;
  NewThread wanted(asked.caller.tenant, UserId());
  wanted.openid = value_or_empty(chat.metadata, "openid");
  if (!wanted.openid.empty() && !api::is_openid(wanted.openid)) {
    co_return Error(Errc::malformed_id, "an openid has letters, digits and -_", "metadata.openid");
  }
  const std::string locale = value_or_empty(chat.metadata, "locale");
  wanted.locale = locale == "zh" || locale == "en" ? locale : openai::locale_of(chat.text);
  if (!chat.user.empty()) {
    auto user = UserId::parse(chat.user);
    if (!user) co_return Error(Errc::malformed_id, user.error().message, "user");
    wanted.user = std::move(*user);
    wanted.id = ports_.mint.thread_of(asked.caller.tenant, "user " + chat.user + " " + wanted.openid);
  } else {
    // Nobody to remember: the key alone, if there is one, leads back to this thread.
    wanted.id = asked.key ? ports_.mint.thread_of(asked.caller.tenant, "key " + *asked.key) : ports_.mint.thread_id();
    wanted.user = UserId::trusted("guest." + wanted.id.str());
  }
  ThreadId id = wanted.id;
  auto known = co_await ports_.store.thread(id);
  if (known || known.code() != Errc::not_found) co_return known;
  auto made = co_await ports_.conversations.create(std::move(wanted));
  const bool raced = !made && made.code() == Errc::store_duplicate;
  if (raced) made = co_await ports_.store.thread(std::move(id));
  co_return made;
}

Task<Result<std::optional<Turn>>> ChatDoor::heard_before(ThreadId thread, std::string text) {
  std::optional<Turn> none;
  TextRules keep;
  keep.keep_newlines = true;
  auto said = clean(text, keep);
  if (!said) co_return none;
  auto recent = co_await ports_.store.recent_messages(std::move(thread), kLookedBack);
  if (!recent) co_return recent.error();
  const auto last =
      std::find_if(recent->rbegin(), recent->rend(), [](const Message& row) { return row.role == Role::user; });
  if (last == recent->rend() || last->text != said->text) co_return none;
  auto turn = co_await ports_.store.turn(last->turn);
  if (turn && turn->state == TurnState::running) turn = co_await ports_.conversations.recover(std::move(*turn));
  if (!turn) co_return turn.error();
  const bool fresh = ports_.clock.durable() - turn->started_at <= kRepeatedWithin;
  // SDKs repeat what got a 500 by themselves.
  if (turn->state == TurnState::failed && fresh && !turn->result_json.empty())
    co_return Error(Errc::internal, "the turn of these words failed, and money may have moved");
  if (turn->state == TurnState::completed && fresh && !was_paid(*turn, *recent)) none = std::move(*turn);
  co_return none;
}

// --- the answer

Task<Result<openai::Completion>> ChatDoor::completion(Turn turn, std::string locale) {
  auto recent = co_await ports_.store.recent_messages(turn.thread, kLookedBack);
  if (!recent) co_return recent.error();
  const std::vector<Message> before = openai::said_meanwhile(*recent, turn.id);
  co_return openai::completion_of(turn, locale, before);
}

Task<Result<openai::Completion>> ChatDoor::completion_of_answer(Result<http::Response> answer, std::string locale) {
  if (!answer) co_return answer.error();
  const json result = json::parse(answer->body);
  auto turn = co_await ports_.store.turn(TurnId::trusted(result.value("id", "")));
  if (!turn) co_return turn.error();
  co_return co_await completion(std::move(*turn), std::move(locale));
}

Task<Result<http::Response>> ChatDoor::answer_of(Turn turn, Thread thread, openai::ChatRequest chat) {
  auto made = co_await completion(std::move(turn), thread.locale);
  if (!made) co_return made.error();
  http::Response response;
  if (chat.stream) {
    response = api::event_stream(api::StreamOf::answer,
                                 [text = openai::chunks(*made, chat.include_usage)](http::StreamSink sink) {
                                   return write_all(text, std::move(sink));
                                 });
  } else {
    response = api::json_answer(200, openai::whole(*made));
  }
  response.headers.emplace_back(kThreadHeader, thread.id.str());
  response.headers.emplace_back("Idempotent-Replayed", "true");
  co_return response;
}

// Comments keep the connection alive while the turn runs.
Task<Result<void>> ChatDoor::wait_for(Answer answer, ThreadId thread, const http::StreamSink& sink) {
  for (;;) {
    Notifier& news = ports_.conversations.news(thread);
    const auto seen = news.count();
    if (answer->is_set()) co_return success();
    const Deadline limit = Deadline::after(ports_.clock, kHeartbeat);
    auto woken = co_await news.wait_since(seen, limit);
    if (woken) continue;
    if (woken.code() != Errc::timed_out) co_return woken;
    std::string comment = ": waiting\n\n";
    auto written = co_await sink(std::move(comment));
    if (!written) co_return written;
  }
}

Task<void> ChatDoor::run_stream(Thread thread, Answer answer, bool include_usage, http::StreamSink sink) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  auto waited = co_await wait_for(answer, thread.id, sink);
  if (!waited) co_return;
  auto outcome = co_await answer->get();
  if (outcome && outcome->status >= 300) {
    std::string refused = openai::error_chunk(*outcome);
    (void)co_await sink(std::move(refused));
    co_return;
  }
  auto made = co_await completion_of_answer(std::move(outcome), thread.locale);
  std::string text = made ? openai::chunks(*made, include_usage) : openai::error_chunk(api::error_answer(made.error()));
  (void)co_await sink(std::move(text));
}

}  // namespace purser
