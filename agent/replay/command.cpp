#include "agent/app/commands.hpp"
#include "agent/replay/bless.hpp"
#include "agent/replay/ground.hpp"
#include "agent/replay/loopback.hpp"
#include "agent/replay/record.hpp"
#include "agent/replay/report.hpp"
#include "agent/replay/script_rules.hpp"
#include "agent/replay/script_text.hpp"
#include "agent/replay/shrink.hpp"
#include "gateway/async/system_clock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <new>
#include <numeric>
#include <optional>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace purser {
namespace {

using namespace replay;

// How long the machine took; nothing that is played sees it.
Clock::time_point machine_time() {
  static SystemClock clock;
  return clock.now();
}

// When a run begins, by the machine's clocks.
struct Began {
  std::chrono::nanoseconds signing = Ground::of_this_process().signing_time();  // first: it may have keys to make
  std::chrono::nanoseconds processor = Ground::processor_time();
  Clock::time_point at = machine_time();
};

std::int64_t in_microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

// `shown`: the journal of a plain run is, also of one that is good.
Outcome outcome_of(const RunResult& run, const Began& began, bool shown) {
  const Began ended;
  Outcome out;
  out.path = run.path;
  out.name = run.name;
  out.derivation = run.derivation;
  out.failures = run.failures;
  out.misuse = run.misuse;
  out.steps = run.steps;
  if ((shown && out.derivation.empty()) || !out.failures.empty()) out.journal = run.journal;
  out.digest = run.digest;
  out.assertions = run.assertions;
  out.commits = static_cast<std::int64_t>(run.commit_names.size());
  out.microseconds = in_microseconds(ended.at - began.at);
  out.processor_us = in_microseconds(ended.processor - began.processor);
  out.signing_us = in_microseconds(ended.signing - began.signing);
  return out;
}

UtcTime machine_day() {
  static SystemClock clock;
  return clock.wall();
}

// The smallest script that fails as this one does, in a file of its own; empty when there is none.
std::string kept_smallest(const Script& script, const std::string& derivation) {
  const auto text = smallest_script(script, derivation);
  if (!text) return {};
  std::string path = std::filesystem::temp_directory_path() / "purser-replay-XXXXXX.json";
  const int file = ::mkstemps(path.data(), 5);
  if (file < 0) return {};
  const auto written = ::write(file, text->data(), text->size());
  ::close(file);
  return written == static_cast<ssize_t>(text->size()) ? path : std::string();
}

// The codes that begin as this one does, or all of them.
std::string known_codes(const std::vector<Derivation>& derivations, const std::string& like) {
  constexpr std::size_t kTold = 40;
  const auto begins = [&](const Derivation& one) { return one.code.starts_with(like.substr(0, like.find(':') + 1)); };
  const bool some = std::any_of(derivations.begin(), derivations.end(), begins);
  std::string out;
  std::size_t left = 0;
  for (const Derivation& one : derivations) {
    if (some && !begins(one)) continue;
    if (out.size() / 8 > kTold) {
      ++left;
    } else {
      out += (out.empty() ? "" : ", ") + one.code;
    }
  }
  if (out.empty()) return "none";
  return left == 0 ? out : out + " and " + std::to_string(left) + " more";
}

// A script that may not be played, and why.
Outcome refused(const Script& script, std::string why) {
  Outcome out;
  out.path = script.path;
  out.name = script.name;
  out.row = script.row;
  out.failures.push_back(std::move(why));
  return out;
}

// A script and everything derived from it; `tell` hears of each run. `place`: of the script among all.
template <class Tell>
void play(const Script& script, std::size_t place, const ReplayCommand& command, const Tell& tell_all) {
  const auto tell = [&](Outcome outcome) {
    outcome.row = script.row;
    outcome.place = place;
    tell_all(outcome);
  };
  RunOptions options;
  const Derivation none;
  options.keep_database = command.keep_database;
  const bool shown = !command.html.empty();
  const Began began;
  if (const std::string why = stale(script, machine_day()); !why.empty()) {
    return tell(refused(script, why));
  }
  const RunResult plain = run_script(script, none, nullptr, options);
  Outcome first = outcome_of(plain, began, shown);
  if (command.twice && first.failures.empty()) {
    const RunResult again = run_script(script, none, nullptr, options);
    if (again.digest != plain.digest) {
      first.failures.push_back(where_two_differ(script, plain, again));
      first.journal = plain.journal;
    }
  }
  const bool good = first.failures.empty();
  const std::string itself = script.root.value("derived", "");
  const std::string only = itself.empty() ? command.only : itself;
  if (only.empty() || !good) tell(first);
  if (!good || (command.derive != "all" && itself.empty())) return;
  const RunOptions plainly;
  bool searched = !itself.empty();
  const std::vector<Derivation> derivations = derivations_of(script, plain);
  const auto is_itself = [&](const Derivation& one) { return one.code == itself; };
  if (!itself.empty() && std::none_of(derivations.begin(), derivations.end(), is_itself)) {
    first.misuse = true;
    first.journal = plain.journal;
    first.failures.push_back(place_in(script, "/derived") + "this story has no derivation " + itself + "; it has " +
                             known_codes(derivations, itself));
    return tell(first);
  }
  for (const Derivation& derivation : derivations) {
    if (itself.empty() ? !derivation.code.starts_with(only) : !is_itself(derivation)) continue;
    const Began again;
    Outcome outcome = outcome_of(run_script(script, derivation, &plain, plainly), again, shown);
    if (!outcome.failures.empty() && !std::exchange(searched, true))
      outcome.smallest = kept_smallest(script, derivation.code);
    tell(outcome);
    if (command.fail_fast && !outcome.failures.empty()) return;
  }
}

// Plays a script while an endpoint answers, and writes down what was said. False: something failed, and nothing is
// written.
bool record_script(const Script& script, const ReplayCommand& command, RealModel& model) {
  if (script.rows > 1) {
    std::cerr << script.path << ": a table cannot be recorded; take one row\n";
    return false;
  }
  RunOptions options;
  options.model = [&model](const json& request) { return model.ask(request); };
  const Script asked = command.record == "new" ? script : without_models(script);
  const RunResult run = run_script(asked, Derivation(), nullptr, options);
  for (const std::string& failure : run.failures) std::cout << failure << "\n";
  if (!run.failures.empty()) return false;
  json root = script.root;
  root["recorded"] = recorded_note(model, machine_day());
  std::ofstream out(script.path, std::ios::binary | std::ios::trunc);
  out << script_text(root, run.recorded);
  out.close();
  std::cout << script.path << ": recorded from " << model.provider() << "\n";
  return out.good();
}

// Those that are to be recorded, taken out of `scripts`.
std::vector<Script> to_record(std::vector<Script>& scripts, const ReplayCommand& command) {
  if (command.record != "once") return std::exchange(scripts, {});
  const auto known = std::partition(scripts.begin(), scripts.end(),
                                    [](const Script& script) { return script.root.contains("recorded"); });
  std::vector<Script> out(std::make_move_iterator(known), std::make_move_iterator(scripts.end()));
  scripts.erase(known, scripts.end());
  return out;
}

int record_scripts(const std::vector<Script>& scripts, const ReplayCommand& command) {
  auto model = RealModel::make(command.sources);
  if (!model) {
    std::cerr << "purser replay: " << model.error().message << "\n";
    return 2;
  }
  bool good = true;
  for (const Script& script : scripts) good = record_script(script, command, **model) && good;
  return good ? 0 : 1;
}

int bless_scripts(const std::vector<Script>& scripts, bool show) {
  RunOptions options;
  options.bless = true;
  std::size_t rewritten = 0;
  bool good = true;
  bool misused = false;
  for (const Script& script : scripts) {
    const RunResult run = run_script(script, Derivation(), nullptr, options);
    for (const std::string& failure : run.failures) std::cout << failure << "\n";
    auto done = bless(script, run.blessings);
    if (!done) {
      std::cerr << "purser replay: " << done.error().message << "\n";
      return 1;
    }
    misused = misused || run.misuse;
    for (const std::string& left : done->left) std::cout << left << "\n";
    if (show) std::cout << done->diff;
    rewritten += done->rewritten;
    good = good && run.failures.empty() && done->left.empty();
  }
  std::cout << rewritten << " expectations rewritten\n";
  return misused ? 2 : good ? 0 : 1;
}

// The longest first, so that nobody is left with one when all others are done.
std::vector<std::size_t> longest_first(const std::vector<Script>& scripts) {
  std::vector<std::size_t> order(scripts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto longer = [&](std::size_t a, std::size_t b) { return scripts[a].steps.size() > scripts[b].steps.size(); };
  std::stable_sort(order.begin(), order.end(), longer);
  return order;
}

// Which script is next, counted in memory that the workers share.
class Queue {
 public:
  explicit Queue(const std::vector<Script>& scripts)
      : order_(longest_first(scripts)),
        place_(::mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        next_(place_ == MAP_FAILED ? nullptr : new (place_) Counter(0)) {}
  ~Queue() {
    if (next_) ::munmap(place_, sizeof(Counter));
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  explicit operator bool() const { return next_ != nullptr; }
  // Its place among the scripts; nothing when all are taken.
  std::optional<std::size_t> take() {
    const std::size_t turn = next_->fetch_add(1);
    return turn < order_.size() ? std::optional(order_[turn]) : std::nullopt;
  }
  // Nothing more is to be taken, by anybody.
  void close() { next_->store(std::numeric_limits<std::size_t>::max() / 2); }

 private:
  using Counter = std::atomic<std::size_t>;
  const std::vector<std::size_t> order_;
  void* place_;
  Counter* next_;
};

// Scripts as they come from the queue; each outcome is a line to `out`.
void work(const std::vector<Script>& scripts, const ReplayCommand& command, Queue& queue, int out) {
  for (auto next = queue.take(); next; next = queue.take())
    play(scripts[*next], *next, command, [&command, &queue, out](const Outcome& outcome) {
      if (command.fail_fast && !outcome.failures.empty()) queue.close();
      const std::string line = to_json(outcome).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
      for (std::size_t at = 0; at < line.size();) {
        const auto written = ::write(out, line.data() + at, line.size() - at);
        if (written <= 0) return;
        at += static_cast<std::size_t>(written);
      }
    });
}

void read_outcomes(int from, std::vector<Outcome>& into) {
  std::string rest;
  char buffer[65'536];
  for (auto got = ::read(from, buffer, sizeof buffer); got > 0; got = ::read(from, buffer, sizeof buffer)) {
    rest.append(buffer, static_cast<std::size_t>(got));
    for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      into.push_back(outcome_from(json::parse(rest.substr(0, end))));
      rest.erase(0, end + 1);
    }
  }
}

// Each worker is a process: a run that dies takes nobody else with it, and is told as failed.
std::vector<Outcome> on_processes(const std::vector<Script>& scripts, const ReplayCommand& command,
                                  std::size_t workers) {
  struct Child {
    pid_t pid = 0;
    int out = -1;
    std::vector<Outcome> outcomes;
    std::thread reader;
  };
  (void)Ground::of_this_process();  // what all have in common is made before anybody is forked
  Queue queue(scripts);
  if (!queue) return {};
  std::vector<Child> children(workers);
  for (std::size_t i = 0; i < workers; ++i) {
    int ends[2];
    if (::pipe(ends) != 0) continue;
    std::cout.flush();
    children[i].pid = ::fork();
    if (children[i].pid == 0) {
      ::close(ends[0]);
      work(scripts, command, queue, ends[1]);
      ::close(ends[1]);
      std::exit(0);
    }
    ::close(ends[1]);
    children[i].out = ends[0];
  }
  for (Child& child : children) child.reader = std::thread([&child] { read_outcomes(child.out, child.outcomes); });
  std::vector<Outcome> all;
  for (Child& child : children) {
    child.reader.join();
    ::close(child.out);
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    std::move(child.outcomes.begin(), child.outcomes.end(), std::back_inserter(all));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
    Outcome dead;
    dead.path = all.empty() ? "?" : all.back().path;
    dead.place = all.empty() ? 0 : all.back().place;
    dead.name = "a worker";
    dead.failures.push_back("the process died, after " +
                            (all.empty() ? std::string("nothing") : all.back().name + " " + all.back().derivation));
    all.push_back(std::move(dead));
  }
  // As they were given and as a table has its rows, whoever played them.
  std::stable_sort(all.begin(), all.end(), [](const Outcome& a, const Outcome& b) { return a.place < b.place; });
  return all;
}

bool write_text(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) std::cerr << "purser replay: " << path << " cannot be written\n";
  return out.good();
}

// What the suite came to, wherever it is wanted. 0 when all is well.
int tell_suite(const Suite& suite, const ReplayCommand& command) {
  const bool junit_written = write_text(command.junit, junit_xml(suite));
  const bool written = write_text(command.html, html_page(suite)) && junit_written;
  if (command.json) {
    std::cout << summary_json(suite).dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  } else {
    for (const Outcome& outcome : suite.outcomes)
      if (!outcome.failures.empty()) std::cout << failure_text(outcome);
    std::cout << summary_text(suite);
  }
  if (suite.unplayed() > 0 && !suite.leaves_out)
    std::cerr << "purser replay: " << suite.unplayed() << " of " << suite.outcomes.size()
              << " scripts were NOT played; --leave-out-inside leaves them out\n";
  if (!suite.outcomes.empty() && suite.unplayed() == suite.outcomes.size())
    std::cerr << "purser replay: nothing was played\n";
  if (suite.outcomes.empty())
    std::cerr << "purser replay: nothing was played: no run's code begins with " << command.only
              << (command.derive == "all" ? "\n" : "; derived runs need --derive all\n");
  if (suite.misused()) return 2;
  return suite.good() && written ? 0 : 1;
}

// Each script against a purser of its own, this very program.
Suite over_sockets(const std::vector<Script>& scripts, const ReplayCommand& command) {
  const auto began = machine_time();
  Suite suite;
  suite.leaves_out = command.leave_out_inside;
  std::error_code none;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", none);
  for (const Script& script : scripts) {
    const std::string why = only_inside(script);
    if (!why.empty()) {
      std::cerr << script.path << ": not over sockets: " << why << "\n";
      Outcome left;
      left.path = script.path;
      left.name = script.name;
      left.row = script.row;
      left.unplayed = "not over sockets: " + why;
      suite.outcomes.push_back(std::move(left));
      continue;
    }
    const auto start = machine_time();
    if (std::string old = stale(script, machine_day()); !old.empty()) {
      suite.outcomes.push_back(refused(script, std::move(old)));
      continue;
    }
    suite.outcomes.push_back(play_over_sockets(script, program));
    const auto took = machine_time() - start;
    suite.outcomes.back().microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    std::cerr << script.path << (script.row.empty() ? "" : " [" + script.row + "]") << ": "
              << held_text(suite.outcomes.back()) << "\n";
    if (command.fail_fast && suite.failed() > 0) break;
  }
  suite.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(machine_time() - began).count();
  return suite;
}

// A file that may be made, or written anew; nothing is left of a try.
bool can_be_written(const std::string& path) {
  std::error_code none;
  const bool there = std::filesystem::exists(path, none);
  const bool good = std::ofstream(path, std::ios::binary | std::ios::app).is_open();
  if (good && !there) std::filesystem::remove(path, none);
  return good;
}

// One row of each table, and no script that has none. False: nobody has such a row.
bool keep_row(std::vector<Script>& scripts, const std::string& row) {
  std::string known;
  for (const Script& script : scripts)
    if (!script.row.empty()) known += (known.empty() ? "" : ", ") + script.row;
  std::erase_if(scripts, [&](const Script& script) { return script.row != row; });
  if (scripts.empty())
    std::cerr << "purser replay: no table has the row " << row << "; there are " << (known.empty() ? "none" : known)
              << "\n";
  return !scripts.empty();
}

}  // namespace

int replay_scripts(const ReplayCommand& command) {
  const auto began = machine_time();
  std::vector<Script> scripts;
  for (const std::string& path : command.paths) {
    auto loaded = load_scripts(path);
    if (!loaded) {
      std::cerr << loaded.error().message << "\n";
      return 2;
    }
    std::move(loaded->begin(), loaded->end(), std::back_inserter(scripts));
  }
  if (!command.row.empty() && !keep_row(scripts, command.row)) return 2;
  if (!command.keep_database.empty() && !can_be_written(command.keep_database)) {
    std::cerr << "purser replay: --keep-database: " << command.keep_database << " cannot be written\n";
    return 2;
  }
  if (command.bless || command.record == "rewrite") return bless_scripts(scripts, command.bless);
  if (command.record != "none") {
    const std::vector<Script> wanted = to_record(scripts, command);
    const int recorded = wanted.empty() ? 0 : record_scripts(wanted, command);
    if (recorded != 0 || scripts.empty()) return recorded;
  }
  if (command.loopback) return tell_suite(over_sockets(scripts, command), command);
  const auto cores =
      static_cast<std::size_t>(command.jobs > 0 ? command.jobs : std::max(1u, std::thread::hardware_concurrency()));
  Suite suite;
  suite.jobs = std::min(cores, scripts.size());
  if (suite.jobs == 1) {
    for (std::size_t i = 0; i < scripts.size(); ++i) {
      play(scripts[i], i, command, [&](const Outcome& outcome) { suite.outcomes.push_back(outcome); });
      if (command.fail_fast && suite.failed() > 0) break;
    }
  } else {
    suite.outcomes = on_processes(scripts, command, suite.jobs);
  }
  suite.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(machine_time() - began).count();

  return tell_suite(suite, command);
}

}  // namespace purser
