#include "validation/money/money.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>

namespace purser {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
__extension__ typedef __int128 Wide;

Currency currency(std::string_view code) {
  return Currency::parse(code).value();
}
Money fen(std::int64_t minor) {
  return Money(minor, Currency::cny());
}
bool fits(Wide wide) {
  return wide >= kLeast && wide <= kMost;
}

TEST(CurrencyTest, ReadsCodesOfTheTable) {
  EXPECT_EQ(currency("CNY"), Currency::cny());
  EXPECT_EQ(currency("AED").code(), "AED");
  EXPECT_EQ(currency("ZWG").code(), "ZWG");
}

TEST(CurrencyTest, KnowsTheMinorUnits) {
  EXPECT_EQ(currency("CNY").exponent(), 2);
  EXPECT_EQ(currency("JPY").exponent(), 0);
  EXPECT_EQ(currency("KRW").exponent(), 0);
  EXPECT_EQ(currency("KWD").exponent(), 3);
  EXPECT_EQ(currency("CLF").exponent(), 4);
  EXPECT_EQ(Currency().exponent(), 0);
}

TEST(CurrencyTest, RefusesWhatIsNotACode) {
  for (const char* text :
       {"", "C", "CN", "CNYY", "cny", "Cny", "RMB", "XXX", "XTS", "XAU", "C Y", "CNY ", " CNY", "¥"}) {
    const auto parsed = Currency::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.code(), Errc::unknown_currency) << text;
  }
}

TEST(CurrencyTest, TheDefaultIsNoCurrency) {
  EXPECT_EQ(Currency().code(), "XXX");
  EXPECT_NE(Currency(), Currency::cny());
}

TEST(MoneyTest, AddsAndSubtracts) {
  EXPECT_EQ(fen(1299).plus(fen(1)).value(), fen(1300));
  EXPECT_EQ(fen(1299).minus(fen(1300)).value(), fen(-1));
  EXPECT_EQ(fen(19900).times(2).value(), fen(39800));
  EXPECT_TRUE(fen(1).positive());
  EXPECT_FALSE(fen(0).positive());
  EXPECT_FALSE(fen(-1).positive());
  EXPECT_TRUE(fen(0).zero());
}

TEST(MoneyTest, OverflowIsAnError) {
  EXPECT_EQ(fen(kMost).plus(fen(1)).code(), Errc::amount_overflow);
  EXPECT_EQ(fen(kLeast).plus(fen(-1)).code(), Errc::amount_overflow);
  EXPECT_EQ(fen(kLeast).minus(fen(1)).code(), Errc::amount_overflow);
  EXPECT_EQ(fen(0).minus(fen(kLeast)).code(), Errc::amount_overflow);
  EXPECT_EQ(fen(kMost).times(2).code(), Errc::amount_overflow);
  EXPECT_EQ(fen(kLeast).times(-1).code(), Errc::amount_overflow);
  EXPECT_EQ(fen(kMost).plus(fen(0)).value(), fen(kMost));
  EXPECT_EQ(fen(kLeast).times(1).value(), fen(kLeast));
}

TEST(MoneyTest, CurrenciesDoNotMix) {
  const Money yen(1200, currency("JPY"));
  EXPECT_EQ(fen(1).plus(yen).code(), Errc::currency_mismatch);
  EXPECT_EQ(yen.minus(fen(1)).code(), Errc::currency_mismatch);
  EXPECT_EQ(fen(1).plus(Money()).code(), Errc::currency_mismatch);
  EXPECT_NE(fen(1200), yen);
}

TEST(MoneyTest, ShowsTheMajorFigure) {
  EXPECT_EQ(fen(1299).major_text(), "12.99");
  EXPECT_EQ(fen(5).major_text(), "0.05");
  EXPECT_EQ(fen(-5).major_text(), "-0.05");
  EXPECT_EQ(fen(0).major_text(), "0.00");
  EXPECT_EQ(fen(100).major_text(), "1.00");
  EXPECT_EQ(Money(1200, currency("JPY")).major_text(), "1200");
  EXPECT_EQ(Money(1200, currency("KWD")).major_text(), "1.200");
  EXPECT_EQ(Money(7, currency("CLF")).major_text(), "0.0007");
  EXPECT_EQ(fen(kMost).major_text(), "92233720368547758.07");
  EXPECT_EQ(fen(kLeast).major_text(), "-92233720368547758.08");
}

TEST(MoneyTest, Displays) {
  EXPECT_EQ(fen(1299).display(), "¥12.99");
  EXPECT_EQ(fen(0).display(), "¥0.00");
  EXPECT_EQ(fen(-1299).display(), "-¥12.99");
  EXPECT_EQ(Money(1200, currency("JPY")).display(), "JPY 1200");
  EXPECT_EQ(Money(150, currency("USD")).display(), "USD 1.50");
}

TEST(ParseMajorTest, ReadsPlainDecimals) {
  EXPECT_EQ(parse_major("12.99", Currency::cny()).value(), fen(1299));
  EXPECT_EQ(parse_major("12.9", Currency::cny()).value(), fen(1290));
  EXPECT_EQ(parse_major("12", Currency::cny()).value(), fen(1200));
  EXPECT_EQ(parse_major("0.00", Currency::cny()).value(), fen(0));
  EXPECT_EQ(parse_major("-0.05", Currency::cny()).value(), fen(-5));
  EXPECT_EQ(parse_major("1200", currency("JPY")).value(), Money(1200, currency("JPY")));
  EXPECT_EQ(parse_major("1.234", currency("KWD")).value(), Money(1234, currency("KWD")));
  EXPECT_EQ(parse_major("92233720368547758.07", Currency::cny()).value(), fen(kMost));
  EXPECT_EQ(parse_major("-92233720368547758.08", Currency::cny()).value(), fen(kLeast));
}

TEST(ParseMajorTest, RefusesEverythingElse) {
  for (const char* text : {"", "-", ".", "12.", ".5", "+1", "1,00", "1.234", "1e2", "0x1", " 1", "1 ", "--1", "1.-5",
                           "1.2.3", "１２", "NaN", "Infinity", "¥1"}) {
    const auto parsed = parse_major(text, Currency::cny());
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.code(), Errc::amount_out_of_range) << text;
  }
  EXPECT_EQ(parse_major("1.5", currency("JPY")).code(), Errc::amount_out_of_range);
  EXPECT_EQ(parse_major("1.", currency("JPY")).code(), Errc::amount_out_of_range);
}

TEST(ParseMajorTest, OverflowIsAnError) {
  EXPECT_EQ(parse_major("92233720368547758.08", Currency::cny()).code(), Errc::amount_overflow);
  EXPECT_EQ(parse_major("-92233720368547758.09", Currency::cny()).code(), Errc::amount_overflow);
  EXPECT_EQ(parse_major("99999999999999999999999", Currency::cny()).code(), Errc::amount_overflow);
}

// Figures of every size: a quarter tiny, a quarter at the ends of the range, the rest anywhere.
class Figures {
 public:
  explicit Figures(std::uint64_t seed) : random_(seed) {}

  std::int64_t next() {
    const auto bits = static_cast<std::int64_t>(random_());
    switch (random_() % 4) {
      case 0:
        return bits % 1000;
      case 1:
        return bits % 2 == 0 ? kMost - (bits & 0xff) : kLeast + (bits & 0xff);
      default:
        return bits >> (random_() % 64);
    }
  }

 private:
  std::mt19937_64 random_;
};

constexpr std::uint64_t kSeed = 20260105;

TEST(MoneyPropertyTest, ArithmeticAgreesWithWideIntegers) {
  Figures figures(kSeed);
  for (int i = 0; i < 200'000; ++i) {
    const std::int64_t a = figures.next(), b = figures.next();
    const auto agrees = [&](const Result<Money>& got, Wide expected) {
      if (!fits(expected)) return !got.ok() && got.code() == Errc::amount_overflow;
      return got.ok() && got->minor() == static_cast<std::int64_t>(expected) && got->currency() == Currency::cny();
    };
    ASSERT_TRUE(agrees(fen(a).plus(fen(b)), Wide{a} + b)) << a << " + " << b;
    ASSERT_TRUE(agrees(fen(a).minus(fen(b)), Wide{a} - b)) << a << " - " << b;
    ASSERT_TRUE(agrees(fen(a).times(b), Wide{a} * b)) << a << " * " << b;
  }
}

TEST(MoneyPropertyTest, WhatIsWrittenIsReadBack) {
  Figures figures(kSeed + 1);
  const Currency currencies[] = {Currency::cny(), currency("JPY"), currency("KWD"), currency("CLF")};
  for (int i = 0; i < 50'000; ++i) {
    const Money money(figures.next(), currencies[i % 4]);
    const auto back = parse_major(money.major_text(), money.currency());
    ASSERT_TRUE(back.ok()) << money.major_text();
    ASSERT_EQ(*back, money) << money.major_text();
  }
}

}  // namespace
}  // namespace purser
