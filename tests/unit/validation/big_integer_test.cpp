// Money, tolerance and refund lists against arithmetic that cannot overflow: decimal strings, as in school.
#include "tests/support/samples.hpp"
#include "validation/pipeline.hpp"
#include "validation/rules/price_tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace purser {
namespace {

using samples::fen;

// A whole number of any size, zero or more.
class Big {
 public:
  explicit Big(std::uint64_t value) {
    do digits_.push_back(static_cast<int>(value % 10)), value /= 10;
    while (value > 0);
  }
  Big plus(const Big& other) const {
    Big out(0);
    out.digits_.clear();
    int carry = 0;
    for (std::size_t i = 0; i < std::max(digits_.size(), other.digits_.size()) || carry > 0; ++i) {
      const int sum = at(i) + other.at(i) + carry;
      out.digits_.push_back(sum % 10);
      carry = sum / 10;
    }
    return out.trimmed();
  }
  Big times(const Big& other) const {
    Big out(0);
    out.digits_.assign(digits_.size() + other.digits_.size() + 1, 0);
    for (std::size_t i = 0; i < digits_.size(); ++i) {
      for (std::size_t k = 0; k < other.digits_.size(); ++k) {
        out.digits_[i + k] += digits_[i] * other.digits_[k];
        out.digits_[i + k + 1] += out.digits_[i + k] / 10;
        out.digits_[i + k] %= 10;
      }
    }
    for (std::size_t i = 0; i + 1 < out.digits_.size(); ++i) {
      out.digits_[i + 1] += out.digits_[i] / 10;
      out.digits_[i] %= 10;
    }
    return out.trimmed();
  }
  bool operator<=(const Big& other) const {
    if (digits_.size() != other.digits_.size()) return digits_.size() < other.digits_.size();
    return std::lexicographical_compare(digits_.rbegin(), digits_.rend(), other.digits_.rbegin(),
                                        other.digits_.rend()) ||
           digits_ == other.digits_;
  }
  std::string str() const {
    std::string out;
    for (auto digit = digits_.rbegin(); digit != digits_.rend(); ++digit) out += static_cast<char>('0' + *digit);
    return out;
  }

 private:
  int at(std::size_t i) const { return i < digits_.size() ? digits_[i] : 0; }
  Big trimmed() {
    while (digits_.size() > 1 && digits_.back() == 0) digits_.pop_back();
    return *this;
  }
  std::vector<int> digits_;  // least first
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ = state_ * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    return (state_ >> 33) ^ (state_ << 31);
  }
  // Of any size up to 63 bits, small ones as often as large ones.
  std::int64_t positive() { return static_cast<std::int64_t>((next() >> 1) >> (next() % 63)) | 1; }
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n)); }

 private:
  std::uint64_t state_;
};

const Big kMost(static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));

Big big(std::int64_t value) {
  return Big(static_cast<std::uint64_t>(value));
}

TEST(BigIntegerTest, TheReferenceCanCount) {
  EXPECT_EQ(big(999).plus(big(1)).str(), "1000");
  EXPECT_EQ(big(123'456'789).times(big(987'654'321)).str(), "121932631112635269");
  EXPECT_EQ(kMost.times(kMost).str(), "85070591730234615847396907784232501249");
  EXPECT_TRUE(big(99) <= big(100));
  EXPECT_FALSE(big(101) <= big(100));
}

TEST(BigIntegerTest, MoneyAddsAndMultipliesOrRefuses) {
  Random random(11);
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t a = random.positive();
    const std::int64_t b = random.positive();
    const auto sum = fen(a).plus(fen(b));
    const Big true_sum = big(a).plus(big(b));
    ASSERT_EQ(sum.ok(), true_sum <= kMost) << a << " + " << b;
    if (sum) {
      ASSERT_EQ(big(sum->minor()).str(), true_sum.str());
    }
    const auto product = fen(a).times(b);
    const Big true_product = big(a).times(big(b));
    ASSERT_EQ(product.ok(), true_product <= kMost) << a << " * " << b;
    if (product) {
      ASSERT_EQ(big(product->minor()).str(), true_product.str());
    }
  }
}

TEST(BigIntegerTest, ToleranceIsExactAtEverySize) {
  Random random(12);
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t server = random.positive();
    std::int64_t claim = random.positive();
    // Half of the time near the edge, where a rounding would show.
    if (random.below(2) == 0) {
      const std::int64_t off = server / 200 + random.below(3) - 1;
      if (off >= 0 && off < server) claim = server - off;
    }
    const std::int64_t per_mille = random.below(51);
    const std::int64_t off = claim > server ? claim - server : server - claim;
    const bool inside = big(off).times(big(1'000)) <= big(server).times(big(per_mille));
    ASSERT_EQ(rules::within_tolerance(claim, server, per_mille), inside) << claim << " of " << server;
    const bool half_percent = big(off).times(big(200)) <= big(server);
    ASSERT_EQ(rules::within_tolerance(claim, server), half_percent) << claim << " of " << server;
  }
}

// Lists of refunds over a few payments: accepted exactly when schoolbook sums say so.
TEST(BigIntegerTest, ARefundListIsAcceptedExactlyWhenItBalances) {
  Random random(13);
  int accepted = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::vector<PaymentIntent> owned;
    for (char id : {'1', '2', '3'}) {
      PaymentIntent intent = samples::paid(id);
      intent.amount = intent.captured = fen(1 + random.below(5'000));
      intent.lines = {{samples::sku("TEA"), "tea", 1, intent.amount}};
      intent.refunded = fen(random.below(intent.captured.minor() + 1));
      owned.push_back(std::move(intent));
    }
    RefundProposal proposal;
    std::vector<Big> taken(owned.size(), Big(0));
    Big sum(0);
    const std::int64_t entries = 1 + random.below(4);
    for (std::int64_t e = 0; e < entries; ++e) {
      const auto which = static_cast<std::size_t>(random.below(3));
      const std::int64_t amount = 1 + random.below(2'000);
      RefundProposal::Entry entry;
      entry.intent = owned[which].id;
      entry.amount_fen = amount;
      entry.reason = "broken";
      proposal.entries.push_back(std::move(entry));
      taken[which] = taken[which].plus(big(amount));
      sum = sum.plus(big(amount));
    }
    bool good = true;
    for (std::size_t k = 0; k < owned.size(); ++k)
      good = good && taken[k] <= big(owned[k].captured.minor() - owned[k].refunded.minor());
    if (random.below(2) == 0) {
      const std::int64_t stated = std::stoll(sum.str()) + (random.below(4) == 0 ? 1 : 0);
      proposal.total_fen = stated;
      good = good && big(stated).str() == sum.str();
    }
    RefundPolicy policy;
    policy.auto_limit_fen = 1'000'000'000;
    policy.list_max = 10;
    policy.reason_max = 80;
    const auto list = check_refunds(owned, proposal, policy);
    ASSERT_EQ(list.ok(), good) << i << (list ? "" : ": " + list.error().message);
    accepted += list.ok();
  }
  EXPECT_GT(accepted, 500);
}

}  // namespace
}  // namespace purser
