// The real binary as a child process: started with an environment of its own, watched, killed.
#pragma once

#include "tests/support/temp_folder.hpp"

#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace purser::test {

class Child {
 public:
  // Starts `program` with `arguments` and exactly `environment` (and PATH). Both outputs are read by the methods below.
  Child(std::string program, std::vector<std::string> arguments, std::map<std::string, std::string> environment);
  ~Child();  // kills what still runs
  Child(const Child&) = delete;

  // The next line of standard output, without its end; empty when the child closed it.
  std::string read_line();
  void signal(int number) const;
  // Waits for the end. The exit code, or 128 + the signal that ended it.
  int wait();
  bool running();
  // Everything written to standard error so far.
  std::string errors() const;
  std::string rest_of_output();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffered_;
  std::string error_file_;
  bool ended_ = false;
  int code_ = 0;
};

// A port of 127.0.0.1 that nobody listened on a moment ago.
int free_port();

}  // namespace purser::test
