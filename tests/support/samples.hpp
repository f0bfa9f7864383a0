// A small shop and the payments of one customer, for tests of anything that decides about money.
#pragma once

#include "validation/domain/catalogue.hpp"
#include "validation/domain/intent.hpp"

#include <string>
#include <vector>

namespace purser::samples {

inline Money fen(std::int64_t minor) {
  return Money(minor, Currency::cny());
}
inline Money yen(std::int64_t minor) {
  return Money(minor, Currency::parse("JPY").value());
}
inline Sku sku(std::string_view text) {
  return Sku::parse(text).value();
}

inline CatalogueItem item(std::string_view name, const std::string& zh, const std::string& en, Money price) {
  CatalogueItem out;
  out.sku = sku(name);
  out.name_zh = zh;
  out.name_en = en;
  out.unit_price = price;
  return out;
}

// TEA 199.00 (at most 20), CUP 2.00, SWEET 1.99, OLD not on sale, YEN in yen.
inline Catalogue shop() {
  std::vector<CatalogueItem> items = {item("TEA", "西湖龙井茶", "Longjing tea", fen(19'900)),
                                      item("CUP", "茶杯", "Cup", fen(200)), item("SWEET", "糖", "Sweet", fen(199)),
                                      item("OLD", "旧茶", "Old tea", fen(100)),
                                      item("YEN", "日本茶", "Sencha", yen(1'200))};
  items[0].quantity_max = 20;
  items[3].on_sale = false;
  return Catalogue("v1", std::move(items));
}

inline IntentId intent_id(char last) {
  return IntentId::parse("pi_000000000000000000000" + std::string(1, last)).value();
}

// Two teas, paid: 398.00 captured.
inline PaymentIntent paid(char last) {
  PaymentIntent intent;
  intent.id = intent_id(last);
  intent.state = IntentState::succeeded;
  intent.amount = fen(39'800);
  intent.captured = fen(39'800);
  intent.lines = {IntentLine{sku("TEA"), "西湖龙井茶", 2, fen(19'900)}};
  return intent;
}

}  // namespace purser::samples
