#include "agent/replay/script_rules.hpp"

#include "agent/replay/match.hpp"
#include "agent/replay/run.hpp"
#include "agent/replay/script_vacuous.hpp"
#include "config/loader.hpp"
#include "gateway/sandbox/faults.hpp"
#include "validation/domain/catalogue.hpp"
#include "validation/money/json_gate.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace purser::replay {
namespace {

using nlohmann::json;
using Mistakes = std::vector<ScriptMistake>;

struct Companion {
  std::string_view member;
  std::string_view kinds;  // beside which it is looked at, each in quotes
};
constexpr std::array<Companion, 6> kCompanions{{{"sent", R"("model")"},
                                                {"with", R"("include")"},
                                                {"retry", R"("restart")"},
                                                {"reply", R"("gateway")"},
                                                {"stream", R"("user")"},
                                                {"key", R"("user", "cancel", "renew")"}}};
// Where "thread" says whose step it is; beside the others it says whose rows "expect" speaks of.
constexpr std::array kOfAThread{"user", "model", "client", "expect"};
constexpr std::array kCatalogueMembers{
    "unit_price_fen",  "name",         "currency", "description",        "aliases", "version",
    "quantity_prices", "quantity_max", "on_sale",  "tolerance_per_mille"};
constexpr std::array kThreadMembers{"user", "locale", "id"};

template <class Names>
bool is_among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Names>
std::string listed(const Names& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

// Whether the kind of a step is among those in quotes.
bool stands_beside(const json& step, std::string_view kinds) {
  for (const auto& [key, value] : step.items())
    if (kinds.find("\"" + key + "\"") != kinds.npos) return true;
  return false;
}

void check_companions(const json& step, Mistakes& out) {
  for (const Companion& one : kCompanions)
    if (step.contains(one.member) && !stands_beside(step, one.kinds))
      out.push_back({pointer_to("", std::string(one.member)),
                     "\"" + std::string(one.member) + "\" stands beside " + std::string(one.kinds) + " alone"});
  const auto says_whose = [&](const char* kind) { return step.contains(kind); };
  if (step.contains("thread") && !step.contains("include") &&
      !std::any_of(kOfAThread.begin(), kOfAThread.end(), says_whose))
    out.push_back({"/thread", "nobody looks at \"thread\" here: nothing is expected of it"});
}

void check_time(const json& value, const std::string& at, std::string_view name, Mistakes& out) {
  constexpr Millis kFarthest{std::chrono::hours(24 * 400)};
  constexpr std::size_t kDigitsMax = 11;  // of 400 days in milliseconds
  const std::string text = value.get<std::string>();
  if (text.size() > kDigitsMax + 3 || std::chrono::abs(duration_of(text)) > kFarthest) {
    out.push_back({at, "\"" + std::string(name) + "\" goes 400 days at most"});
  } else if (duration_of(text) == Millis(0) && name != "paid_at") {
    out.push_back({at, "\"" + std::string(name) + "\" of no time does nothing"});
  } else if (name == "wall" && duration_of(text) % std::chrono::seconds(1) != Millis(0)) {
    out.push_back({at, "the clock on the wall jumps by whole seconds"});
  }
}

void check_webhook(const json& how, Mistakes& out) {
  static const json kPaymentStates{"SUCCESS", "REFUND", "NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR"};
  static const json kRefundStates{"SUCCESS", "CLOSED", "PROCESSING", "ABNORMAL"};
  const json& states = how.value("event", "").starts_with("REFUND") ? kRefundStates : kPaymentStates;
  if (how.contains("state") && std::find(states.begin(), states.end(), how["state"]) == states.end())
    out.push_back({"/webhook/state", "expected one of " + states.dump() + ", found " + how["state"].dump()});
  if (how.value("event", "").starts_with("REFUND")) {
    if (how.contains("appid") || how.value("amount", json::object()).contains("currency"))
      out.push_back({"/webhook", "the notice of a refund has no \"appid\" and no \"currency\""});
  } else if (how.contains("refund") || how.contains("out_refund_no") ||
             how.value("amount", json::object()).contains("refund")) {
    out.push_back({"/webhook", "the notice of a payment speaks of no refund"});
  }
  for (const char* key : {"gap", "paid_at"})
    if (how.contains(key)) check_time(how[key], pointer_to("/webhook", key), key, out);
  if (how.value("times", 1) > 1) return;
  for (const char* key : {"gap", "together"})
    if (how.contains(key))
      out.push_back({pointer_to("/webhook", key), "\"" + std::string(key) + "\" needs \"times\" of two or more"});
}

void check_model(const json& how, Mistakes& out) {
  if (!how.contains("text") && !how.contains("calls") && !how.contains("fault"))
    out.push_back({"/model", "expected \"text\", \"calls\" or \"fault\""});
  const std::string fault = how.value("fault", "");
  if (how.contains("retry_after") && fault != "http_429")
    out.push_back({"/model/retry_after", "\"retry_after\" stands beside the fault http_429 alone"});
  constexpr std::array kWithoutReply{"refuse",   "timeout", "timeout_before_work", "timeout_after_work", "reset",
                                     "http_429", "http_500"};
  if (is_among(kWithoutReply, fault))
    for (const char* key : {"text", "calls", "finish", "stream"})
      if (how.contains(key))
        out.push_back({pointer_to("/model", key), "beside the fault " + fault + " nobody sees \"" + key + "\""});
  const json calls = how.value("calls", json::array());
  if ((fault == "index_gap" || fault == "same_id_twice") && calls.size() < 2)
    out.push_back({"/model/fault", fault + " needs two calls"});
  for (std::size_t i = 0; i < calls.size(); ++i)
    if (calls[i].contains("args") && calls[i].contains("args_raw"))
      out.push_back({pointer_to("/model/calls", i), "\"args\" or \"args_raw\", not both"});
}

void check_client(const json& how, Mistakes& out) {
  if (how.size() != 1) out.push_back({"/client", "expected one of \"connect\", \"disconnect\" and \"reconnect\""});
}

void check_http(const json& wanted, const std::string& at, Mistakes& out) {
  static const std::regex shape("^[1-5]([0-9]{2}|xx)$");
  const std::string text = wanted.is_string() ? wanted.get<std::string>() : wanted.dump();
  if (!std::regex_match(text, shape))
    out.push_back({at, "expected a status such as 409 or \"4xx\", found " + wanted.dump()});
}

// What is compared with this member, and could not be told from anything else.
void check_wildcard(const std::string& text, const std::string& at, Mistakes& out) {
  const json::json_pointer pointer(at);
  const std::string member = pointer.back();
  const std::string parent = pointer.parent_pointer().empty() ? "" : pointer.parent_pointer().back();
  // The id of a refund has the name of a sum.
  const bool sum = is_money(member) && (member != "refund" || parent == "amount") && parent != "gateway_posts";
  if (is_loose(text) && sum)
    out.push_back({at, "money is compared exactly, " + text.substr(0, text.find(':')) + " is not for it"});
  const bool typed = is_loose(text) && !text.starts_with("$re:");
  if (typed && member == "state")
    out.push_back({at, "a state has a name, " + text.substr(0, text.find(':')) + " is not for it"});
  check_matching_word(text, at, out);
  if ((text.starts_with("$ge:") || text.starts_with("$le:")) && !bound_of(text))
    out.push_back({at, text.substr(0, 4) + " needs a whole number, found \"" + text.substr(4) + "\""});
  if (text == "$as:") out.push_back({at, "$as: needs a name"});
}

void check_expected(const json& value, const std::string& at, Mistakes& out) {
  if (value.is_string()) return check_wildcard(value.get<std::string>(), at, out);
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i) check_expected(value[i], pointer_to(at, i), out);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    if (key == "$exact" && member != true) out.push_back({pointer_to(at, key), "\"$exact\" is true or is not there"});
    if (is_loose(key) || key == "$absent" || key.starts_with("$as:"))
      out.push_back({pointer_to(at, key), "\"" + key + "\" is what a member is: {\"member\": \"" + key + "\"}"});
    check_expected(member, pointer_to(at, key), out);
  }
}

// Lists and objects that hold nothing and so hold for everything.
void check_empty(const json& holder, const std::string& at, std::initializer_list<const char*> keys, Mistakes& out) {
  for (const char* key : keys)
    if (holder.contains(key) && holder[key].is_structured() && holder[key].empty())
      out.push_back({pointer_to(at, key), "an empty \"" + std::string(key) + "\" expects nothing"});
}

void check_expectations(const json& step, Mistakes& out) {
  check_empty(step, "", {"expect", "sent"}, out);
  for (const char* key : {"expect", "sent", "gateway"})
    if (step.contains(key)) check_expected(step[key], pointer_to("", key), out);
  const json sent = step.value("sent", json::object());
  check_vacuous_sent(sent, out);
  if (step.contains("gateway")) check_vacuous_rail(step["gateway"], out);
  check_empty(sent, "/sent", {"tools", "never", "event"}, out);
  check_empty(sent.value("tool_result", json::object()), "/sent/tool_result", {"never"}, out);
  if (!step.contains("expect")) return;
  const json& expect = step["expect"];
  check_vacuous(expect, out);
  check_empty(expect, "/expect", {"reply", "body"}, out);
  if (expect.contains("events") && expect["events"].empty())
    out.push_back({"/expect/events", "an empty \"events\" expects nothing; [\"$exact\"] says that there are none"});
  check_empty(expect.value("reply", json::object()), "/expect/reply", {"has", "never"}, out);
  // By which a row is found.
  const json line = expect.value("reply", json::object()).value("money_line", json::object());
  for (const auto& [row, at] : {std::pair(expect.value("intent", json::object()), std::string("/expect/intent")),
                                std::pair(expect.value("refund", json::object()), std::string("/expect/refund")),
                                std::pair(line, std::string("/expect/reply/money_line"))})
    for (const char* key : {"id", "out_refund_no"})
      if (row.contains(key) && !row[key].is_string())
        out.push_back({pointer_to(at, key), "expected string, found " + row[key].dump()});
  if (expect.contains("http")) check_http(expect["http"], "/expect/http", out);
}

void check_concurrent(const json& list, Mistakes& out) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string at = pointer_to("/concurrent", i);
    for (const char* key : {"expect", "include", "concurrent", "open"})
      if (list[i].contains(key))
        out.push_back({pointer_to(at, key), std::string("within \"concurrent\" no \"") + key + "\" is looked at"});
    for (ScriptMistake& wrong : mistakes_of_step(list[i])) out.push_back({at + wrong.at, std::move(wrong.rule)});
  }
}

// As the daemon reads it: "/items/0/name: must ...", a line each.
void read_catalogue(const json& given, Mistakes& out) {
  static const std::regex shape("^/items/([0-9]+)(/[^: ]*)?: (.*)$");
  const json whole = catalogue_json(given["catalogue"]);
  const auto read = Catalogue::from_json(whole.dump());
  if (read) return;
  std::istringstream lines(read.error().message);
  const bool own_form = given["catalogue"].contains("items");
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, shape)) {
      out.push_back({"/given/catalogue", line});
      continue;
    }
    const json& item = whole["items"].at(std::stoul(parts[1]));
    const std::string at =
        own_form ? "/given/catalogue/items/" + parts[1].str() : pointer_to("/given/catalogue", item.value("sku", ""));
    out.push_back({at + parts[2].str(), parts[3].str()});
  }
}

void check_catalogue(const json& given, Mistakes& out) {
  const json items = given.value("catalogue", json::object());
  const std::size_t before = out.size();
  if (items.contains("items")) return read_catalogue(given, out);
  for (const auto& [sku, item] : items.items()) {
    const std::string at = pointer_to("/given/catalogue", sku);
    if (!item.is_object()) {
      out.push_back({at, "expected object"});
      continue;
    }
    if (!item.contains("unit_price_fen")) out.push_back({at, "expected a member \"unit_price_fen\""});
    for (const auto& [key, value] : item.items())
      if (!is_among(kCatalogueMembers, key))
        out.push_back({pointer_to(at, key), "no such key; expected one of " + listed(kCatalogueMembers)});
  }
  if (given.contains("catalogue") && out.size() == before) read_catalogue(given, out);
}

void check_threads(const json& given, Mistakes& out) {
  const json threads = given.value("threads", json::object());
  static const json user = json::parse(script_schema()).at("$defs").at("user");
  for (const auto& [name, about] : threads.items()) {
    const std::string at = pointer_to("/given/threads", name);
    if (!about.is_object()) {
      out.push_back({at, "expected object"});
      continue;
    }
    for (const auto& [key, value] : about.items()) {
      const std::string member = pointer_to(at, key);
      if (!is_among(kThreadMembers, key))
        out.push_back({member, "no such key; expected one of " + listed(kThreadMembers)});
      if (key == "locale" && value != "zh" && value != "en")
        out.push_back({member, "expected one of [\"zh\",\"en\"], found " + value.dump()});
      if (key == "id" && !value.is_string()) out.push_back({member, "expected string, found " + value.dump()});
      if (key != "user") continue;
      for (const auto& [below, rule] : schema_mistakes(user, value)) out.push_back({member + below, rule});
    }
  }
}

// The settings as the daemon will read them; each by itself when together they are refused.
void check_settings(const Script& script, Mistakes& out) {
  const auto refused = [](const std::vector<std::string>& lines) {
    SettingsSources sources;
    sources.sets = lines;
    const LoadedSettings loaded = load_settings(sources);
    return loaded.ok() ? std::string() : report_text(loaded);
  };
  const auto told = [](std::string report) {
    std::replace(report.begin(), report.end(), '\n', ' ');
    return report.substr(0, report.find_last_not_of(' ') + 1);
  };
  const std::vector<std::string> lines = world_options(script).settings;
  const std::string all = lines.empty() ? "" : refused(lines);
  if (all.empty()) return;
  const json own = script.root["given"].value("settings", json::object());
  const std::size_t before = out.size();
  for (const std::string& line : lines) {
    const std::string key = line.substr(0, line.find('='));
    if (const std::string report = refused({line}); !report.empty())
      out.push_back({own.contains(key) ? pointer_to("/given/settings", key) : "/given/policy", told(report)});
  }
  if (out.size() == before) out.push_back({"/given", told(all)});
}

// Nothing that is done or expected names it.
void check_threads_used(const Script& script, const json& given, Mistakes& out) {
  const json threads = given.value("threads", json::object());
  const auto names = [](const json& step, const std::string& name) {
    if (step.value("thread", "main") == name) return true;
    const json several = step.value("concurrent", json::array());
    return std::any_of(several.begin(), several.end(),
                       [&](const json& one) { return one.value("thread", "main") == name; });
  };
  for (const auto& [name, about] : threads.items())
    if (std::none_of(script.steps.begin(), script.steps.end(), [&](const json& step) { return names(step, name); }))
      out.push_back({pointer_to("/given/threads", name), "no step has this thread"});
}

// From when to when a recording is good.
void check_recorded(const json& note, Mistakes& out) {
  const auto day_of = [&](const char* key) -> std::optional<std::chrono::sys_days> {
    const std::string text = note.value(key, "");
    if (text.size() != 10) return std::nullopt;
    const std::chrono::year_month_day day{std::chrono::year(std::stoi(text.substr(0, 4))),
                                          std::chrono::month(static_cast<unsigned>(std::stoi(text.substr(5, 2)))),
                                          std::chrono::day(static_cast<unsigned>(std::stoi(text.substr(8, 2))))};
    if (day.ok()) return std::chrono::sys_days(day);
    out.push_back({pointer_to("/recorded", key), "there is no day " + text});
    return std::nullopt;
  };
  const auto from = day_of("date");
  const auto until = day_of("expires");
  if (!from || !until) return;
  if (*until < *from) out.push_back({"/recorded/expires", "it ends before its \"date\""});
  if (*until - *from > std::chrono::days(366))
    out.push_back({"/recorded/expires", "a recording is good for 366 days at most"});
}

void check_derived(const std::string& code, Mistakes& out) {
  static const std::regex shape("^F[1-8]:.+");
  if (!code.empty() && !std::regex_search(code, shape))
    out.push_back({"/derived", "no derivation has the code " + code +
                                   "; they begin with F1: to F8:, and --derive all --json lists them"});
}

// What is said is itself: only what is expected matches.
void check_own_text(const json& value, const std::string& at, Mistakes& out) {
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i) check_own_text(value[i], pointer_to(at, i), out);
  if (value.is_object())
    for (const auto& [key, member] : value.items()) check_own_text(member, pointer_to(at, key), out);
  if (!value.is_string()) return;
  const std::string& text = value.get_ref<const std::string&>();
  if (is_loose(text) || text == "$absent" || text.starts_with("$as:"))
    out.push_back({at, text.substr(0, text.find(':')) + " is for what is expected; a dollar itself is written $$"});
}

}  // namespace

Mistakes mistakes_of_step(const json& step) {
  Mistakes out;
  check_companions(step, out);
  if (step.contains("webhook")) check_webhook(step["webhook"], out);
  if (step.contains("model")) check_model(step["model"], out);
  if (step.contains("rail"))
    if (auto faults = sandbox::FaultScript::parse(step["rail"]["faults"]); !faults)
      out.push_back({"/rail/faults", faults.error().message});
  if (step.contains("client")) check_client(step["client"], out);
  if (step.contains("decline") && step["decline"].contains("openid"))
    out.push_back({"/decline/openid", "who declines pays nothing, and nobody looks at \"openid\""});
  for (const char* text : {"user", "key"})
    if (step.contains(text)) check_own_text(step[text], pointer_to("", text), out);
  for (const char* text : {"text", "calls"})
    if (step.contains("model") && step["model"].contains(text))
      check_own_text(step["model"][text], pointer_to("/model", text), out);
  if (step.contains("concurrent")) check_concurrent(step["concurrent"], out);
  for (const char* kind : {"advance", "wall"})
    if (step.contains(kind)) check_time(step[kind], pointer_to("", kind), kind, out);
  check_expectations(step, out);
  return out;
}

Mistakes mistakes_of_root(const Script& script) {
  Mistakes out;
  const json& root = script.root;
  for (const char* key : {"finally", "trajectory"})
    if (root.contains(key)) check_expected(root[key], pointer_to("", key), out);
  check_vacuous_end(script, out);
  check_empty(root, "", {"finally", "trajectory"}, out);
  check_empty(root.value("finally", json::object()), "/finally", {"gateway_posts"}, out);
  check_empty(root.value("trajectory", json::object()), "/trajectory", {"calls_never"}, out);
  check_derived(root.value("derived", ""), out);
  const json given = root.value("given", json::object());
  check_catalogue(given, out);
  check_threads(given, out);
  check_threads_used(script, given, out);
  if (root.contains("recorded")) check_recorded(root["recorded"], out);
  if (root.contains("clock") && !parse_time(root["clock"].get<std::string>())) {
    out.push_back({"/clock", "expected a time of RFC 3339, found " + root["clock"].dump()});
    return out;
  }
  const std::string database = given.value("database", "");
  std::error_code none;
  if (given.contains("database") &&
      !std::filesystem::is_regular_file(std::filesystem::path(script.path).parent_path() / database, none))
    out.push_back({"/given/database", database + ": is no file"});
  check_settings(script, out);
  return out;
}

std::string place_in(const Script& script, const std::string& pointer) {
  const std::size_t line = script.text ? line_of(*script.text, pointer) : 1;
  return script.path + ":" + std::to_string(line) + ": " + pointer + ": ";
}

}  // namespace purser::replay
