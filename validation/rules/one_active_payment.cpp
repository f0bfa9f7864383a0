#include "validation/rules/one_active_payment.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace purser::rules {
namespace {

using Content = std::vector<std::tuple<std::string, std::int64_t, std::int64_t, std::string>>;

// Names are left out: the same thing asked for in another language is the same thing.
Content content_of(const std::vector<IntentLine>& lines) {
  Content content;
  for (const IntentLine& line : lines) {
    content.emplace_back(line.sku.str(), line.quantity, line.unit_price.minor(),
                         std::string(line.unit_price.currency().code()));
  }
  std::sort(content.begin(), content.end());
  return content;
}

}  // namespace

Result<OpenPayment> one_active_payment(const PaymentIntent* open, const std::vector<IntentLine>& wanted,
                                       IfOpen choice) {
  if (open == nullptr || !is_open(open->state)) return OpenPayment::none;
  if (content_of(open->lines) == content_of(wanted)) return OpenPayment::show_again;
  if (choice == IfOpen::go_on) return OpenPayment::show_again;
  const std::string which = "the user has an open payment of " + open->amount.display() + " (" + open->id.str() + ")";
  if (open->state != IntentState::awaiting_payment) {
    return Error(
        Errc::active_payment_exists,
        which + " that the rail has not answered yet: it must be settled, or canceled with cancel_payment, first");
  }
  if (choice == IfOpen::replace) return OpenPayment::supersede;
  return Error(Errc::active_payment_exists, which +
                                                ": ask whether to pay it (if_open: continue), to replace it (if_open: "
                                                "replace) or to cancel it (cancel_payment)");
}

}  // namespace purser::rules
