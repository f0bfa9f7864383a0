#include "tools/cards.hpp"
#include "tools/results.hpp"
#include "tools/tools.hpp"
#include "validation/rules/one_active_payment.hpp"
#include "validation/rules/renewed_price.hpp"

#include <nlohmann/json.hpp>

namespace purser {

namespace {

using nlohmann::json;

constexpr std::int64_t kLastThread = 10;  // how far back an intent may lie that this one renews

class CreatePaymentIntent final : public Tool {
 public:
  CreatePaymentIntent(ToolRegistry::Ports ports, Policies policies)
      : ports_(ports),
        policies_(std::move(policies)),
        spec_{"create_payment_intent",
              "Opens a payment for goods of the catalogue and shows the user how to pay. The server computes what is "
              "charged; prices you state are checked against the catalogue. A user has one open payment at a time: "
              "when there is one for other goods, ask the customer, then say in if_open what they chose.",
              true,
              {rules::required(rules::list(
                   "lines", "What is bought; each SKU once.", 1, most(&IntentSettings::lines_max),
                   {rules::required(rules::sku("sku", "SKU from search_catalogue.")),
                    rules::required(rules::integer("quantity", "How many.", 1, most(&IntentSettings::quantity_max))),
                    rules::integer("unit_price_fen", "The unit price you told the user, in minor units.", 1,
                                   most(&IntentSettings::order_amount_max_fen))})),
               rules::integer("total_fen", "The total you told the user, in minor units.", 1,
                              most(&IntentSettings::order_amount_max_fen)),
               rules::choice("if_open",
                             "What to do with an open payment for other goods: continue shows it again and makes "
                             "nothing new, replace cancels it and makes this one.",
                             {"continue", "replace"}),
               rules::text("currency", "ISO 4217 code of the prices.", 3, 3)}} {}

  const rules::ToolSpec& spec() const override { return spec_; }

  Task<Result<ToolOutput>> run(ToolContext& context, json arguments) override {
    const OrderPolicy policy = order_policy(policies_.intent(context.thread.tenant), ports_.clock.durable());
    auto judged = judge_order(ports_.catalogue, proposal(arguments), policy, context.thread.locale);
    context.shadow = std::move(judged.verdict.shadow);
    context.evidence = std::move(judged.verdict.evidence);
    if (!judged.value) co_return judged.value.error();
    auto order = std::move(judged.value);

    // The same call once more (a retry, a restart) finds its own intent before the rule about open payments sees it.
    auto mine = co_await ports_.store.intent_by_origin(context.thread.id, context.origin());
    if (!mine) co_return mine.error();
    if (!mine->has_value()) {
      auto open = co_await ports_.store.open_intent(context.thread.tenant, context.thread.user);
      if (!open) co_return open.error();
      if (open->has_value() && (*open)->thread != context.thread.id)
        co_return Error(
            Errc::active_payment_exists,
            "the user has an open payment in another conversation: it must be paid, canceled or expire first");
      const auto wish = wish_of(arguments);
      auto how = rules::one_active_payment(open->has_value() ? &**open : nullptr, order->lines, wish);
      if (!how) co_return how.error();
      if (*how == rules::OpenPayment::show_again) co_return co_await show(context, std::move(**open));
      if (*how == rules::OpenPayment::supersede) {
        auto made =
            co_await ports_.cashier.supersede(context.thread, std::move(**open), std::move(*order), context.origin());
        if (!made) co_return made.error();
        co_return co_await show(context, std::move(*made));
      }
    }
    std::optional<std::int64_t> stated;
    if (arguments.contains("total_fen")) stated = arguments.at("total_fen").get<std::int64_t>();
    auto renewed = co_await renewed_from(context.thread, *order, stated);
    if (!renewed && renewed.code() == Errc::price_mismatch) co_return asks_user(renewed.error());
    if (!renewed) co_return renewed.error();
    auto intent =
        co_await ports_.cashier.open(context.thread, std::move(*order), context.origin(), std::move(*renewed));
    if (!intent) co_return intent.error();
    co_return co_await show(context, std::move(*intent));
  }

 private:
  std::int64_t most(std::int64_t IntentSettings::*limit) const {
    return policies_.widest(&TenantPolicy::intent, limit);
  }

  static rules::IfOpen wish_of(const json& arguments) {
    const std::string wish = arguments.value("if_open", "");
    if (wish == "continue") return rules::IfOpen::go_on;
    return wish == "replace" ? rules::IfOpen::replace : rules::IfOpen::ask;
  }

  static OrderProposal proposal(const json& arguments) {
    OrderProposal out;
    for (const json& line : arguments.at("lines")) {
      OrderProposal::Line claim;
      claim.sku = Sku::trusted(line.at("sku").get<std::string>());
      claim.quantity = line.at("quantity").get<std::int64_t>();
      if (line.contains("unit_price_fen")) claim.unit_price_fen = line.at("unit_price_fen").get<std::int64_t>();
      out.lines.push_back(std::move(claim));
    }
    if (arguments.contains("total_fen")) out.total_fen = arguments.at("total_fen").get<std::int64_t>();
    if (arguments.contains("currency")) out.currency = arguments.at("currency").get<std::string>();
    return out;
  }

  static ToolOutput asks_user(const Error& error) {
    ToolOutput out = refusal(error);
    out.decision = Decision::ask_user;
    return out;
  }

  // The thread's newest intent, when it ended unpaid and was for the same goods.
  Task<Result<IntentId>> renewed_from(const Thread& thread, const CheckedOrder& order,
                                      std::optional<std::int64_t> stated) {
    auto earlier = co_await ports_.store.intents_of_thread(thread.id, kLastThread);
    if (!earlier) co_return earlier.error();
    for (const PaymentIntent& intent : *earlier) {
      const bool ended_unpaid = intent.state == IntentState::expired || intent.state == IntentState::canceled;
      if (intent.captured.positive()) break;  // bought since: what came before is over
      if (!ended_unpaid) continue;
      auto same_price = rules::renewed_price(intent, order.lines, order.amount, stated);
      if (!same_price) co_return same_price.error();
      if (intent.lines == order.lines) co_return intent.id;
    }
    co_return IntentId();
  }

  Task<Result<ToolOutput>> show(ToolContext& context, PaymentIntent intent) {
    if (intent.state == IntentState::failed)
      co_return Error(Errc::rail_declined,
                      "the payment could not be placed (" + intent.failure + "); nothing was charged");
    ToolOutput out;
    json result = results::payment(intent);
    result["status"] = "ok";
    if (intent.state == IntentState::awaiting_payment) {
      auto with = co_await ports_.cashier.confirmation(intent);
      if (!with) co_return with.error();
      out.cards_json = json::array({cards::payment_request(intent, *with, context.sandbox)}).dump();
    }
    out.result_json = result.dump();
    co_return out;
  }

  ToolRegistry::Ports ports_;
  Policies policies_;
  const rules::ToolSpec spec_;
};

}  // namespace

std::unique_ptr<Tool> make_create_payment_intent(ToolRegistry::Ports ports, Policies policies) {
  return std::make_unique<CreatePaymentIntent>(ports, std::move(policies));
}

}  // namespace purser
