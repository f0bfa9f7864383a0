#include "agent/replay/quoted.hpp"

#include "validation/money/ascii.hpp"
#include "validation/rules/personal_data.hpp"

namespace purser::replay {
namespace {

void links_of(std::string_view text, std::set<std::string, std::less<>>& into) {
  for (const std::string_view begin : kPayLinks)
    for (auto at = text.find(begin); at != text.npos; at = text.find(begin, at + 1))
      into.insert(std::string(link_at(text, at)));
}

}  // namespace

std::string_view link_at(std::string_view text, std::size_t at) {
  constexpr std::string_view marks = "-._~:/?#@!$&*+,;=%";
  std::size_t end = at;
  while (end < text.size() && (ascii::is_alnum(text[end]) || marks.find(text[end]) != marks.npos)) ++end;
  return text.substr(at, end - at);
}

void Quoted::add(std::string_view text) {
  const std::size_t before = links_.size();
  links_of(text, links_);
  if (links_.size() > before) links_of(rules::mask_personal_data(text).text, links_);
}

bool Quoted::holds(std::string_view link) const {
  const auto next = links_.lower_bound(link);
  return next != links_.end() && std::string_view(*next).starts_with(link);
}

}  // namespace purser::replay
