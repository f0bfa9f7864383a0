#include "agent/replay/script_vacuous.hpp"

#include "agent/replay/match.hpp"
#include "agent/replay/script.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <string_view>

namespace purser {
std::string_view openapi_document();  // embedded by the build
}

namespace purser::replay {
namespace {

using nlohmann::json;
using Mistakes = std::vector<ScriptMistake>;

// What a row shows to a script: Stage::view().
constexpr std::array kIntentMembers{"id",       "state",   "amount",  "lines",        "captured",     "refunded",
                                    "reserved", "expires", "failure", "out_trade_no", "renewed_from", "$exact"};
constexpr std::array kRefundMembers{"id",     "payment_intent", "out_refund_no", "state",
                                    "amount", "reason",         "failure",       "$exact"};
constexpr std::array kAmountMembers{"value", "currency", "$exact"};
constexpr std::array kLineMembers{"sku", "quantity", "unit_price", "$exact"};
// What tools take, what they answer and what notices tell, anywhere in them.
constexpr std::array kArgumentMembers{"all",    "amount_fen", "currency", "half",           "if_open", "limit",
                                      "lines",  "quantity",   "query",    "payment_intent", "sku",     "unit_price_fen",
                                      "reason", "share",      "refunds",  "total_fen"};
constexpr std::array kToolMembers{"amount_fen",
                                  "approval",
                                  "captured_fen",
                                  "changed_prices",
                                  "code",
                                  "created_at",
                                  "currency",
                                  "description",
                                  "expires_at",
                                  "for_customer",
                                  "from",
                                  "items",
                                  "lines",
                                  "name",
                                  "note",
                                  "param",
                                  "may_still_be_paid",
                                  "payment_intent",
                                  "payments",
                                  "quantity",
                                  "question",
                                  "reason",
                                  "quantity_prices",
                                  "refund",
                                  "refundable_fen",
                                  "refunded_fen",
                                  "refunds",
                                  "renews",
                                  "repeated",
                                  "say",
                                  "sku",
                                  "state",
                                  "status",
                                  "total_fen",
                                  "trust",
                                  "unit_price_fen",
                                  "was_fen"};
constexpr std::array kNoticeMembers{"amount_fen",
                                    "approval",
                                    "currency",
                                    "id",
                                    "late_payment",
                                    "lines",
                                    "name",
                                    "may_still_be_paid",
                                    "note",
                                    "out_refund_no",
                                    "quantity",
                                    "refund",
                                    "payment_intent",
                                    "refunded_fen",
                                    "sku",
                                    "state",
                                    "total_fen",
                                    "type",
                                    "unit_price_fen",
                                    "unknown_payment"};
// Words that match something already.
constexpr std::array<std::string_view, 8> kTakenNames{"any", "int", "str", "re", "ge", "le", "as", "absent"};

template <class Names>
void check_members(const json& row, const Names& names, const std::string& at, Mistakes& out) {
  if (!row.is_object()) return;
  for (const auto& [key, value] : row.items()) {
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    std::string known;
    for (const std::string_view name : names)
      if (name != "$exact") known += (known.empty() ? "" : ", ") + std::string(name);
    out.push_back({pointer_to(at, key), "no such key; expected one of " + known});
  }
}

void check_row(const json& row, bool intent, const std::string& at, Mistakes& out) {
  if (!row.is_object()) return;
  if (intent) {
    check_members(row, kIntentMembers, at, out);
  } else {
    check_members(row, kRefundMembers, at, out);
  }
  if (row.contains("amount")) check_members(row["amount"], kAmountMembers, at + "/amount", out);
  if (!intent || !row.contains("lines") || !row["lines"].is_array()) return;
  for (std::size_t i = 0; i < row["lines"].size(); ++i)
    check_members(row["lines"][i], kLineMembers, pointer_to(at + "/lines", i), out);
}

void members_of_schemas(const json& value, std::set<std::string>& into) {
  if (value.is_array())
    for (const json& item : value) members_of_schemas(item, into);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    if (key == "properties" && member.is_object())
      for (const auto& [name, rule] : member.items()) into.insert(name);
    members_of_schemas(member, into);
  }
}

// Every member that the API has anywhere.
const std::set<std::string>& members_of_the_api() {
  static const std::set<std::string> names = [] {
    std::set<std::string> out;
    members_of_schemas(json::parse(openapi_document()), out);
    return out;
  }();
  return names;
}

// A member that there never is, is always absent.
template <class Has>
void check_absent(const json& value, const std::string& at, const char* whose, const Has& has, Mistakes& out) {
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i) check_absent(value[i], pointer_to(at, i), whose, has, out);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    if (member == "$absent" && !has(key))
      out.push_back({pointer_to(at, key), "no " + std::string(whose) + " has a member \"" + key + "\""});
    check_absent(member, pointer_to(at, key), whose, has, out);
  }
}

template <class Names>
auto one_of(const Names& names) {
  return [&names](const std::string& key) { return std::find(names.begin(), names.end(), key) != names.end(); };
}

// What a model of this script writes into its calls, beside what tools take.
void members_of_calls(const json& value, std::set<std::string>& into) {
  if (value.is_array())
    for (const json& item : value) members_of_calls(item, into);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    into.insert(key);
    members_of_calls(member, into);
  }
}

// How often the rail heard something: a number, or a bound that some number breaks.
void check_posts(const json& posts, Mistakes& out) {
  for (const auto& [call, times] : posts.items()) {
    const std::string text = times.is_string() ? times.get<std::string>() : std::string();
    const auto bound = bound_of(text);
    const bool least = text.starts_with("$ge:") && bound && *bound >= 1;
    const bool most = text.starts_with("$le:") && bound && *bound >= 0;
    if (least || most || (times.is_number_integer() && times >= 0)) continue;
    out.push_back({pointer_to("/finally/gateway_posts", call),
                   "expected how often, or \"$ge:1\" and its like, which not every run meets; found " + times.dump()});
  }
}

void check_trajectory(const json& wanted, Mistakes& out) {
  const std::string args = wanted.value("args", "");
  const std::string calls = wanted.value("calls", "in_order");
  if (!wanted.contains("list")) {
    if (!args.empty())
      out.push_back({"/trajectory/args", "\"args\" says how those of \"list\" are compared, and there is none"});
    return;
  }
  const json& list = wanted["list"];
  if (list.empty() && calls != "exact" && calls != "any_order")
    out.push_back({"/trajectory/list", "an empty \"list\" expects nothing; with \"calls\": \"exact\" there are none"});
  bool any = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    any = any || list[i].contains("args");
    if (args == "ignore" && list[i].contains("args"))
      out.push_back({pointer_to("/trajectory/list", i) + "/args", "with \"args\": \"ignore\" nobody looks at it"});
  }
  if (!any && (args == "exact" || args == "subset"))
    out.push_back({"/trajectory/args", "nothing in \"list\" has \"args\" to compare"});
}

}  // namespace

void check_matching_word(const std::string& text, const std::string& at, Mistakes& out) {
  if (text.starts_with("$as:") &&
      std::find(kTakenNames.begin(), kTakenNames.end(), text.substr(4)) != kTakenNames.end())
    out.push_back({at, "\"$" + text.substr(4) + "\" matches something already; remember it by another name"});
  if (!text.starts_with("$re:")) return;
  try {
    const std::regex pattern(text.substr(4));
    if (std::regex_search("", pattern) && std::regex_search("\x01", pattern))
      out.push_back({at, "every text meets \"" + text + "\""});
  } catch (const std::regex_error& e) {
    out.push_back({at, "no regular expression: " + std::string(e.what())});
  }
}

void check_vacuous(const json& expect, Mistakes& out) {
  for (const bool intent : {true, false}) {
    const std::string one = intent ? "intent" : "refund";
    if (expect.contains(one)) check_row(expect[one], intent, "/expect/" + one, out);
    const json rows = expect.value(one + "s", json::array());
    for (std::size_t i = 0; i < rows.size(); ++i)
      check_row(rows[i], intent, pointer_to("/expect/" + one + "s", i), out);
  }
  const auto in_the_api = [](const std::string& key) { return members_of_the_api().contains(key); };
  if (expect.contains("body")) check_absent(expect["body"], "/expect/body", "answer of the API", in_the_api, out);
  const json reply = expect.value("reply", json::object());
  if (reply.contains("money_line")) check_row(reply["money_line"], true, "/expect/reply/money_line", out);
  const json words = reply.value("has", json::array());
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == "") out.push_back({pointer_to("/expect/reply/has", i), "an empty text stands in every reply"});
}

void check_vacuous_sent(const json& sent, Mistakes& out) {
  const json result = sent.value("tool_result", json::object());
  if (result.contains("has"))
    check_absent(result["has"], "/sent/tool_result/has", "result of a tool", one_of(kToolMembers), out);
  if (sent.contains("event")) check_absent(sent["event"], "/sent/event", "notice", one_of(kNoticeMembers), out);
}

void check_vacuous_end(const Script& script, Mistakes& out) {
  const json& root = script.root;
  check_posts(root.value("finally", json::object()).value("gateway_posts", json::object()), out);
  if (!root.contains("trajectory")) return;
  check_trajectory(root["trajectory"], out);
  std::set<std::string> known(kArgumentMembers.begin(), kArgumentMembers.end());
  for (const json& step : script.steps)
    if (step.contains("model")) members_of_calls(step["model"].value("calls", json::array()), known);
  const json list = root["trajectory"].value("list", json::array());
  const auto has = [&known](const std::string& key) { return known.contains(key); };
  for (std::size_t i = 0; i < list.size(); ++i)
    if (list[i].contains("args"))
      check_absent(list[i]["args"], pointer_to("/trajectory/list", i) + "/args", "call of a tool", has, out);
}

}  // namespace purser::replay
