// A merchant written from the protocol page alone: it signs requests and judges answers with the crypto primitives, so
// the simulator is never checked against its own code.
#pragma once

#include "gateway/crypto/aead.hpp"
#include "gateway/crypto/rsa.hpp"
#include "gateway/sandbox/control.hpp"
#include "gateway/sandbox/rail.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
#include <string>

namespace purser::sandbox {

// Tokens that are different each time and the same in each run.
class CountingMint final : public Mint {
 public:
  std::string token(std::size_t length) override {
    static constexpr char kLetters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string out;
    std::uint64_t state = ++count_ * 0x9E3779B97F4A7C15ULL;
    while (out.size() < length) {
      state ^= state >> 29;
      state *= 0xBF58476D1CE4E5B9ULL;
      state ^= state >> 32;
      out += kLetters[state % 62];
    }
    return out;
  }
  OutTradeNo out_trade_no(const TenantId&, const IntentId&) const override { return {}; }
  OutRefundNo out_refund_no(const TenantId&, const IntentId&, const std::string&) const override { return {}; }
  ThreadId thread_of(const TenantId&, const std::string&) const override { return {}; }
  std::string seal(const std::string&) const override { return {}; }

 private:
  std::uint64_t count_ = 0;
};

// Made once a run: keys are what takes time.
inline const SandboxCredentials& test_credentials() {
  static const auto kCredentials =
      SandboxCredentials::generate(KeyPlan{3, false}, from_millis(1'767'607'200'000)).value();
  return kCredentials;
}

inline std::string value_of(const http::Headers& headers, std::string_view name) {
  return std::string(http::header(headers, name));
}

// Verifies Wechatpay-* headers over a body with the public key that belongs to the serial.
inline Result<void> verify_signed(const SandboxCredentials& credentials, const http::Headers& headers,
                                  const std::string& body) {
  auto serial = value_of(headers, "Wechatpay-Serial");
  auto message =
      value_of(headers, "Wechatpay-Timestamp") + "\n" + value_of(headers, "Wechatpay-Nonce") + "\n" + body + "\n";
  auto signature = value_of(headers, "Wechatpay-Signature");
  if (serial == credentials.public_key_id)
    return crypto::PublicKey::from_pem(credentials.public_key_pem)->verify(message, signature);
  if (serial == credentials.platform_certificate.serial())
    return credentials.platform_certificate.key().verify(message, signature);
  return Errc::unknown_serial;
}

class RailTest : public ::testing::Test {
 protected:
  explicit RailTest(SandboxSettings settings = {}) : rail(test_credentials(), std::move(settings), mint) {}

  void advance(Millis by) {
    now.life += by;
    now.wall += by;
    rail.settle(now);
  }

  http::Request unsigned_request(std::string method, std::string target, std::string body = {}) const {
    http::Request out;
    out.method = std::move(method);
    auto question = target.find('?');
    out.path = target.substr(0, question);
    if (question != target.npos) out.query = target.substr(question + 1);
    out.target = std::move(target);
    out.body = std::move(body);
    out.headers = {{"Accept", "application/json"},
                   {"User-Agent", "merchant/1"},
                   {"Wechatpay-Serial", test_credentials().public_key_id}};
    if (!out.body.empty()) out.headers.emplace_back("Content-Type", "application/json");
    return out;
  }

  std::map<std::string, std::string> authorization_items(const http::Request& request) {
    const auto& credentials = test_credentials();
    auto timestamp = std::to_string(to_seconds(now.wall));
    auto nonce = mint.token(32);
    return items_signed(request, credentials.mchid, nonce, timestamp, credentials.merchant_certificate.serial());
  }

  std::map<std::string, std::string> items_signed(const http::Request& request, const std::string& mchid,
                                                  const std::string& nonce, const std::string& timestamp,
                                                  const std::string& serial) {
    auto message =
        request.method + "\n" + request.target + "\n" + timestamp + "\n" + nonce + "\n" + request.body + "\n";
    auto signature = test_credentials().merchant_key.sign(message).value();
    return {{"mchid", mchid},
            {"nonce_str", nonce},
            {"timestamp", timestamp},
            {"serial_no", serial},
            {"signature", signature}};
  }

  static std::string authorization(const std::map<std::string, std::string>& items,
                                   std::vector<std::string> order = {"mchid", "nonce_str", "timestamp", "serial_no",
                                                                     "signature"}) {
    std::string out = "WECHATPAY2-SHA256-RSA2048 ";
    for (std::size_t i = 0; i < order.size(); ++i) out += (i ? "," : "") + order[i] + "=\"" + items.at(order[i]) + "\"";
    return out;
  }

  http::Request request(std::string method, std::string target, std::string body = {}) {
    auto out = unsigned_request(std::move(method), std::move(target), std::move(body));
    out.headers.emplace_back("Authorization", authorization(authorization_items(out)));
    return out;
  }

  Handled call(std::string method, std::string target, std::string body = {}) {
    return rail.handle(request(std::move(method), std::move(target), std::move(body)), now);
  }

  static json body_of(const Handled& handled) { return json::parse(handled.response.body); }
  static std::string code_of(const Handled& handled) {
    return handled.response.body.empty() ? "" : body_of(handled).value("code", "");
  }
  // The number at the end of Request-ID.
  static std::string number_of(const Handled& handled) {
    auto id = value_of(handled.response.headers, "Request-ID");
    return id.substr(id.rfind('-') + 1);
  }

  static json jsapi_order(const std::string& number, std::int64_t total = 1'299) {
    const auto& credentials = test_credentials();
    return {{"appid", credentials.appid},
            {"mchid", credentials.mchid},
            {"description", "茉莉花茶"},
            {"out_trade_no", number},
            {"notify_url", "http://127.0.0.1:8080/webhooks/wechat/default"},
            {"attach", "thread-7"},
            {"amount", {{"total", total}, {"currency", "CNY"}}},
            {"payer", {{"openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}}};
  }
  static json native_order(const std::string& number, std::int64_t total = 1'299) {
    auto out = jsapi_order(number, total);
    out.erase("payer");
    return out;
  }
  static json h5_order(const std::string& number) {
    auto out = native_order(number);
    out["scene_info"] = {{"payer_client_ip", "127.0.0.1"}, {"h5_info", {{"type", "Wap"}}}};
    return out;
  }
  Handled create(const json& order, const std::string& type = "jsapi") {
    return call("POST", "/v3/pay/transactions/" + type, order.dump());
  }
  Handled query(const std::string& number) {
    return call("GET", "/v3/pay/transactions/out-trade-no/" + number + "?mchid=" + test_credentials().mchid);
  }
  Handled close(const std::string& number) {
    return call("POST", "/v3/pay/transactions/out-trade-no/" + number + "/close",
                json{{"mchid", test_credentials().mchid}}.dump());
  }
  static json refund_of(const std::string& number, const std::string& refund_number, std::int64_t fen,
                        std::int64_t total = 1'299) {
    return {{"out_trade_no", number},
            {"out_refund_no", refund_number},
            {"reason", "不想要了"},
            {"notify_url", "http://127.0.0.1:8080/webhooks/wechat/default"},
            {"amount", {{"refund", fen}, {"total", total}, {"currency", "CNY"}}}};
  }
  Handled refund(const json& body) { return call("POST", "/v3/refund/domestic/refunds", body.dump()); }
  Handled query_refund(const std::string& refund_number) {
    return call("GET", "/v3/refund/domestic/refunds/" + refund_number);
  }
  // An order that is paid; its callback is delivered.
  void paid_order(const std::string& number, std::int64_t total = 1'299) {
    ASSERT_EQ(create(jsapi_order(number, total)).response.status, 200);
    ASSERT_TRUE(rail.pay(number, "", now).ok());
    deliver_all("200");
  }
  // Takes what is due and answers it.
  std::vector<Delivery> deliver_all(const std::string& result) {
    auto due = rail.take_deliveries(now);
    for (const auto& delivery : due) rail.report(delivery, result, now);
    return due;
  }
  void script(const json& faults) { rail.set_faults(FaultScript::parse(faults).value()); }

  static json open_resource(const std::string& body) {
    auto envelope = json::parse(body);
    const auto& resource = envelope["resource"];
    auto plain =
        crypto::aes_gcm_open(test_credentials().apiv3_key, resource["nonce"].get<std::string>(),
                             resource["associated_data"].get<std::string>(), resource["ciphertext"].get<std::string>());
    return plain ? json::parse(*plain) : json();
  }

  CountingMint mint;
  Moment now{from_millis(1'767'607'200'000), from_millis(1'767'607'200'000)};
  SandboxRail rail;
};

}  // namespace purser::sandbox
