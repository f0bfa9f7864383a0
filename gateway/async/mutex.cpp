#include "gateway/async/mutex.hpp"

#include "gateway/async/completion.hpp"

namespace purser {

// Lives in the frame of a waiting coroutine. Whatever ends that frame, the lock is not lost with it.
struct Semaphore::Waiter {
  Waiter(Semaphore& s, const asio::any_io_executor& ex)
      : of(s), bell(ex, asio::steady_timer::time_point::max()), place(s.queue_.insert(s.queue_.end(), this)) {}
  ~Waiter() {
    if (granted) {
      if (!taken) of.unlock();
    } else {
      of.queue_.erase(place);
    }
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  Semaphore& of;
  asio::steady_timer bell;
  std::list<Waiter*>::iterator place;
  bool granted = false;
  bool taken = false;
};

Task<Result<Semaphore::Guard>> Semaphore::lock() {
  if (free_ > 0) {
    --free_;
    co_return Guard(*this);
  }
  auto ex = co_await asio::this_coro::executor;
  Waiter self(*this, ex);
  (void)co_await self.bell.async_wait(kTuple);
  if (!self.granted) co_return Error(Errc::canceled);
  self.taken = true;
  co_return Guard(*this);
}

void Semaphore::unlock() {
  if (queue_.empty()) {
    ++free_;
    return;
  }
  Waiter* next = queue_.front();
  queue_.pop_front();
  next->granted = true;  // the place passes from hand to hand and is never free between
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
