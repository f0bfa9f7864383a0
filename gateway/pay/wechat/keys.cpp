#include "gateway/pay/wechat/keys.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace purser::wechat {
namespace {

constexpr std::string_view kPublicKeyPrefix = "PUB_KEY_ID_";
constexpr std::size_t kPemBytesMax = 64 << 10;

class Loading {
 public:
  explicit Loading(const WechatSettings& settings) : settings_(settings) {}

  LoadedKeys run() {
    account();
    merchant_serial();
    merchant_key();
    apiv3_key();
    public_key();
    platform_certificate();
    merchant_certificate();
    if (settings_.public_key_file.empty() && settings_.platform_certificate_file.empty()) {
      bad("public_key_file",
          "or platform_certificate_file is needed: without a key of the rail no answer can be trusted");
    }
    return std::move(out_);
  }

 private:
  void bad(std::string_view setting, std::string_view rule, Errc code = Errc::config_bad_value) {
    const std::string key = "wechat." + std::string(setting);
    out_.mistakes.emplace_back(code, key + " " + std::string(rule), key);
  }

  void account() {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::string& mchid = settings_.mchid;
    if (mchid.empty() || mchid.size() > 32 || !std::all_of(mchid.begin(), mchid.end(), is_digit)) {
      bad("mchid", "is the merchant number, up to 32 digits");
    }
    if (settings_.appid.empty() || settings_.appid.size() > 32) bad("appid", "is the app's id, 1 to 32 characters");
  }

  void merchant_serial() {
    std::string serial = settings_.merchant_serial;
    for (char& c : serial) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
    if (serial.empty() || serial.size() > 64 || !std::all_of(serial.begin(), serial.end(), is_hex)) {
      return bad("merchant_serial",
                 "is the serial number of the merchant certificate, hexadecimal, leading zeros kept");
    }
    out_.keys.merchant_serial = serial;
  }

  void merchant_key() {
    auto key = crypto::PrivateKey::from_pem(settings_.merchant_key_pem);
    if (!key) return bad("merchant_key_pem", "is no usable private key in PEM: " + key.error().message);
    out_.keys.merchant = std::move(*key);
    has_merchant_ = true;
  }

  bool is_of_merchant(const crypto::PublicKey& key) const {
    constexpr std::string_view kProbe = "is this the merchant's key?";
    if (!has_merchant_) return false;
    const auto signature = out_.keys.merchant.sign(kProbe);
    return signature.ok() && key.verify(kProbe, *signature).ok();
  }

  // A wrong length would otherwise show as a tag error on each webhook, long after the start.
  void apiv3_key() {
    const std::size_t size = settings_.apiv3_key.reveal().size();
    if (size != 32) {
      return bad("apiv3_key", "has exactly 32 characters; what is configured has " + std::to_string(size));
    }
    out_.keys.apiv3 = settings_.apiv3_key;
  }

  std::optional<std::string> read(std::string_view setting, const std::string& path) {
    // A pipe would keep the whole daemon waiting for its writer.
    std::error_code ec;
    const bool file = std::filesystem::is_regular_file(path, ec);
    if (!file) {
      bad(setting, "names no file that can be read: " + path, Errc::config_unreadable);
      return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    std::string text(kPemBytesMax + 1, '\0');
    if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad() || in.gcount() == 0) {
      bad(setting, "names a file that cannot be read: " + path, Errc::config_unreadable);
      return std::nullopt;
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
  }

  void public_key() {
    const std::string& id = settings_.public_key_id;
    const std::string& path = settings_.public_key_file;
    if (id.empty() && path.empty()) return;
    if (!id.starts_with(kPublicKeyPrefix) || id.size() == kPublicKeyPrefix.size()) {
      bad("public_key_id", "is the id that the merchant portal shows beside the public key, PUB_KEY_ID_ and digits");
    }
    if (path.empty()) return bad("public_key_file", "is missing, although public_key_id is set");
    const auto pem = read("public_key_file", path);
    if (!pem) return;
    auto key = crypto::PublicKey::from_pem(*pem);
    if (!key) {
      const bool certificate = crypto::Certificate::from_pem(*pem).ok();
      return bad("public_key_file", certificate ? "holds a certificate; that belongs to platform_certificate_file"
                                                : "holds no usable public key in PEM: " + key.error().message);
    }
    if (is_of_merchant(*key)) {
      return bad("public_key_file", "holds the merchant's own key; the rail's is the one that the portal shows");
    }
    out_.keys.platform.add(id, std::move(*key));
    out_.keys.wanted_serial = id;
  }

  // Requests name the certificate and do not carry it: it is for the handshake, where a host asks for one.
  void merchant_certificate() {
    const std::string& path = settings_.merchant_certificate_file;
    if (path.empty()) return;
    const auto pem = read("merchant_certificate_file", path);
    if (!pem) return;
    auto certificate = crypto::Certificate::from_pem(*pem);
    if (!certificate) {
      return bad("merchant_certificate_file", "holds no usable certificate in PEM: " + certificate.error().message);
    }
    if (certificate->serial() != out_.keys.merchant_serial) {
      return bad("merchant_certificate_file", "is not the certificate that wechat.merchant_serial names");
    }
    if (has_merchant_ && !is_of_merchant(certificate->key())) {
      return bad("merchant_certificate_file", "is not the certificate of wechat.merchant_key_pem");
    }
    out_.keys.merchant_public = certificate->key();
    out_.keys.ends[certificate->serial()] = certificate->not_after();
    out_.keys.shown = http::ClientIdentity{*pem, settings_.merchant_key_pem};
  }

  void platform_certificate() {
    const std::string& path = settings_.platform_certificate_file;
    if (path.empty()) return;
    const auto pem = read("platform_certificate_file", path);
    if (!pem) return;
    auto certificate = crypto::Certificate::from_pem(*pem);
    if (!certificate) {
      return bad("platform_certificate_file", "holds no usable certificate in PEM: " + certificate.error().message);
    }
    if (is_of_merchant(certificate->key())) {
      return bad("platform_certificate_file", "holds the merchant's own certificate; the rail has another");
    }
    out_.keys.platform.add(certificate->serial(), certificate->key());
    out_.keys.ends[certificate->serial()] = certificate->not_after();
  }

  const WechatSettings& settings_;
  LoadedKeys out_;
  bool has_merchant_ = false;  // its key is read and usable
};

}  // namespace

LoadedKeys load_keys(const WechatSettings& settings) {
  return Loading(settings).run();
}

}  // namespace purser::wechat
