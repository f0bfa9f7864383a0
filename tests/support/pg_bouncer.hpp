// A real PgBouncer in transaction mode for tests, on a socket in a folder of its own, before a PostgresServer.
#pragma once

#include <string>
#include <sys/types.h>

namespace purser::test {

class PgBouncer {
 public:
  static bool installed();

  // `server_url`: of any database of the server; this many of its sessions are lent to all clients of one database.
  explicit PgBouncer(const std::string& server_url, int sessions = 3);
  ~PgBouncer();
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  // The same database, through the pooler.
  std::string through(const std::string& server_url) const;

 private:
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace purser::test
