// A real Redis for tests, on a port of its own and without a disk; ends with the test.
#pragma once

#include "tests/support/child.hpp"

#include <csignal>
#include <memory>
#include <string>

namespace purser::test {

class RedisServer {
 public:
  // With a password when it is not empty.
  explicit RedisServer(std::string password = {});
  std::string url() const;

  void stop();   // at once, as a crash would
  void start();  // again, empty
  // Holds it still, and lets it go on: connections stay and nothing answers.
  void freeze() { server_->signal(SIGSTOP); }
  void thaw() { server_->signal(SIGCONT); }

 private:
  std::string password_;
  int port_ = 0;
  std::unique_ptr<Child> server_;
};

}  // namespace purser::test
