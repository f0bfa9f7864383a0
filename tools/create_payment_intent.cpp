#include "tools/cards.hpp"
#include "tools/cashier/wish.hpp"
#include "tools/results.hpp"
#include "tools/told_prices.hpp"
#include "tools/tools.hpp"
#include "validation/rules/one_active_payment.hpp"
#include "validation/rules/renewed_price.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser {

namespace {

using nlohmann::json;

constexpr std::int64_t kOffersLookedAt = 100;    // how far back an intent may lie that this one renews
constexpr std::int64_t kMessagesLookedAt = 200;  // how far back the customer may have been told a price

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
                    rules::required(rules::count("quantity", "How many.", 1, most(&IntentSettings::quantity_max))),
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

    // The same call once more (a retry, a restart) finds its own intent before the rules about earlier ones see it.
    auto mine = co_await ports_.store.intent_by_origin(context.thread.id, context.origin());
    if (!mine) co_return mine.error();
    IntentId renewed;
    if (!mine->has_value()) {
      auto open = co_await ports_.store.open_intent(context.thread.tenant, context.thread.user);
      if (!open) co_return open.error();
      if (open->has_value() && (*open)->thread != context.thread.id)
        co_return asks_user(
            Error(Errc::active_payment_exists,
                  "the user has an open payment in another conversation: it must be paid, canceled or expire first"));
      const auto wish = wish_of(arguments);
      auto how = rules::one_active_payment(open->has_value() ? &**open : nullptr, order->lines, wish);
      if (!how) co_return asks_user(how.error());
      if (*how == rules::OpenPayment::show_again) co_return co_await show(context, std::move(**open));
      auto earlier = co_await ports_.store.intents_of_thread(context.thread.id, kOffersLookedAt);
      if (!earlier) co_return earlier.error();
      auto messages = co_await ports_.store.recent_messages(context.thread.id, kMessagesLookedAt);
      if (!messages) co_return messages.error();
      const ToldPrices told(*messages, context.turn);
      const auto changes = rules::changed_prices(*earlier, told.shown(), order->lines, ports_.catalogue);
      const bool agreed = !context.agreed_to.empty() &&
                          context.agreed_to == rules::price_question(changes, order->amount, context.thread.locale);
      if (!agreed && !told.asked_about(changes)) co_return asks_about(changes, order->amount, context.thread.locale);
      if (*how == rules::OpenPayment::supersede) {
        auto made =
            co_await ports_.cashier.supersede(context.thread, std::move(**open), std::move(*order), context.origin());
        if (!made) co_return made.error();
        co_return co_await show(context, std::move(*made));
      }
      renewed = renewed_from(*earlier, order->lines);
    }
    auto intent = co_await ports_.cashier.open(context.thread, std::move(*order), context.origin(), std::move(renewed));
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

  // The question is the server's: the turn ends with it, whatever the model says (agent/turn/reply.cpp).
  static ToolOutput asks_about(const std::vector<rules::ChangedPrice>& changes, Money total,
                               const std::string& locale) {
    std::string question = rules::price_question(changes, total, locale);
    ToolOutput out = asks_user(Error(Errc::price_changed, "the customer is being asked: " + question, "/lines"));
    json told = json::parse(out.result_json);
    json prices = json::array();
    for (const rules::ChangedPrice& change : changes)
      prices.push_back(
          {{"sku", change.sku.str()}, {"was_fen", change.was.minor()}, {"unit_price_fen", change.now.minor()}});
    told["changed_prices"] = std::move(prices);
    told["question"] = std::move(question);
    out.result_json = told.dump();
    return out;
  }

  // The newest intent that ended unpaid and was for the same goods at the same prices, unless something was bought
  // since, or the same wish was: then this is a purchase of its own.
  static IntentId renewed_from(const std::vector<PaymentIntent>& earlier, const std::vector<IntentLine>& lines) {
    for (const PaymentIntent& intent : earlier) {
      if (intent.captured.positive()) break;
      const bool ended_unpaid = intent.state == IntentState::expired || intent.state == IntentState::canceled;
      if (!ended_unpaid || intent.lines != lines) continue;
      const bool paid = cashier::paid_of(cashier::same_wish(intent, earlier)) != nullptr;
      return paid ? IntentId() : intent.id;
    }
    return IntentId();
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
