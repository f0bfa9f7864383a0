#include "gateway/compress/gzip.hpp"
#include "gateway/crypto/digest.hpp"
#include "tests/unit/gateway/sandbox/merchant.hpp"

#include <algorithm>
#include <sstream>

namespace purser::sandbox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-01-05T18:00:00+08:00 is when the tests begin.
class BillsTest : public RailTest {
 protected:
  void SetUp() override {
    paid_order("order-001", 1'299);
    paid_order("order-002", 100'000);
    refund(refund_of("order-001", "refund-1", 299));
    advance(seconds(1));
  }
  Handled apply(const std::string& rest = "bill_date=2026-01-05&bill_type=ALL") {
    return call("GET", "/v3/bill/tradebill?" + rest);
  }
  Handled download(const std::string& url) { return call("GET", url.substr(url.find("/v3/"))); }
  // Ten in the morning of the next day, China time.
  void next_morning() { advance(hours(16) - seconds(1)); }
};

TEST_F(BillsTest, ready_at_ten_in_the_morning_of_the_next_day) {
  advance(hours(16) - seconds(2));
  EXPECT_EQ(code_of(apply()), "NO_STATEMENT_EXIST");
  EXPECT_EQ(apply().response.status, 400);
  advance(seconds(1));
  EXPECT_EQ(apply().response.status, 200) << apply().response.body;
}

TEST_F(BillsTest, the_file_has_the_digest_and_balances) {
  next_morning();
  auto told = body_of(apply());
  EXPECT_EQ(told["hash_type"], "SHA1");
  auto file = download(told["download_url"].get<std::string>());
  ASSERT_EQ(file.response.status, 200);
  const auto& text = file.response.body;
  EXPECT_EQ(crypto::sha1_hex(text), told["hash_value"]);
  EXPECT_TRUE(text.starts_with("\xEF\xBB\xBF交易时间,公众账号ID,"));
  EXPECT_NE(text.find(",`order-002,"), text.npos);
  EXPECT_NE(text.find(",`1000.00,"), text.npos);
  // Three rows; 12.99 + 1000.00 paid, 2.99 back; fees of 0.08 + 6.00 - 0.02.
  EXPECT_TRUE(text.ends_with("`3,`1012.99,`2.99,`0.00,`6.06000,`1012.99,`2.99\r\n")) << text;
}

TEST_F(BillsTest, the_file_is_not_signed_and_can_be_packed) {
  next_morning();
  auto plain = body_of(apply());
  auto packed = body_of(apply("tar_type=GZIP&bill_date=2026-01-05"));
  EXPECT_EQ(plain["hash_value"], packed["hash_value"]);  // of what is inside
  auto file = download(packed["download_url"].get<std::string>());
  EXPECT_EQ(value_of(file.response.headers, "Wechatpay-Signature"), "");
  EXPECT_EQ(value_of(file.response.headers, "Content-Type"), "application/x-gzip");
  EXPECT_EQ(crypto::sha1_hex(*compress::gunzip(file.response.body, 1 << 20)), packed["hash_value"]);
}

TEST_F(BillsTest, a_link_lives_five_minutes) {
  next_morning();
  auto url = body_of(apply())["download_url"].get<std::string>();
  advance(minutes(5));
  EXPECT_EQ(download(url).response.status, 200);
  advance(Millis(1));
  EXPECT_EQ(code_of(download(url)), "INVALID_REQUEST");
}

TEST_F(BillsTest, kinds_hold_what_they_say) {
  next_morning();
  auto lines = [&](const std::string& type) {
    auto text = rail.bills().trade_bill("2026-01-05", type, now.life);
    return std::count(text.begin(), text.end(), '\n') - 3;  // two headings and the sums
  };
  EXPECT_EQ(lines("ALL"), 3);
  EXPECT_EQ(lines("SUCCESS"), 2);
  EXPECT_EQ(lines("REFUND"), 1);
  EXPECT_EQ(rail.bills().trade_bill("2026-01-05", "SUCCESS", now.life).find("退款单号"), std::string::npos);
}

TEST_F(BillsTest, the_fund_flow_runs_with_its_balance) {
  next_morning();
  auto told = call("GET", "/v3/bill/fundflowbill?bill_date=2026-01-05");
  ASSERT_EQ(told.response.status, 200) << told.response.body;
  auto text = rail.bills().fund_flow_bill("2026-01-05", now.life);
  EXPECT_TRUE(text.ends_with("`6,`3,`1013.01,`3,`9.07\r\n")) << text;
  EXPECT_NE(text.find("`1003.94,"), text.npos) << text;  // what is left: 1013.01 - 9.07
}

// Each alone would round up: 2 of a fee of 6, four times.
TEST_F(BillsTest, refunds_bring_back_no_more_than_the_fee) {
  paid_order("order-003", 1'000);
  for (int i = 0; i < 4; ++i) {
    refund(refund_of("order-003", "part-" + std::to_string(i), 250, 1'000));
    advance(minutes(1));
  }
  next_morning();
  std::vector<std::string> fees;
  std::istringstream rows(rail.bills().trade_bill("2026-01-05", "ALL", now.life));
  for (std::string row; std::getline(rows, row);) {
    if (row.find("order-003") != row.npos) fees.push_back(row.substr(row.find(",`0.60%") - 7, 7));
  }
  EXPECT_EQ(fees, (std::vector<std::string>{"0.06000", "0.02000", "0.01000", "0.02000", "0.01000"}));
}

TEST_F(BillsTest, what_cannot_be_asked) {
  next_morning();
  for (auto bad : {"bill_date=2026-1-5", "bill_date=2026-02-30", "bill_type=ALL", "bill_date=2026-01-05&bill_type=X",
                   "bill_date=2026-01-05&tar_type=ZIP", "bill_date=2026-01-05&bill_date=2026-01-05"}) {
    EXPECT_EQ(code_of(apply(bad)), "PARAM_ERROR") << bad;
  }
  EXPECT_EQ(number_of(apply("bill_date=2026-01-05&x=1")), "270924358");
  EXPECT_EQ(code_of(apply("bill_date=2026-01-04")), "NO_STATEMENT_EXIST");  // nothing happened
  advance(hours(24 * 92));
  EXPECT_EQ(code_of(apply()), "NO_STATEMENT_EXIST");  // kept for three months
}

class AbnormalTest : public RailTest {
 protected:
  void SetUp() override {
    paid_order("order-001");
    script(json::array({{{"call", "refund"}, {"what", "abnormal"}}}));
    refund_id = body_of(refund(refund_of("order-001", "refund-1", 300)))["refund_id"];
    advance(seconds(1));
    deliver_all("200");
  }
  json to_card() const {
    auto key = crypto::PublicKey::from_pem(test_credentials().public_key_pem).value();
    return {{"out_refund_no", "refund-1"},
            {"type", "USER_BANK_CARD"},
            {"bank_type", "ICBC_DEBIT"},
            {"bank_account", key.encrypt_oaep("6212345678901234567").value()},
            {"real_name", key.encrypt_oaep("张三").value()}};
  }
  Handled mend(const json& body) {
    return call("POST", "/v3/refund/domestic/refunds/" + refund_id + "/apply-abnormal-refund", body.dump());
  }
  std::string refund_id;
};

TEST_F(AbnormalTest, an_abnormal_refund_is_sent_to_a_card_and_arrives_once) {
  EXPECT_EQ(body_of(query_refund("refund-1"))["status"], "ABNORMAL");
  auto mended = mend(to_card());
  ASSERT_EQ(mended.response.status, 200) << mended.response.body;
  EXPECT_EQ(body_of(mended)["status"], "PROCESSING");
  EXPECT_EQ(mend(to_card()).response.status, 200);  // again: no second time
  auto elsewhere = to_card();
  elsewhere["bank_type"] = "CMB_DEBIT";
  EXPECT_EQ(code_of(mend(elsewhere)), "INVALID_REQUEST");
  advance(seconds(1));
  EXPECT_EQ(body_of(query_refund("refund-1"))["status"], "SUCCESS");
  auto told = deliver_all("200");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(json::parse(told[0].body)["event_type"], "REFUND.SUCCESS");
  EXPECT_EQ(rail.effects().size(), 2u);
}

TEST_F(AbnormalTest, names_and_numbers_have_to_be_encrypted_with_the_named_key) {
  auto plain = to_card();
  plain["real_name"] = "张三";
  EXPECT_EQ(code_of(mend(plain)), "PARAM_ERROR");
  auto without = to_card();
  without.erase("bank_account");
  EXPECT_EQ(code_of(mend(without)), "PARAM_ERROR");
  auto other = to_card();
  other["real_name"] = test_credentials().platform_certificate.key().encrypt_oaep("张三").value();
  EXPECT_EQ(code_of(mend(other)), "PARAM_ERROR");
}

TEST_F(AbnormalTest, only_an_abnormal_refund_can_be_mended) {
  paid_order("order-002");
  auto fine = body_of(refund(refund_of("order-002", "refund-2", 300)));
  refund_id = fine["refund_id"];
  auto body = to_card();
  EXPECT_EQ(code_of(mend(body)), "RESOURCE_NOT_EXISTS");  // the two numbers are not of one refund
  body["out_refund_no"] = "refund-2";
  EXPECT_EQ(code_of(mend(body)), "INVALID_REQUEST");
}

class EchoTest : public RailTest {
 protected:
  Handled echo(const std::string& encrypted, const std::string& url = "http://127.0.0.1:8080/notify") {
    json body{{"notify_url", url}, {"echo_message", "hello"}, {"encrypted_echo_message", encrypted}};
    return call("POST", "/v3/security/echo", body.dump());
  }
};

TEST_F(EchoTest, an_echo_comes_back_and_by_callback) {
  auto key = crypto::PublicKey::from_pem(test_credentials().public_key_pem).value();
  auto said = echo(key.encrypt_oaep("hello").value());
  ASSERT_EQ(said.response.status, 200) << said.response.body;
  EXPECT_EQ(body_of(said)["echo_message"], "hello");
  auto told = deliver_all("200");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(json::parse(told[0].body)["event_type"], "SECURITY_ECHO.SUCCESS");
  EXPECT_EQ(json::parse(told[0].body)["resource"]["original_type"], "security");
  EXPECT_EQ(open_resource(told[0].body)["echo_message"], "hello");
}

TEST_F(EchoTest, another_text_or_another_key_is_refused) {
  auto key = crypto::PublicKey::from_pem(test_credentials().public_key_pem).value();
  EXPECT_EQ(code_of(echo(key.encrypt_oaep("hullo").value())), "PARAM_ERROR");
  EXPECT_EQ(code_of(echo(test_credentials().platform_certificate.key().encrypt_oaep("hello").value())), "PARAM_ERROR");
  EXPECT_TRUE(rail.notices().empty());
}

using SerialTest = RailTest;

TEST_F(SerialTest, the_merchants_serial_counts_in_either_case) {
  auto asked = unsigned_request("GET", "/v3/certificates");
  auto items = authorization_items(asked);
  for (char& c : items["serial_no"]) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  asked.headers.emplace_back("Authorization", authorization(items));
  EXPECT_EQ(rail.handle(asked, now).response.status, 200);
}

}  // namespace
}  // namespace purser::sandbox
