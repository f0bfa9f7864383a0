#include "tools/results.hpp"
#include "tools/tools.hpp"

#include <nlohmann/json.hpp>

namespace purser {

namespace {

using nlohmann::json;

constexpr std::int64_t kPaymentsShown = 5;

class QueryPayment final : public Tool {
 public:
  explicit QueryPayment(ToolRegistry::Ports ports) : ports_(ports) {}

  const rules::ToolSpec& spec() const override { return spec_; }

  Task<Result<ToolOutput>> run(ToolContext& context, json arguments) override {
    std::vector<PaymentIntent> rows;
    if (arguments.contains("payment_intent")) {
      auto one = co_await own_intent(ports_.store, context.thread,
                                     IntentId::trusted(arguments.at("payment_intent").get<std::string>()));
      if (!one) co_return one.error();
      rows.push_back(std::move(*one));
    } else {
      auto newest = co_await ports_.store.intents_of_thread(context.thread.id, kPaymentsShown);
      if (!newest) co_return newest.error();
      rows = std::move(*newest);
    }
    json payments = json::array();
    for (PaymentIntent& row : rows) {
      // "Did my payment arrive?" is answered by the rail; its webhook may be late.
      auto told = co_await ports_.cashier.ask_rail(std::move(row));
      if (!told) co_return told.error();
      const PaymentIntent& intent = *told;
      auto refunds = co_await ports_.store.refunds_of_intent(intent.id);
      if (!refunds) co_return refunds.error();
      json payment = results::payment(intent);
      payment["refunds"] = json::array();
      for (const Refund& refund : *refunds) payment["refunds"].push_back(results::refund(refund));
      payments.push_back(std::move(payment));
    }
    ToolOutput out;
    out.result_json = json{{"status", "ok"}, {"payments", std::move(payments)}}.dump();
    co_return out;
  }

 private:
  ToolRegistry::Ports ports_;
  const rules::ToolSpec spec_{
      "query_payment",
      "Tells the state of this conversation's payments and their refunds, newest first. Use it "
      "before saying anything about whether money arrived.",
      false,
      {rules::handle("payment_intent", "One payment; leave out for the newest ones.", IntentIdTag::shape)}};
};

}  // namespace

std::unique_ptr<Tool> make_query_payment(ToolRegistry::Ports ports) {
  return std::make_unique<QueryPayment>(ports);
}

}  // namespace purser
