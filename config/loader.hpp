// From where the operator said it to Settings: defaults, then the file, then the environment, then --set; the later
// wins. Nothing stops at the first mistake: all are told together.
#pragma once

#include "config/mistake.hpp"
#include "config/settings.hpp"

#include <map>
#include <string>
#include <vector>

namespace purser {

struct SettingsSources {
  std::string file;                                // --config; empty: PURSER_CONFIG, and without it no file
  std::map<std::string, std::string> environment;  // only main reads the real one; an empty variable counts as unset
  std::vector<std::string> sets;                   // --set, each "key=value"
};

struct LoadedSettings {
  Settings settings;  // to be used only when ok()
  // Where the database goes when nobody named a place: it may have to be made. Empty when the place was named, or when
  // the environment knows no such folder; database.url is empty then too.
  std::string state_folder;
  Mistakes mistakes;
  Mistakes warnings;  // told at the start; the daemon runs

  bool ok() const { return mistakes.empty(); }
};

// Secrets come by variable, or by the file that <VARIABLE>_FILE names; one in the configuration file is refused
// (config_secret_in_file), one in --set too, because others can see the arguments of a process.
LoadedSettings load_settings(const SettingsSources& sources);

// The result for people, one line each, and for programs: {"ok","mistakes":[{"code","source","key","value","rule"}],
// "warnings":[...]}.
std::string report_text(const LoadedSettings& loaded);
std::string report_json(const LoadedSettings& loaded);

}  // namespace purser
