#include "agent/thread/history.hpp"

#include <algorithm>
#include <set>

namespace purser {

namespace {

constexpr const char* kNotRun =
    R"({"status":"refused","code":"canceled","reason":"the turn ended before this call ran; nothing happened"})";

bool begins(const Message& message) {
  return message.role == Role::user || message.role == Role::event;
}

// The answers that follow `at`, in the order of the calls; absent ones are made up.
std::vector<Message> answers(const std::vector<Message>& stored, std::size_t at) {
  std::vector<Message> out;
  for (const ToolCall& call : stored[at].calls) {
    Message answer;
    answer.role = Role::tool;
    answer.thread = stored[at].thread;
    answer.turn = stored[at].turn;
    answer.call_id = call.id;
    answer.text = kNotRun;
    for (std::size_t i = at + 1; i < stored.size() && stored[i].turn == stored[at].turn; ++i)
      if (stored[i].role == Role::tool && stored[i].call_id == call.id) {
        answer = stored[i];
        break;
      }
    out.push_back(std::move(answer));
  }
  return out;
}

// A model may use the id of an earlier turn's call again; providers want each one once in a history. The later call and
// its answers, which stand right behind it, get a name of their own, the same each time.
void tell_calls_apart(std::vector<Message>& history) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < history.size(); ++i) {
    for (std::size_t c = 0; c < history[i].calls.size(); ++c) {
      std::string& id = history[i].calls[c].id;
      const std::string given = id;
      for (int n = 2; !seen.insert(id).second; ++n) id = given + "_" + std::to_string(n);
      if (i + 1 + c < history.size() && history[i + 1 + c].call_id == given) history[i + 1 + c].call_id = id;
    }
  }
}

}  // namespace

std::vector<Message> provider_valid(std::vector<Message> stored) {
  const auto first = std::find_if(stored.begin(), stored.end(), begins);
  stored.erase(stored.begin(), first);
  std::vector<Message> out;
  out.reserve(stored.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i].role == Role::tool) continue;  // placed right behind its call
    out.push_back(stored[i]);
    if (stored[i].role != Role::assistant || stored[i].calls.empty()) continue;
    for (Message& answer : answers(stored, i)) out.push_back(std::move(answer));
  }
  tell_calls_apart(out);
  return out;
}

}  // namespace purser
