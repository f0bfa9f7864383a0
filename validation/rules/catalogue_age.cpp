#include "validation/rules/catalogue_age.hpp"

namespace purser::rules {

Result<void> catalogue_age(UtcTime as_of, UtcTime now, Millis age_max) {
  if (age_max == Millis(0)) return success();
  if (as_of != UtcTime{} && now - as_of < age_max) return success();
  return Error(Errc::catalogue_stale,
               "the price list is too old to charge by; nothing can be sold until the shop renews it", "catalogue");
}

}  // namespace purser::rules
