// Callbacks on their way: encrypted, signed afresh for each attempt, retried on the rail's ladder of 15 waits, each
// counted from the failure before it. Pure: what is due is taken, sent by somebody else, and its fate reported back.
#pragma once

#include "gateway/http/message.hpp"
#include "gateway/sandbox/faults.hpp"
#include "gateway/sandbox/settings.hpp"
#include "gateway/sandbox/signing.hpp"
#include "gateway/sandbox/wire.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace purser::sandbox {

inline constexpr std::array<std::chrono::seconds, 15> kLadder{
    std::chrono::seconds(15), std::chrono::seconds(15), std::chrono::seconds(30), std::chrono::minutes(3),
    std::chrono::minutes(10), std::chrono::minutes(20), std::chrono::minutes(30), std::chrono::minutes(30),
    std::chrono::minutes(30), std::chrono::minutes(60), std::chrono::hours(3),    std::chrono::hours(3),
    std::chrono::hours(3),    std::chrono::hours(6),    std::chrono::hours(6)};

enum class NoticeState : std::uint8_t { waiting, sending, delivered, given_up, lost };
std::string_view to_string(NoticeState state);

struct Attempt {
  UtcTime at{};
  std::string fault;   // empty: none
  std::string result;  // "200", an error code, or empty while it runs
};

// One callback and its history.
struct Notice {
  std::string id;
  std::string event_type;
  std::string original_type;  // "transaction" or "refund"
  std::string summary;
  std::string url;
  std::string out_trade_no;
  json plain;
  UtcTime created{};
  UtcTime due{};
  NoticeState state = NoticeState::waiting;
  std::vector<Attempt> attempts;
};

// One sending. `reports`: its fate decides about the notice; a duplicate's does not.
struct Delivery {
  std::string notice_id;
  std::string url;
  http::Headers headers;
  std::string body;
  bool reports = true;
  bool ack_lost = false;  // whatever the receiver answers counts as a failure
};

class WebhookQueue {
 public:
  WebhookQueue(const SandboxCredentials& credentials, const SandboxSettings& settings, Mint& mint, FaultScript& faults)
      : credentials_(credentials), settings_(settings), mint_(mint), faults_(faults) {}

  // Queues a callback that is due at once. An empty url: nobody asked to be told.
  void add(std::string event_type, std::string original_type, std::string summary, std::string url, json plain,
           UtcTime now);
  // Everything due, ready to be sent; each must be reported. Faults of the script are applied here, one occurrence an
  // attempt; an attempt that the script loses counts as failed at once.
  std::vector<Delivery> take_due(const Moment& now);
  // `result` is the status, or an error code when there was no answer. Accepted: 200 or 204.
  void report(const Delivery& delivery, const std::string& result, UtcTime now);
  // When the next attempt is due; nothing while none waits.
  std::optional<UtcTime> next_due() const;

  // In which key the merchant wants to be spoken to, see CallbackKey::as_asked.
  void prefer(bool certificate) { certificate_asked_ = certificate; }

  const std::deque<Notice>& all() const { return notices_; }
  void reset() { notices_.clear(); }

 private:
  void take(Notice& notice, const Moment& now, std::vector<Delivery>& out);
  Delivery make(const Notice& notice, const std::optional<Fault>& fault, const Moment& now);
  std::string envelope(const Notice& notice, const std::optional<Fault>& fault);
  std::string_view serial_for(const std::optional<Fault>& fault);
  void fail(Notice& notice, const std::string& result, UtcTime now);

  const SandboxCredentials& credentials_;
  const SandboxSettings& settings_;
  Mint& mint_;
  FaultScript& faults_;
  std::deque<Notice> notices_;
  bool certificate_asked_ = false;
  std::uint64_t signed_ = 0;
};

}  // namespace purser::sandbox
