#include "gateway/store/sqlite/writer.hpp"

#include "gateway/log.hpp"
#include "gateway/store/sqlite/apply.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>

namespace purser::sqlite {
namespace {

Change change_of(const Receipt& receipt, bool work) {
  Change change;
  change.work = work;
  for (const StreamEvent& event : receipt.events) {
    if (std::ranges::find(change.threads, event.thread) == change.threads.end()) change.threads.push_back(event.thread);
  }
  return change;
}

bool gives_work(const Batch& batch) {
  return std::ranges::any_of(batch.operations, [](const Operation& operation) {
    return std::holds_alternative<op::PutWork>(operation) || std::holds_alternative<op::AddWork>(operation);
  });
}

}  // namespace

template <class Handler>
struct Writer::WaitingFor final : Waiting {
  WaitingFor(Handler then, Writer& writer, Batch work)
      : Waiting(std::move(work)),
        handler(std::move(then)),
        home(asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked)),
        clock(writer.clock_),
        watcher(writer.watcher_) {
    clock.real_work(+1);
  }

  void answer(Result<Receipt> outcome) override {
    asio::post(home, [then = std::move(handler), time = &clock, ring = std::move(watcher), work = gives_work(batch),
                      answer = std::move(outcome)]() mutable {
      time->real_work(-1);
      const auto watching = ring.lock();
      if (answer.ok() && watching && watching->seen) watching->seen(change_of(*answer, work));
      std::move(then)(std::exception_ptr(), std::move(answer));
    });
  }

  Handler handler;
  asio::any_io_executor home;
  Clock& clock;
  std::weak_ptr<Watcher> watcher;
};

Writer::Writer(std::unique_ptr<Database> database, WriterLimits limits, Clock& clock)
    : database_(std::move(database)), limits_(limits), clock_(clock) {
  if (!clock_.works_inline()) thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Task<Result<Receipt>> Writer::commit(Batch batch) {
  auto start = [](auto handler, Writer* writer, Batch work) {
    using Pending = WaitingFor<decltype(handler)>;
    writer->enqueue(std::make_unique<Pending>(std::move(handler), *writer, std::move(work)));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Result<Receipt>)>(
      std::move(start), asio::use_awaitable, this, std::move(batch));
}

void Writer::enqueue(std::unique_ptr<Waiting> waiting) {
  if (!thread_.joinable()) {
    Group alone;
    alone.push_back(std::move(waiting));
    finish(alone);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < limits_.queue_max) queue_.push_back(std::move(waiting));
  }
  if (waiting) {
    waiting->answer(Error(Errc::store_unavailable, "too many commits are waiting for the disk"));
  } else {
    woken_.notify_one();
  }
}

void Writer::run() {
  for (Group group = take_group(); !group.empty(); group = take_group()) finish(group);
}

void Writer::finish(const Group& group) {
  auto answers = execute(group);
  for (std::size_t i = 0; i < group.size(); ++i) group[i]->answer(std::move(answers[i]));
  tidy_log();
}

Writer::Group Writer::take_group() {
  std::unique_lock lock(mutex_);
  woken_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  Group group;
  while (!queue_.empty() && group.size() < limits_.group_max) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

std::vector<Result<Receipt>> Writer::execute(const Group& group) {
  const auto refuse_all = [&](const std::string& why) {
    return std::vector<Result<Receipt>>(group.size(), Error(Errc::store_unavailable, why));
  };
  if (database_->broken()) return refuse_all("writing has stopped since the disk failed; a restart recovers");
  std::vector<const Batch*> batches;
  for (const auto& waiting : group) batches.push_back(&waiting->batch);
  try {
    const std::int64_t before = database_->commits();
    auto answers = commit_group(*database_, batches);
    transactions_ += database_->commits() - before;
    note_health();
    return answers;
  } catch (const std::exception& e) {  // no memory: nothing was committed
    if (database_->in_transaction()) (void)database_->execute("ROLLBACK");
    return refuse_all(e.what());
  }
}

void Writer::tidy_log() {
  if (database_->broken() || database_->log_pages() < limits_.log_pages_max) return;
  if (auto done = database_->checkpoint(); !done) {
    log::warn("store.checkpoint_failed", {{"code", done.code()}, {"message", done.error().message}});
  }
  note_health();
}

void Writer::note_health() {
  if (!database_->broken() || !healthy_.exchange(false)) return;
  log::error("store.stopped", {{"message", "the disk failed: nothing is written any more until a restart"}});
}

}  // namespace purser::sqlite
