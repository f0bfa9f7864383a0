#include "gateway/http/server.hpp"

#include "gateway/async/one_shot.hpp"
#include "gateway/log.hpp"
#include "tests/unit/gateway/http/server_fixture.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/resource.h>

namespace purser::http {
namespace {

using namespace std::chrono_literals;
using test::status_of;

const std::string kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? "" : answer.substr(at + 4);
}

bool holds(const std::string& text, const std::string& piece) {
  return text.find(piece) != std::string::npos;
}

Response text(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

// A handler that waits until the test lets it go on.
struct Gate {
  explicit Gate(test::Loop& loop) : open(loop.executor()) {}
  OneShot<int> open;
  int entered = 0;
  int left = 0;

  Task<Response> pass(Request) {
    ++entered;
    (void)co_await open.get();
    ++left;
    co_return text("through");
  }
};

struct GatedServer {
  explicit GatedServer(ServerLimits limits = {})
      : fixture(limits, [this](Request r) { return gate->pass(std::move(r)); }) {
    gate.emplace(fixture.loop);
  }
  ServerFixture fixture;
  std::optional<Gate> gate;
};

// --- requests and answers ---

TEST(Server, AnswersWithDateServerAndLength) {
  ServerFixture server;
  auto client = server.client();
  client.send("GET /a/b?c=d HTTP/1.1\r\nHost: a\r\nX-Thing: one\r\n\r\n");
  EXPECT_EQ(client.read_answer(),
            "HTTP/1.1 200 OK\r\nDate: Mon, 05 Jan 2026 10:00:00 GMT\r\nServer: purser\r\nContent-Length: 13\r\n\r\n"
            "GET /a/b?c=d ");
  ASSERT_EQ(server.asked.size(), 1U);
  const Request& request = server.asked[0];
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.query, "c=d");
  EXPECT_EQ(request.peer, "127.0.0.1");
  EXPECT_EQ(header(request.headers, "x-thing"), "one");
}

// An answer that nobody else has use of ends with its client; one that others count on never looks.
TEST(Server, TellsAHandlerThatItsClientHasLeft) {
  int heard = 0;
  ServerFixture fixture({}, [&](Request request) -> Task<Response> {
    co_await request.client_left();
    ++heard;
    co_return text("to nobody");
  });
  auto gone = fixture.client();
  auto reset = fixture.client();
  auto busy = fixture.client();
  for (auto* one : {&gone, &reset, &busy}) one->send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(fixture.connections(3));
  ASSERT_TRUE(fixture.loop.settle(3));
  EXPECT_EQ(heard, 0);
  gone.close();
  ASSERT_TRUE(fixture.loop.until([&] { return heard == 1; }));
  reset.reset();
  ASSERT_TRUE(fixture.loop.until([&] { return heard == 2; }));
  // Who sends the next request already is there.
  busy.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(fixture.loop.settle(3));
  EXPECT_EQ(heard, 2);
}

TEST(Server, PipelinedRequestsAreAnsweredOneAfterTheOther) {
  GatedServer server;
  auto client = server.fixture.client();
  client.send(kGet + "POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" + kGet);
  ASSERT_TRUE(server.fixture.loop.until([&] { return server.gate->entered == 1; }));
  server.fixture.loop.settle(3);
  EXPECT_EQ(server.gate->entered, 1) << "the second waits for the first answer";
  server.gate->open.set(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(body_of(client.read_answer()), "through");
  EXPECT_TRUE(client.quiet());
}

TEST(Server, TakesARequestByteByByte) {
  ServerFixture server;
  auto client = server.client();
  const std::string request = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
  for (const char c : request) {
    client.send(std::string(1, c));
    server.loop.settle();
  }
  EXPECT_EQ(body_of(client.read_answer()), "POST /x body");
}

TEST(Server, HeadIsGetWithoutTheBody) {
  ServerFixture server;
  auto client = server.client();
  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string head = client.read_head();
  EXPECT_EQ(status_of(head), 200);
  EXPECT_TRUE(holds(head, "Content-Length: 7\r\n")) << head;
  EXPECT_TRUE(client.quiet());
  EXPECT_EQ(server.asked[0].method, "GET");
  client.send(kGet);
  EXPECT_EQ(body_of(client.read_answer()), "GET /x ");
}

TEST(Server, SendsWhatTheHandlerSaysAndSetsItsOwnHeadersItself) {
  ServerFixture server({}, [](Request) -> Task<Response> {
    Response response = text("hidden");
    response.status = 204;
    response.headers.emplace_back("X-Id", "1");
    response.headers.emplace_back("Content-Length", "99");
    response.headers.emplace_back("server", "other");
    co_return response;
  });
  auto client = server.client();
  client.send(kGet);
  EXPECT_EQ(client.read_head(),
            "HTTP/1.1 204 No Content\r\nDate: Mon, 05 Jan 2026 10:00:00 GMT\r\nServer: purser\r\nX-Id: 1\r\n\r\n");
  EXPECT_TRUE(client.quiet()) << "204 has no body";
}

TEST(Server, ClosesWhenTheClientOrTheHandlerAsksForIt) {
  ServerFixture server({}, [](Request request) -> Task<Response> {
    Response response = text("ok");
    if (request.path == "/close") response.headers.emplace_back("connection", "Close");
    co_return response;
  });
  for (const std::string& bytes : {std::string("GET /x HTTP/1.1\r\nHost: a\r\nConnection: foo, close\r\n\r\n"),
                                   std::string("GET /close HTTP/1.1\r\nHost: a\r\n\r\n")}) {
    auto client = server.client();
    client.send(bytes);
    const std::string answer = client.read_to_end();
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_TRUE(holds(answer, "Connection: close\r\n")) << answer;
  }
}

TEST(Server, OldClientsAreClosedUnlessTheyAskToStay) {
  ServerFixture server;
  auto plain = server.client();
  plain.send("GET /x HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(holds(plain.read_to_end(), "Connection: close\r\n"));
  auto staying = server.client();
  staying.send("GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(holds(staying.read_answer(), "Connection: keep-alive\r\n"));
  staying.send("GET /x HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(staying.read_to_end()), 200);
}

TEST(Server, TellsAClientThatAsksToGoOn) {
  ServerFixture server;
  auto client = server.client();
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(body_of(client.read_answer()), "POST /x hi");
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi");
  EXPECT_EQ(status_of(client.read_answer()), 200) << "who sends the body at once needs no telling";
  client.send("POST /x HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(client.quiet()) << "nor does one who would not understand";
}

// --- handlers that fail ---

TEST(Server, AnExceptionBecomesA500AndIsLogged) {
  std::string logged;
  log::CaptureForTest capture([&](const std::string& line) { logged += line; });
  ServerFixture server({}, [](Request) -> Task<Response> {
    throw std::runtime_error("broken inside");
    co_return Response();
  });
  auto client = server.client();
  for (int i = 0; i < 2; ++i) {
    client.send(kGet);
    const std::string answer = client.read_answer();
    EXPECT_EQ(status_of(answer), 500);
    EXPECT_EQ(
        body_of(answer),
        R"({"error":{"type":"server_error","code":"internal","message":"the request could not be answered","param":null}})");
  }
  EXPECT_TRUE(holds(logged, "broken inside")) << logged;
}

TEST(Server, AnAnswerThatWouldSplitIsNotSent) {
  std::string logged;
  log::CaptureForTest capture([&](const std::string& line) { logged += line; });
  for (const auto& [name, value] : Headers{{"X-A", "b\r\nX-Evil: 1"}, {"X A", "b"}, {"X-A:b", "c"}, {"", "b"}}) {
    ServerFixture server({}, [name = name, value = value](Request) {
      return [](std::string n, std::string v) -> Task<Response> {
        Response response = text("ok");
        response.headers.emplace_back(n, v);
        co_return response;
      }(name, value);
    });
    auto client = server.client();
    client.send(kGet);
    EXPECT_EQ(status_of(client.read_answer()), 500) << name;
  }
  EXPECT_TRUE(holds(logged, "http.answer_unsendable")) << logged;
}

TEST(Server, DropClosesWithoutAByte) {
  ServerFixture server({}, [](Request) -> Task<Response> {
    Response response = text("never");
    response.drop = true;
    co_return response;
  });
  auto client = server.client();
  client.send(kGet + kGet);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(Server, TheHandlerRunsToItsEndThoughTheClientHasGone) {
  GatedServer server;
  auto client = server.fixture.client();
  client.send(kGet);
  ASSERT_TRUE(server.fixture.loop.until([&] { return server.gate->entered == 1; }));
  client.reset();
  server.fixture.loop.settle(3);
  EXPECT_EQ(server.gate->left, 0);
  server.gate->open.set(1);
  EXPECT_TRUE(server.fixture.connections(0));
  EXPECT_EQ(server.gate->left, 1);
}

// --- time limits ---

TEST(ServerTime, ASilentConnectionIsClosedAfterTheTimeOfAHead) {
  ServerFixture server;
  auto client = server.client();
  ASSERT_TRUE(server.connections(1));
  EXPECT_TRUE(server.advance(9'999ms));
  EXPECT_TRUE(client.quiet());
  EXPECT_TRUE(server.advance(1ms));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(server.connections(0));
}

TEST(ServerTime, AHeadThatDripsGetsNoMoreTimeForIt) {
  ServerFixture server;
  auto client = server.client();
  client.send("GET /x HT");
  server.loop.settle(3);
  EXPECT_TRUE(server.advance(9s));
  client.send("TP/1.1\r\n");
  EXPECT_TRUE(server.advance(999ms));
  EXPECT_TRUE(client.quiet());
  EXPECT_TRUE(server.advance(1ms));
  const std::string answer = client.read_to_end();
  EXPECT_EQ(status_of(answer), 408) << answer;
  EXPECT_TRUE(holds(answer, "Connection: close\r\n"));
  EXPECT_TRUE(server.asked.empty());
}

TEST(ServerTime, ABodyThatDripsIsRefused) {
  ServerFixture server;
  auto client = server.client();
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  server.loop.settle(3);
  EXPECT_TRUE(server.advance(29'999ms));
  client.send("d");
  EXPECT_TRUE(client.quiet());
  EXPECT_TRUE(server.advance(1ms));
  EXPECT_EQ(status_of(client.read_to_end()), 408);
  EXPECT_TRUE(server.asked.empty());
}

TEST(ServerTime, AnIdleConnectionStaysForItsTimeAndGetsAFreshOneByEachRequest) {
  ServerFixture server;
  auto client = server.client();
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_EQ(status_of(client.read_answer()), 200);
    EXPECT_TRUE(server.advance(59'999ms));
    EXPECT_TRUE(client.quiet());
  }
  EXPECT_TRUE(server.advance(1ms));
  EXPECT_EQ(client.read_to_end(), "") << "without a word: nothing was asked";
}

TEST(ServerTime, APeerThatDoesNotReadIsCut) {
  ServerFixture server({}, [](Request) -> Task<Response> { co_return text(std::string(64 << 20, 'x')); });
  auto client = server.client();
  client.send(kGet);
  ASSERT_TRUE(server.connections(1));
  server.loop.settle(3);
  EXPECT_TRUE(server.advance(29'999ms));
  EXPECT_EQ(server.server->counters().connections_open, 1U);
  EXPECT_TRUE(server.advance(1ms));
  EXPECT_TRUE(server.connections(0));
  EXPECT_LT(client.read_to_end().size(), 64U << 20);
}

TEST(ServerTime, ALongHandlerIsNotLimited) {
  GatedServer server;
  auto client = server.fixture.client();
  client.send(kGet);
  ASSERT_TRUE(server.fixture.loop.until([&] { return server.gate->entered == 1; }));
  EXPECT_TRUE(server.fixture.advance(24h));
  server.gate->open.set(1);
  EXPECT_EQ(body_of(client.read_answer()), "through");
}

TEST(ServerTime, ARefusedClientThatGoesOnSendingIsCutAfterTwoSeconds) {
  ServerFixture server;
  auto client = server.client();
  client.send("GET x HTTP/1.1\r\n\r\n");
  ASSERT_EQ(status_of(client.read_to_end()), 400);
  EXPECT_EQ(server.server->counters().connections_open, 1U) << "so that no reset overtakes the answer";
  EXPECT_TRUE(server.advance(1'999ms));
  EXPECT_TRUE(client.send("more"));
  EXPECT_EQ(server.server->counters().connections_open, 1U);
  EXPECT_TRUE(server.advance(1ms));
  EXPECT_TRUE(server.connections(0));
}

// --- caps ---

TEST(ServerCaps, OneTooManyIsTurnedAwayAndThePlaceIsGivenOn) {
  ServerLimits limits;
  limits.connections_max = 2;
  ServerFixture server(limits);
  auto first = server.client();
  auto second = server.client();
  ASSERT_TRUE(server.connections(2));
  auto third = server.client();
  const std::string answer = third.read_to_end();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_TRUE(holds(answer, "Retry-After: 1\r\n"));
  EXPECT_TRUE(holds(answer, "\"overloaded\""));
  first.close();
  ASSERT_TRUE(server.connections(1));
  auto fourth = server.client();
  fourth.send(kGet);
  EXPECT_EQ(status_of(fourth.read_answer()), 200);
  EXPECT_EQ(server.server->counters().connections_total, 3U);
  EXPECT_EQ(server.server->counters().refused_total, 1U);
}

TEST(ServerCaps, OnePeerCannotTakeAllPlaces) {
  ServerLimits limits;
  limits.connections_per_peer_max = 1;
  ServerFixture server(limits);
  auto first = server.client();
  ASSERT_TRUE(server.connections(1));
  auto second = server.client();
  EXPECT_EQ(status_of(second.read_to_end()), 503);
  first.close();
  ASSERT_TRUE(server.connections(0));
  auto third = server.client();
  third.send(kGet);
  EXPECT_EQ(status_of(third.read_answer()), 200);
}

TEST(ServerCaps, AProxyIsManyPeers) {
  ServerLimits limits;
  limits.connections_per_peer_max = 1;
  limits.connections_max = 2;
  limits.peers_of_many = {"192.0.2.1", "127.0.0.1"};
  ServerFixture server(limits);
  auto first = server.client();
  auto second = server.client();
  ASSERT_TRUE(server.connections(2));
  second.send(kGet);
  EXPECT_EQ(status_of(second.read_answer()), 200);
  auto third = server.client();
  EXPECT_EQ(status_of(third.read_to_end()), 503);
}

TEST(ServerCaps, BodiesOfAllTogetherHaveSoMuchRoom) {
  ServerLimits limits;
  limits.body_bytes_max = 8;
  limits.bodies_bytes_max = 10;
  ServerFixture server(limits);
  const std::string post = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n";
  auto first = server.client();
  first.send(post + "1234567");
  ASSERT_TRUE(server.loop.until([&] { return server.server->counters().connections_open == 1; }));
  server.loop.settle();
  auto second = server.client();
  second.send(post + "1234");
  const std::string refused = second.read_to_end();
  EXPECT_EQ(status_of(refused), 503);
  EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos) << refused;
  EXPECT_NE(refused.find("overloaded"), std::string::npos) << refused;
  first.send("8");
  EXPECT_EQ(status_of(first.read_answer()), 200);
  auto third = server.client();  // both have given back what they held
  third.send(post + "12345678");
  EXPECT_EQ(status_of(third.read_answer()), 200);
}

// The memory for what may yet come is taken when somebody waits for it, not when it has come.
TEST(ServerCaps, AClaimedLengthTakesRoomBeforeItsBytesCome) {
  ServerLimits limits;
  limits.body_bytes_max = 1 << 20;
  limits.bodies_bytes_max = 10'000;
  ServerFixture server(limits);
  const std::string post = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx";
  auto first = server.client();
  auto second = server.client();
  first.send(post);
  second.send(post);
  ASSERT_TRUE(server.connections(2));
  server.loop.settle();
  auto third = server.client();
  third.send(post);
  EXPECT_EQ(status_of(third.read_to_end()), 503);
  EXPECT_TRUE(first.quiet());
}

TEST(ServerCaps, ABodyThatNeverCameWholeGivesItsRoomBack) {
  ServerLimits limits;
  limits.body_bytes_max = 8;
  limits.bodies_bytes_max = 8;
  ServerFixture server(limits);
  const std::string post = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n";
  auto first = server.client();
  first.send(post + "1234567");
  ASSERT_TRUE(server.connections(1));
  server.loop.settle();
  first.reset();
  ASSERT_TRUE(server.connections(0));
  auto second = server.client();
  second.send(post + "12345678");
  EXPECT_EQ(status_of(second.read_answer()), 200);
}

// Leaves the process no free file descriptor while it lives.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit now = before_;
    now.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(ServerCaps, OutOfFilesAcceptRestsAndRecovers) {
#ifdef PURSER_SANITIZED
  // The sanitizer opens a pipe to look at memory; without one it calls every object broken.
  GTEST_SKIP() << "a sanitizer needs the descriptors that this test takes away";
#endif
  std::string logged;
  log::CaptureForTest capture([&](const std::string& line) { logged += line + "\n"; });
  ServerFixture server;
  server.loop.settle(1);
  auto client = server.client();
  {
    NoMoreFiles none;
    EXPECT_TRUE(server.loop.until([&] { return holds(logged, "http.accept_failed"); }));
    EXPECT_TRUE(server.advance(250ms)) << "it rests and does not spin";
  }
  EXPECT_EQ(server.server->counters().connections_total, 0U);
  EXPECT_EQ(logged.find("http.accept_failed"), logged.rfind("http.accept_failed")) << "said once";
  client.send(kGet);
  EXPECT_TRUE(client.quiet());
  EXPECT_TRUE(server.advance(100ms));
  EXPECT_EQ(status_of(client.read_answer()), 200);
}

// --- streams ---

struct Streams {
  std::string log;
  std::vector<StreamSink> sinks;

  // A stream that goes on until it is told not to.
  Task<void> endless(StreamSink sink, Clock& clock) {
    sinks.push_back(sink);
    for (;;) {
      auto sent = co_await sink("tick");
      if (!sent) log += "lost ";
      if (!sent) co_return;
      const auto at = clock.now() + 1s;
      auto slept = co_await clock.sleep_until(at);
      if (!slept) log += "canceled ";
      if (!slept) co_return;
    }
  }
};

Task<Response> streaming(std::function<Task<void>(StreamSink)> stream) {
  Response response;
  response.headers.emplace_back("Content-Type", "text/event-stream");
  response.stream = std::move(stream);
  co_return response;
}

Task<void> three_pieces(StreamSink sink) {
  (void)co_await sink("one");
  (void)co_await sink("");
  (void)co_await sink("0123456789abcdef");
}

TEST(ServerStream, EachPieceIsAChunkAndTheEndIsTold) {
  ServerFixture server({}, [](Request) { return streaming(three_pieces); });
  auto client = server.client();
  client.send(kGet);
  EXPECT_EQ(
      client.read_to_end(),
      "HTTP/1.1 200 OK\r\nDate: Mon, 05 Jan 2026 10:00:00 GMT\r\nServer: purser\r\nContent-Type: text/event-stream\r\n"
      "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\none\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
}

TEST(ServerStream, AnOldClientGetsThePlainBytes) {
  ServerFixture server({}, [](Request) { return streaming(three_pieces); });
  auto client = server.client();
  client.send("GET /x HTTP/1.0\r\nHost: a\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_FALSE(holds(answer, "Transfer-Encoding"));
  EXPECT_EQ(body_of(answer), "one0123456789abcdef");
}

TEST(ServerStream, HeadRunsNoStream) {
  bool ran = false;
  ServerFixture server({}, [&ran](Request) {
    return streaming([&ran](StreamSink sink) {
      ran = true;
      return three_pieces(std::move(sink));
    });
  });
  auto client = server.client();
  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string head = client.read_head();
  EXPECT_EQ(status_of(head), 405) << "it has no length and no end that a head could tell of";
  EXPECT_TRUE(holds(head, "Allow: GET"));
  EXPECT_TRUE(client.quiet());
  EXPECT_FALSE(ran);
}

TEST(ServerStream, PiecesAreSentAtOnceAndTheTaskEndsWhenTheClientLeaves) {
  Streams streams;
  ServerFixture* self = nullptr;
  ServerFixture server({}, [&](Request) {
    return streaming([&](StreamSink sink) { return streams.endless(std::move(sink), self->loop.clock); });
  });
  self = &server;
  auto client = server.client();
  client.send(kGet);
  (void)client.read_head();
  EXPECT_EQ(client.read_some(9), "4\r\ntick\r\n");
  EXPECT_TRUE(server.advance(1s));
  EXPECT_EQ(client.read_some(9), "4\r\ntick\r\n");
  client.close();
  EXPECT_TRUE(server.connections(0));
  EXPECT_EQ(streams.log, "canceled ");
  auto late = server.loop.run(streams.sinks[0]("late"));
  EXPECT_EQ(late.code(), Errc::connection_lost) << "a sink that outlived its connection";
}

TEST(ServerStream, APeerThatDoesNotReadIsCut) {
  Result<void> sent = success();
  ServerFixture server({}, [&](Request) {
    return streaming([&](StreamSink sink) {
      return [](StreamSink to, Result<void>& last) -> Task<void> {
        while (last.ok()) {
          last = co_await to(std::string(1 << 20, 'x'));
        }
      }(std::move(sink), sent);
    });
  });
  auto client = server.client();
  client.send(kGet);
  (void)client.read_head();
  server.loop.settle(3);
  EXPECT_TRUE(server.advance(30s));
  EXPECT_TRUE(server.connections(0));
  EXPECT_TRUE(sent.ok() || sent.code() == Errc::connection_lost) << "the sink says so, unless it was canceled first";
}

TEST(ServerStream, AStreamThatThrowsDoesNotLookWhole) {
  std::string logged;
  log::CaptureForTest capture([&](const std::string& line) { logged += line; });
  ServerFixture server({}, [](Request) {
    return streaming([](StreamSink sink) -> Task<void> {
      (void)co_await sink("one");
      throw std::runtime_error("torn");
    });
  });
  auto client = server.client();
  client.send(kGet);
  EXPECT_EQ(body_of(client.read_to_end()), "3\r\none\r\n");
  EXPECT_TRUE(holds(logged, "torn"));
}

// --- stopping ---

TEST(ServerStop, IdleAndStreamingConnectionsCloseAtOnceAndRunReturns) {
  Streams streams;
  ServerFixture* self = nullptr;
  ServerFixture server({}, [&](Request) {
    return streaming([&](StreamSink sink) { return streams.endless(std::move(sink), self->loop.clock); });
  });
  self = &server;
  auto idle = server.client();
  auto listener = server.client();
  listener.send(kGet);
  (void)listener.read_head();
  ASSERT_TRUE(server.connections(2));
  server.loop.run(server.server->stop(10s));
  EXPECT_TRUE(server.loop.until([&] { return server.running->done(); }));
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_FALSE(holds(listener.read_to_end(), "0\r\n\r\n"));
  EXPECT_EQ(streams.log, "canceled ");
  EXPECT_THROW(server.client(), boost::system::system_error) << "nobody listens";
  server.loop.run(server.server->stop(10s));
}

TEST(ServerStop, ARequestInFlightIsAnsweredAndThenTheConnectionCloses) {
  GatedServer server;
  auto client = server.fixture.client();
  auto halfway = server.fixture.client();
  client.send(kGet + kGet);
  halfway.send("GET /x HT");
  ASSERT_TRUE(server.fixture.loop.until([&] { return server.gate->entered == 1; }));
  server.fixture.loop.settle(3);
  auto stop = server.fixture.loop.start(server.fixture.server->stop(10s));
  EXPECT_TRUE(server.fixture.advance(5s));
  EXPECT_FALSE(stop.done());
  server.gate->open.set(1);
  const std::string answer = client.read_to_end();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(holds(answer, "Connection: close\r\n"));
  EXPECT_EQ(server.gate->entered, 1) << "the pipelined one is not begun";
  halfway.send("TP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(holds(halfway.read_to_end(), "through")) << "it had begun to arrive";
  EXPECT_TRUE(server.fixture.loop.until([&] { return stop.done() && server.fixture.running->done(); }));
}

// Whoever waits for an answer in pieces gets it to its end.
TEST(ServerStop, AStreamThatEndsByItselfIsAnAnswerInFlight) {
  std::optional<Gate> gate;
  int begun = 0;
  const auto slowly = [&](StreamSink sink) -> Task<void> {
    ++begun;
    (void)co_await sink("one");
    (void)co_await gate->open.get();
    (void)co_await sink("two");
  };
  ServerFixture server({}, [&](Request) -> Task<Response> {
    auto response = co_await streaming(slowly);
    response.stream_ends = true;
    co_return response;
  });
  gate.emplace(server.loop);
  auto client = server.client();
  client.send(kGet);
  ASSERT_TRUE(server.loop.until([&] { return begun == 1; }));
  auto stop = server.loop.start(server.server->stop(10s));
  EXPECT_TRUE(server.advance(5s));
  EXPECT_FALSE(stop.done());
  gate->open.set(1);
  EXPECT_EQ(body_of(client.read_to_end()), "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_TRUE(server.loop.until([&] { return stop.done(); }));
  gate.reset();  // before the loop it stands on
}

TEST(ServerStop, AfterTheGraceTheRestIsCut) {
  GatedServer server;
  auto client = server.fixture.client();
  client.send(kGet);
  ASSERT_TRUE(server.fixture.loop.until([&] { return server.gate->entered == 1; }));
  auto stop = server.fixture.loop.start(server.fixture.server->stop(10s));
  EXPECT_TRUE(server.fixture.advance(9'999ms));
  EXPECT_FALSE(stop.done());
  EXPECT_TRUE(server.fixture.advance(1ms));
  EXPECT_TRUE(stop.done());
  EXPECT_TRUE(server.fixture.running->done());
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(ServerStop, ASecondStopWithoutGraceEndsTheFirst) {
  GatedServer server;
  auto client = server.fixture.client();
  client.send(kGet);
  ASSERT_TRUE(server.fixture.loop.until([&] { return server.gate->entered == 1; }));
  auto patient = server.fixture.loop.start(server.fixture.server->stop(1h));
  server.fixture.loop.settle(1);
  server.fixture.loop.run(server.fixture.server->stop(0s));
  EXPECT_TRUE(server.fixture.loop.until([&] { return patient.done(); }));
}

TEST(ServerStop, CancelingRunCutsAll) {
  ServerFixture server;
  auto client = server.client();
  ASSERT_TRUE(server.connections(1));
  server.running->cancel();
  EXPECT_TRUE(server.loop.until([&] { return server.running->done(); }));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(server.connections(0));
}

TEST(ServerStop, MayBeDestroyedWhileConnectionsAreOpen) {
  ServerFixture server;
  auto client = server.client();
  ASSERT_TRUE(server.connections(1));
  server.server.reset();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(server.loop.until([&] { return server.running->done(); }));
}

// --- listening ---

TEST(ServerListen, NamesWhatIsWrongWithAnAddress) {
  ServerFixture server;
  for (const std::string bad : {"", "127.0.0.1", "localhost:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                                "::1:80", "[127.0.0.1]:80", "127.0.0.1:8x", "[::1]"}) {
    Server other(server.loop.executor(), server.loop.clock, {}, {});
    auto port = other.listen(bad);
    ASSERT_FALSE(port.ok()) << bad;
    EXPECT_EQ(port.code(), Errc::bind_failed);
    EXPECT_EQ(port.error().param, bad);
  }
  Server other(server.loop.executor(), server.loop.clock, {}, {});
  auto taken = other.listen("127.0.0.1:" + std::to_string(server.port));
  ASSERT_FALSE(taken.ok());
  EXPECT_TRUE(holds(taken.error().message, "in use")) << taken.error().message;
  EXPECT_TRUE(other.listen("127.0.0.1:0").ok()) << "another address may be tried";
}

}  // namespace
}  // namespace purser::http
