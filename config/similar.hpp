// "Did you mean": the known word that a misspelt one is nearest to.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace purser {

// Empty when none is near: more than a third of the word, or more than four letters, would have to change.
std::string most_similar(std::string_view word, const std::set<std::string, std::less<>>& known);

}  // namespace purser
