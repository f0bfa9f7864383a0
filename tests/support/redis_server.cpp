#include "tests/support/redis_server.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace purser::test {
namespace {

bool listens(int port) {
  const int s = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool open = ::connect(s, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  ::close(s);
  return open;
}

}  // namespace

RedisServer::RedisServer(std::string password) : password_(std::move(password)), port_(free_port()) {
  start();
}

std::string RedisServer::url() const {
  const std::string login = password_.empty() ? "" : ":" + password_ + "@";
  return "redis://" + login + "127.0.0.1:" + std::to_string(port_);
}

void RedisServer::start() {
  std::vector<std::string> arguments{"--port", std::to_string(port_), "--bind", "127.0.0.1", "--save",
                                     "",       "--appendonly",        "no"};
  if (!password_.empty()) arguments.insert(arguments.end(), {"--requirepass", password_});
  server_ =
      std::make_unique<Child>("/usr/bin/redis-server", std::move(arguments), std::map<std::string, std::string>());
  for (int look = 0; look < 400; ++look) {
    if (listens(port_)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  throw std::runtime_error("redis-server did not start: " + server_->errors());
}

void RedisServer::stop() {
  server_->signal(SIGKILL);
  server_->wait();
}

}  // namespace purser::test
