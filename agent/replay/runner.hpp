// Plays one script, or one derivation of it, in a world of its own and judges what came of it.
#pragma once

#include "agent/replay/match.hpp"
#include "agent/replay/script.hpp"
#include "agent/replay/world.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace purser::replay {

// What a model said in the plain run, by what it had been asked: a derived run asks more often, in another order, or
// again after a crash, and gets the same words.
struct Memo {
  std::map<std::string, std::vector<json>> by_history;
  std::map<std::string, json> by_last;
};

// How a run differs from the plain one. The code is what --only takes: "F1:commit:7:after".
struct Derivation {
  std::string code;  // empty: the plain run
  std::optional<CrashPoint> crash;
  std::int64_t rail_fault_at = 0;  // the n-th call of the rail
  std::string rail_fault;
  std::string webhooks;           // see World::twist_webhooks()
  std::size_t drop_events = 0;    // clients stream their turns, and go away after so many events
  std::size_t follow_events = 0;  // each thread is followed, over connections that break after so many events
  bool ask_twice = false;         // clients send each request twice at once, under one key
  bool split_time = false;
  Millis time_off{0};  // each step of time ends so much later than in the plain run
  bool reverse_calls = false;
  std::size_t mutant_call = 0;  // the n-th call of a model
  std::string mutant;
  std::size_t cut_answer = 0;  // the n-th answer of a model is lost after so many pieces of its stream
  std::size_t cut_pieces = 0;
  bool same_end = true;  // the end state must be the plain run's
};

// An expectation that was missed, and what it would have to say: step number, "ledger", "finally.captured_fen".
struct Blessing {
  std::size_t step = 0;
  std::string kind;
  json value;
};

struct RunResult {
  std::string name;
  std::string path;
  std::string derivation;
  std::vector<std::string> failures;  // "file:line: what"; empty: passed
  bool misuse = false;                // the script cannot be played as it is written
  std::vector<std::string> steps;     // of the script, before the first of them: steps_up_to()
  std::vector<JournalLine> journal;
  json end_state;
  std::string digest;  // SHA-256 over events, rail traffic and ledger
  // For those who derive runs from this one.
  Memo memo;
  std::vector<UtcTime> step_ends;
  std::vector<std::size_t> step_lines;  // how long the journal was by then
  std::vector<std::string> commit_names;
  std::vector<std::string> rail_names;
  std::size_t webhooks = 0;
  std::size_t most_events = 0;  // of one turn
  std::size_t model_calls = 0;
  std::size_t model_answers = 0;
  std::map<std::string, std::size_t> assertions;  // by kind
  std::vector<Blessing> blessings;                // with RunOptions::bless, in place of failures
  std::vector<json> recorded;                     // with RunOptions::model: the steps, and the model's among them
};

struct RunOptions {
  std::string keep_database;
  bool bless = false;
  // Answers the requests that no step answers, as a model step does; empty: they are a failure.
  std::function<Result<json>(const json& request)> model;
};

RunResult run_script(const Script& script, const Derivation& derivation, const RunResult* plain,
                     const RunOptions& options);

// Where and how two plain runs of one script came apart, as a failure.
std::string where_two_differ(const Script& script, const RunResult& one, const RunResult& other);

// Every derivation of a script that its plain run suggests.
std::vector<Derivation> derivations_of(const Script& script, const RunResult& plain);

}  // namespace purser::replay
