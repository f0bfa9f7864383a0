// JSON that another program put into a hash or a table meets the gate before anything else reads it.
#include "gateway/catalogue/outside.hpp"

#include "gateway/catalogue/feed.hpp"
#include "gateway/catalogue/source.hpp"
#include "gateway/redis/redis.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/sqlite_file.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace purser::test {
namespace {

constexpr const char* kTea = R"({"name":{"zh":"茶","en":"tea"},"unit_price_fen":1295})";

// Deep enough to overrun the stack of whoever reads, copies or writes it by recursion.
std::string nested(const std::string& before, int depth) {
  return before + std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']') + "}";
}

struct Outside {
  const char* what;
  std::string text;
  std::string told;
};

// `whose` as the source calls the item.
std::vector<Outside> bad_ones(const std::string& members, const std::string& whose) {
  std::string sevens;
  for (int i = 0; i < 1'000; ++i) sevens += ",7";
  return {
      {"deep", nested("{" + members + R"("description":)", 100'000), whose + ", /description/0/0/0/0/0"},
      {"twice", "{" + members + R"("tolerance_per_mille":0,"tolerance_per_mille":50})",
       whose + ", /tolerance_per_mille: the key 'tolerance_per_mille' stands twice"},
      {"long", "{" + members + R"("description":{"en":")" + std::string(300'000, 'x') + R"("}})",
       whose + ": larger than 262144 bytes"},
      {"many", "{" + members + R"("aliases":[7)" + sevens + "]}", whose + ", /aliases/"},
      {"more behind it", "{" + members + R"("tolerance_per_mille":0} {})", whose + ": the text is not JSON"},
      {"a float", "{" + members + R"("tolerance_per_mille":5.0})", whose + ", /tolerance_per_mille: '5.0' is not"},
      {"no object", "[]", whose + ": must be a JSON object"},
  };
}

void expect_refused(const Result<Catalogue>& read, const Outside& one) {
  ASSERT_FALSE(read.ok()) << one.what;
  EXPECT_EQ(read.code(), Errc::config_bad_value) << one.what;
  EXPECT_NE(read.error().message.find(one.told), std::string::npos) << one.what << ": " << read.error().message;
}

class HashOfGoods : public testing::Test {
 protected:
  Loop loop;
  RedisServer server;
  Redis redis{RedisAddress::parse(server.url()).value(), loop.clock, {Millis(5'000), Millis(0)}};
  std::unique_ptr<CatalogueSource> source = *make_redis_source(server.url(), "goods", loop.clock);

  void set(const std::string& sku, const std::string& item) {
    std::vector<std::string> words = {"HSET", "goods", sku, item};
    ASSERT_TRUE(loop.run(redis.command(std::move(words))).ok());
  }
  Result<Catalogue> read() { return loop.run(source->read()); }
};

TEST_F(HashOfGoods, meets_the_gate_first) {
  set("CUP", kTea);
  for (const Outside& one : bad_ones(R"("name":{"zh":"茶","en":"tea"},"unit_price_fen":1295,)", "TEA")) {
    set("TEA", one.text);
    expect_refused(read(), one);
  }
  const std::string twice = R"({"name":{"zh":"茶","en":"tea"},"unit_price_fen":8800,"unit_price_fen":88})";
  set("TEA", twice);
  expect_refused(read(), {"two prices", twice, "TEA, /unit_price_fen: the key 'unit_price_fen' stands twice"});
  const std::string behind = std::string(kTea) + std::string("\0junk", 5);
  set("TEA", behind);
  expect_refused(read(), {"a NUL", behind, "TEA: a NUL byte is not JSON"});
  set("TEA", "{\"aliases\":[\"\xff\"]}");
  expect_refused(read(), {"not UTF-8", "", "TEA: the text is not JSON"});
  set("TEA", kTea);
  EXPECT_TRUE(read().ok());
}

TEST_F(HashOfGoods, know_their_sku_by_their_field) {
  set("TEA", R"({"sku":"TEA","name":{"zh":"茶","en":"tea"},"unit_price_fen":1295})");
  ASSERT_TRUE(read().ok());
  for (const auto& [inner, told] : std::vector<std::pair<std::string, std::string>>{
           {R"("CUP")", "TEA, sku: must be that of its field or left out, not CUP"},
           {"7", "TEA, sku: must be that of its field or left out, not number"}}) {
    set("TEA", R"({"sku":)" + inner + R"(,"name":{"zh":"茶","en":"tea"},"unit_price_fen":1295})");
    expect_refused(read(), {"another SKU", "", told});
  }
  set("TEA", kTea);
  set("no sku", kTea);
  expect_refused(read(), {"a field that is no SKU", "", "no sku, sku: "});
}

// What was shown stays, as with every list that is none.
TEST_F(HashOfGoods, that_are_refused_leave_the_prices_that_were) {
  set("TEA", kTea);
  Catalogue shown;
  CatalogueFeed feed(std::move(source), shown, loop.clock, Millis(1'000));
  ASSERT_TRUE(loop.run(feed.refresh()).ok());
  EXPECT_EQ(shown.as_of(), loop.clock.durable());
  set("TEA", nested(R"({"description":)", 100'000));
  EXPECT_FALSE(loop.run(feed.refresh()).ok());
  ASSERT_EQ(shown.items().size(), 1u);
  EXPECT_EQ(shown.items().front().unit_price.minor(), 1'295);
}

double cpu_seconds(clockid_t of) {
  timespec now{};
  clock_gettime(of, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// In CPU time of this thread against that of the whole process, so that a busy machine changes nothing.
TEST_F(HashOfGoods, are_made_into_a_catalogue_off_the_loop) {
  // Names that are looked for: to find them costs as much as to read them.
  std::string aliases;
  for (int i = 0; i < 20; ++i)
    aliases += std::string(i == 0 ? "" : ",") + R"("a bag of the finest green tea no. )" + std::to_string(i) + '"';
  std::vector<std::string> words = {"HSET", "goods"};
  for (int i = 0; i < 2'000; ++i) {
    words.push_back("SKU-" + std::to_string(i));
    words.push_back(R"({"name":{"zh":"茶","en":"tea"},"unit_price_fen":100,"aliases":[)" + aliases + "]}");
  }
  ASSERT_TRUE(loop.run(redis.command(std::move(words))).ok());
  Catalogue shown;
  CatalogueFeed feed(std::move(source), shown, loop.clock, Millis(1'000));
  ASSERT_TRUE(loop.run(feed.refresh()).ok());
  const double loop_before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  const double all_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  ASSERT_TRUE(loop.run(feed.refresh()).ok());
  const double on_the_loop = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - loop_before;
  const double in_all = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - all_before;
  EXPECT_EQ(shown.items().size(), 2'000u);
  EXPECT_LT(on_the_loop, in_all / 8) << "of " << in_all << " s";
}

TEST_F(HashOfGoods, are_read_to_the_end_though_nobody_waits) {
  set("TEA", kTea);
  auto reading = loop.start(source->read());
  loop.ioc.restart();
  loop.ioc.poll();  // now it is under way
  reading.cancel();
  ASSERT_TRUE(loop.until([&] { return reading.done(); }));
  EXPECT_TRUE(reading.get().ok());
}

TEST(EighthColumn, meets_the_gate_first) {
  TempFolder folder;
  const std::string path = folder.file("goods.db");
  RawSqlite raw(path);
  ASSERT_TRUE(raw.run("CREATE TABLE goods (more)"));
  ASSERT_TRUE(raw.run("INSERT INTO goods VALUES ('')"));
  Loop loop;
  CatalogueSettings settings;
  settings.source = Secret("sqlite://" + path);
  settings.query = "SELECT 'TEA', '茶', 'tea', 1295, 'CNY', 5, 1, more FROM goods";
  auto source = make_catalogue_source(settings, loop.clock);
  ASSERT_TRUE(source.ok());
  ASSERT_TRUE(loop.run((*source)->read()).ok());
  for (const Outside& one : bad_ones("", "TEA, column 8")) {
    ASSERT_TRUE(raw.run("UPDATE goods SET more = '" + one.text + "'"));
    expect_refused(loop.run((*source)->read()), one);
  }
  ASSERT_TRUE(raw.run(R"(UPDATE goods SET more = '{"tolerance_per_mille":5}' || char(0) || 'junk')"));
  expect_refused(loop.run((*source)->read()), {"a NUL", "", "TEA, column 8: a NUL byte is not JSON"});
}

TEST(OutsideText, is_cut_for_errors) {
  EXPECT_EQ(shown_of("TEA"), "TEA");
  EXPECT_EQ(shown_of(std::string(65, 'x')), std::string(64, 'x') + "...");
  EXPECT_EQ(shown_of("\xff"), "(bytes that are not UTF-8)");
}

}  // namespace
}  // namespace purser::test
