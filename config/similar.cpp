#include "config/similar.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace purser {
namespace {

constexpr std::size_t kLettersMax = 4;
constexpr std::size_t kWordMax = 100;  // longer ones are no misspelling of ours

// Letters to insert, remove, replace or swap with their neighbour to make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last.back();
}

}  // namespace

std::string most_similar(std::string_view word, const std::set<std::string, std::less<>>& known) {
  if (word.size() > kWordMax) return "";
  std::size_t nearest = std::min(kLettersMax, word.size() / 3) + 1;
  std::string found;
  for (const auto& candidate : known) {
    const std::size_t d = distance(word, candidate);
    if (d < nearest) nearest = d, found = candidate;
  }
  return found;
}

}  // namespace purser
