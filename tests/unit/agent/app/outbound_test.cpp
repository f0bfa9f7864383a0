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

class OutboundReload : public ::testing::Test {
 protected:
  void write(const std::string& id) {
    folder.write("endpoints.json", R"({"endpoints":[{"id":")" + id +
                                       R"(","tenant":"shop","url":"https://shop.example/","secret":)"
                                       R"("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}]})");
  }
  std::unique_ptr<Outbound> make(const WebhookSettings& settings) {
    return std::move(Outbound::make(settings, false, loop.executor(), loop.clock).value());
  }
  WebhookSettings with_file() const {
    WebhookSettings settings;
    settings.endpoints_file = folder.file("endpoints.json");
    return settings;
  }

  test::TempFolder folder;
  test::Loop loop;
};

TEST_F(OutboundReload, WhoStandsInTheFileNowIsTold) {
  folder.write("endpoints.json", R"({"endpoints": []})");
  auto outbound = make(with_file());
  write("first");
  ASSERT_TRUE(outbound->reload(with_file(), false).ok());
  EXPECT_NE(outbound->endpoints.find("first"), nullptr);
  write("second");
  ASSERT_TRUE(outbound->reload(with_file(), false).ok());
  EXPECT_EQ(outbound->endpoints.find("first"), nullptr);
  EXPECT_NE(outbound->endpoints.find("second"), nullptr);
}

TEST_F(OutboundReload, AMistakeLeavesTheOldOnes) {
  write("first");
  auto outbound = make(with_file());
  folder.write("endpoints.json", R"({"endpoints": [{"id": "half"}]})");
  EXPECT_EQ(outbound->reload(with_file(), false).code(), Errc::config_bad_value);
  EXPECT_NE(outbound->endpoints.find("first"), nullptr);
}

TEST_F(OutboundReload, ADaemonThatStartedWithoutAFileTellsNobody) {
  auto outbound = make(WebhookSettings());
  write("first");
  ASSERT_TRUE(outbound->reload(with_file(), false).ok());
  EXPECT_TRUE(outbound->endpoints.empty());
}

}  // namespace
}  // namespace purser
