// A real PostgreSQL for tests: started on a socket in a folder of its own, as a user that is not root, and ended with
// the test. The first test of a machine makes a template of its data directory, which the others copy.
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace purser::test {

class PostgresServer {
 public:
  // The programs of PostgreSQL 15 or later are installed.
  static bool installed();

  // `settings`: further "name=value" of postgresql.conf.
  explicit PostgresServer(std::vector<std::string> settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A new, empty database, and how to reach it.
  std::string make_database();
  std::string url(const std::string& database) const;
  // What psql would print for one statement of one row and column. Throws when it fails.
  std::string ask(const std::string& url, const std::string& sql) const;
  // False when it fails.
  bool run(const std::string& url, const std::string& sql) const;

  // Ends it at once (as a crash would) or in order, and starts it again on the same data.
  void stop(bool at_once);
  void start();
  pid_t pid() const { return pid_; }

 private:
  std::string folder_;
  std::vector<std::string> settings_;
  pid_t pid_ = -1;
  int databases_ = 0;
};

// One server for all tests of a program; ends with it.
PostgresServer& shared_postgres();

}  // namespace purser::test
