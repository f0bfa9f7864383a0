// How the words of a customer find an item: Chinese by substring, since it is written without spaces, other scripts by
// whole words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace purser {

// The form in which texts are compared: words in lower case and without a plural s, one space around each; runs of
// Chinese characters as they stand; everything else is a space. Empty when nothing is left.
std::string search_form(std::string_view text);

// How well a query matches the terms of one item, both in search form; 0 is not at all. A term that is the query beats
// a term that stands within the query ("two packs of longjing"), which beats a query within a term, which beats single
// words.
int match_score(std::string_view query, const std::vector<std::string>& terms);

}  // namespace purser
