#include "gateway/llm/spend_journal.hpp"

#include "tests/support/loop.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace purser::llm {
namespace {

using Lines = std::vector<std::string>;

class Journal : public testing::Test {
 protected:
  ~Journal() override { pool.join(); }

  std::unique_ptr<SpendJournal> open() {
    auto opened = SpendJournal::open(path, pool, loop.clock);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  // As the next process would find them if this one died now.
  Lines lines() {
    const std::string copy = folder.file("copy");
    std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing);
    auto opened = SpendJournal::open(copy, pool, loop.clock);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened ? (*opened)->take_lines() : Lines();
  }
  std::string bytes() const {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  void write(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

  test::Loop loop;
  asio::thread_pool pool{1};
  test::TempFolder folder;
  std::string path = folder.file("spend");
};

TEST_F(Journal, keeps_its_lines) {
  auto journal = open();
  EXPECT_EQ(journal->take_lines(), Lines());
  EXPECT_TRUE(loop.run(journal->append("one")).ok());
  journal->note("two");
  EXPECT_EQ(lines(), Lines({"one"}));
  EXPECT_TRUE(loop.run(journal->append("three")).ok());
  EXPECT_EQ(lines(), Lines({"one", "two", "three"}));
}

TEST_F(Journal, writes_together_what_comes_together) {
  auto journal = open();
  std::vector<test::Started<Result<void>>> all;
  for (int i = 0; i < 20; ++i) all.push_back(loop.start(journal->append(std::to_string(i))));
  ASSERT_TRUE(loop.until([&] { return std::all_of(all.begin(), all.end(), [](auto& one) { return one.done(); }); }));
  for (auto& one : all) EXPECT_TRUE(one.get().ok());
  EXPECT_EQ(lines().size(), 20U);
}

TEST_F(Journal, forgets_a_line_that_a_stop_cut) {
  auto journal = open();
  EXPECT_TRUE(loop.run(journal->append("one")).ok());
  EXPECT_TRUE(loop.run(journal->append("two")).ok());
  const std::string all = bytes();
  for (std::size_t size = all.size() / 2; size < all.size(); ++size) {
    write(all.substr(0, size));
    EXPECT_EQ(lines(), Lines({"one"})) << size;
  }
}

TEST_F(Journal, is_refused_when_it_is_damaged) {
  auto journal = open();
  for (const char* line : {"one", "two", "three"}) EXPECT_TRUE(loop.run(journal->append(line)).ok());
  const std::string all = bytes();
  journal.reset();
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (all[at] == '\n') continue;
    std::string damaged = all;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write(damaged);
    const auto opened = SpendJournal::open(path, pool, loop.clock);
    ASSERT_FALSE(opened.ok()) << at;
    EXPECT_EQ(opened.code(), Errc::store_corrupt);
  }
}

TEST_F(Journal, can_be_written_anew) {
  auto journal = open();
  EXPECT_TRUE(loop.run(journal->append("old")).ok());
  ASSERT_TRUE(journal->rewrite({"kept"}).ok());
  EXPECT_TRUE(loop.run(journal->append("new")).ok());
  EXPECT_EQ(lines(), Lines({"kept", "new"}));
}

TEST_F(Journal, tells_what_it_cannot_open) {
  EXPECT_EQ(SpendJournal::open(folder.path() + "/none/spend", pool, loop.clock).code(), Errc::store_unavailable);
}

TEST_F(Journal, is_one_daemons_alone) {
  auto journal = open();
  const auto second = SpendJournal::open(path, pool, loop.clock);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.code(), Errc::store_unavailable);
  // Also after the file was replaced.
  ASSERT_TRUE(journal->rewrite({"one"}).ok());
  EXPECT_FALSE(SpendJournal::open(path, pool, loop.clock).ok());
  journal.reset();
  EXPECT_EQ(open()->take_lines(), Lines({"one"}));
}

TEST_F(Journal, is_written_anew_with_the_next_line) {
  auto journal = open();
  for (const char* line : {"a", "b", "c"}) ASSERT_TRUE(loop.run(journal->append(line)).ok());
  journal->note("lost in the sum");
  journal->renew({"sum"});
  EXPECT_EQ(lines(), Lines({"a", "b", "c"}));
  journal->note("after");
  ASSERT_TRUE(loop.run(journal->append("d")).ok());
  EXPECT_EQ(lines(), Lines({"sum", "after", "d"}));
  ASSERT_TRUE(loop.run(journal->append("e")).ok());
  EXPECT_EQ(lines(), Lines({"sum", "after", "d", "e"}));
  EXPECT_FALSE(SpendJournal::open(path, pool, loop.clock).ok());
}

TEST_F(Journal, is_worn_when_it_has_grown_much) {
  auto journal = open();
  const std::string line(1 << 20, 'x');
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(loop.run(journal->append(line)).ok());
  EXPECT_TRUE(journal->worn());
  journal->renew({line});
  ASSERT_TRUE(loop.run(journal->append("last")).ok());
  EXPECT_FALSE(journal->worn());
  EXPECT_EQ(lines().size(), 2U);
}

}  // namespace
}  // namespace purser::llm
