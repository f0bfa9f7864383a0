// Targets and queries taken apart, strictly: what two readers could read differently is an error, never a guess.
#pragma once

#include "validation/money/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser::http {

// "%E4%BD%A0" decoded. Error: malformed_text for a broken escape, and for what decodes to a control character or to
// bytes that are not UTF-8.
Result<std::string> percent_decode(std::string_view text);

// "/v1/threads/a%20b" -> {"v1", "threads", "a b"}; "/" -> {}. Error: malformed_text also for an empty segment, "." and
// "..", and for an encoded '/'.
Result<std::vector<std::string>> path_segments(std::string_view path);

using Query = std::vector<std::pair<std::string, std::string>>;

// "a=1&b=x%20y" in its order; '+' is a space. Error: malformed_text also for an empty piece, a piece without '=' or
// without a name, and a name that stands twice.
Result<Query> parse_query(std::string_view query);

}  // namespace purser::http
