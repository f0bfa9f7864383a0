// A daemon on its embedded sandbox that is made to do everything wrong that a rail can do. After each test the faults
// stop and the invariants are held against the rail's record, the store, the API and the log.
#pragma once

#include "tests/support/rail_judge.hpp"
#include "tests/support/shop.hpp"
#include "tests/support/sqlite_file.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

namespace purser::test {

inline const std::string kTea = "One Longjing tea, please.";
inline const std::string kOtherBack = "The other pack is torn too, please refund one Longjing tea.";
inline const std::string kBack = "It is torn, please refund one Longjing tea.";

class RailFaults : public ::testing::Test {
 protected:
  explicit RailFaults(std::vector<std::string> sets = {}, std::map<std::string, std::string> environment = {},
                      std::string key = "")
      : key_(std::move(key)), serve_(settings(std::move(sets)), std::move(environment)) {}

  std::vector<std::string> settings(std::vector<std::string> sets) const {
    sets.push_back("database.url=sqlite://" + folder_.file("purser.db"));
    // The rail is given up on soon, unless a test has other plans.
    sets.insert(sets.begin(), {"wechat.attempt_time_max_ms=700", "wechat.total_time_max_ms=1500"});
    return sets;
  }

  void SetUp() override {
    ASSERT_TRUE(serve_.ready()) << serve_.child().errors();
    const Json ready = plain_http(serve_.admin_port(), "GET", "/readyz").json();
    const std::string url = ready.value("sandbox_url", "");
    sandbox_port_ = std::stoi(url.substr(url.rfind(':') + 1));
    customer_.emplace(serve_.port(), key_.empty() ? serve_.key() : key_, "c");
    ASSERT_TRUE(customer_->open_thread());
  }

  // Once the faults stop, all that was begun comes to its end, and every invariant holds.
  void TearDown() override {
    if (!customer_) return;
    control("faults", Json::array());
    std::vector<std::string> found;
    for (int round = 0; round < kRoundsOfQuiet; ++round) {
      const bool quiet = eventually(
          [&] {
            found = judge(evidence());
            return found.empty();
          },
          1);
      if (quiet) return;
      advance("20s");
    }
    for (const std::string& line : found) ADD_FAILURE() << line;
    ADD_FAILURE() << read("orders").dump(2) << serve_.child().errors();
  }

  Evidence evidence() const {
    Evidence out;
    out.orders = read("orders");
    out.traffic = read("traffic");
    out.webhooks = read("webhooks");
    out.rows = [this](const std::string& sql) { return RawSqlite(folder_.file("purser.db")).column(sql); };
    out.intent = [this](const std::string& id) {
      const Json row = intent(id);
      return row.contains("state") ? row : Json();
    };
    out.messages = customer_->messages();
    out.log = serve_.child().errors();
    out.secrets = {customer_->key(), "PRIVATE KEY", "WECHATPAY2-SHA256-RSA2048 mchid", "paySign"};
    return out;
  }

  Json control(const std::string& path, const Json& body) {
    return plain_http(sandbox_port_, "POST", "/sandbox/" + path, {{"Content-Type", "application/json"}}, body.dump())
        .json();
  }
  Json read(const std::string& path) const { return plain_http(sandbox_port_, "GET", "/sandbox/" + path).json(); }
  void fault(const Json& line) { EXPECT_EQ(control("faults", Json::array({line}))["faults"], 1) << line.dump(); }
  void advance(const std::string& by) { control("clock", {{"advance", by}}); }
  Json pay(const Json& row) { return control("pay", {{"out_trade_no", row["order"]["out_trade_no"]}}); }
  // Lets the time pass in which the rail is asked again, until the state is reached. A jump of the clock may cost a
  // call under way its answer, and each attempt waits twice as long as the one before: the steps reach almost to the
  // expiry.
  bool becomes(const Json& row, const std::string& state, const std::string& step = "20s", int steps = 13) {
    for (int i = 0; i < steps; ++i) {
      if (eventually([&] { return intent(row["id"])["state"] == state; }, 2)) return true;
      advance(step);
    }
    return intent(row["id"])["state"] == state;
  }

  Json intent(const std::string& id) const { return customer_->get("/v1/intents/" + id).json(); }
  Json order(const std::string& text = kTea) {
    const Json turn = customer_->must_say(text);
    if (turn["intents"].empty()) {
      ADD_FAILURE() << turn.dump(2);
      return {};
    }
    const Json row = turn["intents"].at(0);
    intents_.insert(row["id"].get<std::string>());
    return row;
  }
  Json paid_order(const std::string& text = kTea) {
    const Json row = order(text);
    pay(row);
    EXPECT_TRUE(becomes(row, "succeeded"));
    EXPECT_FALSE(customer_->reply_to("intent.succeeded").is_null());
    return row;
  }
  Json two_packs_one_given_back() {
    const Json row = paid_order("Two packs of Longjing tea, please.");
    EXPECT_EQ(customer_->must_say("One pack is torn, please refund one Longjing tea.")["refunds"].size(), 1u);
    advance("3s");
    EXPECT_FALSE(customer_->reply_to("refund.succeeded").is_null());
    return row;
  }
  std::size_t rail_orders() const { return read("orders")["orders"].size(); }
  std::vector<Json> calls_of(const std::string& call) const {
    std::vector<Json> out;
    const Json seen = read("traffic");
    for (const Json& entry : seen["traffic"])
      if (entry["call"] == call) out.push_back(entry);
    return out;
  }
  Json attempts() const {
    const Json hooks = read("webhooks");
    return hooks["webhooks"].empty() ? Json::array() : hooks["webhooks"].back()["attempts"];
  }
  std::string first_result() const {
    Json seen;
    eventually([&] {
      seen = attempts();
      return !seen.empty() && seen[0]["result"] != "";
    });
    return seen.empty() ? "" : seen[0]["result"].get<std::string>();
  }
  // Events of this kind that the thread has heard of.
  std::size_t heard(const std::string& type) const {
    std::size_t count = 0;
    for (const Json& message : customer_->messages())
      count += message.value("role", "") == "event" &&
               message.value("text", "").find("\"type\":\"" + type + "\"") != std::string::npos;
    return count;
  }
  std::size_t replies_to(const std::string& type) const {
    std::size_t count = 0;
    for (const Json& message : customer_->messages())
      count += message.dump().find('"' + type + '"') != std::string::npos;
    return count;
  }
  std::int64_t moved(const std::string& kind) const {
    std::int64_t sum = 0;
    const Json rail = read("orders");
    for (const Json& effect : rail["effects"]) sum += effect["kind"] == kind ? effect["fen"].get<std::int64_t>() : 0;
    return sum;
  }

  static constexpr int kRoundsOfQuiet = 40;

  TempFolder folder_;
  std::string key_;  // of the customer's tenant; empty: the one that the daemon made
  ServeProcess serve_;
  std::optional<Customer> customer_;
  std::set<std::string> intents_;
  int sandbox_port_ = 0;
};

}  // namespace purser::test
