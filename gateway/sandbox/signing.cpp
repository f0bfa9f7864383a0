#include "gateway/sandbox/signing.hpp"

namespace purser::sandbox {
namespace {

// Beyond every reader's five minutes.
constexpr auto kStale = std::chrono::seconds(301);

std::string mapped(Mint& mint, std::size_t count, std::string_view alphabet) {
  auto text = mint.token(count);
  for (char& c : text) c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return text;
}

}  // namespace

http::Headers signature_headers(const SandboxCredentials& credentials, std::string_view serial, std::string_view body,
                                UtcTime wall, Mint& mint, Twist twist) {
  if (twist == Twist::absent) return {};
  auto timestamp = std::to_string(to_seconds(twist == Twist::stale ? wall - kStale : wall));
  auto nonce = mint.token(32);
  auto message = timestamp + "\n" + nonce + "\n" + std::string(body) + "\n";
  if (twist == Twist::wrong) message += "x";
  const auto& key = serial == credentials.public_key_id ? credentials.public_key_private : credentials.platform_key;
  auto signature = key.sign(message).value();
  if (twist == Twist::probe) signature = "WECHATPAY/SIGNTEST/" + signature;
  auto named = twist == Twist::unknown_serial ? hex(mint, 40) : std::string(serial);
  return {{"Wechatpay-Timestamp", std::move(timestamp)},
          {"Wechatpay-Nonce", std::move(nonce)},
          {"Wechatpay-Signature", std::move(signature)},
          {"Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"},
          {"Wechatpay-Serial", std::move(named)}};
}

std::string digits(Mint& mint, std::size_t count) {
  return mapped(mint, count, "0123456789");
}
std::string hex(Mint& mint, std::size_t count) {
  return mapped(mint, count, "0123456789ABCDEF");
}

}  // namespace purser::sandbox
