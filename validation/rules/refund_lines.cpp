#include "validation/rules/refund_lines.hpp"

#include "validation/money/json_gate.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

// What lines name of one SKU, in pieces and in money; both only ever grow.
struct Named {
  std::int64_t pieces = 0;
  Money money;
};

Result<Money> price_of(const RefundLine& line, const IntentLine& bought) {
  if (line.share == Share::by_quantity) return bought.unit_price.times(line.quantity);
  auto whole = bought.unit_price.times(bought.quantity);
  if (!whole || line.share == Share::all) return whole;
  return half_of(*whole);
}

// False when a count does not fit 64 bits.
bool add_named(const std::vector<RefundLine>& lines, std::size_t count, const IntentLine& bought, Named& named) {
  for (std::size_t i = 0; i < count; ++i) {
    if (lines[i].sku != bought.sku) continue;
    auto price = price_of(lines[i], bought);
    auto sum = price ? named.money.plus(*price) : price;
    if (!sum || __builtin_add_overflow(named.pieces, lines[i].quantity, &named.pieces)) return false;
    named.money = *sum;
  }
  return true;
}

bool within(const Named& named, const IntentLine& bought) {
  const auto whole = bought.unit_price.times(bought.quantity);
  return named.pieces <= bought.quantity && whole && named.money.minor() <= whole->minor();
}

Result<void> check_quantity(const RefundLine& line, const std::string& at) {
  const bool counted = line.share == Share::by_quantity;
  if (counted && line.quantity < 1)
    return Error(Errc::quantity_out_of_range, "the quantity is at least 1", pointer_to(at, "quantity"));
  if (!counted && line.quantity != 0)
    return Error(Errc::quantity_out_of_range, "name a quantity or a share, not both", pointer_to(at, "share"));
  return success();
}

}  // namespace

Money half_of(Money amount) {
  return Money(amount.minor() / 2, amount.currency());
}

Result<Money> refund_lines(const PaymentIntent& intent, const std::vector<RefundLine>& lines,
                           const std::vector<RefundLine>& earlier, const std::string& param) {
  Money total(0, intent.amount.currency());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string at = pointer_to(pointer_to(param, "lines"), i);
    const RefundLine& line = lines[i];
    const auto bought = std::find_if(intent.lines.begin(), intent.lines.end(),
                                     [&](const IntentLine& candidate) { return candidate.sku == line.sku; });
    if (bought == intent.lines.end()) {
      return Error(Errc::unknown_sku, "this SKU is not part of that payment", pointer_to(at, "sku"));
    }
    if (auto good = check_quantity(line, at); !good) return good.error();
    Named named{0, Money(0, bought->unit_price.currency())};
    const bool counted = add_named(earlier, earlier.size(), *bought, named) && add_named(lines, i + 1, *bought, named);
    if (!counted || !within(named, *bought)) {
      return Error(Errc::lines_exceed_order, "only " + std::to_string(bought->quantity) + " of this SKU were bought",
                   pointer_to(at, "quantity"));
    }
    auto price = price_of(line, *bought);
    auto sum = price ? total.plus(*price) : price;
    if (!sum) return Error(sum.code(), sum.error().message, at);
    total = *sum;
  }
  return total;
}

std::vector<ReturnedLine> returned_lines(const PaymentIntent& intent, const std::vector<RefundLine>& lines) {
  std::vector<ReturnedLine> out;
  for (const RefundLine& line : lines) {
    const auto bought = std::ranges::find(intent.lines, line.sku, &IntentLine::sku);
    if (bought == intent.lines.end()) continue;
    const auto price = price_of(line, *bought);
    if (!price) continue;
    ReturnedLine returned{*bought, line.share, *price};
    if (line.share == Share::by_quantity) returned.line.quantity = line.quantity;
    out.push_back(std::move(returned));
  }
  return out;
}

Result<void> refund_amount(std::optional<std::int64_t> claim, Money server, const std::string& param) {
  if (!claim || *claim == server.minor()) return success();
  return Error(Errc::refund_amount_mismatch,
               "the amount differs from what is named beside it, which comes to " + server.display() +
                   "; leave the amount out or state it in minor units (fen)",
               pointer_to(param, "amount_fen"));
}

}  // namespace purser::rules
