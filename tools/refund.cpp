#include "tools/cards.hpp"
#include "tools/results.hpp"
#include "tools/tools.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace purser {

namespace {

using nlohmann::json;

constexpr Millis kDay{86'400'000};
constexpr std::int64_t kRefundsOfADay = 500;
constexpr std::int64_t kMessagesOfAPage = 200;

class RefundTool final : public Tool {
 public:
  RefundTool(ToolRegistry::Ports ports, RefundSettings settings)
      : ports_(ports),
        settings_(std::move(settings)),
        spec_{"refund",
              "Gives money back on paid payments of this conversation, to where it came from. Name the lines, or all, "
              "or an amount; the server computes and bounds what is returned. The whole list is refused when one entry "
              "or the total is wrong.",
              true,
              {rules::required(rules::list(
                   "refunds", "One entry for each payment.", 1, settings_.list_max,
                   {rules::required(
                        rules::id("payment_intent", "The paid payment, from query_payment.", IntentIdTag::shape)),
                    rules::list("lines", "The lines to return.", 1, 50,
                                {rules::required(rules::id("sku", "SKU of the line.", SkuTag::shape)),
                                 rules::required(rules::integer("quantity", "How many of it.", 1, 1'000))}),
                    rules::boolean("all", "True: everything that is left."),
                    rules::integer("amount_fen", "The amount in minor units.", 1, 100'000'000'000),
                    rules::required(
                        rules::text("reason", "Why, in the customer's terms.", 1, settings_.reason_characters_max))})),
               rules::integer("total_fen", "The sum of the list in minor units.", 1, 100'000'000'000)}} {}

  const rules::ToolSpec& spec() const override { return spec_; }

  Task<Result<ToolOutput>> run(ToolContext& context, json arguments) override {
    const RefundProposal wanted = proposal(arguments);
    // The same call once more (a restart) goes on with its own list, before the rules count that list against it.
    std::vector<IntentId> named;
    for (const auto& entry : wanted.entries) named.push_back(entry.intent);
    auto earlier = co_await ports_.cashier.continue_refunds(context.thread, std::move(named), context.origin());
    if (!earlier) co_return earlier.error();
    if (!earlier->empty()) co_return output(context, *earlier);

    std::vector<PaymentIntent> owned;
    for (const auto& entry : wanted.entries) {
      auto intent = co_await own_intent(ports_.store, context.thread, entry.intent);
      if (!intent && intent.code() != Errc::not_found) co_return intent.error();
      if (intent) owned.push_back(std::move(*intent));
    }
    auto used = co_await used_today(context.thread.id);
    if (!used) co_return used.error();
    RefundPolicy policy{settings_.auto_limit_fen, *used, settings_.list_max, settings_.reason_characters_max};

    auto returned = co_await lines_returned(context.thread.id, owned);
    if (!returned) co_return returned.error();
    policy.lines_returned = std::move(*returned);

    auto list = check_refunds(owned, wanted, policy);
    if (!list) co_return list.error();
    auto made = co_await ports_.cashier.refund(context.thread, std::move(*list), context.origin());
    if (!made) co_return made.error();
    co_return output(context, *made);
  }

 private:
  static RefundProposal proposal(const json& arguments) {
    RefundProposal out;
    for (const json& item : arguments.at("refunds")) {
      RefundProposal::Entry entry;
      entry.intent = IntentId::trusted(item.at("payment_intent").get<std::string>());
      entry.all = item.value("all", false);
      if (item.contains("amount_fen")) entry.amount_fen = item.at("amount_fen").get<std::int64_t>();
      entry.lines = lines_of(item);
      entry.reason = item.at("reason").get<std::string>();
      out.entries.push_back(std::move(entry));
    }
    if (arguments.contains("total_fen")) out.total_fen = arguments.at("total_fen").get<std::int64_t>();
    return out;
  }

  // What this thread has taken back automatically in the last day. Late payments that were returned are not of its
  // doing.
  Task<Result<std::int64_t>> used_today(ThreadId thread) {
    auto refunds = co_await ports_.store.refunds_of_thread(std::move(thread), kRefundsOfADay);
    if (!refunds) co_return refunds.error();
    const UtcTime since = ports_.clock.durable() - kDay;
    std::int64_t used = 0;
    for (const Refund& refund : *refunds)
      if (refund.state != RefundState::failed && refund.created_at > since && !refund.origin.starts_with("late:"))
        used += refund.amount.minor();
    co_return used;
  }

  using LinesByIntent = std::map<IntentId, std::vector<rules::RefundLine>>;

  // What earlier refunds named, read from the calls that asked for them: a refund's origin leads to its call.
  Task<Result<LinesByIntent>> lines_returned(ThreadId thread, const std::vector<PaymentIntent>& owned) {
    LinesByIntent out;
    std::map<std::string, IntentId> by_origin;
    for (const PaymentIntent& intent : owned) {
      auto refunds = co_await ports_.store.refunds_of_intent(intent.id);
      if (!refunds) co_return refunds.error();
      for (const Refund& refund : *refunds)
        if (refund.state != RefundState::failed) by_origin.emplace(refund.origin, intent.id);
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
        const auto refund = by_origin.find(message.turn.str() + ":" + call.id + ":" + std::to_string(index++));
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
    for (const json& line : entry.at("lines"))
      out.push_back({Sku::trusted(line.at("sku").get<std::string>()), line.at("quantity").get<std::int64_t>()});
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
  RefundSettings settings_;
  const rules::ToolSpec spec_;
};

}  // namespace

std::unique_ptr<Tool> make_refund(ToolRegistry::Ports ports, RefundSettings settings) {
  return std::make_unique<RefundTool>(ports, std::move(settings));
}

}  // namespace purser
