#include "tests/support/cutting_proxy.hpp"

#include <cstring>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace purser::test {
namespace {

constexpr int kLookMs = 20;

sockaddr_un address_in(const std::string& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/.s.PGSQL.5432";
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the path of a socket is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

// False at the end of the connection.
bool pass_on(int from, int to, std::string& bytes) {
  char buffer[65'536];
  const auto count = ::read(from, buffer, sizeof buffer);
  if (count <= 0) return false;
  bytes.assign(buffer, static_cast<std::size_t>(count));
  return to < 0 || ::write(to, buffer, static_cast<std::size_t>(count)) == count;
}

bool wait_readable(int descriptor, int milliseconds) {
  pollfd one{descriptor, POLLIN, 0};
  return ::poll(&one, 1, milliseconds) > 0;
}

}  // namespace

CuttingProxy::CuttingProxy(std::string folder, std::string server_folder) : server_folder_(std::move(server_folder)) {
  const sockaddr_un address = address_in(folder);
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 16) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  accepting_ = std::thread([this] { accept_all(); });
}

CuttingProxy::~CuttingProxy() {
  stopping_ = true;
  accepting_.join();
  for (auto& one : connections_) one.join();
  ::close(listener_);
}

void CuttingProxy::accept_all() {
  while (!stopping_) {
    if (!wait_readable(listener_, kLookMs)) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) connections_.emplace_back([this, client] { serve(client); });
  }
}

void CuttingProxy::cut(Cut when, const std::string& words) {
  const std::scoped_lock hold(told_);
  cuts_.push_back({when, words});
}

bool CuttingProxy::has_cut() {
  const std::scoped_lock hold(told_);
  return cuts_.empty();
}

void CuttingProxy::misspell(const std::string& words, const std::string& others) {
  if (words.size() != others.size()) throw std::logic_error("a message keeps its length");
  const std::scoped_lock hold(told_);
  misspelt_ = words;
  misspelling_ = others;
}

bool CuttingProxy::hand_on(std::string& bytes, int server) {
  std::optional<Cut> now;
  {
    const std::scoped_lock hold(told_);
    if (!cuts_.empty() && bytes.find(cuts_.front().words) != std::string::npos) {
      now = cuts_.front().when;
      cuts_.pop_front();
    }
    const auto at = misspelt_.empty() ? std::string::npos : bytes.find(misspelt_);
    if (at != std::string::npos) bytes.replace(at, misspelt_.size(), misspelling_);
  }
  if (now == Cut::before) return false;
  if (::write(server, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return false;
  if (!now) return true;
  (void)pass_on(server, -1, bytes);  // it is done, and nobody is told
  return false;
}

void CuttingProxy::serve(int client) {
  const sockaddr_un address = address_in(server_folder_);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  std::string bytes;
  while (open && !stopping_) {
    pollfd both[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (::poll(both, 2, kLookMs) <= 0) continue;
    if (both[1].revents != 0) open = pass_on(server, client, bytes);
    if (!open || both[0].revents == 0) continue;
    open = pass_on(client, -1, bytes) && hand_on(bytes, server);
  }
  ::close(server);
  ::close(client);
}

}  // namespace purser::test
