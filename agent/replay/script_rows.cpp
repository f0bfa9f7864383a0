#include "agent/replay/script_rows.hpp"

#include "agent/replay/match.hpp"
#include "agent/replay/script.hpp"
#include "validation/money/json_gate.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>

namespace purser::replay {
namespace {

using nlohmann::json;
using Mistakes = std::vector<ScriptMistake>;
using NameList = std::vector<std::string_view>;

// What a row shows to a script: Stage::view().
const NameList kIntentMembers{"id",       "state",   "amount",  "lines",        "captured",     "refunded",
                              "reserved", "expires", "failure", "out_trade_no", "renewed_from", "$exact"};
const NameList kRefundMembers{"id",     "payment_intent", "out_refund_no", "state",
                              "amount", "reason",         "failure",       "$exact"};
const NameList kAmountMembers{"value", "currency", "$exact"};
const NameList kLineMembers{"sku", "quantity", "unit_price", "$exact"};
// Stage::ledger_since(), and what a line of the ledger is of.
const NameList kLedgerKinds{"capture", "late_capture", "duplicate_capture", "refund",
                            "fee",     "fee_return",   "token_cost"};
const NameList kIntentStates{"created",  "awaiting_payment", "succeeded", "expired",
                             "canceled", "failed",           "unknown",   "conflicted"};
// As rows show them, and as they are called beneath.
const NameList kRefundRowStates{"created", "pending", "succeeded", "failed", "abnormal", "unknown"};
const NameList kRefundStatesBeneath{"created", "processing", "succeeded", "failed", "abnormal", "unknown"};

bool stands_among(const NameList& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string told_names(const NameList& names) {
  std::string out;
  for (const std::string_view name : names)
    if (name != "$exact") out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

void check_members(const json& row, const NameList& names, const std::string& at, Mistakes& out) {
  if (!row.is_object()) return;
  for (const auto& [key, value] : row.items())
    if (!stands_among(names, key))
      out.push_back({pointer_to(at, key), "no such key; expected one of " + told_names(names)});
}

// A word that tells nothing from anything else of its kind.
bool is_any(const json& value) {
  return value == "$any" || value == "$str" || value == "$int";
}

// Whether there is anything that does not meet it; of an object by one of its members.
bool tells_apart(const json& value) {
  if (!value.is_object()) return !is_any(value);
  for (const auto& [key, member] : value.items())
    if (key != "$exact" && !is_any(member)) return true;
  return false;
}

void check_state(const json& state, const NameList& names, const std::string& at, Mistakes& out) {
  const std::string text = state.is_string() ? state.get<std::string>() : std::string();
  if (text.starts_with("$re:")) {
    try {
      const std::regex pattern(text.substr(4));
      const auto meets = [&](std::string_view name) { return std::regex_search(std::string(name), pattern); };
      const auto met = std::count_if(names.begin(), names.end(), meets);
      if (met == 0) out.push_back({at, "no state meets \"" + text + "\"; there are " + told_names(names)});
      if (met == std::ssize(names)) out.push_back({at, "every state meets \"" + text + "\""});
    } catch (const std::regex_error&) {
      return;  // told with all regular expressions
    }
    return;
  }
  const bool captured = text.starts_with('$') && !is_loose(text) && text != "$absent";
  if (!captured && !stands_among(names, text))
    out.push_back({at, "expected a state, one of " + told_names(names) + ", found " + state.dump()});
}

void check_line(const json& line, const std::string& at, Mistakes& out) {
  check_members(line, kLineMembers, at, out);
  if (!line.is_object()) {
    out.push_back({at, "expected an object of " + told_names(kLineMembers) + ", found " + line.dump()});
  } else if (!tells_apart(line)) {
    out.push_back({at, "every line meets " + line.dump()});
  }
}

void check_lines(const json& lines, const std::string& at, Mistakes& out) {
  if (is_any(lines) || lines == "$absent")
    out.push_back({at, "expected a list of lines, found " + lines.dump() + ", and every intent has one"});
  if (!lines.is_array()) return;
  for (std::size_t i = 0; i < lines.size(); ++i) check_line(lines[i], pointer_to(at, i), out);
}

}  // namespace

void check_row(const json& row, RowKind kind, const std::string& at, Mistakes& out) {
  if (!row.is_object()) return;
  if (row.empty()) out.push_back({at, R"(an empty row expects nothing; {"id": "$any"} says that there is one)"});
  check_members(row, kind == RowKind::intent ? kIntentMembers : kRefundMembers, at, out);
  // Only by what a row is found, and only that there is one.
  constexpr std::array<std::string_view, 4> kOwnRules{"id", "out_refund_no", "state", "lines"};
  for (const auto& [key, value] : row.items())
    if (is_any(value) && !is_money(key) && std::find(kOwnRules.begin(), kOwnRules.end(), key) == kOwnRules.end())
      out.push_back({pointer_to(at, key), "every row meets " + value.dump() +
                                              "; of a text \"$re:.\" says that it is not empty, \"\" that it is"});
  if (row.contains("state"))
    check_state(row["state"], kind == RowKind::intent ? kIntentStates : kRefundRowStates, at + "/state", out);
  if (row.contains("amount")) {
    check_members(row["amount"], kAmountMembers, at + "/amount", out);
    if (row["amount"].is_object() && !tells_apart(row["amount"]))
      out.push_back({at + "/amount", "every amount meets " + row["amount"].dump()});
  }
  if (kind == RowKind::intent && row.contains("lines")) check_lines(row["lines"], at + "/lines", out);
}

void check_ledger(const json& lines, const std::string& at, Mistakes& out) {
  NameList members = kLedgerKinds;
  members.insert(members.end(), {"intent", "$exact"});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string here = pointer_to(at, i);
    check_members(lines[i], members, here, out);
    std::size_t kinds = 0;
    for (const auto& [key, value] : lines[i].items()) {
      if (!stands_among(kLedgerKinds, key)) continue;
      ++kinds;
      const bool captured = value.is_string() && value.get_ref<const std::string&>().starts_with('$');
      const bool sum = value.is_number_integer() || (captured && value != "$absent");
      if (!sum) out.push_back({pointer_to(here, key), "expected a sum, found " + value.dump()});
    }
    if (kinds != 1)
      out.push_back({here, "a line of the ledger is of one kind, with its sum: expected one of " +
                               told_names(kLedgerKinds) + ", found " + (kinds == 0 ? "none" : "several")});
  }
}

void check_end_states(const json& states, RowKind kind, const std::string& at, Mistakes& out) {
  for (std::size_t i = 0; i < states.size(); ++i)
    check_state(states[i], kind == RowKind::intent ? kIntentStates : kRefundStatesBeneath, pointer_to(at, i), out);
}

}  // namespace purser::replay
