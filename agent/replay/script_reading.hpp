// A script's file as it is read: a text of bounded size, and JSON in which nothing is said twice.
#pragma once

#include "validation/money/result.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>

namespace purser::replay {

inline constexpr std::size_t kScriptBytesMax = 16U << 20;
inline constexpr std::size_t kScriptDepthMax = 64;

// Error: config_unreadable for what is no file, is larger, or cannot be read.
Result<std::string> read_script_text(const std::string& path);

// Error: request_malformed with "path:line: " before what was found; also for a key that stands twice in one object and
// for what is nested deeper.
Result<nlohmann::json> parse_script_text(const std::string& path, const std::string& text);

}  // namespace purser::replay
