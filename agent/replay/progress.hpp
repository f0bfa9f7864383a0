// How far a simulation has come, told beside its result: over and over on a terminal, a line now and then elsewhere.
#pragma once

#include <cstdint>
#include <string>

namespace purser::replay {

// Counted by processes that were forked from the one which made it. Owner: the parent.
class SharedCounts {
 public:
  SharedCounts();
  ~SharedCounts();
  SharedCounts(const SharedCounts&) = delete;
  SharedCounts& operator=(const SharedCounts&) = delete;
  void add(bool failed);
  std::uint64_t done() const;
  std::uint64_t failed() const;

 private:
  struct Counts;
  Counts* counts_;  // null when there is no memory to share: then nothing is told
};

class Progress {
 public:
  enum class To { nobody, terminal, file };
  // Elsewhere than on a terminal a line comes each time so many more are done.
  static constexpr std::uint64_t kEvery = 1'000;

  Progress(std::uint64_t total, To to) : total_(total), to_(to) {}
  // What is to be written when so many are done; often nothing.
  std::string after(std::uint64_t done, std::uint64_t failed);
  // What is to be written before anything else is, so that it stands on a line of its own.
  std::string wiped() const;

 private:
  std::uint64_t total_;
  To to_;
  std::uint64_t told_ = 0;
};

}  // namespace purser::replay
