#include "gateway/pay/wechat/bill.hpp"

#include <gtest/gtest.h>

namespace purser::wechat {
namespace {

const std::string kHead =
    "\xEF\xBB\xBF交易时间,微信订单号,商户订单号,交易状态,微信退款单号,商户退款单号,退款状态,手续费,订单金额,"
    "申请退款金额\r\n";
const std::string kSums = "总交易单数,订单总金额,申请退款总金额\r\n";
const std::string kPaid = "`2026-01-05 18:00:00,`42000,`order-1,`SUCCESS,`0,`0,`,`0.08000,`12.99,`0.00\r\n";
const std::string kBack =
    "`2026-01-05 18:05:00,`42000,`order-1,`REFUND,`50300,`refund-1,`SUCCESS,`-0.02000,`0.00,`2.99\r\n";

TEST(Bill, YuanBecomeFenByTheirDigits) {
  const std::pair<const char*, std::int64_t> good[] = {
      {"0", 0},       {"12.99", 1299}, {"12.9", 1290}, {"12", 1200},  {"-0.5", -50},
      {"0.08000", 8}, {"0.29", 29},    {"1.15", 115},  {"4.35", 435}, {"92233720368547758.07", INT64_MAX}};
  for (const auto& [text, fen] : good) EXPECT_EQ(*fen_of_yuan(text), fen) << text;
  for (const char* bad : {"", "-", ".", "1.", ".5", "1.001", "1,5", "1e2", "0x1", " 1", "1 ", "+1", "--1", "1.2.3",
                          "92233720368547758.08", "NaN"}) {
    EXPECT_EQ(fen_of_yuan(bad).code(), Errc::malformed_text) << bad;
  }
}

TEST(Bill, ATradeBillIsReadAndBalances) {
  const auto bill = read_trade_bill(kHead + kPaid + kBack + kSums + "`2,`12.99,`2.99\r\n");
  ASSERT_TRUE(bill.ok()) << bill.error().message;
  ASSERT_EQ(bill->lines.size(), 2u);
  EXPECT_EQ(bill->lines[0].out_trade_no, "order-1");
  EXPECT_EQ(bill->lines[0].out_refund_no, "");
  EXPECT_EQ(bill->lines[0].paid.minor(), 1299);
  EXPECT_EQ(bill->lines[0].fee.minor(), 8);
  EXPECT_EQ(format_time(bill->lines[0].at), "2026-01-05T10:00:00Z");
  EXPECT_EQ(bill->lines[1].out_refund_no, "refund-1");
  EXPECT_EQ(bill->lines[1].refunded.minor(), 299);
  EXPECT_EQ(bill->lines[1].fee.minor(), -2);
  EXPECT_EQ(bill->paid.minor(), 1299);
  EXPECT_EQ(bill->refunded.minor(), 299);
}

TEST(Bill, SumsThatDoNotComeOutSpoilTheFile) {
  for (const char* sums :
       {"`1,`12.99,`2.99\r\n", "`2,`12.98,`2.99\r\n", "`2,`12.99,`0.00\r\n", "`x,`12.99,`2.99\r\n"}) {
    EXPECT_EQ(read_trade_bill(kHead + kPaid + kBack + kSums + sums).code(), Errc::reply_malformed) << sums;
  }
}

TEST(Bill, ACommaInsideACellIsPartOfIt) {
  const std::string head = "交易时间,微信订单号,商户订单号,交易状态,手续费,订单金额,商品名称\n";
  const auto table = read_bill_table(head + "`a,`b,`c,`d,`e,`f,`tea, green\n" + "总交易单数\n`1\n");
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->rows.at(0).at("商品名称"), "tea, green");
}

TEST(Bill, WhatIsNoBill) {
  for (const std::string& bad :
       {std::string(), std::string("\n\n\n"), kHead, kHead + kPaid, kHead + kPaid + kBack,
        kHead + "`1,`2\r\n" + kSums + "`1,`0,`0\r\n", std::string("<html>\n<body>\n</html>")}) {
    EXPECT_EQ(read_trade_bill(bad).code(), Errc::reply_malformed);
    EXPECT_EQ(read_flow_bill(bad).code(), Errc::reply_malformed);
  }
}

TEST(Bill, ATicketNamesADigestAndAPathOfTheRail) {
  const std::string digest(40, 'A');
  const auto good =
      read_bill_ticket(R"({"hash_type":"SHA1","hash_value":")" + digest +
                       R"(","download_url":"https://api.mch.weixin.qq.com/v3/billdownload/file?token=x"})");
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->target, "/v3/billdownload/file?token=x");
  EXPECT_EQ(good->sha1, std::string(40, 'a'));
  EXPECT_FALSE(read_bill_ticket(R"({"hash_type":"MD5","hash_value":"x","download_url":"/v3/x"})").ok());
  EXPECT_FALSE(read_bill_ticket(R"({"hash_type":"SHA1","hash_value":")" + digest + R"(","download_url":"/x"})").ok());
}

}  // namespace
}  // namespace purser::wechat
