#include "tests/support/postgres_server.hpp"

#include "tests/support/server_program.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <signal.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

namespace purser::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVersions = "/usr/lib/postgresql";
constexpr int kPatience = 600;  // looks, 50 ms apart

std::string programs() {
  std::string newest;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(kVersions, none)) {
    if (fs::exists(entry.path() / "bin/postgres")) newest = std::max(newest, (entry.path() / "bin").string());
  }
  return newest;
}

// Making a data directory takes seconds; copying one does not. Whoever comes first makes it.
std::string data_template() {
  const std::string name = "purser-postgres-" + std::to_string(uid_of_servers());
  const std::string path = (fs::temp_directory_path() / name).string();
  const int lock = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX) != 0) throw std::runtime_error("cannot lock " + path);
  if (!fs::exists(path)) {
    const std::string made = make_server_folder(name + ".XXXXXX");
    run_server_program({programs() + "/initdb", "-D", made, "-U", "purser", "-A", "trust", "-E", "UTF8", "--locale=C",
                        "--no-sync", "--no-instructions"},
                       made + ".log");
    fs::remove(made + ".log");
    fs::rename(made, path);
  }
  ::close(lock);
  return path;
}

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};

}  // namespace

bool PostgresServer::installed() {
  return !programs().empty();
}

PostgresServer::PostgresServer(std::vector<std::string> settings)
    : folder_(make_server_folder("purser-pg-XXXXXX")), settings_(std::move(settings)) {
  run_server_program({"/bin/cp", "-a", data_template(), folder_ + "/data"}, folder_ + "/log");
  start();
}

PostgresServer::~PostgresServer() {
  stop(true);
  std::error_code none;
  fs::remove_all(folder_, none);
}

void PostgresServer::start() {
  std::vector<std::string> arguments{
      programs() + "/postgres", "-D", folder_ + "/data",    "-k", folder_, "-c", "listen_addresses=", "-c",
      "shared_buffers=32MB",    "-c", "max_connections=100"};
  for (const std::string& setting : settings_) {
    arguments.emplace_back("-c");
    arguments.push_back(setting);
  }
  pid_ = start_server_program(arguments, folder_ + "/log", true);
  for (int looks = 0; looks < kPatience; ++looks) {
    if (PQping(url("postgres").c_str()) == PQPING_OK) return;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    ::poll(nullptr, 0, 50);
  }
  std::ifstream said(folder_ + "/log");
  throw std::runtime_error("PostgreSQL does not start: " + std::string{std::istreambuf_iterator<char>(said), {}});
}

void PostgresServer::stop(bool at_once) {
  if (pid_ < 0) return;
  ::kill(pid_, at_once ? SIGQUIT : SIGINT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql://purser@/" + database + "?host=" + folder_;
}

std::string PostgresServer::make_database() {
  const std::string name = "purser_" + std::to_string(++databases_);
  if (!run(url("postgres"), "CREATE DATABASE " + name)) throw std::runtime_error("cannot make a database");
  return url(name);
}

std::string PostgresServer::ask(const std::string& where, const std::string& sql) const {
  const std::unique_ptr<PGconn, Close> connection(PQconnectdb(where.c_str()));
  const std::unique_ptr<PGresult, Close> result(PQexec(connection.get(), sql.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

bool PostgresServer::run(const std::string& where, const std::string& sql) const {
  const std::unique_ptr<PGconn, Close> connection(PQconnectdb(where.c_str()));
  const std::unique_ptr<PGresult, Close> result(PQexec(connection.get(), sql.c_str()));
  const auto status = PQresultStatus(result.get());
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

PostgresServer& shared_postgres() {
  static PostgresServer server;
  return server;
}

}  // namespace purser::test
