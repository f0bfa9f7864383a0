// What a run over sockets can see of its daemon: the API's rows and messages, the events of its threads, the rail's
// record, and the books by `purser ledger` beside it. All of it as scripts speak of it; nothing waits for anything.
#pragma once

#include "agent/replay/judged.hpp"
#include "agent/replay/loopback_wire.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace purser::replay {

class SocketView : protected SocketWire {
 protected:
  using SocketWire::SocketWire;

  // How far everything had come at some moment; what came later is what a step caused.
  struct Before {
    std::size_t heard = 0;
    std::int64_t models_asked = 0;
    std::int64_t message = 0;                  // of the step's thread
    std::map<std::string, std::size_t> lines;  // of the ledger, by thread
    std::size_t rail_calls = 0;
  };
  // What takes a request to find out is asked for only where `expected` wants it.
  Before now_of(const json& expected, const std::string& thread);

  // Ids of what was made so far, in its order, and their names in captures_: "intent1", "order1", "refund1",
  // "refundno1".
  void capture_names();
  // A row as Stage::view shows it, but for what the API leaves out; null when there is none.
  json intent(const std::string& id);
  json refund(const std::string& id);
  std::string refund_number(const std::string& id);
  json resource(const std::string& path);

  // Of one thread, since then.
  json events_since(const Before& before, const std::string& thread, bool cards) const;
  // The last thing that was said to the customer; null: nothing.
  json reply_since(const Before& before, const std::string& thread) const;
  json refusals_since(const Before& before, const std::string& thread);
  // Of all threads that the script has made.
  json ledger_since(const Before& before);
  std::vector<CalledTool> called_tools();
  std::vector<std::string> rail_calls();
  bool books_hold() const { return daemon_->run({"ledger", "verify"}).code == 0; }

  // Threads of the script that it has no name for, through a door that does not say which: what all threads did cannot
  // be told then.
  bool made_others() const;

  Captures captures_;
  std::map<std::string, std::string> threads_;  // ids, by name
  std::vector<std::string> intents_;
  std::vector<std::string> refunds_;

 private:
  struct Line {
    std::int64_t at_ms = 0;
    json told;  // {"capture": 17600, "intent": "pi_..."}
  };
  std::vector<std::string> threads() const;
  std::vector<json> messages(const std::string& thread, std::int64_t after);
  std::vector<Line> lines_of(const std::string& thread) const;

  std::size_t named_ = 0;
};

}  // namespace purser::replay
