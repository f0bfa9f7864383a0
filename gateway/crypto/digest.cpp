#include "gateway/crypto/digest.hpp"

#include "gateway/crypto/openssl.hpp"

#include <climits>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <stdexcept>
#include <utility>

namespace purser::crypto {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kNumberLength = 28;

std::string digest(const EVP_MD* md, std::string_view bytes) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), crypto::bytes(out), &size, md, nullptr) != 1) {
    throw std::runtime_error("OpenSSL could not compute a digest");
  }
  out.resize(size);
  return out;
}

std::string hex(std::string_view bytes, std::string_view digits) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

constexpr std::array<signed char, 256> base64_values() {
  std::array<signed char, 256> table{};
  for (auto& value : table) value = -1;
  for (std::size_t i = 0; i < kBase64.size(); ++i) {
    table[static_cast<unsigned char>(kBase64[i])] = static_cast<signed char>(i);
  }
  return table;
}

// Each part is preceded by its length, so that no two lists of parts give the same message.
std::string framed(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (std::string_view part : parts) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((part.size() >> shift) & 0xff);
    out += part;
  }
  return out;
}

// The number's lowest base62 digits. 28 of them hold 166 of the 256 bits: the rail's length limit is 32.
std::string base62_number(std::string bytes) {
  std::string out;
  for (std::size_t i = 0; i < kNumberLength; ++i) {
    unsigned int rest = 0;
    for (char& c : bytes) {
      const unsigned int value = rest * 256 + static_cast<unsigned char>(c);
      c = static_cast<char>(value / 62);
      rest = value % 62;
    }
    out += kBase62[rest];
  }
  return out;
}

}  // namespace

std::string sha256_raw(std::string_view bytes) {
  return digest(sha256(), bytes);
}
std::string sha256_hex(std::string_view bytes) {
  return hex_lower(sha256_raw(bytes));
}
std::string sha1_hex(std::string_view bytes) {
  return hex_lower(digest(sha1(), bytes));
}

std::string hmac_sha256_raw(std::string_view key, std::string_view bytes) {
  MacContext context(EVP_MAC_CTX_new(hmac()));
  char name[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};
  // A null key means "the key of before" to OpenSSL; an empty key must not.
  const unsigned char none = 0;
  const unsigned char* key_bytes = key.empty() ? &none : crypto::bytes(key);
  std::string out(32, '\0');
  std::size_t size = 0;
  if (!context || EVP_MAC_init(context.get(), key_bytes, key.size(), params) != 1 ||
      EVP_MAC_update(context.get(), crypto::bytes(bytes), bytes.size()) != 1 ||
      EVP_MAC_final(context.get(), crypto::bytes(out), &size, out.size()) != 1 || size != out.size()) {
    throw std::runtime_error("OpenSSL could not compute a MAC");
  }
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    unsigned int group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? kBase64[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  static constexpr auto values = base64_values();
  const auto refused = [] { return Error(Errc::malformed_text, "not Base64 of the standard alphabet with padding"); };
  if (text.size() % 4 != 0) return refused();
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string out(text.size() / 4 * 3, '\0');
  auto to = out.begin();
  int every = 0;  // becomes negative with the first letter that is not of the alphabet
  const auto take = [&every, &to](int a, int b, int c, int d) {
    every |= a | b | c | d;
    const unsigned int group = static_cast<unsigned int>(a) << 18 | static_cast<unsigned int>(b) << 12 |
                               static_cast<unsigned int>(c) << 6 | static_cast<unsigned int>(d);
    for (int shift : {16, 8, 0}) *to++ = static_cast<char>((group >> shift) & 0xff);
    return group;
  };
  const auto value = [text](std::size_t at) { return int{values[static_cast<unsigned char>(text[at])]}; };
  const std::size_t whole = padding == 0 ? text.size() : text.size() - 4;
  for (std::size_t i = 0; i < whole; i += 4) take(value(i), value(i + 1), value(i + 2), value(i + 3));
  if (padding > 0) {
    const auto last = take(value(whole), value(whole + 1), padding == 2 ? 0 : value(whole + 2), 0);
    // Bits below the last byte must be zero: one text per value, or a signature could be respelt.
    if ((last & ((1u << (8 * padding)) - 1)) != 0) return refused();
    out.resize(out.size() - padding);
  }
  if (every < 0) return refused();
  return out;
}

Result<std::string> base64url_decode(std::string_view text) {
  const Error refused(Errc::malformed_text, "not Base64 of the alphabet for URLs without padding");
  if (text.find_first_of("+/=") != std::string_view::npos) return refused;
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  standard.append((4 - standard.size() % 4) % 4, '=');
  auto bytes = base64_decode(standard);
  if (!bytes) return refused;
  return bytes;
}

std::string hex_lower(std::string_view bytes) {
  return hex(bytes, "0123456789abcdef");
}
std::string hex_upper(std::string_view bytes) {
  return hex(bytes, "0123456789ABCDEF");
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  // Without randomness nothing may go on: nonces would repeat.
  if (count > INT_MAX || RAND_bytes(bytes(out), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the system gives no randomness");
  }
  return out;
}

namespace {

// Random bytes drawn many at a time: asking for a few costs as much. Each is handed out once, and nowhere kept after.
class ByteReserve {
 public:
  unsigned char next() {
    if (used_ == bytes_.size()) {
      bytes_ = random_bytes(kDrawn);
      used_ = 0;
    }
    return static_cast<unsigned char>(std::exchange(bytes_[used_++], '\0'));
  }

 private:
  static constexpr std::size_t kDrawn = 512;
  std::string bytes_;
  std::size_t used_ = 0;
};

}  // namespace

std::string SystemMint::token(std::size_t length) {
  // 248 = 4 * 62: bytes above are thrown away, so that each character is equally likely.
  constexpr unsigned char kUnbiased = 248;
  thread_local ByteReserve reserve;
  std::string out;
  out.reserve(length);
  while (out.size() < length) {
    const unsigned char byte = reserve.next();
    if (byte < kUnbiased) out += kBase62[byte % 62];
  }
  return out;
}

OutTradeNo SystemMint::out_trade_no(const TenantId& tenant, const IntentId& intent) const {
  const std::string message = framed({"out_trade_no", tenant.str(), intent.str()});
  return OutTradeNo::trusted(base62_number(hmac_sha256_raw(secret_.reveal(), message)));
}

OutRefundNo SystemMint::out_refund_no(const TenantId& tenant, const IntentId& intent, const std::string& origin) const {
  const std::string message = framed({"out_refund_no", tenant.str(), intent.str(), origin});
  return OutRefundNo::trusted(base62_number(hmac_sha256_raw(secret_.reveal(), message)));
}

ThreadId SystemMint::thread_of(const TenantId& tenant, const std::string& what) const {
  const std::string message = framed({"thread", tenant.str(), what});
  return ThreadId::trusted("thr_" + base62_number(hmac_sha256_raw(secret_.reveal(), message)));
}

std::string SystemMint::seal(const std::string& text) const {
  return hex_lower(hmac_sha256_raw(secret_.reveal(), framed({"seal", text})));
}

}  // namespace purser::crypto
