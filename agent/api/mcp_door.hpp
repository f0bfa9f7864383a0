// The MCP server: the payment tools for clients that have a model of their own, at POST, GET and DELETE /mcp
// (Streamable HTTP). A call goes the way of a model's call: its amounts are claims, the server computes, the same words
// twice move nothing twice. What the user alone can say is asked for (input_required); what has to be waited for is a
// resource that can be listened to.
//
// Whose conversation it is: the one that the client names (X-Thread-Id, or "purser/thread" in _meta); else the one of
// the user that its token stands for; else the session's own, of a guest. A request without any of these sees no
// payment.
#pragma once

#include "agent/api/actions.hpp"
#include "agent/api/mcp_message.hpp"
#include "agent/api/mcp_sessions.hpp"
#include "agent/api/open_streams.hpp"
#include "agent/api/request_limits.hpp"
#include "agent/identity/caller.hpp"
#include "tools/cashier/cashier.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace purser {

class McpDoor {
 public:
  struct Ports {
    Store& store;
    Conversations& conversations;
    Actions& actions;
    Cashier& cashier;
    Mint& mint;
    Clock& clock;
    api::RequestLimits& limits;
    api::OpenStreams& streams;
  };
  McpDoor(Ports ports, bool sandbox)
      : ports_(ports), sandbox_(sandbox), sessions_(ports.store, ports.mint, ports.clock) {}

  // Each for a caller who may ask. What the protocol has an error for is a response; errors: not_found for a session or
  // a thread that is not the caller's, insufficient_scope, rate_limited, those of Actions::call.
  Task<Result<http::Response>> post(Caller caller, http::Request request);
  Task<Result<http::Response>> follow(Caller caller, http::Request request);
  Task<Result<http::Response>> end(Caller caller, http::Request request);

  static constexpr std::chrono::seconds kHeartbeat{15};
  static constexpr std::size_t kUrisMax = 64;  // that one stream listens to

 private:
  using Reply = Task<Result<http::Response>>;
  struct Asking {
    Asking(Caller c, mcp::Message m) : caller(std::move(c)), message(std::move(m)) {}
    Caller caller;
    mcp::Message message;
    std::string session;             // empty: none
    std::optional<ThreadId> thread;  // the conversation; its row may not be there yet
    std::optional<Thread> named;     // the row, when the client named it
    std::string locale = "zh";       // of a conversation that is made
  };
  // A stream that tells of payments.
  struct Following {
    ThreadId thread;
    std::int64_t after = 0;
    std::optional<UserId> user;  // whose thread it is, where that is known
    std::string session;         // which keeps what it hears of, and of whose streams the newest speaks; empty: `uris`
    std::vector<std::string> uris;
    nlohmann::json subscription;  // the id of the request that listens; null: none
    std::string first;            // what is written before all else
  };

  Reply dispatch(Asking asking);
  Task<Result<std::optional<Thread>>> named_thread(const Caller& caller, const mcp::Message& message,
                                                   const http::Headers& headers);
  // The conversation's row, made when it is not there.
  Task<Result<Thread>> thread_of(Asking asking);

  Reply call_tool(Asking asking);
  Task<Result<std::optional<PaymentIntent>>> payment_about(Thread thread, nlohmann::json arguments);
  Reply list_resources(Asking asking);
  Reply read_resource(Asking asking);
  Reply subscribe(Asking asking, bool on);
  Reply listen(Asking asking);

  static bool sees(const Asking& asking, const PaymentIntent& row);
  // The payment that a URI names, if it may be seen from this conversation. Error: not_found.
  Task<Result<PaymentIntent>> own_intent(const Asking& asking, std::string uri);
  Task<Result<nlohmann::json>> content_of(PaymentIntent intent, std::string uri);

  // Error: rate_limited when too many are open.
  Result<http::Response> stream_of(const Caller& caller, Following following);
  Task<void> run_stream(Following following, http::StreamSink sink);
  Task<Result<void>> tell(Following& following, const http::StreamSink& sink);
  Task<Result<bool>> hears(const Following& following, const std::string& uri);
  Task<Result<std::int64_t>> last_event(ThreadId thread);

  Ports ports_;
  bool sandbox_;
  mcp::Sessions sessions_;
  std::map<std::string, std::uint64_t> streams_;  // the newest of each session that is followed here
  std::uint64_t streams_begun_ = 0;
};

}  // namespace purser
