// A few threads with a read-only connection each. A read sees what was committed when it began, and never waits for the
// writer.
#pragma once

#include "gateway/async/run_on.hpp"
#include "gateway/store/sqlite/database.hpp"

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace purser::sqlite {

class Readers {
 public:
  // One thread a connection; at least one. `clock` and the executors of all who ask outlive this.
  Readers(std::vector<std::unique_ptr<Database>> connections, Clock& clock)
      : idle_(std::move(connections)), clock_(clock), pool_(idle_.size()) {}
  // Finishes what was asked.
  ~Readers() { pool_.join(); }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // Runs query(Database&) -> Result<T> on a thread of the pool.
  template <class Query>
  auto ask(Query query) -> Task<std::invoke_result_t<Query&, Database&>> {
    return run_on(clock_, pool_, [this, query = std::move(query)]() mutable {
      Lease lease(*this);
      return query(*lease.connection);
    });
  }

 private:
  struct Lease {
    explicit Lease(Readers& from) : readers(from), connection(from.take()) {}
    ~Lease() { readers.give(std::move(connection)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Readers& readers;
    std::unique_ptr<Database> connection;
  };

  std::unique_ptr<Database> take() {
    const std::lock_guard lock(mutex_);
    auto connection = std::move(idle_.back());  // there are as many as threads
    idle_.pop_back();
    return connection;
  }
  void give(std::unique_ptr<Database> connection) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_;
  Clock& clock_;
  asio::thread_pool pool_;  // last: its threads end before the connections do
};

}  // namespace purser::sqlite
