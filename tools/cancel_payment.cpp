#include "tools/results.hpp"
#include "tools/tools.hpp"

#include <nlohmann/json.hpp>

namespace purser {

namespace {

using nlohmann::json;

class CancelPayment final : public Tool {
 public:
  explicit CancelPayment(ToolRegistry::Ports ports) : ports_(ports) {}

  const rules::ToolSpec& spec() const override { return spec_; }

  Task<Result<ToolOutput>> run(ToolContext& context, json arguments) override {
    IntentId id;
    if (arguments.contains("payment_intent")) {
      id = IntentId::trusted(arguments.at("payment_intent").get<std::string>());
    } else {
      auto open = co_await ports_.store.open_intent(context.thread.tenant, context.thread.user);
      if (!open) co_return open.error();
      if (!open->has_value()) co_return Error(Errc::not_found, "there is no open payment to cancel");
      id = (*open)->id;
    }
    auto own = co_await own_intent(ports_.store, context.thread, std::move(id));
    if (!own) co_return own.error();
    auto canceled = co_await ports_.cashier.cancel(own->id, Cashier::Asked::in_conversation);
    if (!canceled) co_return canceled.error();
    ToolOutput out;
    json result = results::payment(*canceled);
    result["status"] = "ok";
    result["may_still_be_paid"] = canceled->order.may_be_open;
    out.result_json = result.dump();
    co_return out;
  }

 private:
  ToolRegistry::Ports ports_;
  const rules::ToolSpec spec_{
      "cancel_payment",
      "Cancels a payment that has not been paid. A paid one is refunded instead.",
      true,
      {rules::handle("payment_intent", "The payment; leave out for the open one.", IntentIdTag::shape)}};
};

}  // namespace

std::unique_ptr<Tool> make_cancel_payment(ToolRegistry::Ports ports) {
  return std::make_unique<CancelPayment>(ports);
}

}  // namespace purser
