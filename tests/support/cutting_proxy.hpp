// Stands between a client and a PostgreSQL on a Unix socket and passes everything on, but for what it was told to
// spoil.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace purser::test {

class CuttingProxy {
 public:
  enum class Cut : std::uint8_t {
    before,  // both connections, before the server has it
    after,   // both connections, when the server has answered and the client has not heard
  };

  // Listens in `folder` for what is meant for the server whose socket is in `server_folder`.
  CuttingProxy(std::string folder, std::string server_folder);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  // The next time that `words` pass, once; COMMIT as a statement of its own unless said otherwise. What is told behind
  // it waits for its turn.
  void cut(Cut when, const std::string& words = std::string("COMMIT\0", 7));
  bool has_cut();
  // From now on the server reads `words` as `others`, which are as many.
  void misspell(const std::string& words, const std::string& others);

 private:
  struct Plan {
    Cut when;
    std::string words;
  };

  void accept_all();
  void serve(int client);
  // False: the connection ends. `bytes` came from the client.
  bool hand_on(std::string& bytes, int server);

  const std::string server_folder_;
  int listener_ = -1;
  std::mutex told_;
  std::deque<Plan> cuts_;
  std::string misspelt_;
  std::string misspelling_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> connections_;
  std::thread accepting_;
};

}  // namespace purser::test
