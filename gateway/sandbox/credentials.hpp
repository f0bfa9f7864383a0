// Everything the two sides of the simulated rail know of each other: the merchant's key and certificate, the platform's
// certificate, the platform's public key with its id, and the APIv3 key. Made afresh, or kept in a folder.
#pragma once

#include "gateway/crypto/rsa.hpp"
#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"
#include "validation/money/time.hpp"

#include <string>
#include <string_view>

namespace purser::sandbox {

// How much care goes into keys. Three primes are found in about a third of the time, and the public half is like any
// other; but not every library reads such a private key, so one that is written to a file for foreign clients has two.
// With two platform keys a client that picks the wrong one by serial fails, as it should.
struct KeyPlan {
  int primes = 2;
  bool one_platform_key = false;  // the certificate and the public key share theirs

  // For a sandbox inside the process: two keys stand between start and ready, 50 to 80 ms on two free cores.
  static constexpr KeyPlan embedded() { return {3, true}; }
  // For files that any client reads; up to half a second, once.
  static constexpr KeyPlan portable() { return {2, false}; }
};

struct SandboxCredentials {
  std::string mchid;
  std::string appid;
  Secret apiv3_key;  // 32 characters
  crypto::PrivateKey merchant_key;
  crypto::Certificate merchant_certificate;
  crypto::PrivateKey platform_key;  // of the certificate
  crypto::Certificate platform_certificate;
  crypto::PrivateKey public_key_private;  // the private half of the platform's public key
  std::string public_key_pem;
  std::string public_key_id;  // PUB_KEY_ID_ and digits

  // Makes the keys side by side on threads of its own, which have ended when it returns.
  static Result<SandboxCredentials> generate(KeyPlan plan, UtcTime now);
  // From keys that somebody has already; the last is the private half of the platform's public key.
  static Result<SandboxCredentials> of(const crypto::PrivateKey& merchant, const crypto::PrivateKey& platform,
                                       const crypto::PrivateKey& public_key, UtcTime now);

  // Writes merchant_key.pem, merchant_cert.pem, platform_cert.pem, platform_public_key.pem, apiv3.key, sandbox.json,
  // and the private halves platform_cert_key.pem and platform_public_key_private.pem that load() needs to be the same
  // rail again. Files have mode 0600, a folder that has to be made 0700. Error: config_unreadable naming the file.
  Result<void> write_to(const std::string& folder, std::string_view base_url) const;
  // Error: config_unreadable when a file is missing or not readable, key_malformed when it is not what it should be.
  static Result<SandboxCredentials> load(const std::string& folder);
  // load() when the folder holds credentials, otherwise generate(portable); nothing is written.
  static Result<SandboxCredentials> load_or_generate(const std::string& folder, UtcTime now);

  bool knows_serial(std::string_view serial) const;
  // The private half of the key that goes by this serial number: opens what a merchant encrypted with the other half.
  // Null when there is none.
  const crypto::PrivateKey* key_of(std::string_view serial) const;
};

}  // namespace purser::sandbox
