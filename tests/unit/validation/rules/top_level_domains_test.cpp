#include "validation/rules/top_level_domains.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

TEST(TopLevelDomains, AreFoundFromTheFirstToTheLast) {
  for (const char* name : {"aaa", "zw", "com", "cn", "museum", "ελ", "рф", "中国", "网络", "한국"})
    EXPECT_TRUE(is_top_level_domain(name)) << name;
  for (const char* name : {"", " ", "co m", "com ", "COM", "aa", "zzz", "nothost", "中国茶", "\xFF"})
    EXPECT_FALSE(is_top_level_domain(name)) << name;
}

}  // namespace
}  // namespace purser::rules
