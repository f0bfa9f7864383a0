#include "tests/support/pg_bouncer.hpp"

#include "tests/support/server_program.hpp"

#include <filesystem>
#include <fstream>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>

namespace purser::test {
namespace {

constexpr const char* kPgBouncer = "/usr/sbin/pgbouncer";
constexpr const char* kHost = "?host=";
constexpr int kLooks = 600;  // 50 ms apart

}  // namespace

bool PgBouncer::installed() {
  return std::filesystem::exists(kPgBouncer);
}

PgBouncer::PgBouncer(const std::string& server_url, int sessions)
    : folder_(make_server_folder("purser-pgbouncer-XXXXXX")) {
  const std::string host = server_url.substr(server_url.find(kHost) + std::string(kHost).size());
  std::ofstream(folder_ + "/pgbouncer.ini") << "[databases]\n* = host=" << host << " user=purser\n"
                                            << "[pgbouncer]\nlisten_port = 5432\nunix_socket_dir = " << folder_
                                            << "\nlogfile = " << folder_ << "/log\nauth_type = any\n"
                                            << "pool_mode = transaction\nmax_client_conn = 200\n"
                                            << "default_pool_size = " << sessions
                                            << "\nquery_wait_timeout = 30\n"
                                            // Each test has a database, and each of these its sessions.
                                            << "server_idle_timeout = 0.2\n";
  pid_ = start_server_program({kPgBouncer, folder_ + "/pgbouncer.ini"}, folder_ + "/said", true);
  const std::string url = through(server_url);
  for (int looks = 0; looks < kLooks; ++looks) {
    if (PQping(url.c_str()) == PQPING_OK) return;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    ::poll(nullptr, 0, 50);
  }
  std::ifstream said(folder_ + "/said");
  throw std::runtime_error("PgBouncer does not start: " + std::string{std::istreambuf_iterator<char>(said), {}});
}

PgBouncer::~PgBouncer() {
  if (pid_ > 0) {
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code none;
  std::filesystem::remove_all(folder_, none);
}

std::string PgBouncer::through(const std::string& server_url) const {
  return server_url.substr(0, server_url.find(kHost)) + kHost + folder_;
}

}  // namespace purser::test
