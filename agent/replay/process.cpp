#include "agent/replay/process.hpp"

#include "agent/replay/world.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <signal.h>
#include <stdexcept>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace purser::replay {

Process::Process(const std::string& program, const std::vector<std::string>& settings, std::uint16_t model_port)
    : program_(program) {
  std::string folder = std::filesystem::temp_directory_path() / "purser-sockets-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
  folder_ = folder;
  set_ = {"--set", "database.url=sqlite://" + folder_ + "/purser.db"};
  for (const std::string& setting : settings) set_.insert(set_.end(), {"--set", setting});
  std::vector<std::string> words{"serve", "--set", "server.listen=127.0.0.1:0", "--set",
                                 "server.admin_listen=127.0.0.1:0"};
  std::vector<std::string> environment{"PURSER_API_KEYS=" + api_keys()};
  if (model_port > 0) {
    environment.push_back("PURSER_LLM_BASE_URL=http://127.0.0.1:" + std::to_string(model_port) + "/v1");
    environment.push_back("PURSER_LLM_API_KEY=sk_model_replay");
    environment.emplace_back("PURSER_LLM_MODEL=scripted");
  }
  const Started daemon = start(std::move(words), std::move(environment), folder_ + "/log");
  pid_ = daemon.pid;
  out_ = daemon.out;
  read_ready();
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Process::Started Process::start(std::vector<std::string> words, std::vector<std::string> environment,
                                const std::string& log) const {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be made");
  words.insert(words.begin(), program_);
  words.insert(words.end(), set_.begin(), set_.end());
  environment.insert(environment.end(), {"PATH=/usr/bin:/bin", "HOME=" + folder_});
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& line : environment) envp.push_back(line.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const int pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    if (::freopen(log.c_str(), "w", stderr) == nullptr) ::_exit(126);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  if (pid > 0) return {pid, ends[0]};
  ::close(ends[0]);
  throw std::runtime_error("no process can be made");
}

Process::Told Process::run(std::vector<std::string> words) const {
  const std::string log = folder_ + "/log.command";
  const Started command = start(std::move(words), {}, log);
  Told told;
  char piece[4096];
  for (ssize_t n = ::read(command.out, piece, sizeof piece); n > 0; n = ::read(command.out, piece, sizeof piece))
    told.out.append(piece, static_cast<std::size_t>(n));
  ::close(command.out);
  int status = 0;
  ::waitpid(command.pid, &status, 0);
  told.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::ifstream trouble(log);
  told.trouble.assign(std::istreambuf_iterator<char>(trouble), std::istreambuf_iterator<char>());
  return told;
}

// "ready URL admin URL"
void Process::read_ready() {
  std::string line;
  char letter = 0;
  while (::read(out_, &letter, 1) == 1 && letter != '\n') line += letter;
  const auto word_after = [&](const std::string& name) {
    const auto at = line.find(name + " ");
    if (at == line.npos) throw std::runtime_error("the daemon did not get ready: " + line);
    const auto from = at + name.size() + 1;
    return line.substr(from, line.find(' ', from) - from);
  };
  url = word_after("ready");
  admin = word_after("admin");
}

}  // namespace purser::replay
