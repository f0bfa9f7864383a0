// When words of buying, refunding or cancelling are no order to do so: questions, denials, exceptions, stories of
// yesterday, and amounts in units that are not understood. The shop asks back then; what moves money is never guessed.
#pragma once

#include <string>
#include <string_view>

namespace purser::dialogue {

// All take the text in lower case, with full-width digits and signs made plain (plain_text).
bool doubtful_order(const std::string& text);
// Asks for another price, or for nothing to pay.
bool haggles(const std::string& text);
// `clause`: the part of the text that speaks of the refund.
bool doubtful_refund(const std::string& text, const std::string& clause);
// Speaks of a refund that was made, or says that none was wanted.
bool tells_of_refund(const std::string& clause);
bool doubtful_cancel(const std::string& text);

// Lower case; full-width digits and signs as their plain ones.
std::string plain_text(std::string_view text);

}  // namespace purser::dialogue
