// WeChat Pay's fund-flow bill: every movement on the merchant's account on one day of China's clock, fees among them.
// Source: API v3, "申请资金账单".
#pragma once

#include "validation/money/money.hpp"
#include "validation/money/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::books {

struct FlowLine {
  UtcTime at{};
  std::string transaction_id;
  std::string flow_id;
  std::string kind;     // the rail's own words
  std::string voucher;  // our number
  Money amount;         // below zero: went out
  Money balance;        // after it
};

struct FlowBill {
  std::vector<FlowLine> lines;
  std::int64_t in = 0;  // minor units, of all of them
  std::int64_t out = 0;
};

// An empty text is the bill of a day without movements. Error: reply_malformed, naming the line that cannot be.
Result<FlowBill> parse_flow_bill(std::string_view text);

}  // namespace purser::books
