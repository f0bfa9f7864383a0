#include "config/agreement.hpp"

#include "config/text_rules.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace purser {
namespace {

Settings merchant() {
  Settings s;
  s.server.public_url = "https://shop.example";
  s.auth.api_keys = Secret("shop:0123456789abcdef");
  s.wechat.mchid = "1900009191";
  s.wechat.appid = "wx0123456789abcdef";
  s.wechat.merchant_serial = "0A1F";
  s.wechat.merchant_key_pem = Secret("pem");
  s.wechat.apiv3_key = Secret(std::string(32, 'k'));
  s.wechat.public_key_id = "PUB_KEY_ID_01";
  s.wechat.public_key_file = "/etc/purser/wechat.pem";
  return s;
}

std::string keys_of(const Mistakes& mistakes) {
  std::string keys;
  for (const auto& mistake : mistakes) keys += (keys.empty() ? "" : " ") + mistake.key;
  return keys;
}

std::string after(Settings settings, const std::function<void(Settings&)>& change) {
  change(settings);
  return keys_of(disagreements(settings));
}

TEST(Agreement, DefaultsAndAWholeMerchantAgree) {
  EXPECT_EQ(keys_of(disagreements(Settings())), "");
  EXPECT_EQ(keys_of(doubts(Settings())), "");
  EXPECT_EQ(keys_of(disagreements(merchant())), "");
}

TEST(Agreement, AMerchantNeedsEveryPart) {
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.wechat.appid.clear(); }), "wechat.appid");
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.wechat.merchant_serial.clear(); }), "wechat.merchant_serial");
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.wechat.merchant_key_pem = Secret(); }), "wechat.merchant_key_pem");
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.wechat.apiv3_key = Secret(); }), "wechat.apiv3_key");
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.auth.api_keys = Secret(); }), "auth.api_keys");
}

TEST(Agreement, AMerchantVerifiesByPublicKeyOrByCertificate) {
  const auto no_public_key = [](Settings& s) { s.wechat.public_key_id.clear(), s.wechat.public_key_file.clear(); };
  EXPECT_EQ(after(merchant(), no_public_key), "wechat.public_key_file");
  EXPECT_EQ(
      after(merchant(),
            [&](Settings& s) { no_public_key(s), s.wechat.platform_certificate_file = "/etc/purser/platform.pem"; }),
      "");
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.wechat.public_key_id.clear(); }), "wechat.public_key_id");
  EXPECT_EQ(after(merchant(),
                  [](Settings& s) {
                    s.wechat.public_key_file.clear();
                    s.wechat.platform_certificate_file = "/etc/purser/platform.pem";
                  }),
            "wechat.public_key_id");
}

TEST(Agreement, TheRailCallsHttpsOnly) {
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.server.public_url.clear(); }), "server.public_url");
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.server.public_url = "http://shop.example"; }), "server.public_url");
  for (const char* inner :
       {"https://localhost", "https://127.0.0.1:8443", "https://[::1]", "https://10.0.0.1", "https://172.31.0.1",
        "https://192.168.1.5", "https://169.254.1.1", "https://[fd00::1]", "https://[fe80::1]:8443"}) {
    EXPECT_EQ(after(merchant(), [&](Settings& s) { s.server.public_url = inner; }), "server.public_url") << inner;
    const auto to_simulator = [&](Settings& s) {
      s.server.public_url = inner;
      s.wechat.base_url = "http://127.0.0.1:9000";
    };
    EXPECT_EQ(after(merchant(), to_simulator), "") << inner;
  }
  for (const char* outer : {"https://172.32.0.1", "https://8.8.8.8", "https://[2001:4860:4860::8888]"})
    EXPECT_EQ(after(merchant(), [&](Settings& s) { s.server.public_url = outer; }), "") << outer;
  EXPECT_EQ(
      after(merchant(), [](Settings& s) { s.server.public_url.clear(), s.wechat.base_url = "http://127.0.0.1:9000"; }),
      "");
}

TEST(Agreement, TheRailTakesNoLongAddress) {
  const std::string longest = "https://" + std::string(174 - 8, 'a');
  EXPECT_EQ(after(merchant(), [&](Settings& s) { s.server.public_url = longest; }), "");
  EXPECT_EQ(after(merchant(), [&](Settings& s) { s.server.public_url = longest + 'a'; }), "server.public_url");
}

TEST(Agreement, AShopsNameNeedsItsNumber) {
  EXPECT_EQ(after(merchant(), [](Settings& s) { s.wechat.store_name = "南山店"; }), "wechat.store_id");
}

TEST(TextRules, AShopsNameIsOneTheRailTakes) {
  EXPECT_TRUE(is_shop_name("南山店 No. 7"));
  EXPECT_FALSE(is_shop_name("\U0001F375 tea"));
  EXPECT_FALSE(is_shop_name("tea\nhouse"));
  EXPECT_TRUE(is_shop_name(std::string(256, 'x')));
  EXPECT_FALSE(is_shop_name(std::string(257, 'x')));
}

// Half an account would quietly sell through the sandbox.
TEST(Agreement, PartsOfAMerchantNeedTheMerchant) {
  for (const std::function<void(Settings&)>& change : {
           std::function<void(Settings&)>([](Settings& s) { s.wechat.appid = "wx01"; }),
           std::function<void(Settings&)>([](Settings& s) { s.wechat.merchant_serial = "0A"; }),
           std::function<void(Settings&)>([](Settings& s) { s.wechat.merchant_key_pem = Secret("pem"); }),
           std::function<void(Settings&)>([](Settings& s) { s.wechat.apiv3_key = Secret("k"); }),
           std::function<void(Settings&)>([](Settings& s) { s.wechat.platform_certificate_file = "x"; }),
       })
    EXPECT_EQ(after(Settings(), change), "wechat.mchid");
  EXPECT_EQ(after(Settings(), [](Settings& s) { s.wechat.public_key_id = "P"; }), "wechat.mchid wechat.public_key_id");
  EXPECT_EQ(after(Settings(), [](Settings& s) { s.wechat.public_key_file = "x"; }),
            "wechat.mchid wechat.public_key_id");
}

TEST(Agreement, LimitsContainEachOther) {
  EXPECT_EQ(after({}, [](Settings& s) { s.model.total_time_max = s.model.attempt_time_max; }), "");
  EXPECT_EQ(after({}, [](Settings& s) { s.model.total_time_max = s.model.attempt_time_max - Millis(1); }),
            "llm.attempt_time_max_ms");
  EXPECT_EQ(after({}, [](Settings& s) { s.wechat.attempt_time_max = s.wechat.total_time_max + Millis(1); }),
            "wechat.attempt_time_max_ms");
  EXPECT_EQ(after({}, [](Settings& s) { s.intent.resolve_first = s.intent.resolve_max + Millis(1); }),
            "intent.resolve_first_ms");
  EXPECT_EQ(after({}, [](Settings& s) { s.server.bodies_bytes_max = s.server.body_bytes_max - 1; }),
            "server.bodies_bytes_max");
  EXPECT_EQ(after({}, [](Settings& s) { s.server.connections_per_peer_max = s.server.connections_max + 1; }),
            "server.connections_per_peer_max");
  EXPECT_EQ(after({}, [](Settings& s) { s.turn.text_bytes_max = s.server.body_bytes_max; }), "turn.text_bytes_max");
}

TEST(Agreement, TwoListenersTwoAddresses) {
  EXPECT_EQ(after({}, [](Settings& s) { s.server.admin_listen = s.server.listen; }), "server.admin_listen");
  EXPECT_EQ(after({}, [](Settings& s) { s.server.admin_listen = s.server.listen = "127.0.0.1:0"; }), "");
}

TEST(Agreement, DoubtsAreToldAndNoMistakes) {
  Settings s;
  s.model.api_key = Secret("sk-x");
  EXPECT_EQ(keys_of(doubts(s)), "llm.api_key");
  EXPECT_EQ(keys_of(disagreements(s)), "");
  s.model.base_url = "http://llm.example/v1";
  EXPECT_EQ(keys_of(doubts(s)), "llm.base_url");
  s.model.base_url = "https://llm.example/v1";
  EXPECT_EQ(keys_of(doubts(s)), "");
  s.model.base_url = "http://127.0.0.1:8000/v1";
  EXPECT_EQ(keys_of(doubts(s)), "");
}

}  // namespace
}  // namespace purser
