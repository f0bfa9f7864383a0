// Tagged ids: a thread id is not an intent id, and the compiler knows. Ids of our own are a prefix and at least 22
// unguessable base62 characters; ids from outside (tenant, user, SKU, order numbers) have a charset and a length.
#pragma once

#include "validation/money/result.hpp"

#include <compare>
#include <functional>
#include <string>
#include <string_view>

namespace purser {

// How an id of one kind is written. `prefix` is part of the id.
struct IdShape {
  std::string_view kind;
  std::string_view prefix;
  std::size_t length_min;  // without the prefix
  std::size_t length_max;
  std::string_view also;  // characters allowed beside [0-9A-Za-z]
};

// Error: malformed_id naming the kind.
Result<void> check_id(const IdShape& shape, std::string_view text);

template <class Tag>
class Id {
 public:
  Id() = default;
  static Result<Id> parse(std::string_view text) {
    if (auto good = check_id(Tag::shape, text); !good) return good.error();
    return trusted(std::string(text));
  }
  // For text that our own store or minter produced.
  static Id trusted(std::string text) {
    Id id;
    id.text_ = std::move(text);
    return id;
  }
  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  std::string text_;
};

#define PURSER_ID(Name, kind, prefix, min, max, also)             \
  struct Name##Tag {                                              \
    static constexpr IdShape shape{kind, prefix, min, max, also}; \
  };                                                              \
  using Name = Id<Name##Tag>

PURSER_ID(ThreadId, "thread", "thr_", 22, 40, "");
PURSER_ID(TurnId, "turn", "turn_", 22, 40, "");
PURSER_ID(MessageId, "message", "msg_", 22, 40, "");
PURSER_ID(IntentId, "payment_intent", "pi_", 22, 40, "");
PURSER_ID(RefundId, "refund", "re_", 22, 40, "");
PURSER_ID(ApprovalId, "approval", "apr_", 22, 40, "");
PURSER_ID(TenantId, "tenant", "", 1, 64, "-_.");
PURSER_ID(UserId, "user", "", 1, 128, "-_.@:+=");
PURSER_ID(Sku, "sku", "", 1, 64, "-_.");
// The rail's rule is 6 to 32 of [0-9A-Za-z_-|*]; we mint without | and *, because the number stands in URL paths.
PURSER_ID(OutTradeNo, "out_trade_no", "", 6, 32, "-_|*");
PURSER_ID(OutRefundNo, "out_refund_no", "", 1, 64, "-_|*@");

}  // namespace purser

template <class Tag>
struct std::hash<purser::Id<Tag>> {
  std::size_t operator()(const purser::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
