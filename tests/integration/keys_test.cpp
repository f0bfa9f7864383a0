// Keys that come and go while the real binary runs.
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

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

// The APIv3 key is rotated by its owner; what was made with it is found all the same once the old one is kept.
TEST_F(KeysTest, ARotatedApiv3KeyLeavesThreadsWhereTheyAreWhenTheOldOneIsKept) {
  const auto thread_of_user = [&](std::map<std::string, std::string> environment) {
    ServeProcess serve({"database.url=sqlite://" + folder.file("purser.db"), "server.public_url=http://127.0.0.1:1"},
                       environment);
    EXPECT_TRUE(serve.ready()) << serve.child().errors();
    const Json asked{{"model", "purser"}, {"user", "mei"}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
    const auto answer = plain_http(
        serve.port(), "POST", "/v1/chat/completions",
        {{"Authorization", "Bearer sk_test_0123456789abcdef"}, {"Content-Type", "application/json"}}, asked.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return Json::parse(answer.body)["purser"]["thread_id"].get<std::string>();
  };
  const SandboxProcess rail;
  auto merchant = rail.merchant();
  merchant["PURSER_API_KEYS"] = "shop:sk_test_0123456789abcdef";
  const std::string before = thread_of_user(merchant);
  EXPECT_EQ(thread_of_user(merchant), before);

  std::ifstream in(merchant["PURSER_WECHAT_APIV3_KEY_FILE"]);
  const std::string old{std::istreambuf_iterator<char>(in), {}};
  merchant.erase("PURSER_WECHAT_APIV3_KEY_FILE");
  merchant["PURSER_WECHAT_APIV3_KEY"] = std::string(32, 'n');
  EXPECT_NE(thread_of_user(merchant), before);
  merchant["PURSER_ID_SECRET"] = old;
  EXPECT_EQ(thread_of_user(merchant), before);
}

// A file that nobody else can open while this lives: the kernel lets them wait for the lease on it.
class LeasedFile {
 public:
  explicit LeasedFile(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    (void)std::signal(SIGIO, SIG_IGN);  // how the kernel says that somebody waits
    EXPECT_EQ(::fcntl(fd_, F_SETLEASE, F_WRLCK), 0) << std::strerror(errno);
  }
  LeasedFile(const LeasedFile&) = delete;
  LeasedFile& operator=(const LeasedFile&) = delete;
  ~LeasedFile() { ::close(fd_); }

  [[nodiscard]] bool awaited() const { return ::fcntl(fd_, F_GETLEASE) != F_WRLCK; }
  void release() const { EXPECT_EQ(::fcntl(fd_, F_SETLEASE, F_UNLCK), 0) << std::strerror(errno); }

 private:
  int fd_;
};

// A service manager may send it at any time; here while the configuration is still awaited.
TEST_F(KeysTest, AHangupDuringTheStartEndsNothing) {
  const std::string config = folder.file("config.json");
  const LeasedFile lease(config);
  Child serve(PURSER_BINARY, {"serve", "--config", config}, {});
  ASSERT_TRUE(eventually([&lease] { return lease.awaited(); }));
  serve.signal(SIGHUP);
  lease.release();
  EXPECT_EQ(serve.wait(), 2) << "it lived to refuse the configuration: " << serve.errors();
}

TEST_F(KeysTest, SayThatTheOldApiv3KeyHasToBeKept) {
  const SandboxProcess rail;
  auto merchant = rail.merchant();
  merchant["PURSER_API_KEYS"] = "shop:sk_test_0123456789abcdef";
  const std::string key = merchant["PURSER_WECHAT_APIV3_KEY_FILE"];
  ServeProcess serve({"database.url=sqlite://" + folder.file("purser.db"), "server.public_url=http://127.0.0.1:1"},
                     merchant);
  ASSERT_TRUE(serve.ready()) << serve.child().errors();
  std::ofstream(key) << std::string(32, 'n');
  serve.child().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return serve.child().errors().find("keys.id_secret_missing") != std::string::npos; }));
}

TEST_F(KeysTest, AreRefusedWhenTheyCannotBeMeant) {
  keys({"add", "--tenant", "two words"}, 2);
  keys({"add", "--tenant", "shop", "--scope", "money:move"}, 2);
  keys({"add"}, 2);
  keys({"list"}, 1);
}

}  // namespace
}  // namespace purser::test
