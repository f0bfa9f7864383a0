#include "agent/replay/process.hpp"

#include "agent/replay/world.hpp"

#include <filesystem>
#include <signal.h>
#include <stdexcept>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

namespace purser::replay {

Process::Process(const std::string& program, const std::vector<std::string>& settings, std::uint16_t model_port) {
  std::string folder = std::filesystem::temp_directory_path() / "purser-sockets-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
  folder_ = folder;
  std::vector<std::string> words{program, "serve",
                                 "--set", "server.listen=127.0.0.1:0",
                                 "--set", "server.admin_listen=127.0.0.1:0",
                                 "--set", "database.url=sqlite://" + folder_ + "/purser.db"};
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  std::vector<std::string> environment{"PATH=/usr/bin:/bin", "HOME=" + folder_, "PURSER_API_KEYS=" + api_keys()};
  if (model_port > 0) {
    environment.push_back("PURSER_LLM_BASE_URL=http://127.0.0.1:" + std::to_string(model_port) + "/v1");
    environment.push_back("PURSER_LLM_API_KEY=sk_model_replay");
    environment.emplace_back("PURSER_LLM_MODEL=scripted");
  }
  start(words, environment);
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

void Process::start(std::vector<std::string>& words, std::vector<std::string>& environment) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe can be made");
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& line : environment) envp.push_back(line.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    const std::string log = folder_ + "/log";
    if (::freopen(log.c_str(), "w", stderr) == nullptr) ::_exit(126);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  out_ = ends[0];
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
