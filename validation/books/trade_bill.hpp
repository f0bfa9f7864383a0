// WeChat Pay's trade bill: what was paid and given back on one day of China's clock. The sums at its end must be those
// of its rows.
// Source: API v3, "申请交易账单".
#pragma once

#include "validation/money/money.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::books {

enum class Movement : std::uint8_t { capture, refund };
std::string_view to_string(Movement movement);

struct BillLine {
  Movement movement = Movement::capture;
  std::string out_trade_no;
  std::string reference;  // transaction_id of a capture, out_refund_no of a refund
  Money amount;           // positive
  std::int64_t fee = 0;   // in minor units as the rail took it; negative: given back

  friend bool operator==(const BillLine&, const BillLine&) = default;
};

struct TradeBill {
  std::vector<BillLine> lines;  // without the refunds that are still under way
  std::int64_t captured = 0;    // minor units, of all of them
  std::int64_t refunded = 0;
  std::int64_t fees = 0;
  std::vector<std::string> under_way;  // numbers of those refunds
};

// The text of a bill of type ALL; an empty text is the bill of a day without movements. Error: reply_malformed,
// naming the line and column that cannot be.
Result<TradeBill> parse_trade_bill(std::string_view text);

}  // namespace purser::books
