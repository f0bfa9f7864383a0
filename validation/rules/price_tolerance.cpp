#include "validation/rules/price_tolerance.hpp"

namespace purser::rules {

bool within_tolerance(std::int64_t claim, std::int64_t server, std::int64_t per_mille) {
  if (claim < 1 || server < 1 || per_mille < 0) return false;
  __extension__ using Wide = __int128;  // no product of two 64-bit figures overflows it
  const Wide off = claim > server ? Wide{claim} - server : Wide{server} - claim;
  return off * 1'000 <= Wide{server} * per_mille;
}

Result<void> price_tolerance(std::int64_t claim, Money server, std::int64_t amount_max, const std::string& param,
                             std::int64_t per_mille) {
  if (claim < 1 || claim > amount_max) {
    return Error(Errc::amount_out_of_range, "a price is 1 to " + std::to_string(amount_max) + " in minor units (fen)",
                 param);
  }
  if (!within_tolerance(claim, server.minor(), per_mille)) {
    return Error(
        Errc::price_mismatch,
        "this is not the price in the catalogue (in minor units, fen); call search_catalogue for the current price",
        param);
  }
  return success();
}

}  // namespace purser::rules
