// One function of bytes under libFuzzer:
//   PURSER_FUZZ(bytes) { ... }
// It must take anything; require() states what has to hold for what was taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace purser::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

// Bytes that decide, one after the other: the last quarter, while the rest is what is decided about, or all of them.
class Dice {
 public:
  enum class From { last_quarter, all };
  explicit Dice(std::string_view bytes, From from = From::last_quarter)
      : rest_(bytes.substr(0, from == From::all ? 0 : bytes.size() - bytes.size() / 4)),
        decisions_(bytes.substr(rest_.size())) {}
  // 0 to 255; 0 when there is no byte left.
  unsigned next() {
    if (at_ == decisions_.size()) return 0;
    return static_cast<unsigned char>(decisions_[at_++]);
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  std::string_view decisions_;
  std::size_t at_ = 0;
};

}  // namespace purser::fuzz

#define PURSER_FUZZ(name)                                                             \
  static void fuzz_one(std::string_view name);                                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_one({reinterpret_cast<const char*>(data), size});                            \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_one(std::string_view name)
