// Servers that refuse to run as root: their programs run as the user that Debian's package of PostgreSQL made.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace purser::test {

uid_t uid_of_servers();
// A temporary folder that is theirs. `pattern` ends with XXXXXX.
std::string make_server_folder(const std::string& pattern);
// Starts it; what it says goes to the end of `log`. `lasting`: a server, which dies with us.
pid_t start_server_program(const std::vector<std::string>& arguments, const std::string& log, bool lasting);
// To its end. Throws with its words when it fails.
void run_server_program(const std::vector<std::string>& arguments, const std::string& log);

}  // namespace purser::test
