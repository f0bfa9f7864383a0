// A value that must never be shown. It has no formatter, no stream operator and no JSON conversion, so logging one does
// not compile; the bytes are read through reveal() only, which is easy to find, and wiped when the owner lets go.
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace purser {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) wipe(), bytes_ = other.bytes_;
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) wipe(), bytes_ = other.bytes_, other.wipe();
    return *this;
  }
  ~Secret() { wipe(); }

  const std::string& reveal() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  void wipe() noexcept {
    // volatile: the stores must survive the optimiser although nobody reads them again.
    volatile char* p = bytes_.data();
    for (std::size_t i = 0; i < bytes_.size(); ++i) p[i] = 0;
    bytes_.clear();
  }
  std::string bytes_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

}  // namespace purser
