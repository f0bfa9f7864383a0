#include "gateway/http/client.hpp"
#include "tests/support/scripted_peer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace purser::http {
namespace {

using namespace std::chrono_literals;
using test::Loop;
using test::ok_reply;
using test::ScriptedPeer;
using test::Step;

const std::string kChunkedHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

class Collected final : public ReplySink {
 public:
  void head(int code, const Headers& headers) override {
    status = code;
    type = header(headers, "Content-Type");
  }
  bool piece(std::string_view bytes) override {
    body.append(bytes);
    ++pieces;
    if (on_piece) on_piece();
    return body.find(enough) == std::string::npos;
  }
  Clock::time_point limit() const override { return until; }

  int status = 0;
  std::string type;
  std::string body;
  int pieces = 0;
  std::string enough = "no such text";
  std::function<void()> on_piece;
  Clock::time_point until = Clock::time_point::max();
};

class Stream : public testing::Test {
 protected:
  Stream() { client = std::move(*make_client(loop.executor(), loop.clock, {}, "")); }
  Task<Result<Reply>> streaming(Clock::duration limit = 30s) {
    Call call(*Origin::parse(peer.url()), "POST", "/x");
    call.body = "{}";
    return client->stream(std::move(call), sink, Deadline::after(loop.clock, limit));
  }

  Loop loop;
  ScriptedPeer peer{loop};
  std::unique_ptr<Client> client;
  Collected sink;
};

TEST_F(Stream, hands_the_body_over_while_it_comes) {
  peer.play({Step::request(), Step::send(kChunkedHead + "5\r\nhello\r\n"), Step::request()});
  auto running = loop.start(streaming());
  ASSERT_TRUE(loop.until([&] { return sink.body == "hello"; }));
  EXPECT_FALSE(running.done());
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.type, "text/event-stream");
}

TEST_F(Stream, ends_with_the_body_and_keeps_the_connection) {
  peer.play({Step::request(), Step::drip(kChunkedHead + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), Step::request(),
             Step::send(ok_reply("again"))});
  const auto first = loop.run(streaming());
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->status, 200);
  EXPECT_TRUE(first->body.empty());
  EXPECT_EQ(sink.body, "hello world");
  sink.body.clear();
  ASSERT_TRUE(loop.run(streaming()).ok());
  EXPECT_EQ(sink.body, "again");
  EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(Stream, reads_a_body_that_ends_with_the_connection) {
  peer.play({Step::request(), Step::send("HTTP/1.1 200 OK\r\n\r\nall of it"), Step::close()});
  ASSERT_TRUE(loop.run(streaming()).ok());
  EXPECT_EQ(sink.body, "all of it");
}

TEST_F(Stream, reads_an_empty_body) {
  peer.play({Step::request(), Step::send(ok_reply(""))});
  ASSERT_TRUE(loop.run(streaming()).ok());
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.pieces, 0);
}

TEST_F(Stream, tells_a_cut_body_from_a_whole_one) {
  peer.play({Step::request(), Step::send(kChunkedHead + "5\r\nhello\r\n"), Step::close()});
  EXPECT_EQ(loop.run(streaming()).code(), Errc::connection_lost);
  EXPECT_EQ(sink.body, "hello");
  peer.play({Step::request(), Step::send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell"), Step::reset()});
  EXPECT_EQ(loop.run(streaming()).code(), Errc::connection_lost);
}

TEST_F(Stream, waits_no_longer_than_the_sink_says) {
  peer.play({Step::request(), Step::stall()});
  sink.until = loop.clock.now() + 3s;
  auto running = loop.start(streaming());
  ASSERT_TRUE(loop.until([&] { return peer.requests().size() == 1; }));
  ASSERT_TRUE(loop.advance(2999ms, 3));
  EXPECT_FALSE(running.done());
  ASSERT_TRUE(loop.advance(1ms, 3));
  ASSERT_TRUE(running.done());
  EXPECT_EQ(running.get().code(), Errc::timed_out);
}

TEST_F(Stream, waits_for_each_piece_anew) {
  sink.until = loop.clock.now() + 3s;
  sink.on_piece = [&] { sink.until = loop.clock.now() + 1s; };
  peer.play({Step::request(), Step::send(kChunkedHead + "1\r\nx\r\n"), Step::stall()});
  auto running = loop.start(streaming());
  ASSERT_TRUE(loop.until([&] { return sink.body == "x"; }));
  ASSERT_TRUE(loop.advance(1s, 3));
  ASSERT_TRUE(running.done());
  EXPECT_EQ(running.get().code(), Errc::timed_out);
}

TEST_F(Stream, leaves_when_the_sink_has_enough) {
  sink.enough = "DONE";
  peer.play({Step::request(), Step::send(kChunkedHead + "4\r\nDONE\r\n"), Step::stall()});
  EXPECT_TRUE(loop.run(streaming()).ok());  // although the body has not ended
  ASSERT_TRUE(loop.advance(1s, 3));
  EXPECT_TRUE(loop.until([&] { return peer.connections_open() == 0; }));
}

TEST_F(Stream, uses_a_connection_again_whose_end_came_late) {
  sink.enough = "DONE";
  peer.play({Step::request(), Step::send(kChunkedHead + "4\r\nDONE\r\n"), Step::send("0\r\n\r\n"), Step::request(),
             Step::send(ok_reply("again"))});
  ASSERT_TRUE(loop.run(streaming()).ok());
  ASSERT_TRUE(loop.settle(3));
  sink.body.clear();
  ASSERT_TRUE(loop.run(streaming()).ok());
  EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(Stream, closes_the_connection_when_the_waiter_leaves) {
  peer.play({Step::request(), Step::send(kChunkedHead + "1\r\nx\r\n"), Step::stall()});
  auto running = loop.start(streaming());
  ASSERT_TRUE(loop.until([&] { return sink.body == "x"; }));
  running.cancel();
  ASSERT_TRUE(loop.until([&] { return running.done() && peer.connections_open() == 0; }));
}

TEST_F(Stream, bounds_the_body) {
  ClientLimits limits;
  limits.reply_bytes_max = 8;
  client = std::move(*make_client(loop.executor(), loop.clock, limits, ""));
  peer.play({Step::request(), Step::send(kChunkedHead + "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n")});
  EXPECT_EQ(loop.run(streaming()).code(), Errc::reply_too_large);
}

}  // namespace
}  // namespace purser::http
