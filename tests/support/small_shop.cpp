#include "tests/support/small_shop.hpp"

#include <stdexcept>

namespace purser::test {
namespace {

const sandbox::SandboxCredentials& credentials() {
  static const auto made =
      sandbox::SandboxCredentials::generate(sandbox::KeyPlan::embedded(), from_millis(1'767'607'200'000)).value();
  return made;
}

std::unique_ptr<Store> open(const TempFolder& folder, Clock& clock) {
  auto opened = open_sqlite(folder.file("purser.db"), SqliteOptions(), clock);
  if (!opened) throw std::runtime_error(opened.error().message);
  return *std::move(opened);
}

}  // namespace

SmallShop::SmallShop(Catalogue goods, IntentSettings intents, RefundSettings refunds, TurnSettings turns,
                     TenantPolicies tenants, const Wrap& wrap)
    : clock(from_millis(1'767'607'200'000), true),
      store(wrap ? wrap(open(folder, clock), clock) : open(folder, clock)),
      mint(Secret("merchant secret of the tests")),
      rail(credentials(), mint, clock),
      catalogue(std::move(goods)),
      cashier({*store, rail, mint, clock}, intents, refunds, tenants),
      tools({*store, cashier, catalogue, clock}, intents, refunds, turns, tenants),
      conversations(std::make_unique<Conversations>(
          Conversations::Ports{*store, model_, tools, cashier, mint, clock, &metrics}, turns,
          Conversations::Prompts{"zh prompt", "en prompt"}, true, ioc.get_executor())) {}

SmallShop::~SmallShop() = default;

Task<Result<ModelAnswer>> SmallShop::Asked::ask(ModelRequest request, Deadline) {
  if (shop_.keep_prompts) {
    std::string all = request.system;
    for (const ToolSchema& tool : request.tools) all += tool.name + tool.description + tool.parameters_json;
    for (const Message& message : request.messages) all += "\n" + message.text;
    shop_.prompts_seen.push_back(std::move(all));
  }
  co_return shop_.answers(request);
}

Thread SmallShop::open_thread(const std::string& tenant, const std::string& user, const std::string& openid,
                              const std::string& locale) {
  NewThread wanted(TenantId::trusted(tenant), UserId::trusted(user));
  wanted.openid = openid;
  wanted.locale = locale;
  return run(conversations->create(std::move(wanted))).value();
}

std::optional<std::string> SmallShop::say(const ThreadId& thread, const std::string& text) {
  auto turn = run(conversations->say(thread, text, std::nullopt));
  if (!turn || turn->state != TurnState::completed) return std::nullopt;
  return nlohmann::json::parse(turn->result_json).at("reply").at("text").get<std::string>();
}

bool SmallShop::pay(const ThreadId& thread) {
  for (const PaymentIntent& intent : intents(thread)) {
    if (intent.state != IntentState::awaiting_payment) continue;
    auto facts = rail.pay(intent.order.out_trade_no, intent.order.payer_openid);
    if (!facts) return false;
    auto taken = run(cashier.take_order_facts(*facts));
    if (!taken) throw std::runtime_error(taken.error().message);
    work_off();
    return true;
  }
  return false;
}

Result<void> SmallShop::perform(WorkItem item) {
  switch (item.kind) {
    case WorkKind::expire_intent:
      return run(cashier.expire(std::move(item)));
    case WorkKind::close_order:
      return run(cashier.close(std::move(item)));
    case WorkKind::resolve_order:
      return run(cashier.resolve_order(std::move(item)));
    case WorkKind::submit_refund:
      return run(cashier.submit_refund(std::move(item)));
    case WorkKind::resolve_refund:
      return run(cashier.resolve_refund(std::move(item)));
    case WorkKind::expire_approval:
      return run(cashier.expire_approval(std::move(item)));
    case WorkKind::resume_thread:
      return run(conversations->resume(std::move(item)));
    case WorkKind::take_notification:
      break;
    case WorkKind::deliver_webhook:
    case WorkKind::dead_webhook:
    case WorkKind::parked:
      break;
  }
  return Errc::internal;
}

void SmallShop::work_off() {
  for (int round = 0; round < 200; ++round) {
    auto due = run(store->due_work(clock.durable(), 100));
    if (due.value().empty()) return;
    for (WorkItem& item : *due) {
      const std::string subject = item.subject;
      auto done = perform(std::move(item));
      if (!done && done.code() != Errc::store_conflict) throw std::runtime_error(subject + ": " + done.error().message);
    }
  }
  throw std::runtime_error("work that falls due without end");
}

void SmallShop::pass(Clock::duration time) {
  clock.advance(ioc, time);
  work_off();
}

std::vector<PaymentIntent> SmallShop::intents(const ThreadId& thread) {
  return run(store->intents_of_thread(thread, 1'000)).value();
}
std::vector<Refund> SmallShop::refunds(const ThreadId& thread) {
  return run(store->refunds_of_thread(thread, 1'000)).value();
}
std::vector<Message> SmallShop::messages(const ThreadId& thread) {
  return run(store->messages(thread, 0, 10'000)).value();
}

}  // namespace purser::test
