// Writes to a SQLite file in groups, and stops for good when the disk fails or the file is taken away.
#pragma once

#include "gateway/store/group_writer.hpp"
#include "gateway/store/sqlite/database.hpp"
#include "gateway/store/sqlite/file_place.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace purser::sqlite {

struct WriterLimits {
  GroupWriter::Limits group;
  int log_pages_max;  // the write-ahead log is copied into the file when it has grown to this
};

class Writer {
 public:
  using PutBack = std::function<void(std::unique_ptr<Database>)>;

  // `clock` and the executors of all committers outlive the writer. `put_back`, when there is one, takes the connection
  // at the writer's end unless it has failed.
  Writer(std::unique_ptr<Database> database, FilePlace place, WriterLimits limits, Clock& clock, PutBack put_back = {});
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void watch(std::function<void(const Change&)> seen) { group_.watch(std::move(seen)); }
  Task<Result<Receipt>> commit(Batch batch) { return group_.commit(std::move(batch)); }

  // False from the first I/O error or damaged page on: a failed fsync cannot be repeated, for the system may have
  // dropped what it failed to write. False too once the file or its log is no longer where it was opened, for what
  // is written there is lost. Every commit is store_unavailable from then on. A full disk is not that.
  bool healthy() const { return healthy_ && place_.kept(); }
  // Transactions made durable so far.
  std::int64_t transactions() const { return transactions_; }

 private:
  std::vector<Result<Receipt>> execute(const GroupWriter::Group& group);
  void tidy_log();
  void stop(const std::string& why);

  std::unique_ptr<Database> database_;  // the thread's own once it runs
  const PutBack put_back_;
  const FilePlace place_;
  const int log_pages_max_;
  std::atomic<bool> healthy_{true};
  std::atomic<std::int64_t> transactions_{0};
  GroupWriter group_;  // last: its thread ends before the rest goes
};

}  // namespace purser::sqlite
