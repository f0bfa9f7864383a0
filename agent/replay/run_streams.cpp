// The clients of a run that follow the events of a thread.
#include "agent/replay/run.hpp"

#include <algorithm>

namespace purser::replay {

std::vector<std::int64_t> Following::seen() const {
  std::vector<std::int64_t> out;
  const std::string& text = call->streamed;
  for (auto at = text.find("id: "); at != text.npos; at = text.find("\nid: ", at + 1))
    out.push_back(std::stoll(text.substr(text.find_first_of("0123456789", at))));
  return out;
}

std::int64_t Following::last() const {
  const auto ids = seen();
  return ids.empty() ? after : ids.back();
}

void Run::follow_on(const std::string& name, std::int64_t after) {
  auto call = std::make_shared<ClientCall>("GET", "/v1/threads/" + stage_.id_of(name) + "/events");
  call->headers = {
      {"Host", "127.0.0.1:7000"}, {"Authorization", "Bearer " + std::string(kApiKey)}, {"Accept", "text/event-stream"}};
  if (after > 0) call->headers.emplace_back("Last-Event-ID", std::to_string(after));
  call->drop_after_events = derived_.follow_events;
  world_.ask(call);
  followers_[name].push_back({std::move(call), after});
}

void Run::client(const json& s) {
  const std::string name = s.value("thread", "main");
  const json& how = s["client"];
  if (!stage_.knows(name)) return fail("\"client\": the thread " + name + " is not made yet");
  auto& followers = followers_[name];
  if (how.contains("disconnect")) {
    if (followers.empty() || followers.back().is_over()) {
      if (is_plain()) fail("\"disconnect\": no client is connected");
      return;
    }
    followers.back().call->hung_up = true;
    return;
  }
  if (how.contains("connect") && is_plain() && !followers.empty() && !followers.back().is_over())
    return fail("\"connect\": a client is connected already");
  std::int64_t after = 0;
  if (how.contains("reconnect")) {
    if (followers.empty() && is_plain()) return fail("\"reconnect\": no client was connected before");
    const json& from = how["reconnect"];
    after = from.contains("from_event") || followers.empty() ? from.value("from_event", std::int64_t{0})
                                                             : followers.back().last();
    std::int64_t newest = 0;
    for (const StreamEvent& event : world_.mirror().events)
      if (event.thread.str() == stage_.id_of(name)) newest = std::max(newest, event.seq);
    if (is_plain() && from.contains("from_event") && after > newest && given_.value("database", "").empty())
      return fail("\"from_event\": the thread has had no event " + std::to_string(after));
  }
  follow_on(name, after);
}

// Each thread has a follower that comes back with the last id it saw, until it stays or is told nothing new.
void Run::follow() {
  if (derived_.follow_events == 0 || !world_.up()) return;
  bool again = false;
  for (bool connected = true; connected; again = true) {
    connected = false;
    for (const auto& [name, id] : stage_.threads()) {
      const auto& followers = followers_[name];
      if (!followers.empty() && !followers.back().is_over()) continue;
      if (again && followers.back().last() == followers.back().after) continue;
      follow_on(name, followers.empty() ? 0 : followers.back().last());
      connected = true;
    }
    world_.settle();
  }
}

// Nobody waits at a stream for hours of virtual time, each with its heartbeats.
void Run::hang_up() {
  if (derived_.follow_events == 0) return;
  for (auto& [name, followers] : followers_)
    if (!followers.empty()) followers.back().call->hung_up = true;
}

// Who follows a thread sees each event after the one named once, in its order, and none is left out.
void Run::streams() {
  Mirror& mirror = world_.mirror();
  for (const auto& [name, followers] : followers_) {
    std::vector<std::int64_t> all;
    for (const StreamEvent& event : mirror.events)
      if (event.thread.str() == stage_.id_of(name)) all.push_back(event.seq);
    for (const Following& one : followers) {
      std::vector<std::int64_t> seen = one.seen();
      // What a database brought with it is not known here.
      std::erase_if(seen, [&](std::int64_t id) { return id > one.after && (all.empty() || id < all.front()); });
      const bool stays = !one.is_over() && world_.up();
      const std::int64_t until = stays ? (all.empty() ? 0 : all.back()) : one.last();
      std::vector<std::int64_t> due;
      std::copy_if(all.begin(), all.end(), std::back_inserter(due),
                   [&](std::int64_t id) { return id > one.after && id <= until; });
      if (seen != due)
        mirror.blame("O5", "who followed " + name + " after event " + std::to_string(one.after) + " saw " +
                               json(seen).dump() + ", and there was " + json(due).dump());
    }
  }
}

}  // namespace purser::replay
