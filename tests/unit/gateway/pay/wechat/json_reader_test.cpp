#include "gateway/pay/wechat/json_reader.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace purser::wechat {
namespace {

TEST(JsonReader, ReadsWhatIsThere) {
  const auto document =
      JsonDocument::parse(R"({"text":"微信","number":-5,"inner":{"deep":{"text":"x"}},"none":null,"new":[1,2.5]})")
          .value();
  const JsonFields root = document.root();
  EXPECT_EQ(root.text("text"), "微信");
  EXPECT_EQ(root.integer("number"), -5);
  EXPECT_EQ(root.object("inner").object("deep").text("text"), "x");
  EXPECT_EQ(root.text("none"), "");
  EXPECT_EQ(root.integer("absent"), std::nullopt);
  EXPECT_EQ(root.object("absent").object("absent").text("absent"), "");
  EXPECT_TRUE(document.check().ok());
}

TEST(JsonReader, AWrongTypeSpoilsTheDocument) {
  for (const char* value : {"1.0", "1e2", "9223372036854775808", "\"1\"", "true", "[1]", "{}"}) {
    const auto document = JsonDocument::parse("{\"total\":" + std::string(value) + "}").value();
    EXPECT_EQ(document.root().integer("total"), std::nullopt) << value;
    EXPECT_EQ(document.check().error().code, Errc::json_wrong_type) << value;
    EXPECT_EQ(document.check().error().param, "total");
  }
  const auto document = JsonDocument::parse(R"({"text":5,"object":"x"})").value();
  EXPECT_TRUE(document.check().ok());
  EXPECT_EQ(document.root().text("text"), "");
  EXPECT_FALSE(document.check().ok());
  const auto other = JsonDocument::parse(R"({"text":5,"object":"x"})").value();
  EXPECT_EQ(other.root().object("object").text("x"), "");
  EXPECT_FALSE(other.check().ok());
}

TEST(JsonReader, AKeyTwiceIsRefusedAtAnyDepth) {
  EXPECT_EQ(JsonDocument::parse(R"({"a":1,"a":1})").code(), Errc::json_duplicate_key);
  EXPECT_EQ(JsonDocument::parse(R"({"a":1,"\u0061":2})").code(), Errc::json_duplicate_key);
  EXPECT_EQ(JsonDocument::parse(R"({"x":[{"amount":{"total":1,"total":2}}]})").code(), Errc::json_duplicate_key);
  EXPECT_TRUE(JsonDocument::parse(R"({"a":{"b":1},"c":{"b":2}})").ok());
}

TEST(JsonReader, HasLimits) {
  const auto nested = [](int depth) {
    return "{\"a\":" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  EXPECT_TRUE(JsonDocument::parse(nested(30)).ok());
  EXPECT_EQ(JsonDocument::parse(nested(32)).code(), Errc::json_too_deep);
  EXPECT_EQ(JsonDocument::parse(nested(100'000)).code(), Errc::json_too_deep);
  EXPECT_TRUE(JsonDocument::parse("{\"a\":\"" + std::string(JsonDocument::kBytesMax - 8, 'x') + "\"}").ok());
  EXPECT_EQ(JsonDocument::parse("{\"a\":\"" + std::string(JsonDocument::kBytesMax - 7, 'x') + "\"}").code(),
            Errc::json_too_large);
}

TEST(JsonReader, RefusesWhatIsNoObject) {
  for (const char* text : {"[]", "1", "\"x\"", "null", "true"}) {
    EXPECT_EQ(JsonDocument::parse(text).code(), Errc::json_wrong_type) << text;
  }
  for (const std::string& text : {std::string(), std::string("{"), std::string("{} x"), std::string("{}\0", 3),
                                  std::string("<html>"), std::string("{\"a\":\"\xff\"}"), std::string("{\"a\":01}"),
                                  std::string("{\"a\":18446744073709551616}"), std::string("{\"a\":1e400}")}) {
    EXPECT_EQ(JsonDocument::parse(text).code(), Errc::json_malformed) << text;
  }
}

TEST(JsonReader, JsonTestSuite) {
  const auto folder = std::filesystem::path(PURSER_VECTORS_DIR) / "json/JSONTestSuite_test_parsing";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "NOT TESTED: JSONTestSuite is not beside the repository";
  int accepted = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::string name = entry.path().filename().string();
    const auto document = JsonDocument::parse(text);
    const Errc code = document.ok() ? Errc::internal : document.code();
    // Whole documents that are no object, or that say a key twice, are JSON all the same.
    const bool is_json = document.ok() || code == Errc::json_wrong_type || code == Errc::json_duplicate_key;
    if (name.starts_with("y_")) {
      accepted += is_json;
      EXPECT_TRUE(is_json) << name;
    } else if (name.starts_with("n_")) {
      refused += !is_json;
      EXPECT_FALSE(is_json) << name;
    }
  }
  EXPECT_EQ(accepted, 95);
  EXPECT_EQ(refused, 188);
}

}  // namespace
}  // namespace purser::wechat
