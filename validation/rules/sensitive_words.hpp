// What an operator does not want to read on a payer's bank statement.
#pragma once

#include "validation/money/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

// The words of a list that is separated by commas (also ，and 、), trimmed, in lower case; empty ones are left out.
std::vector<std::string> word_list(std::string_view text);

// None of `words` stands in `text`. Latin letters are compared without case, and words of Latin letters only as whole
// words; Chinese is compared by substring, also with spaces or punctuation put between its characters. Error:
// refund_reason_invalid, which does not repeat the word.
Result<void> sensitive_words(std::string_view text, const std::vector<std::string>& words, const std::string& param);

}  // namespace purser::rules
