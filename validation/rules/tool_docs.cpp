// The two faces of a tool's fields that only describe: the JSON Schema for the model and the Markdown for people.
#include "validation/rules/tool_fields.hpp"

namespace purser::rules {
namespace {

using nlohmann::json;

// The id's shape as a regular expression; '-' stands last in the class, where it means itself.
std::string pattern_of(const IdShape& shape) {
  std::string also;
  bool dash = false;
  for (char c : shape.also) {
    if (c == '-') {
      dash = true;
    } else {
      also += c;
    }
  }
  return "^" + std::string(shape.prefix) + "[0-9A-Za-z" + also + (dash ? "-" : "") + "]{" +
         std::to_string(shape.length_min) + "," + std::to_string(shape.length_max) + "}$";
}

json schema_of_members(const std::vector<Field>& fields);

json schema_of(const Field& field) {
  json out = json::object();
  switch (field.kind) {
    case FieldKind::string:
      out["type"] = "string";
      if (field.shape != nullptr) {
        out["pattern"] = pattern_of(*field.shape);
      } else if (!field.one_of.empty()) {
        out["enum"] = field.one_of;
      } else {
        out["minLength"] = field.min;
        out["maxLength"] = field.max;
      }
      break;
    case FieldKind::integer:
      out = {{"type", "integer"}, {"minimum", field.min}, {"maximum", field.max}};
      break;
    case FieldKind::boolean:
      out["type"] = "boolean";
      break;
    case FieldKind::object:
      out = schema_of_members(field.fields);
      break;
    case FieldKind::list:
      out = {{"type", "array"}, {"minItems", field.min}, {"maxItems", field.max}};
      out["items"] = schema_of_members(field.fields);
      break;
  }
  if (!field.description.empty()) out["description"] = field.description;
  return out;
}

json schema_of_members(const std::vector<Field>& fields) {
  json properties = json::object();
  json needed = json::array();
  for (const Field& field : fields) {
    properties[field.name] = schema_of(field);
    if (field.required) needed.push_back(field.name);
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(needed)},
          {"additionalProperties", false}};
}

std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string type_of(const Field& field) {
  const std::string bounds = std::to_string(field.min) + " to " + std::to_string(field.max);
  switch (field.kind) {
    case FieldKind::string: {
      if (field.shape != nullptr) return std::string(field.shape->kind) + " id";
      if (field.one_of.empty()) return "string, " + bounds + " characters";
      std::string words;
      for (const std::string& word : field.one_of) words += (words.empty() ? "`" : ", `") + word + "`";
      return "one of " + words;
    }
    case FieldKind::integer:
      return "integer, " + bounds;
    case FieldKind::boolean:
      return "boolean";
    case FieldKind::object:
      return "object";
    case FieldKind::list:
      return "array, " + bounds + " objects";
  }
  return {};
}

void add_rows(const std::vector<Field>& fields, const std::string& before, std::string& out) {
  for (const Field& field : fields) {
    const std::string path = before + field.name;
    out += "| `" + path + "` | " + cell(type_of(field)) + " | " + (field.required ? "yes" : "no") + " | " +
           cell(field.description) + " |\n";
    add_rows(field.fields, path + (field.kind == FieldKind::list ? "[]." : "."), out);
  }
}

}  // namespace

json json_schema(const ToolSpec& spec) {
  return schema_of_members(spec.fields);
}

std::string markdown(const ToolSpec& spec) {
  std::string out = "### `" + spec.name + "`\n\n" + spec.description + "\n";
  if (spec.moves_money) out += "\nMoves money: every figure stated here is checked against the server's own.\n";
  if (spec.fields.empty()) return out + "\nNo arguments.\n";
  out += "\n| argument | type | required | meaning |\n|---|---|---|---|\n";
  add_rows(spec.fields, "", out);
  return out;
}

}  // namespace purser::rules
