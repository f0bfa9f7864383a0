// What the rail's bill files have in common: CSV with a heading, rows, the heading of the sums, and the sums. Amounts
// are decimals of yuan there and minor units here; cells of rows begin with a backtick each, so that a comma may stand
// inside of one; columns are found by their words, because the rail has added some before.
// Source: API v3, "下载账单".
#pragma once

#include "validation/money/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace purser::books {

// "12.99" is 1299, "-0.53000" is -53: exactly, by the digits alone. Error: amount_out_of_range, amount_overflow.
Result<std::int64_t> fen_of_yuan(std::string_view text);
// False when the sum leaves 64 bits; `sum` is as it was then.
bool add_to(std::int64_t& sum, std::int64_t fen);

// Reads from the front; the text outlives it. Errors: reply_malformed naming the line.
class BillFile {
 public:
  // The heading. `columns`: what rows are asked for; `sums_begin`: the first word of the sums' heading. Errors: a file
  // that was cut off, a heading without one of the columns.
  static Result<BillFile> open(std::string_view text, std::span<const std::string_view> columns,
                               std::string_view sums_begin);

  // Goes to the next row; false when the sums are next.
  Result<bool> next();
  // Of the row, by its place in `columns`.
  std::string_view cell(std::size_t column) const { return row_[at_[column]]; }
  Result<std::int64_t> fen(std::size_t column) const;

  // Once, after the last row: holds the sums under these names against what the rows gave. `count`: the rows'.
  struct Sum {
    std::string_view name;
    std::int64_t fen;
  };
  Result<void> expect_sums(std::int64_t count, std::span<const Sum> sums);

  // "line 7 of the bill: why".
  Error bad(std::string_view why) const;

 private:
  BillFile(std::string_view text, std::string_view sums_begin) : rest_(text), sums_begin_(sums_begin) {}
  std::string_view take_line();

  std::string_view rest_;
  std::string_view sums_begin_;
  std::vector<std::string_view> heading_;
  std::vector<std::size_t> at_;  // of the asked columns in a row
  std::vector<std::string_view> row_;
  std::size_t line_ = 0;
};

}  // namespace purser::books
