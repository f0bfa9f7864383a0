// Links in a reply come from cards that the server makes, never from a model: a written link could send the user to pay
// someone else.
#pragma once

#include <string>
#include <string_view>

namespace purser::rules {

// The text without URLs of any scheme (weixin:// and wxp:// too), host names, HTML tags, and the link and image marks
// of Markdown; their visible words stay.
std::string without_links(std::string_view text);

}  // namespace purser::rules
