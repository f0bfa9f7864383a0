// The rail's bill is read strictly, and every planted difference is found and named.
#include "validation/books/bill_file.hpp"
#include "validation/books/compare.hpp"
#include "validation/books/flow_bill.hpp"
#include "validation/books/trade_bill.hpp"

#include <gtest/gtest.h>

namespace purser::books {
namespace {

constexpr std::string_view kHeading =
    "\xEF\xBB\xBF交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,"
    "商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n";
constexpr std::string_view kSums =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n";

std::string capture_row(std::string order, std::string transaction, std::string yuan, std::string fee) {
  return "`2026-01-05 18:00:00,`wx1,`1900,`0,`,`" + transaction + ",`" + order + ",`o,`JSAPI,`SUCCESS,`OTHERS,`CNY,`" +
         yuan + ",`0.00,`0,`0,`0.00,`0.00,`,`,`Tea, green,`,`" + fee + ",`0.60%,`" + yuan + ",`0.00,`\r\n";
}
std::string refund_row(std::string order, std::string number, std::string yuan, std::string fee,
                       std::string state = "SUCCESS") {
  return "`2026-01-05 19:00:00,`wx1,`1900,`0,`,`4200" + order + ",`" + order +
         ",`o,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5000,`" + number + ",`" + yuan + ",`0.00,`ORIGINAL,`" + state +
         ",`Tea,`,`" + fee + ",`0.60%,`0.00,`" + yuan + ",`\r\n";
}
std::string sums_row(std::string count, std::string paid, std::string back, std::string fees) {
  return "`" + count + ",`" + paid + ",`" + back + ",`0.00,`" + fees + ",`" + paid + ",`" + back + "\r\n";
}
std::string bill_of(const std::string& rows, const std::string& sums) {
  return std::string(kHeading) + rows + std::string(kSums) + sums;
}
const std::string kDay =
    bill_of(capture_row("A1", "4200A1", "176.00", "1.06000") + refund_row("A1", "RA1", "88.00", "-0.53000") +
                capture_row("B2", "4200B2", "0.01", "0.00000"),
            sums_row("3", "176.01", "88.00", "0.53000"));

OurLine ours(Movement movement, std::string order, std::string reference, std::int64_t fen) {
  OurLine line;
  line.movement = movement;
  line.out_trade_no = std::move(order);
  line.reference = std::move(reference);
  line.posted = line.recorded = Money(fen, Currency::cny());
  return line;
}
std::vector<OurLine> agreeing() {
  return {ours(Movement::capture, "A1", "4200A1", 17'600), ours(Movement::refund, "A1", "RA1", 8'800),
          ours(Movement::capture, "B2", "4200B2", 1)};
}
TradeBill day() {
  return parse_trade_bill(kDay).value();
}

TEST(BillFile, yuan_become_fen_by_their_digits) {
  const std::pair<const char*, std::int64_t> good[] = {
      {"0", 0},       {"12.99", 1299}, {"12.9", 1290}, {"12", 1200},  {"-0.5", -50},
      {"0.08000", 8}, {"0.29", 29},    {"1.15", 115},  {"4.35", 435}, {"92233720368547758.07", INT64_MAX}};
  for (const auto& [text, fen] : good) EXPECT_EQ(fen_of_yuan(text).value(), fen) << text;
  for (const char* bad : {"", "-", ".", "1.", ".5", "1.001", "1,5", "1e2", "0x1", " 1", "1 ", "+1", "--1", "1.2.3",
                          "92233720368547758.08", "NaN"}) {
    EXPECT_FALSE(fen_of_yuan(bad).ok()) << bad;
  }
}

TEST(BillFile, a_sum_that_leaves_64_bits_is_refused) {
  const std::string most = capture_row("A1", "4200A1", "92233720368547758.07", "0.00000");
  const auto bill = parse_trade_bill(bill_of(most + most, sums_row("2", "0.00", "0.00", "0.00000")));
  ASSERT_FALSE(bill.ok());
  EXPECT_NE(bill.error().message.find("overflow"), std::string::npos);
}

TEST(FlowBill, is_read_to_the_fen_and_must_add_up) {
  const std::string head =
      "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,"
      "资金变更提交申请人,备注,业务凭证号\r\n";
  const std::string rows =
      "`2026-01-05 18:00:00,`42000,`f1,`交易,`交易,`收入,`12.99,`12.99,`system,`tea, green,`A1\r\n"
      "`2026-01-05 18:00:01,`42000,`f2,`扣除交易手续费,`扣除交易手续费,`支出,`0.08,`12.91,`system,`,`A1\r\n";
  const std::string sums = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n";
  const auto bill = parse_flow_bill(head + rows + sums + "`2,`1,`12.99,`1,`0.08\r\n");
  ASSERT_TRUE(bill.ok()) << bill.error().message;
  ASSERT_EQ(bill->lines.size(), 2U);
  EXPECT_EQ(format_time(bill->lines[0].at), "2026-01-05T10:00:00Z");
  EXPECT_EQ(bill->lines[0].voucher, "A1");
  EXPECT_EQ(bill->lines[1].amount, Money(-8, Currency::cny()));
  EXPECT_EQ(bill->lines[1].balance, Money(1291, Currency::cny()));
  EXPECT_EQ(bill->in, 1299);
  EXPECT_EQ(bill->out, 8);
  EXPECT_TRUE(parse_flow_bill("").value().lines.empty());
  for (const char* wrong : {"`3,`1,`12.99,`1,`0.08\r\n", "`2,`1,`12.98,`1,`0.08\r\n", "`2,`1,`12.99,`1,`0.09\r\n",
                            "`2,`1,`12.99,`1\r\n", "`2,`1,`12.99,`1,`0.08\r\nmore\r\n"}) {
    EXPECT_EQ(parse_flow_bill(head + rows + sums + wrong).code(), Errc::reply_malformed) << wrong;
  }
  const auto row = [](const char* direction, const char* amount) {
    return std::string("`2026-01-05 18:00:00,`42000,`f1,`交易,`交易,`") + direction + ",`" + amount +
           ",`0.00,`system,`,`A1\r\n";
  };
  const auto of_one = [&](const char* direction, const char* amount) {
    return parse_flow_bill(head + row(direction, amount) + sums + "`1,`1,`" + amount + ",`0,`0.00\r\n");
  };
  ASSERT_TRUE(of_one("收入", "1.00").ok());
  for (const auto& bad : {of_one("收入", "-1.00"), of_one("", "1.00")}) {
    ASSERT_FALSE(bad.ok());
    EXPECT_NE(bad.error().message.find("without a direction"), std::string::npos) << bad.error().message;
  }
  const std::string most = row("收入", "92233720368547758.07");
  const auto beyond = parse_flow_bill(head + most + most + sums + "`2,`2,`0.00,`0,`0.00\r\n");
  ASSERT_FALSE(beyond.ok());
  EXPECT_NE(beyond.error().message.find("overflow"), std::string::npos) << beyond.error().message;
}

TEST(TradeBill, is_read_to_the_fen) {
  const auto bill = parse_trade_bill(kDay);
  ASSERT_TRUE(bill.ok()) << bill.error().message;
  ASSERT_EQ(bill->lines.size(), 3U);
  EXPECT_EQ(bill->lines[0].amount, Money(17'600, Currency::cny()));
  EXPECT_EQ(bill->lines[0].fee, 106);
  EXPECT_EQ(bill->lines[1].movement, Movement::refund);
  EXPECT_EQ(bill->lines[1].reference, "RA1");
  EXPECT_EQ(bill->lines[1].fee, -53);
  EXPECT_EQ(bill->captured, 17'601);
  EXPECT_EQ(bill->refunded, 8'800);
  EXPECT_EQ(bill->fees, 53);
}

TEST(TradeBill, of_a_day_without_movements_is_empty) {
  EXPECT_TRUE(parse_trade_bill("").value().lines.empty());
}

TEST(TradeBill, counts_a_refund_under_way_and_does_not_list_it) {
  const auto bill = parse_trade_bill(
      bill_of(refund_row("A1", "RA1", "1.00", "0.00000", "PROCESSING"), sums_row("1", "0.00", "1.00", "0.00000")));
  ASSERT_TRUE(bill.ok()) << bill.error().message;
  EXPECT_TRUE(bill->lines.empty());
  EXPECT_EQ(bill->under_way, std::vector<std::string>{"RA1"});
}

TEST(TradeBill, that_is_cut_changed_or_not_one_is_refused) {
  for (std::size_t at = 1; at + 2 < kDay.size(); ++at) {
    EXPECT_FALSE(parse_trade_bill(std::string_view(kDay).substr(0, at)).ok()) << at;
  }
  const std::string one = capture_row("A1", "4200A1", "176.00", "1.06000");
  for (const auto& [rows, sums] : std::vector<std::pair<std::string, std::string>>{
           {one, sums_row("1", "176.01", "0.00", "1.06000")},
           {one, sums_row("2", "176.00", "0.00", "1.06000")},
           {one, sums_row("1", "176.00", "0.00", "1.05000")},
           {one, sums_row("1", "176.00", "0.01", "1.06000")},
           {capture_row("A1", "4200A1", "176.001", "0.00000"), sums_row("1", "176.00", "0.00", "0.00000")},
           {capture_row("A1", "4200A1", "-1.00", "0.00000"), sums_row("1", "-1.00", "0.00", "0.00000")},
           {capture_row("A1", "4200A1", "1e2", "0.00000"), sums_row("1", "100.00", "0.00", "0.00000")},
           {"`short\r\n", sums_row("1", "0.00", "0.00", "0.00000")}}) {
    const auto bill = parse_trade_bill(bill_of(rows, sums));
    ASSERT_FALSE(bill.ok()) << rows << sums;
    EXPECT_EQ(bill.code(), Errc::reply_malformed);
  }
  EXPECT_FALSE(parse_trade_bill("{\"code\":\"NO_STATEMENT_EXIST\"}").ok());
}

TEST(Books, that_agree_have_no_difference) {
  EXPECT_TRUE(compare(day(), agreeing()).empty());
  EXPECT_TRUE(compare(TradeBill(), {}).empty());
}

TEST(Books, name_what_only_the_rail_knows) {
  auto lines = agreeing();
  lines.erase(lines.begin() + 1);
  const auto found = compare(day(), lines);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].fault, Fault::not_in_ledger);
  EXPECT_EQ(found[0].reference, "RA1");
  EXPECT_EQ(found[0].rail, 8'800);
  EXPECT_EQ(found[0].ledger, 0);
}

TEST(Books, name_what_only_we_know) {
  auto lines = agreeing();
  lines.push_back(ours(Movement::capture, "C3", "4200C3", 5));
  const auto found = compare(day(), lines);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].fault, Fault::not_on_bill);
  EXPECT_EQ(found[0].ledger, 5);
}

TEST(Books, name_a_difference_of_one_fen_on_any_of_the_three_sides) {
  auto lines = agreeing();
  lines[0].posted = lines[0].recorded = Money(17'601, Currency::cny());
  auto found = compare(day(), lines);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].fault, Fault::amount_differs);
  EXPECT_EQ(found[0].rail, 17'600);
  EXPECT_EQ(found[0].ledger, 17'601);

  lines = agreeing();
  lines[1].recorded = Money(8'799, Currency::cny());
  found = compare(day(), lines);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].fault, Fault::row_differs);
  EXPECT_EQ(found[0].row, 8'799);
}

TEST(Books, name_what_stands_twice_or_under_another_order) {
  TradeBill bill = day();
  bill.lines.push_back(bill.lines[0]);
  EXPECT_EQ(compare(bill, agreeing()).at(0).fault, Fault::twice_on_bill);
  std::swap(bill.lines[1], bill.lines.back());
  EXPECT_EQ(compare(bill, agreeing()).size(), 1U) << "what stands behind the second one is read all the same";
  auto lines = agreeing();
  lines.push_back(lines[2]);
  EXPECT_EQ(compare(day(), lines).at(0).fault, Fault::twice_in_ledger);
  lines = agreeing();
  lines[0].out_trade_no = "Z9";
  EXPECT_EQ(compare(day(), lines).at(0).fault, Fault::order_differs);
}

TEST(Books, name_a_fee_that_was_not_the_agreed_one) {
  auto lines = agreeing();
  lines[0].fee = 106;
  lines[1].fee = -53;
  EXPECT_TRUE(compare(day(), lines, Fees::booked).empty());
  lines[0].fee = 105;
  const auto found = compare(day(), lines, Fees::booked);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].fault, Fault::fee_differs);
  EXPECT_EQ(found[0].rail, 106);
  EXPECT_EQ(found[0].ledger, 105);
  EXPECT_TRUE(compare(day(), lines).empty()) << "fees that are not booked are not looked at";
  lines[0].fee = 106;
  lines[1].fee = 0;
  EXPECT_EQ(compare(day(), lines, Fees::booked).at(0).reference, "RA1");
}

FlowLine moved(std::string kind, std::string number, std::int64_t fen) {
  FlowLine line;
  line.kind = std::move(kind);
  line.voucher = std::move(number);
  line.amount = Money(fen, Currency::cny());
  return line;
}
// What the account saw of day(), and a withdrawal, which is nobody's payment.
FlowBill flow_of_day() {
  FlowBill flow;
  flow.lines = {moved("交易", "A1", 17'600),  moved("扣除交易手续费", "A1", -106),
                moved("退款", "RA1", -8'800), moved("退还交易手续费", "RA1", 53),
                moved("交易", "B2", 1),       moved("提现", "W1", -5'000)};
  return flow;
}

TEST(Flow, that_agrees_with_the_trades_has_no_difference) {
  EXPECT_TRUE(compare_flow(day(), flow_of_day()).empty());
  EXPECT_TRUE(compare_flow(TradeBill(), FlowBill()).empty());
}

TEST(Flow, names_what_did_not_move_and_what_moved_alone) {
  FlowBill flow = flow_of_day();
  flow.lines.erase(flow.lines.begin() + 4);
  flow.lines.push_back(moved("交易", "C3", 7));
  flow.lines.push_back(moved("退款", "RC3", -3));
  const auto found = compare_flow(day(), flow);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].fault, Fault::not_on_flow);
  EXPECT_EQ(found[0].out_trade_no, "B2");
  EXPECT_EQ(found[1].fault, Fault::not_on_trade);
  EXPECT_EQ(found[1].out_trade_no, "C3");
  EXPECT_EQ(found[1].flow, 7);
  EXPECT_EQ(found[2].reference, "RC3");
  EXPECT_EQ(found[2].movement, Movement::refund);
  EXPECT_EQ(found[2].flow, 3);
}

TEST(Flow, names_a_difference_of_one_fen_in_money_and_in_fee) {
  for (std::size_t at = 0; at < 5; ++at) {
    FlowBill flow = flow_of_day();
    flow.lines[at].amount = Money(flow.lines[at].amount.minor() + 1, Currency::cny());
    const auto found = compare_flow(day(), flow);
    ASSERT_EQ(found.size(), 1U) << at;
    const bool fee = at == 1 || at == 3;
    EXPECT_EQ(found[0].fault, fee ? Fault::flow_fee_differs : Fault::flow_differs) << at;
    EXPECT_EQ(std::abs(found[0].flow - found[0].rail), 1) << at;
  }
}

TEST(Flow, leaves_a_refund_under_way_alone) {
  TradeBill bill = day();
  bill.under_way = {"RX"};
  FlowBill flow = flow_of_day();
  flow.lines.push_back(moved("退款", "RX", -9));
  EXPECT_TRUE(compare_flow(bill, flow).empty());
}

}  // namespace
}  // namespace purser::books
