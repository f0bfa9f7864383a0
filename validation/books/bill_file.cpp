#include "validation/books/bill_file.hpp"

#include "validation/money/money.hpp"

#include <algorithm>

namespace purser::books {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

void split(std::string_view line, std::vector<std::string_view>& cells) {
  const bool marked = line.starts_with('`');
  const std::string_view between = marked ? ",`" : ",";
  if (marked) line.remove_prefix(1);
  cells.clear();
  for (;;) {
    const auto end = line.find(between);
    cells.push_back(line.substr(0, end));
    if (end == line.npos) return;
    line.remove_prefix(end + between.size());
  }
}

}  // namespace

Result<std::int64_t> fen_of_yuan(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (negative && text.starts_with('-')) return Error(Errc::amount_out_of_range, "an amount has one sign", "amount");
  // Fees have five decimals of which the last three are zero.
  const auto point = text.find('.');
  while (point != text.npos && text.size() > point + 3 && text.ends_with('0')) text.remove_suffix(1);
  auto amount = parse_major(text, Currency::cny());
  if (!amount) return amount.error();
  return negative ? -amount->minor() : amount->minor();
}

bool add_to(std::int64_t& sum, std::int64_t fen) {
  std::int64_t out;
  if (__builtin_add_overflow(sum, fen, &out)) return false;
  sum = out;
  return true;
}

Error BillFile::bad(std::string_view why) const {
  return Error(Errc::reply_malformed, "line " + std::to_string(line_) + " of the bill: " + std::string(why), "bill");
}

std::string_view BillFile::take_line() {
  ++line_;
  const auto end = rest_.find('\n');
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<BillFile> BillFile::open(std::string_view text, std::span<const std::string_view> columns,
                                std::string_view sums_begin) {
  const bool whole = text.ends_with('\n');
  if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
  BillFile file(text, sums_begin);
  split(file.take_line(), file.heading_);
  if (!whole) return file.bad("the file was cut off: its last line has no end");
  for (const std::string_view name : columns) {
    const auto at = std::ranges::find(file.heading_, name);
    if (at == file.heading_.end()) return file.bad("the column " + std::string(name) + " is missing");
    file.at_.push_back(static_cast<std::size_t>(at - file.heading_.begin()));
  }
  return file;
}

Result<bool> BillFile::next() {
  if (rest_.empty()) return bad("the sums at the end are missing: the file was cut off");
  split(take_line(), row_);
  if (row_.front() == sums_begin_) return false;
  if (row_.size() != heading_.size()) return bad("it has another number of columns than the heading");
  return true;
}

Result<std::int64_t> BillFile::fen(std::size_t column) const {
  auto fen = fen_of_yuan(cell(column));
  if (!fen) return bad("'" + std::string(cell(column)) + "' is no amount");
  return fen;
}

Result<void> BillFile::expect_sums(std::int64_t count, std::span<const Sum> sums) {
  const std::vector<std::string_view> names = std::move(row_);
  split(take_line(), row_);
  if (row_.size() != names.size()) return bad("the sums are not as many as their names");
  if (!rest_.empty()) return bad("something follows the sums");
  if (row_.front() != std::to_string(count)) return bad("it counts other lines than there are");
  for (const Sum& sum : sums) {
    const auto at = std::ranges::find(names, sum.name);
    if (at == names.end()) return bad("the sum " + std::string(sum.name) + " is missing");
    const std::string_view text = row_[static_cast<std::size_t>(at - names.begin())];
    auto told = fen_of_yuan(text);
    if (!told || *told != sum.fen) return bad("the sum " + std::string(sum.name) + " is not that of the lines");
  }
  return success();
}

}  // namespace purser::books
