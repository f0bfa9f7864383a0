#include "gateway/catalogue/outside.hpp"

#include "validation/money/json_gate.hpp"
#include "validation/money/text.hpp"

namespace purser {
namespace {

// One item with all that it may have is a third of this; as an item within the catalogue it is two levels further down.
constexpr JsonLimits kLimitsOfItem{256u << 10, 6, 1'000, false};
constexpr std::size_t kShownMax = 64;

}  // namespace

Result<nlohmann::json> read_outside_object(std::string_view text, const std::string& whose, const char* setting) {
  auto document = parse_strict(text, kLimitsOfItem);
  if (!document) {
    const Error& why = document.error();
    const std::string place = why.param.empty() ? "" : ", " + why.param;
    return Error(Errc::config_bad_value, whose + place + ": " + why.message, setting);
  }
  if (!document->is_object()) return Error(Errc::config_bad_value, whose + ": must be a JSON object", setting);
  return document;
}

std::string shown_of(std::string_view text) {
  if (!valid_utf8(text)) return "(bytes that are not UTF-8)";
  const std::string_view head = first_code_points(text, kShownMax);
  return head.size() < text.size() ? std::string(head) + "..." : std::string(head);
}

}  // namespace purser
