// The real daemon on a disk that is full: money is refused, reading goes on, and once there is room everything that was
// begun comes to its end, without a restart. A small file system of its own where this may be mounted (root), and a
// limit on the size of files, which anybody may set, where a disk would be full.
#include "tests/support/rail_judge.hpp"
#include "tests/support/shop.hpp"
#include "tests/support/sqlite_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace purser::test {
namespace {

const std::string kFullKey = "sk_test_full_full_full_full_full";
const std::string kTwoPacks = "Two packs of Longjing tea, please.";

class FullDisk : public ::testing::Test {
 protected:
  FullDisk() { environment_["PURSER_API_KEYS"] = "shop:" + kFullKey; }
  void start(std::map<std::string, std::string> more = {}) {
    more.merge(environment_);
    serve_ = std::make_unique<ServeProcess>(
        std::vector<std::string>{"database.url=sqlite://" + file(), "intent.resolve_first_ms=300",
                                 "intent.resolve_max_ms=1000"},
        std::move(more));
    ASSERT_TRUE(serve_->ready()) << serve_->child().errors();
  }
  std::string file() const { return folder_.file("purser.db"); }
  std::unique_ptr<Customer> customer(const std::string& name) {
    auto made = std::make_unique<Customer>(serve_->port(), kFullKey, name);
    EXPECT_TRUE(made->open_thread());
    return made;
  }
  Json ready() const { return plain_http(serve_->admin_port(), "GET", "/readyz").json(); }
  static std::string number_of(const Json& turn) { return turn["intents"].at(0)["order"]["out_trade_no"]; }
  static std::string code_in(const PlainReply& reply) { return reply.json()["error"].value("code", ""); }
  std::size_t rail_calls(const std::string& call) const {
    const Json seen = rail_.read("traffic");
    return static_cast<std::size_t>(std::count_if(seen["traffic"].begin(), seen["traffic"].end(),
                                                  [&](const Json& entry) { return entry["call"] == call; }));
  }

  // Everything that was begun ends by itself, and every invariant holds.
  void judge_all(const std::vector<const Customer*>& customers) {
    std::vector<std::string> found;
    const auto holds = [&] {
      Evidence out;
      out.orders = rail_.read("orders");
      out.traffic = rail_.read("traffic");
      out.webhooks = rail_.read("webhooks");
      out.rows = [this](const std::string& sql) { return RawSqlite(file()).column(sql); };
      out.intent = [&](const std::string& id) { return customers.front()->get("/v1/intents/" + id).json(); };
      for (const Customer* one : customers)
        for (Json& message : one->messages()) out.messages.push_back(std::move(message));
      out.log = serve_->child().errors();
      out.secrets = {kFullKey, "PRIVATE KEY"};
      found = judge(out);
      return found.empty();
    };
    EXPECT_TRUE(eventually(holds, 30));
    for (const std::string& line : found) ADD_FAILURE() << line;
    EXPECT_TRUE(serve_->child().running()) << "nobody had to start it again";
    serve_->child().signal(SIGTERM);
    EXPECT_EQ(serve_->child().wait(), 0);
    Child books(PURSER_BINARY, {"ledger", "verify", "--set", "database.url=sqlite://" + file()}, environment_);
    EXPECT_EQ(books.wait(), 0) << books.rest_of_output() << books.errors();
  }

  SandboxProcess rail_;
  std::map<std::string, std::string> environment_ = rail_.merchant();
  TempFolder folder_;
  std::unique_ptr<ServeProcess> serve_;
};

// A file system of a few megabytes in the database's folder.
class FullFileSystem : public FullDisk {
 protected:
  void SetUp() override {
    if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=6m") != 0)
      GTEST_SKIP() << "a full file system is not tested here: cannot mount one, " << std::strerror(errno);
    mounted_ = true;
  }
  void TearDown() override {
    serve_.reset();
    if (!mounted_) return;
    EXPECT_EQ(::umount2(folder_.path().c_str(), MNT_DETACH), 0);
  }
  void fill() {
    const int filler = ::open(folder_.file("filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(filler, 0);
    const std::string block(4'096, 'x');
    while (::write(filler, block.data(), block.size()) > 0) continue;
    EXPECT_EQ(errno, ENOSPC);
    ::close(filler);
  }
  void make_room() { ASSERT_EQ(::unlink(folder_.file("filler").c_str()), 0); }

 private:
  bool mounted_ = false;
};

TEST_F(FullFileSystem, money_is_refused_reading_goes_on_and_room_is_all_it_takes) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto waiting = customer("waiting");
  const Json ordered = waiting->must_say(kTwoPacks);
  const auto cut = customer("cut");
  const auto late = customer("late");
  EXPECT_EQ(ready()["writing"], true);

  // One turn is at the rail when the disk is full.
  rail_.control("faults", Json::array({{{"call", "create"}, {"what", "delay"}, {"delay", "1500ms"}}}));
  PlainReply during;
  std::thread buying([&] { during = cut->say(kTwoPacks); });
  EXPECT_TRUE(eventually([&] { return rail_calls("create") == 2; }));
  fill();
  buying.join();
  EXPECT_EQ(during.status, 503) << during.body;

  const PlainReply refused = late->say(kTwoPacks);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(code_in(refused), "store_unavailable");
  const std::string intent = "/v1/intents/" + ordered["intents"].at(0)["id"].get<std::string>();
  EXPECT_EQ(waiting->post(intent + "/cancel", Json::object(), "cancel-full").status, 503);
  EXPECT_FALSE(Customer(serve_->port(), kFullKey, "new").open_thread());
  EXPECT_EQ(rail_.read("orders")["orders"].size(), 2U) << "the rail heard of no order that could not be written down";
  EXPECT_EQ(rail_calls("close"), 0U);

  const std::string thread = "/v1/threads/" + waiting->thread();
  EXPECT_EQ(waiting->get(thread).status, 200);
  EXPECT_EQ(waiting->get(intent).json()["state"], "awaiting_payment");
  EXPECT_GE(waiting->messages().size(), 2U);
  const std::string events = raw_exchange(serve_->port(),
                                          "GET " + thread + "/events HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer " +
                                              kFullKey + "\r\nLast-Event-ID: 0\r\nAccept: text/event-stream\r\n\r\n",
                                          1);
  EXPECT_NE(events.find("event: intent.created"), std::string::npos) << events;
  const Json while_full = ready();
  EXPECT_EQ(while_full["status"], "ready") << "a restart would not help, and reading goes on";
  EXPECT_EQ(while_full["writing"], false);

  // What cannot be written down is not acknowledged.
  rail_.control("pay", {{"out_trade_no", number_of(ordered)}});
  EXPECT_TRUE(eventually([&] {
    const Json hooks = rail_.read("webhooks");
    return !hooks["webhooks"].empty() && hooks["webhooks"][0]["attempts"].at(0)["result"] == "500";
  })) << rail_.read("webhooks");
  EXPECT_EQ(waiting->get(intent).json()["state"], "awaiting_payment");

  make_room();
  // The payment is told, and the turn that was cut ends, though nobody asks again.
  EXPECT_FALSE(waiting->reply_to("intent.succeeded").is_null());
  EXPECT_TRUE(eventually([&] {
    return cut->get("/v1/threads/" + cut->thread()).json().value("state", "") == "awaiting_payment";
  })) << serve_->child().errors();
  EXPECT_EQ(ready()["writing"], true);
  // Whoever asks again gets the one answer.
  for (Customer* one : {cut.get(), late.get()}) {
    const PlainReply again = one->say_again();
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(again.json()["intents"].size(), 1U) << again.body;
  }
  EXPECT_EQ(rail_.read("orders")["orders"].size(), 3U) << "one order a wish";
  judge_all({waiting.get(), cut.get(), late.get()});
}

TEST_F(FullDisk, a_limit_on_the_size_of_files_is_a_full_disk_and_not_the_end) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto buyer = customer("buyer");
  rlimit before{};
  ASSERT_EQ(::prlimit(serve_->child().pid(), RLIMIT_FSIZE, nullptr, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 1;
  ASSERT_EQ(::prlimit(serve_->child().pid(), RLIMIT_FSIZE, &tight, nullptr), 0);
  const PlainReply refused = buyer->say(kTwoPacks);
  EXPECT_EQ(refused.status, 503) << refused.body;
  ASSERT_TRUE(serve_->child().running()) << serve_->child().wait();
  EXPECT_EQ(buyer->get("/v1/threads/" + buyer->thread()).status, 200);
  EXPECT_EQ(ready()["writing"], false);
  ASSERT_EQ(::prlimit(serve_->child().pid(), RLIMIT_FSIZE, &before, nullptr), 0);
  const PlainReply again = buyer->say_again();
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.json()["intents"].size(), 1U);
  EXPECT_EQ(ready()["writing"], true);
  judge_all({buyer.get()});
}

// Nobody asks again for what the rail, not a customer, set off: the daemon itself goes on with it.
TEST_F(FullDisk, a_turn_that_the_store_cut_off_ends_by_itself) {
  ASSERT_NO_FATAL_FAILURE(start({{"PURSER_FAILPOINT", "before:turn.finished:2:fail"}}));
  const auto buyer = customer("buyer");
  rail_.control("pay", {{"out_trade_no", number_of(buyer->must_say(kTwoPacks))}});
  EXPECT_FALSE(buyer->reply_to("intent.succeeded").is_null()) << serve_->child().errors();
  judge_all({buyer.get()});
}

}  // namespace
}  // namespace purser::test
