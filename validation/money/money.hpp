// Money: an integer number of minor units (fen for CNY) and an ISO 4217 currency. Arithmetic is checked: overflow and
// mixed currencies are errors, never wrong sums. There is no floating point anywhere near an amount.
#pragma once

#include "validation/money/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser {

// An ISO 4217 code. The default is XXX, the standard's code for "no currency".
class Currency {
 public:
  constexpr Currency() = default;
  // Upper-case three-letter code of the ISO table. Error: unknown_currency.
  static Result<Currency> parse(std::string_view code);
  static constexpr Currency cny() { return Currency('C', 'N', 'Y'); }

  std::string_view code() const { return {code_, 3}; }
  // Digits after the point: 2 for CNY, 0 for JPY, 3 for KWD.
  int exponent() const;

  friend constexpr bool operator==(const Currency&, const Currency&) = default;

 private:
  constexpr Currency(char a, char b, char c) : code_{a, b, c} {}
  char code_[3] = {'X', 'X', 'X'};
};

class Money {
 public:
  constexpr Money() = default;
  constexpr Money(std::int64_t minor, Currency currency) : minor_(minor), currency_(currency) {}

  constexpr std::int64_t minor() const { return minor_; }
  constexpr Currency currency() const { return currency_; }
  constexpr bool positive() const { return minor_ > 0; }
  constexpr bool zero() const { return minor_ == 0; }

  // Errors: amount_overflow, currency_mismatch.
  Result<Money> plus(Money other) const;
  Result<Money> minus(Money other) const;
  Result<Money> times(std::int64_t factor) const;

  // "12.99", "-0.05", "1200" (JPY): the major figure with the currency's own number of decimals.
  std::string major_text() const;
  // "¥12.99" for CNY, otherwise "JPY 1200".
  std::string display() const;

  friend constexpr bool operator==(const Money&, const Money&) = default;

 private:
  std::int64_t minor_ = 0;
  Currency currency_{};
};

// "12.99" with at most the currency's number of decimals to minor units, by decimal string arithmetic (bills are in
// yuan). Errors: amount_overflow, amount_out_of_range (not a plain decimal, or too many decimals).
Result<Money> parse_major(std::string_view text, Currency currency);

}  // namespace purser
