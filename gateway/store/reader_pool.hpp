// A few threads with a connection of their own for reading. A read sees what was committed when it began, and never
// waits for the writer.
#pragma once

#include "gateway/async/run_on.hpp"
#include "gateway/async/threads_for.hpp"

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace purser {

template <class Connection>
class ReaderPool {
 public:
  // One thread a connection, none under a clock that works inline; at least one connection. `clock` and the executors
  // of all who ask outlive this.
  ReaderPool(std::vector<std::unique_ptr<Connection>> connections, Clock& clock)
      : own_(std::move(connections)), clock_(clock), pool_(threads_for(clock, own_.size())) {
    for (const auto& connection : own_) idle_.push_back(connection.get());
  }
  // Reads through a connection that somebody else owns and that outlives this; under a clock that works inline, where
  // nobody uses it meanwhile.
  ReaderPool(Connection& borrowed, Clock& clock) : idle_{&borrowed}, clock_(clock), pool_(threads_for(clock, 1)) {}
  // Finishes what was asked.
  ~ReaderPool() { pool_.join(); }
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  // Runs query(Connection&) -> Result<T> on a thread of the pool.
  template <class Query>
  auto ask(Query query) -> Task<std::invoke_result_t<Query&, Connection&>> {
    return run_on(clock_, pool_, [this, query = std::move(query)]() mutable {
      Lease lease(*this);
      return query(*lease.connection);
    });
  }

 private:
  struct Lease {
    explicit Lease(ReaderPool& from) : readers(from), connection(from.take()) {}
    ~Lease() { readers.give(connection); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ReaderPool& readers;
    Connection* connection;
  };

  Connection* take() {
    const std::lock_guard lock(mutex_);
    Connection* connection = idle_.back();  // there are as many as threads
    idle_.pop_back();
    return connection;
  }
  void give(Connection* connection) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(connection);
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> own_;
  std::vector<Connection*> idle_;
  Clock& clock_;
  asio::thread_pool pool_;  // last: its threads end before the connections do
};

}  // namespace purser
