#include "agent/identity/key_file.hpp"

#include "agent/identity/api_keys.hpp"
#include "gateway/crypto/digest.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace purser {
namespace {

const UtcTime kMadeAt = parse_time("2026-03-01T00:00:00Z").value();

NewApiKey made(const std::string& tenant, std::vector<std::string> scopes, std::optional<UtcTime> ends = {}) {
  crypto::SystemMint mint{Secret()};
  return make_api_key(mint, TenantId::trusted(tenant), Scopes::parse(scopes).value(), kMadeAt, ends);
}

TEST(KeyFile, IsReadAsItWasWrittenAndHoldsNoKey) {
  test::TempFolder folder;
  const std::string path = folder.file("keys.json");
  const NewApiKey one = made("acme", {"threads:write"}, kMadeAt + std::chrono::hours(1));
  const NewApiKey two = made("other", {"*"});
  ASSERT_TRUE(write_key_file(path, {one.row, two.row}).ok());
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text.find(one.key), std::string::npos);
  const auto rows = read_key_file(path).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id, one.row.id);
  EXPECT_EQ(rows[0].sha256, crypto::sha256_hex(one.key));
  EXPECT_EQ(rows[0].scopes, one.row.scopes);
  EXPECT_EQ(rows[0].expires_at, one.row.expires_at);
  EXPECT_EQ(rows[1].tenant.str(), "other");
  EXPECT_FALSE(rows[1].expires_at);
}

TEST(KeyFile, LetsItsKeysInUntilTheirEnd) {
  test::TempFolder folder;
  AuthSettings settings;
  settings.keys_file = folder.file("keys.json");
  const auto ends = kMadeAt + std::chrono::hours(1);
  const NewApiKey key = made("acme", {"refunds:read"}, ends);
  ASSERT_TRUE(write_key_file(settings.keys_file, {key.row}).ok());
  const auto keys = ApiKeys::parse(settings).value();
  const auto who = keys.find(key.key, ends - Millis(1));
  ASSERT_TRUE(who.ok());
  EXPECT_EQ(who->tenant.str(), "acme");
  EXPECT_EQ(who->name, key.row.id);
  EXPECT_TRUE(who->scopes.allows(Scope::refunds_read));
  EXPECT_FALSE(who->scopes.allows(Scope::threads_read));
  EXPECT_EQ(keys.find(key.key, ends).code(), Errc::unauthorized);
  EXPECT_EQ(keys.find(key.row.sha256, kMadeAt).code(), Errc::unauthorized);  // the digest is no key
}

TEST(KeyFile, NamesThePlaceAndTheRuleOfAMistake) {
  const std::string good = R"("id":"key_1","tenant":"acme","sha256":")" + std::string(64, 'a') + "\"";
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"[]", "keys"},
      {R"({"keys":{}})", "keys"},
      {R"({"keys":[7]})", "keys[0]"},
      {R"({"keys":[{"id":"a","tenant":"acme"}]})", "keys[0].sha256"},
      {R"({"keys":[{"id":"a","tenant":"a b","sha256":"x"}]})", "keys[0].tenant"},
      {R"({"keys":[{"id":"a","tenant":"acme","sha256":"ABC"}]})", "keys[0].sha256"},
      {R"({"keys":[{)" + good + R"(,"scopes":["all"]}]})", "keys[0].scopes"},
      {R"({"keys":[{)" + good + R"(,"scopes":[]}]})", "keys[0].scopes"},
      {R"({"keys":[{)" + good + R"(,"expires_at":"tomorrow"}]})", "keys[0].expires_at"},
      {R"({"keys":[{)" + good + R"(,"key":"sk"}]})", "keys[0].key"},
      {R"({"keys":[{)" + good + "},{" + good + "}]}", "keys[1].id"},
  };
  EXPECT_TRUE(parse_key_file("{\"keys\":[{" + good + "}]}").ok());
  for (const auto& [text, place] : mistakes) {
    auto rows = parse_key_file(text);
    ASSERT_FALSE(rows.ok()) << text;
    EXPECT_EQ(rows.error().param, place) << text;
  }
}

}  // namespace
}  // namespace purser
