// Our books against the rail's bill, line by line and to the fen. Three sides meet: the rail's bill, the ledger, and
// the payment intent or refund that the ledger's line belongs to.
#pragma once

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
  Money posted;    // in the ledger
  Money recorded;  // captured of the intent, or the amount of the refund

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
};
std::string_view to_string(Fault fault);

struct Difference {
  Fault fault = Fault::not_in_ledger;
  Movement movement = Movement::capture;
  std::string out_trade_no;
  std::string reference;
  std::int64_t rail = 0;  // minor units; 0 when that side has no such line
  std::int64_t ledger = 0;
  std::int64_t row = 0;

  friend bool operator==(const Difference&, const Difference&) = default;
};

// In the order of the bill, then of the ledger. Empty: the books agree.
std::vector<Difference> compare(const TradeBill& bill, const std::vector<OurLine>& ours);

}  // namespace purser::books
