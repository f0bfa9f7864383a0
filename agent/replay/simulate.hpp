// Seeded episodes: several users, honest and not, with a model that says what it likes, a rail, a network and a process
// that fail, all in virtual time. Everything an episode does is drawn from its seed before it begins, so a seed replays
// exactly, and a failing one can be made smaller by leaving actions out.
#pragma once

#include "agent/replay/world.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace purser::replay {

struct Episode {
  std::uint64_t seed = 0;
  std::vector<json> actions;
};
Episode episode_of(std::uint64_t seed);

struct EpisodeResult {
  std::vector<std::string> violations;
  std::string digest;
  std::vector<JournalLine> journal;
  std::int64_t commits = 0;
  std::size_t crashes = 0;
};
EpisodeResult play(const Episode& episode);

// The smallest part of the episode found that still breaks the same rule.
Episode shrunk(const Episode& episode, const std::string& violation);

}  // namespace purser::replay
