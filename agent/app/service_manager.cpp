#include "agent/app/service_manager.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace purser {
namespace {

std::optional<Clock::duration> half_of(const std::string& microseconds) {
  std::int64_t number = 0;
  const auto end = microseconds.data() + microseconds.size();
  const auto read = std::from_chars(microseconds.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number < 2) return std::nullopt;
  return std::chrono::duration_cast<Clock::duration>(std::chrono::microseconds(number / 2));
}

}  // namespace

ServiceManager::ServiceManager(const std::map<std::string, std::string>& environment) {
  const auto socket = environment.find("NOTIFY_SOCKET");
  if (socket == environment.end() || socket->second.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (!socket->second.starts_with('/') && !socket->second.starts_with('@')) return;
  socket_ = socket->second;
  const auto watchdog = environment.find("WATCHDOG_USEC");
  if (watchdog != environment.end()) beat_ = half_of(watchdog->second);
}

void ServiceManager::tell(std::string_view state) const {
  if (socket_.empty()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.starts_with('@')) address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int out = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (out < 0) return;
  (void)::sendto(out, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  ::close(out);
}

Task<void> ServiceManager::keep_alive(Clock& clock) const {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  while (beat_) {
    tell("WATCHDOG=1");
    const auto next = clock.now() + *beat_;
    const auto slept = co_await clock.sleep_until(next);
    if (!slept) co_return;
  }
}

}  // namespace purser
