// Stands between a client and a PostgreSQL on a Unix socket, passes everything on, and once cuts both connections at
// the moment a COMMIT passes: before the server has it, or when the server has answered and the client has not heard.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace purser::test {

class CuttingProxy {
 public:
  enum class Cut : std::uint8_t { never, before_commit, after_commit };

  // Listens in `folder` for what is meant for the server whose socket is in `server_folder`.
  CuttingProxy(std::string folder, std::string server_folder);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  // The next COMMIT, once.
  void cut(Cut when) { cut_ = when; }
  bool has_cut() const { return cut_ == Cut::never; }

 private:
  void accept_all();
  void serve(int client);

  const std::string server_folder_;
  int listener_ = -1;
  std::atomic<Cut> cut_{Cut::never};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> connections_;
  std::thread accepting_;
};

}  // namespace purser::test
