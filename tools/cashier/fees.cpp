#include "tools/cashier/fees.hpp"

#include <string>

namespace purser::cashier {
namespace {

constexpr std::int64_t kWhole = 10'000;  // basis points
constexpr std::string_view kRail = "rail:";

const PaymentIntent* intent_in(const Batch& batch, const IntentId& id) {
  for (const Operation& operation : batch.operations) {
    const auto* update = std::get_if<op::UpdateIntent>(&operation);
    if (update != nullptr && update->row.id == id) return &update->row;
    const auto* insert = std::get_if<op::InsertIntent>(&operation);
    if (insert != nullptr && insert->row.id == id) return &insert->row;
  }
  return nullptr;
}

std::int64_t sum_of(const std::vector<LedgerEntry>& lines, std::string_view kind) {
  std::int64_t sum = 0;
  for (const LedgerEntry& line : lines)
    if (line.kind == kind) sum += line.amount.minor();
  return sum;
}

// Beside `moved`, whose account at the rail it is taken from.
LedgerEntry fee_line(const LedgerEntry& moved, std::int64_t fee, bool back) {
  LedgerEntry line = moved;
  const std::string rail = back ? moved.credit_account : moved.debit_account;
  const std::string fees = "fees:" + rail.substr(kRail.size());
  line.kind = back ? "fee_return" : "fee";
  line.debit_account = back ? rail : fees;
  line.credit_account = back ? fees : rail;
  line.amount = Money(fee, moved.amount.currency());
  return line;
}

std::int64_t given_back(const LedgerEntry& refund, const PaymentIntent& after, std::int64_t basis_points,
                        const std::vector<LedgerEntry>& booked) {
  const std::int64_t whole = after.captured.minor();
  if (sum_of(booked, "fee") != fee_of(whole, basis_points)) return 0;
  // Of what was given back up to here, not of each refund alone: rounded one by one, more than the fee could come back.
  const std::int64_t now = after.refunded.minor();
  return fee_of(now, basis_points) - fee_of(now - refund.amount.minor(), basis_points);
}

}  // namespace

std::int64_t fee_of(std::int64_t amount, std::int64_t basis_points) {
  // In two parts, so that no amount overflows.
  const std::int64_t rest = amount % kWhole;
  return amount / kWhole * basis_points + (rest * basis_points + kWhole / 2) / kWhole;
}

void add_fees(Batch& batch, std::int64_t basis_points, const std::vector<LedgerEntry>& booked) {
  std::vector<LedgerEntry> lines;
  for (const Operation& operation : batch.operations) {
    const auto* posted = std::get_if<op::PostLedger>(&operation);
    if (posted == nullptr) continue;
    const LedgerEntry& moved = posted->row;
    const bool back = moved.kind == "refund";
    const PaymentIntent* intent = intent_in(batch, moved.intent);
    if ((!back && !is_capture(moved.kind)) || intent == nullptr) continue;
    const std::int64_t fee =
        back ? given_back(moved, *intent, basis_points, booked) : fee_of(moved.amount.minor(), basis_points);
    if (fee > 0) lines.push_back(fee_line(moved, fee, back));
  }
  for (LedgerEntry& line : lines) batch.add(op::PostLedger{std::move(line)});
}

}  // namespace purser::cashier
