// One call to WeChat Pay: signs, sends, verifies, and repeats where the rail's own table says that repeating is right.
// Every attempt has a fresh nonce, timestamp and signature over the same bytes. One thread. Signing takes about 0.3 ms:
// but for short bursts at most half of the loop's time goes there, and what is beyond that is done on the pool.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/half_time.hpp"
#include "gateway/async/one_shot.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/http/client.hpp"
#include "gateway/pay/wechat/call_budget.hpp"
#include "gateway/pay/wechat/codec.hpp"
#include "gateway/pay/wechat/errors.hpp"
#include "gateway/pay/wechat/keys.hpp"
#include "gateway/pay/wechat/outgoing_check.hpp"
#include "gateway/pay/wechat/signing.hpp"
#include "gateway/pay/wechat/verifier.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::wechat {

// Signing that the loop may do in one go: a few hundred signatures, between which everybody else has their turn.
inline constexpr Clock::duration kSigningBurst = std::chrono::milliseconds(200);

// What a channel needs of the process; all of it outlives the channel.
struct Ports {
  http::Client& client;
  Clock& clock;
  asio::thread_pool& pool;
  Mint& mint;
};

struct Ask {
  Ask(Operation what, std::string verb, std::string path, std::string bytes, std::string about)
      : operation(what),
        method(std::move(verb)),
        target(std::move(path)),
        body(std::move(bytes)),
        number(std::move(about)) {}
  Operation operation;
  std::string method;
  std::string target;
  std::string body;
  std::string number;    // out_trade_no or out_refund_no, for the log
  bool sealed = false;   // fields of the body are encrypted with seal()
  bool vouched = false;  // the answer proves itself by other means than its signature: a digest, a seal
};

struct Answer {
  bool accepted = false;  // 200 or 204, and the signature holds: `body` may be believed
  std::string body;
  Judgement judgement;  // when not accepted
  RailSays says;
};

class RailClient {
 public:
  static constexpr unsigned kAttemptsMax = 3;

  struct TimeLimits {
    Millis attempt;
    Millis total;  // over all attempts and the pauses between them
  };

  // The rail publishes a key a day before it uses it, and asks to be polled twice a day.
  static constexpr std::chrono::hours kCertificatePoll{12};
  // Anybody can send an unknown serial number: no more than one question in this time.
  static constexpr std::chrono::seconds kCertificateGap{60};

  // `origins`: the rail, and where to turn while it cannot be reached, if anywhere.
  RailClient(std::vector<http::Origin> origins, Merchant merchant, Keys keys, Ports ports, TimeLimits limits);

  // Repeats when nothing can have been sent, on 429 and on the rail's "again" codes; never on silence, and never past
  // `deadline`. Cancellation ends it at once.
  Task<Answer> ask(Ask ask, Deadline deadline);

  // Fetches the platform's certificates and adds their keys. However many ask at once, one call goes out; within a
  // minute of the last one none does. False: nothing new is known. Never needed for a start.
  Task<bool> refresh_certificates(Deadline deadline);

  // Other keys from now on; a call that is under way ends with those it began with. Certificates that were fetched
  // stay. Errors: that of show(); config_bad_value for another key under the serial of the old one. Nothing has changed
  // then.
  Result<void> reload(Keys keys);
  // Has the merchant's certificate shown to the rail's hosts that ask for it. Nothing to do without one, or without
  // TLS. Error: key_malformed, when the certificate is not that of the key.
  Result<void> show(const http::ClientIdentity& identity);
  // When which certificate ends: the merchant's and the platform's, configured or fetched.
  const std::map<std::string, UtcTime>& ends() const { return ends_; }
  // In the key that the rail is asked to sign with. Error: key_malformed when there is none.
  Result<std::string> seal(std::string_view plain) const;

  // Signs with the merchant's key, here or on the pool.
  Task<Result<std::string>> sign(std::string text);
  std::string nonce() { return ports_.mint.token(32); }
  std::string timestamp() const;

  const Merchant& merchant() const { return merchant_; }
  const Secret& apiv3_key() const { return apiv3_; }
  Clock& clock() { return ports_.clock; }
  Verifier& verifier() { return verifier_; }
  const Verifier& verifier() const { return verifier_; }

 private:
  Task<Answer> attempt(Ask ask, Deadline deadline);
  http::Call call_for(const http::Origin& origin, const Ask& ask, std::string authorized) const;
  Answer read(const Ask& ask, const Result<http::Reply>& reply) const;
  void learn(const Ask& ask, const Result<http::Reply>& reply, const Answer& answer);
  Task<void> fetch_certificates(std::shared_ptr<OneShot<bool>> told, Deadline deadline);
  Millis pause(unsigned attempt);

  std::vector<http::Origin> origins_;
  std::size_t current_ = 0;  // of origins_
  Merchant merchant_;
  std::shared_ptr<OutgoingCheck> outgoing_;  // of key_; none when its public half cannot be had: nothing is sent then
  crypto::PrivateKey key_;
  std::string serial_;
  std::string sealing_serial() const;

  std::string wanted_serial_;
  Secret apiv3_;
  Verifier verifier_;
  Ports ports_;
  TimeLimits limits_;
  CallBudget budget_;
  HalfTime half_time_{kSigningBurst};
  std::map<std::string, UtcTime> ends_;
  KeySet fetched_;
  std::shared_ptr<OneShot<bool>> fetching_;
  std::optional<Clock::time_point> fetched_at_;
};

}  // namespace purser::wechat
