// Numbers of persons at their limits: how long, how grouped, and what stands beside them.
#include "validation/rules/personal_data.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

TEST(PersonalDataLimitsTest, CardsHaveThirteenToNineteenDigits) {
  const std::pair<const char*, const char*> cases[] = {
      {"412345678905", "412345678905"},
      {"4123456789011", "****9011"},
      {"4123456789012345677", "****5677"},
      {"41234567890123456787", "41234567890123456787"},
      {"card 4111 1111 1111 1111", "card ****1111"},
      {"4111 1111 1111 1111 ", "****1111 "},
      {"4111111111111111-", "****1111-"},
      {"411111111111111 1", "****1111"},
      {"4111 1111 1111 1111 2026", "****1111 2026"},
      {"2 4111111111111111", "2 ****1111"},
      {"4111111111111111 now", "****1111 now"},
      {"4111111111111111-now", "****1111-now"},
      {"4111  1111 1111 1111", "4111  1111 1111 1111"},
      {"41 11 11 11 11 11 11 11", "****1111"},
      {"4 1 1 1 1 1 1 1 1 1 1 111111", "4 1 1 1 1 1 1 1 1 1 1 111111"},
      {"41 1 1 1 1 1 1 1 1 1 11111", "****1111"},
      {"4111.1111.1111.1111", "4111.1111.1111.1111"},
      {"z4111111111111111", "z4111111111111111"},
      {"Z4111111111111111", "Z4111111111111111"},
      {"a4111111111111111", "a4111111111111111"},
      {"A4111111111111111", "A4111111111111111"},
      {"_4111111111111111", "_4111111111111111"},
      {"4111111111111111z", "4111111111111111z"},
      {"4111111111111111_", "4111111111111111_"},
      {"9999999999999995", "****9995"},
      {"8888888888888888", "8888888888888888"},
      {"卡4111111111111111号", "卡****1111号"},
  };
  for (const auto& [text, masked] : cases) {
    EXPECT_EQ(mask_personal_data(text).text, masked) << text;
    EXPECT_EQ(mask_cards(text).text, masked) << text;
    EXPECT_EQ(mask_personal_data(text).cards, std::string_view(text) == masked ? 0U : 1U) << text;
  }
}

TEST(PersonalDataLimitsTest, IdentitiesEndInTheirCheckCharacter) {
  const std::pair<const char*, const char*> cases[] = {
      {"110105194912310038", "******************"},   {"110105194912310021", "110105194912310021"},
      {"11010519491231002X", "******************"},   {"11010519491231002x", "******************"},
      {"110105 19491231 002X", "******************"}, {"11010519491231003X", "11010519491231003X"},
      {"1010519491231002X", "1010519491231002X"},     {"11010519491231002Xa", "11010519491231002Xa"},
      {"110105194912310038.", "******************."},
  };
  for (const auto& [text, masked] : cases) {
    const Masked all = mask_personal_data(text);
    EXPECT_EQ(all.text, masked) << text;
    EXPECT_EQ(all.identities, std::string_view(text) == masked ? 0U : 1U) << text;
    EXPECT_EQ(all.cards + all.phones, 0U) << text;
    EXPECT_EQ(mask_cards(text).text, text);
  }
}

TEST(PersonalDataLimitsTest, PhonesHaveElevenDigitsOrThirteenWithTheCountry) {
  const std::pair<const char*, const char*> cases[] = {
      {"13012345678", "130****5678"},     {"19912345678", "199****5678"},
      {"12912345678", "12912345678"},     {"23012345678", "23012345678"},
      {"1301234567", "1301234567"},       {"130123456789", "130123456789"},
      {"8613012345678", "130****5678"},   {"+86-130-1234-5678", "+130****5678"},
      {"8712912345678", "8712912345678"}, {"861301234567", "861301234567"},
      {"2 13012345678", "2 130****5678"}, {"13012345678 19912345678", "130****5678 199****5678"},
  };
  for (const auto& [text, masked] : cases) {
    EXPECT_EQ(mask_personal_data(text).text, masked) << text;
    EXPECT_EQ(mask_personal_data(text).phones > 0, std::string_view(text) != masked) << text;
    EXPECT_EQ(mask_cards(text).text, text);
  }
}

}  // namespace
}  // namespace purser::rules
