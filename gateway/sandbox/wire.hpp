// What the simulator answers, before it is signed: success bodies and the rail's errors in its own shape.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace purser::sandbox {

using nlohmann::json;

struct Answer {
  int status = 200;
  std::int64_t number = 0;  // the digits at the end of Request-ID; 0 on success
  std::string code;         // empty on success
  std::string body;
  std::string content_type = {};  // empty: JSON. Anything else is a file, and files go unsigned

  bool refused() const { return status >= 400; }
};

// Nothing: go on. Something: that is the answer.
using Refusal = std::optional<Answer>;

// Numeric codes of the rail.
inline constexpr std::int64_t kIllegalParameter = 268435461;
inline constexpr std::int64_t kOutOfRange = 268435464;
inline constexpr std::int64_t kExtraParameter = 270924358;
inline constexpr std::int64_t kSignatureError = 268443699;
inline constexpr std::int64_t kRateLimit = 268447840;
inline constexpr std::int64_t kOrderNotFound = 268512771;
inline constexpr std::int64_t kOrderPaid = 268449538;
inline constexpr std::int64_t kOrderInvalid = 268447914;
inline constexpr std::int64_t kReentryMismatch = 268498688;
inline constexpr std::int64_t kMchidNotOfOrder = 268447843;
inline constexpr std::int64_t kAppidMchidMismatch = 268445527;
inline constexpr std::int64_t kJsapiNeedsOpenid = 268501013;
// The rail has a number for everything; where ours are not known to be its own, this one stands.
inline constexpr std::int64_t kUnnumbered = 268435456;

// 200 with this body.
Answer answered(const json& body);
Answer no_content();
Answer error(int status, std::int64_t number, std::string_view code, std::string_view message);
Answer error(int status, std::int64_t number, std::string_view code, std::string_view message, json detail);
// 400 PARAM_ERROR about one member. `field` is a JSON pointer; `location` is "body", "query", "uri" or "header".
Answer param_error(std::string_view field, std::string_view issue, std::string_view location = "body",
                   std::int64_t number = kIllegalParameter);

}  // namespace purser::sandbox
