#include "config/definitions.hpp"

#include "config/assign.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace purser {
namespace {

TEST(Definitions, KeysAreWellFormedAndStandOnce) {
  std::set<std::string_view> keys;
  std::set<std::string_view> finished;
  std::string_view section;
  for (const auto& definition : definitions()) {
    SCOPED_TRACE(definition.key);
    EXPECT_TRUE(std::regex_match(std::string(definition.key), std::regex("[a-z]+(_[a-z]+)?[.][a-z][a-z0-9_]*")));
    EXPECT_TRUE(keys.insert(definition.key).second);
    const auto mine = definition.key.substr(0, definition.key.find('.'));
    if (mine != section) {
      EXPECT_TRUE(finished.insert(mine).second) << "the rows of a section stand together";
      section = mine;
    }
    EXPECT_FALSE(definition.description.empty());
    EXPECT_EQ(find_definition(definition.key), &definition);
  }
  EXPECT_EQ(find_definition("server.listn"), nullptr);
}

// Two rows for one member would make one of them a lie.
TEST(Definitions, EachMemberHasOneRow) {
  Settings settings;
  std::set<const void*> members;
  for (const auto& definition : definitions()) {
    const void* member = std::visit([&](auto place) -> const void* { return &place(settings); }, definition.place);
    EXPECT_TRUE(members.insert(member).second) << definition.key;
  }
}

// The sum of what the rows reach is the size of Settings but for padding: a new member without a row is noticed.
TEST(Definitions, EveryMemberHasARow) {
  Settings settings;
  std::size_t bytes = 0;
  std::size_t flags = 0;
  for (const auto& definition : definitions()) {
    std::visit(
        [&](auto place) {
          const std::size_t size = sizeof(place(settings));
          (size == sizeof(bool) ? flags : bytes) += size;
        },
        definition.place);
  }
  const std::size_t slack = 8 * 6;  // six structs hold flags, each padded to a word
  EXPECT_LE(sizeof(Settings) - sizeof(TenantPolicies), bytes + slack);  // tenants repeat what has its row
  EXPECT_GE(sizeof(Settings), bytes + flags);
}

TEST(Definitions, DefaultsObeyTheirOwnRules) {
  for (const auto& definition : definitions()) {
    Settings settings;
    EXPECT_TRUE(assign(definition, read(definition, settings), settings)) << definition.key;
  }
}

TEST(Definitions, BoundsHoldAtTheEndsAndNotBeyond) {
  for (const auto& definition : definitions()) {
    const bool integer = std::holds_alternative<Place<std::int64_t>>(definition.place);
    const bool duration = std::holds_alternative<Place<Millis>>(definition.place);
    EXPECT_EQ(duration, definition.key.ends_with("_ms")) << definition.key;
    if (!integer && !duration) continue;
    SCOPED_TRACE(definition.key);
    Settings settings;
    EXPECT_TRUE(assign(definition, definition.bounds.min, settings));
    EXPECT_EQ(read(definition, settings), PlainValue(definition.bounds.min));
    EXPECT_TRUE(assign(definition, definition.bounds.max, settings));
    EXPECT_FALSE(assign(definition, definition.bounds.min - 1, settings));
    EXPECT_FALSE(assign(definition, definition.bounds.max + 1, settings));
    EXPECT_EQ(read(definition, settings), PlainValue(definition.bounds.max));
  }
}

TEST(Definitions, TypesAreHeld) {
  Settings s;
  EXPECT_FALSE(assign(*find_definition("server.listen"), std::int64_t{8080}, s));
  EXPECT_FALSE(assign(*find_definition("llm.attempts_max"), std::string("3"), s));
  EXPECT_FALSE(assign(*find_definition("llm.attempts_max"), true, s));
  EXPECT_FALSE(assign(*find_definition("llm.attempts_max"), PlainValue(), s));
  EXPECT_FALSE(assign(*find_definition("intent.lifetime_ms"), std::string("5m"), s));
  EXPECT_FALSE(assign(*find_definition("llm.fallback_to_rules"), std::string("yes"), s));
  EXPECT_FALSE(assign(*find_definition("llm.fallback_to_rules"), std::int64_t{1}, s));
  EXPECT_FALSE(assign(*find_definition("wechat.apiv3_key"), std::int64_t{1}, s));
  EXPECT_TRUE(assign(*find_definition("llm.fallback_to_rules"), false, s));
  EXPECT_FALSE(s.model.fallback_to_rules);
}

TEST(Definitions, TextOfAVariableBecomesTheTypeOfItsSetting) {
  EXPECT_EQ(typed(*find_definition("llm.attempts_max"), "3"), PlainValue(std::int64_t{3}));
  EXPECT_EQ(typed(*find_definition("intent.lifetime_ms"), "-1"), PlainValue(std::int64_t{-1}));
  EXPECT_EQ(typed(*find_definition("llm.fallback_to_rules"), "false"), PlainValue(false));
  EXPECT_EQ(typed(*find_definition("llm.model"), "3"), PlainValue("3"));
  EXPECT_EQ(typed(*find_definition("llm.api_key"), "3"), PlainValue("3"));
  for (const char* text : {"", " 3", "3 ", "+3", "3s", "0x3", "3.0", "9223372036854775808"})
    EXPECT_EQ(typed(*find_definition("llm.attempts_max"), text), PlainValue(text)) << text;
}

TEST(Definitions, TextsHoldNoControlCharactersAndAreEmptyOnlyWhereTheDefaultIs) {
  Settings s;
  EXPECT_FALSE(assign(*find_definition("llm.model"), "gpt\n4", s));
  EXPECT_FALSE(assign(*find_definition("catalogue.file"), std::string("a\0b", 3), s));
  EXPECT_FALSE(assign(*find_definition("llm.model"), "", s));
  EXPECT_FALSE(assign(*find_definition("server.listen"), "", s));
  EXPECT_TRUE(assign(*find_definition("llm.base_url"), "", s));
  EXPECT_TRUE(assign(*find_definition("wechat.mchid"), "", s));
}

TEST(Definitions, VariablesAreTheOnesThePublicKnows) {
  EXPECT_EQ(variable_of(*find_definition("llm.base_url")), "PURSER_LLM_BASE_URL");
  EXPECT_EQ(variable_of(*find_definition("llm.api_key")), "PURSER_LLM_API_KEY");
  EXPECT_EQ(variable_of(*find_definition("llm.model")), "PURSER_LLM_MODEL");
  EXPECT_EQ(variable_of(*find_definition("database.url")), "PURSER_DATABASE_URL");
  EXPECT_EQ(variable_of(*find_definition("auth.api_keys")), "PURSER_API_KEYS");
  EXPECT_EQ(variable_of(*find_definition("wechat.apiv3_key")), "PURSER_WECHAT_APIV3_KEY");
}

TEST(Definitions, NoTwoVariablesAreTheSame) {
  std::set<std::string> names{"PURSER_CONFIG"};
  for (const auto& definition : definitions()) {
    EXPECT_TRUE(names.insert(variable_of(definition)).second) << definition.key;
    if (is_secret(definition)) {
      EXPECT_TRUE(names.insert(variable_of(definition) + "_FILE").second) << definition.key;
    }
  }
}

TEST(Definitions, AMistakenValueIsShownAsJsonAndCut) {
  EXPECT_EQ(shown(PlainValue("a\"b")), R"("a\"b")");
  EXPECT_EQ(shown(PlainValue(std::int64_t{-7})), "-7");
  EXPECT_EQ(shown(PlainValue(true)), "true");
  EXPECT_EQ(shown(PlainValue()), "");
  EXPECT_EQ(shown(PlainValue(std::string(200, 'x'))).size(), 83U);
}

}  // namespace
}  // namespace purser
