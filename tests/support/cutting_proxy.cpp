#include "tests/support/cutting_proxy.hpp"

#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <string_view>
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
    open = pass_on(client, -1, bytes);
    if (!open) break;
    const bool commits = std::string_view(bytes).find(std::string_view("COMMIT\0", 7)) != std::string_view::npos;
    const Cut now = commits ? cut_.exchange(Cut::never) : Cut::never;
    if (now == Cut::before_commit) break;
    open = ::write(server, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    if (now == Cut::after_commit) {
      (void)pass_on(server, -1, bytes);  // it has committed, and nobody is told
      break;
    }
  }
  ::close(server);
  ::close(client);
}

}  // namespace purser::test
