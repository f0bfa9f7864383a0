#include "gateway/store/group_writer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>

namespace purser {
namespace {

bool gives_work(const Batch& batch) {
  return std::ranges::any_of(batch.operations, [](const Operation& operation) {
    return std::holds_alternative<op::PutWork>(operation) || std::holds_alternative<op::AddWork>(operation);
  });
}

Change change_of(const Receipt& receipt, bool work) {
  Change change;
  change.work = work;
  for (const StreamEvent& event : receipt.events) {
    if (std::ranges::find(change.threads, event.thread) == change.threads.end()) change.threads.push_back(event.thread);
  }
  return change;
}

}  // namespace

Change change_of(const Batch& batch, const Receipt& receipt) {
  return change_of(receipt, gives_work(batch));
}

template <class Handler>
struct GroupWriter::WaitingFor final : Waiting {
  WaitingFor(Handler then, GroupWriter& writer, Batch work)
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

GroupWriter::GroupWriter(Execute execute, std::function<void()> after, Limits limits, Clock& clock)
    : execute_(std::move(execute)), after_(std::move(after)), limits_(limits), clock_(clock) {
  if (!clock_.works_inline()) thread_ = std::thread([this] { run(); });
}

GroupWriter::~GroupWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Task<Result<Receipt>> GroupWriter::commit(Batch batch) {
  auto start = [](auto handler, GroupWriter* writer, Batch work) {
    using Pending = WaitingFor<decltype(handler)>;
    writer->enqueue(std::make_unique<Pending>(std::move(handler), *writer, std::move(work)));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Result<Receipt>)>(
      std::move(start), asio::use_awaitable, this, std::move(batch));
}

void GroupWriter::enqueue(std::unique_ptr<Waiting> waiting) {
  if (!thread_.joinable()) {
    Taken alone;
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

void GroupWriter::run() {
  for (Taken taken = take_group(); !taken.empty(); taken = take_group()) finish(taken);
}

void GroupWriter::finish(const Taken& taken) {
  Group group;
  for (const auto& waiting : taken) group.push_back(&waiting->batch);
  auto answers = execute_(group);
  for (std::size_t i = 0; i < taken.size(); ++i) taken[i]->answer(std::move(answers[i]));
  if (after_) after_();
}

GroupWriter::Taken GroupWriter::take_group() {
  std::unique_lock lock(mutex_);
  woken_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  Taken taken;
  while (!queue_.empty() && taken.size() < limits_.group_max) {
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

}  // namespace purser
