#include "validation/rules/refund_reason.hpp"

#include "validation/money/text.hpp"
#include "validation/rules/personal_data.hpp"
#include "validation/rules/reply_links.hpp"

namespace purser::rules {

Result<std::string> refund_reason(std::string_view text, std::int64_t characters_max, const std::string& param) {
  const auto refused = [&](const std::string& rule) { return Error(Errc::refund_reason_invalid, rule, param); };
  const auto cleaned = clean(text, TextRules());
  if (!cleaned) return refused("the reason is not valid UTF-8");
  // The payer reads it on a card of the server's and at the rail: no more of a model's words than anywhere else.
  const std::string kept = without_links(mask_personal_data(cleaned->text).text);
  const std::size_t first = kept.find_first_not_of(' ');
  if (first == std::string::npos) return refused("a refund needs a reason from the conversation");
  const std::string reason = kept.substr(first, kept.find_last_not_of(' ') - first + 1);
  if (!fits_rail(reason)) return refused("the reason holds an emoji or another character of four bytes; leave it out");
  if (code_points(reason) > static_cast<std::size_t>(characters_max)) {
    return refused("the reason has more than " + std::to_string(characters_max) + " characters; make it shorter");
  }
  return reason;
}

}  // namespace purser::rules
