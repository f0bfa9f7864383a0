#include "validation/books/trade_bill.hpp"

#include "validation/books/bill_file.hpp"
#include "validation/domain/table.hpp"

#include <array>

namespace purser::books {
namespace {

constexpr std::string_view kMovements[] = {"capture", "refund"};

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

// Adds the row to the bill.
Result<void> take(const BillFile& file, TradeBill& bill) {
  if (file.cell(currency) != Currency::cny().code()) return file.bad("its currency is not CNY");
  const bool back = file.cell(state) == "REFUND";
  if (!back && file.cell(state) != "SUCCESS") {
    return file.bad("the state " + std::string(file.cell(state)) + " is not known");
  }
  auto amount = file.fen(back ? refunded : paid);
  if (!amount) return amount.error();
  auto cost = file.fen(fee);
  if (!cost) return cost.error();
  if (*amount <= 0) return file.bad("its amount is not positive");
  if (!add_to(back ? bill.refunded : bill.captured, *amount) || !add_to(bill.fees, *cost)) {
    return file.bad("the sums overflow");
  }
  // A refund under way has not moved money yet: the sums count it, our books do not.
  if (back && file.cell(refund_state) != "SUCCESS") {
    bill.under_way.emplace_back(file.cell(refund_number));
    return success();
  }
  BillLine one;
  one.movement = back ? Movement::refund : Movement::capture;
  one.out_trade_no = file.cell(order);
  one.reference = file.cell(back ? refund_number : transaction);
  one.amount = Money(*amount, Currency::cny());
  one.fee = *cost;
  bill.lines.push_back(std::move(one));
  return success();
}

}  // namespace

std::string_view to_string(Movement movement) {
  return word_of(kMovements, movement);
}

Result<TradeBill> parse_trade_bill(std::string_view text) {
  TradeBill bill;
  if (text.empty()) return bill;
  auto file = BillFile::open(text, kNames, "总交易单数");
  if (!file) return file.error();
  for (std::int64_t count = 0;; ++count) {
    auto more = file->next();
    if (!more) return more.error();
    if (!*more) {
      const BillFile::Sum sums[] = {
          {"应结订单总金额", bill.captured}, {"退款总金额", bill.refunded}, {"手续费总金额", bill.fees}};
      if (auto fits = file->expect_sums(count, sums); !fits) return fits.error();
      return bill;
    }
    if (auto taken = take(*file, bill); !taken) return taken.error();
  }
}

}  // namespace purser::books
