#include "tools/cards.hpp"
#include "tools/cashier/approvals.hpp"
#include "tools/cashier/budgets.hpp"
#include "tools/results.hpp"
#include "tools/tools.hpp"
#include "validation/rules/sensitive_words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace purser {

namespace {

using nlohmann::json;

constexpr Millis kDay{86'400'000};
constexpr std::int64_t kRefundsOfADay = 500;
constexpr std::int64_t kMessagesOfAPage = 200;
constexpr std::int64_t kApprovalsRead = 1'000;
constexpr int kWaitingOfAPayment = 5;

class RefundTool final : public Tool {
 public:
  RefundTool(ToolRegistry::Ports ports, Policies policies)
      : ports_(ports),
        policies_(std::move(policies)),
        spec_{
            "refund",
            "Gives money back on paid payments of this conversation, to where it came from. Name the lines, or all, "
            "or an amount; the server computes and bounds what is returned. The whole list is refused when one entry "
            "or the total is wrong.",
            true,
            {rules::required(rules::list(
                 "refunds", "One entry for each payment.", 1, most(&RefundSettings::list_max),
                 {rules::required(
                      rules::handle("payment_intent", "The paid payment, from query_payment.", IntentIdTag::shape)),
                  rules::list(
                      "lines", "The lines to return.", 1, 50,
                      {rules::required(rules::sku("sku", "SKU of the line.")),
                       rules::count("quantity", "How many of it; or name a share.", 1, 1'000),
                       rules::share(rules::choice("share", "The whole line or half of its price.", {"all", "half"}))}),
                  rules::share(rules::boolean("all", "True: everything that is left.")),
                  rules::share(rules::boolean("half", "True: half of what was paid; the server computes it.")),
                  rules::amount("amount_fen", "The amount in minor units.", 1, 100'000'000'000),
                  rules::required(rules::text("reason", "Why, in the customer's terms.", 1,
                                              most(&RefundSettings::reason_characters_max)))})),
             rules::integer("total_fen", "The sum of the list in minor units.", 1, 100'000'000'000)}} {}

  const rules::ToolSpec& spec() const override { return spec_; }

  Task<Result<ToolOutput>> run(ToolContext& context, json arguments) override {
    const RefundProposal wanted = proposal(arguments);
    // The same call once more (a restart) goes on with its own list, before the rules count that list against it.
    std::vector<IntentId> named;
    for (const auto& entry : wanted.entries) named.push_back(entry.intent);
    auto earlier =
        co_await ports_.cashier.continue_refunds(context.thread, std::move(named), context.origin(), context.held);
    if (!earlier) co_return earlier.error();
    if (!earlier->empty()) co_return output(context, *earlier);

    std::vector<PaymentIntent> owned;
    for (const auto& entry : wanted.entries) {
      auto intent = co_await own_intent(ports_.store, context.thread, entry.intent);
      if (!intent && intent.code() != Errc::not_found) co_return intent.error();
      if (intent) owned.push_back(std::move(*intent));
    }
    auto policy = co_await policy_for(context.thread, owned, context.origin());
    if (!policy) co_return policy.error();

    auto judged = judge_refunds(owned, wanted, *policy);
    context.shadow = std::move(judged.verdict.shadow);
    context.evidence = std::move(judged.verdict.evidence);
    if (judged.verdict.decision == Decision::ask_operator)
      co_return co_await ask_operator(context, std::move(judged.checked));
    if (!judged.value) co_return judged.value.error();
    const std::vector<CheckedRefund> list = *judged.value;
    auto made = co_await ports_.cashier.refund(context.thread, list, context.origin(), context.held);
    // Somebody else used the day's budget in the same moment.
    if (!made && made.code() == Errc::budget_spent) co_return co_await ask_operator(context, list);
    if (!made) co_return made.error();
    co_return output(context, *made);
  }

 private:
  std::int64_t most(std::int64_t RefundSettings::*limit) const {
    return policies_.widest(&TenantPolicy::refund, limit);
  }

  static rules::RefundLine refund_line(const json& line) {
    rules::RefundLine out;
    out.sku = Sku::trusted(line.at("sku").get<std::string>());
    out.quantity = line.value("quantity", std::int64_t{0});
    if (line.contains("share")) out.share = line.at("share") == "half" ? rules::Share::half : rules::Share::all;
    return out;
  }

  static RefundProposal proposal(const json& arguments) {
    RefundProposal out;
    for (const json& item : arguments.at("refunds")) {
      RefundProposal::Entry entry;
      entry.intent = IntentId::trusted(item.at("payment_intent").get<std::string>());
      entry.all = item.value("all", false);
      entry.half = item.value("half", false);
      if (item.contains("amount_fen")) entry.amount_fen = item.at("amount_fen").get<std::int64_t>();
      entry.lines = lines_of(item);
      entry.reason = item.at("reason").get<std::string>();
      out.entries.push_back(std::move(entry));
    }
    if (arguments.contains("total_fen")) out.total_fen = arguments.at("total_fen").get<std::int64_t>();
    return out;
  }

  Task<Result<RefundPolicy>> policy_for(Thread thread, std::vector<PaymentIntent> named, std::string asking) {
    const RefundSettings& settings = policies_.refund(thread.tenant);
    RefundPolicy policy;
    policy.auto_limit_fen = settings.auto_limit_fen;
    policy.list_max = settings.list_max;
    policy.reason_max = settings.reason_characters_max;
    policy.list_limit_fen = settings.list_limit_fen;
    policy.user_limit_fen = settings.user_day_limit_fen;
    policy.tenant_limit_fen = settings.tenant_day_limit_fen;
    policy.now = ports_.clock.durable();
    policy.window = settings.window;
    policy.count_max = settings.count_max;
    policy.sensitive_words = rules::word_list(settings.sensitive_words);
    policy.watching = rules_named(settings.watching_rules);
    auto returned = co_await lines_returned(thread, named, std::move(asking));
    if (!returned) co_return returned.error();
    policy.lines_returned = std::move(*returned);
    auto used = co_await used_today(thread.id);
    if (!used) co_return used.error();
    policy.refunded_today_fen = *used;
    const UtcTime day = cashier::day_of(policy.now);
    auto by_user = co_await ports_.store.budget_used(cashier::refund_scope(thread.tenant, thread.user), day);
    if (!by_user) co_return by_user.error();
    policy.user_refunded_today_fen = *by_user;
    auto by_tenant = co_await ports_.store.budget_used(cashier::refund_scope(thread.tenant), day);
    if (!by_tenant) co_return by_tenant.error();
    policy.tenant_refunded_today_fen = *by_tenant;
    for (const PaymentIntent& intent : named) {
      auto refunds = co_await ports_.store.refunds_of_intent(intent.id);
      if (!refunds) co_return refunds.error();
      policy.refunds_made[intent.id] = std::count_if(refunds->begin(), refunds->end(),
                                                     [](const Refund& r) { return r.state != RefundState::failed; });
    }
    co_return policy;
  }

  // A model that asks once more for the same money, with another reason each time, would fill a person's list: what
  // waits of one payment is not more than what is left of it, and not many.
  Task<Result<void>> room_to_wait(Thread thread, std::vector<CheckedRefund> list, std::string asking) {
    auto waiting = co_await ports_.store.approvals(thread.tenant, ApprovalState::pending, kApprovalsRead);
    if (!waiting) co_return waiting.error();
    std::map<IntentId, std::int64_t> fen;
    std::map<IntentId, int> count;
    for (const CheckedRefund& wanted : list) fen[wanted.intent] += wanted.amount.minor();
    for (const Approval& row : *waiting) {
      if (row.thread != thread.id || row.origin == asking) continue;
      const auto before = cashier::list_of(row);
      if (!before) co_return before.error();
      for (const CheckedRefund& one : *before) {
        if (!fen.contains(one.intent)) continue;
        fen[one.intent] += one.amount.minor();
        count[one.intent] += 1;
      }
    }
    for (const auto& [id, sum] : fen) {
      if (count[id] == 0) continue;
      auto payment = co_await ports_.store.intent(id);
      if (!payment) co_return payment.error();
      if (sum > refundable(*payment).minor() || count[id] >= kWaitingOfAPayment)
        co_return Error(
            Errc::needs_operator,
            "this was not put before a person: as much of this payment as may wait for a decision waits already",
            "/refunds");
    }
    co_return success();
  }

  // The exact list waits for a person; nothing is reserved, nothing is sent.
  Task<Result<ToolOutput>> ask_operator(ToolContext& context, std::vector<CheckedRefund> list) {
    auto room = co_await room_to_wait(context.thread, list, context.origin());
    if (!room) co_return room.error();
    auto asked = co_await ports_.cashier.ask_operator(context.thread, std::move(list), context.origin());
    if (!asked) co_return asked.error();
    ToolOutput out;
    const json result = {{"status", "waits_for_operator"},
                         {"approval", asked->id.str()},
                         {"state", to_string(asked->state)},
                         {"amount_fen", asked->amount.minor()},
                         {"expires_at", format_time(asked->expires_at)},
                         {"say", "A person of the shop must approve this refund first; nothing was refunded yet."}};
    out.result_json = result.dump();
    out.cards_json = json::array({cards::approval_request(*asked, context.sandbox)}).dump();
    out.decision = Decision::ask_operator;
    co_return out;
  }

  // What this thread has taken back automatically in the last day. Late payments that were returned are not of its
  // doing, and what a person approved is not automatic.
  Task<Result<std::int64_t>> used_today(ThreadId thread) {
    auto refunds = co_await ports_.store.refunds_of_thread(thread, kRefundsOfADay);
    if (!refunds) co_return refunds.error();
    const UtcTime since = ports_.clock.durable() - kDay;
    std::int64_t used = 0;
    for (const Refund& refund : *refunds)
      if (refund.state != RefundState::failed && refund.created_at > since && !refund.origin.starts_with("late:") &&
          !refund.origin.starts_with(cashier::kApprovedOrigin))
        used += refund.amount.minor();
    co_return used;
  }

  using LinesByIntent = std::map<IntentId, std::vector<rules::RefundLine>>;

  // What earlier refunds named, read from the calls that asked for them: a refund's origin leads to its call. What
  // waits for a person counts too, but for the call `asking` itself: approved it would be given back a second time.
  Task<Result<LinesByIntent>> lines_returned(Thread of, const std::vector<PaymentIntent>& owned, std::string asking) {
    const ThreadId thread = of.id;
    LinesByIntent out;
    std::map<std::string, IntentId> by_origin;
    for (const PaymentIntent& intent : owned) {
      auto refunds = co_await ports_.store.refunds_of_intent(intent.id);
      if (!refunds) co_return refunds.error();
      for (const Refund& refund : *refunds)
        if (refund.state != RefundState::failed) by_origin.emplace(refund.origin, intent.id);
    }
    auto waiting = co_await ports_.store.approvals(of.tenant, ApprovalState::pending, kApprovalsRead);
    if (!waiting) co_return waiting.error();
    for (const Approval& row : *waiting) {
      if (row.thread != thread || row.origin == asking) continue;
      const auto list = cashier::list_of(row);
      for (std::size_t i = 0; list && i < list->size(); ++i)
        by_origin.emplace(row.origin + ":" + std::to_string(i), (*list)[i].intent);
    }
    std::int64_t after = 0;
    while (!by_origin.empty()) {
      auto page = co_await ports_.store.messages(thread, after, kMessagesOfAPage);
      if (!page) co_return page.error();
      if (page->empty()) break;
      after = page->back().seq;
      for (const Message& message : *page) add_lines_named(message, by_origin, out);
    }
    co_return out;
  }

  static void add_lines_named(const Message& message, const std::map<std::string, IntentId>& by_origin,
                              LinesByIntent& out) {
    for (const ToolCall& call : message.calls) {
      if (call.name != "refund") continue;
      const json arguments = json::parse(call.arguments, nullptr, false);
      if (!arguments.is_object() || !arguments.contains("refunds")) continue;
      std::size_t index = 0;
      for (const json& entry : arguments["refunds"]) {
        const std::string origin = message.turn.str() + ":" + call.id + ":" + std::to_string(index++);
        auto refund = by_origin.find(origin);
        if (refund == by_origin.end()) refund = by_origin.find(std::string(cashier::kApprovedOrigin) + origin);
        if (refund == by_origin.end()) continue;
        const auto named = lines_of(entry);
        auto& lines = out[refund->second];
        lines.insert(lines.end(), named.begin(), named.end());
      }
    }
  }

  static std::vector<rules::RefundLine> lines_of(const json& entry) {
    std::vector<rules::RefundLine> out;
    if (!entry.contains("lines")) return out;
    for (const json& line : entry.at("lines")) out.push_back(refund_line(line));
    return out;
  }

  static Result<ToolOutput> output(const ToolContext& context, const std::vector<Refund>& made) {
    json refunds = json::array();
    json shown = json::array();
    std::int64_t total = 0;
    for (const Refund& refund : made) {
      refunds.push_back(results::refund(refund));
      shown.push_back(cards::refund_receipt(refund, context.sandbox));
      total += refund.amount.minor();
    }
    ToolOutput out;
    out.result_json = json{{"status", "ok"}, {"total_fen", total}, {"refunds", std::move(refunds)}}.dump();
    out.cards_json = shown.dump();
    return out;
  }

  ToolRegistry::Ports ports_;
  Policies policies_;
  const rules::ToolSpec spec_;
};

}  // namespace

std::unique_ptr<Tool> make_refund(ToolRegistry::Ports ports, Policies policies) {
  return std::make_unique<RefundTool>(ports, std::move(policies));
}

}  // namespace purser
