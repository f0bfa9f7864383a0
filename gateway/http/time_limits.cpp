#include "gateway/http/time_limits.hpp"

namespace purser::http {

TimeLimits::Subject::~Subject() {
  if (owner_ != nullptr) owner_->queue_.erase(place_);
}

TimeLimits::TimeLimits(boost::asio::any_io_executor executor, Clock& clock)
    : clock_(clock), sooner_(std::move(executor), clock) {}

void TimeLimits::set(Subject& subject, Clock::duration from_now) {
  subject.limit_ = clock_.now() + from_now;
  if (subject.owner_ == nullptr || subject.limit_ < subject.place_->first) enqueue(subject);
}

void TimeLimits::enqueue(Subject& subject) {
  if (subject.owner_ == nullptr) {
    subject.owner_ = this;
    subject.place_ = queue_.emplace(subject.limit_, &subject);
  } else {
    auto node = queue_.extract(subject.place_);
    node.key() = subject.limit_;
    subject.place_ = queue_.insert(std::move(node));
  }
  if (subject.limit_ < awake_at_) sooner_.notify();
}

void TimeLimits::sweep() {
  const auto now = clock_.now();
  while (!queue_.empty() && queue_.begin()->first <= now) {
    Subject& subject = *queue_.begin()->second;
    if (subject.limit_ > now && subject.limit_ < Clock::time_point::max()) {
      enqueue(subject);  // it was given more time since
      continue;
    }
    queue_.erase(subject.place_);
    subject.owner_ = nullptr;
    if (subject.limit_ > now) continue;
    subject.limit_ = Clock::time_point::max();
    subject.time_is_up();
  }
}

Task<void> TimeLimits::run() {
  for (;;) {
    const auto seen = sooner_.count();
    sweep();
    awake_at_ = queue_.empty() ? Clock::time_point::max() : queue_.begin()->first;
    const Deadline limit{awake_at_};
    auto woken = co_await sooner_.wait_since(seen, limit);
    if (!woken && woken.code() == Errc::canceled) co_return;
  }
}

}  // namespace purser::http
