// What both forms of an answer, one document and a stream of pieces, have in common: how its end is judged, when the
// arguments of a call are complete, what was used. Inside of the wire codec.
#pragma once

#include "gateway/llm/wire.hpp"
#include "gateway/llm/wire_error.hpp"
#include "gateway/llm/wire_fields.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace purser::llm {

inline constexpr std::size_t kCallIdBytesMax = 256;

Failure malformed(std::string what);
Failure cut_at_the_limit();
Reading failed(Failure failure);

enum class Ending { natural, cut, filtered, aborted, unknown };
Ending ending_of(std::string_view finish_reason);

// Tool calls are decided by what is there; the finish reason can only veto them.
Reading judge(ModelAnswer answer, std::string_view finish_reason);

// The exact text of one complete JSON object; nothing at all means no arguments. Error: model_malformed.
Result<std::string> complete_arguments(std::string text, const WireLimits& limits);

// What `root` says was used; nothing when it does not say so.
std::optional<Usage> told_usage(element root);
// A guess from the bytes of question and answer, marked as one.
Usage estimated_usage(const ModelAnswer& answer, const Asked& asked);

bool says_json(std::string_view content_type);
bool says_event_stream(std::string_view content_type);

}  // namespace purser::llm
