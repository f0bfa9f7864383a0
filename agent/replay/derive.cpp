#include "agent/replay/rail_faults.hpp"
#include "agent/replay/runner.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace purser::replay {
namespace {

constexpr std::array kMutants{"times_100", "negative", "zero", "text", "huge", "unknown_field", "cut", "doubled_key"};
constexpr std::size_t kDropsMax = 8;  // of one turn: its intent, its card, its words, and what they were about

class Deriving {
 public:
  Deriving(const Script& script, const RunResult& plain) : plain_(plain) {
    const nlohmann::json derive = script.root.value("derive", nlohmann::json::object());
    for (const auto& code : derive.value("skip", nlohmann::json::array())) skipped_.insert(code.get<std::string>());
    any_end_ = derive.value("ends", "as-plain") == "any";
    const nlohmann::json given = script.root.value("given", nlohmann::json::object());
    // A rail that is scripted by hand answers one story only.
    by_hand_ = given.value("gateway", "sandbox") == "scripted";
    for (const auto& step : script.steps) crashes_itself_ = crashes_itself_ || step.contains("crash");
  }

  std::vector<Derivation> all() {
    if (by_hand_) return {};
    if (wanted("F1") && !crashes_itself_) crashes();
    if (wanted("F2")) webhooks();
    if (wanted("F3")) resumes();
    if (wanted("F4") && !crashes_itself_) drops();
    if (wanted("F5") && plain_.model_calls > 1) reorder();
    if (wanted("F6")) rail_faults();
    if (wanted("F6")) cut_answers();
    if (wanted("F7")) times();
    if (wanted("F8")) mutants();
    return std::move(out_);
  }

 private:
  bool wanted(const std::string& code) const { return !skipped_.contains(code); }
  Derivation& add(std::string code) {
    out_.emplace_back();
    out_.back().code = std::move(code);
    out_.back().same_end = !any_end_;
    return out_.back();
  }

  void crashes() {
    // Before the next commit is after this one, but for the calls of the rail between them, which come below.
    for (std::size_t n = 1; n <= plain_.commit_names.size(); ++n) crash(CrashPoint::Place::commit, false, n, "commit");
    for (std::size_t n = 1; n <= plain_.rail_names.size(); ++n)
      for (const bool before : {true, false}) crash(CrashPoint::Place::rail, before, n, "rail");
  }
  void crash(CrashPoint::Place place, bool before, std::size_t n, const std::string& name) {
    CrashPoint point;
    point.place = place;
    point.when = before ? CrashPoint::When::before : CrashPoint::When::after;
    point.nth = static_cast<std::int64_t>(n);
    add("F1:" + name + ":" + std::to_string(n) + (before ? ":before" : ":after")).crash = point;
  }
  void webhooks() {
    if (plain_.webhooks == 0) return;
    for (const char* how : {"doubled", "dropped", "late", "early", "swapped"})
      add(std::string("F2:") + how).webhooks = how;
  }
  // Whatever makes a thread go on comes twice at once: the rail's callback, and the client that asks again meanwhile.
  void resumes() {
    Derivation& twice = add("F3:resumed-twice");
    twice.webhooks = "doubled";
    twice.ask_twice = true;
  }
  void drops() {
    const std::size_t most = std::clamp<std::size_t>(plain_.most_events, 1, kDropsMax);
    for (std::size_t n = 1; n <= most; ++n) add("F4:drop-after:" + std::to_string(n)).drop_events = n;
    for (std::size_t n : {1, 3}) add("F4:follow:" + std::to_string(n)).follow_events = n;
  }
  // In pieces, and just before and just after the moments that the story comes to: a payment that expires may then have
  // been paid.
  void times() {
    add("F7:time-in-pieces").split_time = true;
    for (const int off : {-1, 1}) {
      Derivation& other = add(off < 0 ? "F7:a-millisecond-early" : "F7:a-millisecond-late");
      other.time_off = Millis(off);
      other.same_end = false;
    }
  }
  void reorder() {
    Derivation& other = add("F5:calls-reversed");
    other.reverse_calls = true;
    other.same_end = false;  // the first of two orders is another one then
  }
  void rail_faults() {
    for (std::size_t n = 1; n <= plain_.rail_names.size(); ++n)
      for (const char* fault : kRailFaults) {
        Derivation& other = add("F6:rail:" + std::to_string(n) + ":" + fault);
        other.rail_fault_at = static_cast<std::int64_t>(n);
        other.rail_fault = fault;
        // An order that the rail confirms late, or never, makes another story; what must hold always still must.
        other.same_end = false;
      }
  }
  void cut_answers() {
    for (std::size_t n = 1; n <= plain_.model_answers; ++n)
      for (const std::size_t pieces : {0, 2}) {
        Derivation& other = add("F6:model:" + std::to_string(n) + ":cut-after:" + std::to_string(pieces));
        other.cut_answer = n;
        other.cut_pieces = pieces;
        other.same_end = false;  // a turn whose model fails is ended in other words
      }
  }
  void mutants() {
    for (std::size_t n = 1; n <= plain_.model_calls; ++n)
      for (const char* mutant : kMutants) {
        Derivation& other = add("F8:call:" + std::to_string(n) + ":" + mutant);
        other.mutant_call = n;
        other.mutant = mutant;
        other.same_end = false;
      }
  }

  const RunResult& plain_;
  std::set<std::string> skipped_;
  bool by_hand_ = false;
  bool any_end_ = false;  // a race of which nobody can say who wins
  bool crashes_itself_ = false;
  std::vector<Derivation> out_;
};

}  // namespace

std::vector<Derivation> derivations_of(const Script& script, const RunResult& plain) {
  return Deriving(script, plain).all();
}

}  // namespace purser::replay
