// HTTP/1.1 over plain blocking sockets, written out by hand: tests of the whole must not speak through the client they
// test. One connection for each request.
#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace purser::test {

struct PlainReply {
  int status = 0;                              // 0: no answer came (refused, reset, closed)
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

PlainReply plain_http(int port, const std::string& method, const std::string& target,
                      const std::vector<std::pair<std::string, std::string>>& headers = {},
                      const std::string& body = {});

// Sends `bytes` as they are and reads until the peer closes or `seconds` pass without a byte.
std::string raw_exchange(int port, const std::string& bytes, int seconds = 5);

// A server on a port of its own with a thread of its own; `answer` is called for each request, one at a time.
class PlainServer {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;
    std::string body;
  };
  // The returned text is written as it is (status line, headers, body), then the connection is closed.
  using Answer = std::function<std::string(const Request&)>;

  explicit PlainServer(Answer answer);
  ~PlainServer();
  int port() const { return port_; }
  std::vector<Request> requests() const;

  static std::string reply(int status, const std::string& body, const std::string& content_type = "application/json");

 private:
  void serve();
  Answer answer_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::thread thread_;
};

}  // namespace purser::test
