#include "agent/api/router.hpp"

#include <gtest/gtest.h>

namespace purser::api {
namespace {

constexpr std::array<Route<int>, 4> kRoutes{{
    {"GET", "/v1/things/{}", 1},
    {"POST", "/v1/things", 2},
    {"POST", "/v1/things/{}", 3},
    {"POST", "/hooks/{}/{}", 4},
}};

TEST(Router, finds_the_handler_and_the_parts) {
  auto one = find_route(kRoutes, "GET", "/v1/things/a-b");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->route->handler, 1);
  EXPECT_EQ(one->parts, std::vector<std::string>{"a-b"});
  auto four = find_route(kRoutes, "POST", "/hooks/wechat/acme");
  ASSERT_TRUE(four.ok());
  EXPECT_EQ(four->route->handler, 4);
  EXPECT_EQ(four->parts, (std::vector<std::string>{"wechat", "acme"}));
}

TEST(Router, another_path_is_not_found) {
  for (const char* path :
       {"", "/", "/v1", "/v1/", "/v1/things/", "/v1/things/a/", "/v1/things/a/b", "/v1//things/a", "//v1/things",
        "v1/things", "/V1/things", "/hooks/wechat", "/hooks//acme", "/v1/things%2fa"}) {
    auto found = find_route(kRoutes, "POST", path);
    ASSERT_FALSE(found.ok()) << path;
    EXPECT_EQ(found.code(), Errc::not_found) << path;
  }
}

TEST(Router, another_method_is_told_which_are_allowed) {
  auto found = find_route(kRoutes, "DELETE", "/v1/things/a");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.code(), Errc::method_not_allowed);
  EXPECT_EQ(found.error().param, "GET, POST");
  EXPECT_EQ(find_route(kRoutes, "get", "/v1/things/a").code(), Errc::method_not_allowed);
}

}  // namespace
}  // namespace purser::api
