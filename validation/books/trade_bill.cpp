#include "validation/books/trade_bill.hpp"

#include "validation/domain/table.hpp"

#include <algorithm>
#include <array>

namespace purser::books {
namespace {

constexpr std::string_view kMovements[] = {"capture", "refund"};
constexpr std::string_view kBom = "\xEF\xBB\xBF";

// The columns that are read, by the words of the heading: the rail has added columns before.
enum Column : std::size_t {
  transaction,
  order,
  state,
  currency,
  paid,
  refund_number,
  refunded,
  refund_state,
  fee,
  columns,
};
constexpr std::array<std::string_view, columns> kNames{"微信订单号", "商户订单号",   "交易状态",
                                                       "货币种类",   "应结订单金额", "商户退款单号",
                                                       "退款金额",   "退款状态",     "手续费"};
constexpr std::string_view kSummaryBegins = "总交易单数";

Error bad(std::size_t line, const std::string& why) {
  return Error(Errc::reply_malformed, "line " + std::to_string(line) + " of the bill: " + why, "bill");
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// A heading is separated by commas; a row's cells begin with a backtick each, so a comma may stand inside of one.
std::vector<std::string_view> cells_of(std::string_view line) {
  const bool marked = line.starts_with('`');
  const std::string_view between = marked ? ",`" : ",";
  if (marked) line.remove_prefix(1);
  std::vector<std::string_view> cells;
  for (;;) {
    const auto end = line.find(between);
    cells.push_back(line.substr(0, end));
    if (end == line.npos) return cells;
    line.remove_prefix(end + between.size());
  }
}

// Fees have five decimals of which the last three are zero.
Result<std::int64_t> fen_of(std::string_view text, Currency in) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  while (point != text.npos && text.size() > point + 3 && text.ends_with('0')) text.remove_suffix(1);
  auto amount = parse_major(text, in);
  if (!amount) return amount.error();
  return negative ? -amount->minor() : amount->minor();
}

class Reader {
 public:
  Result<void> heading(std::size_t line, const std::vector<std::string_view>& names) {
    width_ = names.size();
    for (std::size_t i = 0; i < columns; ++i) {
      const auto at = std::ranges::find(names, kNames[i]);
      if (at == names.end()) return bad(line, "the column " + std::string(kNames[i]) + " is missing");
      at_[i] = static_cast<std::size_t>(at - names.begin());
    }
    return success();
  }

  Result<void> row(std::size_t line, const std::vector<std::string_view>& cells) {
    if (cells.size() != width_) return bad(line, "it has another number of columns than the heading");
    const auto cell = [&](Column column) { return cells[at_[column]]; };
    auto in = Currency::parse(cell(currency));
    if (!in) return bad(line, in.error().message);
    const bool back = cell(state) == "REFUND";
    if (!back && cell(state) != "SUCCESS") return bad(line, "the state " + std::string(cell(state)) + " is not known");
    BillLine one;
    one.movement = back ? Movement::refund : Movement::capture;
    one.out_trade_no = cell(order);
    one.reference = back ? cell(refund_number) : cell(transaction);
    auto amount = fen_of(back ? cell(refunded) : cell(paid), *in);
    if (!amount) return bad(line, amount.error().message);
    auto cost = fen_of(cell(fee), *in);
    if (!cost) return bad(line, cost.error().message);
    if (*amount <= 0) return bad(line, "its amount is not positive");
    one.amount = Money(*amount, *in);
    one.fee = *cost;
    ++counted_;
    (back ? bill_.refunded : bill_.captured) += *amount;
    bill_.fees += *cost;
    // A refund under way has not moved money yet: the sums count it, our books do not.
    if (!back || cell(refund_state) == "SUCCESS") bill_.lines.push_back(std::move(one));
    return success();
  }

  // 总交易单数, 应结订单总金额, 退款总金额, 充值券退款总金额, 手续费总金额, ...
  Result<TradeBill> summary(std::size_t line, const std::vector<std::string_view>& cells) {
    if (cells.size() < 5) return bad(line, "the sum has too few columns");
    if (cells[0] != std::to_string(counted_)) return bad(line, "it counts other lines than there are");
    const std::pair<std::string_view, std::int64_t> sums[] = {
        {cells[1], bill_.captured}, {cells[2], bill_.refunded}, {cells[4], bill_.fees}};
    for (const auto& [text, sum] : sums) {
      auto told = fen_of(text, Currency::cny());
      if (!told) return bad(line, told.error().message);
      if (*told != sum) return bad(line, "the sum " + std::string(text) + " is not that of the lines");
    }
    return std::move(bill_);
  }

 private:
  std::array<std::size_t, columns> at_{};
  std::size_t width_ = 0;
  std::int64_t counted_ = 0;
  TradeBill bill_;
};

}  // namespace

std::string_view to_string(Movement movement) {
  return word_of(kMovements, movement);
}

Result<TradeBill> parse_trade_bill(std::string_view text) {
  if (text.empty()) return TradeBill();
  if (!text.ends_with('\n')) return bad(1, "the file was cut off: its last line has no end");
  if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
  Reader reader;
  std::size_t line = 1;
  if (auto read = reader.heading(line, cells_of(take_line(text))); !read) return read.error();
  while (!text.empty()) {
    ++line;
    const auto cells = cells_of(take_line(text));
    if (cells.front() == kSummaryBegins) return reader.summary(line + 1, cells_of(take_line(text)));
    if (auto read = reader.row(line, cells); !read) return read.error();
  }
  return bad(line, "the sum at the end is missing: the file was cut off");
}

}  // namespace purser::books
