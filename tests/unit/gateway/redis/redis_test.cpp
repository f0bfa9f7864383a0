// Against a real Redis, which is also frozen, killed and lied to by.
#include "gateway/redis/redis.hpp"

#include "gateway/async/system_clock.hpp"
#include "gateway/redis/shared_rate_limiter.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace purser {
namespace {

using test::RedisServer;

template <class T>
T run(Task<T> task) {
  boost::asio::io_context loop;
  auto result = asio::co_spawn(loop, std::move(task), asio::use_future);
  loop.run();
  return result.get();
}

RedisAddress address(const std::string& url) {
  return RedisAddress::parse(url).value();
}

constexpr Redis::Limits kPatient{Millis(5'000), Millis(0)};
constexpr Redis::Limits kImpatient{Millis(50), Millis(60'000)};
constexpr Rate kThree{3, Millis(60'000)};

TEST(RedisAddress, IsReadWhole) {
  const auto full = address("redis://us%40er:p%3Aw@redis.internal:6380/3");
  EXPECT_EQ(full.host, "redis.internal");
  EXPECT_EQ(full.port, 6380);
  EXPECT_EQ(full.user, "us@er");
  EXPECT_EQ(full.password.reveal(), "p:w");
  EXPECT_EQ(full.database, 3);
  EXPECT_EQ(address("redis://localhost").port, 6379);
  EXPECT_EQ(address("redis://[::1]:7000").host, "::1");
  EXPECT_EQ(address("redis://[::1]").host, "::1");
  for (const char* bad : {"http://h", "redis://", "redis://:1", "redis://h:0", "redis://h:70000", "redis://h:x",
                          "redis://pw@h", "redis://:@h", "redis://h/16", "redis://h/x", "redis://h?x=1"})
    EXPECT_FALSE(RedisAddress::parse(bad).ok()) << bad;
}

TEST(RedisTest, AnswersCommands) {
  RedisServer server;
  SystemClock clock;
  Redis redis(address(server.url() + "/2"), clock, kPatient);
  const std::string binary("a\0b\r\n", 5);
  EXPECT_EQ(*run(redis.command({"SET", "k", binary})).value().text(), "OK");
  EXPECT_EQ(*run(redis.command({"GET", "k"})).value().text(), binary);
  EXPECT_EQ(run(redis.command({"GET", "none"})).value().text(), nullptr);
  EXPECT_EQ(*run(redis.command({"INCR", "n"})).value().number(), 1);
  EXPECT_EQ(run(redis.command({"KEYS", "*"})).value().list()->size(), 2u);
  const auto wrong = run(redis.command({"INCR", "k"}));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.code(), Errc::reply_malformed);
  EXPECT_EQ(*run(redis.command({"INCR", "n"})).value().number(), 2);  // an error's answer is no broken connection
}

TEST(RedisTest, NeedsThePassword) {
  RedisServer server("s3cret");
  SystemClock clock;
  Redis redis(address(server.url()), clock, kPatient);
  EXPECT_TRUE(run(redis.command({"PING"})).ok());
  auto without = address(server.url());
  without.password = Secret("wrong");
  Redis refused(without, clock, kPatient);
  const auto reply = run(refused.command({"PING"}));
  EXPECT_FALSE(reply.ok());
  EXPECT_EQ(reply.ok() ? "" : reply.error().message.substr(0, 13), "Redis refuses");
}

TEST(RedisTest, ComesBackAfterARestart) {
  RedisServer server;
  SystemClock clock;
  Redis redis(address(server.url()), clock, kPatient);
  EXPECT_TRUE(run(redis.command({"PING"})).ok());
  server.stop();
  EXPECT_FALSE(run(redis.command({"PING"})).ok());
  server.start();
  EXPECT_TRUE(run(redis.command({"PING"})).ok());
}

TEST(RedisTest, IsLeftAloneAfterItHung) {
  RedisServer server;
  SystemClock clock;
  Redis redis(address(server.url()), clock, kImpatient);
  ASSERT_TRUE(run(redis.command({"PING"})).ok());
  server.freeze();
  EXPECT_EQ(run(redis.command({"PING"})).code(), Errc::connection_lost);
  server.thaw();
  EXPECT_EQ(run(redis.command({"PING"})).code(), Errc::connect_failed);  // not asked at all
}

TEST(SharedRateLimiterTest, CountsTogether) {
  RedisServer server;
  SystemClock clock;
  Redis here(address(server.url()), clock, kPatient);
  Redis there(address(server.url()), clock, kPatient);
  SharedRateLimiter one(here, clock);
  SharedRateLimiter two(there, clock);
  EXPECT_EQ(run(one.take("k", kThree)).remaining, 2);
  EXPECT_EQ(run(two.take("k", kThree)).remaining, 1);
  EXPECT_EQ(run(one.take("k", kThree)).remaining, 0);
  const RateVerdict none = run(two.take("k", kThree));
  EXPECT_FALSE(none.allowed);
  EXPECT_GT(none.retry_after, Millis(0));
  EXPECT_LE(none.retry_after, Millis(20'000));
  EXPECT_TRUE(run(two.take("other", kThree)).allowed);
  const auto left = run(here.command({"PTTL", "purser:rate:k"}));
  EXPECT_GT(*left.value().number(), 0);  // nothing stays behind for good
}

TEST(SharedRateLimiterTest, CountsAloneWhileRedisIsLost) {
  RedisServer server;
  SystemClock clock;
  Redis redis(address(server.url()), clock, kPatient);
  SharedRateLimiter limiter(redis, clock);
  EXPECT_TRUE(run(limiter.take("k", kThree)).allowed);
  server.stop();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(run(limiter.take("k", kThree)).allowed) << i;
  EXPECT_FALSE(run(limiter.take("k", kThree)).allowed);
}

TEST(SharedRateLimiterTest, BelievesNoNonsense) {
  RedisServer server;
  SystemClock clock;
  Redis redis(address(server.url()), clock, kPatient);
  SharedRateLimiter limiter(redis, clock);
  ASSERT_TRUE(run(redis.command({"SET", "purser:rate:k", "not a time"})).ok());
  EXPECT_TRUE(run(limiter.take("k", kThree)).allowed);
  ASSERT_TRUE(run(redis.command({"DEL", "purser:rate:k"})).ok());
  ASSERT_TRUE(run(redis.command({"LPUSH", "purser:rate:k", "a", "list"})).ok());
  EXPECT_TRUE(run(limiter.take("k", kThree)).allowed);
}

}  // namespace
}  // namespace purser
