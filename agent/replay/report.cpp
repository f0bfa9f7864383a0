#include "agent/replay/report.hpp"

#include <algorithm>
#include <array>

namespace purser::replay {
namespace {

constexpr std::size_t kTail = 12;
constexpr std::array kLanes{"user", "model", "rail", "ledger", "event", "run"};

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    // Nor the two last of its characters.
    const std::string_view three = text.substr(at, 3);
    if (three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF") {
      at += 2;
      continue;
    }
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        // XML knows no control characters but these.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

std::string seconds(std::int64_t microseconds) {
  const std::int64_t ms = microseconds / 1000;
  std::string rest = std::to_string(ms % 1000);
  rest.insert(0, 3 - rest.size(), '0');
  return std::to_string(ms / 1000) + "." + rest;
}

std::string since(UtcTime start, UtcTime at) {
  return "+" + seconds((at - start).count() * 1000) + "s";
}

// As a shell takes it for one word.
std::string quoted(const std::string& word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string title_of(const Outcome& outcome) {
  return outcome.derivation.empty() ? outcome.name : outcome.name + " / " + outcome.derivation;
}

// The first line of a derived run that is not as in the plain one; all of them when there is no plain one.
std::size_t divergence(const Outcome& derived, const Outcome* plain) {
  if (plain == nullptr) return derived.journal.size();
  const auto same = [](const JournalLine& a, const JournalLine& b) { return a.lane == b.lane && a.text == b.text; };
  const auto [here, there] =
      std::mismatch(derived.journal.begin(), derived.journal.end(), plain->journal.begin(), plain->journal.end(), same);
  return static_cast<std::size_t>(here - derived.journal.begin());
}

void timeline(std::string& out, const Outcome& outcome, const Outcome* plain) {
  const std::size_t parts = divergence(outcome, plain);
  const UtcTime start = outcome.journal.empty() ? UtcTime{} : outcome.journal.front().at;
  UtcTime last = start;
  out += "<details" + std::string(outcome.failures.empty() ? "" : " open") +
         "><summary class=" + (outcome.good() ? "ok" : "bad") + ">" + escaped(title_of(outcome)) + "</summary>";
  if (!outcome.unplayed.empty()) out += "<pre>not played: " + escaped(outcome.unplayed) + "</pre>";
  for (const std::string& failure : outcome.failures) out += "<pre class=bad>" + escaped(failure) + "</pre>";
  if (!outcome.steps.empty()) {
    out += "<pre>";
    for (const std::string& step : outcome.steps) out += escaped(step) + "\n";
    out += "</pre>";
  }
  out += "<table><tr><th>time</th>";
  for (const char* lane : kLanes) out += std::string("<th>") + lane + "</th>";
  out += "</tr>";
  for (std::size_t i = 0; i < outcome.journal.size(); ++i) {
    const JournalLine& line = outcome.journal[i];
    if (i == parts) out += "<tr class=parts><td colspan=7>from here on it is not the plain run any more</td></tr>";
    const auto lane = std::find(kLanes.begin(), kLanes.end(), line.lane);
    if (lane == kLanes.end()) continue;
    if (line.at - last >= std::chrono::seconds(10))
      out += "<tr class=jump><td colspan=7>" + escaped(since(last, line.at)) + " pass</td></tr>";
    const bool same_time = i > 0 && line.at == last;
    last = line.at;
    out += std::string("<tr") + (same_time ? "" : " class=later") + "><td>" + (same_time ? "" : since(start, line.at)) +
           "</td>";
    // "intent.created {...}": what happened, and in small how it was told.
    const std::size_t data = line.lane == "event" ? std::min(line.text.find(" {"), line.text.size()) : line.text.size();
    const std::string rest = line.text.substr(data);
    const bool death = line.lane == "run" && line.text.starts_with("killed");
    for (auto it = kLanes.begin(); it != kLanes.end(); ++it)
      out += it != lane ? "<td></td>"
                        : "<td class=" + (death ? "death" : line.lane) + ">" + escaped(line.text.substr(0, data)) +
                              (rest.empty() ? "" : "<small>" + escaped(rest) + "</small>") + "</td>";
    out += "</tr>";
  }
  out += "</table></details>\n";
}

struct Spent {
  std::int64_t runs = 0;
  std::int64_t processor_us = 0;
  std::int64_t signing_us = 0;
};

Spent spent_on(const Suite& suite, bool plain) {
  Spent out;
  for (const Outcome& one : suite.outcomes) {
    if (one.derivation.empty() != plain) continue;
    out.runs += 1;
    out.processor_us += one.processor_us;
    out.signing_us += one.signing_us;
  }
  return out;
}

std::string told(const std::string& which, const Spent& spent) {
  if (spent.processor_us == 0) return {};
  return which + " runs: " + std::to_string(spent.runs * 1'000'000 / spent.processor_us) + " a second of a core, " +
         std::to_string(spent.signing_us * 100 / spent.processor_us) + " % of it signing\n";
}

// By the clock on the wall, whatever the machine did beside it.
std::string told_of_wall(const Suite& suite) {
  if (suite.microseconds == 0) return {};
  const auto runs = static_cast<std::int64_t>(suite.plain() + suite.derived());
  return "conversations: " + std::to_string(runs * 1'000'000 / suite.microseconds) + " a second with " +
         std::to_string(suite.jobs) + (suite.jobs == 1 ? " worker\n" : " workers\n");
}

std::string kinds_of(const std::map<std::string, std::size_t>& counts) {
  std::string out;
  for (const auto& [kind, n] : counts) out += " " + kind + " " + std::to_string(n);
  return out;
}

}  // namespace

std::string command_of(const Outcome& outcome) {
  std::string out = "purser replay " + quoted(outcome.path);
  if (!outcome.row.empty()) out += " --row " + quoted(outcome.row);
  if (!outcome.derivation.empty()) out += " --derive all --only " + quoted(outcome.derivation);
  return out;
}

json to_json(const Outcome& outcome) {
  json journal = json::array();
  for (const JournalLine& line : outcome.journal) journal.push_back({to_millis(line.at), line.lane, line.text});
  return {{"path", outcome.path},
          {"name", outcome.name},
          {"derivation", outcome.derivation},
          {"row", outcome.row},
          {"place", outcome.place},
          {"failures", outcome.failures},
          {"misuse", outcome.misuse},
          {"steps", outcome.steps},
          {"journal", journal},
          {"digest", outcome.digest},
          {"assertions", outcome.assertions},
          {"unheld", outcome.unheld},
          {"us", outcome.microseconds},
          {"cpu", outcome.processor_us},
          {"signing", outcome.signing_us},
          {"commits", outcome.commits},
          {"smallest", outcome.smallest},
          {"unplayed", outcome.unplayed}};
}

Outcome outcome_from(const json& line) {
  Outcome out;
  out.path = line.at("path");
  out.name = line.at("name");
  out.derivation = line.at("derivation");
  out.row = line.at("row");
  out.place = line.at("place");
  out.misuse = line.at("misuse");
  out.failures = line.at("failures").get<std::vector<std::string>>();
  out.steps = line.at("steps").get<std::vector<std::string>>();
  for (const json& one : line.at("journal")) out.journal.push_back({from_millis(one[0]), one[1], one[2]});
  out.digest = line.at("digest");
  out.assertions = line.at("assertions").get<std::map<std::string, std::size_t>>();
  out.unheld = line.at("unheld").get<std::map<std::string, std::size_t>>();
  out.microseconds = line.at("us");
  out.processor_us = line.at("cpu");
  out.signing_us = line.at("signing");
  out.commits = line.at("commits");
  out.smallest = line.at("smallest");
  out.unplayed = line.at("unplayed");
  return out;
}

std::size_t Suite::plain() const {
  const auto is_plain = [](const Outcome& one) { return one.derivation.empty() && one.unplayed.empty(); };
  return static_cast<std::size_t>(std::count_if(outcomes.begin(), outcomes.end(), is_plain));
}
std::size_t Suite::derived() const {
  return outcomes.size() - plain() - unplayed();
}
std::size_t Suite::unplayed() const {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& one) { return !one.unplayed.empty(); }));
}
std::size_t Suite::failed() const {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& one) { return !one.failures.empty(); }));
}

bool Suite::good() const {
  return failed() == 0 && (leaves_out || unplayed() == 0) && unplayed() < outcomes.size();
}

bool Suite::misused() const {
  return std::any_of(outcomes.begin(), outcomes.end(), [](const Outcome& one) { return one.misuse; });
}

std::string failure_text(const Outcome& outcome) {
  std::string out = "FAILED  " + title_of(outcome) + "\n";
  for (const std::string& failure : outcome.failures) out += "  " + failure + "\n";
  for (const std::string& step : outcome.steps) out += "    " + step + "\n";
  const UtcTime start = outcome.journal.empty() ? UtcTime{} : outcome.journal.front().at;
  const std::size_t from = outcome.journal.size() > kTail ? outcome.journal.size() - kTail : 0;
  for (std::size_t i = from; i < outcome.journal.size(); ++i)
    out += "    " + since(start, outcome.journal[i].at) + "  " + outcome.journal[i].lane + "  " +
           outcome.journal[i].text + "\n";
  out += "  again: " + command_of(outcome) + "\n";
  if (!outcome.smallest.empty())
    out += "  its smallest part that fails: purser replay " + quoted(outcome.smallest) + "\n";
  return out;
}

std::string summary_text(const Suite& suite) {
  const Spent plain = spent_on(suite, true);
  const Spent derived = spent_on(suite, false);
  std::map<std::string, std::size_t> held;
  std::map<std::string, std::size_t> unheld;
  for (const Outcome& one : suite.outcomes) {
    for (const auto& [kind, n] : one.assertions) held[kind] += n;
    for (const auto& [kind, n] : one.unheld) unheld[kind] += n;
  }
  std::string out = std::to_string(suite.plain()) + " scripts, " + std::to_string(suite.derived()) + " derived runs, " +
                    std::to_string(suite.failed()) + " failed, " +
                    (suite.unplayed() > 0 ? std::to_string(suite.unplayed()) + " not played, " : std::string()) +
                    seconds(suite.microseconds) + " s\n";
  out += told_of_wall(suite) + told("plain", plain) + told("derived", derived);
  out += "assertions:" + kinds_of(held) + "\n";
  if (!unheld.empty()) out += "not to be held over sockets:" + kinds_of(unheld) + "\n";
  return out;
}

std::string held_text(const Outcome& outcome) {
  const auto sum = [](const std::map<std::string, std::size_t>& kinds) {
    std::size_t out = 0;
    for (const auto& [kind, n] : kinds) out += n;
    return out;
  };
  return std::to_string(sum(outcome.assertions)) + " expectations held over sockets, " +
         std::to_string(sum(outcome.unheld)) + " cannot be" + (outcome.unheld.empty() ? "" : ":") +
         kinds_of(outcome.unheld);
}

json summary_json(const Suite& suite) {
  json runs = json::array();
  for (const Outcome& one : suite.outcomes)
    runs.push_back({{"path", one.path},
                    {"name", one.name},
                    {"row", one.row},
                    {"derivation", one.derivation},
                    {"ok", one.good()},
                    {"not_played", one.unplayed},
                    {"failures", one.failures},
                    {"assertions", one.assertions},
                    {"not_held", one.unheld},
                    {"digest", one.digest},
                    {"microseconds", one.microseconds}});
  const Spent plain = spent_on(suite, true);
  return {{"plain_processor_us", plain.processor_us},
          {"plain_signing_us", plain.signing_us},
          {"ok", suite.good()},
          {"not_played", suite.unplayed()},
          {"scripts", suite.plain()},
          {"derived", suite.derived()},
          {"failed", suite.failed()},
          {"microseconds", suite.microseconds},
          {"runs", std::move(runs)}};
}

std::string junit_xml(const Suite& suite) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"purser replay\" tests=\"" +
      std::to_string(suite.outcomes.size()) + "\" failures=\"" + std::to_string(suite.failed()) + "\" skipped=\"" +
      std::to_string(suite.unplayed()) + "\" time=\"" + seconds(suite.microseconds) + "\">\n";
  for (const Outcome& one : suite.outcomes) {
    out += "<testcase classname=\"" + escaped(one.path) + "\" name=\"" + escaped(title_of(one)) + "\" time=\"" +
           seconds(one.microseconds) + "\"";
    if (one.failures.empty()) {
      out += one.unplayed.empty() ? "/>\n" : "><skipped message=\"" + escaped(one.unplayed) + "\"/></testcase>\n";
      continue;
    }
    out += "><failure message=\"" + escaped(one.failures.front()) + "\">" + escaped(failure_text(one)) +
           "</failure></testcase>\n";
  }
  return out + "</testsuite></testsuites>\n";
}

std::string html_page(const Suite& suite) {
  std::string out =
      "<!doctype html><html><head><meta charset=utf-8><title>purser replay</title><style>"
      "body{font:14px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1400px;padding:0 1em;color:#222}"
      "summary{cursor:pointer;padding:6px 10px;margin:4px 0;border-left:5px solid;background:#f7f7f7;font-weight:600}"
      ".ok{border-color:#2a9d5c}.bad{border-color:#c0392b}pre{white-space:pre-wrap}pre.bad{background:#fdecea;padding:"
      "8px}"
      "table{border-collapse:collapse;width:100%;font-size:12px;table-layout:fixed;margin-bottom:1.5em}"
      "th{position:sticky;top:0;background:#fff;border-bottom:2px solid #ccc}th:first-child{width:84px}"
      "th:nth-child(3),th:nth-child(6){width:24%}th,td{padding:3px 8px;text-align:left;vertical-align:top;"
      "overflow-wrap:anywhere;border-left:1px solid #eee}td:first-child{color:#666;font-variant-numeric:tabular-nums}"
      ".later td{border-top:1px solid #ddd}td.user{background:#e8f1fd}td.model{background:#f3ecfb}"
      "td.rail{background:#e9f7ef}td.ledger{background:#fdf6e3;font-weight:600}td.event{background:#f4f4f4}"
      "td.run{background:#eef1f4}td.death{background:#c0392b;color:#fff}"
      ".jump td{text-align:center;color:#777;border-top:1px dashed #aaa;font-style:italic}"
      "small{display:block;color:#666;font-size:11px;line-height:1.3}"
      ".parts td{background:#c0392b;color:#fff;text-align:center}"
      "</style></head><body><h1>purser replay</h1><pre>" +
      escaped(summary_text(suite)) + "</pre>\n";
  const Outcome* plain = nullptr;
  for (const Outcome& one : suite.outcomes) {
    if (one.derivation.empty()) plain = &one;
    const bool of_it = !one.derivation.empty() && plain != nullptr && plain->name == one.name;
    if (one.derivation.empty() || !one.failures.empty()) timeline(out, one, of_it ? plain : nullptr);
  }
  return out + "</body></html>\n";
}

}  // namespace purser::replay
