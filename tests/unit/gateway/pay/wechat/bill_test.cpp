#include "gateway/pay/wechat/bill.hpp"

#include <gtest/gtest.h>

namespace purser::wechat {
namespace {

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
