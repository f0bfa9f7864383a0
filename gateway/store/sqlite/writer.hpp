// The one thread that writes. Batches that wait while a commit is on its way to the disk share the next one, so the
// number of fsyncs follows the disk and not the callers; a lone batch waits for nobody.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/store/sqlite/database.hpp"
#include "gateway/store/store.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace purser::sqlite {

struct WriterLimits {
  std::size_t queue_max;  // waiting batches; beyond: store_unavailable at once
  std::size_t group_max;  // batches in one transaction
  int log_pages_max;      // the write-ahead log is copied into the file when it has grown to this
};

class Writer {
 public:
  // Starts the thread, unless the clock works inline: a batch is written where it is handed in then. `clock` and the
  // executors of all committers outlive the writer.
  Writer(std::unique_ptr<Database> database, WriterLimits limits, Clock& clock);
  // Finishes what is queued; its answers are still posted.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void watch(std::function<void(const Change&)> seen) { watcher_->seen = std::move(seen); }
  // Resumes on the executor of the awaiting coroutine. Cancellation is ignored: the batch is on its way.
  Task<Result<Receipt>> commit(Batch batch);

  // False from the first I/O error or damaged page on: a failed fsync cannot be repeated, for the system may have
  // dropped what it failed to write. Every commit is store_unavailable from then on. A full disk is not that.
  bool healthy() const { return healthy_; }
  // Transactions made durable so far.
  std::int64_t transactions() const { return transactions_; }

 private:
  struct Watcher {
    std::function<void(const Change&)> seen;
  };
  // A batch and the coroutine that waits for its outcome.
  struct Waiting {
    explicit Waiting(Batch work) : batch(std::move(work)) {}
    virtual ~Waiting() = default;
    // On any thread; once.
    virtual void answer(Result<Receipt> outcome) = 0;
    Batch batch;
  };
  template <class Handler>
  struct WaitingFor;
  using Group = std::vector<std::unique_ptr<Waiting>>;

  void enqueue(std::unique_ptr<Waiting> waiting);
  void run();
  Group take_group();
  void finish(const Group& group);
  std::vector<Result<Receipt>> execute(const Group& group);
  void tidy_log();
  void note_health();

  std::unique_ptr<Database> database_;  // the thread's own once it runs
  const WriterLimits limits_;
  Clock& clock_;
  // Shared so that an answer that arrives after the store is gone rings nobody.
  std::shared_ptr<Watcher> watcher_ = std::make_shared<Watcher>();
  std::atomic<bool> healthy_{true};
  std::atomic<std::int64_t> transactions_{0};

  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::unique_ptr<Waiting>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace purser::sqlite
