#include "tests/unit/gateway/sandbox/merchant.hpp"

#include <algorithm>

namespace purser::sandbox {
namespace {

using std::chrono::seconds;

class AuthorizationTest : public RailTest {
 protected:
  AuthorizationTest() {
    probe = unsigned_request("GET", "/v3/pay/transactions/out-trade-no/nobody1?mchid=" + test_credentials().mchid);
  }
  // 404: the request was authentic and the order is unknown.
  int status_with(const std::string& header) {
    auto request = probe;
    request.headers.emplace_back("Authorization", header);
    last = rail.handle(request, now);
    return last.response.status;
  }
  std::string issue() { return body_of(last)["detail"]["detail"]["issue"]; }

  http::Request probe;
  Handled last;
};

TEST_F(AuthorizationTest, the_five_items_are_taken_in_any_order) {
  std::vector<std::string> order{"mchid", "nonce_str", "serial_no", "signature", "timestamp"};
  int permutations = 0;
  do {
    EXPECT_EQ(status_with(authorization(authorization_items(probe), order)), 404);
    ++permutations;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(permutations, 120);
}

TEST_F(AuthorizationTest, a_missing_item_is_refused) {
  for (auto missing : {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}) {
    std::vector<std::string> order{"mchid", "nonce_str", "timestamp", "serial_no", "signature"};
    std::erase(order, missing);
    EXPECT_EQ(status_with(authorization(authorization_items(probe), order)), 401) << missing;
    EXPECT_NE(issue().find(missing), std::string::npos);
  }
}

TEST_F(AuthorizationTest, a_doubled_item_is_refused_even_when_equal) {
  for (auto doubled : {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}) {
    std::vector<std::string> order{"mchid", "nonce_str", "timestamp", "serial_no", "signature", doubled};
    EXPECT_EQ(status_with(authorization(authorization_items(probe), order)), 401) << doubled;
  }
}

TEST_F(AuthorizationTest, an_unknown_item_is_refused) {
  EXPECT_EQ(status_with(authorization(authorization_items(probe)) + ",extra=\"1\""), 401);
}

TEST_F(AuthorizationTest, other_schemes_and_shapes_are_refused) {
  auto good = authorization(authorization_items(probe));
  auto items = good.substr(good.find(' ') + 1);
  for (const auto& bad : {"WECHATPAY2-SM2-WITH-SM3 " + items, "WECHATPAY-BRAND-SHA256-RSA2048 " + items, items,
                          "WECHATPAY2-SHA256-RSA2048  " + items, std::string("Bearer abc"), good + ",",
                          "wechatpay2-sha256-rsa2048 " + items, std::string("WECHATPAY2-SHA256-RSA2048 ")}) {
    EXPECT_EQ(status_with(bad), 401) << bad;
    EXPECT_EQ(code_of(last), "SIGN_ERROR");
  }
  auto spaced = good;
  spaced.insert(spaced.find(',') + 1, " ");
  EXPECT_EQ(status_with(spaced), 401);
  EXPECT_EQ(status_with(good), 404);
}

TEST_F(AuthorizationTest, no_header_or_two_are_refused) {
  EXPECT_EQ(rail.handle(probe, now).response.status, 401);
  auto twice = probe;
  twice.headers.emplace_back("Authorization", authorization(authorization_items(probe)));
  twice.headers.emplace_back("authorization", authorization(authorization_items(probe)));
  EXPECT_EQ(rail.handle(twice, now).response.status, 401);
}

TEST_F(AuthorizationTest, a_clock_up_to_five_minutes_off_is_taken_and_no_more) {
  const auto& c = test_credentials();
  auto at = [&](seconds off) {
    auto timestamp = std::to_string(to_seconds(now.wall + off));
    return status_with(
        authorization(items_signed(probe, c.mchid, mint.token(32), timestamp, c.merchant_certificate.serial())));
  };
  EXPECT_EQ(at(seconds(300)), 404);
  EXPECT_EQ(at(seconds(-300)), 404);
  EXPECT_EQ(at(seconds(301)), 401);
  EXPECT_EQ(at(seconds(-301)), 401);
}

TEST_F(AuthorizationTest, a_timestamp_that_is_no_number_is_refused) {
  const auto& c = test_credentials();
  for (auto bad : {"", "17676072OO", "-1767607200", "1767607200.0", " 1767607200", "99999999999999999999"}) {
    auto items = items_signed(probe, c.mchid, mint.token(32), bad, c.merchant_certificate.serial());
    EXPECT_EQ(status_with(authorization(items)), 401) << bad;
  }
}

TEST_F(AuthorizationTest, a_nonce_counts_once) {
  auto header = authorization(authorization_items(probe));
  EXPECT_EQ(status_with(header), 404);
  EXPECT_EQ(status_with(header), 401);
  EXPECT_EQ(body_of(last)["detail"]["field"], "nonce_str");
}

TEST_F(AuthorizationTest, a_replay_is_refused_for_as_long_as_its_timestamp_is_fresh) {
  const auto& c = test_credentials();
  auto ahead = std::to_string(to_seconds(now.wall + seconds(300)));
  auto header = authorization(items_signed(probe, c.mchid, mint.token(32), ahead, c.merchant_certificate.serial()));
  EXPECT_EQ(status_with(header), 404);
  advance(seconds(600));
  EXPECT_EQ(status_with(header), 401);
  EXPECT_EQ(body_of(last)["detail"]["field"], "nonce_str");
  advance(seconds(1));
  EXPECT_EQ(status_with(header), 401);
  EXPECT_EQ(body_of(last)["detail"]["field"], "timestamp");
}

TEST_F(AuthorizationTest, a_reset_forgets_nonces) {
  auto header = authorization(authorization_items(probe));
  EXPECT_EQ(status_with(header), 404);
  rail.reset();
  EXPECT_EQ(status_with(header), 404);
}

TEST_F(AuthorizationTest, a_nonce_of_a_forged_request_stays_free) {
  auto items = authorization_items(probe);
  auto forged = items;
  forged["signature"] = std::string(342, 'A') + "==";
  EXPECT_EQ(status_with(authorization(forged)), 401);
  EXPECT_EQ(status_with(authorization(items)), 404);
}

TEST_F(AuthorizationTest, a_nonce_may_be_a_guid_or_short_but_not_longer_than_36) {
  const auto& c = test_credentials();
  auto with = [&](const std::string& nonce) {
    auto timestamp = std::to_string(to_seconds(now.wall));
    return status_with(authorization(items_signed(probe, c.mchid, nonce, timestamp, c.merchant_certificate.serial())));
  };
  EXPECT_EQ(with("c5ac7061-fccb-46bf-a3b4-b3dae2a5cbd7"), 404);
  EXPECT_EQ(with("A1B2C3D4E5F6G7"), 404);
  EXPECT_EQ(with(std::string(37, 'a')), 401);
  EXPECT_EQ(with("with space"), 401);
}

TEST_F(AuthorizationTest, merchant_and_serial_must_be_known) {
  const auto& c = test_credentials();
  auto timestamp = std::to_string(to_seconds(now.wall));
  auto serial = c.merchant_certificate.serial();
  EXPECT_EQ(status_with(authorization(items_signed(probe, "1900000000", mint.token(32), timestamp, serial))), 401);
  EXPECT_EQ(body_of(last)["detail"]["field"], "mchid");
  EXPECT_EQ(status_with(authorization(items_signed(probe, c.mchid, mint.token(32), timestamp, "0" + serial))), 401);
  EXPECT_EQ(body_of(last)["detail"]["field"], "serial_no");
}

TEST_F(AuthorizationTest, a_signature_over_anything_else_is_a_sign_error_that_shows_what_was_verified) {
  auto request = unsigned_request("POST", "/v3/pay/transactions/jsapi", jsapi_order("order-001").dump());
  auto items = authorization_items(request);
  request.headers.emplace_back("Authorization", authorization(items));
  request.body += " ";
  last = rail.handle(request, now);
  ASSERT_EQ(last.response.status, 401);
  auto body = body_of(last);
  EXPECT_EQ(body["code"], "SIGN_ERROR");
  EXPECT_EQ(body["message"], "错误的签名，验签失败");
  EXPECT_EQ(body["detail"]["detail"]["issue"], "sign not match");
  EXPECT_EQ(body["detail"]["field"], "signature");
  EXPECT_EQ(body["detail"]["location"], "authorization");
  const auto& shown = body["detail"]["sign_information"];
  EXPECT_EQ(shown["method"], "POST");
  EXPECT_EQ(shown["url"], "/v3/pay/transactions/jsapi");
  auto prefix = "POST\n/v3/pay/transactions/jsapi\n" + items["timestamp"] + "\n" + items["nonce_str"] + "\n";
  EXPECT_EQ(shown["sign_message_length"], prefix.size() + request.body.size() + 1);
  EXPECT_EQ(shown["truncated_sign_message"], prefix + request.body.substr(0, 8) + "\n");
  EXPECT_EQ(number_of(last), "268443699");
}

TEST_F(AuthorizationTest, method_target_and_body_are_all_signed) {
  auto good = request("POST", "/v3/pay/transactions/jsapi", jsapi_order("order-002").dump());
  auto other_target = good;
  other_target.target = other_target.path = "/v3/pay/transactions/app";
  EXPECT_EQ(rail.handle(other_target, now).response.status, 401);
  auto other_method = good;
  other_method.method = "PUT";
  EXPECT_EQ(rail.handle(other_method, now).response.status, 401);
  EXPECT_EQ(rail.handle(good, now).response.status, 200);
}

TEST_F(AuthorizationTest, a_signature_that_is_not_base64_is_refused) {
  for (auto bad : {"***", "WECHATPAY/SIGNTEST/abc", "AAAA"}) {
    auto items = authorization_items(probe);
    items["signature"] = bad;
    EXPECT_EQ(status_with(authorization(items)), 401) << bad;
  }
}

TEST_F(AuthorizationTest, user_agent_and_accept_are_required) {
  for (auto name : {"User-Agent", "Accept"}) {
    auto bare = request("GET", "/v3/certificates");
    std::erase_if(bare.headers, [&](const auto& header) { return header.first == name; });
    last = rail.handle(bare, now);
    EXPECT_EQ(last.response.status, 400) << name;
    EXPECT_EQ(code_of(last), "PARAM_ERROR");
  }
  auto html = request("GET", "/v3/certificates");
  html.headers[0].second = "text/html";
  EXPECT_EQ(rail.handle(html, now).response.status, 400);
  html.headers[0].second = "*/*";
  EXPECT_EQ(rail.handle(html, now).response.status, 200);
}

TEST_F(AuthorizationTest, a_body_must_be_declared_as_json) {
  auto form = request("POST", "/v3/pay/transactions/jsapi", jsapi_order("order-003").dump());
  form.headers[3].second = "application/x-www-form-urlencoded";
  EXPECT_EQ(rail.handle(form, now).response.status, 400);
  form.headers[3].second = "application/json; charset=utf-8";
  EXPECT_EQ(rail.handle(form, now).response.status, 200);
  // A media type has no case.
  auto capital = request("POST", "/v3/pay/transactions/jsapi", jsapi_order("order-004").dump());
  capital.headers[3].second = "Application/JSON ;charset=UTF-8";
  EXPECT_EQ(rail.handle(capital, now).response.status, 200);
}

TEST_F(AuthorizationTest, a_wanted_serial_that_nobody_has_is_refused) {
  auto other = request("GET", "/v3/certificates");
  other.headers[2].second = "PUB_KEY_ID_1";
  EXPECT_EQ(rail.handle(other, now).response.status, 400);
}

TEST_F(AuthorizationTest, the_documented_header_parses) {
  auto parsed = parse_authorization(
      "WECHATPAY2-SHA256-RSA2048 mchid=\"1234567890\",nonce_str=\"A1B2C3D4E5F6G7\",timestamp=\"1624523846\","
      "serial_no=\"0123456789ABC\",signature=\"mG2d+/==\"");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->mchid, "1234567890");
  EXPECT_EQ(parsed->serial_no, "0123456789ABC");
  EXPECT_EQ(parsed->signature, "mG2d+/==");
}

TEST_F(AuthorizationTest, the_message_ends_every_line_with_a_line_feed) {
  http::Request request;
  request.method = "GET";
  request.target = "/v3/certificates";
  Authorization a;
  a.timestamp = "1624523846";
  a.nonce_str = "A1B2C3D4E5F6G7";
  EXPECT_EQ(request_message(request, a), "GET\n/v3/certificates\n1624523846\nA1B2C3D4E5F6G7\n\n");
  request.method = "POST";
  request.body = "Hello World!\n";
  EXPECT_EQ(request_message(request, a), "POST\n/v3/certificates\n1624523846\nA1B2C3D4E5F6G7\nHello World!\n\n");
}

}  // namespace
}  // namespace purser::sandbox
