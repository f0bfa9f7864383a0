// What models cost, from a dated table. Rates are integers: pico-USD (10^-12 US dollars) a token, which is what
// micro-USD per million tokens is. Sums are int64 pico-USD, good for nine million dollars.
#pragma once

#include "validation/money/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

// Tokens as they are billed: cached and cache-written ones are parts of the input.
struct BilledTokens {
  std::int64_t input = 0;
  std::int64_t cached = 0;
  std::int64_t cache_write = 0;
  std::int64_t output = 0;
};

struct Cost {
  std::int64_t picousd = 0;
  bool guessed = false;  // the table does not know the model: its dearest rates were taken
};

class PriceTable {
 public:
  // Error: config_bad_value naming the row.
  static Result<PriceTable> parse(std::string_view json);
  static PriceTable built_in();
  // From a file; the one that is built in when `path` is empty. Also config_unreadable.
  static Result<PriceTable> load(const std::string& path);

  const std::string& version() const { return version_; }
  bool knows(std::string_view model) const;

  // Rounded up in every part. A dated snapshot ("gpt-4o-2024-11-20") costs what its model costs.
  Cost cost(std::string_view model, std::string_view service_tier, const BilledTokens& tokens) const;

  // The most that so many tokens of input and output can cost, however they are served and stored, 10^-12 US dollars.
  std::int64_t dearest(std::string_view model, const BilledTokens& tokens) const;

  // In fen at the table's own dated rate, rounded up.
  std::int64_t fen(std::int64_t picousd) const;
  const std::string& rate_date() const { return rate_date_; }

 private:
  struct Row {
    std::int64_t input_tokens_max = 0;  // the row holds up to here; the last row of a model has no end
    std::int64_t input = 0;
    std::int64_t cached = 0;
    std::int64_t cache_write = 0;
    std::int64_t output = 0;
  };
  const std::vector<Row>* rows_of(std::string_view model) const;

  std::string version_;
  std::string rate_date_;
  std::int64_t cny_per_usd_e6_ = 0;
  std::map<std::string, std::int64_t, std::less<>> tier_percent_;
  std::map<std::string, std::vector<Row>, std::less<>> models_;
  Row dearest_;
};

}  // namespace purser
