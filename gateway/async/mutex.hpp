// Mutual exclusion between coroutines of one thread that hold something across a co_await. Fair: first come, first
// served, nobody barges in. A waiter that is canceled leaves the queue; one that was just given the lock passes it on.
// A mutex outlives its guards and waiters.
#pragma once

#include "gateway/async/task.hpp"
#include "validation/money/result.hpp"

#include <boost/asio/steady_timer.hpp>

#include <list>
#include <map>
#include <string>

namespace purser {

class AsyncMutex {
 public:
  // Holds the lock until it dies or is assigned over. Empty when default constructed or moved from.
  class Guard {
   public:
    Guard() noexcept : mutex_(nullptr) {}
    explicit Guard(AsyncMutex& mutex) noexcept : mutex_(&mutex) {}
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&& other) noexcept {
      release();
      mutex_ = std::exchange(other.mutex_, nullptr);
      return *this;
    }
    ~Guard() { release(); }

    bool holds() const { return mutex_ != nullptr; }
    void release() {
      if (AsyncMutex* held = std::exchange(mutex_, nullptr)) held->unlock();
    }

   private:
    AsyncMutex* mutex_;
  };

  AsyncMutex() = default;
  AsyncMutex(const AsyncMutex&) = delete;
  AsyncMutex& operator=(const AsyncMutex&) = delete;

  // Error: canceled, and the lock is not held. Fits with_timeout.
  Task<Result<Guard>> lock();
  bool locked() const { return locked_; }

 private:
  struct Waiter;

  void unlock();

  bool locked_ = false;
  std::list<Waiter*> queue_;
};

// One AsyncMutex a key; keys nobody holds or waits for take no memory.
class KeyedMutex {
 public:
  class Guard {
   public:
    Guard() noexcept;
    Guard(Guard&& other) noexcept;
    Guard& operator=(Guard&& other) noexcept;
    ~Guard();

    bool holds() const { return inner_.holds(); }
    void release();

   private:
    friend class KeyedMutex;
    Guard(KeyedMutex& owner, const std::string& key);

    KeyedMutex* owner_;
    std::string key_;
    AsyncMutex::Guard inner_;
  };

  // As AsyncMutex::lock, among those who ask for the same key.
  Task<Result<Guard>> lock(std::string key);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    AsyncMutex mutex;
    std::size_t users = 0;  // holding or waiting
  };

  std::map<std::string, Entry> entries_;
};

}  // namespace purser
