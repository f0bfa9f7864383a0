#include "agent/outbound/endpoints.hpp"

#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace purser {
namespace {

// "whsec_" and 24 bytes.
const std::string kEndpointSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string file(const std::string& members) {
  return R"({"endpoints":[{"id":"main","tenant":"acme","secret":")" + kEndpointSecret + "\"" + members + "}]}";
}

TEST(WebhookEndpoints, AreReadWhole) {
  const auto all = WebhookEndpoints::parse(file(R"(,"url":"https://shop.example:8443/hooks?a=b","previous_secret":")" +
                                                kEndpointSecret + R"(","events":["intent.succeeded","refund.*"])"),
                                           false)
                       .value();
  const WebhookEndpoint* main = all.find("main");
  ASSERT_NE(main, nullptr);
  EXPECT_EQ(main->origin.host, "shop.example");
  EXPECT_EQ(main->origin.port, "8443");
  EXPECT_EQ(main->target, "/hooks?a=b");
  EXPECT_EQ(main->secrets.size(), 2u);
  EXPECT_EQ(main->secrets[0].reveal().size(), 24u);
  EXPECT_TRUE(main->wants("intent.succeeded"));
  EXPECT_TRUE(main->wants("refund.failed"));
  EXPECT_FALSE(main->wants("intent.expired"));
  EXPECT_FALSE(main->wants("refund"));
  EXPECT_EQ(all.wanting(TenantId::trusted("acme"), "refund.created").size(), 1u);
  EXPECT_EQ(all.wanting(TenantId::trusted("other"), "refund.created").size(), 0u);
  EXPECT_TRUE(all.wanted("refund.created"));
  EXPECT_FALSE(all.wanted("message.completed"));
  EXPECT_EQ(all.find("other"), nullptr);
}

TEST(WebhookEndpoints, WantTheStoryOfMoneyWhenTheyDoNotSay) {
  const auto all = WebhookEndpoints::parse(file(R"(,"url":"https://shop.example")"), false).value();
  EXPECT_EQ(all.find("main")->target, "/");
  for (const char* type : {"intent.created", "refund.succeeded", "approval.requested"})
    EXPECT_TRUE(all.wanted(type)) << type;
  for (const char* type : {"message.completed", "message.delta", "card", "turn.failed"})
    EXPECT_FALSE(all.wanted(type)) << type;
}

TEST(WebhookEndpoints, NameThePlaceOfAMistakeAndNoSecret) {
  const std::string url = R"(,"url":"https://a.example")";
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"{}", "endpoints"},
      {file(""), "endpoints[0].url"},
      {file(R"(,"url":"http://a.example")"), "endpoints[0].url"},
      {file(R"(,"url":"http://127.0.0.1:1/")"), "endpoints[0].url"},
      {file(R"(,"url":"https://u:p@a.example")"), "endpoints[0].url"},
      {file(R"(,"url":"https://a.example/#x")"), "endpoints[0].url"},
      {file(R"(,"url":"https://a.example/a b")"), "endpoints[0].url"},
      {file(R"(,"url":"ftp://a.example")"), "endpoints[0].url"},
      {file(url + R"(,"events":[])"), "endpoints[0].events"},
      {file(url + R"(,"events":["message.delta"])"), "endpoints[0].events"},
      {file(url + R"(,"events":["intent."])"), "endpoints[0].events"},
      {file(url + R"(,"previous_secret":"whsec_short")"), "endpoints[0].previous_secret"},
      {file(url + R"(,"retries":3)"), "endpoints[0].retries"},
      {R"({"endpoints":[{"id":"a b","tenant":"t","url":"https://a.example","secret":"canary"}]})", "endpoints[0].id"},
      {R"({"endpoints":[{"id":"a","tenant":"t","url":"https://a.example","secret":"canary"}]})", "endpoints[0].secret"},
  };
  for (const auto& [text, place] : mistakes) {
    auto all = WebhookEndpoints::parse(text, false);
    ASSERT_FALSE(all.ok()) << text;
    EXPECT_EQ(all.error().param, place) << text;
    EXPECT_EQ(all.error().message.find("canary"), std::string::npos);
    EXPECT_EQ(all.error().message.find("whsec_"), all.error().message.find("whsec_ and"));
  }
  EXPECT_TRUE(WebhookEndpoints::parse(file(R"(,"url":"http://127.0.0.1:1/")"), true).ok());
  EXPECT_FALSE(WebhookEndpoints::parse(file(R"(,"url":"http://10.0.0.1:1/")"), true).ok());
}

TEST(WebhookEndpoints, ComeFromAFileThatOthersCannotRead) {
  test::TempFolder folder;
  const std::string path = folder.file("endpoints.json");
  std::ofstream(path) << file(R"(,"url":"https://a.example")");
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_TRUE(WebhookEndpoints::read(path, false).ok());
  std::filesystem::permissions(path, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  auto exposed = WebhookEndpoints::read(path, false);
  ASSERT_FALSE(exposed.ok());
  EXPECT_EQ(exposed.error().param, "webhooks.endpoints_file");
}

}  // namespace
}  // namespace purser
