// The script of faults: which call, which of its occurrences, and what happens to it.
#pragma once

#include "validation/money/result.hpp"
#include "validation/money/time.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::sandbox {

enum class RailCall : std::uint8_t {
  create,
  query,
  close,
  refund,
  query_refund,
  abnormal_refund,
  bill,
  bill_file,
  certificates,
  echo,
  webhook,
  other
};
std::string_view to_string(RailCall call);

// X(name, calls it fits, what it does). A call that is "before" leaves the rail as it was; "after" has done its work.
#define PURSER_SANDBOX_FAULTS(X)                                                       \
  X(timeout_before, kRequests, "not processed; no answer ever comes")                  \
  X(timeout_after, kRequests, "processed; no answer ever comes")                       \
  X(reset, kRequests, "not processed; the connection is closed without an answer")     \
  X(reset_after, kRequests, "processed; the connection is closed without an answer")   \
  X(http_500, kRequests, "not processed; 500 SYSTEM_ERROR")                            \
  X(http_500_after, kRequests, "processed; 500 SYSTEM_ERROR")                          \
  X(http_502, kRequests, "not processed; 502 SERVICE_UNAVAILABLE")                     \
  X(http_503, kRequests, "not processed; 503 SERVICE_UNAVAILABLE")                     \
  X(http_429, kRequests, "not processed; 429 FREQUENCY_LIMITED")                       \
  X(error, kRequests, "not processed; the status and code given beside it")            \
  X(malformed, kRequests, "processed; 200 with a signed body that is not JSON")        \
  X(unsigned_answer, kSigned, "everything right, but no signature headers")            \
  X(bad_signature, kSigned, "the signature is of another message")                     \
  X(signtest, kSigned, "a deliberate probe: WECHATPAY/SIGNTEST/ before the signature") \
  X(stale_timestamp, kSigned, "rightly signed, 301 seconds ago")                       \
  X(unknown_serial, kSigned, "signed, with a serial number nobody knows")              \
  X(other_key, kSigned, "rightly signed with the other of the platform's two keys")    \
  X(tampered, kAnswers, "a byte of the body altered after signing")                    \
  X(delay, kAnswers, "comes later by \"delay\"")                                       \
  X(drip, kRequests, "the body comes a byte at a time, \"delay\" apart")               \
  X(wrong_amount, kStates, "rightly signed, the amount one fen more")                  \
  X(wrong_currency, kStates, "rightly signed, the currency USD")                       \
  X(wrong_mchid, kTransactions, "rightly signed, another merchant")                    \
  X(wrong_appid, kTransactions, "rightly signed, another appid")                       \
  X(not_enough, kRefund, "not processed; 403 NOT_ENOUGH")                              \
  X(abnormal, kRefund, "accepted, and then ends in ABNORMAL")                          \
  X(closed, kRefund, "accepted, and then ends in CLOSED")                              \
  X(processing, kRefund, "accepted, and stays in PROCESSING")                          \
  X(drop, kWebhook, "this attempt is lost on the way; the ladder goes on")             \
  X(lost, kWebhook, "this notification is never sent")                                 \
  X(duplicate, kWebhook, "this attempt is sent twice at once")                         \
  X(ack_lost, kWebhook, "delivered, but the answer is lost; the ladder goes on")       \
  X(wrong_order, kWebhook, "rightly signed, about an order number nobody knows")       \
  X(bad_ciphertext, kWebhook, "rightly signed, the ciphertext's tag altered")

enum class FaultKind : std::uint8_t {
#define PURSER_SANDBOX_FAULT(name, calls, text) name,
  PURSER_SANDBOX_FAULTS(PURSER_SANDBOX_FAULT)
#undef PURSER_SANDBOX_FAULT
};
// The word in the script; `unsigned_answer` is written "unsigned".
std::string_view to_string(FaultKind kind);

struct Fault {
  RailCall call = RailCall::other;
  FaultKind kind = FaultKind::error;
  std::string out_trade_no;  // empty: whichever order
  std::int64_t nth = 1;      // the first occurrence it happens to, counted from when the script was given
  std::int64_t times = 1;    // and how many in a row
  Millis delay{0};           // delay and drip only
  int status = 0;            // error only
  std::string code;          // error only
  std::int64_t seen = 0;
  std::int64_t happened = 0;
};
inline bool is(const std::optional<Fault>& fault, FaultKind kind) {
  return fault && fault->kind == kind;
}

class FaultScript {
 public:
  // A list, or {"faults": [...]}, of {"call", "what", "nth"?, "times"?, "out_trade_no"?, "delay"?, "status"?, "code"?}.
  // Error: request_malformed; the parameter is a JSON pointer, the message names the rule.
  static Result<FaultScript> parse(const nlohmann::json& script);

  // Counts one occurrence, and says what happens to it: the first line of the script that fits.
  std::optional<Fault> next(RailCall call, std::string_view out_trade_no);
  std::size_t size() const { return faults_.size(); }
  // Those that have not happened to anything yet, by their places in the list.
  std::vector<std::size_t> unused() const;

 private:
  std::vector<Fault> faults_;
};

// "300s", "1500ms", "2m", "24h". Error: request_malformed naming `field`.
Result<Millis> parse_duration(std::string_view text, const std::string& field);

}  // namespace purser::sandbox
