// Scripts from files: read, held against the published schema (agent/replay/script.schema.json), parameters filled in,
// parts included. A mistake names the file, the line, and what was expected there.
#pragma once

#include "validation/money/result.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::replay {

// One run: a file, or one row of its table.
struct Script {
  std::string path;
  std::string name;
  nlohmann::json root;                // without "steps", values filled in
  std::vector<nlohmann::json> steps;  // included parts in their places
  std::vector<std::string> where;     // "file:line" of each step
  struct Place {
    std::string file;
    std::string pointer;
  };
  std::vector<Place> places;                // of each step
  std::size_t rows = 1;                     // of the table that this is one of
  std::string row;                          // which of them; empty: there is no table
  std::shared_ptr<const std::string> text;  // of the file, for the lines of what stands beside the steps
};

// A file, or every *.json of a folder and the folders in it, in the order of their names; those in a folder named
// "parts" are for inclusion. All mistakes at once, one a line. Error: config_unreadable, request_malformed.
Result<std::vector<Script>> load_scripts(const std::string& path);
// The same for one document; `path` is for messages and for what it includes.
Result<std::vector<Script>> parse_scripts(const std::string& path, const std::string& text);

// The line, from 1, on which the value at a JSON pointer begins in a valid JSON text; the nearest parent's when it is
// not there.
std::size_t line_of(std::string_view text, std::string_view pointer);

// From where to where that value stands in the text, in bytes; nothing when it is not there.
std::optional<std::pair<std::size_t, std::size_t>> span_of(std::string_view text, std::string_view pointer);

// What breaks the schema, as (pointer, rule). Knows the words that the schema uses, no more.
std::vector<std::pair<std::string, std::string>> schema_mistakes(const nlohmann::json& schema,
                                                                 const nlohmann::json& value);
std::string_view script_schema();

}  // namespace purser::replay
