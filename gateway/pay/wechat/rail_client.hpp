// One call to WeChat Pay: signs, sends, verifies, and repeats where the rail's own table says that repeating is right.
// Every attempt has a fresh nonce, timestamp and signature over the same bytes. One thread; signing runs on the pool.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/http/client.hpp"
#include "gateway/pay/wechat/codec.hpp"
#include "gateway/pay/wechat/errors.hpp"
#include "gateway/pay/wechat/keys.hpp"
#include "gateway/pay/wechat/signing.hpp"
#include "gateway/pay/wechat/verifier.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace purser::wechat {

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
  std::string number;  // out_trade_no or out_refund_no, for the log
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

  RailClient(http::Origin origin, Merchant merchant, Keys keys, Ports ports, TimeLimits limits);

  // Repeats when nothing can have been sent, on 429 and on the rail's "again" codes; never on silence, and never past
  // `deadline`. Cancellation ends it at once.
  Task<Answer> ask(Ask ask, Deadline deadline);

  // Signs with the merchant's key, off this thread.
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
  http::Call call_for(const Ask& ask, const RequestSignature& signature) const;
  Answer read(Operation operation, Result<http::Reply> reply) const;
  Millis pause(unsigned attempt);

  http::Origin origin_;
  Merchant merchant_;
  crypto::PrivateKey key_;
  std::string serial_;
  std::string wanted_serial_;
  Secret apiv3_;
  Verifier verifier_;
  Ports ports_;
  TimeLimits limits_;
};

}  // namespace purser::wechat
