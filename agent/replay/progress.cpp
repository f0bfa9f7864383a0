#include "agent/replay/progress.hpp"

#include <atomic>
#include <new>
#include <sys/mman.h>

namespace purser::replay {

struct SharedCounts::Counts {
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> failed{0};
};

SharedCounts::SharedCounts() {
  void* place = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  counts_ = place == MAP_FAILED ? nullptr : new (place) Counts;
}
SharedCounts::~SharedCounts() {
  if (counts_) ::munmap(counts_, sizeof(Counts));
}
void SharedCounts::add(bool failed) {
  if (!counts_) return;
  if (failed) counts_->failed.fetch_add(1);
  counts_->done.fetch_add(1);
}
std::uint64_t SharedCounts::done() const {
  return counts_ ? counts_->done.load() : 0;
}
std::uint64_t SharedCounts::failed() const {
  return counts_ ? counts_->failed.load() : 0;
}

std::string Progress::after(std::uint64_t done, std::uint64_t failed) {
  const bool terminal = to_ == To::terminal;
  const bool news = terminal ? done > told_ : done / kEvery > told_ / kEvery && done < total_;
  if (to_ == To::nobody || !news) return {};
  told_ = done;
  const std::string text =
      std::to_string(done) + " of " + std::to_string(total_) + " episodes, " + std::to_string(failed) + " failed";
  return terminal ? wiped() + text : text + "\n";
}

std::string Progress::wiped() const {
  return to_ == To::terminal ? "\r\x1b[K" : "";
}

}  // namespace purser::replay
