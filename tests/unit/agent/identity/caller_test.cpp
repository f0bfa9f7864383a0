#include "agent/identity/caller.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

TEST(Scopes, MayReadWhatTheyMayWriteAndNothingElse) {
  const auto scopes = Scopes::parse({"intents:write"}).value();
  EXPECT_TRUE(scopes.allows(Scope::intents_write));
  EXPECT_TRUE(scopes.allows(Scope::intents_read));
  EXPECT_FALSE(scopes.allows(Scope::threads_read));
  EXPECT_FALSE(scopes.allows(Scope::refunds_read));
  const auto reading = Scopes::parse({"threads:read", "refunds:read"}).value();
  EXPECT_FALSE(reading.allows(Scope::threads_write));
  EXPECT_EQ(reading.words(), (std::vector<std::string>{"threads:read", "refunds:read"}));
}

TEST(Scopes, KnowTheirWords) {
  for (std::size_t i = 0; i < kScopeCount; ++i) {
    const auto scope = static_cast<Scope>(i);
    EXPECT_TRUE(Scopes::parse({std::string(to_string(scope))}).value().allows(scope)) << to_string(scope);
  }
  EXPECT_EQ(Scopes::parse({"*"}).value(), Scopes::all());
  EXPECT_EQ(Scopes::all().words(), std::vector<std::string>{"*"});
  EXPECT_FALSE(Scopes::parse({"threads:write", "money:move"}).ok());
}

TEST(Caller, SeesItsTenantOrOneUserOfIt) {
  Caller caller;
  caller.tenant = TenantId::trusted("acme");
  const auto alice = UserId::trusted("alice");
  EXPECT_TRUE(caller.may_see(TenantId::trusted("acme"), alice));
  EXPECT_FALSE(caller.may_see(TenantId::trusted("other"), alice));
  caller.user = alice;
  EXPECT_TRUE(caller.may_see(TenantId::trusted("acme"), alice));
  EXPECT_FALSE(caller.may_see(TenantId::trusted("acme"), UserId::trusted("bob")));
  EXPECT_FALSE(caller.may_see(TenantId::trusted("other"), alice));
}

}  // namespace
}  // namespace purser
