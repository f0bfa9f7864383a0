// A whole shop in one process and without sockets: the real store, cashier, tools, conversations and doors, around a
// scripted model, a scripted rail and a clock that stands still. Work that falls due is done when the test says so.
#pragma once

#include "agent/api/admin.hpp"
#include "agent/api/api.hpp"
#include "agent/resume/webhook_inbox.hpp"
#include "agent/turn/conversations.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"
#include "tests/support/fake_channel.hpp"
#include "tests/support/fake_model.hpp"
#include "tests/support/loop.hpp"
#include "tools/cashier/cashier.hpp"
#include "tools/tool.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace purser::test {

// Two tenants with a key each.
inline constexpr std::string_view kOurs = "acme";
inline constexpr std::string_view kOurKey = "sk_test_acme_000000000001";
inline constexpr std::string_view kTheirKey = "sk_test_other_00000000001";

nlohmann::json body_of(const http::Response& response);
// The code of an error's body; empty for anything else.
std::string code_of(const http::Response& response);
std::string header_of(const http::Response& response, std::string_view name);

// A request as a good client sends it: our key, JSON.
http::Request request(std::string method, std::string target, std::string body = {}, std::string idempotency_key = {});
void set_header(http::Request& request, std::string name, std::string value);
void drop_header(http::Request& request, std::string_view name);

// What a client of a stream has read; may leave after some pieces.
class Reader {
 public:
  Reader() : state_(std::make_shared<State>()) {}
  // The client leaves: the piece after `pieces` finds no connection.
  void leave_after(std::size_t pieces) { state_->patience = pieces; }
  http::StreamSink sink() const;
  const std::string& text() const { return state_->text; }
  // The ids, types or data of the events read, in order.
  std::vector<std::string> ids() const { return fields("id: "); }
  std::vector<std::string> types() const { return fields("event: "); }
  std::vector<std::string> data() const { return fields("data: "); }

 private:
  struct State {
    std::string text;
    std::size_t pieces = 0;
    std::size_t patience = static_cast<std::size_t>(-1);
  };
  static Task<Result<void>> write(std::shared_ptr<State> state, std::string piece);
  std::vector<std::string> fields(std::string_view label) const;

  std::shared_ptr<State> state_;
};

// How the doors of a desk are set up, beside its two tenants' keys.
struct DeskDoors {
  AuthSettings auth;
  LimitSettings limits;
  std::vector<std::string> trusted_proxies;
  std::string endpoints;  // the text of an endpoints file; empty: nobody is told
  IntentSettings intents = {};
  std::vector<std::string> tiers = {};  // that may be asked without a conversation
};

class Desk {
 public:
  // `folder` holds the database; a second desk on it is the daemon after a restart. `failpoints` as PURSER_FAILPOINT.
  explicit Desk(const std::string& folder, const std::string& failpoints = {}, DeskDoors doors = {});
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  http::Response send(http::Request request) { return loop.run(api.handle(std::move(request))); }
  http::Response get(std::string target) { return send(request("GET", std::move(target))); }
  http::Response post(std::string target, std::string body, std::string idempotency_key) {
    return send(request("POST", std::move(target), std::move(body), std::move(idempotency_key)));
  }

  // A new thread of user `user`; with an openid it pays inside WeChat.
  std::string thread(std::string_view user = "alice", std::string_view openid = {});
  // The model answers `words` to whatever comes next.
  void model_says(std::string words) { model.push(says(std::move(words))); }
  // Buys two cups (4.00) in `thread`; the intent, waiting for its payment.
  PaymentIntent buy(const std::string& thread, std::string idempotency_key = "buy-1");
  // The rail says it was paid.
  void pay(const PaymentIntent& intent);
  PaymentIntent intent(const std::string& id);
  std::size_t count_turns(const std::string& thread);

  // Does what is due now, until nothing is; resumed threads are answered "noted" unless the model has a script.
  void work_off();
  // Moves time by `d` and does what falls due.
  void pass(Clock::duration d);

  Loop loop;
  std::unique_ptr<Store> store;
  FakeModel model;
  FakeChannel channel;
  crypto::SystemMint mint;
  Catalogue catalogue;
  IntentSettings intents;
  TurnSettings turns;
  Metrics metrics;
  TaskGroup group;
  Cashier cashier;
  ToolRegistry tools;
  Conversations conversations;
  int pokes = 0;
  WebhookInbox webhooks;
  LocalRateLimiter limiter;
  WebhookEndpoints endpoints;
  Api api;
  Admin admin;

 private:
  Result<void> perform(WorkItem item);
};

}  // namespace purser::test
