// The SQLite store on a disk that is full, that fails, and that flips bits.
#include "gateway/store/sqlite/sqlite_store.hpp"
#include "tests/support/faulty_disk.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/sqlite_file.hpp"
#include "tests/support/store_rows.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/resource.h>

namespace purser::test {
namespace {

using Fault = FaultyDisk::Fault;

class SqliteDiskTest : public testing::Test {
 protected:
  std::string path() const { return folder.file("purser.db"); }
  Result<std::unique_ptr<SqliteStore>> open_on_faulty_disk(int log_pages_max = 1'000) {
    SqliteOptions options;
    options.vfs = disk.name();
    options.log_pages_max = log_pages_max;
    return open_sqlite(path(), options, loop.clock);
  }
  Result<std::unique_ptr<SqliteStore>> open() { return open_sqlite(path(), SqliteOptions(), loop.clock); }
  Result<Receipt> insert_thread(Store& store, int n, std::size_t size = 0) {
    Thread thread = make_thread(n);
    thread.metadata_json += std::string(size, ' ');
    Batch batch("thread");
    batch.add(op::InsertThread{thread});
    return loop.run(store.commit(std::move(batch)));
  }
  bool has_thread(Store& store, int n) { return loop.run(store.thread(make_thread(n).id)).ok(); }

  FaultyDisk disk;
  TempFolder folder;
  Loop loop;
};

TEST_F(SqliteDiskTest, a_full_disk_refuses_every_waiting_batch_and_recovers_by_itself) {
  auto store = open_on_faulty_disk();
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(insert_thread(**store, 1).ok());

  disk.fail(Fault::full, 1, false);
  std::vector<Started<Result<Receipt>>> started;
  for (int n = 2; n <= 9; ++n) {
    Batch batch("thread");
    batch.add(op::InsertThread{make_thread(n)});
    started.push_back(loop.start((*store)->commit(std::move(batch))));
  }
  for (auto& one : started) {
    ASSERT_TRUE(loop.until([&] { return one.done(); }));
    EXPECT_EQ(one.get().code(), Errc::store_unavailable);
  }
  EXPECT_TRUE((*store)->healthy()) << "a full disk is no broken one";
  EXPECT_TRUE(has_thread(**store, 1)) << "reads go on";
  for (int n = 2; n <= 9; ++n) EXPECT_FALSE(has_thread(**store, n));

  disk.heal();
  EXPECT_TRUE(insert_thread(**store, 2).ok());
  EXPECT_TRUE(has_thread(**store, 2));
}

// The same with the system's own refusal: a limit on the size of files.
TEST_F(SqliteDiskTest, a_file_size_limit_counts_as_a_full_disk) {
  auto store = open();
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(insert_thread(**store, 1).ok());
  const auto log_size = std::filesystem::file_size(path() + "-wal");

  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = log_size + 10'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto answer = insert_thread(**store, 2, 200'000);
  const bool reads = has_thread(**store, 1);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.code(), Errc::store_unavailable) << answer.error().message;
  EXPECT_EQ(answer.error().message, "the disk is full");
  EXPECT_TRUE(reads);
  EXPECT_TRUE((*store)->healthy());
  EXPECT_TRUE(insert_thread(**store, 2, 200'000).ok());
}

TEST_F(SqliteDiskTest, after_a_failed_sync_nothing_is_written_until_the_store_is_opened_again) {
  auto store = open_on_faulty_disk();
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(insert_thread(**store, 1).ok());

  disk.fail(Fault::sync_fails, 1, true);
  EXPECT_EQ(insert_thread(**store, 2).code(), Errc::store_unavailable);
  EXPECT_TRUE(disk.struck());
  EXPECT_FALSE((*store)->healthy());

  const auto syncs = disk.syncs();
  EXPECT_EQ(insert_thread(**store, 3).code(), Errc::store_unavailable) << "the disk is well again, but who knows of 2";
  EXPECT_EQ(disk.syncs(), syncs) << "a failed sync is not tried again";
  EXPECT_TRUE(has_thread(**store, 1)) << "reads go on";
  EXPECT_FALSE(has_thread(**store, 2));
  store->reset();

  auto again = open();
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE((*again)->healthy());
  EXPECT_TRUE(has_thread(**again, 1));
  EXPECT_FALSE(has_thread(**again, 3));
  EXPECT_TRUE(insert_thread(**again, 3).ok());
}

TEST_F(SqliteDiskTest, a_failed_write_stops_writing_too) {
  auto store = open_on_faulty_disk();
  ASSERT_TRUE(store.ok());
  disk.fail(Fault::write_fails, 1, true);
  EXPECT_EQ(insert_thread(**store, 1).code(), Errc::store_unavailable);
  EXPECT_FALSE((*store)->healthy());
  EXPECT_EQ(insert_thread(**store, 2).code(), Errc::store_unavailable);
}

// SQLite itself swallows the errors of its automatic checkpoints.
TEST_F(SqliteDiskTest, a_sync_that_fails_while_the_log_is_copied_stops_writing) {
  auto store = open_on_faulty_disk(1);
  ASSERT_TRUE(store.ok());
  // One sync for the commit; the next belongs to the copying, which comes after the answer.
  disk.fail(Fault::sync_fails, 2, true);
  EXPECT_TRUE(insert_thread(**store, 1).ok()) << "durable in the log before the copying began";
  ASSERT_TRUE(loop.until([&] { return !(*store)->healthy(); }));
  EXPECT_EQ(insert_thread(**store, 2).code(), Errc::store_unavailable);
  store->reset();
  auto again = open();
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(has_thread(**again, 1));
}

// What is written to a file without a name is gone with the process.
TEST_F(SqliteDiskTest, nothing_is_acknowledged_once_the_file_or_its_log_is_gone_or_another) {
  namespace fs = std::filesystem;
  using Trouble = std::function<void(const fs::path& file)>;
  const std::vector<std::pair<std::string, Trouble>> troubles = {
      {"database-deleted", [](const fs::path& file) { fs::remove(file); }},
      {"log-deleted", [](const fs::path& file) { fs::remove(file.string() + "-wal"); }},
      {"folder-deleted", [](const fs::path& file) { fs::remove_all(file.parent_path()); }},
      {"folder-renamed", [](const fs::path& file) { fs::rename(file.parent_path(), file.parent_path() += "-old"); }},
      {"another-in-its-place",
       [](const fs::path& file) {
         fs::copy_file(file, file.string() + ".copy");
         fs::rename(file.string() + ".copy", file);
       }},
  };
  for (const auto& [name, happens] : troubles) {
    SCOPED_TRACE(name);
    const fs::path file = fs::path(folder.file(name)) / "purser.db";
    fs::create_directory(file.parent_path());
    auto store = open_sqlite(file, SqliteOptions(), loop.clock);
    ASSERT_TRUE(store.ok()) << store.error().message;
    ASSERT_TRUE(insert_thread(**store, 1).ok());
    EXPECT_TRUE((*store)->healthy());
    happens(file);
    EXPECT_FALSE((*store)->healthy()) << "noticed without a write";
    EXPECT_EQ(insert_thread(**store, 2).code(), Errc::store_unavailable);
    EXPECT_FALSE(has_thread(**store, 2));
  }
}

// Whichever write, sync, read or other step fails, of the opening, of a commit, of the copying of the log or of the
// end: what was acknowledged is there afterwards, and of a batch there is all or nothing.
class SqliteEveryFault : public SqliteDiskTest, public testing::WithParamInterface<std::tuple<Fault, bool>> {
 protected:
  static constexpr int kCommits = 4;

  // Opens, and commits again and again, whatever fails. Bit n: commit n was acknowledged.
  int work() {
    auto store = open_on_faulty_disk(3);
    if (!store.ok()) return 0;
    int acknowledged = 0;
    for (int n = 1; n <= kCommits; ++n) {
      Batch batch("both");
      PaymentIntent intent = make_intent(n, make_thread(n));
      intent.captured = intent.amount;
      batch.add(op::InsertThread{make_thread(n)})
          .add(op::InsertIntent{intent})
          .add(op::PostLedger{make_capture(intent)});
      if (loop.run((*store)->commit(std::move(batch))).ok()) acknowledged |= 1 << n;
    }
    return acknowledged;
  }
};

TEST_P(SqliteEveryFault, loses_nothing_and_leaves_no_halves) {
  const auto [fault, once] = GetParam();
  int faults = 0;
  for (std::int64_t n = 1;; ++n) {
    for (const auto& file : std::filesystem::directory_iterator(folder.path())) std::filesystem::remove(file.path());
    disk.fail(fault, n, once);
    const int acknowledged = work();
    const bool struck = disk.struck();
    disk.heal();
    faults += struck ? 1 : 0;

    auto store = open_on_faulty_disk();  // it is well now
    ASSERT_TRUE(store.ok()) << "fault " << n << ": " << store.error().message;
    for (int k = 1; k <= kCommits; ++k) {
      const bool there = has_thread(**store, k);
      EXPECT_EQ(loop.run((*store)->intent(make_intent(k, make_thread(k)).id)).ok(), there) << "fault " << n;
      EXPECT_TRUE(there || (acknowledged & (1 << k)) == 0) << "fault " << n << " lost commit " << k;
    }
    EXPECT_TRUE(loop.run((*store)->verify_ledger()).ok()) << "fault " << n;
    EXPECT_TRUE(insert_thread(**store, 99).ok()) << "fault " << n;
    if (!struck) break;
  }
  EXPECT_GE(faults, fault == Fault::remove_fails ? 2 : 4) << "the loop has met the disk";
}

INSTANTIATE_TEST_SUITE_P(Disk, SqliteEveryFault,
                         testing::Combine(testing::Values(Fault::full, Fault::write_fails, Fault::sync_fails,
                                                          Fault::open_fails, Fault::truncate_fails, Fault::remove_fails,
                                                          Fault::map_fails),
                                          testing::Bool()));
// There are many, and a disk that reads nothing any more has no more to lose.
INSTANTIATE_TEST_SUITE_P(DiskReads, SqliteEveryFault, testing::Values(std::tuple(Fault::read_fails, true)));

class SqliteLedgerBytes : public SqliteDiskTest {
 protected:
  std::string read_file() const {
    std::ifstream file(path(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void write_file(const std::string& bytes) const { std::ofstream(path(), std::ios::binary) << bytes; }
};

// Every bit of the ledger's texts as they lie in the file, in the table and in its indexes.
TEST_F(SqliteLedgerBytes, a_flipped_bit_is_found) {
  const Thread thread = make_thread(1);
  std::vector<LedgerEntry> lines;
  {
    auto store = open();
    ASSERT_TRUE(store.ok());
    Batch batch("all");
    batch.add(op::InsertThread{thread});
    for (int n = 1; n <= 3; ++n) {
      PaymentIntent intent = make_intent(n, thread);
      intent.state = IntentState::succeeded;
      intent.captured = intent.amount;
      lines.push_back(make_capture(intent));
      lines.back().reference = "wx-reference-" + std::to_string(n) + "-in-the-file";
      batch.add(op::InsertIntent{intent}).add(op::PostLedger{lines.back()});
    }
    ASSERT_TRUE(loop.run((*store)->commit(std::move(batch))).ok());
    ASSERT_TRUE(loop.run((*store)->verify_ledger()).ok());
  }
  const std::string whole = read_file();
  int found = 0;
  const std::string& reference = lines[1].reference;
  for (auto at = whole.find(reference); at != std::string::npos; at = whole.find(reference, at + 1)) {
    for (std::size_t i = 0; i < reference.size(); i += 5) {
      std::string flipped = whole;
      flipped[at + i] = static_cast<char>(flipped[at + i] ^ (1 << (i % 7)));
      write_file(flipped);
      auto store = open();
      ASSERT_TRUE(store.ok());
      const auto verdict = loop.run((*store)->verify_ledger());
      ASSERT_FALSE(verdict.ok()) << "byte " << at + i;
      EXPECT_EQ(verdict.code(), Errc::store_corrupt);
      const std::string named = verdict.error().param.substr(0, 6);
      EXPECT_TRUE(named == "ledger" || named == "audit ") << named;
    }
    ++found;
  }
  EXPECT_EQ(found, 3) << "in the table, in its index, and in the record";
}

// What a query reads from an index alone would be the truth for purser and not for the table.
TEST_F(SqliteLedgerBytes, a_flipped_bit_in_the_index_of_another_table_is_found) {
  const Thread thread = make_thread(1);
  PaymentIntent intent = make_intent(1, thread);
  intent.origin = "turn_in-the-file:call";
  {
    auto store = open();
    ASSERT_TRUE(store.ok());
    Batch batch("all");
    batch.add(op::InsertThread{thread}).add(op::InsertIntent{intent});
    ASSERT_TRUE(loop.run((*store)->commit(std::move(batch))).ok());
  }
  const std::string whole = read_file();
  int found = 0;
  for (auto at = whole.find(intent.origin); at != std::string::npos; at = whole.find(intent.origin, at + 1), ++found) {
    std::string flipped = whole;
    flipped[at + 6] ^= 1;
    write_file(flipped);
    auto store = open();
    ASSERT_TRUE(store.ok());
    EXPECT_EQ(loop.run((*store)->verify_ledger()).code(), Errc::store_corrupt) << "byte " << at;
  }
  EXPECT_EQ(found, 2) << "in the table and in its index";
}

TEST_F(SqliteLedgerBytes, the_row_that_was_changed_is_named_whatever_was_changed) {
  const std::pair<const char*, const char*> changes[] = {
      {"UPDATE ledger SET amount = amount + 1 WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET at = at + 1 WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET kind = 'late_capture' WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET debit_account = 'rail:mine' WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET credit_account = 'merchant:mine' WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET currency = 'USD' WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET currency = 'ZZZ' WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET tenant_id = 'other' WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET intent_id = (SELECT intent_id FROM ledger WHERE seq = 1) WHERE seq = 2", "ledger 2"},
      {"UPDATE ledger SET hash = replace(hash, substr(hash, 1, 1), 'g') WHERE seq = 2", "ledger 2"},
      {"DELETE FROM ledger WHERE seq = 2", "ledger 2"},
      {"DELETE FROM ledger WHERE seq = 1", "ledger 1"},
      {"UPDATE ledger SET seq = 7 WHERE seq = 2", "ledger 2"},
      {"DELETE FROM ledger WHERE seq = 3", "intents "},  // no chain shows its lost end; the sums do
      {"DELETE FROM intents WHERE id = (SELECT intent_id FROM ledger WHERE seq = 3)", "ledger 3"},
  };
  for (const auto& [change, named] : changes) {
    for (const auto& file : std::filesystem::directory_iterator(folder.path())) std::filesystem::remove(file.path());
    auto store = open();
    ASSERT_TRUE(store.ok());
    Batch batch("all");
    batch.add(op::InsertThread{make_thread(1)});
    for (int n = 1; n <= 3; ++n) {
      PaymentIntent intent = make_intent(n, make_thread(1));
      intent.state = IntentState::succeeded;
      intent.captured = intent.amount;
      batch.add(op::InsertIntent{intent}).add(op::PostLedger{make_capture(intent)});
    }
    ASSERT_TRUE(loop.run((*store)->commit(std::move(batch))).ok());
    RawSqlite raw(path());
    ASSERT_TRUE(raw.run("DROP TRIGGER ledger_no_update; DROP TRIGGER ledger_no_delete"));
    ASSERT_TRUE(raw.run(change)) << change;
    const auto verdict = loop.run((*store)->verify_ledger());
    ASSERT_FALSE(verdict.ok()) << change;
    EXPECT_EQ(verdict.code(), Errc::store_corrupt) << change;
    EXPECT_EQ(verdict.error().param.substr(0, std::string(named).size()), named) << change;
  }
}

// Overwrites the first page of a table or index.
void damage(const std::string& path, const std::string& name) {
  const auto page =
      std::stoul(RawSqlite(path).column("SELECT rootpage FROM sqlite_schema WHERE name = '" + name + "'").at(0));
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>((page - 1) * 4'096));
  file << std::string(4'096, '\xff');
}

TEST_F(SqliteDiskTest, a_damaged_page_stops_writing) {
  {
    auto store = open();
    ASSERT_TRUE(store.ok());
    for (int n = 1; n <= 3; ++n) ASSERT_TRUE(insert_thread(**store, n).ok());
  }
  damage(path(), "threads");
  auto store = open();
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(loop.run((*store)->thread(make_thread(1).id)).code(), Errc::store_corrupt);
  EXPECT_EQ(insert_thread(**store, 4).code(), Errc::store_corrupt);
  EXPECT_FALSE((*store)->healthy());
  EXPECT_EQ(insert_thread(**store, 5).code(), Errc::store_unavailable);
}

TEST_F(SqliteDiskTest, a_damaged_schema_is_refused_at_once) {
  ASSERT_TRUE(open().ok());
  {
    std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(100);  // behind the file's header: the schema's own page
    file << std::string(3'996, '\xff');
  }
  EXPECT_EQ(open().code(), Errc::store_corrupt);
}

}  // namespace
}  // namespace purser::test
