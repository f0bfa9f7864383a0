// Prices from a database and from a Redis hash, and what happens when they are lost.
#include "gateway/catalogue/source.hpp"

#include "gateway/catalogue/feed.hpp"
#include "gateway/redis/redis.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/sqlite_file.hpp"
#include "tests/support/temp_folder.hpp"
#include "validation/rules/catalogue_age.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

constexpr const char* kTable =
    "CREATE TABLE goods (sku TEXT, zh TEXT, en TEXT, fen BIGINT, currency TEXT, most BIGINT, selling BOOLEAN)";
constexpr const char* kRows =
    "INSERT INTO goods VALUES ('TEA', '茶', 'tea', 1295, 'CNY', 5, TRUE), ('OLD', '旧', 'old', 100, 'CNY', 9, FALSE)";
constexpr const char* kQuery = "SELECT sku, zh, en, fen, currency, most, selling FROM goods ORDER BY sku";

CatalogueSettings from_database(const std::string& url) {
  CatalogueSettings settings;
  settings.source = Secret(url);
  settings.query = kQuery;
  return settings;
}

void expect_goods(const Catalogue& catalogue) {
  const CatalogueItem* tea = catalogue.find(Sku::trusted("TEA"));
  ASSERT_NE(tea, nullptr);
  EXPECT_EQ(tea->unit_price, Money(1'295, Currency::cny()));
  EXPECT_EQ(tea->name_zh, "茶");
  EXPECT_EQ(tea->quantity_max, 5);
  EXPECT_TRUE(tea->on_sale);
  ASSERT_NE(catalogue.find(Sku::trusted("OLD")), nullptr);
  EXPECT_FALSE(catalogue.find(Sku::trusted("OLD"))->on_sale);
}

class SqliteGoods : public testing::Test {
 protected:
  SqliteGoods() {
    EXPECT_TRUE(raw.run(kTable));
    EXPECT_TRUE(raw.run(kRows));
  }
  TempFolder folder;
  std::string path = folder.file("goods.db");
  RawSqlite raw{path};
  Loop loop;
  std::unique_ptr<CatalogueSource> source = *make_catalogue_source(from_database("sqlite://" + path), loop.clock);
  Result<Catalogue> read() { return loop.run(source->read()); }
};

TEST_F(SqliteGoods, are_read_and_a_change_is_another_version) {
  const auto first = read();
  ASSERT_TRUE(first.ok()) << first.error().message;
  expect_goods(*first);
  EXPECT_EQ(read()->version(), first->version());
  ASSERT_TRUE(raw.run("UPDATE goods SET fen = 1300 WHERE sku = 'TEA'"));
  const auto second = read();
  EXPECT_NE(second->version(), first->version());
  EXPECT_EQ(second->find(Sku::trusted("TEA"))->unit_price.minor(), 1'300);
}

TEST_F(SqliteGoods, that_cannot_be_are_refused_whole) {
  ASSERT_TRUE(raw.run("UPDATE goods SET fen = -1 WHERE sku = 'TEA'"));
  EXPECT_EQ(read().code(), Errc::config_bad_value);
  ASSERT_TRUE(raw.run("UPDATE goods SET fen = 1, currency = 'money' WHERE sku = 'TEA'"));
  EXPECT_FALSE(read().ok());
  ASSERT_TRUE(raw.run("DROP TABLE goods"));
  EXPECT_FALSE(read().ok());
}

TEST_F(SqliteGoods, may_say_more_in_an_eighth_column) {
  auto settings = from_database("sqlite://" + path);
  settings.query = "SELECT sku, zh, en, fen, currency, most, selling, more FROM goods";
  source = *make_catalogue_source(settings, loop.clock);
  ASSERT_TRUE(raw.run("ALTER TABLE goods ADD COLUMN more TEXT"));
  ASSERT_TRUE(
      raw.run(R"(UPDATE goods SET more = '{"tolerance_per_mille":0,"quantity_prices":[{"from":3,"percent_off":5}]}'
                         WHERE sku = 'TEA')"));
  const auto read_goods = read();
  ASSERT_TRUE(read_goods.ok()) << read_goods.error().message;
  expect_goods(*read_goods);
  EXPECT_EQ(read_goods->find(Sku::trusted("TEA"))->tolerance_per_mille, 0);
  EXPECT_EQ(read_goods->find(Sku::trusted("TEA"))->price_at(3).minor(), 1'230);
  for (const char* bad : {"[]", "{", R"({"sku":"CUP"})", R"({"unit_price_fen":1})", R"({"colour":"red"})"}) {
    ASSERT_TRUE(raw.run("UPDATE goods SET more = '" + std::string(bad) + "' WHERE sku = 'TEA'"));
    EXPECT_EQ(read().code(), Errc::config_bad_value) << bad;
  }
}

TEST_F(SqliteGoods, a_lost_source_is_never_guessed_around) {
  Catalogue shown;
  const Millis ttl(60'000);
  const auto stale = [&] { return !rules::catalogue_age(shown.as_of(), loop.clock.durable(), ttl).ok(); };
  EXPECT_TRUE(stale()) << "nothing was ever read";
  CatalogueFeed feed(std::move(source), shown, loop.clock, ttl / 3);
  ASSERT_TRUE(loop.run(feed.refresh()).ok());
  expect_goods(shown);
  EXPECT_FALSE(stale());

  ASSERT_TRUE(raw.run("DROP TABLE goods"));
  loop.advance(ttl / 2);
  EXPECT_FALSE(loop.run(feed.refresh()).ok());
  EXPECT_FALSE(stale()) << "known a moment ago";
  loop.advance(ttl / 2);
  EXPECT_FALSE(loop.run(feed.refresh()).ok());
  EXPECT_TRUE(stale()) << "nothing is sold at a price that nobody vouches for";

  ASSERT_TRUE(raw.run(kTable));
  ASSERT_TRUE(raw.run(kRows));
  EXPECT_TRUE(loop.run(feed.refresh()).ok());
  EXPECT_FALSE(stale());
}

TEST(PostgresGoods, are_read) {
  if (!PostgresServer::installed()) GTEST_SKIP() << "PostgreSQL is not installed";
  const std::string url = shared_postgres().make_database();
  ASSERT_TRUE(shared_postgres().run(url, kTable));
  ASSERT_TRUE(shared_postgres().run(url, kRows));
  Loop loop;
  auto source = make_catalogue_source(from_database(url), loop.clock);
  ASSERT_TRUE(source.ok());
  const auto read = loop.run((*source)->read());
  ASSERT_TRUE(read.ok()) << read.error().message;
  expect_goods(*read);
}

class RedisGoods : public testing::Test {
 protected:
  Loop loop;
  RedisServer server{"word"};
  const std::string url = server.url() + "/3";

  void set(const std::string& sku, const std::string& item) {
    Redis redis(RedisAddress::parse(url).value(), loop.clock, {Millis(5'000), Millis(0)});
    std::vector<std::string> words = {"HSET", "goods", sku, item};
    ASSERT_TRUE(loop.run(redis.command(std::move(words))).ok());
  }
  Result<Catalogue> read(const std::string& from) {
    auto source = make_redis_source(from, "goods", loop.clock);
    if (!source) return source.error();
    return loop.run((*source)->read());
  }
};

TEST_F(RedisGoods, are_read_from_a_hash) {
  set("TEA", R"({"name":{"zh":"茶","en":"tea"},"unit_price_fen":1295,"quantity_max":5})");
  set("OLD", R"({"name":{"zh":"旧","en":"old"},"unit_price_fen":100,"on_sale":false})");
  const auto first = read(url);
  ASSERT_TRUE(first.ok()) << first.error().message;
  expect_goods(*first);
  EXPECT_EQ(read(url)->version(), first->version());
  set("OLD", R"({"name":{"zh":"旧","en":"old"},"unit_price_fen":101,"on_sale":false})");
  EXPECT_NE(read(url)->version(), first->version());
}

TEST_F(RedisGoods, that_cannot_be_read_are_an_error) {
  EXPECT_EQ(read(url).code(), Errc::config_bad_value) << "nothing is there";
  set("TEA", "{]");
  EXPECT_EQ(read(url).code(), Errc::config_bad_value);
  set("TEA", R"({"name":{"zh":"茶","en":"tea"},"unit_price_fen":-1})");
  EXPECT_FALSE(read(url).ok());
  EXPECT_FALSE(make_redis_source("redis://", "goods", loop.clock).ok());
  const auto wrong_word = "redis://:wrong@" + url.substr(url.find('@') + 1);
  EXPECT_EQ(read(wrong_word).code(), Errc::store_unavailable);
  server.stop();
  EXPECT_EQ(read(url).code(), Errc::store_unavailable);
}

}  // namespace
}  // namespace purser::test
