#include "config/text_rules.hpp"

#include "tests/unit/config/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <sys/stat.h>

namespace purser {
namespace {

void expect(bool (*rule)(std::string_view), std::initializer_list<std::string> good,
            std::initializer_list<std::string> bad) {
  for (const auto& text : good) EXPECT_TRUE(rule(text)) << text;
  for (const auto& text : bad) EXPECT_FALSE(rule(text)) << text;
}

TEST(TextRules, Address) {
  expect(is_address, {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "[::]:80", "purser.internal:1", "localhost:9"},
         {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80a", "::1:80", "[::1]",
          "[]:80", "a b:80", "http://a:80", "[zz]:80", std::string(254, 'a') + ":80"});
}

TEST(TextRules, Url) {
  expect(
      is_http_url,
      {"http://a", "https://api.openai.com/v1", "http://127.0.0.1:8080/v1", "http://[::1]:8080", "https://[fe80::1]"},
      {"", "a", "ftp://a", "http://", "http:///v1", "https://a/", "https://a/v1/", "https://a?x=1", "https://a#f",
       "https://user:pass@a", "https://a b", "https://a:99999", "HTTPS://a", "https://a\\b"});
}

TEST(TextRules, ModelUrlMayBeAFile) {
  expect(is_model_url, {"https://api.openai.com/v1", "file://" PURSER_SOURCE_DIR "/config/default.json"},
         {"", "file://", "file:///no/such/file", "file://config/default.json", "ftp://a"});
}

TEST(TextRules, RailUrlIsPlainOnlyOnThisMachine) {
  expect(is_rail_url,
         {"https://api.mch.weixin.qq.com", "http://127.0.0.1:9000", "http://localhost:1", "http://[::1]:2"},
         {"http://api.mch.weixin.qq.com", "http://10.0.0.1", "http://127.example.com", "http://localhost.example.com",
          "http://[::2]", ""});
  expect(is_https_url, {"https://shop.example"}, {"http://shop.example", "https://"});
  expect(is_loopback_url, {"http://127.8.9.1:1", "https://localhost"}, {"https://shop.example", "127.0.0.1"});
}

TEST(TextRules, Database) {
  expect(is_database_url,
         {"sqlite:///var/lib/purser.db", "postgresql://user:pass@host:5432/db?sslmode=verify-full",
          "postgresql:///purser?host=/run/postgresql"},
         {"", "postgresql://", "postgres://host/db", "mysql://host/db", "postgresql://host/a b", "sqlite:///folder/"});
  expect(is_sqlite_url, {"sqlite:///var/lib/purser.db", "sqlite:///a b.db"},
         {"", "sqlite://", "sqlite:///", "sqlite:relative.db", "sqlite:///folder/", "sqlite:///a?mode=ro",
          "postgresql://user:pass@host/db", "/var/lib/purser.db"});
}

TEST(TextRules, FilesAndFolders) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.pem", "x");
  const std::string pipe = folder.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect(is_readable_file, {file}, {folder.path(), file + ".missing", "", pipe});
  expect(is_readable_folder, {folder.path()}, {file, folder.path() + "/missing", ""});
}

TEST(TextRules, ApiKeys) {
  const std::string key(16, 'k');
  const std::string other = key + "2";
  expect(is_api_key_list,
         {"shop:" + key, "shop:" + key + ",cafe:" + other, "shop:" + key + "\ncafe:" + other + "\n",
          " shop:" + key + " ,\r\n", "shop:" + key + ",shop:" + other, "shop:sk:" + key, "s:" + std::string(256, 'k')},
         {"", ",", key, ":" + key, "shop:", "shop:" + key.substr(1), "sh op:" + key, "shop:k " + key,
          "shop:" + key + ",cafe:" + key, "s:" + std::string(257, 'k'), "shop:" + key + ",broken"});
}

TEST(TextRules, MerchantAccount) {
  expect(is_apiv3_key, {std::string(32, 'a')},
         {std::string(31, 'a'), std::string(33, 'a'), std::string(31, 'a') + " ", ""});
  expect(is_private_key_pem, {"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"},
         {"", "MIIE", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "/etc/purser/key.pem"});
  expect(is_digits, {"1900009191", "12345678"}, {"1234567", "19000o9191", "", std::string(33, '1')});
  expect(is_upper_hex, {"0A1F", std::string(40, 'F')}, {"0a1f", "0x1F", std::string(41, 'F')});
  expect(is_public_key_id, {"PUB_KEY_ID_0119"},
         {"PUB_KEY_ID_", "0119", "PUB_KEY_ID_01g", "PUB_KEY_ID_" + std::string(60, '1')});
}

TEST(TextRules, Log) {
  expect(is_log_level, {"trace", "debug", "info", "warn", "error"}, {"", "INFO", "warning"});
  expect(is_log_format, {"text", "json"}, {"", "xml"});
}

TEST(TextRules, Word) {
  expect(is_word, {"gpt-4o-mini", "a/b:c"}, {"a b", "a\nb", "模型", std::string(129, 'a')});
}

}  // namespace
}  // namespace purser
