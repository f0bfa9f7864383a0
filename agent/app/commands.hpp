// What each command of the binary does, behind the command line. The return value is the process's exit code: 0 ok, 1
// the thing failed, 2 misuse.
#pragma once

#include "config/loader.hpp"
#include "gateway/sandbox/settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace purser {

struct ServeCommand {
  SettingsSources sources;
  bool demo_chat = false;  // the demo's web page at /chat
};
int serve(const ServeCommand& command);

struct DemoCommand {
  bool json = false;
  bool web = false;  // in the browser, until it is stopped
  std::string locale = "en";
};
int demo(const DemoCommand& command);

struct ChatCommand {
  std::string url;  // empty: a daemon of its own
  std::string key;
  std::string locale = "en";
  SettingsSources sources;
};
int chat(const ChatCommand& command);

struct SandboxCommand {
  std::string listen = "127.0.0.1:8090";
  std::string credentials;
  sandbox::SandboxSettings settings;
};
int run_sandbox(const SandboxCommand& command);

struct ReconcileCommand {
  std::string date;       // YYYY-MM-DD, in China
  std::string bill;       // the file of the trade bill; empty: the rail is asked for it
  std::string flow_bill;  // the file of the fund-flow bill, beside it; empty: not compared
  bool json = false;
  SettingsSources sources;
};
int reconcile(const ReconcileCommand& command);

// The file of API keys (auth.keys_file).
struct KeysCommand {
  std::string file;
  std::string tenant;
  std::vector<std::string> scopes;  // empty: all
  std::int64_t days = 0;            // until it ends; 0: no end
  std::string id;
  bool json = false;
};
int add_key(const KeysCommand& command);
int list_keys(const KeysCommand& command);
int revoke_key(const KeysCommand& command);

// Defined in agent/replay, which stands on the composition root and so cannot be included by it.
struct ReplayCommand {
  std::vector<std::string> paths;
  std::string derive = "none";  // or "all"
  std::string only;             // derivations whose code begins so
  std::string row;              // of the scripts' tables this row alone; empty: all
  std::string junit;            // files to write; empty: none
  std::string html;
  std::int64_t jobs = 0;  // 0: one a core
  bool json = false;
  bool twice = false;             // each plain run again; the traces must be the same bytes
  bool fail_fast = false;         // nothing new is begun after the first failure
  std::string keep_database;      // of the last plain run; empty: it is thrown away
  std::string record = "none";    // "once", "new", "all", "rewrite": what of a real endpoint's answers is written down
  bool loopback = false;          // over sockets, against a purser that is started for each script
  bool leave_out_inside = false;  // with loopback: what cannot be played from outside is left out, and may be
  bool bless = false;             // expectations that are missed are rewritten, and the changes shown
  SettingsSources sources;        // where the endpoint to record from is named
};
// 1 also when something did not run, 2 also for a script that cannot be read.
int replay_scripts(const ReplayCommand& command);

struct SimulateCommand {
  std::uint64_t from = 1;
  std::uint64_t seeds = 1'000;
  std::int64_t jobs = 0;  // 0: one a core
  bool json = false;
  bool twice = false;  // each seed again; the traces must be the same bytes
};
int simulate(const SimulateCommand& command);

struct LedgerCommand {
  bool verify = true;  // otherwise: the record of one thread, a JSON object a line
  std::string thread;
  bool json = false;
  SettingsSources sources;
};
int ledger(const LedgerCommand& command);

// Takes a user's words out of the database. 1 also when something of theirs is not settled and was left.
struct EraseCommand {
  std::string tenant;
  std::string user;
  std::string archive;  // a new file for what is taken out, a JSON object a line; empty: none
  bool json = false;
  SettingsSources sources;
};
int erase(const EraseCommand& command);

struct RoutesCommand {
  std::string log;  // the attempt log
  bool json = false;
  SettingsSources sources;  // of the models that were asked; their keys may be missing
};
// Decides every question of an attempt log again; 1 when one comes out otherwise, or the log was changed.
int replay_attempt_log(const RoutesCommand& command);

int check_config_file(const SettingsSources& sources, bool json);

struct VersionCommand {
  bool json = false;
  bool bill = false;  // the bill of materials in place of the list
};
// Says on standard error which of the libraries are known to be bad.
int version(const VersionCommand& command);

}  // namespace purser
