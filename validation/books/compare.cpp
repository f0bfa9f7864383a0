#include "validation/books/compare.hpp"

#include "validation/domain/table.hpp"

#include <map>
#include <utility>

namespace purser::books {
namespace {

constexpr std::string_view kFaults[] = {"not_in_ledger", "not_on_bill",   "amount_differs", "row_differs",
                                        "order_differs", "twice_on_bill", "twice_in_ledger"};

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

}  // namespace

std::string_view to_string(Fault fault) {
  return word_of(kFaults, fault);
}

std::vector<Difference> compare(const TradeBill& bill, const std::vector<OurLine>& ours) {
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
  }
  for (const auto& [key, line] : posted) {
    if (!billed.contains(key)) found.push_back(difference(Fault::not_on_bill, *line));
    if (line->posted != line->recorded) found.push_back(difference(Fault::row_differs, *line));
  }
  return found;
}

}  // namespace purser::books
