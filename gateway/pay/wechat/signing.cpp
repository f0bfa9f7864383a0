#include "gateway/pay/wechat/signing.hpp"

#include <charconv>
#include <initializer_list>

namespace purser::wechat {
namespace {

std::string lines(std::initializer_list<std::string_view> parts) {
  std::size_t size = parts.size();
  for (std::string_view part : parts) size += part.size();
  std::string out;
  out.reserve(size);
  for (std::string_view part : parts) {
    out += part;
    out += '\n';
  }
  return out;
}

Error refused(std::string_view name, std::string_view why) {
  return Error(Errc::signature_invalid, std::string(name) + " " + std::string(why), std::string(name));
}

// How often the header stands there, and its last value.
struct Found {
  int count = 0;
  std::string_view value;
};
Found find(const http::Headers& headers, std::string_view name) {
  Found found;
  for (const auto& [key, value] : headers) {
    if (http::equals_ignoring_case(key, name)) found = {found.count + 1, value};
  }
  return found;
}

Result<std::string_view> only(const http::Headers& headers, std::string_view name) {
  const Found found = find(headers, name);
  if (found.count > 1) return refused(name, "stands there more than once");
  if (found.value.empty()) return refused(name, "is missing");
  return found.value;
}

}  // namespace

std::string request_text(std::string_view method, std::string_view target, std::string_view timestamp,
                         std::string_view nonce, std::string_view body) {
  return lines({method, target, timestamp, nonce, body});
}

std::string answer_text(std::string_view timestamp, std::string_view nonce, std::string_view body) {
  return lines({timestamp, nonce, body});
}

std::string payment_text(std::string_view appid, std::string_view timestamp, std::string_view nonce,
                         std::string_view package) {
  return lines({appid, timestamp, nonce, package});
}

std::string prepay_package(std::string_view prepay_id) {
  return "prepay_id=" + std::string(prepay_id);
}

std::string authorization(std::string_view mchid, std::string_view serial, const RequestSignature& signature) {
  std::string out(kScheme);
  const auto item = [&](std::string_view before, std::string_view value) {
    out.append(before).append("=\"").append(value).append("\"");
  };
  item(" mchid", mchid);
  item(",nonce_str", signature.nonce);
  item(",timestamp", signature.timestamp);
  item(",serial_no", serial);
  item(",signature", signature.signature);
  return out;
}

Result<SignatureHeaders> signature_headers(const http::Headers& headers) {
  SignatureHeaders out;
  const std::pair<std::string_view, std::string_view*> wanted[] = {
      {"Wechatpay-Timestamp", &out.timestamp_text},
      {"Wechatpay-Nonce", &out.nonce},
      {"Wechatpay-Serial", &out.serial},
      {"Wechatpay-Signature", &out.signature},
  };
  for (const auto& [name, value] : wanted) {
    auto found = only(headers, name);
    if (!found) return found.error();
    *value = *found;
  }
  constexpr std::string_view kType = "Wechatpay-Signature-Type";
  const Found type = find(headers, kType);
  if (type.count > 1) return refused(kType, "stands there more than once");
  if (type.count == 1 && type.value != kScheme) return refused(kType, "is not one that is known here");
  // The signature covers the text, so the text must be the number and nothing else.
  const std::string_view text = out.timestamp_text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.timestamp);
  if (error != std::errc() || end != text.data() + text.size() || out.timestamp < 0) {
    return refused("Wechatpay-Timestamp", "is not a number of seconds");
  }
  return out;
}

}  // namespace purser::wechat
