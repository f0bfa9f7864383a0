// What an operator does not want to read on a payer's bank statement.
#pragma once

#include "validation/money/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

// The words of a list that is separated by commas (also ，and 、), trimmed, in lower case; empty ones are left out.
std::vector<std::string> word_list(std::string_view text);

// None of `words` stands in `text`, as both read: without case, letters that look alike being the same, and whatever
// spaces or punctuation stand between them. Words of Latin letters are found only as whole words or their plural,
// Chinese ones anywhere. Error: refund_reason_invalid, which does not repeat the word.
Result<void> sensitive_words(std::string_view text, const std::vector<std::string>& words, const std::string& param);

}  // namespace purser::rules
