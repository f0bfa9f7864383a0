#include "gateway/http/client.hpp"

#include "tests/support/certificates.hpp"
#include "tests/support/scripted_peer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace purser::http {
namespace {

using namespace std::chrono_literals;
using test::Loop;
using test::ok_reply;
using test::ScriptedPeer;
using test::Step;

struct ClientFixture {
  explicit ClientFixture(ClientLimits limits = {}, const std::string& ca_file = "") {
    client = std::move(*make_client(loop.executor(), loop.clock, limits, ca_file));
  }

  static Call call(const std::string& url, const std::string& method = "GET", const std::string& body = "") {
    Call made(*Origin::parse(url), method, "/x?y=z");
    made.body = body;
    return made;
  }
  Task<Result<Reply>> sending(Call made, Clock::duration limit = 30s) {
    return client->send(std::move(made), Deadline::after(loop.clock, limit));
  }
  Result<Reply> send(Call made) { return loop.run(sending(std::move(made))); }
  Result<Reply> get(const ScriptedPeer& peer) { return send(call(peer.url())); }
  Result<Reply> post(const ScriptedPeer& peer) { return send(call(peer.url(), "POST", "{}")); }
  bool settle() { return loop.settle(3); }

  Loop loop;
  std::unique_ptr<Client> client;
};

// --- requests and replies ---

TEST(Client, SendsTheRequestAsItIsAndReadsTheReply) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play(
      {Step::request(), Step::send("HTTP/1.1 201 Created\r\nX-Id: a\r\nx-id: b\r\nContent-Length: 5\r\n\r\nhello")});
  Call call = ClientFixture::call(peer.url(), "POST", "body");
  call.headers = {{"Accept", "application/json"},
                  {"host", "evil"},
                  {"Content-Length", "99"},
                  {"connection", "close"},
                  {"Transfer-Encoding", "chunked"}};
  auto reply = f.send(std::move(call));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 201);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(header(reply->headers, "X-ID"), "a");
  EXPECT_EQ(peer.requests().at(0), "POST /x?y=z HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer.port()) +
                                       "\r\nAccept: application/json\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(Client, ABodylessPostSaysSoAndAGetSaysNothing) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(ok_reply("")), Step::request(), Step::send(ok_reply(""))});
  EXPECT_TRUE(f.send(ClientFixture::call(peer.url(), "POST")).ok());
  EXPECT_TRUE(f.get(peer).ok());
  EXPECT_NE(peer.requests().at(0).find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_EQ(peer.requests().at(1).find("Content-Length"), std::string::npos);
}

TEST(Client, WhatCouldBecomeTwoRequestsIsNotSent) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  std::vector<Call> bad(6, ClientFixture::call(peer.url()));
  bad[0].target = "/x HTTP/1.1\r\nX: y";
  bad[1].target = "x";
  bad[2].target = "";
  bad[3].method = "GET /";
  bad[4].headers = {{"X-A", "b\r\nX-B: c"}};
  bad[5].headers = {{"X-A:", "b"}};
  for (auto& call : bad) EXPECT_EQ(f.send(std::move(call)).code(), Errc::internal);
  EXPECT_EQ(peer.connections(), 0U);
}

TEST(Client, ReadsChunksWithoutTheirTrailers) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(),
             Step::drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Late: "
                        "1\r\n\r\n"),
             Step::request(), Step::send(ok_reply("again"))});
  auto reply = f.get(peer);
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->body, "hello!");
  EXPECT_EQ(header(reply->headers, "X-Late"), "");
  EXPECT_EQ(f.get(peer)->body, "again") << "on the same connection";
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(Client, SkipsInterimReplies) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
                                         ok_reply("done"))});
  auto reply = f.get(peer);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->body, "done");
  EXPECT_EQ(header(reply->headers, "Link"), "");
}

TEST(Client, RepliesWithoutABody) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send("HTTP/1.1 204 No Content\r\n\r\n"), Step::request(),
             Step::send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), Step::request(), Step::send(ok_reply("x"))});
  EXPECT_EQ(f.get(peer)->status, 204);
  EXPECT_EQ(f.send(ClientFixture::call(peer.url(), "HEAD"))->body, "");
  EXPECT_EQ(f.get(peer)->body, "x");
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(Client, ABodyUntilTheEndOfTheConnection) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send("HTTP/1.0 200 OK\r\n\r\nall of it"), Step::close()});
  EXPECT_EQ(f.get(peer)->body, "all of it");
}

// --- replies that are not right; every one leaves the outcome open ---

struct BadReply {
  const char* name;
  std::string bytes;
  Errc code;
};

class Malformed : public testing::TestWithParam<BadReply> {};

TEST_P(Malformed, IsAnErrorAndTheConnectionIsNotUsedAgain) {
  ClientLimits limits;
  limits.reply_bytes_max = 100;
  limits.reply_header_bytes_max = 1000;
  ClientFixture f(limits);
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(GetParam().bytes), Step::close()});
  peer.play({Step::request(), Step::send(ok_reply("fresh"))});
  auto reply = f.get(peer);
  ASSERT_FALSE(reply.ok()) << reply->body;
  EXPECT_EQ(reply.code(), GetParam().code) << reply.error().message;
  EXPECT_EQ(f.get(peer)->body, "fresh");
  EXPECT_EQ(peer.connections(), 2U);
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";

INSTANTIATE_TEST_SUITE_P(
    Client, Malformed,
    testing::Values(
        BadReply{"nothing", "", Errc::connection_lost}, BadReply{"half_a_head", "HTTP/1.1 20", Errc::connection_lost},
        BadReply{"half_a_body", kOk + "Content-Length: 5\r\n\r\nhel", Errc::connection_lost},
        BadReply{"half_a_chunk", kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", Errc::connection_lost},
        BadReply{"no_last_chunk", kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Errc::connection_lost},
        BadReply{"not_http", "SSH-2.0-OpenSSH\r\n\r\n", Errc::reply_malformed},
        BadReply{"bad_version", "HTTP/2.0 200 OK\r\n\r\n", Errc::reply_malformed},
        BadReply{"bad_status", "HTTP/1.1 2x0 OK\r\n\r\n", Errc::reply_malformed},
        BadReply{"bad_header", kOk + "X A: b\r\n\r\n", Errc::reply_malformed},
        BadReply{"bad_length", kOk + "Content-Length: -5\r\n\r\n", Errc::reply_malformed},
        BadReply{"two_lengths", kOk + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", Errc::reply_malformed},
        BadReply{"length_list", kOk + "Content-Length: 5, 5\r\n\r\nhello", Errc::reply_malformed},
        BadReply{"gzip_coding", kOk + "Transfer-Encoding: gzip\r\n\r\nhello", Errc::reply_malformed},
        BadReply{"coding_and_length", kOk + "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
                 Errc::reply_malformed},
        BadReply{"chunked_and_length", kOk + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                 Errc::reply_malformed},
        BadReply{"bad_chunk", kOk + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", Errc::reply_malformed},
        BadReply{"switching", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Errc::reply_malformed},
        BadReply{"large_length", kOk + "Content-Length: 101\r\n\r\n" + std::string(101, 'x'), Errc::reply_too_large},
        BadReply{"large_chunks",
                 kOk + "Transfer-Encoding: chunked\r\n\r\n40\r\n" + std::string(64, 'x') + "\r\n40\r\n" +
                     std::string(64, 'x') + "\r\n0\r\n\r\n",
                 Errc::reply_too_large},
        BadReply{"large_until_close", "HTTP/1.0 200 OK\r\n\r\n" + std::string(101, 'x'), Errc::reply_too_large},
        BadReply{"large_head", kOk + "X-A: " + std::string(1000, 'x') + "\r\n\r\n", Errc::reply_too_large}),
    [](const auto& of) { return of.param.name; });

TEST(Client, TheLargestReplyIsTaken) {
  ClientLimits limits;
  limits.reply_bytes_max = 100;
  ClientFixture f(limits);
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(ok_reply(std::string(100, 'x')))});
  EXPECT_EQ(f.get(peer)->body.size(), 100U);
}

TEST(Client, EndlessInterimRepliesEnd) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  std::string many;
  for (int i = 0; i < 20; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
  peer.play({Step::request(), Step::send(many)});
  EXPECT_EQ(f.get(peer).code(), Errc::reply_malformed);
}

TEST(Client, AResetLeavesTheOutcomeOpen) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::reset()});
  EXPECT_EQ(f.post(peer).code(), Errc::connection_lost);
  peer.play({Step::reset()});
  EXPECT_EQ(f.post(peer).code(), Errc::connection_lost) << "the connection was made; something may have been sent";
}

TEST(Client, NobodyListens) {
  ClientFixture f;
  std::string url;
  {
    ScriptedPeer gone(f.loop);
    url = gone.url();
  }
  f.settle();
  auto reply = f.send(ClientFixture::call(url, "POST", "{}"));
  EXPECT_EQ(reply.code(), Errc::connect_failed);
  EXPECT_NE(reply.error().message.find("127.0.0.1"), std::string::npos) << reply.error().message;
}

TEST(Client, NamesAreLookedUp) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(ok_reply("by name"))});
  auto reply = f.send(ClientFixture::call(peer.url("localhost")));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->body, "by name");
  auto unknown = f.send(ClientFixture::call("http://" + std::string(300, 'a')));
  EXPECT_EQ(unknown.code(), Errc::connect_failed);
}

// --- the pool ---

TEST(ClientPool, AConnectionIsUsedAgainOnlyWhenItEndedClean) {
  const std::vector<std::pair<std::string, std::size_t>> cases = {
      {ok_reply("one"), 1},
      {ok_reply("one", "Connection: close\r\n"), 2},
      {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\none", 2},
      {ok_reply("one") + "stray", 2},
  };
  for (const auto& [first, connections] : cases) {
    ClientFixture f;
    ScriptedPeer peer(f.loop);
    peer.play({Step::request(), Step::send(first), Step::request(), Step::send(ok_reply("two"))});
    peer.play({Step::request(), Step::send(ok_reply("two"))});
    EXPECT_EQ(f.get(peer)->body, "one") << first;
    EXPECT_EQ(f.post(peer)->body, "two") << first;
    EXPECT_EQ(peer.connections(), connections) << first;
  }
}

TEST(ClientPool, AnIdleConnectionThatThePeerClosedIsNoticedBeforeItIsUsed) {
  for (const auto& last : {Step::close(), Step::reset(), Step::send(ok_reply("stray"))}) {
    ClientFixture f;
    ScriptedPeer peer(f.loop);
    peer.play({Step::request(), Step::send(ok_reply("one")), last});
    peer.play({Step::request(), Step::send(ok_reply("two"))});
    EXPECT_TRUE(f.get(peer).ok());
    f.settle();
    auto reply = f.post(peer);
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_EQ(reply->body, "two") << "a POST is never sent into a connection that is known to be closed";
  }
}

TEST(ClientPool, AGetOnAStaleConnectionIsTriedOnceMoreAPostIsNot) {
  for (const std::string method : {"GET", "POST", "DELETE"}) {
    ClientFixture f;
    ScriptedPeer peer(f.loop);
    peer.play({Step::request(), Step::send(ok_reply("one")), Step::request(), Step::close()});
    peer.play({Step::request(), Step::send(ok_reply("two"))});
    EXPECT_TRUE(f.get(peer).ok());
    auto reply = f.send(ClientFixture::call(peer.url(), method));
    if (method == "GET") {
      ASSERT_TRUE(reply.ok()) << reply.error().message;
      EXPECT_EQ(reply->body, "two");
    } else {
      EXPECT_EQ(reply.code(), Errc::connection_lost) << method;
      EXPECT_EQ(peer.connections(), 1U);
    }
  }
}

TEST(ClientPool, ACallThatIsGoodForOneIsNotSentTwice) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(ok_reply("one")), Step::request(), Step::close()});
  EXPECT_TRUE(f.get(peer).ok());
  Call once = ClientFixture::call(peer.url(), "GET");
  once.once = true;
  EXPECT_EQ(f.send(std::move(once)).code(), Errc::connection_lost);
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(ClientPool, AGetIsNotTriedAgainWhenAnAnswerHadBegunOrTheConnectionWasFresh) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(ok_reply("one")), Step::request(), Step::send("H"), Step::close()});
  EXPECT_TRUE(f.get(peer).ok());
  EXPECT_EQ(f.get(peer).code(), Errc::connection_lost);
  peer.play({Step::request(), Step::close()});
  EXPECT_EQ(f.get(peer).code(), Errc::connection_lost);
  EXPECT_EQ(peer.connections(), 2U);
}

TEST(ClientPool, AGetIsTriedOnlyOnceMore) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(ok_reply("one")), Step::request(), Step::close()});
  peer.play({Step::request(), Step::close()});
  peer.play({Step::request(), Step::send(ok_reply("never"))});
  EXPECT_TRUE(f.get(peer).ok());
  EXPECT_EQ(f.get(peer).code(), Errc::connection_lost);
  EXPECT_EQ(peer.requests().size(), 3U);
}

TEST(ClientPool, IdleConnectionsAreClosedWhenTheirTimeEnds) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(ok_reply("one"))});
  EXPECT_TRUE(f.get(peer).ok());
  EXPECT_TRUE(f.loop.advance(59'999ms, 3));
  EXPECT_EQ(peer.connections_open(), 1U);
  EXPECT_TRUE(f.loop.advance(1ms, 3));
  EXPECT_EQ(peer.connections_open(), 0U);
  peer.play({Step::request(), Step::send(ok_reply("two"))});
  EXPECT_EQ(f.get(peer)->body, "two");
  EXPECT_TRUE(f.loop.advance(60s, 3));
  EXPECT_EQ(peer.connections_open(), 0U) << "also the next time";
}

TEST(ClientPool, NoMoreConnectionsThanAllowedAndThoseWhoWaitGetTheirsInOrder) {
  ClientLimits limits;
  limits.connections_per_origin_max = 2;
  limits.idle_connections_per_origin_max = 1;
  ClientFixture f(limits);
  ScriptedPeer peer(f.loop);
  ScriptedPeer other(f.loop);
  peer.play({Step::request()});
  peer.play({Step::request()});
  other.play({Step::request(), Step::send(ok_reply("other"))});
  auto first = f.loop.start(f.sending(ClientFixture::call(peer.url()), 10s));
  auto second = f.loop.start(f.sending(ClientFixture::call(peer.url()), 20s));
  f.settle();
  auto third = f.loop.start(f.sending(ClientFixture::call(peer.url()), 5s));
  auto fourth = f.loop.start(f.sending(ClientFixture::call(peer.url()), 30s));
  f.settle();
  EXPECT_EQ(peer.connections(), 2U);
  EXPECT_EQ(f.get(other)->body, "other") << "another origin has its own places";
  EXPECT_TRUE(f.loop.advance(5s, 3));
  EXPECT_EQ(third.get().code(), Errc::expired_before_start) << "nothing was sent";
  peer.play({Step::request(), Step::send(ok_reply("fourth"))});
  EXPECT_TRUE(f.loop.advance(5s, 3));
  EXPECT_EQ(first.get().code(), Errc::timed_out);
  ASSERT_TRUE(f.loop.until([&] { return fourth.done(); }));
  EXPECT_EQ(fourth.get()->body, "fourth");
  EXPECT_FALSE(second.done());
}

TEST(ClientPool, KeepsNoMoreIdleConnectionsThanAllowed) {
  ClientLimits limits;
  limits.idle_connections_per_origin_max = 1;
  ClientFixture f(limits);
  ScriptedPeer peer(f.loop);
  for (int i = 0; i < 2; ++i) peer.play({Step::request(), Step::send(ok_reply("x"))});
  auto first = f.loop.start(f.sending(ClientFixture::call(peer.url())));
  auto second = f.loop.start(f.sending(ClientFixture::call(peer.url())));
  ASSERT_TRUE(f.loop.until([&] { return first.done() && second.done(); }));
  f.settle();
  EXPECT_EQ(peer.connections(), 2U);
  EXPECT_EQ(peer.connections_open(), 1U);
}

// --- time and cancellation ---

TEST(ClientTime, AReplyThatDoesNotComeIsTimedOut) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send("HTTP/1.1 200 OK\r\nContent-Le")});
  auto call = f.loop.start(f.sending(ClientFixture::call(peer.url(), "POST"), 8s));
  f.settle();
  EXPECT_TRUE(f.loop.advance(7'999ms, 3));
  EXPECT_FALSE(call.done());
  EXPECT_TRUE(f.loop.advance(1ms, 3));
  EXPECT_EQ(call.get().code(), Errc::timed_out);
  f.settle();
  EXPECT_EQ(peer.connections_open(), 0U) << "the connection is closed";
}

TEST(ClientTime, ADeadlineThatHasPassedSendsNothing) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  EXPECT_EQ(f.loop.run(f.sending(ClientFixture::call(peer.url()), 0s)).code(), Errc::expired_before_start);
  f.settle();
  EXPECT_EQ(peer.connections(), 0U);
}

TEST(ClientTime, CancellationClosesTheConnectionAndFreesItsPlace) {
  ClientLimits limits;
  limits.connections_per_origin_max = 1;
  ClientFixture f(limits);
  ScriptedPeer peer(f.loop);
  peer.play({Step::request()});
  peer.play({Step::request(), Step::send(ok_reply("next"))});
  auto call = f.loop.start(f.sending(ClientFixture::call(peer.url())));
  f.settle();
  call.cancel();
  ASSERT_TRUE(f.loop.until([&] { return call.done(); }));
  f.settle();
  EXPECT_EQ(peer.connections_open(), 0U);
  EXPECT_EQ(f.get(peer)->body, "next");
}

// As a loop does that ends when it is told to stop.
Task<Result<Reply>> sending_politely(ClientFixture& f, Call call) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_return co_await f.sending(std::move(call));
}

TEST(ClientTime, AMildCancellationEndsACallTooWhereItIsHeeded) {
  for (const auto& begun : {std::vector<Step>{Step::request()},
                            std::vector<Step>{Step::request(), Step::send("HTTP/1.1 200 OK\r\nContent-Le")}}) {
    ClientFixture f;
    ScriptedPeer peer(f.loop);
    peer.play(begun);
    auto call = f.loop.start(sending_politely(f, ClientFixture::call(peer.url())));
    f.settle();
    call.cancel(asio::cancellation_type::total);
    ASSERT_TRUE(f.loop.until([&] { return call.done(); }));
    f.settle();
    EXPECT_EQ(peer.connections_open(), 0U);
  }
}

TEST(ClientTime, TheClientMayGoWhileACallIsUnderWay) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::request(), Step::send(ok_reply("x"))});
  auto call = f.loop.start(f.sending(ClientFixture::call(peer.url())));
  f.client.reset();
  ASSERT_TRUE(f.loop.until([&] { return call.done(); }));
  EXPECT_EQ(call.get()->body, "x");
  f.settle();
  EXPECT_EQ(peer.connections_open(), 0U) << "nothing is kept";
}

// --- TLS ---

const std::string kNames = "DNS:localhost,IP:127.0.0.1";

TEST(ClientTls, AcceptsThePeerThatProvesItsName) {
  test::CertificateAuthority authority;
  ClientFixture f({}, authority.file());
  ScriptedPeer peer(f.loop, test::server_tls(authority.issue(kNames)));
  peer.play({Step::request(), Step::send(ok_reply("safe")), Step::request(), Step::send(ok_reply("and kept"))});
  auto reply = f.get(peer);
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->body, "safe");
  EXPECT_EQ(peer.server_name(), "") << "an address is no server name";
  EXPECT_EQ(f.get(peer)->body, "and kept");
  EXPECT_EQ(peer.connections(), 1U);
  peer.play({Step::request(), Step::send(ok_reply("by name"))});
  auto named = f.send(ClientFixture::call(peer.url("localhost")));
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_EQ(peer.server_name(), "localhost");
}

// --- TLS, both sides named ---

ClientIdentity shown(const test::Identity& identity) {
  return {identity.certificate_pem, Secret(identity.key_pem)};
}

// A server that wants to know who calls.
std::unique_ptr<boost::asio::ssl::context> strict_tls(const test::CertificateAuthority& authority) {
  auto tls = test::server_tls(authority.issue(kNames));
  tls->load_verify_file(authority.file());
  tls->set_verify_mode(boost::asio::ssl::verify_peer | boost::asio::ssl::verify_fail_if_no_peer_cert);
  // No tickets: they come after the handshake and would break a connection that is refused late.
  tls->set_options(boost::asio::ssl::context::no_tlsv1_3);
  return tls;
}

TEST(ClientTls, ShowsItsCertificateToTheOriginItIsFor) {
  test::CertificateAuthority authority;
  ClientFixture f({}, authority.file());
  ScriptedPeer peer(f.loop, strict_tls(authority));
  peer.play({Step::request()});
  EXPECT_FALSE(f.get(peer).ok()) << "nobody knows us yet";
  ASSERT_TRUE(f.client->present(*Origin::parse(peer.url()), shown(authority.issue("DNS:merchant"))).ok());
  peer.play({Step::request(), Step::send(ok_reply("known"))});
  auto reply = f.get(peer);
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->body, "known");
  // To no other: the same peer under another name is another origin.
  peer.play({Step::request()});
  EXPECT_FALSE(f.send(ClientFixture::call(peer.url("localhost"))).ok());
  EXPECT_EQ(peer.requests().size(), 1U);
}

TEST(ClientTls, AnotherCertificateCountsFromTheNextConnectionOn) {
  test::CertificateAuthority authority;
  test::CertificateAuthority stranger;
  ClientFixture f({}, authority.file());
  ScriptedPeer peer(f.loop, strict_tls(authority));
  const Origin origin = *Origin::parse(peer.url());
  ASSERT_TRUE(f.client->present(origin, shown(authority.issue("DNS:merchant"))).ok());
  peer.play({Step::request(), Step::send(ok_reply("1"))});
  EXPECT_EQ(f.get(peer)->body, "1");
  ASSERT_TRUE(f.client->present(origin, shown(stranger.issue("DNS:merchant"))).ok());
  f.settle();
  EXPECT_EQ(peer.connections_open(), 0U) << "the idle one has ended";
  peer.play({Step::request()});
  EXPECT_FALSE(f.get(peer).ok());
  ASSERT_TRUE(f.client->present(origin, shown(authority.issue("DNS:merchant"))).ok());
  peer.play({Step::request(), Step::send(ok_reply("2"))});
  EXPECT_EQ(f.get(peer)->body, "2");
}

TEST(ClientTls, AnIdentityThatCannotBeUsedChangesNothing) {
  test::CertificateAuthority authority;
  ClientFixture f({}, authority.file());
  ScriptedPeer peer(f.loop, strict_tls(authority));
  const Origin origin = *Origin::parse(peer.url());
  const auto good = shown(authority.issue("DNS:merchant"));
  const auto other = shown(authority.issue("DNS:merchant"));
  ASSERT_TRUE(f.client->present(origin, good).ok());
  for (const ClientIdentity& bad :
       {ClientIdentity{good.certificate_pem, other.key_pem}, ClientIdentity{"", good.key_pem},
        ClientIdentity{good.certificate_pem, Secret("no key")}}) {
    const auto refused = f.client->present(origin, bad);
    EXPECT_EQ(refused.code(), Errc::key_malformed);
  }
  peer.play({Step::request(), Step::send(ok_reply("still known"))});
  EXPECT_EQ(f.get(peer)->body, "still known");
}

void expect_refused(const test::Identity& identity, const std::string& ca_file, const std::string& reason) {
  ClientFixture f({}, ca_file);
  ScriptedPeer peer(f.loop, test::server_tls(identity));
  peer.play({Step::request()});
  auto reply = f.post(peer);
  ASSERT_FALSE(reply.ok()) << reason;
  EXPECT_EQ(reply.code(), Errc::tls_failed);
  EXPECT_NE(reply.error().message.find(reason), std::string::npos) << reply.error().message;
  f.settle();
  EXPECT_EQ(peer.requests().size(), 0U) << "nothing was sent";
}

TEST(ClientTls, RefusesEveryoneElse) {
  test::CertificateAuthority authority;
  test::CertificateAuthority stranger;
  expect_refused(test::self_signed(kNames), authority.file(), "self-signed");
  expect_refused(stranger.issue(kNames), authority.file(), "signature");
  expect_refused(authority.issue("DNS:localhost,IP:127.0.0.2"), authority.file(), "");
  expect_refused(authority.issue("DNS:127.0.0.1"), authority.file(), "");
  expect_refused(authority.issue(kNames, true), authority.file(), "expired");
  expect_refused(authority.issue(kNames), "", "");  // not in the system's store
}

TEST(ClientTls, RefusesAWrongName) {
  test::CertificateAuthority authority;
  ClientFixture f({}, authority.file());
  ScriptedPeer peer(f.loop, test::server_tls(authority.issue("DNS:example.com,IP:127.0.0.1")));
  peer.play({Step::request()});
  EXPECT_EQ(f.send(ClientFixture::call(peer.url("localhost"))).code(), Errc::tls_failed);
}

TEST(ClientTls, RefusesOldProtocols) {
  test::CertificateAuthority authority;
  ClientFixture f({}, authority.file());
  auto old = test::server_tls(authority.issue(kNames));
  SSL_CTX_set_min_proto_version(old->native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old->native_handle(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(old->native_handle(), 0);
  ScriptedPeer peer(f.loop, std::move(old));
  peer.play({Step::request()});
  EXPECT_EQ(f.get(peer).code(), Errc::tls_failed);
}

TEST(ClientTls, APeerThatIsNoTlsPeer) {
  ClientFixture f;
  ScriptedPeer peer(f.loop);
  peer.play({Step::send("HTTP/1.1 400 Bad Request\r\n\r\n"), Step::close()});
  EXPECT_EQ(f.send(ClientFixture::call("https://127.0.0.1:" + std::to_string(peer.port()))).code(), Errc::tls_failed);
}

TEST(ClientTls, AHandshakeThatHangsIsNoConnection) {
  test::CertificateAuthority authority;
  ClientFixture f({}, authority.file());
  ScriptedPeer peer(f.loop, test::server_tls(authority.issue(kNames)));
  peer.play({Step::stall()});
  auto call = f.loop.start(f.sending(ClientFixture::call(peer.url(), "POST")));
  f.settle();
  EXPECT_TRUE(f.loop.advance(4'999ms, 3));
  EXPECT_FALSE(call.done());
  EXPECT_TRUE(f.loop.advance(1ms, 3));
  EXPECT_EQ(call.get().code(), Errc::connect_failed) << "definite: nothing was sent";
  f.settle();
  EXPECT_EQ(peer.connections_open(), 0U);
}

TEST(ClientTls, AReplyThatHangsIsTimedOut) {
  test::CertificateAuthority authority;
  ClientFixture f({}, authority.file());
  ScriptedPeer peer(f.loop, test::server_tls(authority.issue(kNames)));
  peer.play({Step::request(), Step::stall()});
  auto call = f.loop.start(f.sending(ClientFixture::call(peer.url(), "POST"), 8s));
  ASSERT_TRUE(f.loop.until([&] { return peer.requests().size() == 1; }));
  EXPECT_TRUE(f.loop.advance(8s, 3));
  EXPECT_EQ(call.get().code(), Errc::timed_out);
}

TEST(ClientTls, ABodyCutOffWithoutAGoodbyeIsNotWhole) {
  test::CertificateAuthority authority;
  const std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  for (const bool polite : {true, false}) {
    ClientFixture f({}, authority.file());
    ScriptedPeer peer(f.loop, test::server_tls(authority.issue(kNames)));
    peer.play({Step::request(), Step::send(head + "all of it"), polite ? Step::close() : Step::reset()});
    auto reply = f.get(peer);
    EXPECT_EQ(reply.ok(), polite);
    if (!polite) {
      EXPECT_EQ(reply.code(), Errc::connection_lost);
    }
  }
}

TEST(ClientTls, AnIdleConnectionThatThePeerClosedIsNoticed) {
  test::CertificateAuthority authority;
  ClientFixture f({}, authority.file());
  ScriptedPeer peer(f.loop, test::server_tls(authority.issue(kNames)));
  peer.play({Step::request(), Step::send(ok_reply("one")), Step::close()});
  peer.play({Step::request(), Step::send(ok_reply("two"))});
  EXPECT_TRUE(f.get(peer).ok());
  f.settle();
  EXPECT_EQ(f.post(peer)->body, "two");
}

TEST(ClientTls, ACaFileThatCannotBeReadIsAnError) {
  Loop loop;
  auto client = make_client(loop.executor(), loop.clock, {}, "/no/such/file.pem");
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.code(), Errc::key_malformed);
}

}  // namespace
}  // namespace purser::http
