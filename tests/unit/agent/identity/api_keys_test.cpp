#include "agent/identity/api_keys.hpp"

#include "agent/identity/identity.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

AuthSettings keys(std::string text) {
  AuthSettings settings;
  settings.api_keys = Secret(std::move(text));
  return settings;
}

http::Headers bearer(std::string value) {
  return {{"authorization", std::move(value)}};
}

Result<Caller> shown(const ApiKeys& keys, const http::Headers& headers) {
  return Identity(keys, Tokens()).authenticate(headers, UtcTime{});
}

TEST(ApiKeys, are_lines_or_commas_of_tenant_and_key) {
  auto parsed =
      ApiKeys::parse(keys("acme:sk_0123456789abcdef, acme:sk_second_0123456789\r\n\n other.shop:a:b:c:0123456789ab"));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(shown(*parsed, bearer("Bearer sk_0123456789abcdef")).value().tenant.str(), "acme");
  EXPECT_EQ(shown(*parsed, bearer("bearer sk_second_0123456789")).value().tenant.str(), "acme");
  EXPECT_EQ(shown(*parsed, bearer("Bearer a:b:c:0123456789ab")).value().tenant.str(), "other.shop");
}

TEST(ApiKeys, none_lets_nobody_in) {
  auto parsed = ApiKeys::parse(keys(" \n,\n"));
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->empty());
  EXPECT_EQ(shown(*parsed, bearer("Bearer ")).code(), Errc::unauthorized);
}

TEST(ApiKeys, a_bad_entry_is_named_by_its_place_and_never_shown) {
  for (const char* bad :
       {"no-colon-at-all-0123456789", "ten ant:sk_0123456789abcdef", ":sk_0123456789abcdef", "acme:s_0123456789",
        "acme:sk 0123456789abcdef", "acme:sk_0123456789abcdef,other:sk_0123456789abcdef"}) {
    auto parsed = ApiKeys::parse(keys(bad));
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.code(), Errc::config_bad_value);
    EXPECT_EQ(parsed.error().param, "auth.api_keys");
    EXPECT_EQ(parsed.error().message.find("0123456789"), std::string::npos) << parsed.error().message;
  }
}

TEST(ApiKeys, has_a_shortest_and_a_longest_key) {
  const std::string shortest(ApiKeys::kLengthMin, 'k');
  const std::string longest(ApiKeys::kLengthMax, 'k');
  EXPECT_TRUE(ApiKeys::parse(keys("acme:" + shortest)).ok());
  EXPECT_FALSE(ApiKeys::parse(keys("acme:" + shortest.substr(1))).ok());
  EXPECT_TRUE(ApiKeys::parse(keys("acme:" + longest)).ok());
  EXPECT_FALSE(ApiKeys::parse(keys("acme:" + longest + "k")).ok());
}

TEST(ApiKeys, takes_exactly_one_bearer_header) {
  const auto parsed = ApiKeys::parse(keys("acme:sk_0123456789abcdef")).value();
  const std::string good = "Bearer sk_0123456789abcdef";
  const std::vector<http::Headers> refused = {
      {},
      bearer(""),
      bearer("sk_0123456789abcdef"),
      bearer("Bearer"),
      bearer("Bearer  sk_0123456789abcdef"),
      bearer("Bearer sk_0123456789abcdef "),
      bearer("Bearer sk_0123456789abcde"),
      bearer("Bearer sk_0123456789abcdeF"),
      bearer("Basic sk_0123456789abcdef"),
      {{"Authorization", good}, {"Authorization", good}},
      {{"Authorization", good}, {"authorization", "Bearer other"}},
      {{"X-Api-Key", "sk_0123456789abcdef"}},
  };
  EXPECT_TRUE(shown(parsed, bearer(good)).ok());
  for (const auto& headers : refused) {
    auto who = shown(parsed, headers);
    ASSERT_FALSE(who.ok());
    EXPECT_EQ(who.error(), Error(Errc::unauthorized));
  }
}

}  // namespace
}  // namespace purser
