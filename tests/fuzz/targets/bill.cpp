// Bill files: text, and packed.
#include "gateway/pay/wechat/bill.hpp"

#include "gateway/compress/gzip.hpp"
#include "tests/fuzz/fuzz.hpp"

PURSER_FUZZ(bytes) {
  using namespace purser;
  const auto check = [](std::string_view text) {
    const auto trade = wechat::read_trade_bill(text);
    if (trade) {
      std::int64_t paid = 0;
      for (const auto& line : trade->lines) paid += line.paid.minor();
      fuzz::require(paid == trade->paid.minor());
    }
    (void)wechat::read_flow_bill(text);
  };
  check(bytes);
  if (const auto text = compress::gunzip(bytes, 1U << 20)) check(*text);
}
