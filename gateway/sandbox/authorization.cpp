#include "gateway/sandbox/authorization.hpp"

#include "gateway/sandbox/body.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace purser::sandbox {
namespace {

constexpr std::string_view kScheme = "WECHATPAY2-SHA256-RSA2048 ";
constexpr std::int64_t kSkewSecondsMax = 300;
constexpr std::size_t kNonceLengthMax = 36;
constexpr std::size_t kShownBodyBytes = 8;

Error malformed(std::string what) {
  return Error(Errc::request_malformed, std::move(what), "Authorization");
}

std::string* item_of(Authorization& a, std::string_view key) {
  if (key == "mchid") return &a.mchid;
  if (key == "nonce_str") return &a.nonce_str;
  if (key == "timestamp") return &a.timestamp;
  if (key == "serial_no") return &a.serial_no;
  if (key == "signature") return &a.signature;
  return nullptr;
}

// One key="value" item off the front of `rest`.
Result<void> take_item(std::string_view& rest, Authorization& into) {
  auto equals = rest.find("=\"");
  if (equals == rest.npos) return malformed("an item is not key=\"value\"");
  auto key = rest.substr(0, equals);
  rest.remove_prefix(equals + 2);
  auto quote = rest.find('"');
  if (quote == rest.npos) return malformed("a value has no closing quote");
  auto* item = item_of(into, key);
  if (!item) return malformed("unknown item " + std::string(key));
  if (!item->empty()) return malformed("the item " + std::string(key) + " stands twice");
  if (quote == 0) return malformed("the item " + std::string(key) + " is empty");
  *item = rest.substr(0, quote);
  rest.remove_prefix(quote + 1);
  return success();
}

Answer sign_error(std::string_view message, std::string_view field, std::string_view issue) {
  return error(401, kSignatureError, "SIGN_ERROR", message,
               json{{"detail", {{"issue", issue}}}, {"field", field}, {"location", "authorization"}});
}

// What the live gateway shows of the message it verified: enough to find the difference, too little to leak the body.
std::string truncated_message(const http::Request& request, const Authorization& a) {
  auto end = std::min(request.body.size(), kShownBodyBytes);
  while (end > 0 && end < request.body.size() && (static_cast<unsigned char>(request.body[end]) & 0xC0) == 0x80) --end;
  return request.method + "\n" + request.target + "\n" + a.timestamp + "\n" + a.nonce_str + "\n" +
         request.body.substr(0, end) + "\n";
}

Answer signature_mismatch(const http::Request& request, const Authorization& a) {
  json information{{"method", request.method},
                   {"url", request.target},
                   {"sign_message_length", request_message(request, a).size()},
                   {"truncated_sign_message", truncated_message(request, a)}};
  return error(401, kSignatureError, "SIGN_ERROR", "错误的签名，验签失败",
               json{{"detail", {{"issue", "sign not match"}}},
                    {"field", "signature"},
                    {"location", "authorization"},
                    {"sign_information", std::move(information)}});
}

std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || text.size() > 12 || value <= 0) return {};
  return value;
}

std::size_t count(const http::Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const auto& h) { return http::equals_ignoring_case(h.first, name); }));
}

}  // namespace

Result<Authorization> parse_authorization(std::string_view header) {
  if (header.substr(0, kScheme.size()) != kScheme)
    return malformed("the scheme must be WECHATPAY2-SHA256-RSA2048 and one space");
  auto rest = header.substr(kScheme.size());
  Authorization out;
  while (true) {
    if (auto good = take_item(rest, out); !good) return good.error();
    if (rest.empty()) break;
    if (rest.front() != ',') return malformed("items are joined by commas without spaces");
    rest.remove_prefix(1);
  }
  for (auto key : {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}) {
    if (item_of(out, key)->empty()) return malformed(std::string("the item ") + key + " is missing");
  }
  return out;
}

std::string request_message(const http::Request& request, const Authorization& a) {
  return request.method + "\n" + request.target + "\n" + a.timestamp + "\n" + a.nonce_str + "\n" + request.body + "\n";
}

Refusal Doorman::check_headers(const http::Request& request) const {
  if (http::header(request.headers, "User-Agent").empty())
    return error(400, kIllegalParameter, "PARAM_ERROR", "Http头缺少Accept或User-Agent");
  auto accept = http::header(request.headers, "Accept");
  if (accept.find("application/json") == accept.npos && accept.find("*/*") == accept.npos)
    return error(400, kIllegalParameter, "PARAM_ERROR", "Http头缺少Accept或User-Agent");
  auto type = http::header(request.headers, "Content-Type");
  if (!request.body.empty() &&
      !http::equals_ignoring_case(type.substr(0, type.find_first_of("; ")), "application/json"))
    return param_error("Content-Type", "must be application/json", "header");
  if (count(request.headers, "Authorization") != 1)
    return sign_error("Http头Authorization值格式错误", "Authorization", "must stand exactly once");
  auto wanted = http::header(request.headers, "Wechatpay-Serial");
  if (!wanted.empty() && !credentials_.knows_serial(wanted))
    return param_error("Wechatpay-Serial", "no such public key or platform certificate", "header");
  return {};
}

Refusal Doorman::check_identity(const Authorization& a, UtcTime wall) const {
  if (a.nonce_str.size() > kNonceLengthMax || !letters_digits_or(a.nonce_str, "-"))
    return sign_error("Http头Authorization中的nonce_str格式错误", "nonce_str", "at most 36 letters, digits and dashes");
  auto seconds = seconds_of(a.timestamp);
  if (!seconds) return sign_error("Http头Authorization中的timestamp格式错误", "timestamp", "not Unix seconds");
  auto skew = to_seconds(wall) - *seconds;
  if (skew > kSkewSecondsMax || skew < -kSkewSecondsMax)
    return sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟", "timestamp",
                      "more than 5 minutes off");
  if (a.mchid != credentials_.mchid) return sign_error("商户号不存在", "mchid", "no such merchant");
  // In any case: SDKs print the hexadecimal digits both ways.
  if (!http::equals_ignoring_case(a.serial_no, credentials_.merchant_certificate.serial()))
    return sign_error("商户证书序列号有误", "serial_no", "no certificate of the merchant has this serial number");
  return {};
}

bool Doorman::replayed(const Authorization& a, UtcTime wall) {
  std::erase_if(nonces_, [wall](const auto& entry) { return entry.second < wall; });
  // A timestamp may lie 300 s ahead, so a request can be repeated for up to 600 s.
  auto until = wall + std::chrono::seconds(2 * kSkewSecondsMax + 1);
  return !nonces_.emplace(a.nonce_str, until).second;
}

Refusal Doorman::admit(const http::Request& request, UtcTime wall) {
  if (auto no = check_headers(request)) return no;
  auto parsed = parse_authorization(http::header(request.headers, "Authorization"));
  if (!parsed) return sign_error("Http头Authorization值格式错误", "Authorization", parsed.error().message);
  if (auto no = check_identity(*parsed, wall)) return no;
  auto good = credentials_.merchant_certificate.key().verify(request_message(request, *parsed), parsed->signature);
  if (!good) return signature_mismatch(request, *parsed);
  if (replayed(*parsed, wall)) return sign_error("Http头Authorization中的nonce_str重复", "nonce_str", "used before");
  return {};
}

}  // namespace purser::sandbox
