// A purser as somebody would start it, in a folder of its own that goes with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace purser::replay {

class Process {
 public:
  // Runs `program` as "serve" on free ports with these settings ("key=value") and, unless the port is 0, the model that
  // listens there; its API keys are api_keys(). Returns when it is ready. Throws std::runtime_error when it does not
  // get there.
  Process(const std::string& program, const std::vector<std::string>& settings, std::uint16_t model_port);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // What a command of the program says that is run beside the daemon, on its database, and how it ended.
  struct Told {
    int code = 0;
    std::string out;
    std::string trouble;  // what it wrote to standard error
  };
  // Runs `words` ("ledger", "verify") and blocks until that has ended. Throws std::runtime_error when it does not
  // start.
  Told run(std::vector<std::string> words) const;

  std::string url;
  std::string admin;

 private:
  struct Started {
    int pid = 0;
    int out = -1;  // what it writes to standard output, to be read
  };
  Started start(std::vector<std::string> words, std::vector<std::string> environment, const std::string& log) const;
  void read_ready();

  std::string program_;
  std::string folder_;
  std::vector<std::string> set_;  // "--set", "key=value", ..., without what a daemon alone takes
  int pid_ = 0;
  int out_ = -1;
};

}  // namespace purser::replay
