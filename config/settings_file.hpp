// The configuration file: one JSON object of sections, each an object of plain values. Strict, because a setting that
// is silently not read is worse than a daemon that does not start: no comments, no key twice, nothing nested deeper.
#pragma once

#include "config/mistake.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace purser {

// A value before its type is known to be right. monostate: null, a fraction, an array or an object.
using PlainValue = std::variant<std::monostate, std::string, std::int64_t, bool>;

struct FileEntry {
  std::string key;  // "section.name"
  PlainValue value;
};

struct FileContents {
  std::vector<FileEntry> entries;     // in the order of the file
  std::vector<std::string> sections;  // also those that hold nothing
  Mistakes mistakes;
};

// `source` names the file in the mistakes. A syntax error is told with line and column and ends the reading.
FileContents parse_settings_file(std::string_view text, const std::string& source);

}  // namespace purser
