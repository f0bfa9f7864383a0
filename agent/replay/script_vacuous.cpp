#include "agent/replay/script_vacuous.hpp"

#include "agent/replay/match.hpp"
#include "agent/replay/script.hpp"
#include "agent/replay/script_rows.hpp"
#include "agent/replay/script_whole.hpp"
#include "gateway/http/message.hpp"
#include "validation/money/json_gate.hpp"

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
// What the rail's API takes for orders and refunds, anywhere in it, and what a request may carry beside.
constexpr std::array kRailMembers{"account",
                                  "address",
                                  "amount",
                                  "appid",
                                  "app_name",
                                  "app_url",
                                  "area_code",
                                  "attach",
                                  "bundle_id",
                                  "cost_price",
                                  "currency",
                                  "description",
                                  "detail",
                                  "device_id",
                                  "from",
                                  "funds_account",
                                  "goods_detail",
                                  "goods_name",
                                  "goods_tag",
                                  "h5_info",
                                  "id",
                                  "invoice_id",
                                  "mchid",
                                  "merchant_goods_id",
                                  "name",
                                  "notify_url",
                                  "openid",
                                  "out_refund_no",
                                  "out_trade_no",
                                  "package_name",
                                  "payer",
                                  "payer_client_ip",
                                  "profit_sharing",
                                  "quantity",
                                  "reason",
                                  "refund",
                                  "refund_amount",
                                  "refund_quantity",
                                  "scene_info",
                                  "settle_info",
                                  "store_info",
                                  "sub_mchid",
                                  "support_fapiao",
                                  "time_expire",
                                  "total",
                                  "transaction_id",
                                  "type",
                                  "unit_price",
                                  "wechatpay_goods_id"};
constexpr std::array<std::string_view, 9> kRailHeaders{"Accept",          "Accept-Language", "Authorization",
                                                       "Content-Length",  "Content-Type",    "Cookie",
                                                       "Idempotency-Key", "User-Agent",      "Wechatpay-Serial"};
// Of the past that a model may be shown at most, whatever the settings are.
constexpr int kMessagesMax = 1'000;
// Words that match something already.
constexpr std::array<std::string_view, 8> kTakenNames{"any", "int", "str", "re", "ge", "le", "as", "absent"};

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
  for (const RowKind kind : {RowKind::intent, RowKind::refund}) {
    const std::string one = kind == RowKind::intent ? "intent" : "refund";
    if (expect.contains(one)) check_row(expect[one], kind, "/expect/" + one, out);
    const json rows = expect.value(one + "s", json::array());
    for (std::size_t i = 0; i < rows.size(); ++i) check_row(rows[i], kind, pointer_to("/expect/" + one + "s", i), out);
  }
  if (expect.contains("ledger")) check_ledger(expect["ledger"], "/expect/ledger", out);
  const auto in_the_api = [](const std::string& key) { return members_of_the_api().contains(key); };
  if (expect.contains("body")) check_absent(expect["body"], "/expect/body", "answer of the API", in_the_api, out);
  const json reply = expect.value("reply", json::object());
  if (reply.contains("money_line")) check_row(reply["money_line"], RowKind::intent, "/expect/reply/money_line", out);
  const json words = reply.value("has", json::array());
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == "") out.push_back({pointer_to("/expect/reply/has", i), "an empty text stands in every reply"});
}

void check_vacuous_sent(const json& sent, Mistakes& out) {
  if (sent.contains("messages_max") && sent["messages_max"] > kMessagesMax)
    out.push_back({"/sent/messages_max", "no request has more than " + std::to_string(kMessagesMax) + " messages"});
  const json result = sent.value("tool_result", json::object());
  if (result.contains("has"))
    check_absent(result["has"], "/sent/tool_result/has", "result of a tool", one_of(kToolMembers), out);
  if (sent.contains("event")) check_absent(sent["event"], "/sent/event", "notice", one_of(kNoticeMembers), out);
}

void check_vacuous_rail(const json& request, Mistakes& out) {
  if (request.contains("body"))
    check_absent(request["body"], "/gateway/body", "request to the rail", one_of(kRailMembers), out);
  const json headers = request.value("headers", json::object());
  const auto known = [](const std::string& name) {
    const auto same = [&](std::string_view one) { return http::equals_ignoring_case(one, name); };
    return std::any_of(kRailHeaders.begin(), kRailHeaders.end(), same);
  };
  check_absent(headers, "/gateway/headers", "request to the rail", known, out);
}

void check_vacuous_end(const Script& script, Mistakes& out) {
  const json& root = script.root;
  const json finally = root.value("finally", json::object());
  check_posts(finally.value("gateway_posts", json::object()), out);
  check_end_states(finally.value("intents", json::array()), RowKind::intent, "/finally/intents", out);
  check_end_states(finally.value("refunds", json::array()), RowKind::refund, "/finally/refunds", out);
  check_bounds(script, out);
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
