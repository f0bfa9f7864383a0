// What the talk that led to a payment cost, beside what the rail takes for it: selling a cup of tea must not cost more
// words than the tea's fee. Reads what finished turns have written of themselves, so it is the same after a restart.
#pragma once

#include "config/model_prices.hpp"
#include "gateway/llm/model.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>

namespace purser {

class TalkCost {
 public:
  struct Ports {
    Store& store;
    Metrics* metrics;  // may be null
  };
  // `fee_basis_points`: the rail's share of a payment, in hundredths of a percent.
  TalkCost(Ports ports, PriceTable prices, std::int64_t fee_basis_points)
      : ports_(ports), prices_(std::move(prices)), fee_basis_points_(fee_basis_points) {}

  // A turn's "usage" as the API gives it: tokens, and their cost in pico-USD and in fen at the price table's dated
  // rate.
  nlohmann::json usage(const Usage& used, std::int64_t picousd) const;

  // For the turn that tells of a successful payment: the talk since the payment before, the rail's fee, and whether the
  // talk cost more, which also raises an alarm. `first` began the turn; null when that was anything else. Errors: the
  // store's.
  Task<Result<nlohmann::json>> of_payment(Message first, std::int64_t picousd);
  // What `of_payment` gave, as a line of the ledger beside that payment, by whole fen; none when it cost less.
  std::optional<LedgerEntry> line(const Message& first, const Turn& turn, const nlohmann::json& costs,
                                  UtcTime now) const;

 private:
  Ports ports_;
  PriceTable prices_;
  std::int64_t fee_basis_points_;
};

}  // namespace purser
