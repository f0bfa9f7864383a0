#include "config/document.hpp"

#include "config/assign.hpp"
#include "config/definitions.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace purser {
namespace {

constexpr std::string_view kOpening = R"(# Settings

Made from the table in `config/definitions_*.cpp`; a test keeps it current.

A value comes from, the later winning: the default, the configuration file (`--config FILE` or `PURSER_CONFIG`), the
environment, `--set section.name=value`. An environment variable that is empty counts as unset.

The file is one JSON object of sections, like `config/default.json`; it needs to hold only what differs. It is read
strictly: a setting that does not exist, a key that stands twice, a comment or a value out of bounds is an error, and
all of them are told at once (`purser check-config FILE`).

Secrets never stand in the file or in the arguments: they come by variable, or as a file that the variable with `_FILE`
behind its name points to (`PURSER_LLM_API_KEY_FILE=/run/secrets/llm`). Such a file must not be readable by others (mode
0600, or provided by root on a read-only mount); a line end behind the secret is dropped.
)";

std::string_view section_of(const Definition& definition) {
  return definition.key.substr(0, definition.key.find('.'));
}
std::string_view name_of(const Definition& definition) {
  return definition.key.substr(definition.key.find('.') + 1);
}

bool in_file(const Definition& definition, const PlainValue& value) {
  return !is_secret(definition) || is_open_value(definition, value);
}

std::string default_cell(const Definition& definition) {
  const PlainValue value = read(definition, Settings());
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && text->empty() ? "empty" : "`" + shown(value) + "`";
}

std::string variable_cell(const Definition& definition) {
  const std::string name = "`" + variable_of(definition) + "`";
  return is_secret(definition) ? name + ", `…_FILE`" : name;
}

std::string row(const Definition& d) {
  std::string line = "| `" + std::string(d.key) + "` | " + std::string(type_of(d)) + " | " + default_cell(d) + " | ";
  return line + rule_of(d) + " | " + variable_cell(d) + " | " + std::string(d.description) + " |\n";
}

}  // namespace

std::string config_markdown() {
  std::string text(kOpening);
  std::string_view section;
  for (const auto& definition : definitions()) {
    if (section_of(definition) != section) {
      section = section_of(definition);
      text += "\n## " + std::string(section) + "\n\n";
      text += "| setting | type | default | what it may be | environment | what it does |\n|---|---|---|---|---|---|\n";
    }
    text += row(definition);
  }
  return text;
}

std::string default_config_json() {
  nlohmann::ordered_json file = nlohmann::ordered_json::object();
  const Settings defaults;
  for (const auto& definition : definitions()) {
    const PlainValue value = read(definition, defaults);
    if (!in_file(definition, value)) continue;
    auto& place = file[std::string(section_of(definition))][std::string(name_of(definition))];
    std::visit(
        [&](const auto& v) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) place = v;
        },
        value);
  }
  return file.dump(2) + "\n";
}

}  // namespace purser
