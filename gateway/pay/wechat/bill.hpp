// The rail's bill files, read. The file itself is not signed: its SHA-1 came in a signed answer. Amounts stand there in
// yuan with decimals and become fen by the digits alone. Pure.
#pragma once

#include "validation/money/money.hpp"
#include "validation/money/result.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace purser::wechat {

// "12.99" is 1299, "-0.5" is -50. Exactly: more decimals than two must be zeros. Error: malformed_text.
Result<std::int64_t> fen_of_yuan(std::string_view text);

// A bill as a table: cells by the column's own name. Summaries are one more row.
struct BillTable {
  using Row = std::map<std::string, std::string, std::less<>>;
  std::vector<Row> rows;
  Row summary;
};
// Lines end in \n or \r\n, a cell may begin with a backtick, the summary's heading and line follow the rows. Errors:
// reply_malformed naming the line; json_too_large beyond a million rows.
Result<BillTable> read_bill_table(std::string_view file);

// One line of the trade bill: a payment, or a refund (then out_refund_no is set).
struct TradeLine {
  UtcTime at{};
  std::string transaction_id;
  std::string out_trade_no;
  std::string refund_id;
  std::string out_refund_no;
  std::string trade_state;    // SUCCESS, REFUND, REVOKED
  std::string refund_status;  // of a refund
  Money paid;                 // of a payment: the order's amount
  Money refunded;             // of a refund
  Money fee;                  // what the rail keeps; below zero where it gives a fee back
};
struct TradeBill {
  std::vector<TradeLine> lines;
  Money paid;
  Money refunded;
};
// Reads the table and holds the lines against the summary: a file whose sums do not come out is none.
// Error: reply_malformed.
Result<TradeBill> read_trade_bill(std::string_view file);

// One movement on the account.
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
  Money in;
  Money out;
};
Result<FlowBill> read_flow_bill(std::string_view file);

// What the rail says about a file that can be fetched.
struct BillTicket {
  std::string sha1;    // lower-case hex, of the unpacked file
  std::string target;  // path and query of the download
};
// Error: reply_malformed, also for a digest other than SHA1.
Result<BillTicket> read_bill_ticket(std::string_view body);

}  // namespace purser::wechat
