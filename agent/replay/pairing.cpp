#include "agent/replay/pairing.hpp"

#include <algorithm>
#include <vector>

namespace purser::replay {
namespace {

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
// Ways that are tried where captures make one choice depend on another.
constexpr int kTriesMax = 100'000;

// A maximum matching, by paths that free a call for another expectation.
class Matching {
 public:
  Matching(std::size_t expected, std::size_t calls, const Agrees& agrees, const Captures& captures)
      : edges_(expected), holder_(calls, kNobody) {
    for (std::size_t i = 0; i < expected; ++i)
      for (std::size_t j = 0; j < calls; ++j) {
        Captures tried = captures;
        if (agrees(i, j, tried)) edges_[i].push_back(j);
      }
  }

  std::optional<std::size_t> left_over() {
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      std::vector<bool> seen(holder_.size(), false);
      if (!place(i, seen)) return i;
    }
    return std::nullopt;
  }
  const std::vector<std::vector<std::size_t>>& edges() const { return edges_; }
  std::vector<std::size_t> chosen() const {
    std::vector<std::size_t> out(edges_.size(), kNobody);
    for (std::size_t j = 0; j < holder_.size(); ++j)
      if (holder_[j] != kNobody) out[holder_[j]] = j;
    return out;
  }

 private:
  bool place(std::size_t expected, std::vector<bool>& seen) {
    for (const std::size_t call : edges_[expected]) {
      if (seen[call]) continue;
      seen[call] = true;
      if (holder_[call] != kNobody && !place(holder_[call], seen)) continue;
      holder_[call] = expected;
      return true;
    }
    return false;
  }

  std::vector<std::vector<std::size_t>> edges_;
  std::vector<std::size_t> holder_;
};

// Every way in turn, because what one pair captures the next has to agree with.
class Trials {
 public:
  Trials(const std::vector<std::vector<std::size_t>>& edges, std::size_t calls, const Agrees& agrees)
      : edges_(edges), used_(calls, false), agrees_(agrees) {}

  bool from(std::size_t expected, Captures& captures) {
    if (expected == edges_.size()) return true;
    deepest_ = std::max(deepest_, expected);
    for (const std::size_t call : edges_[expected]) {
      if (used_[call] || ++tries_ > kTriesMax) continue;
      Captures tried = captures;
      if (!agrees_(expected, call, tried)) continue;
      used_[call] = true;
      if (from(expected + 1, tried)) {
        captures = std::move(tried);
        return true;
      }
      used_[call] = false;
    }
    return false;
  }
  std::size_t deepest() const { return deepest_; }

 private:
  const std::vector<std::vector<std::size_t>>& edges_;
  std::vector<bool> used_;
  const Agrees& agrees_;
  int tries_ = 0;
  std::size_t deepest_ = 0;
};

}  // namespace

std::optional<std::size_t> unpaired(std::size_t expected, std::size_t calls, const Agrees& agrees, Captures& captures) {
  Matching matching(expected, calls, agrees, captures);
  if (auto left = matching.left_over()) return left;
  // Most captures depend on nothing, and the first matching is as good as any.
  Captures tried = captures;
  const std::vector<std::size_t> chosen = matching.chosen();
  std::size_t agreed = 0;
  while (agreed < expected && agrees(agreed, chosen[agreed], tried)) ++agreed;
  if (agreed == expected) {
    captures = std::move(tried);
    return std::nullopt;
  }
  Trials trials(matching.edges(), calls, agrees);
  if (trials.from(0, captures)) return std::nullopt;
  return trials.deepest();
}

}  // namespace purser::replay
