// Our books of one day against the bill that the rail makes of it, fetched over the wire.
#include "tests/support/shop.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

const std::string kBooksKey = "sk_test_books_books_books_books";

TEST(Reconcile, TheRailIsAskedForItsBillAndTheBooksAgree) {
  SandboxProcess rail;
  TempFolder folder;
  const std::string database = "database.url=sqlite://" + folder.file("purser.db");
  auto environment = rail.merchant();
  environment["PURSER_API_KEYS"] = "shop:" + kBooksKey;
  ServeProcess serve({database, "intent.resolve_first_ms=300", "intent.fee_basis_points=60"}, environment);
  ASSERT_TRUE(serve.ready()) << serve.child().errors();
  Customer customer(serve.port(), kBooksKey, "books");
  ASSERT_TRUE(customer.open_thread());
  const Json row = customer.must_say("One Longjing tea, please.")["intents"].at(0);
  rail.control("pay", {{"out_trade_no", row["order"]["out_trade_no"]}});
  ASSERT_FALSE(customer.reply_to("intent.succeeded").is_null());
  const Json at_the_rail = rail.read("orders");
  const std::string date = at_the_rail["orders"][0]["success_time"].get<std::string>().substr(0, 10);

  const std::string fees = "intent.fee_basis_points=60";
  const auto reconcile = [&](const std::string& day) {
    Child child(PURSER_BINARY, {"reconcile", "--date", day, "--json", "--set", database, "--set", fees}, environment);
    const std::string said = child.rest_of_output();
    return std::tuple(child.wait(), said, child.errors());
  };
  const auto [early, nothing, why] = reconcile(date);
  EXPECT_EQ(early, 1);  // no bill before ten in the morning of the next day
  EXPECT_NE(why.find("no bill of " + date), std::string::npos) << why;
  rail.control("clock", {{"advance", "40h"}});
  const auto [code, said, log] = reconcile(date);
  EXPECT_EQ(code, 0) << said << log;
  const Json result = Json::parse(said, nullptr, false);
  ASSERT_TRUE(result.is_object()) << said;
  EXPECT_EQ(result["captured"], row["amount"]["value"]);
  EXPECT_EQ(result["fees"], 53) << "0.6 % of 88 yuan, as it was booked with the payment";
  EXPECT_EQ(result["ok"], true);
}

}  // namespace
}  // namespace purser::test
