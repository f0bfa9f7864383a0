#include "gateway/http/url.hpp"

#include "gateway/http/client.hpp"

#include <gtest/gtest.h>

namespace purser::http {
namespace {

TEST(PercentDecode, DecodesAndRefusesWhatIsBrokenOrHidden) {
  EXPECT_EQ(*percent_decode("a%20b%e4%BD%a0+%25"), "a b\xe4\xbd\xa0+%");
  EXPECT_EQ(*percent_decode(""), "");
  for (const char* bad : {"%", "%2", "%zz", "a%2", "%0a", "%00", "%7f", "%ff", "%C0%AF", "%ED%A0%80", "\x01"}) {
    EXPECT_EQ(percent_decode(bad).code(), Errc::malformed_text) << bad;
  }
}

TEST(PathSegments, TakesPlainPathsApart) {
  EXPECT_EQ(*path_segments("/v1/threads/a%20b"), (std::vector<std::string>{"v1", "threads", "a b"}));
  EXPECT_TRUE(path_segments("/")->empty());
  for (const char* bad : {"", "v1", "//", "/v1/", "/v1//x", "/.", "/v1/..", "/%2e%2e", "/a%2fb", "/%"}) {
    EXPECT_EQ(path_segments(bad).code(), Errc::malformed_text) << bad;
  }
}

TEST(ParseQuery, KeepsOrderAndRefusesDoubt) {
  EXPECT_EQ(*parse_query("b=x+y%2B&a="), (Query{{"b", "x y+"}, {"a", ""}}));
  EXPECT_TRUE(parse_query("")->empty());
  for (const char* bad : {"a", "=b", "a=1&", "&a=1", "a=1&&b=2", "a=1&a=2", "a=1&%61=2", "a=%"}) {
    EXPECT_EQ(parse_query(bad).code(), Errc::malformed_text) << bad;
  }
}

TEST(OriginParse, TakesABaseUrlApart) {
  auto full = Origin::parse("https://API.example.com:8443/v1/");
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->scheme, "https");
  EXPECT_EQ(full->host, "api.example.com");
  EXPECT_EQ(full->port, "8443");
  EXPECT_EQ(full->base_path, "/v1");
  auto bare = Origin::parse("HTTP://a");
  EXPECT_EQ(bare->scheme, "http");
  EXPECT_EQ(bare->port, "80");
  EXPECT_EQ(bare->base_path, "");
  EXPECT_EQ(Origin::parse("https://a/")->port, "443");
  EXPECT_EQ(Origin::parse("https://a/")->base_path, "");
  auto v6 = Origin::parse("http://[::1]:8080");
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, "8080");
}

TEST(OriginParse, RefusesTheRestWithoutRepeatingIt) {
  for (const char* bad : {"",
                          "a",
                          "ftp://a",
                          "https:/a",
                          "https://",
                          "https:///x",
                          "https://:80",
                          "https://a:",
                          "https://a:0",
                          "https://a:65536",
                          "https://a:80x",
                          "https://user:hidden@a",
                          "https://a b",
                          "https://a?x=hidden",
                          "https://a#x",
                          "https://a/b?x",
                          "https://[::1",
                          "https://[::1]x",
                          "https://[a%zone]",
                          "https://a/b//c",
                          "https://a/../b",
                          "https://a/b c",
                          "https://a\\b",
                          "https://a,b"}) {
    auto origin = Origin::parse(bad);
    ASSERT_FALSE(origin.ok()) << bad;
    EXPECT_EQ(origin.code(), Errc::config_bad_value);
    EXPECT_EQ(origin.error().message.find("hidden"), std::string::npos);
  }
}

}  // namespace
}  // namespace purser::http
