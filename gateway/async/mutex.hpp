// Exclusion between coroutines of one thread that hold something across a co_await. Fair: first come, first served,
// nobody barges in. A waiter that is canceled leaves the queue; one that was just given a place passes it on. A
// semaphore or mutex outlives its guards and waiters.
#pragma once

#include "gateway/async/task.hpp"
#include "validation/money/result.hpp"

#include <boost/asio/steady_timer.hpp>

#include <list>
#include <map>
#include <string>

namespace purser {

// Lets in so many at a time.
class Semaphore {
 public:
  // Holds a place until it dies or is assigned over. Empty when default constructed or moved from.
  class Guard {
   public:
    Guard() noexcept : of_(nullptr) {}
    explicit Guard(Semaphore& of) noexcept : of_(&of) {}
    Guard(Guard&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Guard& operator=(Guard&& other) noexcept {
      release();
      of_ = std::exchange(other.of_, nullptr);
      return *this;
    }
    ~Guard() { release(); }

    bool holds() const { return of_ != nullptr; }
    void release() {
      if (Semaphore* held = std::exchange(of_, nullptr)) held->unlock();
    }

   private:
    Semaphore* of_;
  };

  explicit Semaphore(std::size_t places) : free_(places) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Error: canceled, and no place is held. Fits with_timeout.
  Task<Result<Guard>> lock();
  bool locked() const { return free_ == 0; }

 private:
  struct Waiter;

  void unlock();

  std::size_t free_;
  std::list<Waiter*> queue_;  // empty while a place is free
};

class AsyncMutex : public Semaphore {
 public:
  AsyncMutex() : Semaphore(1) {}
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
