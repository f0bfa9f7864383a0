#include "config/settings_file.hpp"

#include <gtest/gtest.h>

#include <map>

namespace purser {
namespace {

FileContents parse(std::string_view text) {
  return parse_settings_file(text, "file x.json");
}

std::map<std::string, PlainValue> values(std::string_view text) {
  const auto contents = parse(text);
  EXPECT_TRUE(contents.mistakes.empty()) << text;
  std::map<std::string, PlainValue> out;
  for (const auto& entry : contents.entries) out[entry.key] = entry.value;
  return out;
}

Mistake only_mistake(std::string_view text) {
  const auto contents = parse(text);
  EXPECT_EQ(contents.mistakes.size(), 1U) << text;
  return contents.mistakes.empty() ? Mistake() : contents.mistakes.front();
}

TEST(SettingsFile, SectionsOfPlainValues) {
  const auto got =
      values(R"({"a": {"text": "x", "n": -3, "big": 9223372036854775807, "yes": true}, "b": {}, "c": {"n": 1}})");
  const std::map<std::string, PlainValue> wanted{{"a.text", "x"},
                                                 {"a.n", std::int64_t{-3}},
                                                 {"a.big", std::int64_t{9223372036854775807}},
                                                 {"a.yes", true},
                                                 {"c.n", std::int64_t{1}}};
  EXPECT_EQ(got, wanted);
  EXPECT_TRUE(values("{}").empty());
}

TEST(SettingsFile, WhatIsNoPlainValueIsNoValue) {
  for (const char* text : {R"({"a": {"k": null}})", R"({"a": {"k": 1.0}})", R"({"a": {"k": 1e3}})",
                           R"({"a": {"k": []}})", R"({"a": {"k": {}}})", R"({"a": {"k": 9223372036854775808}})",
                           R"({"a": {"k": [{"x": {"y": [1, 2]}}, 3]}})", R"({"a": {"k": {"x": {"y": 1}, "x": 2}}})"}) {
    const auto got = values(text);
    ASSERT_EQ(got.size(), 1U) << text;
    EXPECT_EQ(got.at("a.k"), PlainValue()) << text;
  }
}

TEST(SettingsFile, ReadingGoesOnBehindWhatIsNested) {
  const auto got = values(R"({"a": {"k": [[{"z": 1}]], "n": 1}, "b": {"m": 2}})");
  EXPECT_EQ(got.at("a.n"), PlainValue(std::int64_t{1}));
  EXPECT_EQ(got.at("b.m"), PlainValue(std::int64_t{2}));
}

TEST(SettingsFile, AKeyStandsOnce) {
  EXPECT_EQ(only_mistake(R"({"a": {"k": 1, "k": 1}})").key, "a.k");
  EXPECT_EQ(only_mistake(R"({"a": {"k": 1, "\u006b": 1}})").key, "a.k");
  const Mistake section = only_mistake(R"({"a": {"k": 1}, "a": {"n": 1}})");
  EXPECT_EQ(section.key, "a");
  EXPECT_EQ(section.code, Errc::json_duplicate_key);
  EXPECT_TRUE(parse(R"({"a": {"k": 1}, "b": {"k": 1}})").mistakes.empty());
}

TEST(SettingsFile, TheShapeIsHeld) {
  EXPECT_EQ(only_mistake("[]").code, Errc::json_wrong_type);
  EXPECT_EQ(only_mistake("3").code, Errc::json_wrong_type);
  EXPECT_EQ(only_mistake(R"({"a": 3})").key, "a");
  EXPECT_EQ(only_mistake(R"({"a": [1, 2, {"b": 3}]})").key, "a");
}

TEST(SettingsFile, SyntaxIsToldByPlaceAndNeverByText) {
  for (const char* text :
       {"", "{", "{\"a\": {\"k\": 1,}}", "{\"a\": {}} {}", "{'a': {}}", "\xEF\xBB\xBF{\"a\":", "{\"a\": \"\xFF\"}"}) {
    EXPECT_EQ(only_mistake(text).code, Errc::json_malformed) << text;
  }
  const Mistake comment = only_mistake("{\n  // secret-word\n  \"a\": {}\n}");
  EXPECT_EQ(comment.code, Errc::json_malformed);
  EXPECT_NE(comment.rule.find("line 2, column 3"), std::string::npos) << comment.rule;
  EXPECT_EQ(comment.rule.find("secret-word"), std::string::npos);
  EXPECT_EQ(comment.source, "file x.json");
}

TEST(SettingsFile, DeepNestingIsReadWithoutRecursion) {
  std::string text = R"({"a": {"k": )";
  text += std::string(100'000, '[') + std::string(100'000, ']') + "}}";
  EXPECT_EQ(values(text).size(), 1U);
}

}  // namespace
}  // namespace purser
