// One run while it is played; the implementation of run_script.
#pragma once

#include "agent/replay/judged.hpp"
#include "agent/replay/runner.hpp"
#include "agent/replay/stage.hpp"

#include <map>
#include <string>
#include <vector>

namespace purser::replay {

// The world that a script asks for. Throws std::runtime_error when it asks for what there is not.
WorldOptions world_options(const Script& script);
// "120s", "1ms", "-60s"; the schema has seen it.
Millis duration_of(std::string_view text);

// A client's connection that follows a thread.
struct Following {
  ClientCallPtr call;
  std::int64_t after = 0;  // the last event it says it has seen

  std::vector<std::int64_t> seen() const;
  // The last it has seen by now.
  std::int64_t last() const;
  bool is_over() const { return call->ended || call->hung_up || call->lost; }
};

class Run final : Judge {
 public:
  Run(const Script& script, const Derivation& derivation, const RunResult* plain, const RunOptions& options)
      : script_(script),
        derived_(derivation),
        plain_(plain),
        options_(options),
        given_(script.root.value("given", json::object())),
        world_(world_options(script)),
        stage_(world_) {
    result_.name = script.name;
    result_.path = script.path;
    result_.derivation = derivation.code;
  }

  RunResult play();

 private:
  bool is_plain() const { return derived_.code.empty(); }

  void fail(const std::string& what) override { fail_at(at_, what); }
  void fail_at(std::size_t step, const std::string& what);
  // Where a failure stands: the step's line, behind the last of them that line, and in which derivation.
  std::string place_of(std::size_t step) const;
  void place_blame();
  void fail_behind(const std::string& what);
  // What comes after it would tell nothing.
  void halt(const std::string& what);
  // The script is wrong, not what it tells of.
  void misuse(const std::string& what);
  void go();
  void count(const std::string& kind) override { result_.assertions[kind] += 1; }
  void look_at(const std::string& member) override { end_member_ = member; }
  void prepare();
  void step(const json& s);
  void act(const json& s);
  void act_on_rail(const json& s);
  void act_on_process(const json& s);
  void act_as_client(const json& s);
  void concurrent(const json& list);
  std::string thread_of(const json& s);
  void capture_names();

  void twin(const ClientCallPtr& call);
  void user(const json& s);
  void model(const json& s);
  void gateway(const json& s);
  void pay(const json& how, bool declined);
  void webhook(const json& how);
  void request(const json& how);
  void client(const json& s);
  void operate(const json& how);
  void crash(const std::string& where);
  void expect_no_crash_left();
  void expect_no_request_left();
  void expect_no_fault_left();
  void set_faults(const json& faults);
  void asked(const ClientCallPtr& call);
  std::vector<ClientCallPtr> calls_of_step() const;
  void judge_answers();
  void judge_open(const json& s, bool waited, std::size_t unserved_before);
  bool waits() const { return !world_.waiting_models().empty() || !world_.waiting_rails().empty(); }
  std::string filled_in(const json& text);
  json all_filled_in(const json& value);
  std::string key_of(const json& s);
  bool nobody_knows(const std::string& what, const json& how, const char* nth, const char* number);
  void advance(const json& s);
  void insist();
  void catch_up();

  void check_sent(const json& sent, const json& request);
  void check(const json& expect, const std::string& thread);
  void check_rows(const json& expect, const std::string& thread);
  void check_money_line(const json& wanted, const std::string& reply, const std::string& thread);
  void check_calls(const json& expect);
  void check_lists(const json& expect, const std::string& thread);
  void compare(const std::string& kind, const json& expected, const json& actual) override;
  void compare_new(const std::string& kind, const json& expected, const json& actual, const json& with_earlier);
  void missed(const std::string& kind, const std::string& how, json value);
  void record(const json& s, const std::string& thread);
  bool holds(const std::string& key, const json& expected, const std::string& thread);
  void trajectory();
  void finally();
  void finish();

  void follow_on(const std::string& name, std::int64_t after);
  void follow();
  void hang_up();
  void streams();

  std::optional<json> seat(const json& request);
  json mutated(json answer);

  const Script& script_;
  const Derivation& derived_;
  const RunResult* plain_;
  const RunOptions& options_;
  json given_;
  World world_;
  Stage stage_;
  RunResult result_;
  Captures captures_;
  std::size_t at_ = 0;
  Mark mark_;
  Mark mark_before_;  // of the step before
  // What a step asked of the daemon, until it is answered and the answer is judged.
  struct Asked {
    ClientCallPtr call;
    std::size_t step = 0;
    bool stated = false;  // a step says how it is answered
    bool judged = false;
  };
  std::vector<Asked> asked_;
  std::vector<std::size_t> blamed_at_;                       // the step of each of the oracles' violations
  std::size_t last_ = 0;                                     // the last step that was played
  std::string end_member_;                                   // behind the steps: what of the script is looked at
  std::size_t faults_step_ = 0;                              // that gave the rail its faults
  std::vector<ClientCallPtr> step_calls_;                    // of this step
  std::vector<ClientCallPtr> owed_;                          // not answered well yet
  std::map<std::string, std::vector<Following>> followers_;  // by thread, each after the connection before it
  bool open_ = false;
  bool was_open_ = false;  // before this step
  bool stopped_ = false;
  std::size_t keys_ = 0;
  std::map<std::string, std::size_t> cursor_;
  std::size_t calls_answered_ = 0;
  std::size_t answers_given_ = 0;
};

}  // namespace purser::replay
