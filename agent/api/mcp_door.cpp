#include "agent/api/mcp_door.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/mcp_offers.hpp"
#include "agent/api/own_host.hpp"
#include "agent/api/request.hpp"
#include "gateway/telemetry/trace.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace purser {
namespace {

using mcp::Code;
using mcp::Keep;
using mcp::Refusal;
using nlohmann::json;

constexpr std::string_view kMcpSessionHeader = "Mcp-Session-Id";
constexpr std::string_view kMcpThreadHeader = "X-Thread-Id";
constexpr const char* kMcpThreadKey = "purser/thread";

http::Response mcp_refused(int status, Code code, std::string message) {
  return mcp::answer_of(Refusal(status, code, std::move(message)));
}

std::optional<http::Response> transport_fault(const http::Request& request, std::initializer_list<const char*> wanted) {
  if (!api::origin_is_this_machine(request.headers))
    return mcp_refused(403, Code::invalid_request, "this Origin may not ask");
  for (const char* type : wanted)
    if (!mcp::accepts(request.headers, type))
      return mcp_refused(406, Code::invalid_request, std::string("the client has to accept ") + type);
  return std::nullopt;
}

// The id of a request's session. Nothing: there is none, or more than one.
std::optional<std::string> session_of(const http::Headers& headers) {
  auto id = api::single_header(headers, kMcpSessionHeader);
  if (!id || !id->has_value()) return std::nullopt;
  return std::string(**id);
}

http::Response mcp_accepted() {
  http::Response response;
  response.status = 202;
  return response;
}

std::string mcp_locale_of(const http::Headers& headers) {
  return http::header(headers, "Accept-Language").starts_with("en") ? "en" : "zh";
}

}  // namespace

Task<Result<http::Response>> McpDoor::post(Caller caller, http::Request request) {
  if (auto fault = transport_fault(request, {"application/json", "text/event-stream"})) co_return std::move(*fault);
  auto read = mcp::read_message(request);
  if (!read) co_return read.error();
  if (const auto* refusal = std::get_if<Refusal>(&*read)) co_return mcp::answer_of(*refusal);
  Asking asking(std::move(caller), std::get<mcp::Message>(std::move(*read)));
  const bool is_request = asking.message.kind == mcp::Message::Kind::request;
  if (asking.message.modern && asking.message.kind == mcp::Message::Kind::response)
    co_return mcp_refused(400, Code::invalid_request, "this revision has no responses of clients");
  if (!asking.message.modern && !(is_request && asking.message.method == "initialize")) {
    auto session = session_of(request.headers);
    if (!session) co_return mcp_refused(400, Code::invalid_request, "Mcp-Session-Id is missing: send initialize first");
    auto known = co_await sessions_.check(asking.caller, *session);
    if (!known) co_return known.error();
    asking.session = std::move(*session);
  }
  // Nothing that a client notifies of, or answers, is waited for here.
  if (!is_request) co_return mcp_accepted();
  auto named = co_await named_thread(asking.caller, asking.message, request.headers);
  if (!named) co_return named.error();
  asking.named = std::move(*named);
  if (asking.named) {
    asking.thread = asking.named->id;
  } else if (asking.caller.user) {
    asking.thread = ports_.mint.thread_of(asking.caller.tenant, "mcp user " + asking.caller.user->str());
  } else if (!asking.session.empty()) {
    asking.thread = sessions_.thread_of(asking.caller, asking.session);
  }
  if (asking.thread) trace::carry(trace::parent_in(request.headers), asking.thread->str());
  asking.locale = mcp_locale_of(request.headers);
  co_return co_await dispatch(std::move(asking));
}

Task<Result<http::Response>> McpDoor::dispatch(Asking asking) {
  const mcp::Message& message = asking.message;
  const bool modern = message.modern;
  const std::string method = message.method;
  const json id = message.id;
  const auto result = [&](json body, std::optional<Keep> keep) {
    return api::json_answer(200, mcp::result_of(id, mcp::stamped(std::move(body), modern, keep)));
  };
  if (method == "tools/list") co_return result(mcp::tool_list(ports_.conversations.tools()), Keep::minutes);
  if (method == "resources/templates/list") co_return result(mcp::resource_templates(), Keep::hour);
  if (method == "tools/call") co_return co_await call_tool(std::move(asking));
  if (method == "resources/list") co_return co_await list_resources(std::move(asking));
  if (method == "resources/read") co_return co_await read_resource(std::move(asking));
  if (modern && method == "server/discover") co_return result(mcp::discovery(), Keep::hour);
  if (modern && method == "subscriptions/listen") co_return co_await listen(std::move(asking));
  if (!modern && method == "ping") co_return result(json::object(), std::nullopt);
  if (!modern && method == "resources/subscribe") co_return co_await subscribe(std::move(asking), true);
  if (!modern && method == "resources/unsubscribe") co_return co_await subscribe(std::move(asking), false);
  if (!modern && method == "initialize") {
    const json asked = message.params.value("protocolVersion", json());
    if (!asked.is_string()) {
      Refusal refusal(200, Code::invalid_params, "protocolVersion is a string");
      refusal.id = id;
      co_return mcp::answer_of(refusal);
    }
    http::Response response = result(mcp::welcome(asked.get<std::string>()), std::nullopt);
    response.headers.emplace_back(kMcpSessionHeader, sessions_.open(asking.caller));
    co_return response;
  }
  Refusal unknown(modern ? 404 : 200, Code::method_not_found, "there is no such method here");
  unknown.id = id;
  co_return mcp::answer_of(unknown);
}

Task<Result<http::Response>> McpDoor::end(Caller caller, http::Request request) {
  if (auto fault = transport_fault(request, {})) co_return std::move(*fault);
  auto session = session_of(request.headers);
  if (!session) co_return mcp_refused(400, Code::invalid_request, "Mcp-Session-Id says which session to end");
  auto ended = co_await sessions_.end(std::move(caller), std::move(*session));
  if (!ended) co_return ended.error();
  http::Response response;
  response.status = 204;
  co_return response;
}

Task<Result<http::Response>> McpDoor::follow(Caller caller, http::Request request) {
  if (auto fault = transport_fault(request, {"text/event-stream"})) co_return std::move(*fault);
  auto session = session_of(request.headers);
  if (!session) co_return mcp_refused(400, Code::invalid_request, "Mcp-Session-Id is missing: send initialize first");
  auto known = co_await sessions_.check(caller, *session);
  if (!known) co_return known.error();
  auto named = co_await named_thread(caller, mcp::Message(), request.headers);
  if (!named) co_return named.error();
  Following following;
  following.thread = sessions_.thread_of(caller, *session);
  if (caller.user) following.thread = ports_.mint.thread_of(caller.tenant, "mcp user " + caller.user->str());
  if (named->has_value()) {
    following.thread = (*named)->id;
    following.user = (*named)->user;
  }
  auto last = api::single_header(request.headers, "Last-Event-ID");
  if (!last) co_return last.error();
  Result<std::int64_t> after = std::int64_t{0};
  if (last->has_value()) {
    after = api::parse_count(**last, std::numeric_limits<std::int64_t>::max(), "Last-Event-ID");
  } else {
    after = co_await last_event(following.thread);
  }
  if (!after) co_return after.error();
  following.after = *after;
  following.session = std::move(*session);
  following.first = "retry: 1000\n\n";
  co_return stream_of(caller, std::move(following));
}

// --- the conversation

Task<Result<std::optional<Thread>>> McpDoor::named_thread(const Caller& caller, const mcp::Message& message,
                                                          const http::Headers& headers) {
  std::optional<Thread> out;
  auto header = api::single_header(headers, kMcpThreadHeader);
  if (!header) co_return header.error();
  const json in_body = message.meta().value(kMcpThreadKey, json());
  if (!in_body.is_null() && !in_body.is_string())
    co_return Error(Errc::request_malformed, "this member is a string", std::string(kMcpThreadKey));
  std::string name = in_body.is_string() ? in_body.get<std::string>() : "";
  if (header->has_value() && (*header)->empty())
    co_return Error(Errc::request_malformed, "this names a thread, or is left out", std::string(kMcpThreadHeader));
  if (header->has_value()) {
    if (!name.empty() && name != **header)
      co_return Error(Errc::request_malformed, "X-Thread-Id and _meta name different threads",
                      std::string(kMcpThreadKey));
    name = std::string(**header);
  }
  if (name.empty()) co_return out;
  auto id = ThreadId::parse(name);
  if (!id) co_return Errc::not_found;
  auto row = co_await ports_.store.thread(std::move(*id));
  if (!row && row.code() != Errc::not_found) co_return row.error();
  if (!row || !caller.may_see(row->tenant, row->user)) co_return Errc::not_found;
  out = std::move(*row);
  co_return out;
}

Task<Result<Thread>> McpDoor::thread_of(Asking asking) {
  if (asking.named) co_return std::move(*asking.named);
  const ThreadId id = *asking.thread;
  auto known = co_await ports_.store.thread(id);
  if (known || known.code() != Errc::not_found) co_return known;
  NewThread wanted(asking.caller.tenant, asking.caller.user.value_or(UserId::trusted("guest." + id.str())));
  wanted.id = id;
  wanted.openid = asking.caller.openid;
  wanted.locale = asking.locale;
  auto made = co_await ports_.conversations.create(std::move(wanted));
  const bool raced = !made && made.code() == Errc::store_duplicate;
  if (raced) made = co_await ports_.store.thread(id);
  co_return made;
}

}  // namespace purser
