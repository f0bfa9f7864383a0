// The rail knows more than the backup: what was sold after it is found and named, and nobody is charged for it twice.
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

namespace purser::test {
namespace {

const std::string kDrillKey = "sk_test_drill_drill_drill_drill";

class BackupDrill : public testing::Test {
 protected:
  BackupDrill() {
    environment["PURSER_API_KEYS"] = "shop:" + kDrillKey;
    start();
  }
  void start() {
    serve = std::make_unique<ServeProcess>(
        std::vector<std::string>{database, "intent.resolve_first_ms=300", "intent.fee_basis_points=60"}, environment);
    ASSERT_TRUE(serve->ready()) << serve->child().errors();
  }
  void stop() {
    serve->child().signal(SIGTERM);
    EXPECT_EQ(serve->child().wait(), 0);
  }
  // A sale that was paid, and that the books hold.
  Json sell(Customer& customer) {
    customer.follow(serve->port());
    if (customer.thread().empty()) {
      EXPECT_TRUE(customer.open_thread());
    }
    const Json row = customer.must_say("One Longjing tea, please.")["intents"].at(0);
    rail.control("pay", {{"out_trade_no", row["order"]["out_trade_no"]}});
    EXPECT_FALSE(customer.reply_to("intent.succeeded").is_null());
    return row;
  }
  Json run(std::vector<std::string> arguments, int expected) {
    arguments.insert(arguments.end(), {"--json", "--set", database, "--set", "intent.fee_basis_points=60"});
    Child child(PURSER_BINARY, arguments, environment);
    const std::string said = child.rest_of_output();
    EXPECT_EQ(child.wait(), expected) << said << child.errors();
    return Json::parse(said, nullptr, false);
  }
  int paid_orders() const {
    int count = 0;
    const Json all = rail.read("orders");
    for (const Json& order : all["orders"]) count += order["trade_state"] == "SUCCESS" ? 1 : 0;
    return count;
  }

  SandboxProcess rail;
  TempFolder folder;
  const std::string file = folder.file("purser.db");
  const std::string database = "database.url=sqlite://" + file;
  std::map<std::string, std::string> environment = rail.merchant();
  std::unique_ptr<ServeProcess> serve;
};

TEST_F(BackupDrill, SalesAfterTheBackupAreNamedAndNobodyPaysTwice) {
  Customer early(serve->port(), kDrillKey, "early");
  Customer late(serve->port(), kDrillKey, "late");
  sell(early);
  stop();
  std::filesystem::copy_file(file, file + ".backup");
  start();
  const Json lost = sell(late);
  stop();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file + suffix);
  std::filesystem::rename(file + ".backup", file);
  start();
  EXPECT_EQ(run({"ledger", "verify"}, 0)["ok"], true) << "the backup is whole in itself";
  EXPECT_EQ(paid_orders(), 2);
  // The shop goes on selling with it.
  Customer after(serve->port(), kDrillKey, "after");
  const Json third = sell(after);
  EXPECT_NE(third["order"]["out_trade_no"], lost["order"]["out_trade_no"]);
  EXPECT_EQ(paid_orders(), 3);

  const Json at_the_rail = rail.read("orders");
  const std::string date = at_the_rail["orders"][0]["success_time"].get<std::string>().substr(0, 10);
  rail.control("clock", {{"advance", "40h"}});
  const Json books = run({"reconcile", "--date", date}, 1);
  ASSERT_EQ(books["differences"].size(), 1U) << books;
  const Json& one = books["differences"][0];
  EXPECT_EQ(one["fault"], "not_in_ledger");
  EXPECT_EQ(one["out_trade_no"], lost["order"]["out_trade_no"]);
  EXPECT_EQ(one["rail"], lost["amount"]["value"]);
  EXPECT_EQ(paid_orders(), 3) << "none was charged again";
}

TEST_F(BackupDrill, AnErasedCustomerLeavesTheBooks) {
  Customer mei(serve->port(), kDrillKey, "mei");
  const Json sold = sell(mei);
  ASSERT_TRUE(eventually([&] { return run({"ledger", "verify"}, 0)["ok"] == true; }));
  const PlainReply done = plain_http(serve->admin_port(), "POST", "/users/erase",
                                     {{"Content-Type", "application/json"}}, R"({"tenant":"shop","user":"mei"})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(Json::parse(done.body)["erased"], Json::array({mei.thread()}));
  for (const Json& message : mei.messages()) EXPECT_EQ(message.value("text", ""), "") << message;
  EXPECT_EQ(run({"ledger", "verify"}, 0)["ok"], true);
  const PlainReply intent = mei.get("/v1/intents/" + sold["id"].get<std::string>());
  EXPECT_EQ(intent.status, 200);
  EXPECT_EQ(Json::parse(intent.body)["amount"], sold["amount"]);
  // The conversation goes on without its past.
  EXPECT_TRUE(mei.must_say("One Longjing tea, please.").contains("intents"));
  stop();
  const Json left = run({"erase", "--tenant", "shop", "--user", "mei", "--archive", folder.file("mei.jsonl")}, 1);
  EXPECT_EQ(left["left"].at(0)["why"], "intent") << "there is a payment open now";
  EXPECT_TRUE(std::filesystem::exists(folder.file("mei.jsonl")));
}

}  // namespace
}  // namespace purser::test
