#include "config/similar.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

const std::set<std::string, std::less<>> kKnown{"server.listen", "server.admin_listen", "llm.model", "log.level"};

TEST(Similar, FindsTheWordThatWasMeant) {
  EXPECT_EQ(most_similar("server.listn", kKnown), "server.listen");
  EXPECT_EQ(most_similar("server.lisetn", kKnown), "server.listen");
  EXPECT_EQ(most_similar("sever.listen", kKnown), "server.listen");
  EXPECT_EQ(most_similar("server.adminlisten", kKnown), "server.admin_listen");
  EXPECT_EQ(most_similar("llm.modle", kKnown), "llm.model");
}

TEST(Similar, FindsNothingWhereNothingIsNear) {
  EXPECT_EQ(most_similar("redis.url", kKnown), "");
  EXPECT_EQ(most_similar("", kKnown), "");
  EXPECT_EQ(most_similar("server.connections", kKnown), "");
  EXPECT_EQ(most_similar(std::string(10'000, 'x'), kKnown), "");
}

TEST(Similar, SwappedNeighboursAreOneMistake) {
  EXPECT_EQ(most_similar("bad", {"bda"}), "bda");
  EXPECT_EQ(most_similar("bad", {"dab"}), "");
}

}  // namespace
}  // namespace purser
