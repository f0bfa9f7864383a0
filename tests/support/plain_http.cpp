#include "tests/support/plain_http.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace purser::test {

namespace {

int connect_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

bool send_all(int socket, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto count = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

// False at the end of the stream.
bool receive_more(int socket, std::string& into) {
  char bytes[16384];
  const auto count = ::recv(socket, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  into.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The start line and the fields of `head`.
std::string parse_head(const std::string& head, std::map<std::string, std::string>& fields) {
  std::string first = head.substr(0, head.find("\r\n"));
  std::size_t at = first.size() + 2;
  while (at < head.size()) {
    const auto end = head.find("\r\n", at);
    const std::string line = head.substr(at, end == std::string::npos ? end : end - at);
    const auto colon = line.find(':');
    if (colon != std::string::npos) {
      const auto value = line.find_first_not_of(' ', colon + 1);
      fields[lower(line.substr(0, colon))] = value == std::string::npos ? "" : line.substr(value);
    }
    if (end == std::string::npos) break;
    at = end + 2;
  }
  return first;
}

}  // namespace

PlainReply plain_http(int port, const std::string& method, const std::string& target,
                      const std::vector<std::pair<std::string, std::string>>& headers, const std::string& body) {
  std::string bytes = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
  for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
  if (!body.empty() || method == "POST") bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  bytes += "\r\n" + body;
  PlainReply reply;
  const int socket = connect_to(port);
  if (socket < 0) return reply;
  std::string received;
  if (send_all(socket, bytes))
    while (receive_more(socket, received)) {
    }
  ::close(socket);
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return reply;
  const std::string first = parse_head(received.substr(0, end), reply.headers);
  if (first.size() > 12) reply.status = std::atoi(first.c_str() + 9);
  reply.body = received.substr(end + 4);
  return reply;
}

std::string raw_exchange(int port, const std::string& bytes, int seconds) {
  const int socket = connect_to(port);
  std::string received;
  if (socket < 0) return received;
  send_all(socket, bytes);
  pollfd wait{socket, POLLIN, 0};
  while (::poll(&wait, 1, seconds * 1000) == 1 && receive_more(socket, received)) {
  }
  ::close(socket);
  return received;
}

PlainServer::PlainServer(Answer answer) : answer_(std::move(answer)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_, 64);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

PlainServer::~PlainServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::vector<PlainServer::Request> PlainServer::requests() const {
  const std::lock_guard hold(mutex_);
  return requests_;
}

void PlainServer::serve() {
  for (;;) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    std::string received;
    Request request;
    while (received.find("\r\n\r\n") == std::string::npos && receive_more(socket, received)) {
    }
    const auto end = received.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::string first = parse_head(received.substr(0, end), request.headers);
      request.method = first.substr(0, first.find(' '));
      request.target = first.substr(request.method.size() + 1, first.rfind(' ') - request.method.size() - 1);
      const auto length = static_cast<std::size_t>(std::atoll(request.headers["content-length"].c_str()));
      request.body = received.substr(end + 4);
      while (request.body.size() < length && receive_more(socket, request.body)) {
      }
      {
        const std::lock_guard hold(mutex_);
        requests_.push_back(request);
      }
      send_all(socket, answer_(request));
    }
    ::shutdown(socket, SHUT_WR);
    ::close(socket);
  }
}

std::string PlainServer::reply(int status, const std::string& body, const std::string& content_type) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + content_type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace purser::test
