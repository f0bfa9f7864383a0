// Payments as resources at the MCP door, and the streams that tell when one has changed.
#include "agent/api/answer.hpp"
#include "agent/api/mcp_door.hpp"
#include "agent/api/mcp_offers.hpp"
#include "agent/turn/views.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/pay/qr.hpp"
#include "tools/cards.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace purser {
namespace {

using mcp::Code;
using mcp::Keep;
using mcp::Refusal;
using nlohmann::json;

constexpr std::int64_t kIntentsListed = 50;
constexpr std::int64_t kEventsOfAPage = 200;
constexpr const char* kSubscriptionKey = "io.modelcontextprotocol/subscriptionId";

http::Response resource_answered(const mcp::Message& message, json result, std::optional<Keep> keep) {
  return api::json_answer(200, mcp::result_of(message.id, mcp::stamped(std::move(result), message.modern, keep)));
}

// The same for what is not there and what is another's.
http::Response no_resource(const mcp::Message& message, const json& uri) {
  Refusal refusal(200, message.modern ? Code::invalid_params : Code::resource_not_found, "there is no such resource");
  refusal.id = message.id;
  refusal.data = {{"uri", uri}};
  return mcp::answer_of(refusal);
}

Error needs_intents_read() {
  return Error(Errc::insufficient_scope, "this key may not read payments: it needs the scope intents:read",
               "intents:read");
}

std::string mcp_event_text(std::int64_t id, const json& body) {
  std::string out;
  if (id > 0) out = "id: " + std::to_string(id) + "\n";
  return out + "event: message\ndata: " + body.dump() + "\n\n";
}

// The payment that an event of a thread tells of; empty: none.
std::string paid_or_refunded(const StreamEvent& event) {
  if (!event.type.starts_with("intent.") && !event.type.starts_with("refund.")) return {};
  const json data = json::parse(event.data_json, nullptr, false);
  return data.is_object() ? data.value("payment_intent", "") : "";
}

json told_to(const json& subscription, json params) {
  if (!subscription.is_null()) params["_meta"][kSubscriptionKey] = subscription;
  return params;
}

}  // namespace

// A key of the tenant's may see all of it; a conversation may see its own user's.
bool McpDoor::sees(const Asking& asking, const PaymentIntent& row) {
  if (!asking.caller.may_see(row.tenant, row.user)) return false;
  if (asking.caller.user) return true;
  if (asking.named) return row.user == asking.named->user;
  return asking.thread && row.thread == *asking.thread;
}

Task<Result<PaymentIntent>> McpDoor::own_intent(const Asking& asking, std::string uri) {
  const auto named = mcp::named_by(uri);
  if (!named) co_return Errc::not_found;
  auto row = co_await ports_.store.intent(named->intent);
  if (!row && row.code() != Errc::not_found) co_return row.error();
  if (!row || !sees(asking, *row)) co_return Errc::not_found;
  co_return row;
}

Task<Result<http::Response>> McpDoor::list_resources(Asking asking) {
  if (!asking.caller.scopes.allows(Scope::intents_read)) co_return needs_intents_read();
  json list = json::array();
  if (asking.thread) {
    auto rows = co_await ports_.store.intents_of_thread(*asking.thread, kIntentsListed);
    if (!rows) co_return rows.error();
    for (const PaymentIntent& row : *rows) list.push_back(mcp::listed(row));
  }
  json result = json::object();
  result["resources"] = std::move(list);
  co_return resource_answered(asking.message, std::move(result), Keep::not_at_all);
}

Task<Result<json>> McpDoor::content_of(PaymentIntent intent, std::string uri) {
  const bool can_be_paid = intent.state == IntentState::awaiting_payment;
  json body = views::intent(intent);
  json content{{"uri", uri}, {"annotations", {{"audience", {"user"}}}}};
  std::optional<Confirmation> with;
  if (can_be_paid) {
    auto confirmation = co_await ports_.cashier.confirmation(intent);
    if (!confirmation) co_return confirmation.error();
    with = std::move(*confirmation);
  }
  if (mcp::named_by(uri)->qr) {
    if (!with || with->kind != TradeKind::qr) co_return Errc::not_found;
    auto image = qr_png(with->code_url);
    if (!image) co_return image.error();
    content["mimeType"] = "image/png";
    content["blob"] = crypto::base64_encode(*image);
    co_return content;
  }
  if (with) body["confirmation"] = cards::confirmation(*with);
  if (with) body["cards"] = json::array({cards::payment_request(intent, *with, sandbox_)});
  content["mimeType"] = "application/json";
  content["text"] = body.dump(-1, ' ', false, json::error_handler_t::replace);
  co_return content;
}

Task<Result<http::Response>> McpDoor::read_resource(Asking asking) {
  if (!asking.caller.scopes.allows(Scope::intents_read)) co_return needs_intents_read();
  const mcp::Message message = asking.message;
  const json uri = message.params.value("uri", json());
  if (!uri.is_string()) co_return no_resource(message, uri);
  auto row = co_await own_intent(asking, uri.get<std::string>());
  if (!row && row.code() == Errc::not_found) co_return no_resource(message, uri);
  if (!row) co_return row.error();
  auto content = co_await content_of(std::move(*row), uri.get<std::string>());
  if (!content && content.code() == Errc::not_found) co_return no_resource(message, uri);
  if (!content) co_return content.error();
  json result = json::object();
  result["contents"] = json::array({std::move(*content)});
  co_return resource_answered(message, std::move(result), Keep::not_at_all);
}

Task<Result<http::Response>> McpDoor::subscribe(Asking asking, bool on) {
  if (!asking.caller.scopes.allows(Scope::intents_read)) co_return needs_intents_read();
  const mcp::Message message = asking.message;
  const std::string session = asking.session;
  const json uri = message.params.value("uri", json());
  if (!uri.is_string()) co_return no_resource(message, uri);
  auto row = co_await own_intent(asking, uri.get<std::string>());
  if (!row && row.code() == Errc::not_found) co_return no_resource(message, uri);
  if (!row) co_return row.error();
  const std::string name = mcp::uri_of(row->id);
  Result<void> noted = success();
  if (on) {
    noted = co_await sessions_.subscribe(session, name);
  } else {
    noted = co_await sessions_.unsubscribe(session, name);
  }
  if (!noted) co_return noted.error();
  co_return resource_answered(message, json::object(), std::nullopt);
}

// --- streams

Task<Result<http::Response>> McpDoor::listen(Asking asking) {
  if (!asking.caller.scopes.allows(Scope::intents_read)) co_return needs_intents_read();
  const mcp::Message message = asking.message;
  const json wanted = message.params.value("notifications", json());
  json uris = wanted.is_object() ? wanted.value("resourceSubscriptions", json::array()) : json();
  if (!uris.is_array() || uris.size() > kUrisMax) {
    Refusal refusal(200, Code::invalid_params, "notifications names at most 64 resources to hear of");
    refusal.id = message.id;
    co_return mcp::answer_of(refusal);
  }
  // One stream follows one conversation: what belongs to another is left out of what is acknowledged.
  Following following;
  following.subscription = message.id;
  for (const json& uri : uris) {
    if (!uri.is_string()) continue;
    auto row = co_await own_intent(asking, uri.get<std::string>());
    if (!row && row.code() != Errc::not_found) co_return row.error();
    if (!row || (!following.thread.empty() && row->thread != following.thread)) continue;
    following.thread = row->thread;
    following.user = row->user;
    following.uris.push_back(mcp::uri_of(row->id));
  }
  if (!following.thread.empty()) {
    auto last = co_await last_event(following.thread);
    if (!last) co_return last.error();
    following.after = *last;
  }
  json agreed = json::object();
  if (!following.uris.empty()) agreed["resourceSubscriptions"] = following.uris;
  json params = json::object();
  params["notifications"] = std::move(agreed);
  following.first = mcp_event_text(
      0, mcp::notification("notifications/subscriptions/acknowledged", told_to(message.id, std::move(params))));
  co_return stream_of(asking.caller, std::move(following));
}

Result<http::Response> McpDoor::stream_of(const Caller& caller, Following following) {
  auto seat = ports_.streams.take(caller.tenant, following.user ? following.user : caller.user);
  if (!seat) return seat.error();
  auto run = [this, following = std::move(following), seat = std::move(*seat)](http::StreamSink sink) {
    return run_stream(following, std::move(sink));
  };
  return api::event_stream(api::StreamOf::thread, std::move(run));
}

Task<Result<std::int64_t>> McpDoor::last_event(ThreadId thread) {
  std::int64_t last = 0;
  for (;;) {
    auto page = co_await ports_.store.events(thread, last, kEventsOfAPage);
    if (!page) co_return page.error();
    if (!page->empty()) last = page->back().seq;
    if (page->size() < static_cast<std::size_t>(kEventsOfAPage)) co_return last;
  }
}

Task<Result<bool>> McpDoor::hears(const Following& following, const std::string& uri) {
  if (!following.session.empty()) co_return co_await sessions_.subscribed(following.session, uri);
  co_return std::find(following.uris.begin(), following.uris.end(), uri) != following.uris.end();
}

Task<Result<void>> McpDoor::tell(Following& following, const http::StreamSink& sink) {
  for (;;) {
    auto page = co_await ports_.store.events(following.thread, following.after, kEventsOfAPage);
    if (!page) co_return page.error();
    std::string text;
    for (const StreamEvent& event : *page) {
      following.after = event.seq;
      const std::string intent = paid_or_refunded(event);
      if (intent.empty()) continue;
      const std::string uri = mcp::uri_of(IntentId::trusted(intent));
      auto wanted = co_await hears(following, uri);
      if (!wanted) co_return wanted.error();
      if (!*wanted) continue;
      json params = json::object();
      params["uri"] = uri;
      // The modern revision has no events to come back to.
      const std::int64_t id = following.subscription.is_null() ? event.seq : 0;
      text += mcp_event_text(
          id, mcp::notification("notifications/resources/updated", told_to(following.subscription, std::move(params))));
    }
    if (!text.empty()) {
      auto written = co_await sink(std::move(text));
      if (!written) co_return written;
    }
    if (page->size() < static_cast<std::size_t>(kEventsOfAPage)) co_return success();
  }
}

Task<void> McpDoor::run_stream(Following following, http::StreamSink sink) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  const std::uint64_t turn = ++streams_begun_;
  if (!following.session.empty()) streams_[following.session] = turn;
  std::string head = following.first;
  auto step = co_await sink(std::move(head));
  while (step) {
    Notifier& news = ports_.conversations.news(following.thread);
    const auto seen = news.count();
    // Each message goes to one stream of a session: the newest.
    const auto newest = streams_.find(following.session);
    if (newest != streams_.end() && newest->second != turn) co_return;
    step = co_await tell(following, sink);
    if (!step) break;
    const Deadline limit = Deadline::after(ports_.clock, kHeartbeat);
    step = co_await news.wait_since(seen, limit);
    if (step || step.code() != Errc::timed_out) continue;
    std::string heartbeat = ": heartbeat\n\n";
    step = co_await sink(std::move(heartbeat));
  }
  const auto newest = streams_.find(following.session);
  if (newest != streams_.end() && newest->second == turn) streams_.erase(newest);
}

}  // namespace purser
