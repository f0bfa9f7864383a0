// Our books against the rail's bills, line by line and to the fen. Four sides meet: the rail's trade bill, its
// fund-flow bill (what really came and went on the account), the ledger, and the payment intent or refund that the
// ledger's line belongs to.
#pragma once

#include "validation/books/flow_bill.hpp"
#include "validation/books/trade_bill.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::books {

// A line of the ledger with what its intent or refund says.
struct OurLine {
  Movement movement = Movement::capture;
  std::string out_trade_no;
  std::string reference;
  Money posted;          // in the ledger
  Money recorded;        // captured of the intent, or the amount of the refund
  std::int64_t fee = 0;  // in minor units as booked; negative: given back

  friend bool operator==(const OurLine&, const OurLine&) = default;
};

enum class Fault : std::uint8_t {
  not_in_ledger,   // the rail moved money that we have not posted
  not_on_bill,     // we posted what the rail says nothing of
  amount_differs,  // rail and ledger
  row_differs,     // ledger and intent or refund
  order_differs,   // the same reference under another order number
  twice_on_bill,
  twice_in_ledger,
  fee_differs,       // rail and ledger
  not_on_flow,       // the trade bill tells of money that did not move on the account
  not_on_trade,      // money of a payment or refund moved that the trade bill says nothing of
  flow_differs,      // trade bill and fund-flow bill
  flow_fee_differs,  // likewise, the fee
};
std::string_view to_string(Fault fault);

struct Difference {
  Fault fault = Fault::not_in_ledger;
  Movement movement = Movement::capture;
  std::string out_trade_no;
  std::string reference;
  std::int64_t rail = 0;  // minor units, of the fee where the fault is one; 0 when that side has no such line
  std::int64_t ledger = 0;
  std::int64_t row = 0;
  std::int64_t flow = 0;

  friend bool operator==(const Difference&, const Difference&) = default;
};

// Whether the ledger holds the rail's share of payments.
enum class Fees { booked, not_booked };

// In the order of the bill, then of the ledger. Empty: the books agree.
std::vector<Difference> compare(const TradeBill& bill, const std::vector<OurLine>& ours, Fees fees = Fees::not_booked);

// The rail's own two bills of a day: what was traded moved on the account, fee and all, and nothing else of that kind
// did. In the order of the trade bill, then of our numbers.
std::vector<Difference> compare_flow(const TradeBill& bill, const FlowBill& flow);

}  // namespace purser::books
