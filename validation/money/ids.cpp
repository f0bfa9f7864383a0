#include "validation/money/ids.hpp"

#include <algorithm>

namespace purser {
namespace {

bool is_base62(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::string rule_of(const IdShape& shape) {
  std::string rule = "a " + std::string(shape.kind) + " id is ";
  if (!shape.prefix.empty()) rule += "'" + std::string(shape.prefix) + "' and ";
  rule += std::to_string(shape.length_min) + " to " + std::to_string(shape.length_max) + " letters or digits";
  if (!shape.also.empty()) rule += " or one of " + std::string(shape.also);
  return rule;
}

}  // namespace

Result<void> check_id(const IdShape& shape, std::string_view text) {
  const auto refused = [&] { return Error(Errc::malformed_id, rule_of(shape), std::string(shape.kind)); };
  if (!text.starts_with(shape.prefix)) return refused();
  text.remove_prefix(shape.prefix.size());
  if (text.size() < shape.length_min || text.size() > shape.length_max) return refused();
  const auto allowed = [&](char c) { return is_base62(c) || shape.also.find(c) != std::string_view::npos; };
  if (!std::all_of(text.begin(), text.end(), allowed)) return refused();
  return success();
}

}  // namespace purser
