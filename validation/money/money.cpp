#include "validation/money/money.hpp"

#include "validation/money/ascii.hpp"

#include <algorithm>
#include <array>

namespace purser {
namespace {

struct CurrencyRow {
  char code[4];
  int exponent;
};

// ISO 4217 list one: the codes in use and their minor units. Metals, funds without a minor unit, test codes and XXX are
// left out on purpose: nobody can be charged in them. Sorted by code.
constexpr CurrencyRow kCurrencies[] = {
    {"AED", 2}, {"AFN", 2}, {"ALL", 2}, {"AMD", 2}, {"AOA", 2}, {"ARS", 2}, {"AUD", 2}, {"AWG", 2}, {"AZN", 2},
    {"BAM", 2}, {"BBD", 2}, {"BDT", 2}, {"BGN", 2}, {"BHD", 3}, {"BIF", 0}, {"BMD", 2}, {"BND", 2}, {"BOB", 2},
    {"BOV", 2}, {"BRL", 2}, {"BSD", 2}, {"BTN", 2}, {"BWP", 2}, {"BYN", 2}, {"BZD", 2}, {"CAD", 2}, {"CDF", 2},
    {"CHE", 2}, {"CHF", 2}, {"CHW", 2}, {"CLF", 4}, {"CLP", 0}, {"CNY", 2}, {"COP", 2}, {"COU", 2}, {"CRC", 2},
    {"CUP", 2}, {"CVE", 2}, {"CZK", 2}, {"DJF", 0}, {"DKK", 2}, {"DOP", 2}, {"DZD", 2}, {"EGP", 2}, {"ERN", 2},
    {"ETB", 2}, {"EUR", 2}, {"FJD", 2}, {"FKP", 2}, {"GBP", 2}, {"GEL", 2}, {"GHS", 2}, {"GIP", 2}, {"GMD", 2},
    {"GNF", 0}, {"GTQ", 2}, {"GYD", 2}, {"HKD", 2}, {"HNL", 2}, {"HTG", 2}, {"HUF", 2}, {"IDR", 2}, {"ILS", 2},
    {"INR", 2}, {"IQD", 3}, {"IRR", 2}, {"ISK", 0}, {"JMD", 2}, {"JOD", 3}, {"JPY", 0}, {"KES", 2}, {"KGS", 2},
    {"KHR", 2}, {"KMF", 0}, {"KPW", 2}, {"KRW", 0}, {"KWD", 3}, {"KYD", 2}, {"KZT", 2}, {"LAK", 2}, {"LBP", 2},
    {"LKR", 2}, {"LRD", 2}, {"LSL", 2}, {"LYD", 3}, {"MAD", 2}, {"MDL", 2}, {"MGA", 2}, {"MKD", 2}, {"MMK", 2},
    {"MNT", 2}, {"MOP", 2}, {"MRU", 2}, {"MUR", 2}, {"MVR", 2}, {"MWK", 2}, {"MXN", 2}, {"MXV", 2}, {"MYR", 2},
    {"MZN", 2}, {"NAD", 2}, {"NGN", 2}, {"NIO", 2}, {"NOK", 2}, {"NPR", 2}, {"NZD", 2}, {"OMR", 3}, {"PAB", 2},
    {"PEN", 2}, {"PGK", 2}, {"PHP", 2}, {"PKR", 2}, {"PLN", 2}, {"PYG", 0}, {"QAR", 2}, {"RON", 2}, {"RSD", 2},
    {"RUB", 2}, {"RWF", 0}, {"SAR", 2}, {"SBD", 2}, {"SCR", 2}, {"SDG", 2}, {"SEK", 2}, {"SGD", 2}, {"SHP", 2},
    {"SLE", 2}, {"SOS", 2}, {"SRD", 2}, {"SSP", 2}, {"STN", 2}, {"SVC", 2}, {"SYP", 2}, {"SZL", 2}, {"THB", 2},
    {"TJS", 2}, {"TMT", 2}, {"TND", 3}, {"TOP", 2}, {"TRY", 2}, {"TTD", 2}, {"TWD", 2}, {"TZS", 2}, {"UAH", 2},
    {"UGX", 0}, {"USD", 2}, {"USN", 2}, {"UYI", 0}, {"UYU", 2}, {"UYW", 4}, {"UZS", 2}, {"VED", 2}, {"VES", 2},
    {"VND", 0}, {"VUV", 0}, {"WST", 2}, {"XAF", 0}, {"XCD", 2}, {"XCG", 2}, {"XOF", 0}, {"XPF", 0}, {"YER", 2},
    {"ZAR", 2}, {"ZMW", 2}, {"ZWG", 2},
};

constexpr bool by_code(const CurrencyRow& row, std::string_view code) {
  return std::string_view(row.code, 3) < code;
}

static_assert(std::is_sorted(std::begin(kCurrencies), std::end(kCurrencies),
                             [](const CurrencyRow& a, const CurrencyRow& b) {
                               return by_code(a, std::string_view(b.code, 3));
                             }),
              "the look-up is a binary search");

const CurrencyRow* find_currency(std::string_view code) {
  const auto* row = std::lower_bound(std::begin(kCurrencies), std::end(kCurrencies), code, by_code);
  return row != std::end(kCurrencies) && std::string_view(row->code, 3) == code ? row : nullptr;
}

Error currencies_meet(Currency a, Currency b) {
  return Error(Errc::currency_mismatch,
               "amounts in " + std::string(a.code()) + " and " + std::string(b.code()) + " cannot be put together");
}

// Pushes one decimal digit onto `total`, downwards for negative amounts so that the least int64 can be read too.
bool push_digit(std::int64_t& total, char digit, bool negative) {
  const std::int64_t step = negative ? '0' - digit : digit - '0';
  return !__builtin_mul_overflow(total, std::int64_t{10}, &total) && !__builtin_add_overflow(total, step, &total);
}

}  // namespace

Result<Currency> Currency::parse(std::string_view code) {
  const CurrencyRow* row = find_currency(code);
  if (row == nullptr) {
    return Error(Errc::unknown_currency, "a currency is an ISO 4217 code of three capital letters such as CNY");
  }
  return Currency(row->code[0], row->code[1], row->code[2]);
}

int Currency::exponent() const {
  const CurrencyRow* row = find_currency(code());
  return row == nullptr ? 0 : row->exponent;
}

Result<Money> Money::plus(Money other) const {
  if (currency_ != other.currency_) return currencies_meet(currency_, other.currency_);
  std::int64_t sum;
  if (__builtin_add_overflow(minor_, other.minor_, &sum)) return Errc::amount_overflow;
  return Money(sum, currency_);
}

Result<Money> Money::minus(Money other) const {
  if (currency_ != other.currency_) return currencies_meet(currency_, other.currency_);
  std::int64_t difference;
  if (__builtin_sub_overflow(minor_, other.minor_, &difference)) return Errc::amount_overflow;
  return Money(difference, currency_);
}

Result<Money> Money::times(std::int64_t factor) const {
  std::int64_t product;
  if (__builtin_mul_overflow(minor_, factor, &product)) return Errc::amount_overflow;
  return Money(product, currency_);
}

std::string Money::major_text() const {
  // The digits of the negative of the least int64 do not fit an int64, so the sign is taken off as text.
  std::string digits = std::to_string(minor_);
  const bool negative = minor_ < 0;
  if (negative) digits.erase(0, 1);
  const auto decimals = static_cast<std::size_t>(currency_.exponent());
  if (decimals > 0) {
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    digits.insert(digits.size() - decimals, 1, '.');
  }
  return negative ? "-" + digits : digits;
}

std::string Money::display() const {
  if (currency_ != Currency::cny()) return std::string(currency_.code()) + " " + major_text();
  const std::string major = major_text();
  return minor_ < 0 ? "-¥" + major.substr(1) : "¥" + major;
}

Result<Money> parse_major(std::string_view text, Currency currency) {
  const auto not_decimal = [&] {
    return Error(Errc::amount_out_of_range, "an amount in " + std::string(currency.code()) +
                                                " is a plain decimal with at most " +
                                                std::to_string(currency.exponent()) + " digits after the point");
  };
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  const auto decimals = static_cast<std::size_t>(currency.exponent());
  const bool ends_in_point = point != std::string_view::npos && fraction.empty();
  if (whole.empty() || ends_in_point || fraction.size() > decimals) return not_decimal();
  if (!std::all_of(whole.begin(), whole.end(), ascii::is_digit)) return not_decimal();
  if (!std::all_of(fraction.begin(), fraction.end(), ascii::is_digit)) return not_decimal();

  std::int64_t minor = 0;
  std::string digits(whole);
  digits.append(fraction).append(decimals - fraction.size(), '0');
  for (char digit : digits) {
    if (!push_digit(minor, digit, negative)) return Errc::amount_overflow;
  }
  return Money(minor, currency);
}

}  // namespace purser
