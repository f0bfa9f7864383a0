#include "gateway/pay/wechat/bill.hpp"

#include "gateway/pay/wechat/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace purser::wechat {
namespace {

constexpr std::size_t kRowsMax = 1'000'000;
constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::string_view kTradeSummary = "总交易单数";
constexpr std::string_view kFlowSummary = "资金流水总笔数";

Error malformed(std::string why) {
  return Error(Errc::reply_malformed, "the bill: " + std::move(why), "bill");
}

std::string_view without_backtick(std::string_view cell) {
  if (cell.starts_with('`')) cell.remove_prefix(1);
  return cell;
}

// With backticks a cell ends at the next ",`", so that a comma may stand inside; headings have none.
std::vector<std::string_view> cells_of(std::string_view line) {
  const std::string_view separator = line.starts_with('`') ? ",`" : ",";
  std::vector<std::string_view> out;
  while (true) {
    const auto end = line.find(separator);
    out.push_back(without_backtick(line.substr(0, end)));
    if (end == line.npos) return out;
    line.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> lines_of(std::string_view file) {
  std::vector<std::string_view> out;
  while (!file.empty()) {
    auto line = file.substr(0, file.find('\n'));
    file.remove_prefix(std::min(file.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) out.push_back(line);
  }
  return out;
}

bool is_summary(std::string_view line) {
  return line.starts_with(kTradeSummary) || line.starts_with(kFlowSummary);
}

Result<BillTable::Row> row_of(const std::vector<std::string_view>& names, std::string_view line, std::size_t number) {
  const auto cells = cells_of(line);
  if (cells.size() != names.size()) return malformed("line " + std::to_string(number) + " has another count of cells");
  BillTable::Row row;
  for (std::size_t i = 0; i < cells.size(); ++i) row.emplace(names[i], cells[i]);
  return row;
}

// Reads the cells of a row and remembers the first that is not what it should be.
class Cells {
 public:
  explicit Cells(const BillTable::Row& row) : row_(row) {}

  std::string text(std::string_view name) {
    const auto found = row_.find(name);
    if (found == row_.end()) note("has no column " + std::string(name));
    return found == row_.end() ? std::string() : found->second;
  }
  // "0" stands where a number does not apply.
  std::string number(std::string_view name) {
    auto value = text(name);
    return value == "0" ? std::string() : value;
  }
  std::int64_t fen(std::string_view name) {
    auto value = fen_of_yuan(text(name));
    if (!value) note(std::string(name) + " is no amount");
    return value ? *value : 0;
  }
  std::int64_t count(std::string_view name) {
    const auto value = text(name);
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
    if (error != std::errc() || end != value.data() + value.size() || out < 0) note(std::string(name) + " is no count");
    return out;
  }
  Money money(std::string_view name) { return Money(fen(name), Currency::cny()); }
  // "2026-01-05 18:00:00" on the clock of China.
  UtcTime time(std::string_view name) {
    auto value = text(name);
    if (value.size() == 19) value[10] = 'T';
    auto at = parse_time(value + "+08:00");
    if (!at) note(std::string(name) + " is no time");
    return at ? *at : UtcTime{};
  }
  bool has(std::string_view name) const { return row_.contains(name); }
  const std::string& mistake() const { return mistake_; }

 private:
  void note(std::string what) {
    if (mistake_.empty()) mistake_ = std::move(what);
  }
  const BillTable::Row& row_;
  std::string mistake_;
};

// Adds up without overflow; a bill that sums to more than 64 bits is none.
bool add(std::int64_t& sum, std::int64_t fen) {
  return !__builtin_add_overflow(sum, fen, &sum);
}

}  // namespace

Result<std::int64_t> fen_of_yuan(std::string_view text) {
  const auto refused = [] { return Error(Errc::malformed_text, "an amount in yuan is written 12.99"); };
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  auto whole = text.substr(0, point);
  auto part = point == text.npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || (point != text.npos && part.empty())) return refused();
  while (part.size() > 2 && part.back() == '0') part.remove_suffix(1);
  if (part.size() > 2) return refused();
  std::int64_t fen = 0;
  const auto take = [&fen](char c) {
    const bool digit = c >= '0' && c <= '9';
    return digit && !__builtin_mul_overflow(fen, 10, &fen) && !__builtin_add_overflow(fen, c - '0', &fen);
  };
  if (!std::all_of(whole.begin(), whole.end(), take) || !std::all_of(part.begin(), part.end(), take)) return refused();
  for (std::size_t i = part.size(); i < 2; ++i) {
    if (!take('0')) return refused();
  }
  return negative ? -fen : fen;
}

Result<BillTable> read_bill_table(std::string_view file) {
  if (file.starts_with(kBom)) file.remove_prefix(kBom.size());
  const auto lines = lines_of(file);
  if (lines.size() < 3) return malformed("a heading, a summary's heading and its line are the least");
  if (lines.size() > kRowsMax) return Error(Errc::json_too_large, "the bill has more than a million lines", "bill");
  if (!is_summary(lines[lines.size() - 2])) return malformed("no summary at the end");
  const auto names = cells_of(lines.front());
  BillTable out;
  for (std::size_t i = 1; i + 2 < lines.size(); ++i) {
    auto row = row_of(names, lines[i], i + 1);
    if (!row) return row.error();
    out.rows.push_back(std::move(*row));
  }
  auto summary = row_of(cells_of(lines[lines.size() - 2]), lines.back(), lines.size());
  if (!summary) return summary.error();
  out.summary = std::move(*summary);
  return out;
}

Result<TradeBill> read_trade_bill(std::string_view file) {
  auto table = read_bill_table(file);
  if (!table) return table.error();
  TradeBill out;
  std::int64_t paid = 0;
  std::int64_t refunded = 0;
  for (const auto& row : table->rows) {
    Cells cells(row);
    TradeLine line;
    line.at = cells.time("交易时间");
    line.transaction_id = cells.text("微信订单号");
    line.out_trade_no = cells.text("商户订单号");
    line.trade_state = cells.text("交易状态");
    line.paid = cells.money("订单金额");
    line.fee = cells.money("手续费");
    const bool refunds = cells.has("商户退款单号");  // a bill of payments alone has no such column
    line.refunded = Money(0, Currency::cny());
    if (refunds) {
      line.refund_id = cells.number("微信退款单号");
      line.out_refund_no = cells.number("商户退款单号");
      line.refund_status = cells.text("退款状态");
      line.refunded = cells.money("申请退款金额");
    }
    if (!cells.mistake().empty()) return malformed(cells.mistake());
    if (!add(paid, line.paid.minor()) || !add(refunded, line.refunded.minor())) return malformed("the sums overflow");
    out.lines.push_back(std::move(line));
  }
  Cells sums(table->summary);
  const bool fits = sums.count("总交易单数") == static_cast<std::int64_t>(out.lines.size()) &&
                    sums.fen("订单总金额") == paid && sums.fen("申请退款总金额") == refunded;
  if (!sums.mistake().empty()) return malformed(sums.mistake());
  if (!fits) return malformed("the lines do not add up to the summary");
  out.paid = Money(paid, Currency::cny());
  out.refunded = Money(refunded, Currency::cny());
  return out;
}

Result<FlowBill> read_flow_bill(std::string_view file) {
  auto table = read_bill_table(file);
  if (!table) return table.error();
  FlowBill out;
  std::int64_t in = 0;
  std::int64_t gone = 0;
  for (const auto& row : table->rows) {
    Cells cells(row);
    FlowLine line;
    line.at = cells.time("记账时间");
    line.transaction_id = cells.text("微信支付业务单号");
    line.flow_id = cells.text("资金流水单号");
    line.kind = cells.text("业务类型");
    line.voucher = cells.text("业务凭证号");
    line.balance = cells.money("账户结余（元）");
    const auto fen = cells.fen("收支金额（元）");
    const auto direction = cells.text("收支类型");
    if (!cells.mistake().empty()) return malformed(cells.mistake());
    if (fen < 0 || (direction != "收入" && direction != "支出")) return malformed("a movement without a direction");
    line.amount = Money(direction == "收入" ? fen : -fen, Currency::cny());
    if (!add(direction == "收入" ? in : gone, fen)) return malformed("the sums overflow");
    out.lines.push_back(std::move(line));
  }
  Cells sums(table->summary);
  const bool fits = sums.count("资金流水总笔数") == static_cast<std::int64_t>(out.lines.size()) &&
                    sums.fen("收入金额") == in && sums.fen("支出金额") == gone;
  if (!sums.mistake().empty()) return malformed(sums.mistake());
  if (!fits) return malformed("the lines do not add up to the summary");
  out.in = Money(in, Currency::cny());
  out.out = Money(gone, Currency::cny());
  return out;
}

Result<BillTicket> read_bill_ticket(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  if (!document) return malformed(document.error().message);
  const auto root = document->root();
  BillTicket out;
  out.sha1 = root.text("hash_value");
  const auto kind = root.text("hash_type");
  const auto url = root.text("download_url");
  if (auto good = document->check(); !good) return malformed(good.error().message);
  if (kind != "SHA1" || out.sha1.size() != 40) return malformed("its digest is no SHA1");
  std::transform(out.sha1.begin(), out.sha1.end(), out.sha1.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  // The host is the one that is configured: an address in an answer is no reason to dial another.
  const auto path = url.find("/v3/");
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (path == url.npos || url.size() - path > 2'048 || !std::all_of(url.begin(), url.end(), printable))
    return malformed("no usable download_url");
  out.target = url.substr(path);
  return out;
}

}  // namespace purser::wechat
