// Seeded attackers: whatever they propose, what is accepted holds the server's figures and never more than is there.
#include "tests/support/samples.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/pipeline.hpp"
#include "validation/rules/tool_fields.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>

namespace purser {
namespace {

using samples::fen;
using samples::intent_id;
using samples::paid;
using samples::sku;

constexpr std::uint64_t kSeed = 20260105;
constexpr std::int64_t kAttackedMax = 2'000'000;
__extension__ typedef __int128 Wide;

class Attacker {
 public:
  explicit Attacker(std::uint64_t seed) : random_(seed) {}

  bool one_in(std::uint64_t n) { return random_() % n == 0; }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  // A figure near `honest`, or an extreme one.
  std::int64_t figure(std::int64_t honest) {
    constexpr std::int64_t extremes[] = {0,
                                         1,
                                         -1,
                                         std::numeric_limits<std::int64_t>::max(),
                                         std::numeric_limits<std::int64_t>::min(),
                                         kAttackedMax,
                                         kAttackedMax + 1};
    switch (below(4)) {
      case 0:
        return extremes[below(std::size(extremes))];
      case 1:
        return honest + static_cast<std::int64_t>(below(401)) - 200;
      default:
        return honest;
    }
  }

 private:
  std::mt19937_64 random_;
};

OrderProposal any_order(Attacker& attacker, const Catalogue& shop) {
  constexpr std::string_view skus[] = {"TEA", "CUP", "SWEET", "OLD", "YEN", "NO"};
  OrderProposal proposal;
  for (std::uint64_t lines = 1 + attacker.below(3); lines > 0; --lines) {
    const auto name = skus[attacker.one_in(4) ? attacker.below(6) : attacker.below(3)];
    rules::LineClaim line{sku(name), attacker.figure(1 + static_cast<std::int64_t>(attacker.below(20))), std::nullopt};
    const CatalogueItem* item = shop.find(line.sku);
    if (attacker.one_in(2)) line.unit_price_fen = attacker.figure(item == nullptr ? 100 : 19'900);
    proposal.lines.push_back(line);
  }
  if (attacker.one_in(3)) proposal.total_fen = attacker.figure(39'800);
  if (attacker.one_in(3)) proposal.currency = attacker.one_in(3) ? "JPY" : "CNY";
  return proposal;
}

TEST(AttackerTest, AnAcceptedOrderCostsWhatTheCatalogueSays) {
  const Catalogue shop = samples::shop();
  Attacker attacker(kSeed);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const OrderProposal proposal = any_order(attacker, shop);
    const auto order = check_order(shop, proposal, OrderPolicy{kAttackedMax, 50, 3}, i % 2 == 0 ? "zh" : "en");
    if (!order) continue;
    ++accepted;
    Wide expected = 0;
    ASSERT_EQ(order->lines.size(), proposal.lines.size());
    for (std::size_t j = 0; j < proposal.lines.size(); ++j) {
      const CatalogueItem* item = shop.find(proposal.lines[j].sku);
      ASSERT_TRUE(item != nullptr && item->on_sale);
      ASSERT_EQ(order->lines[j].unit_price, item->unit_price);
      ASSERT_EQ(order->lines[j].quantity, proposal.lines[j].quantity);
      expected += Wide{item->unit_price.minor()} * proposal.lines[j].quantity;
    }
    ASSERT_EQ(Wide{order->amount.minor()}, expected);
    ASSERT_TRUE(order->amount.minor() >= 1 && order->amount.minor() <= kAttackedMax);
  }
  EXPECT_GT(accepted, 1'000) << "an attacker who is always refused tests nothing";
}

RefundProposal any_refunds(Attacker& attacker) {
  RefundProposal proposal;
  for (std::uint64_t entries = 1 + attacker.below(4); entries > 0; --entries) {
    RefundProposal::Entry entry;
    entry.intent = intent_id(static_cast<char>('1' + attacker.below(attacker.one_in(5) ? 5 : 2)));
    entry.all = attacker.one_in(6);
    if (attacker.one_in(2)) entry.amount_fen = attacker.figure(attacker.one_in(2) ? 19'900 : 5'000);
    for (std::uint64_t lines = attacker.below(3); lines > 0 && attacker.one_in(2); --lines) {
      entry.lines.push_back({sku(attacker.one_in(5) ? "CUP" : "TEA"), attacker.figure(1)});
    }
    entry.reason = attacker.one_in(10) ? "" : "broken";
    proposal.entries.push_back(std::move(entry));
  }
  if (attacker.one_in(4)) proposal.total_fen = attacker.figure(19'900);
  return proposal;
}

TEST(AttackerTest, AcceptedRefundsNeverGiveBackMoreThanIsLeft) {
  Attacker attacker(kSeed + 1);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<PaymentIntent> owned = {paid('1'), paid('2'), paid('3')};
    owned[0].refunded = fen(static_cast<std::int64_t>(attacker.below(20'000)));
    owned[0].refund_reserved = fen(static_cast<std::int64_t>(attacker.below(19'000)));
    owned[2].state = IntentState::expired;
    const RefundPolicy policy{60'000, static_cast<std::int64_t>(attacker.below(30'000)), 4, 80};
    const RefundProposal proposal = any_refunds(attacker);
    const auto list = check_refunds(owned, proposal, policy);
    if (!list) continue;
    ++accepted;
    std::map<IntentId, std::int64_t> given;
    std::int64_t total = 0;
    for (const CheckedRefund& refund : *list) {
      ASSERT_GE(refund.amount.minor(), 1);
      ASSERT_FALSE(refund.reason.empty());
      given[refund.intent] += refund.amount.minor();
      total += refund.amount.minor();
    }
    ASSERT_EQ(given.count(intent_id('3')), 0u);
    for (const PaymentIntent& intent : owned) ASSERT_LE(given[intent.id], refundable(intent).minor());
    ASSERT_LE(policy.refunded_today_fen + total, policy.auto_limit_fen);
    ASSERT_TRUE(!proposal.total_fen || *proposal.total_fen == total);
    ASSERT_EQ(list->size(), proposal.entries.size()) << "the whole list or nothing";
  }
  EXPECT_GT(accepted, 1'000);
}

// Bytes of an honest call, changed at random: refused, or still a call of the same shape.
TEST(AttackerTest, BrokenTextIsRefusedOrHasTheShape) {
  const rules::ToolSpec spec{"buy",
                             "",
                             true,
                             {rules::required(rules::list("lines", "", 1, 3,
                                                          {rules::required(rules::id("sku", "", SkuTag::shape)),
                                                           rules::required(rules::integer("quantity", "", 1, 99))})),
                              rules::text("note", "", 0, 20)}};
  const std::string honest = R"({"lines":[{"sku":"TEA","quantity":2},{"sku":"CUP","quantity":1}],"note":"茶"})";
  Attacker attacker(kSeed + 2);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = honest;
    for (std::uint64_t changes = 1 + attacker.below(3); changes > 0; --changes) {
      const std::size_t at = attacker.below(text.size());
      const char byte =
          attacker.one_in(3) ? honest[attacker.below(honest.size())] : static_cast<char>(attacker.below(256));
      if (attacker.one_in(3)) {
        text.insert(at, 1, byte);
      } else {
        text[at] = byte;
      }
    }
    if (attacker.one_in(5)) text.resize(attacker.below(text.size()) + 1);
    auto parsed = parse_strict(text, JsonLimits{1'000, 8, 50, false});
    if (!parsed) continue;
    const auto arguments = rules::check_arguments(spec, std::move(*parsed));
    if (!arguments) {
      ASSERT_NO_THROW(static_cast<void>(nlohmann::json(arguments.error().message + arguments.error().param).dump()))
          << text;
      continue;
    }
    ++accepted;
    for (const auto& line : arguments->at("lines")) {
      ASSERT_TRUE(Sku::parse(line.at("sku").get<std::string>()).ok());
      ASSERT_TRUE(line.at("quantity").is_number_integer());
      ASSERT_TRUE(line.at("quantity") >= 1 && line.at("quantity") <= 99);
      ASSERT_EQ(line.size(), 2u);
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace purser
