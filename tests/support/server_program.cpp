#include "tests/support/server_program.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace purser::test {
namespace {

struct ServerUser {
  uid_t uid = ::geteuid();
  gid_t gid = ::getegid();
};

ServerUser user_of_servers() {
  ServerUser user;
  if (user.uid != 0) return user;
  const passwd* found = ::getpwnam("postgres");
  if (found == nullptr) found = ::getpwnam("nobody");
  if (found == nullptr) throw std::runtime_error("there is no user that a server could run as");
  user.uid = found->pw_uid;
  user.gid = found->pw_gid;
  return user;
}

}  // namespace

uid_t uid_of_servers() {
  return user_of_servers().uid;
}

std::string make_server_folder(const std::string& pattern) {
  std::string path = (std::filesystem::temp_directory_path() / pattern).string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
  const ServerUser user = user_of_servers();
  if (::geteuid() == 0 && ::chown(path.c_str(), user.uid, user.gid) != 0) {
    throw std::runtime_error("cannot give " + path + " away");
  }
  return path;
}

pid_t start_server_program(const std::vector<std::string>& arguments, const std::string& log, bool lasting) {
  const ServerUser user = user_of_servers();
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::close(STDIN_FILENO);
  for (int descriptor = 3; descriptor < 1024; ++descriptor) ::close(descriptor);
  if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(user.gid) != 0 || ::setuid(user.uid) != 0)) {
    ::_exit(126);
  }
  if (lasting) ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  // A shell has what it begins in the background ignore them, which would be inherited: it would never end.
  ::signal(SIGQUIT, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  ::setenv("LC_ALL", "C", 1);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

void run_server_program(const std::vector<std::string>& arguments, const std::string& log) {
  int status = 0;
  ::waitpid(start_server_program(arguments, log, false), &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::ifstream said(log);
  const std::string text{std::istreambuf_iterator<char>(said), {}};
  throw std::runtime_error(arguments.front() + " failed: " + text);
}

}  // namespace purser::test
