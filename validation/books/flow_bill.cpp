#include "validation/books/flow_bill.hpp"

#include "validation/books/bill_file.hpp"

#include <array>

namespace purser::books {
namespace {

enum Column : std::size_t { time, transaction, flow, kind, direction, amount, balance, voucher, columns };
constexpr std::array<std::string_view, columns> kNames{"记账时间", "微信支付业务单号", "资金流水单号",   "业务类型",
                                                       "收支类型", "收支金额（元）",   "账户结余（元）", "业务凭证号"};

// "2026-01-05 18:00:00" on the clock of China.
Result<UtcTime> china_time(std::string_view cell) {
  std::string text(cell);
  if (text.size() == 19) text[10] = 'T';
  return parse_time(text + "+08:00");
}

Result<void> take(const BillFile& file, FlowBill& bill) {
  auto at = china_time(file.cell(time));
  if (!at) return file.bad("'" + std::string(file.cell(time)) + "' is no time");
  auto moved = file.fen(amount);
  if (!moved) return moved.error();
  auto left = file.fen(balance);
  if (!left) return left.error();
  const bool comes = file.cell(direction) == "收入";
  if (*moved < 0 || (!comes && file.cell(direction) != "支出")) return file.bad("a movement without a direction");
  if (!add_to(comes ? bill.in : bill.out, *moved)) return file.bad("the sums overflow");
  FlowLine line;
  line.at = *at;
  line.transaction_id = file.cell(transaction);
  line.flow_id = file.cell(flow);
  line.kind = file.cell(kind);
  line.voucher = file.cell(voucher);
  line.amount = Money(comes ? *moved : -*moved, Currency::cny());
  line.balance = Money(*left, Currency::cny());
  bill.lines.push_back(std::move(line));
  return success();
}

}  // namespace

Result<FlowBill> parse_flow_bill(std::string_view text) {
  FlowBill bill;
  if (text.empty()) return bill;
  auto file = BillFile::open(text, kNames, "资金流水总笔数");
  if (!file) return file.error();
  for (std::int64_t count = 0;; ++count) {
    auto more = file->next();
    if (!more) return more.error();
    if (!*more) {
      const BillFile::Sum sums[] = {{"收入金额", bill.in}, {"支出金额", bill.out}};
      if (auto fits = file->expect_sums(count, sums); !fits) return fits.error();
      return bill;
    }
    if (auto taken = take(*file, bill); !taken) return taken.error();
  }
}

}  // namespace purser::books
