// The one thread of a store that writes. Batches that wait while a commit is on its way to the disk share the next one,
// so the number of fsyncs follows the disk and not the callers; a lone batch waits for nobody.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/store/store.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace purser {

class GroupWriter {
 public:
  using Group = std::vector<const Batch*>;
  // Makes a group durable in one transaction and gives one answer a batch, in their order. On the writer's thread.
  using Execute = std::function<std::vector<Result<Receipt>>(const Group&)>;

  struct Limits {
    std::size_t queue_max;  // waiting batches; beyond: store_unavailable at once
    std::size_t group_max;  // batches in one transaction
  };

  // Starts the thread, unless the clock works inline: a batch is written where it is handed in then. `after`, when set,
  // is called after each group was answered. `clock` and the executors of all committers outlive the writer.
  GroupWriter(Execute execute, std::function<void()> after, Limits limits, Clock& clock);
  // Finishes what is queued; its answers are still posted.
  ~GroupWriter();
  GroupWriter(const GroupWriter&) = delete;
  GroupWriter& operator=(const GroupWriter&) = delete;

  void watch(std::function<void(const Change&)> seen) { watcher_->seen = std::move(seen); }
  // Tells the watcher of a change that came from elsewhere. On the loop's thread.
  void tell(const Change& change) const {
    if (watcher_->seen) watcher_->seen(change);
  }
  // Resumes on the executor of the awaiting coroutine. Cancellation is ignored: the batch is on its way.
  Task<Result<Receipt>> commit(Batch batch);

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
  using Taken = std::vector<std::unique_ptr<Waiting>>;

  void enqueue(std::unique_ptr<Waiting> waiting);
  void run();
  Taken take_group();
  void finish(const Taken& taken);

  const Execute execute_;
  const std::function<void()> after_;
  const Limits limits_;
  Clock& clock_;
  // Shared so that an answer that arrives after the store is gone rings nobody.
  std::shared_ptr<Watcher> watcher_ = std::make_shared<Watcher>();

  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::unique_ptr<Waiting>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

// What a batch that went through tells those who wait.
Change change_of(const Batch& batch, const Receipt& receipt);

}  // namespace purser
