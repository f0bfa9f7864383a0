#include "gateway/http/public_address.hpp"

#include "gateway/http/client.hpp"
#include "tests/support/scripted_peer.hpp"

#include <gtest/gtest.h>

namespace purser::http {
namespace {

bool judged_public(const char* address) {
  return is_public(boost::asio::ip::make_address(address));
}

TEST(PublicAddress, IsNoneOfThoseSetAside) {
  for (const char* inside :
       {"0.0.0.0",       "0.1.2.3",          "10.0.0.1",        "10.255.255.255",  "100.64.0.1",      "100.127.255.255",
        "127.0.0.1",     "127.9.9.9",        "169.254.169.254", "172.16.0.1",      "172.31.255.255",  "192.0.0.1",
        "192.0.2.1",     "192.88.99.1",      "192.168.1.1",     "198.18.0.1",      "198.19.255.255",  "198.51.100.7",
        "203.0.113.7",   "224.0.0.1",        "239.1.1.1",       "240.0.0.1",       "255.255.255.255", "::",
        "::1",           "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",  "2002:7f00:1::",
        "2002:a00:1::1", "2001::1",          "2001:db8::1",     "fc00::1",         "fd12:3456::1",    "fe80::1",
        "fec0::1",       "ff02::1",          "100::1",          "::7f00:1"})
    EXPECT_FALSE(judged_public(inside)) << inside;
}

TEST(PublicAddress, IsAnyOther) {
  for (const char* outside :
       {"1.1.1.1",         "9.255.255.255", "11.0.0.1",        "100.63.255.255",   "100.128.0.1",
        "126.255.255.255", "128.0.0.1",     "169.253.255.255", "172.15.255.255",   "172.32.0.1",
        "192.0.1.1",       "192.169.0.1",   "198.17.255.255",  "198.20.0.1",       "223.255.255.255",
        "2606:4700::1111", "2400:3200::1",  "::ffff:1.1.1.1",  "64:ff9b::101:101", "2001:200::1"})
    EXPECT_TRUE(judged_public(outside)) << outside;
}

TEST(PublicAddress, AClientBoundToThemConnectsNowhereElse) {
  test::Loop loop;
  test::ScriptedPeer peer(loop);
  peer.play({test::Step::request(), test::Step::send(test::ok_reply("secret of the inside"))});
  ClientLimits limits;
  limits.public_addresses_only = true;
  auto client = std::move(*make_client(loop.executor(), loop.clock, limits, ""));
  const std::string port = std::to_string(peer.port());
  // Names and numbers for the same machine; the resolver reads the odd ones.
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1"}) {
    auto origin = Origin::parse("http://" + host + ":" + port);
    if (!origin) continue;
    Call call(*origin, "POST", "/");
    auto reply = loop.run(client->send(std::move(call), Deadline::after(loop.clock, std::chrono::seconds(30))));
    ASSERT_FALSE(reply.ok()) << host;
    EXPECT_EQ(reply.code(), Errc::connect_failed) << host;
  }
  EXPECT_EQ(peer.connections(), 0u);
}

}  // namespace
}  // namespace purser::http
