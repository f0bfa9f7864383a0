#include "validation/books/compare.hpp"

#include "validation/domain/table.hpp"

#include <map>
#include <utility>

namespace purser::books {
namespace {

constexpr std::string_view kFaults[] = {"not_in_ledger", "not_on_bill",   "amount_differs",  "row_differs",
                                        "order_differs", "twice_on_bill", "twice_in_ledger", "fee_differs",
                                        "not_on_flow",   "not_on_trade",  "flow_differs",    "flow_fee_differs"};

// A capture and a refund may bear the same text.
using Key = std::pair<Movement, std::string>;

Difference difference(Fault fault, const BillLine& theirs) {
  Difference one;
  one.fault = fault;
  one.movement = theirs.movement;
  one.out_trade_no = theirs.out_trade_no;
  one.reference = theirs.reference;
  one.rail = theirs.amount.minor();
  return one;
}

Difference difference(Fault fault, const OurLine& ours) {
  Difference one;
  one.fault = fault;
  one.movement = ours.movement;
  one.out_trade_no = ours.out_trade_no;
  one.reference = ours.reference;
  one.ledger = ours.posted.minor();
  one.row = ours.recorded.minor();
  return one;
}

Difference difference(Fault fault, const BillLine& theirs, const OurLine& ours) {
  Difference one = difference(fault, ours);
  one.rail = theirs.amount.minor();
  return one;
}

// What moved on the account under one of our numbers.
struct Moved {
  std::int64_t amount = 0;  // below zero: went out
  std::int64_t fee = 0;     // below zero: came back
};

// Of payments and refunds alone; a merchant also withdraws and tops up. The rail names a fee by what it is of.
std::map<std::string, Moved> moved_by_number(const FlowBill& flow) {
  constexpr std::string_view kFee = "手续费";
  std::map<std::string, Moved> out;
  for (const FlowLine& line : flow.lines) {
    const bool fee = line.kind.find(kFee) != std::string::npos;
    if (!fee && line.kind != "交易" && line.kind != "退款") continue;
    Moved& one = out[line.voucher];
    if (fee) {
      one.fee -= line.amount.minor();
    } else {
      one.amount += line.amount.minor();
    }
  }
  return out;
}

}  // namespace

std::string_view to_string(Fault fault) {
  return word_of(kFaults, fault);
}

std::vector<Difference> compare(const TradeBill& bill, const std::vector<OurLine>& ours, Fees fees) {
  std::vector<Difference> found;
  std::map<Key, const OurLine*> posted;
  for (const OurLine& line : ours) {
    const bool first = posted.emplace(Key(line.movement, line.reference), &line).second;
    if (!first) found.push_back(difference(Fault::twice_in_ledger, line));
  }
  std::map<Key, const BillLine*> billed;
  for (const BillLine& theirs : bill.lines) {
    const Key key(theirs.movement, theirs.reference);
    if (!billed.emplace(key, &theirs).second) {
      found.push_back(difference(Fault::twice_on_bill, theirs));
      continue;
    }
    const auto match = posted.find(key);
    if (match == posted.end()) {
      found.push_back(difference(Fault::not_in_ledger, theirs));
      continue;
    }
    const OurLine& line = *match->second;
    if (line.out_trade_no != theirs.out_trade_no) found.push_back(difference(Fault::order_differs, theirs, line));
    if (line.posted != theirs.amount) found.push_back(difference(Fault::amount_differs, theirs, line));
    if (fees == Fees::booked && line.fee != theirs.fee) {
      found.push_back(difference(Fault::fee_differs, theirs, line));
      found.back().rail = theirs.fee;
      found.back().ledger = line.fee;
      found.back().row = 0;
    }
  }
  for (const auto& [key, line] : posted) {
    if (!billed.contains(key)) found.push_back(difference(Fault::not_on_bill, *line));
    if (line->posted != line->recorded) found.push_back(difference(Fault::row_differs, *line));
  }
  return found;
}

std::vector<Difference> compare_flow(const TradeBill& bill, const FlowBill& flow) {
  std::vector<Difference> found;
  auto moved = moved_by_number(flow);
  for (const BillLine& theirs : bill.lines) {
    const bool capture = theirs.movement == Movement::capture;
    const auto match = moved.find(capture ? theirs.out_trade_no : theirs.reference);
    if (match == moved.end()) {
      found.push_back(difference(Fault::not_on_flow, theirs));
      continue;
    }
    const Moved on_account = match->second;
    moved.erase(match);
    const std::int64_t came = capture ? on_account.amount : -on_account.amount;
    if (came != theirs.amount.minor()) {
      found.push_back(difference(Fault::flow_differs, theirs));
      found.back().flow = came;
    }
    if (on_account.fee != theirs.fee) {
      found.push_back(difference(Fault::flow_fee_differs, theirs));
      found.back().rail = theirs.fee;
      found.back().flow = on_account.fee;
    }
  }
  for (const std::string& number : bill.under_way) moved.erase(number);
  for (const auto& [number, on_account] : moved) {
    Difference one;
    one.fault = Fault::not_on_trade;
    one.movement = on_account.amount < 0 ? Movement::refund : Movement::capture;
    (one.movement == Movement::capture ? one.out_trade_no : one.reference) = number;
    one.flow = on_account.amount < 0 ? -on_account.amount : on_account.amount;
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace purser::books
