// A shop for conversations by the thousand: the real store, cashier, tools, conversations and the simulator's books, in
// one thread and without doors, sockets or signatures. The model is a function of the test.
#pragma once

#include "agent/turn/conversations.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/store/sqlite/sqlite_store.hpp"
#include "tests/support/book_channel.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/temp_folder.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace purser::test {

class SmallShop {
 public:
  // What the model answers; not asked for work of the rule engine's own.
  using Answers = std::function<Result<ModelAnswer>(const ModelRequest&)>;

  using Wrap = std::function<std::unique_ptr<Store>(std::unique_ptr<Store>, Clock&)>;

  // `wrap` may put a store around the store.
  explicit SmallShop(Catalogue goods, IntentSettings intents = {}, RefundSettings refunds = {}, TurnSettings turns = {},
                     TenantPolicies tenants = {}, const Wrap& wrap = nullptr);
  ~SmallShop();

  Thread open_thread(const std::string& tenant, const std::string& user, const std::string& openid,
                     const std::string& locale);
  // One turn; the text of the reply, or nothing when the turn did not end well.
  std::optional<std::string> say(const ThreadId& thread, const std::string& text);
  // The payer pays the open order of the thread, if there is one; the facts reach the cashier.
  bool pay(const ThreadId& thread);
  // Does what is due, until nothing is.
  void work_off();
  void pass(Clock::duration time);

  std::vector<PaymentIntent> intents(const ThreadId& thread);
  std::vector<Refund> refunds(const ThreadId& thread);
  std::vector<Message> messages(const ThreadId& thread);

  VirtualClock clock;
  asio::io_context ioc{1};
  TempFolder folder{true};
  std::unique_ptr<Store> store;
  crypto::SystemMint mint;
  BookChannel rail;
  Catalogue catalogue;
  Metrics metrics;
  Answers answers;
  std::vector<std::string> prompts_seen;  // what the model was sent, when `keep_prompts`
  bool keep_prompts = false;

  template <class T>
  T run(Task<T> task) {
    Started<T> started(ioc, std::move(task));
    while (!started.done()) {
      if (!clock.advance_to_next(ioc) && !started.done()) throw std::runtime_error("the coroutine does not end");
    }
    return started.get();
  }

 private:
  class Asked final : public Model {
   public:
    explicit Asked(SmallShop& shop) : shop_(shop) {}
    std::string_view name() const override { return "asked"; }
    Task<Result<ModelAnswer>> ask(ModelRequest request, Deadline deadline) override;

   private:
    SmallShop& shop_;
  };

  Result<void> perform(WorkItem item);

  Asked model_{*this};

 public:
  Cashier cashier;
  ToolRegistry tools;
  std::unique_ptr<Conversations> conversations;
};

}  // namespace purser::test
