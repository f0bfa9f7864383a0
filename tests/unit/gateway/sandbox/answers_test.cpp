#include "tests/unit/gateway/sandbox/merchant.hpp"

namespace purser::sandbox {
namespace {

using std::chrono::seconds;

class AnswersTest : public RailTest {
 protected:
  Handled certificates_with(const std::string& serial) {
    auto asked = request("GET", "/v3/certificates");
    if (serial.empty()) {
      std::erase_if(asked.headers, [](const auto& header) { return header.first == "Wechatpay-Serial"; });
    } else {
      asked.headers[2].second = serial;
    }
    return rail.handle(asked, now);
  }
  bool verifies(const Handled& handled) {
    return verify_signed(test_credentials(), handled.response.headers, handled.response.body).ok();
  }
  // A script of one fault on the next query, and what comes of it.
  Handled query_with_fault(json fault) {
    fault["call"] = "query";
    script(json::array({std::move(fault)}));
    return query("order-001");
  }
  Handled query_with_fault(const char* what) { return query_with_fault(json{{"what", what}}); }
};

TEST_F(AnswersTest, every_success_is_signed_over_its_raw_body) {
  auto answer = create(jsapi_order("order-001"));
  const auto& headers = answer.response.headers;
  EXPECT_TRUE(verifies(answer));
  EXPECT_EQ(value_of(headers, "Wechatpay-Timestamp"), std::to_string(to_seconds(now.wall)));
  EXPECT_EQ(value_of(headers, "Wechatpay-Nonce").size(), 32U);
  EXPECT_EQ(value_of(headers, "Wechatpay-Signature").size(), 344U);
  EXPECT_EQ(value_of(headers, "Wechatpay-Signature-Type"), "WECHATPAY2-SHA256-RSA2048");
  EXPECT_TRUE(value_of(headers, "Content-Type").starts_with("application/json"));
  EXPECT_EQ(number_of(answer), "0");
}

TEST_F(AnswersTest, the_request_chooses_the_key_by_its_serial) {
  const auto& c = test_credentials();
  for (const auto& serial : {c.public_key_id, c.platform_certificate.serial()}) {
    auto answer = certificates_with(serial);
    EXPECT_EQ(value_of(answer.response.headers, "Wechatpay-Serial"), serial);
    EXPECT_TRUE(verifies(answer));
  }
  auto silent = certificates_with("");
  EXPECT_EQ(value_of(silent.response.headers, "Wechatpay-Serial"), c.platform_certificate.serial());
}

TEST_F(AnswersTest, the_two_platform_keys_are_different) {
  auto answer = create(jsapi_order("order-001"));
  auto headers = answer.response.headers;
  for (auto& [name, value] : headers) {
    if (name == "Wechatpay-Serial") value = test_credentials().platform_certificate.serial();
  }
  EXPECT_FALSE(verify_signed(test_credentials(), headers, answer.response.body).ok());
}

TEST_F(AnswersTest, errors_of_known_merchants_are_signed_and_those_of_strangers_are_not) {
  auto known = query("order-none");
  EXPECT_EQ(known.response.status, 404);
  EXPECT_TRUE(verifies(known));
  auto stranger = rail.handle(unsigned_request("GET", "/v3/certificates"), now);
  EXPECT_EQ(stranger.response.status, 401);
  EXPECT_EQ(value_of(stranger.response.headers, "Wechatpay-Signature"), "");
  EXPECT_EQ(number_of(stranger), "268443699");
}

TEST_F(AnswersTest, the_certificate_comes_encrypted_and_is_the_platforms) {
  auto data = body_of(certificates_with(test_credentials().public_key_id))["data"];
  ASSERT_EQ(data.size(), 1U);
  const auto& sealed = data[0]["encrypt_certificate"];
  EXPECT_EQ(sealed["algorithm"], "AEAD_AES_256_GCM");
  EXPECT_EQ(sealed["associated_data"], "certificate");
  EXPECT_EQ(sealed["nonce"].get<std::string>().size(), 12U);
  auto pem = crypto::aes_gcm_open(test_credentials().apiv3_key, sealed["nonce"].get<std::string>(), "certificate",
                                  sealed["ciphertext"].get<std::string>());
  ASSERT_TRUE(pem.ok());
  auto certificate = crypto::Certificate::from_pem(*pem);
  ASSERT_TRUE(certificate.ok());
  EXPECT_EQ(certificate->serial(), data[0]["serial_no"]);
  EXPECT_EQ(certificate->serial(), test_credentials().platform_certificate.serial());
}

class ShortMemoryTest : public RailTest {
 protected:
  ShortMemoryTest() : RailTest(two_entries()) {}
  static SandboxSettings two_entries() {
    SandboxSettings settings;
    settings.traffic_max = 2;
    return settings;
  }
};

TEST_F(ShortMemoryTest, the_oldest_traffic_goes_first) {
  for (auto number : {"order-001", "order-002", "order-003"}) query(number);
  ASSERT_EQ(rail.traffic().size(), 2U);
  EXPECT_EQ(rail.traffic()[0].out_trade_no, "order-002");
}

class PublicKeyOnlyTest : public RailTest {
 protected:
  PublicKeyOnlyTest() : RailTest(without_certificates()) {}
  static SandboxSettings without_certificates() {
    SandboxSettings settings;
    settings.certificates = false;
    settings.sign_errors = false;
    return settings;
  }
};

TEST_F(PublicKeyOnlyTest, an_account_without_certificates_answers_404) {
  auto answer = call("GET", "/v3/certificates");
  EXPECT_EQ(answer.response.status, 404);
  EXPECT_EQ(code_of(answer), "RESOURCE_NOT_EXISTS");
  EXPECT_EQ(value_of(answer.response.headers, "Wechatpay-Signature"), "") << "errors are unsigned by choice here";
}

TEST_F(AnswersTest, unknown_paths_and_methods_are_refused) {
  EXPECT_EQ(call("GET", "/v3/nothing").response.status, 404);
  EXPECT_EQ(call("GET", "/v3/pay/transactions/codepay").response.status, 404);
  EXPECT_EQ(call("GET", "/v3/pay/transactions/jsapi").response.status, 405);
  EXPECT_EQ(call("POST", "/v3/certificates").response.status, 405);
  EXPECT_EQ(call("GET", "/v3/certificates?algorithm_type=SM2").response.status, 400);
}

TEST_F(AnswersTest, traffic_holds_every_request_with_its_verdict) {
  create(jsapi_order("order-001"));
  query("order-none");
  rail.handle(unsigned_request("GET", "/v3/certificates"), now);
  query_with_fault("timeout_after");
  const auto& traffic = rail.traffic();
  ASSERT_EQ(traffic.size(), 4U);
  EXPECT_EQ(traffic[0].call, "create");
  EXPECT_EQ(traffic[0].verdict, "ok");
  EXPECT_EQ(traffic[0].status, 200);
  EXPECT_EQ(traffic[0].out_trade_no, "order-001");
  EXPECT_EQ(traffic[0].body, jsapi_order("order-001").dump());
  EXPECT_EQ(traffic[1].verdict, "ORDER_NOT_EXIST");
  EXPECT_EQ(traffic[2].verdict, "SIGN_ERROR");
  EXPECT_EQ(traffic[2].status, 401);
  EXPECT_EQ(traffic[3].fault, "timeout_after");
  EXPECT_EQ(traffic[3].verdict, "ok");
  EXPECT_EQ(traffic[3].status, 0) << "no answer was sent";
}

TEST_F(AnswersTest, a_fault_before_leaves_no_trace_at_the_rail) {
  struct Case {
    const char* what;
    int status;
    const char* code;
  };
  for (auto [what, status, code] :
       {Case{"http_500", 500, "SYSTEM_ERROR"}, Case{"http_502", 502, "SERVICE_UNAVAILABLE"},
        Case{"http_503", 503, "SERVICE_UNAVAILABLE"}, Case{"http_429", 429, "FREQUENCY_LIMITED"}}) {
    script(json::array({{{"call", "create"}, {"what", what}}}));
    auto answer = create(jsapi_order("order-001"));
    EXPECT_EQ(answer.response.status, status) << what;
    EXPECT_EQ(code_of(answer), code);
    EXPECT_EQ(query("order-001").response.status, 404) << what;
  }
  for (auto what : {"timeout_before", "reset"}) {
    script(json::array({{{"call", "create"}, {"what", what}}}));
    auto answer = create(jsapi_order("order-001"));
    EXPECT_EQ(answer.hangs, std::string(what) == "timeout_before");
    EXPECT_EQ(answer.response.drop, std::string(what) == "reset");
    EXPECT_EQ(query("order-001").response.status, 404) << what;
  }
}

TEST_F(AnswersTest, a_fault_after_has_done_its_work) {
  int n = 0;
  for (auto what : {"timeout_after", "reset_after", "http_500_after", "malformed"}) {
    auto number = "order-00" + std::to_string(++n);
    script(json::array({{{"call", "create"}, {"what", what}}}));
    auto answer = create(jsapi_order(number));
    EXPECT_EQ(answer.hangs, std::string(what) == "timeout_after");
    EXPECT_EQ(answer.response.drop, std::string(what) == "reset_after");
    EXPECT_EQ(query(number).response.status, 200) << what;
  }
}

TEST_F(AnswersTest, an_error_can_be_written_out) {
  create(jsapi_order("order-001"));
  auto answer = query_with_fault(json{{"what", "error"}, {"status", 403}, {"code", "NO_AUTH"}});
  EXPECT_EQ(answer.response.status, 403);
  EXPECT_EQ(code_of(answer), "NO_AUTH");
}

TEST_F(AnswersTest, a_malformed_answer_is_rightly_signed) {
  create(jsapi_order("order-001"));
  auto answer = query_with_fault("malformed");
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_FALSE(json::accept(answer.response.body));
  EXPECT_TRUE(verifies(answer));
}

TEST_F(AnswersTest, spoilt_signatures_do_not_verify) {
  create(jsapi_order("order-001"));
  auto unsigned_answer = query_with_fault("unsigned");
  EXPECT_EQ(unsigned_answer.response.status, 200);
  EXPECT_EQ(value_of(unsigned_answer.response.headers, "Wechatpay-Signature"), "");

  auto bad = query_with_fault("bad_signature");
  EXPECT_EQ(verify_signed(test_credentials(), bad.response.headers, bad.response.body).code(), Errc::signature_invalid);

  auto probe = query_with_fault("signtest");
  EXPECT_TRUE(value_of(probe.response.headers, "Wechatpay-Signature").starts_with("WECHATPAY/SIGNTEST/"));
  EXPECT_EQ(verify_signed(test_credentials(), probe.response.headers, probe.response.body).code(),
            Errc::signature_probe);

  auto tampered = query_with_fault("tampered");
  EXPECT_TRUE(json::accept(tampered.response.body));
  EXPECT_EQ(verify_signed(test_credentials(), tampered.response.headers, tampered.response.body).code(),
            Errc::signature_invalid);

  auto foreign = query_with_fault("unknown_serial");
  EXPECT_EQ(verify_signed(test_credentials(), foreign.response.headers, foreign.response.body).code(),
            Errc::unknown_serial);
}

TEST_F(AnswersTest, an_altered_204_has_a_body_nobody_signed) {
  create(jsapi_order("order-001"));
  script(json::array({{{"call", "close"}, {"what", "bad_signature"}}}));
  auto answer = close("order-001");
  EXPECT_EQ(answer.response.status, 204);
  EXPECT_FALSE(verifies(answer));
}

TEST_F(AnswersTest, a_stale_answer_verifies_but_is_301_seconds_old) {
  create(jsapi_order("order-001"));
  auto answer = query_with_fault("stale_timestamp");
  EXPECT_TRUE(verifies(answer));
  EXPECT_EQ(value_of(answer.response.headers, "Wechatpay-Timestamp"), std::to_string(to_seconds(now.wall) - 301));
}

TEST_F(AnswersTest, the_other_key_signs_rightly_under_its_own_serial) {
  create(jsapi_order("order-001"));
  auto answer = query_with_fault("other_key");
  EXPECT_EQ(value_of(answer.response.headers, "Wechatpay-Serial"), test_credentials().platform_certificate.serial());
  EXPECT_TRUE(verifies(answer));
}

TEST_F(AnswersTest, wrong_facts_are_rightly_signed) {
  paid_order("order-001");
  auto amount = query_with_fault("wrong_amount");
  EXPECT_EQ(body_of(amount)["amount"]["total"], 1'300);
  EXPECT_TRUE(verifies(amount));
  EXPECT_EQ(body_of(query_with_fault("wrong_currency"))["amount"]["currency"], "USD");
  EXPECT_NE(body_of(query_with_fault("wrong_mchid"))["mchid"], test_credentials().mchid);
  EXPECT_NE(body_of(query_with_fault("wrong_appid"))["appid"], test_credentials().appid);
  EXPECT_EQ(body_of(query("order-001"))["amount"]["total"], 1'299) << "only the answer was wrong";

  script(json::array({{{"call", "refund"}, {"what", "wrong_amount"}}}));
  EXPECT_EQ(body_of(refund(refund_of("order-001", "refund-1", 300)))["amount"]["refund"], 301);
  EXPECT_EQ(body_of(query_refund("refund-1"))["amount"]["refund"], 300);
}

TEST_F(AnswersTest, a_delayed_answer_says_by_how_much) {
  create(jsapi_order("order-001"));
  EXPECT_EQ(query_with_fault(json{{"what", "delay"}, {"delay", "1500ms"}}).delay, Millis(1'500));
}

TEST_F(AnswersTest, a_forged_request_uses_up_no_fault) {
  create(jsapi_order("order-001"));
  script(json::array({{{"call", "query"}, {"what", "http_500"}}}));
  rail.handle(unsigned_request("GET", "/v3/pay/transactions/out-trade-no/order-001"), now);
  EXPECT_EQ(query("order-001").response.status, 500);
}

TEST_F(AnswersTest, bytes_that_are_no_text_are_quoted_without_harm) {
  auto broken = unsigned_request("POST", "/v3/pay/transactions/jsapi", "\xFF\xFE{");
  auto items = authorization_items(broken);
  items["signature"] = "AAAA";
  broken.headers.emplace_back("Authorization", authorization(items));
  auto answer = rail.handle(broken, now);
  EXPECT_EQ(answer.response.status, 401);
  EXPECT_TRUE(json::accept(answer.response.body));
}

}  // namespace
}  // namespace purser::sandbox
