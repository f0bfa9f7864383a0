// What each command of the binary does, behind the command line. The return value is the process's exit code: 0 ok, 1
// the thing failed, 2 misuse.
#pragma once

#include "config/loader.hpp"

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
};
int run_sandbox(const SandboxCommand& command);

struct ReconcileCommand {
  std::string date;  // YYYY-MM-DD, in China
  std::string bill;  // the file of the trade bill
  bool json = false;
  SettingsSources sources;
};
int reconcile(const ReconcileCommand& command);

int check_config_file(const SettingsSources& sources, bool json);
int version(bool json);

}  // namespace purser
