#include "validation/rules/price_tolerance.hpp"

namespace purser::rules {

bool within_tolerance(std::int64_t claim, std::int64_t server) {
  if (claim < 1 || server < 1) return false;
  const std::int64_t off = claim > server ? claim - server : server - claim;
  std::int64_t scaled = 0;
  // A product that does not fit 64 bits is more than any server figure.
  return !__builtin_mul_overflow(off, std::int64_t{200}, &scaled) && scaled <= server;
}

Result<void> price_tolerance(std::int64_t claim, Money server, std::int64_t amount_max, const std::string& param) {
  if (claim < 1 || claim > amount_max) {
    return Error(Errc::amount_out_of_range, "a price is 1 to " + std::to_string(amount_max) + " in minor units (fen)",
                 param);
  }
  if (!within_tolerance(claim, server.minor())) {
    return Error(
        Errc::price_mismatch,
        "this is not the price in the catalogue (in minor units, fen); call search_catalogue for the current price",
        param);
  }
  return success();
}

}  // namespace purser::rules
