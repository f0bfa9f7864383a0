#include "gateway/async/mutex.hpp"

#include "gateway/async/completion.hpp"

namespace purser {

// Lives in the frame of a waiting coroutine. Whatever ends that frame, the lock is not lost with it.
struct AsyncMutex::Waiter {
  Waiter(AsyncMutex& m, const asio::any_io_executor& ex)
      : mutex(m), bell(ex, asio::steady_timer::time_point::max()), place(m.queue_.insert(m.queue_.end(), this)) {}
  ~Waiter() {
    if (granted) {
      if (!taken) mutex.unlock();
    } else {
      mutex.queue_.erase(place);
    }
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  AsyncMutex& mutex;
  asio::steady_timer bell;
  std::list<Waiter*>::iterator place;
  bool granted = false;
  bool taken = false;
};

Task<Result<AsyncMutex::Guard>> AsyncMutex::lock() {
  if (!locked_) {
    locked_ = true;
    co_return Guard(*this);
  }
  auto ex = co_await asio::this_coro::executor;
  Waiter self(*this, ex);
  (void)co_await self.bell.async_wait(kTuple);
  if (!self.granted) co_return Error(Errc::canceled);
  self.taken = true;
  co_return Guard(*this);
}

void AsyncMutex::unlock() {
  if (queue_.empty()) {
    locked_ = false;
    return;
  }
  Waiter* next = queue_.front();
  queue_.pop_front();
  next->granted = true;  // locked_ stays: the lock passes from hand to hand
  next->bell.cancel();
}

KeyedMutex::Guard::Guard() noexcept : owner_(nullptr) {}

KeyedMutex::Guard::Guard(KeyedMutex& owner, const std::string& key) : owner_(&owner), key_(key) {
  ++owner.entries_[key].users;
}

KeyedMutex::Guard::Guard(Guard&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)), inner_(std::move(other.inner_)) {}

KeyedMutex::Guard& KeyedMutex::Guard::operator=(Guard&& other) noexcept {
  if (this == &other) return *this;
  release();
  owner_ = std::exchange(other.owner_, nullptr);
  key_ = std::move(other.key_);
  inner_ = std::move(other.inner_);
  return *this;
}

KeyedMutex::Guard::~Guard() {
  release();
}

void KeyedMutex::Guard::release() {
  inner_.release();
  KeyedMutex* owner = std::exchange(owner_, nullptr);
  if (owner == nullptr) return;
  auto entry = owner->entries_.find(key_);
  if (--entry->second.users == 0) owner->entries_.erase(entry);
}

Task<Result<KeyedMutex::Guard>> KeyedMutex::lock(std::string key) {
  Guard guard(*this, key);  // counted before the wait, so the entry stays
  auto inner = co_await entries_[key].mutex.lock();
  if (!inner) co_return inner.error();
  guard.inner_ = std::move(*inner);
  co_return std::move(guard);
}

}  // namespace purser
