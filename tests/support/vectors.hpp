// Public test vectors that lie beside the repository. A test that finds them absent skips, loudly.
#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace purser::test {

// `file` under the vectors' directory, parsed; nothing when it is absent.
std::optional<nlohmann::json> vectors(std::string_view file);

std::string from_hex(std::string_view hex);
// The Base64 body of a key between its BEGIN and END lines.
std::string pem_of(std::string_view label, std::string_view base64);

}  // namespace purser::test

#define PURSER_VECTORS(name, file)                                                             \
  const auto name##_held = ::purser::test::vectors(file);                                      \
  if (!name##_held) GTEST_SKIP() << "NOT TESTED: " << file << " is not beside the repository"; \
  const auto& name = *name##_held
