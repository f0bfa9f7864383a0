// The command line: which command, with what.
#pragma once

#include <map>
#include <string>

namespace purser {

// Returns the exit code: 0 ok, 1 the thing failed, 2 misuse.
int run_command_line(int argc, char** argv, std::map<std::string, std::string> environment);

}  // namespace purser
