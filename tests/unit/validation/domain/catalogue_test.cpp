#include "validation/domain/catalogue.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser {
namespace {

using nlohmann::json;

json tea() {
  return {{"sku", "TEA-LJ"},
          {"name", {{"zh", "西湖龙井茶"}, {"en", "Longjing green tea"}}},
          {"description", {{"zh", "明前采摘"}, {"en", "First harvest"}}},
          {"aliases", {"龙井", "Dragon Well"}},
          {"unit_price_fen", 19900},
          {"currency", "CNY"},
          {"quantity_max", 20},
          {"on_sale", true}};
}

json item(const char* sku, const char* zh, const char* en) {
  return {{"sku", sku}, {"name", {{"zh", zh}, {"en", en}}}, {"unit_price_fen", 100}};
}

json shop() {
  json old = item("OLD", "龙井旧茶", "Old longjing");
  old["on_sale"] = false;
  return {{"version", "2026-01"},
          {"items",
           {tea(), item("TEA-PE", "普洱茶饼", "Pu'er tea cake"), item("CUP", "青瓷茶杯", "Celadon cup"),
            item("STEAMER", "蒸笼", "Bamboo steamer"), old}}};
}

Catalogue load(const json& document) {
  return Catalogue::from_json(document.dump()).value();
}

std::vector<std::string> found(const Catalogue& catalogue, std::string_view query, std::size_t limit = 10) {
  std::vector<std::string> skus;
  for (const CatalogueItem* hit : catalogue.search(query, limit)) skus.push_back(hit->sku.str());
  return skus;
}

Error refused(const json& document) {
  const auto loaded = Catalogue::from_json(document.dump());
  EXPECT_FALSE(loaded.ok()) << document.dump();
  return loaded.ok() ? Error() : loaded.error();
}

using Skus = std::vector<std::string>;

TEST(CatalogueJsonTest, ReadsAllThatAnItemHas) {
  const Catalogue catalogue = load(shop());
  EXPECT_EQ(catalogue.version(), "2026-01");
  ASSERT_EQ(catalogue.items().size(), 5u);
  const CatalogueItem* found_item = catalogue.find(Sku::trusted("TEA-LJ"));
  ASSERT_NE(found_item, nullptr);
  EXPECT_EQ(found_item->unit_price, Money(19900, Currency::cny()));
  EXPECT_EQ(found_item->quantity_max, 20);
  EXPECT_EQ(found_item->name("zh-CN"), "西湖龙井茶");
  EXPECT_EQ(found_item->name("en"), "Longjing green tea");
  EXPECT_EQ(found_item->description_en, "First harvest");
  EXPECT_EQ(found_item->aliases, (std::vector<std::string>{"龙井", "dragon well"}));
  EXPECT_EQ(catalogue.find(Sku::trusted("NO")), nullptr);
  ASSERT_NE(catalogue.find(Sku::trusted("OLD")), nullptr);
  EXPECT_FALSE(catalogue.find(Sku::trusted("OLD"))->on_sale);
}

TEST(CatalogueJsonTest, FillsInWhatIsOptional) {
  const Catalogue catalogue = load({{"version", "1"}, {"items", {item("CUP", "茶杯", "Cup")}}});
  const CatalogueItem& cup = catalogue.items().front();
  EXPECT_EQ(cup.unit_price.currency(), Currency::cny());
  EXPECT_EQ(cup.quantity_max, 99);
  EXPECT_TRUE(cup.on_sale);
  EXPECT_TRUE(cup.aliases.empty());
}

TEST(CatalogueJsonTest, QuantityPricesAreStatedOrCutToTheFen) {
  json document = shop();
  document["items"][0]["unit_price_fen"] = 2'995;
  document["items"][0]["quantity_prices"] =
      json::parse(R"([{"from":3,"percent_off":1},{"from":10,"unit_price_fen":2500},{"from":20,"percent_off":99}])");
  const Catalogue catalogue = load(document);
  const CatalogueItem& tea = catalogue.items().front();
  for (const auto& [quantity, fen] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 2'995}, {2, 2'995}, {3, 2'965}, {9, 2'965}, {10, 2'500}, {19, 2'500}, {20, 29}}) {
    EXPECT_EQ(tea.price_at(quantity), Money(fen, Currency::cny())) << quantity;
  }
  EXPECT_EQ(catalogue.items()[1].price_at(99), Money(100, Currency::cny()));
}

TEST(CatalogueJsonTest, ReportsEveryMistakeAtOnce) {
  json document = shop();
  document["colour"] = 1;
  document["version"] = "";
  document["items"][0]["unit_price_fen"] = 0;
  document["items"][0]["price"] = 1;
  document["items"][1]["name"].erase("en");
  document["items"][2]["sku"] = "TEA-LJ";
  document["items"][3]["currency"] = "RMB";
  document["items"][4]["on_sale"] = "no";
  const Error error = refused(document);
  EXPECT_EQ(error.code, Errc::config_bad_value);
  for (const char* place :
       {"/colour: ", "/version: ", "/items/0/unit_price_fen: ", "/items/0/price: ", "/items/1/name/en: ",
        "/items/2/sku: stands twice", "/items/3/currency: ", "/items/4/on_sale: "}) {
    EXPECT_NE(error.message.find(place), std::string::npos) << place << "\n" << error.message;
  }
  EXPECT_EQ(std::count(error.message.begin(), error.message.end(), '\n'), 7);
  EXPECT_EQ(error.param, "/colour");
}

TEST(CatalogueJsonTest, AMistakeNamesTheItemThatItIsOf) {
  json document = shop();
  document["items"][0]["unit_price_fen"] = 0;
  document["items"][1]["sku"] = "no sku";
  document["items"][1]["quantity_max"] = 0;
  document["colour"] = 1;
  const Error error = refused(document);
  EXPECT_NE(error.message.find("/items/0/unit_price_fen: must be an integer, 1 to 10000000000 (TEA-LJ)\n"),
            std::string::npos)
      << error.message;
  EXPECT_TRUE(error.message.ends_with("/items/1/quantity_max: must be an integer, 1 to 1000000")) << error.message;
  EXPECT_TRUE(error.message.starts_with("/colour: no such key\n")) << error.message;
}

TEST(CatalogueJsonTest, ANameOfSpacesAloneIsNone) {
  for (const char* spaces : {" ", "   ", "\u3000", "\u00A0", "\u2003 \t", "\u2800"}) {
    for (const char* locale : {"zh", "en"}) {
      json document = shop();
      document["items"][0]["name"][locale] = spaces;
      const Error error = refused(document);
      EXPECT_EQ(error.param, std::string("/items/0/name/") + locale);
      EXPECT_NE(error.message.find(": needs a name: these are only spaces (TEA-LJ)"), std::string::npos)
          << error.message;
    }
  }
  json document = shop();
  document["items"][0]["name"]["en"] = "a ";
  document["items"][0]["description"]["en"] = " ";
  EXPECT_TRUE(Catalogue::from_json(document.dump()).ok());
}

TEST(CatalogueJsonTest, HoldsEachRule) {
  const auto broken = [](const char* pointer, json value) {
    json document = shop();
    document[json::json_pointer(pointer)] = std::move(value);
    const Error error = refused(document);
    EXPECT_EQ(error.code, Errc::config_bad_value);
    EXPECT_EQ(error.param.substr(0, std::string_view(pointer).size()), pointer) << error.message;
  };
  broken("/items/0/sku", 7);
  broken("/items/0/sku", "with space");
  broken("/items/0/name", "tea");
  broken("/items/0/name/zh", "");
  broken("/items/0/name/zh", std::string(101, 'x'));
  broken("/items/0/name/zh", "茶\u202E");
  broken("/items/0/name/en", "tea 😀");
  broken("/items/0/name/fr", "thé");
  broken("/items/0/aliases", "tea");
  broken("/items/0/aliases/0", 1);
  broken("/items/0/aliases/0", "");
  broken("/items/0/unit_price_fen", -1);
  broken("/items/0/unit_price_fen", "19900");
  broken("/items/0/unit_price_fen", 10'000'000'001);
  broken("/items/0/quantity_max", 0);
  broken("/items/0/quantity_max", 1'000'001);
  broken("/items/0/currency", 1);
  const auto no_steps = [&](const char* at, const char* steps) {
    json document = shop();
    document["items"][0]["quantity_prices"] = json::parse(steps);
    EXPECT_EQ(refused(document).param, "/items/0/quantity_prices" + std::string(at)) << steps;
  };
  no_steps("", "{}");
  no_steps("", "[]");
  no_steps("/0", "[7]");
  no_steps("/0/from", R"([{"percent_off":5}])");
  no_steps("/0/from", R"([{"from":1,"percent_off":5}])");
  no_steps("/0/from", R"([{"from":21,"percent_off":5}])");  // beyond what may be bought
  no_steps("/1/from", R"([{"from":3,"percent_off":5},{"from":3,"percent_off":6}])");
  no_steps("/1/from", R"([{"from":3,"percent_off":5},{"from":4,"percent_off":5}])");  // no cheaper
  no_steps("/0/from", R"([{"from":3,"unit_price_fen":19900}])");
  no_steps("/0/unit_price_fen", R"([{"from":3}])");
  no_steps("/0/unit_price_fen", R"([{"from":3,"percent_off":5,"unit_price_fen":100}])");
  no_steps("/0/unit_price_fen", R"([{"from":3,"unit_price_fen":0}])");
  no_steps("/0/percent_off", R"([{"from":3,"percent_off":100}])");
  no_steps("/0/price", R"([{"from":3,"percent_off":5,"price":1}])");
  broken("/items", json::array());
  broken("/items", json::object());
  EXPECT_EQ(Catalogue::from_json("[]").code(), Errc::config_bad_value);
}

TEST(CatalogueJsonTest, TheLimitsThemselvesAreWithin) {
  json document = shop();
  json& first = document["items"][0];
  first["name"]["zh"] = std::string(100, 'x');
  first["description"]["zh"] = "";
  first["description"]["en"] = std::string(2'000, 'x');
  first["unit_price_fen"] = 10'000'000'000;
  first["quantity_max"] = 1'000'000;
  first["aliases"] = json::array();
  for (int i = 0; i < 50; ++i) first["aliases"].push_back("x");
  for (int from = 2; from < 12; ++from)
    first["quantity_prices"].push_back({{"from", from}, {"unit_price_fen", 10'000'000'000 - from}});
  EXPECT_TRUE(Catalogue::from_json(document.dump()).ok());
  const auto one_more = [&](const char* list) {
    json more = document;
    more["items"][0][list].push_back(more["items"][0][list].back());
    EXPECT_EQ(refused(more).param, "/items/0/" + std::string(list));
  };
  one_more("aliases");
  one_more("quantity_prices");
  first["description"]["en"] = std::string(2'001, 'x');
  EXPECT_EQ(refused(document).param, "/items/0/description/en");
}

TEST(CatalogueJsonTest, AShopHasAtMostTenThousandItems) {
  json document = {{"version", "1"}, {"items", json::array()}};
  for (int i = 0; i < 10'000; ++i) document["items"].push_back(item(("S" + std::to_string(i)).c_str(), "茶", "Tea"));
  EXPECT_EQ(load(document).items().size(), 10'000U);
  document["items"].push_back(item("ONE-MORE", "茶", "Tea"));
  EXPECT_EQ(refused(document).param, "/items");
}

TEST(CatalogueJsonTest, OneMistakeIsSaidOnce) {
  for (const char* steps : {R"([{"from":0,"percent_off":5}])", R"([{"from":3}])", R"([{"percent_off":5}])"}) {
    json document = shop();
    document["items"][0]["quantity_prices"] = json::parse(steps);
    const Error error = refused(document);
    EXPECT_EQ(std::count(error.message.begin(), error.message.end(), '\n'), 0) << error.message;
  }
  json document = shop();
  document["items"][0]["quantity_prices"] = json::parse(R"([{"from":0,"percent_off":5},{"from":3}])");
  EXPECT_NE(refused(document).message.find("/quantity_prices/1/"), std::string::npos) << "and the next one too";
}

TEST(CatalogueJsonTest, GoesThroughTheGate) {
  EXPECT_EQ(Catalogue::from_json("{").code(), Errc::json_malformed);
  EXPECT_EQ(Catalogue::from_json(R"({"version":"1","version":"2"})").code(), Errc::json_duplicate_key);
  json document = shop();
  document["items"][0]["unit_price_fen"] = 199.5;
  EXPECT_EQ(refused(document).code, Errc::json_wrong_type);
}

TEST(CatalogueJsonTest, ALongListOfMistakesIsCut) {
  json document = {{"version", "1"}, {"items", json::array()}};
  for (int i = 0; i < 150; ++i) document["items"].push_back(1);
  EXPECT_NE(refused(document).message.find("and 50 more"), std::string::npos);
}

TEST(CatalogueSearchTest, AnEmptyQueryGivesAllThatIsOnSale) {
  const Catalogue catalogue = load(shop());
  EXPECT_EQ(found(catalogue, ""), (Skus{"TEA-LJ", "TEA-PE", "CUP", "STEAMER"}));
  EXPECT_EQ(found(catalogue, "  ！ "), (Skus{"TEA-LJ", "TEA-PE", "CUP", "STEAMER"}));
  EXPECT_EQ(found(catalogue, "", 2), (Skus{"TEA-LJ", "TEA-PE"}));
}

TEST(CatalogueSearchTest, FindsChineseByPartOfTheName) {
  const Catalogue catalogue = load(shop());
  EXPECT_EQ(found(catalogue, "龙井茶"), (Skus{"TEA-LJ"}));
  EXPECT_EQ(found(catalogue, "茶杯"), (Skus{"CUP"}));
  EXPECT_EQ(found(catalogue, "茶"), (Skus{"TEA-LJ", "TEA-PE", "CUP"}));
  EXPECT_EQ(found(catalogue, "西湖，茶杯"), (Skus{"TEA-LJ", "CUP"}));
}

TEST(CatalogueSearchTest, FindsAnAliasWithinTheQuery) {
  const Catalogue catalogue = load(shop());
  EXPECT_EQ(found(catalogue, "两包龙井茶"), (Skus{"TEA-LJ"}));
  EXPECT_EQ(found(catalogue, "我想买2盒龙井。"), (Skus{"TEA-LJ"}));
  EXPECT_EQ(found(catalogue, "two boxes of DRAGON-well, please"), (Skus{"TEA-LJ"}));
}

TEST(CatalogueSearchTest, FindsEnglishByWholeWords) {
  const Catalogue catalogue = load(shop());
  EXPECT_EQ(found(catalogue, "tea"), (Skus{"TEA-LJ", "TEA-PE"})) << "a steamer is no tea";
  EXPECT_EQ(found(catalogue, "two green teas please"), (Skus{"TEA-LJ", "TEA-PE"}));
  EXPECT_EQ(found(catalogue, "Celadon cups"), (Skus{"CUP"}));
  EXPECT_EQ(found(catalogue, "steam"), (Skus{"STEAMER"}));
  EXPECT_EQ(found(catalogue, "TEA-PE"), (Skus{"TEA-PE", "TEA-LJ"})) << "the SKU itself comes first";
  EXPECT_EQ(found(catalogue, "ＣＵＰ"), (Skus{"CUP"}));
}

TEST(CatalogueSearchTest, WhatMatchesNothingFindsNothing) {
  const Catalogue catalogue = load(shop());
  EXPECT_EQ(found(catalogue, "手机"), Skus{});
  EXPECT_EQ(found(catalogue, "phone for the 2"), Skus{});
  EXPECT_EQ(found(catalogue, "\xFF"), (Skus{"TEA-LJ", "TEA-PE", "CUP", "STEAMER"})) << "no words at all";
  EXPECT_EQ(found(catalogue, "ke"), Skus{}) << "no word of any item";
  EXPECT_EQ(found(catalogue, "旧茶"), Skus{}) << "not on sale";
}

TEST(CatalogueSearchTest, LettersAndNumbersAloneTellNothing) {
  json document = shop();
  document["items"].push_back(item("XO", "酱", "XO sauce of 10 spices, c 9 0, k2 19"));
  const Catalogue catalogue = load(document);
  EXPECT_EQ(found(catalogue, "my xo there"), (Skus{"XO"}));
  EXPECT_EQ(found(catalogue, "my k2 there"), (Skus{"XO"})) << "a word with a number in it is one";
  for (const char* query : {"maybe 10 there", "maybe 19 there", "maybe c there", "maybe 0 there", "maybe 9 there"})
    EXPECT_EQ(found(catalogue, query), Skus{}) << query;
}

TEST(CatalogueSearchTest, TheBestMatchComesFirst) {
  const Catalogue catalogue = load(shop());
  EXPECT_EQ(found(catalogue, "普洱茶饼 cup").front(), "TEA-PE");
  EXPECT_EQ(found(catalogue, "a cake of tea").front(), "TEA-PE");
  EXPECT_EQ(found(catalogue, "龙井 青瓷茶杯"), (Skus{"CUP", "TEA-LJ"})) << "the longer name says more";
}

TEST(CatalogueFile, AnItemMayHaveATolerance) {
  const auto with = [](const json& tolerance) {
    json document = shop();
    document["items"][0]["tolerance_per_mille"] = tolerance;
    return Catalogue::from_json(document.dump());
  };
  for (int tolerance : {0, 1, 50}) {
    const auto read = with(tolerance);
    ASSERT_TRUE(read.ok()) << tolerance;
    EXPECT_EQ(read->find(Sku::trusted("TEA-LJ"))->tolerance_per_mille, tolerance);
    EXPECT_FALSE(read->find(Sku::trusted("CUP"))->tolerance_per_mille.has_value());
  }
  for (const json& wrong : {json(51), json(-1), json(0.5), json("5")}) EXPECT_FALSE(with(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace purser
