// The native API and the webhook door: bytes to a request that is known to be whole and allowed, and rows to JSON.
// Every row that is named is looked up and its tenant compared with the key's; another tenant's row and no row at all
// are the same answer to the byte.
#pragma once

#include "agent/api/actions.hpp"
#include "agent/api/chat_door.hpp"
#include "agent/api/events.hpp"
#include "agent/api/mcp_door.hpp"
#include "agent/api/open_streams.hpp"
#include "agent/api/renewal.hpp"
#include "agent/api/request_limits.hpp"
#include "agent/api/router.hpp"
#include "agent/identity/identity.hpp"
#include "agent/outbound/endpoints.hpp"
#include "agent/resume/webhook_inbox.hpp"
#include "agent/turn/conversations.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/metrics.hpp"

#include <optional>
#include <string>
#include <vector>

namespace purser {

inline constexpr double kRequestBuckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                             0.25,  0.5,    1,     2.5,  5,     10,   30};

inline constexpr MetricFamily kRequests{"purser_http_requests_total", "Requests by route and status."};
inline constexpr MetricFamily kRequestTime{"purser_http_request_duration_seconds",
                                           "From a whole request to the begin of its answer, by route.",
                                           MetricFamily::Kind::histogram, kRequestBuckets};

class Api {
 public:
  struct Ports {
    Store& store;
    Conversations& conversations;
    Cashier& cashier;
    const Catalogue& catalogue;
    WebhookInbox& webhooks;
    Mint& mint;
    Clock& clock;
    TaskGroup& work;  // owns what goes on when its client leaves
    Metrics& metrics;
    RateLimiter& limiter;
    const WebhookEndpoints& endpoints;
    DirectDoor::Models models{};  // that backends may ask without a conversation
  };
  // What the doors are told, besides what the parts behind them know.
  struct Options {
    IntentSettings intents;
    TurnSettings turns;
    LimitSettings limits;
    std::vector<std::string> trusted_proxies;  // addresses
    bool sandbox = false;
    TenantPolicies tenants{};
  };
  Api(Ports ports, Identity identity, Options options);

  // Requests from now on are judged by it.
  void replace(Identity identity) {
    identity_ = std::move(identity);
    ++identities_;
  }

  // Until canceled: says to the other daemons of the store which Idempotency-Keys are worked on here.
  Task<void> keep_keys() { return actions_.keep_keys(); }

  std::uint64_t streams_open() const { return streams_.open(); }

  // An http::Handler. Turns and other work under an Idempotency-Key run to their end when the caller leaves.
  Task<http::Response> handle(http::Request request);

  // Method and pattern of every endpoint; openapi.json describes the same.
  static std::vector<std::pair<std::string_view, std::string_view>> routes();

 private:
  // One request on its way: who asks, and the parts of the path.
  struct Call {
    Call(http::Request r, std::vector<std::string> p) : request(std::move(r)), parts(std::move(p)) {}
    http::Request request;
    std::vector<std::string> parts;
    Caller caller;
  };
  using Reply = Task<Result<http::Response>>;
  using Method = Reply (Api::*)(Call& call);
  struct Endpoint {
    Method method = nullptr;
    std::optional<Scope> scope;  // of the key; none: open to all, as the webhook, which proves itself
  };
  static const std::array<api::Route<Endpoint>, 27> kRoutes;

  Reply answer(Call& call, const api::Route<Endpoint>& route, http::Headers& headers);
  // Who asks, if he may and not too often. Adds what the answer tells of his limits to `headers`.
  Task<Result<Caller>> admit(const Call& call, Scope scope, http::Headers& headers);

  Reply create_thread(Call& call);
  Reply get_thread(Call& call);
  Reply get_messages(Call& call);
  Reply post_turn(Call& call);
  Reply get_events(Call& call);
  Reply get_intent(Call& call);
  Reply get_qr(Call& call);
  Reply cancel_intent(Call& call);
  Reply renew_intent(Call& call);
  Reply settle_intent(Call& call);
  Reply get_refund(Call& call);
  Reply mend_refund(Call& call);
  Reply refund_again(Call& call);
  Reply get_approvals(Call& call);
  Reply get_approval(Call& call);
  Reply decide_approval(Call& call);
  Reply get_deliveries(Call& call);
  Reply redeliver(Call& call);
  Reply chat(Call& call);
  Reply get_models(Call& call);
  Reply get_model(Call& call);
  Reply mcp_post(Call& call);
  Reply mcp_follow(Call& call);
  Reply mcp_end(Call& call);
  Reply get_openapi(Call& call);
  Reply webhook(Call& call);

  // For a stream that may outlive the key or token it was asked for with.
  EventStreams::Leave leave_of(const Call& call, Scope scope);
  // What the MCP door answers; a stream of it lasts while its caller may listen.
  Reply ask_mcp(Call& call, Task<Result<http::Response>> (McpDoor::*method)(Caller caller, http::Request request));

  // Rows that this call may see, else not_found.
  Task<Result<Thread>> own_thread(const Call& call);
  Task<Result<PaymentIntent>> own_intent(const Call& call);
  Task<Result<Refund>> own_refund(const Call& call);
  Task<Result<Approval>> own_approval(const Call& call);

  // What an action does once it may: values only, it outlives its caller.
  Reply do_create(NewThread wanted);
  Reply do_cancel(IntentId id, bool again);
  Reply do_renew(PaymentIntent ended);
  Reply do_settle(IntentId id, std::string by);
  Reply do_redeliver(TenantId tenant, std::string subject, bool again);
  Task<Result<std::vector<WorkItem>>> deliveries_of(TenantId tenant, WorkKind kind, std::string after,
                                                    std::int64_t wanted);
  Task<Result<std::optional<WorkItem>>> delivery_named(TenantId tenant, WorkKind kind, std::string subject);
  Reply do_decide(ApprovalDecision decision, bool again);
  Reply do_mend(RefundId id, RefundAccount account);
  Reply do_again(RefundId id);

  // Does `action` once for this key and body, and waits for it.
  Reply once(const Call& call, const nlohmann::json& body, std::string key, Idempotency::Action action);

  // The intent as clients see it, with what is needed to pay it while it can be paid.
  Task<nlohmann::json> shown(PaymentIntent intent, bool with_card);

  Ports ports_;
  Identity identity_;
  std::uint64_t identities_ = 0;  // how often it was replaced
  Options options_;
  api::RequestLimits limits_;
  Actions actions_;
  EventStreams events_;
  api::OpenStreams streams_;
  ChatDoor chat_;
  McpDoor mcp_;
  Renewal renewal_;
};

}  // namespace purser
