// What is wrong is named, with the rule, and the exit code or the status is the promised one: on the real binary.
#include "gateway/crypto/rsa.hpp"
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sys/stat.h>

namespace purser::test {
namespace {

using Environment = std::map<std::string, std::string>;

struct Ended {
  int code = 0;
  std::string output;
  std::string errors;
};

Ended run(std::vector<std::string> arguments, Environment environment = {}) {
  Child child(PURSER_BINARY, std::move(arguments), std::move(environment));
  Ended out;
  out.output = child.rest_of_output();
  out.code = child.wait();
  out.errors = child.errors();
  return out;
}

class BadInput : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_.file(name)) << text;
    return folder_.file(name);
  }
  std::string database() { return "database.url=sqlite://" + folder_.file("purser.db"); }
  // `purser serve` with these settings ends by itself, with this code, and its message holds every word.
  void expect_refused(int code, std::vector<std::string> sets, Environment environment,
                      const std::vector<std::string>& words) {
    std::vector<std::string> arguments = {"serve"};
    // Before those of the test, which may name a place: nothing here rests on a port that others use.
    sets.insert(sets.begin(), {"server.listen=127.0.0.1:0", "server.admin_listen=127.0.0.1:0"});
    for (auto& set : sets) arguments.insert(arguments.end(), {"--set", set});
    const Ended ended = run(std::move(arguments), std::move(environment));
    EXPECT_EQ(ended.code, code) << ended.errors;
    EXPECT_EQ(ended.output, "") << "not ready, and nothing else on the output that scripts read";
    for (const auto& word : words)
      EXPECT_NE(ended.errors.find(word), std::string::npos) << word << " in " << ended.errors;
  }

  TempFolder folder_;
};

TEST_F(BadInput, MisuseIsTwo) {
  EXPECT_EQ(run({}).code, 2);
  const Ended fly = run({"fly"});
  EXPECT_EQ(fly.code, 2);
  EXPECT_NE(fly.errors.find("'fly'"), std::string::npos) << fly.errors;
  EXPECT_EQ(run({"serve", "--frob"}).code, 2);
  EXPECT_EQ(run({"check-config"}).code, 2);
  EXPECT_EQ(run({"demo", "--lang", "fr"}).code, 2);
  for (const char* command : {"serve", "demo", "chat", "sandbox", "check-config", "version"}) {
    const Ended help = run({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_FALSE(help.output.empty()) << command;
  }
}

TEST_F(BadInput, EveryMistakeOfAFileAtOnce) {
  const std::string bad = file("bad.json", R"({"server":{"listen":"x","frob":1},"llm":{"api_key":"sk-leaked-leaked"},
      "intent":{"lifetime_ms":-5},"wechat":{"mchid":"12"}})");
  const Ended checked = run({"check-config", bad, "--json"});
  EXPECT_EQ(checked.code, 1);
  const Json report = Json::parse(checked.output);
  EXPECT_FALSE(report["ok"].get<bool>());
  std::vector<std::string> keys;
  for (const Json& mistake : report["mistakes"]) {
    keys.push_back(mistake["key"]);
    EXPECT_FALSE(mistake["rule"].get<std::string>().empty());
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"server.listen", "server.frob", "llm.api_key", "intent.lifetime_ms",
                                            "wechat.mchid"}));
  EXPECT_EQ(checked.output.find("sk-leaked"), std::string::npos);

  const Ended served = run({"serve", "--config", bad});
  EXPECT_EQ(served.code, 2);
  for (const std::string& key : keys) EXPECT_NE(served.errors.find(key), std::string::npos) << served.errors;
  EXPECT_EQ(served.errors.find("sk-leaked"), std::string::npos);

  EXPECT_EQ(run({"check-config", file("good.json", R"({"log":{"level":"warn"}})")}).code, 0);
  const Ended broken = run({"check-config", file("broken.json", "{\"log\":\n  nope}")});
  EXPECT_EQ(broken.code, 1);
  EXPECT_NE(broken.output.find("line 2"), std::string::npos) << broken.output;
  EXPECT_EQ(run({"serve", "--config", folder_.file("absent.json")}).code, 2);
  EXPECT_EQ(run({"check-config", file("section.json", R"({"srv":{}})")}).code, 1);
  EXPECT_EQ(run({"check-config", file("host.json", R"({"server":{"listen":"localhost:80"}})")}).code, 1);
}

TEST_F(BadInput, AnAccountOfTheSandboxThatThereIsNot) {
  for (const auto& [option, value] : std::map<std::string, std::string>{{"--callback-key", "both"},
                                                                        {"--paid-code", "PAID"},
                                                                        {"--refund-delay-ms", "-1"},
                                                                        {"--refund-spacing-ms", "soon"}}) {
    const Ended ended = run({"sandbox", "--listen", "127.0.0.1:0", option, value});
    EXPECT_EQ(ended.code, 2) << option;
    EXPECT_NE(ended.errors.find(option), std::string::npos) << ended.errors;
  }
}

TEST_F(BadInput, APortInUse) {
  const PlainServer other([](const PlainServer::Request&) { return PlainServer::reply(200, "{}"); });
  const std::string address = "127.0.0.1:" + std::to_string(other.port());
  expect_refused(1, {database(), "server.listen=" + address}, {}, {address, "Address already in use"});
  const Ended sandbox = run({"sandbox", "--listen", address});
  EXPECT_EQ(sandbox.code, 1);
  EXPECT_NE(sandbox.errors.find(address), std::string::npos) << sandbox.errors;
}

TEST_F(BadInput, ABookThatIsNotThereDoesNotHold) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"ledger", "verify"}, {"ledger", "export", "--thread", "thr_x"}}) {
    std::vector<std::string> words = command;
    words.insert(words.end(), {"--set", database()});
    const Ended ended = run(words);
    EXPECT_EQ(ended.code, 1);
    EXPECT_NE(ended.errors.find("purser.db"), std::string::npos) << ended.errors;
    EXPECT_FALSE(std::filesystem::exists(folder_.file("purser.db"))) << "it was made by looking";
  }
}

TEST_F(BadInput, ADatabaseThatIsNotOurs) {
  const std::string garbage = file("garbage.db", std::string(5'000, 'x'));
  expect_refused(1, {"database.url=sqlite://" + garbage}, {}, {garbage, "not a purser database"});
  expect_refused(1, {"database.url=sqlite://" + folder_.file("no/such.db")}, {}, {"no", "No such file"});
  expect_refused(2, {"database.url=mysql://db/purser"}, {}, {"database.url"});
  EXPECT_EQ(std::filesystem::file_size(garbage), 5'000u) << "it is left as it was";
}

TEST_F(BadInput, ADatabaseThatAnotherDaemonHolds) {
  ServeProcess first({database()}, {});
  ASSERT_TRUE(first.ready()) << first.child().errors();
  expect_refused(1, {database(), "server.listen=127.0.0.1:0"}, {}, {"purser.db.lock", "another purser"});
  first.child().signal(SIGKILL);
  first.child().wait();
  ServeProcess second({database()}, {});
  EXPECT_TRUE(second.ready()) << "the lock ends with its holder: " << second.child().errors();
}

TEST_F(BadInput, ADatabaseFromTheFuture) {
  const std::string path = folder_.file("purser.db");
  {
    ServeProcess serve({"database.url=sqlite://" + path}, {});
    ASSERT_TRUE(serve.ready()) << serve.child().errors();
    serve.child().signal(SIGTERM);
    ASSERT_EQ(serve.child().wait(), 0);
  }
  ASSERT_EQ(std::system(("sqlite3 " + path + " 'pragma user_version = 4711'").c_str()), 0);
  expect_refused(1, {"database.url=sqlite://" + path}, {}, {path, "version 4711"});
}

TEST_F(BadInput, NoPlaceForTheDatabase) {
  expect_refused(1, {}, {}, {"PURSER_DATABASE_URL"});
  expect_refused(1, {}, {{"HOME", "/dev/null"}}, {"/dev/null/.local", "PURSER_DATABASE_URL"});
  Child serve(PURSER_BINARY,
              {"serve", "--set", "server.listen=127.0.0.1:0", "--set", "server.admin_listen=127.0.0.1:0"},
              {{"HOME", folder_.path()}});
  EXPECT_EQ(serve.read_line().rfind("ready ", 0), 0u) << serve.errors();
  EXPECT_TRUE(std::filesystem::exists(folder_.file(".local/state/purser/purser.db")));
  struct stat found {};
  ASSERT_EQ(::stat(folder_.file(".local/state/purser").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
}

TEST_F(BadInput, AFileThatIsNotThere) {
  expect_refused(2, {database(), "catalogue.file=/nope.json"}, {}, {"catalogue.file", "/nope.json"});
  expect_refused(2, {database()}, {{"PURSER_LLM_API_KEY_FILE", "/nope"}}, {"PURSER_LLM_API_KEY_FILE", "/nope"});
  expect_refused(2, {database()}, {{"PURSER_WECHAT_MERCHANT_KEY_PEM_FILE", "/nope"}},
                 {"PURSER_WECHAT_MERCHANT_KEY_PEM_FILE", "/nope"});
}

TEST_F(BadInput, HalfAMerchantIsNoMerchant) {
  expect_refused(2, {database()}, {{"PURSER_WECHAT_MCHID", "1900000109"}},
                 {"wechat.appid", "wechat.merchant_serial", "wechat.merchant_key_pem", "wechat.apiv3_key",
                  "wechat.public_key_file", "auth.api_keys", "server.public_url"});
  SandboxProcess rail;
  auto merchant = rail.merchant();
  merchant["PURSER_API_KEYS"] = "shop:sk_test_0123456789abcdef";
  const std::string key = file("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n");
  merchant["PURSER_WECHAT_MERCHANT_KEY_PEM_FILE"] = key;
  expect_refused(2, {database(), "server.public_url=http://127.0.0.1:1"}, merchant, {"others may read", "chmod 600"});
  ASSERT_EQ(::chmod(key.c_str(), 0600), 0);
  expect_refused(2, {database(), "server.public_url=http://127.0.0.1:1"}, merchant, {"wechat.merchant_key_pem is a"});
}

// What serve would refuse at its start is told before.
TEST_F(BadInput, AKeyThatIsTheWrongOneIsToldByCheckConfigToo) {
  SandboxProcess rail;
  auto merchant = rail.merchant();
  merchant["PURSER_API_KEYS"] = "shop:sk_test_0123456789abcdef";
  const std::string good = file("good.json", R"({"server":{"public_url":"http://127.0.0.1:1"}})");
  EXPECT_EQ(run({"check-config", good}, merchant).code, 0);

  std::ifstream in(merchant["PURSER_WECHAT_MERCHANT_KEY_PEM_FILE"]);
  const std::string pem{std::istreambuf_iterator<char>(in), {}};
  const auto key = crypto::PrivateKey::from_pem(Secret(pem));
  ASSERT_TRUE(key.ok());
  merchant["PURSER_WECHAT_PUBLIC_KEY_FILE"] = file("own.pem", key->public_pem().value());
  const Ended own = run({"check-config", good, "--json"}, merchant);
  EXPECT_EQ(own.code, 1);
  const Json report = Json::parse(own.output);
  ASSERT_EQ(report["mistakes"].size(), 1u) << own.output;
  EXPECT_EQ(report["mistakes"][0]["key"], "wechat.public_key_file");
  EXPECT_TRUE(report["mistakes"][0]["rule"].get<std::string>().starts_with("holds the merchant's own key"));
  expect_refused(1, {database(), "server.public_url=http://127.0.0.1:1"}, merchant,
                 {"purser serve: wechat.public_key_file holds the merchant's own key"});
}

TEST_F(BadInput, BrokenGoodsNameTheLineAndTheRule) {
  const std::string goods = file("goods.json", R"({"version":"1","currency":"CNY","items":[{"sku":"a"}]})");
  expect_refused(1, {database(), "catalogue.file=" + goods}, {},
                 {goods, "/items/0/name: is required", "/items/0/unit_price_fen: is required"});
}

// Prices taken tomorrow would be young for a day longer than anybody allowed.
TEST_F(BadInput, GoodsFromTheFutureAreRefused) {
  const std::string goods = file("goods.json", R"({"version":"1","as_of":"2999-01-01T00:00:00Z","items":[
      {"sku":"TEA","name":{"zh":"茶","en":"tea"},"unit_price_fen":100}]})");
  expect_refused(1, {database(), "catalogue.file=" + goods}, {},
                 {goods, "/as_of: must not be more than 5 minutes in the future"});
}

}  // namespace
}  // namespace purser::test
