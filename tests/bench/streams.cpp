// What listening costs: the memory of 10,000 idle event streams, each of a conversation of its own, opened over plain
// loopback and held until each has heard a heartbeat; then the time until all are gone once their clients are. Of the
// real daemon on SQLite; the mark is that of the README.
#include "tests/support/many_threads.hpp"
#include "tests/support/shop.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace purser::test {
namespace {

using std::chrono::steady_clock;

constexpr std::int64_t kStreams = 10'000;
constexpr std::int64_t kStreamsMbMax = 120;
constexpr rlim_t kFiles = 12'000;

const std::string kListenKey = "sk_test_listen_listen_listen_li";

// One who listens and says nothing.
class Listener {
 public:
  Listener(int port, std::int64_t thread) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("a listener could not connect");
    // From behind all that there is: it hears heartbeats alone.
    const std::string request = "GET /v1/threads/" + thread_id_of(thread) +
                                "/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                                "Last-Event-ID: 1000000000\r\nAuthorization: Bearer " +
                                kListenKey + "\r\n\r\n";
    if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      throw std::runtime_error("a listener could not ask");
  }
  Listener(Listener&& other) noexcept : socket_(std::exchange(other.socket_, -1)), heard_(std::move(other.heard_)) {}
  Listener& operator=(Listener&&) = delete;
  ~Listener() {
    if (socket_ >= 0) ::close(socket_);
  }

  void hear(const std::string& what) {
    char piece[4096];
    while (heard_.find(what) == std::string::npos) {
      const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
      if (got <= 0) throw std::runtime_error("a listener heard the end after: " + heard_);
      heard_.append(piece, static_cast<std::size_t>(got));
    }
    heard_.clear();
    heard_.shrink_to_fit();
  }

 private:
  int socket_;
  std::string heard_;
};

std::int64_t rss_kb(const ServeProcess& serve) {
  std::ifstream status("/proc/" + std::to_string(serve.child().pid()) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::atoll(line.substr(6).c_str());
  return 0;
}

int listen_to_all() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::max(files.rlim_cur, std::min(kFiles, files.rlim_max));
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < kFiles)
    throw std::runtime_error("10,000 streams need 12,000 open files: ulimit -n");

  TempFolder folder;
  const SandboxProcess rail;
  auto environment = rail.merchant();
  environment["PURSER_API_KEYS"] = "shop:" + kListenKey;
  environment["PURSER_LOG_LEVEL"] = "error";
  ManyThreads threads;
  threads.finished = kStreams;
  threads.ordered_at =
      from_millis(std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count());
  write_many_threads(folder.file("purser.db"), threads);
  const std::string places = std::to_string(kStreams + 1'000);
  ServeProcess serve({"database.url=sqlite://" + folder.file("purser.db"), "server.connections_max=" + places,
                      "server.connections_per_peer_max=" + places, "limits.streams_per_user=0"},
                     environment);
  if (!serve.ready()) throw std::runtime_error(serve.child().errors());

  // What the first requests bring along is not the streams'.
  std::vector<Listener> listeners;
  listeners.reserve(kStreams);
  for (std::int64_t n = 1; n <= 100; ++n) Listener(serve.port(), n).hear("retry: 1000");
  const auto all_open = [&](std::int64_t wanted) {
    const std::string line = "purser_event_streams_open " + std::to_string(wanted) + "\n";
    return plain_http(serve.admin_port(), "GET", "/metrics").body.find(line) != std::string::npos;
  };
  if (!eventually([&] { return all_open(0); }, 60)) throw std::runtime_error("the first streams did not end");
  const std::int64_t before = rss_kb(serve);
  for (std::int64_t n = 1; n <= kStreams; ++n) {
    listeners.emplace_back(serve.port(), n);
    listeners.back().hear("retry: 1000");
  }
  if (!all_open(kStreams)) throw std::runtime_error("not every stream is open");
  const std::int64_t opened = rss_kb(serve) - before;
  for (Listener& listener : listeners) listener.hear(": heartbeat");
  const std::int64_t held = rss_kb(serve) - before;

  const auto left = steady_clock::now();
  listeners.clear();
  if (!eventually([&] { return all_open(0); }, 60)) throw std::runtime_error("streams outlive their clients");
  const auto gone = std::chrono::duration_cast<Millis>(steady_clock::now() - left).count();

  const std::int64_t mb = std::max(opened, held) / 1'024;
  const bool met = mb <= kStreamsMbMax;
  std::cout << "memory of " << kStreams << " idle event streams\n"
            << "          rss_kb_before: " << before << " KB\n"
            << "          bytes_a_stream: " << held * 1'024 / kStreams << " bytes\n"
            << "          all_gone_ms: " << gone << " ms\n"
            << (met ? "  met     " : "  MISSED  ") << "streams_mb: " << mb << " MB, at most " << kStreamsMbMax << "\n"
            << Json{{"bench", "streams"},
                    {"streams_mb", mb},
                    {"bytes_a_stream", held * 1'024 / kStreams},
                    {"all_gone_ms", gone}}
                   .dump()
            << "\n"
            << (met ? "every mark is met\n" : "a mark is missed\n");
  return met ? 0 : 1;
}

}  // namespace
}  // namespace purser::test

int main() {
  try {
    return purser::test::listen_to_all();
  } catch (const std::exception& e) {
    std::cerr << "bench_streams: " << e.what() << "\n";
    return 1;
  }
}
