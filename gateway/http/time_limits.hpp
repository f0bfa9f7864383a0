// The time limits of all connections of one server, kept by one coroutine. Setting a limit is cheap enough for every
// step of every request: the queue is touched only when a limit moves closer, and found again when an old one runs out.
#pragma once

#include "gateway/async/signal.hpp"

#include <map>

namespace purser::http {

class TimeLimits {
 public:
  class Subject;
  using Queue = std::multimap<Clock::time_point, Subject*>;

  // Something that must not take longer than its limit. Unlisted when it dies; the TimeLimits outlive it.
  class Subject {
   public:
    Subject() = default;
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    // Called once for each limit that was reached. Sets and clears no limit itself.
    virtual void time_is_up() = 0;

   protected:
    virtual ~Subject();

   private:
    friend class TimeLimits;
    TimeLimits* owner_ = nullptr;  // set while it is in the queue
    Queue::iterator place_{};
    Clock::time_point limit_ = Clock::time_point::max();
  };

  TimeLimits(boost::asio::any_io_executor executor, Clock& clock);

  void set(Subject& subject, Clock::duration from_now);
  void clear(Subject& subject) { subject.limit_ = Clock::time_point::max(); }

  // Runs until canceled.
  Task<void> run();

 private:
  void enqueue(Subject& subject);
  void sweep();

  Clock& clock_;
  Notifier sooner_;
  Clock::time_point awake_at_ = Clock::time_point::max();
  Queue queue_;
};

}  // namespace purser::http
