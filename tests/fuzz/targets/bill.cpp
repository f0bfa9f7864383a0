// Bill files: text, and packed.
#include "gateway/compress/gzip.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "validation/books/flow_bill.hpp"
#include "validation/books/trade_bill.hpp"

PURSER_FUZZ(bytes) {
  using namespace purser;
  const auto check = [](std::string_view text) {
    if (const auto trade = books::parse_trade_bill(text)) {
      std::int64_t paid = 0;
      for (const auto& line : trade->lines) paid += line.movement == books::Movement::capture ? line.amount.minor() : 0;
      fuzz::require(paid == trade->captured);
    }
    if (const auto flow = books::parse_flow_bill(text)) {
      std::int64_t moved = 0;
      for (const auto& line : flow->lines) moved += line.amount.minor();
      fuzz::require(moved == flow->in - flow->out);
    }
  };
  check(bytes);
  if (const auto text = compress::gunzip(bytes, 1U << 20)) check(*text);
}
