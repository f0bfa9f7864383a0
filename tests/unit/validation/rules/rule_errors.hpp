// How the tests of the rules look at a refusal.
#pragma once

#include "validation/money/result.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string_view>

namespace purser::rules {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

inline void expect_error(const Error& error, Errc code, std::string_view param) {
  EXPECT_EQ(code_of(error.code), code_of(code)) << error.message;
  EXPECT_EQ(error.param, param);
  EXPECT_FALSE(error.message.empty());
}

}  // namespace purser::rules
