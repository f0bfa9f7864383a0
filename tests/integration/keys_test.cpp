// Keys that come and go while the real binary runs.
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace purser::test {
namespace {

class KeysTest : public ::testing::Test {
 protected:
  // One run of `purser keys`; what it printed.
  std::string keys(std::vector<std::string> words, int expected = 0) {
    words.insert(words.begin(), "keys");
    words.insert(words.end(), {"--file", file});
    Child child(PURSER_BINARY, std::move(words), {});
    const std::string out = child.rest_of_output();
    EXPECT_EQ(child.wait(), expected) << out << child.errors();
    return out;
  }
  std::string add(const std::string& scope) {
    const Json made = Json::parse(keys({"add", "--tenant", "shop", "--scope", scope, "--json"}));
    ids.push_back(made["id"]);
    return made["key"];
  }
  static int status_of(int port, const std::string& key) {
    return plain_http(port, "GET", "/v1/models", {{"Authorization", "Bearer " + key}}).status;
  }

  TempFolder folder;
  const std::string file = folder.file("keys.json");
  std::vector<std::string> ids;
};

TEST_F(KeysTest, AreTakenUpOnSighupAndABrokenFileLeavesThemInPlace) {
  const std::string first = add("threads:read");
  ServeProcess serve({"auth.keys_file=" + file, "database.url=sqlite://" + folder.file("purser.db")}, {});
  ASSERT_TRUE(serve.ready()) << serve.child().errors();
  EXPECT_EQ(serve.key(), "");  // keys are configured: none is made
  EXPECT_EQ(status_of(serve.port(), first), 200);

  const std::string second = add("threads:read");
  EXPECT_EQ(status_of(serve.port(), second), 401);
  serve.child().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return status_of(serve.port(), second) == 200; }));
  EXPECT_EQ(status_of(serve.port(), add("refunds:read")), 401);

  keys({"revoke", ids[0]});
  keys({"revoke", ids[0]}, 1);
  serve.child().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return status_of(serve.port(), first) == 401; }));
  EXPECT_EQ(status_of(serve.port(), second), 200);

  std::ofstream(file) << "{";
  serve.child().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return serve.child().errors().find("keys.not_reloaded") != std::string::npos; }));
  EXPECT_EQ(status_of(serve.port(), second), 200);
}

TEST_F(KeysTest, AreRefusedWhenTheyCannotBeMeant) {
  keys({"add", "--tenant", "two words"}, 2);
  keys({"add", "--tenant", "shop", "--scope", "money:move"}, 2);
  keys({"add"}, 2);
  keys({"list"}, 1);
}

}  // namespace
}  // namespace purser::test
