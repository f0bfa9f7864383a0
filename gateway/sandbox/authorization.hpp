// The Authorization header and the five-line request signature, judged as the rail judges them.
#pragma once

#include "gateway/http/message.hpp"
#include "gateway/sandbox/credentials.hpp"
#include "gateway/sandbox/settings.hpp"
#include "gateway/sandbox/wire.hpp"

#include <map>
#include <string>
#include <string_view>

namespace purser::sandbox {

struct Authorization {
  std::string mchid;
  std::string nonce_str;
  std::string timestamp;
  std::string serial_no;
  std::string signature;
};

// WECHATPAY2-SHA256-RSA2048, one space, five key="value" items in any order joined by commas without spaces. An item
// that is missing, doubled, unknown or empty refuses the whole; so does any other scheme.
Result<Authorization> parse_authorization(std::string_view header);

// METHOD\nURL\nTIMESTAMP\nNONCE\nBODY\n over the request as it came off the wire.
std::string request_message(const http::Request& request, const Authorization& authorization);

// Judges who is asking and remembers the nonces it accepted, so that no request counts twice.
class Doorman {
 public:
  explicit Doorman(const SandboxCredentials& credentials) : credentials_(credentials) {}
  // Nothing when the request is authentic; the answer to give otherwise.
  Refusal admit(const http::Request& request, UtcTime wall);
  void reset() { nonces_.clear(); }

 private:
  Refusal check_headers(const http::Request& request) const;
  Refusal check_identity(const Authorization& authorization, UtcTime wall) const;
  bool replayed(const Authorization& authorization, UtcTime wall);

  const SandboxCredentials& credentials_;
  std::map<std::string, UtcTime> nonces_;  // until when each is remembered
};

}  // namespace purser::sandbox
