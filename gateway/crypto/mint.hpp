// Port: where ids, numbers and nonces come from. Never from a model. Ids are random; order and refund numbers are a MAC
// over what they stand for, so the same wish gets the same number after a retry, a crash or on another daemon.
#pragma once

#include "validation/money/ids.hpp"

#include <string>

namespace purser {

class Mint {
 public:
  virtual ~Mint() = default;
  // `length` characters of [0-9A-Za-z], unguessable.
  virtual std::string token(std::size_t length) = 0;

  // HMAC-SHA256 under the merchant secret over (tenant, intent); 28 characters of [0-9A-Za-z]. The intent's id is random
  // and durable before the rail hears of it: a database that was put back from an older copy gives out no number twice,
  // and whoever knows the id can tell that the number is ours.
  virtual OutTradeNo out_trade_no(const TenantId& tenant, const IntentId& intent) const = 0;
  // Over (tenant, intent, origin).
  virtual OutRefundNo out_refund_no(const TenantId& tenant, const IntentId& intent,
                                    const std::string& origin) const = 0;

  // Over (tenant, what): the thread that stands for `what`, the same each time.
  virtual ThreadId thread_of(const TenantId& tenant, const std::string& what) const = 0;
  // HMAC-SHA256 in hex under the merchant secret: what carries it was made by a purser of this merchant.
  virtual std::string seal(const std::string& text) const = 0;

  ThreadId thread_id() { return ThreadId::trusted("thr_" + token(24)); }
  TurnId turn_id() { return TurnId::trusted("turn_" + token(24)); }
  MessageId message_id() { return MessageId::trusted("msg_" + token(24)); }
  IntentId intent_id() { return IntentId::trusted("pi_" + token(24)); }
  ApprovalId approval_id() { return ApprovalId::trusted("apr_" + token(24)); }
  RefundId refund_id() { return RefundId::trusted("re_" + token(24)); }
};

}  // namespace purser
