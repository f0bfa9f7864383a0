// A server on a free loopback port, its clock standing still, and what its handler was asked.
#pragma once

#include "gateway/http/server.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/raw_client.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace purser::http {

class ServerFixture {
 public:
  explicit ServerFixture(ServerLimits limits = {}, Handler handler = {}) {
    if (!handler) handler = [this](Request request) { return echo(std::move(request)); };
    server = std::make_unique<Server>(loop.executor(), loop.clock, limits, std::move(handler));
    port = *server->listen("127.0.0.1:0");
    running.emplace(loop.start(server->run()));
  }

  test::RawClient client() { return test::RawClient(loop, port); }
  // Runs until the server has this many connections.
  bool connections(std::uint64_t n) {
    return loop.until([&] { return server->counters().connections_open == n; });
  }
  bool advance(Clock::duration d) { return loop.advance(d, 3); }

  test::Loop loop;
  std::unique_ptr<Server> server;
  std::optional<test::Started<void>> running;
  std::uint16_t port = 0;
  std::vector<Request> asked;

 private:
  // Answers with what it was asked.
  Task<Response> echo(Request request) {
    asked.push_back(request);
    Response response;
    response.body = request.method + " " + request.target + " " + request.body;
    co_return response;
  }
};

}  // namespace purser::http
