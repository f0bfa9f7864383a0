#include "validation/rules/refund_limits.hpp"

#include <string>

namespace purser::rules {

Result<void> refund_limits(Money sum, const std::vector<RefundLimit>& limits) {
  for (const RefundLimit& limit : limits) {
    std::int64_t used;
    const bool counted = !__builtin_add_overflow(limit.used, sum.minor(), &used);
    if (counted && used <= limit.max) continue;
    return Error(Errc::needs_operator, "a refund above the limit of one " + std::string(limit.of) +
                                           " needs the approval of a person; nothing was refunded");
  }
  return success();
}

}  // namespace purser::rules
