// The sockets of a run over loopback: clients of a purser that is a process of its own, the model that it asks, and the
// controls of its rail. Single-threaded: everything happens while until() or settle() runs the loop.
#pragma once

#include "agent/replay/model_wire.hpp"
#include "agent/replay/process.hpp"
#include "agent/replay/script.hpp"
#include "gateway/async/one_shot.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/http/client.hpp"
#include "gateway/http/server.hpp"

#include <boost/asio/io_context.hpp>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace purser::replay {

// What a client asked, and what it got.
struct SocketAnswer {
  bool come = false;
  int status = 0;  // 0: the connection failed, and `body` says how
  std::string body;
  std::string asked;     // "POST /v1/threads"
  std::size_t step = 0;  // that asked
  bool stated = false;   // a step says how it is answered
  bool judged = false;
  bool own = true;  // asked with the key of the script's tenant
};
using SocketAnswerPtr = std::shared_ptr<SocketAnswer>;

class SocketWire {
 public:
  // Starts `program` as the daemon. Throws std::runtime_error when it does not come up.
  SocketWire(const Script& script, const std::string& program);
  ~SocketWire();
  SocketWire(const SocketWire&) = delete;
  SocketWire& operator=(const SocketWire&) = delete;

 protected:
  using json = nlohmann::json;
  struct Question {
    json body;
    std::shared_ptr<OneShot<http::Response>> slot;
  };
  struct Heard {
    std::string thread;
    json event;  // {"type", "data"}
  };

  void fail(const std::string& what) { fail_at(at_, what); }
  void fail_at(std::size_t step, const std::string& what);
  // Of another tenant with as "other", without a key as "nobody".
  SocketAnswerPtr ask(const std::string& method, const std::string& url, const json& body, const std::string& key = {},
                      const std::string& as = "own");
  SocketAnswer now(const std::string& method, const std::string& url, const json& body, const std::string& key = {});
  // A POST to the rail's control; anything but 2xx is a failure.
  SocketAnswer control(const std::string& path, const json& body);
  // Its events are in `heard_` as they arrive.
  void follow_thread(const std::string& id);

  // Runs the loop until that holds, at most eight seconds. False: it never did.
  template <class Holds>
  bool until(const Holds& holds) {
    const auto limit = clock_.now() + kPatience;
    while (!holds() && clock_.now() < limit) run_for(std::chrono::milliseconds(10));
    return holds();
  }
  void run_for(std::chrono::milliseconds time) {
    loop_.restart();
    loop_.run_one_for(time);
  }
  // Until nothing stirs: every client of `calls_` has its answer, or a question waits for the script.
  void settle();
  void stirred() { last_ = clock_.now(); }
  // What the model sends for a request: in the pieces that the script says, each on its own, and broken off where it
  // is cut.
  static http::Response response_of(SystemClock& clock, Served served, bool in_pieces);

  static constexpr std::chrono::seconds kPatience{8};

  const Script& script_;
  SystemClock clock_;

 private:
  // Before what stands on it.
  asio::io_context loop_{1};
  TaskGroup group_;
  http::Server model_;
  std::unique_ptr<http::Client> client_;

 protected:
  std::unique_ptr<Process> daemon_;
  std::string rail_;  // where its controls are
  std::deque<Question> questions_;
  std::vector<Heard> heard_;
  std::vector<SocketAnswerPtr> calls_;
  Quoted said_;  // by clients and by the model
  std::vector<std::string> failures_;
  std::int64_t models_asked_ = 0;
  std::size_t at_ = 0;  // the step that is played

 private:
  Task<http::Response> asked(http::Request request);
  Task<void> exchange(http::Call call, SocketAnswerPtr answer);
  Task<void> follow(std::string thread);
  Task<void> end();
  static Task<void> send_pieces(SystemClock& clock, std::shared_ptr<const Served> served, http::StreamSink sink);
  static http::Call call_to(const std::string& method, const std::string& url);

  Clock::time_point last_ = clock_.now();
};

}  // namespace purser::replay
