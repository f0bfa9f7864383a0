#include "gateway/sandbox/credentials.hpp"

#include "gateway/crypto/digest.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace purser::sandbox {
namespace {

using nlohmann::json;

// Nobody's: the rail hands out numbers of this form, and everything signed under them is signed with sandbox keys.
constexpr std::string_view kMchid = "1900009191";
constexpr std::string_view kAppid = "wxd930ea5d5a258f4f";
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::string random_text(std::size_t length, std::string_view alphabet) {
  std::string out;
  while (out.size() < length) {
    for (char c : crypto::random_bytes(length)) {
      auto byte = static_cast<unsigned char>(c);
      // The bytes beyond the last full turn of the alphabet would make its first letters likelier.
      if (byte < 256 / alphabet.size() * alphabet.size() && out.size() < length)
        out += alphabet[byte % alphabet.size()];
    }
  }
  return out;
}

// 40 hex digits like the rail's. The first is 1 to 7: no leading zero that an encoder could drop, no sign bit.
std::string random_serial() {
  return random_text(1, "1234567") + random_text(39, "0123456789ABCDEF");
}

Error unreadable(const std::string& path, std::string_view what) {
  return Error(Errc::config_unreadable, path + ": " + std::string(what), path);
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  // The mode is given at birth: no moment in which a key is readable by others. An older file is replaced whole.
  auto fresh = path + ".new";
  ::unlink(fresh.c_str());
  int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return unreadable(path, std::strerror(errno));
  auto written = ::write(fd, bytes.data(), bytes.size());
  bool good = written == static_cast<ssize_t>(bytes.size());
  good = ::close(fd) == 0 && good;
  good = good && ::rename(fresh.c_str(), path.c_str()) == 0;
  if (!good) return unreadable(path, "cannot be written");
  return success();
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return unreadable(path, "cannot be read");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<crypto::PrivateKey> read_key(const std::string& path) {
  auto pem = read_file(path);
  if (!pem) return pem.error();
  return crypto::PrivateKey::from_pem(Secret(std::move(*pem)));
}

Result<crypto::Certificate> read_certificate(const std::string& path) {
  auto pem = read_file(path);
  if (!pem) return pem.error();
  return crypto::Certificate::from_pem(*pem);
}

Result<crypto::Certificate> certify(const crypto::PrivateKey& key, std::string_view name, UtcTime now) {
  // An hour back: the reader's clock may be behind.
  return crypto::Certificate::self_signed(key, name, random_serial(), now - std::chrono::hours(1),
                                          now + std::chrono::hours(24 * 365 * 5));
}

// Files of two different sets would only show as signatures that nobody understands.
Result<void> check_pairs(const SandboxCredentials& c, const std::string& folder) {
  auto public_key = crypto::PublicKey::from_pem(c.public_key_pem);
  if (!public_key) return public_key.error();
  struct Pair {
    const crypto::PrivateKey& secret;
    const crypto::PublicKey& open;
    const char* file;
  };
  const Pair pairs[] = {{c.merchant_key, c.merchant_certificate.key(), "merchant_key.pem"},
                        {c.platform_key, c.platform_certificate.key(), "platform_cert_key.pem"},
                        {c.public_key_private, *public_key, "platform_public_key_private.pem"}};
  for (const auto& pair : pairs) {
    auto signature = pair.secret.sign(pair.file);
    if (!signature || !pair.open.verify(pair.file, *signature)) {
      return Error(Errc::key_malformed, folder + "/" + pair.file + ": is not the key of its public half", pair.file);
    }
  }
  return success();
}

}  // namespace

Result<SandboxCredentials> SandboxCredentials::generate(KeyPlan plan, UtcTime now) {
  auto make = [plan] { return crypto::PrivateKey::generate(2048, plan.primes); };
  auto merchant_made = std::async(std::launch::async, make);
  auto public_key_made = std::async(plan.one_platform_key ? std::launch::deferred : std::launch::async, make);
  auto platform = make();
  auto merchant = merchant_made.get();
  auto public_key = plan.one_platform_key ? platform : public_key_made.get();
  if (!merchant) return merchant.error();
  if (!platform) return platform.error();
  if (!public_key) return public_key.error();

  return of(*merchant, *platform, *public_key, now);
}

Result<SandboxCredentials> SandboxCredentials::of(const crypto::PrivateKey& merchant,
                                                  const crypto::PrivateKey& platform,
                                                  const crypto::PrivateKey& public_key, UtcTime now) {
  SandboxCredentials out;
  out.mchid = kMchid;
  out.appid = kAppid;
  out.apiv3_key = Secret(random_text(32, kAlphabet));
  out.public_key_id = "PUB_KEY_ID_0" + out.mchid + random_text(22, "0123456789");
  out.merchant_key = merchant;
  out.platform_key = platform;
  out.public_key_private = public_key;
  auto merchant_certificate = certify(merchant, "purser sandbox merchant", now);
  if (!merchant_certificate) return merchant_certificate.error();
  auto platform_certificate = certify(platform, "purser sandbox platform", now);
  if (!platform_certificate) return platform_certificate.error();
  auto pem = public_key.public_pem();
  if (!pem) return pem.error();
  out.merchant_certificate = *merchant_certificate;
  out.platform_certificate = *platform_certificate;
  out.public_key_pem = *pem;
  return out;
}

Result<void> SandboxCredentials::write_to(const std::string& folder, std::string_view base_url) const {
  std::error_code ec;
  if (!std::filesystem::exists(folder)) {
    std::filesystem::create_directories(folder, ec);
    if (ec || ::chmod(folder.c_str(), 0700) != 0) return unreadable(folder, "cannot be made");
  }
  auto merchant = merchant_key.private_pem();
  auto platform = platform_key.private_pem();
  auto public_half = public_key_private.private_pem();
  if (!merchant) return merchant.error();
  if (!platform) return platform.error();
  if (!public_half) return public_half.error();
  json about{{"mchid", mchid},
             {"appid", appid},
             {"merchant_serial", merchant_certificate.serial()},
             {"platform_serial", platform_certificate.serial()},
             {"public_key_id", public_key_id},
             {"base_url", base_url},
             {"sandbox", true}};
  const std::pair<const char*, std::string> files[] = {
      {"merchant_key.pem", merchant->reveal()},
      {"merchant_cert.pem", merchant_certificate.pem()},
      {"platform_cert.pem", platform_certificate.pem()},
      {"platform_cert_key.pem", platform->reveal()},
      {"platform_public_key.pem", public_key_pem},
      {"platform_public_key_private.pem", public_half->reveal()},
      {"apiv3.key", apiv3_key.reveal()},
      {"sandbox.json", about.dump(2) + "\n"},
  };
  // An older set is replaced; a key that is not of one may be somebody's only copy.
  const bool older_set = std::filesystem::exists(folder + "/sandbox.json");
  for (const auto& [name, bytes] : files) {
    if (!older_set && std::filesystem::exists(folder + "/" + name))
      return Error(Errc::config_bad_value, folder + "/" + name + " is there already and is not overwritten", name);
  }
  for (const auto& [name, bytes] : files) {
    if (auto good = write_file(folder + "/" + name, bytes); !good) return good.error();
  }
  return success();
}

Result<SandboxCredentials> SandboxCredentials::load(const std::string& folder) {
  auto about_text = read_file(folder + "/sandbox.json");
  if (!about_text) return about_text.error();
  auto about = json::parse(*about_text, nullptr, false);
  if (!about.is_object())
    return Error(Errc::key_malformed, folder + "/sandbox.json: is not a JSON object; was it cut off?", "sandbox.json");
  for (auto key : {"mchid", "appid", "public_key_id"}) {
    if (!about.contains(key) || !about[key].is_string())
      return Error(Errc::key_malformed, folder + "/sandbox.json: " + key + " must be a string", key);
  }
  auto merchant = read_key(folder + "/merchant_key.pem");
  if (!merchant) return merchant.error();
  auto platform = read_key(folder + "/platform_cert_key.pem");
  if (!platform) return platform.error();
  auto public_key = read_key(folder + "/platform_public_key_private.pem");
  if (!public_key) return public_key.error();
  auto merchant_certificate = read_certificate(folder + "/merchant_cert.pem");
  if (!merchant_certificate) return merchant_certificate.error();
  auto platform_certificate = read_certificate(folder + "/platform_cert.pem");
  if (!platform_certificate) return platform_certificate.error();
  auto pem = read_file(folder + "/platform_public_key.pem");
  if (!pem) return pem.error();
  auto apiv3 = read_file(folder + "/apiv3.key");
  if (!apiv3) return apiv3.error();
  if (apiv3->size() != 32)
    return Error(Errc::key_malformed, folder + "/apiv3.key: must have 32 characters", "apiv3.key");

  SandboxCredentials out;
  out.mchid = about["mchid"];
  out.appid = about["appid"];
  out.public_key_id = about["public_key_id"];
  out.apiv3_key = Secret(std::move(*apiv3));
  out.merchant_key = *merchant;
  out.merchant_certificate = *merchant_certificate;
  out.platform_key = *platform;
  out.platform_certificate = *platform_certificate;
  out.public_key_private = *public_key;
  out.public_key_pem = *pem;
  if (auto good = check_pairs(out, folder); !good) return good.error();
  return out;
}

Result<SandboxCredentials> SandboxCredentials::load_or_generate(const std::string& folder, UtcTime now) {
  // Half a folder is a mistake to report, not a reason to make other keys behind a client's back.
  if (std::filesystem::exists(folder + "/sandbox.json")) return load(folder);
  return generate(KeyPlan::portable(), now);
}

bool SandboxCredentials::knows_serial(std::string_view serial) const {
  return key_of(serial) != nullptr;
}

const crypto::PrivateKey* SandboxCredentials::key_of(std::string_view serial) const {
  if (serial == public_key_id) return &public_key_private;
  return serial == platform_certificate.serial() ? &platform_key : nullptr;
}

}  // namespace purser::sandbox
