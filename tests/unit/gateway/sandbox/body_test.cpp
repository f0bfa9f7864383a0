#include "gateway/sandbox/body.hpp"

#include <gtest/gtest.h>

#include <array>

namespace purser::sandbox {
namespace {

bool parses(const std::string& text) {
  json out;
  return !parse_body(text, out);
}

std::string nested(int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) out += "{\"a\":";
  return out + "1" + std::string(static_cast<std::size_t>(depth), '}');
}

TEST(Body, nesting_is_limited) {
  EXPECT_TRUE(parses(nested(32)));
  EXPECT_FALSE(parses(nested(33)));
}

TEST(Body, keys_may_repeat_in_different_objects_only) {
  EXPECT_TRUE(parses(R"({"a":{"a":1},"b":{"a":1}})"));
  EXPECT_FALSE(parses(R"({"a":1,"a":1})"));
  EXPECT_FALSE(parses(R"({"a":1,"\u0061":1})"));
  EXPECT_FALSE(parses(R"({"b":[{"a":1,"a":2}]})"));
}

TEST(Body, null_is_refused_in_lists_too) {
  EXPECT_FALSE(parses("[null]"));
  EXPECT_FALSE(parses("null"));
}

TEST(Body, keys_hold_no_four_byte_characters_either) {
  EXPECT_TRUE(parses("{\"茶\":1}"));
  EXPECT_FALSE(parses("{\"\xF0\x9F\x8D\xB5\":1}"));
}

TEST(Body, characters_are_code_points) {
  EXPECT_EQ(code_points(""), 0);
  EXPECT_EQ(code_points("abc"), 3);
  EXPECT_EQ(code_points("茶é1"), 3);
}

TEST(Body, members_are_checked_against_their_table) {
  static constexpr std::array<Member, 1> kInner{Member{"n", Kind::integer, true, 1, 9}};
  static constexpr std::array<Member, 3> kTable{Member{"t", Kind::text, true, 1, 3}, Member{"b", Kind::boolean},
                                                Member{"l", Kind::list, false, 1, 2, nullptr, nullptr, kInner}};
  auto field = [](const char* text) {
    auto no = check_members(json::parse(text), kTable);
    return no ? json::parse(no->body)["detail"]["field"].get<std::string>() : "";
  };
  EXPECT_EQ(field(R"({"t":"abc","b":true,"l":[{"n":1},{"n":9}]})"), "");
  EXPECT_EQ(field(R"({"b":true})"), "/t");
  EXPECT_EQ(field(R"({"t":1})"), "/t");
  EXPECT_EQ(field(R"({"t":"abcd"})"), "/t");
  EXPECT_EQ(field(R"({"t":"a","b":1})"), "/b");
  EXPECT_EQ(field(R"({"t":"a","l":[]})"), "/l");
  EXPECT_EQ(field(R"({"t":"a","l":{}})"), "/l");
  EXPECT_EQ(field(R"({"t":"a","l":[{"n":1},{"n":1},{"n":1}]})"), "/l");
  EXPECT_EQ(field(R"({"t":"a","l":[{"n":1},{"n":10}]})"), "/l/1/n");
  EXPECT_EQ(field(R"({"t":"a","l":[{"n":1,"m":1}]})"), "/l/0/m");
  EXPECT_EQ(field(R"({"t":"a","l":[1]})"), "/l/0");
  EXPECT_EQ(field("[]"), "");
  EXPECT_TRUE(check_members(json::parse("[]"), kTable));
}

}  // namespace
}  // namespace purser::sandbox
