// The strings that WeChat Pay API v3 signs, and the headers that carry signatures. Pure: no key, no clock.
// Each line is ended by \n, the last one too; what is signed is byte for byte what is sent.
#pragma once

#include "gateway/http/message.hpp"
#include "validation/money/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser::wechat {

inline constexpr std::string_view kScheme = "WECHATPAY2-SHA256-RSA2048";

// METHOD, URL (path and query as sent), TIMESTAMP, NONCE, BODY.
std::string request_text(std::string_view method, std::string_view target, std::string_view timestamp,
                         std::string_view nonce, std::string_view body);
// TIMESTAMP, NONCE, BODY: answers and webhooks. An empty body is an empty line.
std::string answer_text(std::string_view timestamp, std::string_view nonce, std::string_view body);
// APPID, TIMESTAMP, NONCE, PACKAGE: what a Mini Program hands to wx.requestPayment.
std::string payment_text(std::string_view appid, std::string_view timestamp, std::string_view nonce,
                         std::string_view package);
// For an app PACKAGE is the bare prepay_id.
std::string prepay_package(std::string_view prepay_id);

struct RequestSignature {
  std::string nonce;
  std::string timestamp;
  std::string signature;
};
std::string authorization(std::string_view mchid, std::string_view serial, const RequestSignature& signature);

// What an answer or a webhook says about its own signature. Views into the headers.
struct SignatureHeaders {
  std::string_view timestamp_text;
  std::int64_t timestamp = 0;  // Unix seconds
  std::string_view nonce;
  std::string_view serial;
  std::string_view signature;
};
// Each of the four headers must stand there once and hold something; the type may be missing and is RSA then.
// Error: signature_invalid naming the header.
Result<SignatureHeaders> signature_headers(const http::Headers& headers);

}  // namespace purser::wechat
