// What a suite of runs came to: for people, for CI, and as a page to look at.
#pragma once

#include "agent/replay/runner.hpp"

#include <string>
#include <vector>

namespace purser::replay {

// One run as its suite keeps it; crosses from a worker process to its parent as one line of JSON.
struct Outcome {
  std::string path;
  std::string name;
  std::string derivation;
  std::string row;        // of its script's table; empty: there is none
  std::size_t place = 0;  // of its script among those that are played
  std::vector<std::string> failures;
  bool misuse = false;               // the script cannot be played as it is written
  std::vector<std::string> steps;    // of the script, that led to the first failure
  std::vector<JournalLine> journal;  // of failed runs, and of plain ones that are shown
  std::string digest;
  std::map<std::string, std::size_t> assertions;
  std::map<std::string, std::size_t> unheld;  // of its expectations, those that could not be held over sockets
  std::int64_t microseconds = 0;
  std::int64_t processor_us = 0;  // what the machine spent on it, without what others had it do meanwhile
  std::int64_t signing_us = 0;    // and of that in signatures
  std::int64_t commits = 0;
  std::string smallest;  // of a failed derivation: the file of the smallest script that fails so
  std::string unplayed;  // why it was not played at all; empty: it was

  bool good() const { return failures.empty() && unplayed.empty(); }
};

json to_json(const Outcome& outcome);
Outcome outcome_from(const json& line);

struct Suite {
  std::vector<Outcome> outcomes;
  std::int64_t microseconds = 0;
  std::size_t jobs = 1;     // how many played side by side
  bool leaves_out = false;  // what was not played was not meant to be

  // Of what was played.
  std::size_t plain() const;
  std::size_t derived() const;
  std::size_t failed() const;
  std::size_t unplayed() const;
  bool misused() const;
  // Something was played, nothing failed, and nothing that was to be played was not.
  bool good() const;
};

// What plays this run again, and no other, as a shell takes it.
std::string command_of(const Outcome& outcome);
// A failure with the last steps before it and the command that runs it again.
std::string failure_text(const Outcome& outcome);
std::string summary_text(const Suite& suite);
// Of a run over sockets: how many of its expectations were held, how many cannot be, and of which kinds.
std::string held_text(const Outcome& outcome);
json summary_json(const Suite& suite);
std::string junit_xml(const Suite& suite);
// One file, no network: each plain run as a timeline of lanes.
std::string html_page(const Suite& suite);

}  // namespace purser::replay
