// What customers are told of refusals.
#include "validation/rules/user_reasons.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace purser::rules {
namespace {

TEST(UserReasonsTest, EachCodeOfTheRulesHasItsOwnInBothLanguages) {
  std::set<std::string_view> zh;
  std::set<std::string_view> en;
  const Errc of_rules[] = {Errc::unknown_sku,
                           Errc::sku_not_on_sale,
                           Errc::price_mismatch,
                           Errc::total_mismatch,
                           Errc::currency_mismatch,
                           Errc::quantity_out_of_range,
                           Errc::duplicate_lines,
                           Errc::amount_out_of_range,
                           Errc::order_amount_out_of_range,
                           Errc::catalogue_stale,
                           Errc::description_invalid,
                           Errc::active_payment_exists,
                           Errc::not_found,
                           Errc::cancel_not_allowed,
                           Errc::refund_not_allowed,
                           Errc::refund_total_mismatch,
                           Errc::refund_amount_mismatch,
                           Errc::refund_exceeds_remaining,
                           Errc::lines_exceed_order,
                           Errc::refund_reason_invalid,
                           Errc::refund_spacing,
                           Errc::refund_window_over,
                           Errc::refund_count_spent,
                           Errc::needs_operator,
                           Errc::budget_spent,
                           Errc::rail_declined,
                           Errc::json_malformed};
  for (Errc code : of_rules) {
    zh.insert(reason_for_user(code, "zh-CN"));
    en.insert(reason_for_user(code, "en"));
  }
  EXPECT_EQ(zh.size(), std::size(of_rules));
  EXPECT_EQ(en.size(), std::size(of_rules));
  for (std::string_view text : en) {
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c > 0 && (c < '0' || c > '9'); })) << text;
  }
  EXPECT_EQ(reason_for_user(Errc::machine_field, "fr"), reason_for_user(Errc::json_malformed, "en"));
}

}  // namespace
}  // namespace purser::rules
