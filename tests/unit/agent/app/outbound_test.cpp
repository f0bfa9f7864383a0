// With real money the tenants' servers are reached on the public internet alone: a webhook is no way to the inside.
#include "agent/app/outbound.hpp"

#include "tests/support/loop.hpp"
#include "tests/support/scripted_peer.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

Result<http::Reply> post_to(test::Loop& loop, test::ScriptedPeer& peer, bool on_sandbox) {
  test::TempFolder folder;
  WebhookSettings settings;
  settings.endpoints_file = folder.file("endpoints.json");
  folder.write("endpoints.json", R"({"endpoints": []})");
  auto outbound = std::move(Outbound::make(settings, on_sandbox, loop.executor(), loop.clock).value());
  auto origin = http::Origin::parse("http://127.0.0.1:" + std::to_string(peer.port())).value();
  http::Call call(std::move(origin), "POST", "/");
  return loop.run(outbound->client->send(std::move(call), Deadline::after(loop.clock, std::chrono::seconds(30))));
}

TEST(Outbound, ReachesTheInsideOnTheSandboxAlone) {
  test::Loop loop;
  test::ScriptedPeer peer(loop);
  peer.play({test::Step::request(), test::Step::send(test::ok_reply("ok"))});
  EXPECT_EQ(post_to(loop, peer, false).code(), Errc::connect_failed);
  EXPECT_EQ(peer.connections(), 0u);
  EXPECT_TRUE(post_to(loop, peer, true).ok());
}

}  // namespace
}  // namespace purser
