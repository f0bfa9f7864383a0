// A table's columns are what they are: nothing is read as a number that is none.
#include "gateway/catalogue/feed.hpp"
#include "gateway/catalogue/source.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/sqlite_file.hpp"
#include "tests/support/temp_folder.hpp"
#include "validation/rules/catalogue_age.hpp"

#include <gtest/gtest.h>

#include <map>

namespace purser::test {
namespace {

// The seven columns of one row as SQL, each of which a test may write differently.
std::string query_with(const std::string& column, const std::string& sql) {
  std::map<std::string, std::string> as = {{"sku", "'TEA'"},      {"zh", "'茶'"}, {"en", "'tea'"},    {"fen", "1295"},
                                           {"currency", "'CNY'"}, {"most", "5"},  {"selling", "true"}};
  if (!column.empty()) as[column] = sql;
  std::string query = "SELECT ";
  for (const char* one : {"sku", "zh", "en", "fen", "currency", "most", "selling"})
    query += (query == "SELECT " ? "" : ", ") + as[one];
  return column == "more" ? query + ", " + sql : query;
}

struct Column {
  const char* name;
  const char* sql;
  const char* told;  // what the refusal holds; nullptr: it is read
};

class Columns {
 public:
  explicit Columns(std::string url) : url_(std::move(url)) {}

  void expect(const Column& column) {
    CatalogueSettings settings;
    settings.source = Secret(url_);
    settings.query = query_with(column.name, column.sql);
    auto source = make_catalogue_source(settings, loop_.clock);
    ASSERT_TRUE(source.ok());
    const auto read = loop_.run((*source)->read());
    if (column.told == nullptr) {
      EXPECT_TRUE(read.ok()) << settings.query << "\n" << (read.ok() ? "" : read.error().message);
      return;
    }
    ASSERT_FALSE(read.ok()) << settings.query << "\n"
                            << read->items().front().unit_price.minor() << ", on sale "
                            << read->items().front().on_sale;
    EXPECT_EQ(read.code(), Errc::config_bad_value) << settings.query;
    EXPECT_NE(read.error().message.find(column.told), std::string::npos) << settings.query << "\n"
                                                                         << read.error().message;
  }

 private:
  std::string url_;
  Loop loop_;
};

constexpr const char* kPriceRule = "/items/0/unit_price_fen: must be an integer, 1 to 10000000000 (TEA)";

TEST(SqliteColumns, are_of_their_own_type_or_refused) {
  TempFolder folder;
  const std::string path = folder.file("goods.db");
  RawSqlite raw(path);
  ASSERT_TRUE(raw.run("CREATE TABLE some (one)"));
  Columns columns("sqlite://" + path);
  for (const Column& column : std::initializer_list<Column>{
           {"", "", nullptr},
           {"fen", "10000000000", nullptr},
           {"fen", "'12,800'", "TEA, unit_price_fen (column 4): must be an integer, not TEXT"},
           {"fen", "'1295'", "TEA, unit_price_fen (column 4): must be an integer, not TEXT"},
           {"fen", "'¥50'", "must be an integer, not TEXT"},
           {"fen", "19.99 * 100", "TEA, unit_price_fen (column 4): must be an integer, not REAL"},
           {"fen", "1295.0", "must be an integer, not REAL"},
           {"fen", "x'31323935'", "must be an integer, not BLOB"},
           {"fen", "NULL", "TEA, unit_price_fen (column 4): must be an integer, not NULL"},
           {"fen", "0", kPriceRule},
           {"fen", "-5", kPriceRule},
           {"fen", "10000000001", kPriceRule},
           {"fen", "9007199254740993", kPriceRule},
           {"fen", "9223372036854775807", kPriceRule},
           {"most", "'5'", "TEA, quantity_max (column 6): must be an integer, not TEXT"},
           {"most", "9.9", "must be an integer, not REAL"},
           {"most", "NULL", "must be an integer, not NULL"},
           {"most", "0", "/items/0/quantity_max: must be an integer, 1 to 1000000 (TEA)"},
           {"selling", "0", nullptr},
           {"selling", "1", nullptr},
           {"selling", "2", "TEA, on_sale (column 7): must be true or false, not 2"},
           {"selling", "-1", "must be true or false, not -1"},
           {"selling", "'false'", "TEA, on_sale (column 7): must be true or false, not TEXT"},
           {"selling", "'1'", "must be true or false, not TEXT"},
           {"selling", "1.0", "must be true or false, not REAL"},
           {"selling", "NULL", "must be true or false, not NULL"},
           {"sku", "1001", "an item, sku (column 1): must be text, not INTEGER"},
           {"sku", "NULL", "an item, sku (column 1): must be text, not NULL"},
           {"zh", "NULL", "TEA, name_zh (column 2): must be text, not NULL"},
           {"zh", "CAST(x'ff41' AS TEXT)", "TEA, name_zh (column 2): is not UTF-8"},
           {"zh", "CAST(x'61006200' AS TEXT)", "/items/0/name/zh: holds control or invisible characters (TEA)"},
           {"en", "7", "TEA, name_en (column 3): must be text, not INTEGER"},
           {"en", "' '", "/items/0/name/en: needs a name: these are only spaces (TEA)"},
           {"currency", "NULL", "TEA, currency (column 5): must be text, not NULL"},
           {"currency", "156", "TEA, currency (column 5): must be text, not INTEGER"},
           {"more", "NULL", nullptr},
           {"more", "''", nullptr},
           {"more", "7", "TEA, what else it has (column 8): must be text, not INTEGER"},
           {"more", "'{\"tolerance_per_mille\":1.5}'", "TEA, column 8, /tolerance_per_mille: '1.5' is not an integer"},
           {"more", "'{\"tolerance_per_mille\":\"5\"}'", "/items/0/tolerance_per_mille: must be an integer, 0 to 50"},
       })
    columns.expect(column);
}

TEST(SqliteColumns, of_which_there_are_too_few_are_counted) {
  TempFolder folder;
  const std::string path = folder.file("goods.db");
  RawSqlite raw(path);
  ASSERT_TRUE(raw.run("CREATE TABLE some (one)"));
  Loop loop;
  CatalogueSettings settings;
  settings.source = Secret("sqlite://" + path);
  settings.query = "SELECT 'TEA', '茶', 'tea', 1295, 'CNY', 5";
  auto source = make_catalogue_source(settings, loop.clock);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(loop.run((*source)->read()).error().message, "the query gives 6 columns; an item has seven or eight");
}

// The right price stays in force, and grows old as with a source that is lost.
TEST(SqliteColumns, that_are_refused_leave_the_prices_that_were_until_they_are_stale) {
  TempFolder folder;
  const std::string path = folder.file("goods.db");
  RawSqlite raw(path);
  ASSERT_TRUE(raw.run("CREATE TABLE goods (sku, zh, en, fen, currency, most, selling)"));
  ASSERT_TRUE(raw.run("INSERT INTO goods VALUES ('TEA', '茶', 'tea', 12800, 'CNY', 5, 1)"));
  Loop loop;
  CatalogueSettings settings;
  settings.source = Secret("sqlite://" + path);
  settings.query = "SELECT * FROM goods";
  const Millis ttl(60'000);
  Catalogue shown;
  CatalogueFeed feed(*make_catalogue_source(settings, loop.clock), shown, loop.clock, ttl / 3);
  ASSERT_TRUE(loop.run(feed.refresh()).ok());

  ASSERT_TRUE(raw.run("UPDATE goods SET fen = '12,800'"));
  loop.advance(ttl / 2);
  EXPECT_EQ(loop.run(feed.refresh()).code(), Errc::config_bad_value);
  ASSERT_EQ(shown.items().size(), 1u);
  EXPECT_EQ(shown.items().front().unit_price.minor(), 12'800);
  EXPECT_TRUE(rules::catalogue_age(shown.as_of(), loop.clock.durable(), ttl).ok());
  loop.advance(ttl / 2);
  EXPECT_FALSE(loop.run(feed.refresh()).ok());
  EXPECT_EQ(rules::catalogue_age(shown.as_of(), loop.clock.durable(), ttl).code(), Errc::catalogue_stale);
}

TEST(PostgresColumns, are_of_their_own_type_or_refused) {
  if (!PostgresServer::installed()) GTEST_SKIP() << "PostgreSQL is not installed";
  Columns columns(shared_postgres().make_database());
  for (const Column& column : std::initializer_list<Column>{
           {"", "", nullptr},
           {"fen", "1295::int2", nullptr},
           {"fen", "1295::int4", nullptr},
           {"fen", "1295::int8", nullptr},
           {"fen", "'12'::text", "TEA, unit_price_fen (column 4): must be an integer, not text"},
           {"fen", "'8800'::varchar", "must be an integer, not varchar"},
           {"fen", "'8'::char(1)", "must be an integer, not char"},
           {"fen", "'8'::\"char\"", "must be an integer, not \"char\""},
           {"fen", "'8'::bytea", "must be an integer, not bytea"},
           {"fen", "12::real", "TEA, unit_price_fen (column 4): must be an integer, not real"},
           {"fen", "12::float8", "must be an integer, not double precision"},
           {"fen", "8800::numeric", "TEA, unit_price_fen (column 4): must be an integer, not numeric"},
           {"fen", "12.50::numeric(10,2)", "must be an integer, not numeric"},
           {"fen", "12::money", "must be an integer, not money"},
           {"fen", "true", "must be an integer, not boolean"},
           {"fen", "8800::oid", "must be an integer, not the type of OID 26"},
           {"fen", "NULL::int4", "TEA, unit_price_fen (column 4): must be an integer, not NULL"},
           {"fen", "0", kPriceRule},
           {"fen", "-5", kPriceRule},
           {"fen", "9007199254740993", kPriceRule},
           {"fen", "9223372036854775807", kPriceRule},
           {"most", "'5'::text", "TEA, quantity_max (column 6): must be an integer, not text"},
           {"most", "5::numeric", "must be an integer, not numeric"},
           {"most", "NULL::int4", "must be an integer, not NULL"},
           {"selling", "false", nullptr},
           {"selling", "'f'::text", "TEA, on_sale (column 7): must be true or false, not text"},
           {"selling", "'0'::text", "must be true or false, not text"},
           {"selling", "'f'::\"char\"", "must be true or false, not \"char\""},
           {"selling", "1", "must be true or false, not 1"},
           {"selling", "NULL::bool", "must be true or false, not NULL"},
           {"sku", "'TEA'::varchar", nullptr},
           {"sku", "'TEA'::char(3)", nullptr},
           {"sku", "'TEA'::name", nullptr},
           {"sku", "1001", "an item, sku (column 1): must be text, not integer"},
           {"zh", "NULL::text", "TEA, name_zh (column 2): must be text, not NULL"},
           {"currency", "NULL::text", "TEA, currency (column 5): must be text, not NULL"},
           {"more", "NULL::text", nullptr},
           {"more", "'{\"tolerance_per_mille\":5}'::json", nullptr},
           {"more", "'{\"tolerance_per_mille\":5}'::jsonb",
            "TEA, what else it has (column 8): must be text, not jsonb"},
       })
    columns.expect(column);
}

}  // namespace
}  // namespace purser::test
