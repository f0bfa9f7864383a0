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

  std::string url;
  std::string admin;

 private:
  void start(std::vector<std::string>& words, std::vector<std::string>& environment);
  void read_ready();

  std::string folder_;
  int pid_ = 0;
  int out_ = -1;
};

}  // namespace purser::replay
