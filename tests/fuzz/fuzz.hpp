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

}  // namespace purser::fuzz

#define PURSER_FUZZ(name)                                                             \
  static void fuzz_one(std::string_view name);                                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_one({reinterpret_cast<const char*>(data), size});                            \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_one(std::string_view name)
