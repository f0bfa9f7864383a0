#include "tests/support/child.hpp"

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace purser::test {

Child::Child(std::string program, std::vector<std::string> arguments, std::map<std::string, std::string> environment) {
  std::string pattern = (std::filesystem::temp_directory_path() / "purser-child-XXXXXX").string();
  const int errors = ::mkstemp(pattern.data());
  int pipe_ends[2];
  if (errors < 0 || ::pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe or temporary file");
  error_file_ = pattern;

  environment.emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  // Sanitizer options of the test run reach the child too.
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) environment.emplace(name, value);
  std::vector<std::string> pairs;
  for (const auto& [name, value] : environment) pairs.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (auto& pair : pairs) envp.push_back(pair.data());
  envp.push_back(nullptr);
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  pid_ = ::fork();
  if (pid_ == 0) {
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::execve(program.c_str(), argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  ::close(errors);
  output_ = pipe_ends[0];
}

Child::~Child() {
  if (running()) {
    signal(SIGKILL);
    wait();
  }
  if (output_ >= 0) ::close(output_);
  ::unlink(error_file_.c_str());
}

std::string Child::read_line() {
  for (;;) {
    const auto end = buffered_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      return line;
    }
    char bytes[4096];
    const auto count = ::read(output_, bytes, sizeof bytes);
    if (count <= 0) return std::exchange(buffered_, {});
    buffered_.append(bytes, static_cast<std::size_t>(count));
  }
}

std::string Child::rest_of_output() {
  std::string out;
  char bytes[4096];
  out = std::exchange(buffered_, {});
  for (;;) {
    const auto count = ::read(output_, bytes, sizeof bytes);
    if (count <= 0) return out;
    out.append(bytes, static_cast<std::size_t>(count));
  }
}

void Child::signal(int number) const {
  ::kill(pid_, number);
}

int Child::wait() {
  if (ended_) return code_;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  ended_ = true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

bool Child::running() {
  if (ended_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  ended_ = true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

std::string Child::errors() const {
  std::ifstream file(error_file_);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

}  // namespace purser::test
