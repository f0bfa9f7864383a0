// Hears what other daemons commit, on a connection of its own. Only for waking: whoever misses a word looks again a
// little later anyway.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/store/postgres/connection.hpp"
#include "gateway/store/store.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <string>

namespace purser::postgres {

class Listener {
 public:
  // Behind a pooler in transaction mode LISTEN goes unheard, and an engine may not know it: then everything is found
  // kLookAnyway later.
  static constexpr Millis kLookAnyway{5'000};
  static constexpr Millis kRetry{1'000};

  Listener(Address address, std::string self, Clock& clock)
      : connection_(std::move(address)), self_(std::move(self)), clock_(clock) {}
  ~Listener() { pool_.join(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Until canceled, on the loop of its caller.
  Task<void> run(std::function<void(const Change&)> tell);

 private:
  Result<bool> begin_listening();
  Task<Result<void>> listen(const std::function<void(const Change&)>& tell);
  Task<Result<void>> readable();

  Connection connection_;
  const std::string self_;
  Clock& clock_;
  asio::thread_pool pool_{1};  // connects, which blocks
};

}  // namespace purser::postgres
