#include "agent/api/api.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/new_thread.hpp"
#include "agent/api/request.hpp"
#include "agent/turn/views.hpp"
#include "gateway/http/url.hpp"
#include "gateway/log.hpp"
#include "gateway/pay/qr.hpp"
#include "gateway/telemetry/trace.hpp"
#include "tools/cards.hpp"

#include <limits>
#include <utility>

namespace purser {

std::string_view openapi_document();  // agent/api/openapi.json, compiled in

namespace {

using nlohmann::json;

constexpr std::int64_t kMessagesDefault = 50;
constexpr std::int64_t kMessagesPageMax = 200;
constexpr std::int64_t kSeqMax = std::numeric_limits<std::int64_t>::max();

Task<Result<void>> turned_away(Error why) {
  co_return why;
}

// The request's own span is the parent of what is done for it, whoever asks the headers.
void hand_down(const trace::Context& span, http::Headers& headers) {
  if (span.trace.empty()) return;
  std::erase_if(headers, [](const auto& one) { return http::equals_ignoring_case(one.first, "traceparent"); });
  headers.emplace_back("traceparent", trace::header_of(span));
}

// Takes a piece while the caller may hear it.
http::StreamSink while_allowed(EventStreams::Leave leave, http::StreamSink sink) {
  return [leave = std::move(leave), sink = std::move(sink)](std::string piece) {
    if (auto still = leave(); !still) return turned_away(still.error());
    return sink(std::move(piece));
  };
}

}  // namespace

constexpr std::array<api::Route<Api::Endpoint>, 27> Api::kRoutes{{
    {"POST", "/v1/threads", {&Api::create_thread, Scope::threads_write}},
    {"GET", "/v1/threads/{}", {&Api::get_thread, Scope::threads_read}},
    {"GET", "/v1/threads/{}/messages", {&Api::get_messages, Scope::threads_read}},
    {"POST", "/v1/threads/{}/turns", {&Api::post_turn, Scope::threads_write}},
    {"GET", "/v1/threads/{}/events", {&Api::get_events, Scope::threads_read}},
    {"GET", "/v1/intents/{}", {&Api::get_intent, Scope::intents_read}},
    {"GET", "/v1/intents/{}/qr.svg", {&Api::get_qr, Scope::intents_read}},
    {"GET", "/v1/intents/{}/qr.png", {&Api::get_qr, Scope::intents_read}},
    {"POST", "/v1/intents/{}/cancel", {&Api::cancel_intent, Scope::intents_write}},
    {"POST", "/v1/intents/{}/renew", {&Api::renew_intent, Scope::intents_write}},
    {"POST", "/v1/intents/{}/settle", {&Api::settle_intent, Scope::approvals_write}},
    {"GET", "/v1/refunds/{}", {&Api::get_refund, Scope::refunds_read}},
    {"POST", "/v1/refunds/{}/mend", {&Api::mend_refund, Scope::refunds_write}},
    {"POST", "/v1/refunds/{}/again", {&Api::refund_again, Scope::refunds_write}},
    {"GET", "/v1/approvals", {&Api::get_approvals, Scope::approvals_read}},
    {"GET", "/v1/approvals/{}", {&Api::get_approval, Scope::approvals_read}},
    {"POST", "/v1/approvals/{}", {&Api::decide_approval, Scope::approvals_write}},
    {"GET", "/v1/webhook_deliveries", {&Api::get_deliveries, Scope::webhooks_read}},
    {"POST", "/v1/webhook_deliveries/{}/redeliver", {&Api::redeliver, Scope::webhooks_write}},
    {"POST", "/v1/chat/completions", {&Api::chat, Scope::threads_write}},
    {"GET", "/v1/models", {&Api::get_models, Scope::threads_read}},
    {"GET", "/v1/models/{}", {&Api::get_model, Scope::threads_read}},
    {"POST", "/mcp", {&Api::mcp_post, Scope::threads_write}},
    {"GET", "/mcp", {&Api::mcp_follow, Scope::intents_read}},
    {"DELETE", "/mcp", {&Api::mcp_end, Scope::threads_write}},
    {"GET", "/openapi.json", {&Api::get_openapi, std::nullopt}},
    {"POST", "/webhooks/{}/{}", {&Api::webhook, std::nullopt}},
}};

Api::Api(Ports ports, Identity identity, Options options)
    : ports_(ports),
      identity_(std::move(identity)),
      options_(std::move(options)),
      limits_(ports.limiter, options_.limits),
      actions_({ports.store, ports.conversations, ports.clock, ports.work, ports.metrics, ports.mint}),
      events_(ports.store, ports.conversations, ports.clock),
      streams_(options_.limits),
      chat_({ports.store, ports.conversations, actions_, ports.mint, ports.clock, limits_}, options_.turns,
            ports.models),
      mcp_({ports.store, ports.conversations, actions_, ports.cashier, ports.mint, ports.clock, limits_, streams_},
           options_.sandbox),
      renewal_({ports.store, ports.conversations, ports.cashier, ports.catalogue, ports.clock},
               Policies(options_.intents, RefundSettings(), options_.tenants)) {}

Task<http::Response> Api::handle(http::Request request) {
  const auto began = ports_.clock.now();
  const std::string id = api::request_id(request.headers, ports_.mint);
  std::string method = request.method;
  http::Headers told;
  Result<http::Response> outcome;
  auto found = api::find_route(kRoutes, request.method, request.path);
  const std::string_view pattern = found ? found->route->pattern : "none";
  const std::string name = found ? method + ' ' + std::string(pattern) : method;
  auto span = std::make_shared<trace::Span>(trace::begin(name, trace::Kind::server, trace::parent_in(request.headers)));
  hand_down(span->context(), request.headers);
  if (found) {
    Call call(std::move(request), std::move(found->parts));
    outcome = co_await answer(call, *found->route, told);
  } else {
    auto some = co_await limits_.by_address(api::client_address(request, options_.trusted_proxies));
    outcome = some ? found.error() : some.error();
  }
  http::Response response = outcome ? std::move(*outcome) : api::error_answer(outcome.error());
  for (auto& header : told) response.headers.push_back(std::move(header));
  response.headers.emplace_back("X-Request-Id", id);
  const std::string status = std::to_string(response.status);
  ports_.metrics.add(kRequests, {{"route", std::string(pattern)}, {"status", status}});
  span->set("http.request.method", method);
  span->set("http.route", pattern);
  span->set("http.response.status_code", response.status);
  if (!outcome) span->set("error.type", code_of(outcome.code()));
  if (response.status >= 500) span->fail(outcome ? status : std::string(code_of(outcome.code())));
  // Its answer is still to come.
  if (response.stream && response.stream_ends)
    response.stream = [span, run = std::move(response.stream)](http::StreamSink sink) { return run(std::move(sink)); };
  const std::chrono::duration<double> seconds = ports_.clock.now() - began;
  ports_.metrics.observe(kRequestTime, {{"route", std::string(pattern)}}, seconds.count());
  const auto took = std::chrono::floor<Millis>(seconds);
  const std::string why =
      outcome ? api::why_of(response) : std::string(code_of(outcome.code())) + ": " + outcome.error().message;
  const auto level = response.status >= 500 ? log::Level::error : log::Level::info;
  log::write(level, "api.answered",
             {{"request", id},
              {"method", method},
              {"route", pattern},
              {"status", status},
              {"ms", took.count()},
              {"why", why}});
  co_return response;
}

Api::Reply Api::answer(Call& call, const api::Route<Endpoint>& route, http::Headers& headers) {
  if (route.handler.scope) {
    auto caller = co_await admit(call, *route.handler.scope, headers);
    if (!caller) co_return caller.error();
    call.caller = std::move(*caller);
  }
  co_return co_await (this->*route.handler.method)(call);
}

Task<Result<Caller>> Api::admit(const Call& call, Scope scope, http::Headers& headers) {
  const std::string address = api::client_address(call.request, options_.trusted_proxies);
  auto some = co_await limits_.by_address(address);
  if (!some) co_return some.error();
  auto caller = identity_.authenticate(call.request.headers, ports_.clock.wall());
  if (!caller) {
    auto still = co_await limits_.wrong_key(address);
    if (!still) co_return still.error();
    co_return caller.error();
  }
  auto verdict = co_await limits_.by_key(*caller);
  if (!verdict) co_return verdict.error();
  limits_.add_headers(*verdict, headers);
  if (!caller->scopes.allows(scope)) {
    const std::string word(to_string(scope));
    co_return Error(Errc::insufficient_scope, "this key may not do that: it needs the scope " + word, word);
  }
  co_return std::move(*caller);
}

EventStreams::Leave Api::leave_of(const Call& call, Scope scope) {
  http::Headers shown;
  for (const auto& header : call.request.headers)
    if (http::equals_ignoring_case(header.first, "Authorization")) shown.push_back(header);
  return [this, headers = std::move(shown), caller = call.caller, scope,
          identities = identities_]() mutable -> Result<void> {
    const UtcTime now = ports_.clock.wall();
    if (identities == identities_ && (!caller.until || now < *caller.until)) return success();
    auto again = identity_.authenticate(headers, now);
    if (!again) return again.error();
    const bool same = again->tenant == caller.tenant && again->user == caller.user && again->scopes.allows(scope);
    if (!same) return Errc::unauthorized;
    caller = std::move(*again);
    identities = identities_;
    return success();
  };
}

std::vector<std::pair<std::string_view, std::string_view>> Api::routes() {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  for (const auto& route : kRoutes) all.emplace_back(route.method, route.pattern);
  return all;
}

Api::Reply Api::get_openapi(Call& call) {
  auto some = co_await limits_.by_address(api::client_address(call.request, options_.trusted_proxies));
  if (!some) co_return some.error();
  co_return api::stored_answer(200, std::string(openapi_document()));
}

// --- whose row is it
// -----------------------------------------------------------------------------------------------------

Task<Result<Thread>> Api::own_thread(const Call& call) {
  auto id = ThreadId::parse(call.parts.front());
  if (!id) co_return Errc::not_found;
  auto row = co_await ports_.store.thread(*id);
  if (row && !call.caller.may_see(row->tenant, row->user)) co_return Errc::not_found;
  if (!row && row.code() == Errc::not_found) co_return Errc::not_found;
  if (row) trace::carry(trace::parent_in(call.request.headers), row->id.str());
  co_return row;
}

Task<Result<PaymentIntent>> Api::own_intent(const Call& call) {
  auto id = IntentId::parse(call.parts.front());
  if (!id) co_return Errc::not_found;
  auto row = co_await ports_.store.intent(*id);
  if (row && !call.caller.may_see(row->tenant, row->user)) co_return Errc::not_found;
  if (!row && row.code() == Errc::not_found) co_return Errc::not_found;
  if (row) trace::carry(trace::parent_in(call.request.headers), row->thread.str());
  co_return row;
}

// --- threads
// -------------------------------------------------------------------------------------------------------------

Api::Reply Api::create_thread(Call& call) {
  auto body = api::object_body(call.request, {"user", "locale", "metadata"}, false);
  if (!body) co_return body.error();
  auto wanted = api::read_new_thread(call.caller, *body);
  if (!wanted) co_return wanted.error();
  auto key = Idempotency::key_of(call.request.headers, false);
  if (!key) co_return key.error();
  if (!key->has_value()) co_return co_await do_create(std::move(*wanted));
  // The key leads to the same thread, also when a daemon died before it had answered.
  const std::string scope = Idempotency::scope_of(call.caller, call.request);
  wanted->id = ports_.mint.thread_of(call.caller.tenant, "create " + scope + ' ' + **key);
  Idempotency::Action action = [this, wanted = std::move(*wanted)](bool) { return do_create(wanted); };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

Api::Reply Api::do_create(NewThread wanted) {
  const ThreadId id = wanted.id;
  auto row = co_await ports_.conversations.create(std::move(wanted));
  const bool made_before = !row && row.code() == Errc::store_duplicate && !id.empty();
  if (made_before) row = co_await ports_.store.thread(id);
  if (!row) co_return row.error();
  co_return api::json_answer(201, views::thread(*row));
}

Api::Reply Api::get_thread(Call& call) {
  auto row = co_await own_thread(call);
  if (!row) co_return row.error();
  co_return api::json_answer(200, views::thread(*row));
}

Api::Reply Api::get_messages(Call& call) {
  auto thread = co_await own_thread(call);
  if (!thread) co_return thread.error();
  auto query = api::Query::parse(call.request.query, {"after", "limit"});
  if (!query) co_return query.error();
  auto after = query->integer("after", 0, 0, kSeqMax);
  if (!after) co_return after.error();
  auto limit = query->integer("limit", kMessagesDefault, 1, kMessagesPageMax);
  if (!limit) co_return limit.error();
  auto rows = co_await ports_.store.messages(thread->id, *after, *limit + 1);
  if (!rows) co_return rows.error();
  const bool more = rows->size() > static_cast<std::size_t>(*limit);
  if (more) rows->pop_back();
  json data = json::array();
  for (const Message& row : *rows) data.push_back(views::message(row));
  co_return api::json_answer(200, views::page(std::move(data), more));
}

Api::Reply Api::get_events(Call& call) {
  auto thread = co_await own_thread(call);
  if (!thread) co_return thread.error();
  auto query = api::Query::parse(call.request.query, {"after"});
  if (!query) co_return query.error();
  auto after = query->integer("after", 0, 0, kSeqMax);
  if (!after) co_return after.error();
  // The header wins: a browser comes back with the address it began with and the last id it saw.
  auto last = api::single_header(call.request.headers, "Last-Event-ID");
  if (!last) co_return last.error();
  if (last->has_value()) after = api::parse_count(**last, kSeqMax, "Last-Event-ID");
  if (!after) co_return after.error();
  auto seat = streams_.take(thread->tenant, thread->user);
  if (!seat) co_return seat.error();
  co_return events_.follow(thread->id, *after, leave_of(call, Scope::threads_read), std::move(*seat));
}

// --- turns
// ---------------------------------------------------------------------------------------------------------------

Api::Reply Api::post_turn(Call& call) {
  auto thread = co_await own_thread(call);
  if (!thread) co_return thread.error();
  auto given = Idempotency::key_of(call.request.headers, true);
  if (!given) co_return given.error();
  auto body = api::object_body(call.request, {"text"}, false);
  if (!body) co_return body.error();
  auto text = api::string_member(*body, "", "text", static_cast<std::size_t>(options_.turns.text_bytes_max));
  if (!text) co_return text.error();
  auto some = co_await limits_.by_user(thread->tenant, thread->user);
  if (!some) co_return some.error();

  std::optional<TurnKey> key =
      actions_.tie(Idempotency::scope_of(call.caller, call.request), std::move(**given), *body);
  const bool stream = api::wants_events(call.request);
  if (stream) {
    auto erased = co_await actions_.erased_before(*key);
    if (!erased) co_return erased.error();
    if (erased->has_value()) co_return std::move(**erased);
  }
  Result<std::int64_t> last = std::int64_t{0};
  if (stream) last = co_await events_.last_event(thread->id);
  if (!last) co_return last.error();
  auto begun = co_await actions_.turn(std::move(key), thread->id, std::move(*text));
  if (!begun) co_return begun.error();
  if (stream && !begun->replayed) co_return events_.turn(thread->id, *last, std::move(begun->answer));
  auto answer = co_await begun->answer->get();
  if (stream && answer) co_return events_.finished_turn(std::move(*answer));
  co_return answer;
}

// --- intents and refunds
// -------------------------------------------------------------------------------------------------

Api::Reply Api::get_intent(Call& call) {
  auto row = co_await own_intent(call);
  if (!row) co_return row.error();
  const json body = co_await shown(std::move(*row), false);
  co_return api::json_answer(200, body);
}

Api::Reply Api::get_qr(Call& call) {
  auto row = co_await own_intent(call);
  if (!row) co_return row.error();
  if (row->state != IntentState::awaiting_payment) co_return Errc::not_found;
  auto with = co_await ports_.cashier.confirmation(*row);
  if (!with) co_return with.error();
  if (with->kind != TradeKind::qr) co_return Errc::not_found;
  const bool png = call.request.path.ends_with(".png");
  auto image = png ? qr_png(with->code_url) : qr_svg(with->code_url);
  if (!image) co_return image.error();
  co_return api::image_answer(png ? "image/png" : "image/svg+xml", std::move(*image));
}

Api::Reply Api::cancel_intent(Call& call) {
  auto row = co_await own_intent(call);
  if (!row) co_return row.error();
  auto key = Idempotency::key_of(call.request.headers, true);
  if (!key) co_return key.error();
  auto body = api::object_body(call.request, {}, true);
  if (!body) co_return body.error();
  Idempotency::Action action = [this, id = row->id](bool again) { return do_cancel(id, again); };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

Api::Reply Api::do_cancel(IntentId id, bool again) {
  const auto asked = again ? Cashier::Asked::once_more : Cashier::Asked::from_outside;
  auto row = co_await ports_.cashier.cancel(std::move(id), asked);
  if (!row) co_return row.error();
  co_return api::json_answer(200, views::intent(*row));
}

Api::Reply Api::renew_intent(Call& call) {
  auto row = co_await own_intent(call);
  if (!row) co_return row.error();
  auto key = Idempotency::key_of(call.request.headers, true);
  if (!key) co_return key.error();
  auto body = api::object_body(call.request, {}, true);
  if (!body) co_return body.error();
  Idempotency::Action action = [this, ended = std::move(*row)](bool) { return do_renew(ended); };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

Api::Reply Api::do_renew(PaymentIntent ended) {
  auto row = co_await renewal_.renew(std::move(ended));
  if (!row) co_return row.error();
  const json body = co_await shown(std::move(*row), true);
  co_return api::json_answer(200, body);
}

Task<json> Api::shown(PaymentIntent intent, bool with_card) {
  json body = views::intent(intent);
  if (intent.state != IntentState::awaiting_payment) co_return body;
  auto with = co_await ports_.cashier.confirmation(intent);
  if (!with) {
    // The row is true without it, and asking again may succeed.
    log::warn("api.no_confirmation", {{"intent", intent.id.str()}, {"code", with.code()}});
    co_return body;
  }
  body["confirmation"] = cards::confirmation(*with);
  if (with_card) body["cards"] = json::array({cards::payment_request(intent, *with, options_.sandbox)});
  co_return body;
}

Api::Reply Api::webhook(Call& call) {
  auto tenant = TenantId::parse(call.parts[1]);
  if (!tenant || call.parts[0] != ports_.webhooks.channel()) co_return Errc::not_found;
  co_return co_await ports_.webhooks.receive(std::move(call.request), std::move(*tenant));
}

// --- once for each key
// ---------------------------------------------------------------------------------------------------

Api::Reply Api::once(const Call& call, const json& body, std::string given, Idempotency::Action action) {
  TurnKey key = actions_.tie(Idempotency::scope_of(call.caller, call.request), std::move(given), body);
  return actions_.once(std::move(key), std::move(action));
}

// --- the OpenAI-compatible door
// ------------------------------------------------------------------------------------------

Api::Reply Api::chat(Call& call) {
  return chat_.complete(std::move(call.caller), std::move(call.request));
}

Api::Reply Api::ask_mcp(Call& call,
                        Task<Result<http::Response>> (McpDoor::*method)(Caller caller, http::Request request)) {
  EventStreams::Leave leave = leave_of(call, Scope::intents_read);
  auto answer = co_await (mcp_.*method)(std::move(call.caller), std::move(call.request));
  if (!answer || !answer->stream) co_return answer;
  answer->stream = [run = std::move(answer->stream), leave = std::move(leave)](http::StreamSink sink) {
    return run(while_allowed(leave, sink));
  };
  co_return answer;
}

Api::Reply Api::mcp_post(Call& call) {
  return ask_mcp(call, &McpDoor::post);
}

Api::Reply Api::mcp_follow(Call& call) {
  return ask_mcp(call, &McpDoor::follow);
}

Api::Reply Api::mcp_end(Call& call) {
  return mcp_.end(std::move(call.caller), std::move(call.request));
}

Api::Reply Api::get_models(Call&) {
  co_return chat_.models();
}

Api::Reply Api::get_model(Call& call) {
  // "purser/fast" is a name with a slash, which stands escaped in a path.
  auto id = http::percent_decode(call.parts.front());
  if (!id) co_return Errc::not_found;
  co_return chat_.model(*id);
}

}  // namespace purser
