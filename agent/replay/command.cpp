#include "agent/app/commands.hpp"
#include "agent/replay/ground.hpp"
#include "agent/replay/report.hpp"
#include "gateway/async/system_clock.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>
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

Outcome outcome_of(RunResult run, Clock::time_point began) {
  Outcome out;
  out.path = std::move(run.path);
  out.name = std::move(run.name);
  out.derivation = std::move(run.derivation);
  out.failures = std::move(run.failures);
  if (out.derivation.empty() || !out.failures.empty()) out.journal = std::move(run.journal);
  out.digest = std::move(run.digest);
  out.assertions = std::move(run.assertions);
  out.commits = static_cast<std::int64_t>(run.commit_names.size());
  out.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(machine_time() - began).count();
  return out;
}

// A script and everything derived from it; `tell` hears of each run.
template <class Tell>
void play(const Script& script, const ReplayCommand& command, const Tell& tell) {
  const RunOptions options;
  const Derivation none;
  auto began = machine_time();
  const RunResult plain = run_script(script, none, nullptr, options);
  Outcome first = outcome_of(plain, began);
  if (command.twice && first.failures.empty()) {
    const RunResult again = run_script(script, none, nullptr, options);
    if (again.digest != plain.digest) first.failures.push_back(script.path + ": two runs differ");
  }
  const bool good = first.failures.empty();
  if (command.only.empty() || !good) tell(first);
  if (!good || command.derive != "all") return;
  for (const Derivation& derivation : derivations_of(script, plain)) {
    if (!derivation.code.starts_with(command.only)) continue;
    began = machine_time();
    tell(outcome_of(run_script(script, derivation, &plain, options), began));
  }
}

// Scripts number `worker`, `worker` + `workers`, ... ; each outcome is a line to `out`.
void work(const std::vector<Script>& scripts, const ReplayCommand& command, std::size_t worker, std::size_t workers,
          int out) {
  for (std::size_t i = worker; i < scripts.size(); i += workers)
    play(scripts[i], command, [out](const Outcome& outcome) {
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
  (void)Ground::of_this_process();  // keys are made once, before anybody is forked
  std::vector<Child> children(workers);
  for (std::size_t i = 0; i < workers; ++i) {
    int ends[2];
    if (::pipe(ends) != 0) continue;
    std::cout.flush();
    children[i].pid = ::fork();
    if (children[i].pid == 0) {
      ::close(ends[0]);
      work(scripts, command, i, workers, ends[1]);
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
    dead.name = "a worker";
    dead.failures.push_back("the process died, after " +
                            (all.empty() ? std::string("nothing") : all.back().name + " " + all.back().derivation));
    all.push_back(std::move(dead));
  }
  std::stable_sort(all.begin(), all.end(), [](const Outcome& a, const Outcome& b) { return a.path < b.path; });
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

}  // namespace

int replay_scripts(const ReplayCommand& command) {
  std::vector<Script> scripts;
  for (const std::string& path : command.paths) {
    auto loaded = load_scripts(path);
    if (!loaded) {
      std::cerr << loaded.error().message << "\n";
      return 2;
    }
    std::move(loaded->begin(), loaded->end(), std::back_inserter(scripts));
  }
  const auto began = machine_time();
  const auto cores =
      static_cast<std::size_t>(command.jobs > 0 ? command.jobs : std::max(1u, std::thread::hardware_concurrency()));
  Suite suite;
  if (cores == 1 || scripts.size() == 1) {
    for (const Script& script : scripts)
      play(script, command, [&](const Outcome& outcome) { suite.outcomes.push_back(outcome); });
  } else {
    suite.outcomes = on_processes(scripts, command, std::min(cores, scripts.size()));
  }
  suite.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(machine_time() - began).count();

  const bool junit_written = write_text(command.junit, junit_xml(suite));
  const bool written = write_text(command.html, html_page(suite)) && junit_written;
  if (command.json) {
    std::cout << summary_json(suite).dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  } else {
    for (const Outcome& outcome : suite.outcomes)
      if (!outcome.failures.empty()) std::cout << failure_text(outcome);
    std::cout << summary_text(suite);
  }
  return suite.failed() == 0 && !suite.outcomes.empty() && written ? 0 : 1;
}

}  // namespace purser
