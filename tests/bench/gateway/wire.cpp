// Both ends of the wire for `./dev bench gateway`, each in one thread and with as little work as can be, so that what
// is measured is what stands between them:
//   wire mock                          a model provider on a free port, which it prints; whole and streamed answers
//   wire load URL KIND CONNECTIONS SECONDS [HEADER]...
//                                      KIND is whole or stream, or turn: whole, whatever it says; prints one JSON
//                                      object with rates and latencies
#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::string padding(std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += "the customer asks for a cup of green tea and how long it keeps; ";
  out.resize(bytes);
  return out;
}

// A request of about 1.5 KB, an answer of about 900 bytes.
std::string request_body(std::string_view model, bool streamed) {
  return R"({"model":")" + std::string(model) + R"(","messages":[{"role":"system","content":")" + padding(900) +
         R"("},{"role":"user","content":")" + padding(400) + R"("}],"temperature":0.2,"max_tokens":256,"stream":)" +
         (streamed ? "true" : "false") + "}";
}

std::string whole_reply() {
  const std::string body =
      R"({"id":"chatcmpl-1","object":"chat.completion","created":1767607200,"model":"gpt-4o-mini","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":")" +
      padding(600) +
      R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":330,"completion_tokens":150,)"
      R"("total_tokens":480}})";
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string chunked(const std::string& data) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + data + "\r\n";
}

std::string stream_reply() {
  const auto chunk = [](const std::string& delta, const char* end) {
    return chunked(
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767607200,"model":"gpt-4o-mini","choices":)"
        R"([{"index":0,"delta":)" +
        delta + R"(,"finish_reason":)" + end + "}]}\n\n");
  };
  std::string out = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  out += chunk(R"({"role":"assistant","content":""})", "null");
  for (int i = 0; i < 20; ++i) out += chunk(R"({"content":"word )" + std::to_string(i) + R"( "})", "null");
  out += chunk("{}", "\"stop\"");
  out += chunked(
      "data: {\"id\":\"chatcmpl-1\",\"model\":\"gpt-4o-mini\",\"choices\":[],\"usage\":{\"prompt_tokens\":330,"
      "\"completion_tokens\":40,\"total_tokens\":370}}\n\n");
  return out + chunked("data: [DONE]\n\n") + "0\r\n\r\n";
}

// Bytes of the request at the front of `text`; 0 while it is not whole.
std::size_t request_size(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  std::size_t length = 0;
  for (const char* name : {"Content-Length: ", "content-length: "}) {
    const auto at = text.find(name);
    if (at != std::string::npos && at < end) length = std::strtoul(text.c_str() + at + 16, nullptr, 10);
  }
  // Node sends bodies it does not know the length of in chunks.
  const auto chunks = text.find("ransfer-encoding: chunked");
  if (chunks == std::string::npos || chunks > end) return text.size() >= end + 4 + length ? end + 4 + length : 0;
  const auto last = text.find("0\r\n\r\n", end);
  return last == std::string::npos ? 0 : last + 5;
}

void send_all(int socket, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto n = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

int mock() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 512) != 0) die("listen");
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const std::string whole = whole_reply();
  const std::string stream = stream_reply();
  const int poll = ::epoll_create1(0);
  std::vector<std::string> received(65'536);
  const auto watch = [&](int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
  };
  watch(listener);
  std::vector<epoll_event> events(512);
  std::vector<char> buffer(65'536);
  for (;;) {
    const int ready = ::epoll_wait(poll, events.data(), 512, -1);
    for (int i = 0; i < ready; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener) {
        const int client = ::accept(listener, nullptr, nullptr);
        const int yes = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        received[static_cast<std::size_t>(client)].clear();
        watch(client);
        continue;
      }
      const auto n = ::recv(socket, buffer.data(), buffer.size(), 0);
      if (n <= 0) {
        ::close(socket);
        continue;
      }
      std::string& text = received[static_cast<std::size_t>(socket)];
      text.append(buffer.data(), static_cast<std::size_t>(n));
      while (const std::size_t one = request_size(text)) {
        const bool streamed = text.find("\"stream\":true") < one;
        send_all(socket, streamed ? stream : whole);
        text.erase(0, one);
      }
    }
  }
}

struct Connection {
  int socket = -1;
  std::string received;
  Clock::time_point sent;
  bool first_seen = false;
};

struct Load {
  sockaddr_in to{};
  std::string request;
  bool streamed = false;
  bool any_words = false;
  int poll = ::epoll_create1(0);
  std::vector<Connection> connections;
  std::vector<double> latencies;
  std::vector<double> firsts;
  std::uint64_t bad = 0;
  std::string bad_sample;

  void open(std::size_t which) {
    Connection& c = connections[which];
    if (c.socket >= 0) ::close(c.socket);
    c.socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    ::setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::connect(c.socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("connect");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = which;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, c.socket, &event);
  }
  void ask(std::size_t which) {
    Connection& c = connections[which];
    c.received.clear();
    c.first_seen = false;
    c.sent = Clock::now();
    send_all(c.socket, request);
  }
  static double micros(Clock::time_point since) {
    return std::chrono::duration<double, std::micro>(Clock::now() - since).count();
  }
  // Whether the reply is whole.
  static bool whole(const std::string& text) {
    const auto end = text.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    for (const char* name : {"Content-Length: ", "content-length: "}) {
      const auto at = text.find(name);
      if (at != std::string::npos && at < end)
        return text.size() >= end + 4 + std::strtoul(text.c_str() + at + 16, nullptr, 10);
    }
    return text.size() >= 5 && text.compare(text.size() - 5, 5, "0\r\n\r\n") == 0;
  }
  bool good(const std::string& text) const {
    if (text.compare(0, 12, "HTTP/1.1 200") != 0) return false;
    if (any_words) return text.find(R"("finish_reason":"stop")") != std::string::npos;
    const bool words = text.find("word 19") != std::string::npos;
    if (streamed) return words && text.find("[DONE]") != std::string::npos;
    // A turn asks the provider for a stream, whoever asks for the turn.
    return words || text.find("green tea") != std::string::npos;
  }

  void run(double seconds) {
    for (std::size_t i = 0; i < connections.size(); ++i) open(i), ask(i);
    const auto until = Clock::now() + std::chrono::duration<double>(seconds);
    std::vector<epoll_event> events(connections.size());
    std::vector<char> buffer(65'536);
    while (Clock::now() < until) {
      const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < ready; ++i) take(events[static_cast<std::size_t>(i)].data.u64, buffer);
    }
  }
  void take(std::size_t which, std::vector<char>& buffer) {
    Connection& c = connections[which];
    const auto n = ::recv(c.socket, buffer.data(), buffer.size(), 0);
    if (n > 0) c.received.append(buffer.data(), static_cast<std::size_t>(n));
    if (streamed && !c.first_seen && c.received.find("word 0") != std::string::npos) {
      c.first_seen = true;
      firsts.push_back(micros(c.sent));
    }
    const bool ended = whole(c.received);
    if (n > 0 && !ended) return;
    if (ended && good(c.received)) {
      latencies.push_back(micros(c.sent));
    } else {
      ++bad;
      if (bad_sample.empty()) bad_sample = c.received.substr(0, 300);
    }
    // A stream's connection is new for everybody: not every server keeps it.
    if (streamed || n <= 0) open(which);
    ask(which);
  }
};

double at(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

int load(int argc, char** argv) {
  const std::string url = argv[2];  // http://127.0.0.1:PORT/path
  const auto colon = url.find(':', 7);
  const auto slash = url.find('/', 7);
  Load run;
  run.streamed = std::strcmp(argv[3], "stream") == 0;
  run.any_words = std::strcmp(argv[3], "turn") == 0;
  run.connections.resize(std::strtoul(argv[4], nullptr, 10));
  const double seconds = std::strtod(argv[5], nullptr);
  run.to.sin_family = AF_INET;
  run.to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(url.c_str() + colon + 1)));
  ::inet_pton(AF_INET, url.substr(7, colon - 7).c_str(), &run.to.sin_addr);
  std::string model = "gpt-4o-mini";
  std::string headers;
  for (int i = 6; i < argc; ++i) {
    const std::string_view header = argv[i];
    if (header.substr(0, 6) == "model=") {
      model = header.substr(6);
    } else {
      headers += std::string(header) + "\r\n";
    }
  }
  const std::string body = request_body(model, run.streamed);
  run.request = "POST " + url.substr(slash) + " HTTP/1.1\r\nHost: " + url.substr(7, slash - 7) +
                "\r\nContent-Type: application/json\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
  const auto begun = Clock::now();
  run.run(seconds);
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  const auto count = run.latencies.size();
  std::printf(
      "{\"requests\":%zu,\"bad\":%llu,\"seconds\":%.3f,\"per_second\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
      "\"first_p50_us\":%.1f}\n",
      count, static_cast<unsigned long long>(run.bad), took, static_cast<double>(count) / took, at(run.latencies, 0.5),
      at(run.latencies, 0.99), at(run.firsts, 0.5));
  if (run.bad > 0) std::fprintf(stderr, "a reply that is none: %s\n", run.bad_sample.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "mock") == 0) return mock();
  if (argc >= 6 && std::strcmp(argv[1], "load") == 0) return load(argc, argv);
  std::fprintf(stderr, "wire mock | wire load URL whole|stream|turn CONNECTIONS SECONDS [model=NAME] [HEADER]...\n");
  return 2;
}
