// The arguments of a tool, said once: from one list of fields come the JSON Schema that the model is sent, the strict
// check of what it wrote, and the page of the documentation.
//
//   const ToolSpec spec{"cancel_payment", "Cancels an unpaid payment.", false,
//                       {required(id("intent_id", "The payment to cancel.", IntentIdTag::shape))}};
#pragma once

#include "validation/money/ids.hpp"
#include "validation/money/result.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

enum class FieldKind : std::uint8_t { string, integer, boolean, object, list };

// Where a value came from (provenance.hpp).
enum class Provenance : std::uint8_t {
  user,       // the user's own words
  catalogue,  // the price list
  ledger,     // rows of this conversation: what the server issued or counted
  untrusted,  // text that merely stood in a description, a name, a note
  model,      // nowhere: the model made it up, or computed it
};

// What a field is to the rules about provenance.
enum class Meaning : std::uint8_t { plain, handle, sku, amount, count, share };

struct Field {
  std::string name;
  FieldKind kind = FieldKind::string;
  std::string description;  // for the model, in English
  bool required = false;
  std::int64_t min = 0;             // integer: the least value; string: characters; list: items
  std::int64_t max = 0;             // the most of the same
  std::vector<std::string> one_of;  // string: exactly one of these, when there are any
  const IdShape* shape = nullptr;   // string: an id of this shape, when set
  std::vector<Field> fields;        // object: its members; list: the members of each item, which is an object
  Meaning meaning = Meaning::plain;
  unsigned sources = ~0U;  // a bit for each Provenance that the value may have
};

// Free text of min to max characters, counted after hygiene.
Field text(std::string name, std::string description, std::int64_t min, std::int64_t max);
// An id: `shape` lives as long as the program (ThreadIdTag::shape and its like do).
Field id(std::string name, std::string description, const IdShape& shape);
Field choice(std::string name, std::string description, std::vector<std::string> one_of);
Field integer(std::string name, std::string description, std::int64_t min, std::int64_t max);
Field boolean(std::string name, std::string description);
Field object(std::string name, std::string description, std::vector<Field> fields);
Field list(std::string name, std::string description, std::int64_t min, std::int64_t max, std::vector<Field> item);
// An id that the server issued to this thread; any other is not found.
Field handle(std::string name, std::string description, const IdShape& shape);
// A SKU, wherever it came from: the catalogue knows which there are.
Field sku(std::string name, std::string description);
// A sum in minor units that decides what is done; it may not come from untrusted text.
Field amount(std::string name, std::string description, std::int64_t min, std::int64_t max);
// How many: bounded by the catalogue or the order, and shown to the user before money moves; where it came from is
// kept.
Field count(std::string name, std::string description, std::int64_t min, std::int64_t max);
// "all" or "half" of something, as a word or by its name: the same.
Field share(Field field);
// The same field, which must be there. Fields are optional otherwise.
Field required(Field field);

struct ToolSpec {
  std::string name;
  std::string description;  // for the model, in English
  bool moves_money = false;
  std::vector<Field> fields;
};

// {"type":"object","properties":{...},"required":[...],"additionalProperties":false}, the last two at every depth.
nlohmann::json json_schema(const ToolSpec& spec);

// The arguments as the tool may use them: free text comes back cleaned, everything else as it was. `arguments` came
// through parse_strict. The first mistake refuses the whole call; `param` is a JSON pointer to it. Errors:
// machine_field (looked for first, at any depth), json_unknown_key, json_missing_key, json_wrong_type (an integer is an
// integer token, never 2.0 or "2"; null is no value), json_out_of_range, malformed_id, malformed_text.
Result<nlohmann::json> check_arguments(const ToolSpec& spec, nlohmann::json arguments);

// A key that only the server fills (openid, out_trade_no, nonce, signature, notify_url, ...), ignoring case, '_' and
// '-'.
bool is_machine_field(std::string_view key);

// A heading, the description and a table of the fields.
std::string markdown(const ToolSpec& spec);

}  // namespace purser::rules
