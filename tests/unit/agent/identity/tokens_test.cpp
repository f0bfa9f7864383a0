#include "agent/identity/tokens.hpp"

#include "agent/identity/identity.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/tokens.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace purser {
namespace {

using nlohmann::json;
using test::base64url;
using test::TokenSigner;

const UtcTime kNow = parse_time("2026-03-01T00:00:00Z").value();

const TokenSigner& rsa() {
  static const TokenSigner signer = TokenSigner::rsa();
  return signer;
}
const TokenSigner& p256() {
  static const TokenSigner signer = TokenSigner::p256();
  return signer;
}

class TokensTest : public ::testing::Test {
 protected:
  TokensTest() {
    settings.token_keys_file = folder.file("keys");
    settings.token_issuer = "https://shop.example";
    settings.token_audience = "purser";
  }
  Tokens with(const std::string& keys) {
    std::ofstream(settings.token_keys_file) << keys;
    return Tokens::make(settings).value();
  }
  static std::string set_of(const std::vector<json>& keys) { return json{{"keys", keys}}.dump(); }
  static json claims() {
    return {
        {"iss", "https://shop.example"}, {"aud", "purser"}, {"sub", "alice"}, {"tenant", "acme"}, {"openid", "oABC"},
        {"exp", to_seconds(kNow) + 600}};
  }
  static json without(const char* name) {
    json all = claims();
    all.erase(name);
    return all;
  }
  static json but(const char* name, json value) {
    json all = claims();
    all[name] = std::move(value);
    return all;
  }

  test::TempFolder folder;
  AuthSettings settings;
};

TEST_F(TokensTest, StandForOneUserOfATenant) {
  const Tokens tokens = with(set_of({rsa().jwk("r"), p256().jwk("e")}));
  for (const auto* signer : {&rsa(), &p256()}) {
    const auto who = tokens.read(signer->token(claims()), kNow);
    ASSERT_TRUE(who.ok()) << who.error().message;
    EXPECT_EQ(who->tenant.str(), "acme");
    ASSERT_TRUE(who->user);
    EXPECT_EQ(who->user->str(), "alice");
    EXPECT_EQ(who->openid, "oABC");
    EXPECT_TRUE(who->scopes.allows(Scope::threads_write));
    EXPECT_FALSE(who->scopes.allows(Scope::approvals_write));
    EXPECT_FALSE(who->scopes.allows(Scope::webhooks_read));
  }
  EXPECT_TRUE(tokens.read(rsa().token(claims(), {{"kid", "r"}}), kNow).ok());
  EXPECT_TRUE(tokens.read(rsa().token(but("aud", {"else", "purser"})), kNow).ok());
  const auto scoped = tokens.read(rsa().token(but("scope", "threads:read")), kNow);
  EXPECT_FALSE(scoped.value().scopes.allows(Scope::threads_write));
  const auto all = tokens.read(rsa().token(but("scope", "*")), kNow);
  EXPECT_TRUE(all.value().scopes.allows(Scope::refunds_read));
  EXPECT_FALSE(all.value().scopes.allows(Scope::approvals_read));
  EXPECT_FALSE(all.value().scopes.allows(Scope::approvals_write));
}

TEST_F(TokensTest, TheSettingsMayNameTheTenant) {
  settings.token_tenant = "acme";
  const Tokens tokens = with(p256().public_pem());
  EXPECT_EQ(tokens.read(p256().token(without("tenant")), kNow).value().tenant.str(), "acme");
  EXPECT_EQ(tokens.read(p256().token(but("tenant", "other")), kNow).value().tenant.str(), "acme");
}

TEST_F(TokensTest, WithWrongClaimsAreRefused) {
  const Tokens tokens = with(p256().public_pem());
  const std::vector<json> wrong{
      without("iss"),        without("aud"),
      without("exp"),        without("sub"),
      without("tenant"),     but("iss", "https://shop.example/"),
      but("aud", "Purser"),  but("aud", json::array({"else"})),
      but("aud", {"x", 1}),  but("sub", "two words"),
      but("sub", ""),        but("tenant", "a/b"),
      but("exp", "soon"),    but("exp", -1),
      but("exp", 1e300),     but("exp", to_seconds(kNow) - 60),
      but("scope", "money"), but("scope", 7),
      but("nbf", "later"),   but("nbf", to_seconds(kNow) + 61),
  };
  for (const json& one : wrong)
    EXPECT_EQ(tokens.read(p256().token(one), kNow).code(), Errc::unauthorized) << one.dump();
  EXPECT_TRUE(tokens.read(p256().token(but("nbf", to_seconds(kNow) + 60)), kNow).ok());
  EXPECT_TRUE(tokens.read(p256().token(but("exp", to_seconds(kNow) - 59)), kNow).ok());
  EXPECT_TRUE(tokens.read(p256().token(but("exp", static_cast<double>(to_seconds(kNow)) + 0.5)), kNow).ok());
}

TEST_F(TokensTest, WithTricksInTheHeaderAreRefused) {
  const Tokens tokens = with(set_of({rsa().jwk("r"), p256().jwk("e")}));
  const std::string good = p256().token(claims());
  const std::string body = good.substr(0, good.rfind('.'));
  const auto with_header = [&](const json& header) { return p256().token(claims(), header); };
  const std::string unsigned_body = base64url(R"({"alg":"none"})") + "." + base64url(claims().dump());
  const std::vector<std::string> bad{
      "",
      ".",
      "..",
      good + ".",
      good + "=",
      body + ".",
      unsigned_body + ".",
      unsigned_body + "." + base64url("none"),
      with_header({{"alg", "none"}}),
      with_header({{"alg", "HS256"}}),
      with_header({{"alg", "RS256"}}),
      with_header({{"alg", "es256"}}),
      with_header({{"alg", json::array({"ES256"})}}),
      with_header({{"kid", "r"}}),
      with_header({{"kid", 7}}),
      with_header({{"crit", {"exp"}}}),
      with_header({{"b64", false}}),
      TokenSigner::p256().token(claims(), {{"jwk", p256().jwk("e")}}),
      std::string(Tokens::kBytesMax + 1, 'e'),
  };
  EXPECT_TRUE(tokens.read(good, kNow).ok());
  for (const std::string& one : bad) EXPECT_EQ(tokens.read(one, kNow).error(), Error(Errc::unauthorized)) << one;
}

TEST_F(TokensTest, AnyChangedCharacterIsNoticed) {
  const Tokens tokens = with(p256().public_pem());
  const std::string good = p256().token(claims());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens.read(changed, kNow).ok()) << i;
  }
}

TEST_F(TokensTest, KeySetsAreReadStrictly) {
  json hmac{{"kty", "oct"}, {"k", "c2VjcmV0"}};
  json encryption = rsa().jwk("x");
  encryption["use"] = "enc";
  EXPECT_TRUE(with(set_of({hmac, encryption, p256().jwk("e")})).read(p256().token(claims()), kNow).ok());
  json broken = p256().jwk("e");
  broken["x"] = "AAAA";
  for (const std::string& text : {std::string("{}"), set_of({}), set_of({hmac}), set_of({broken}), std::string("key"),
                                  set_of({rsa().jwk("a"), p256().jwk("a")})}) {
    std::ofstream(settings.token_keys_file) << text;
    auto made = Tokens::make(settings);
    ASSERT_FALSE(made.ok()) << text;
    EXPECT_EQ(made.error().param, "auth.token_keys_file");
  }
}

TEST_F(TokensTest, StandBesideKeys) {
  std::ofstream(settings.token_keys_file) << p256().public_pem();
  settings.api_keys = Secret("acme:eyJ0.looks-like.one-0123456789,acme:sk_0123456789abcdef");
  const auto identity = Identity::make(settings).value();
  const auto as = [&](const std::string& what) {
    return identity.authenticate({{"Authorization", "Bearer " + what}}, kNow);
  };
  EXPECT_FALSE(as("sk_0123456789abcdef").value().user);
  EXPECT_FALSE(as("eyJ0.looks-like.one-0123456789").value().user);
  EXPECT_TRUE(as(p256().token(claims())).value().user);
  EXPECT_FALSE(as(rsa().token(claims())).ok());
}

}  // namespace
}  // namespace purser
