// Reading a catalogue file: strict, and all its mistakes at once, so that an operator mends it in one go.
#include "validation/domain/catalogue.hpp"
#include "validation/money/ascii.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/money/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <set>

namespace purser {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{16u << 20, 8, 1'000'000, false};
constexpr std::size_t kItemsMax = 10'000;
constexpr std::size_t kVersionMax = 64;
constexpr std::size_t kNameMax = 100;  // a name alone leaves room for its quantity in the rail's description
constexpr std::size_t kDescriptionMax = 2'000;
constexpr std::size_t kAliasMax = 64;
constexpr std::size_t kAliasesMax = 50;
constexpr std::int64_t kPriceMax = 10'000'000'000;
constexpr std::int64_t kQuantityMax = 1'000'000;
constexpr std::uint64_t kToleranceMax = 50;
constexpr std::size_t kQuantityPricesMax = 10;
constexpr std::int64_t kPercentMax = 99;
constexpr std::size_t kMistakesMax = 100;
// The spaces of Unicode that clean() leaves, and the blank of Braille: nobody sees a name of these.
constexpr std::string_view kSpaces[] = {" ",      "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002",
                                        "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
                                        "\u2009", "\u200A", "\u202F", "\u205F", "\u2800"};

class Mistakes {
 public:
  void add(const std::string& at, const std::string& rule) {
    if (count_++ == 0) first_ = at;
    if (count_ <= kMistakesMax) text_ += (text_.empty() ? "" : "\n") + (at.empty() ? "/" : at) + ": " + rule + of_;
  }
  // What is added until the next call belongs to this item: a place in a list tells little of a table or a hash.
  void belong_to(const json& item) {
    const auto sku = item.is_object() ? item.find("sku") : item.end();
    const bool known = item.is_object() && sku != item.end() && sku->is_string();
    const auto parsed = known ? Sku::parse(sku->get_ref<const std::string&>()) : Result<Sku>(Errc::json_wrong_type);
    of_ = parsed ? " (" + parsed->str() + ")" : "";
  }
  void belong_to_none() { of_.clear(); }
  bool any() const { return count_ > 0; }
  Error error() const {
    const std::size_t more = count_ - std::min(count_, kMistakesMax);
    return Error(Errc::config_bad_value, more == 0 ? text_ : text_ + "\nand " + std::to_string(more) + " more", first_);
  }

 private:
  std::string text_;
  std::string first_;
  std::string of_;
  std::size_t count_ = 0;
};

// One JSON object being read; what is wrong with it goes to the mistakes.
class Reader {
 public:
  Reader(const json& object, std::string at, Mistakes& mistakes)
      : object_(object), at_(std::move(at)), mistakes_(mistakes) {}

  // False when it is not an object: nothing else can be read of it then.
  bool is_object(std::initializer_list<std::string_view> keys) {
    if (!object_.is_object()) return mistakes_.add(at_, "must be an object"), false;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) mistakes_.add(pointer_to(at_, key), "no such key");
    }
    return true;
  }

  const json* member(std::string_view key, bool needed) {
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    if (needed) mistakes_.add(place(key), "is required");
    return nullptr;
  }

  std::string text(std::string_view key, std::size_t max, bool needed) {
    const json* value = member(key, needed);
    return value == nullptr ? std::string() : text_of(*value, place(key), max, needed ? 1 : 0);
  }

  std::string text_of(const json& value, const std::string& at, std::size_t max, std::size_t min) {
    if (!value.is_string()) return mistakes_.add(at, "must be a string"), std::string();
    const auto cleaned = clean(value.get_ref<const std::string&>(), TextRules());
    if (!cleaned || cleaned->removed.total() > 0)
      return mistakes_.add(at, "holds control or invisible characters"), std::string();
    const std::size_t length = code_points(cleaned->text);
    if (length < min || length > max) {
      mistakes_.add(at, "must have " + std::to_string(min) + " to " + std::to_string(max) + " characters");
    }
    return cleaned->text;
  }

  std::int64_t integer(std::string_view key, std::int64_t max, std::int64_t fallback, bool needed) {
    const json* value = member(key, needed);
    if (value == nullptr) return fallback;
    const bool fits = value->is_number_unsigned() && value->get<std::uint64_t>() >= 1 &&
                      value->get<std::uint64_t>() <= static_cast<std::uint64_t>(max);
    if (!fits) return mistakes_.add(place(key), "must be an integer, 1 to " + std::to_string(max)), fallback;
    return value->get<std::int64_t>();
  }

  bool boolean(std::string_view key, bool fallback) {
    const json* value = member(key, false);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) return mistakes_.add(place(key), "must be true or false"), fallback;
    return value->get<bool>();
  }

  std::string place(std::string_view key) const { return pointer_to(at_, key); }
  void mistake(std::string_view key, const std::string& rule) { mistakes_.add(place(key), rule); }

 private:
  const json& object_;
  std::string at_;
  Mistakes& mistakes_;
};

// Not of an empty text, of which the length is told. The ideographic space is a space by now.
bool only_spaces(std::string_view text) {
  const bool any = !text.empty();
  while (!text.empty()) {
    const std::string_view one = first_code_points(text, 1);
    if (std::find(std::begin(kSpaces), std::end(kSpaces), one) == std::end(kSpaces)) return false;
    text.remove_prefix(one.size());
  }
  return any;
}

struct Translations {
  std::string zh;
  std::string en;
};

Translations read_translations(Reader& item, std::string_view key, std::size_t max, bool needed, Mistakes& mistakes) {
  const json* value = item.member(key, needed);
  if (value == nullptr) return {};
  Reader both(*value, item.place(key), mistakes);
  if (!both.is_object({"zh", "en"})) return {};
  Translations out{both.text("zh", max, needed), both.text("en", max, needed)};
  if (needed && only_spaces(out.zh)) both.mistake("zh", "needs a name: these are only spaces");
  if (needed && only_spaces(out.en)) both.mistake("en", "needs a name: these are only spaces");
  if (needed && !fits_rail(out.zh)) both.mistake("zh", "holds characters of four bytes, which the rail does not take");
  if (needed && !fits_rail(out.en)) both.mistake("en", "holds characters of four bytes, which the rail does not take");
  return out;
}

std::vector<std::string> read_aliases(Reader& item, Mistakes& mistakes) {
  const json* value = item.member("aliases", false);
  if (value == nullptr) return {};
  const std::string at = item.place("aliases");
  if (!value->is_array() || value->size() > kAliasesMax) {
    mistakes.add(at, "must be an array of at most " + std::to_string(kAliasesMax) + " strings");
    return {};
  }
  std::vector<std::string> aliases;
  for (std::size_t i = 0; i < value->size(); ++i) {
    aliases.push_back(ascii::lower(item.text_of((*value)[i], pointer_to(at, i), kAliasMax, 1)));
  }
  return aliases;
}

std::optional<std::int64_t> read_tolerance(Reader& item) {
  const json* value = item.member("tolerance_per_mille", false);
  if (value == nullptr) return std::nullopt;
  const bool fits = value->is_number_unsigned() && value->get<std::uint64_t>() <= kToleranceMax;
  if (fits) return value->get<std::int64_t>();
  item.mistake("tolerance_per_mille", "must be an integer, 0 to " + std::to_string(kToleranceMax));
  return std::nullopt;
}

// When the prices were taken; epoch when the file does not say.
UtcTime read_as_of(Reader& in) {
  const json* value = in.member("as_of", false);
  if (value == nullptr) return UtcTime{};
  auto time =
      value->is_string() ? parse_time(value->get_ref<const std::string&>()) : Result<UtcTime>(Errc::malformed_time);
  if (time) return *time;
  in.mistake("as_of", "must be an RFC 3339 time");
  return UtcTime{};
}

// Exactly one of a price and a percentage; no price when neither can be read.
std::optional<Money> read_quantity_price(Reader& step, const CatalogueItem& item) {
  const Currency currency = item.unit_price.currency();
  const bool by_price = step.member("unit_price_fen", false) != nullptr;
  const bool by_percent = step.member("percent_off", false) != nullptr;
  if (by_price == by_percent) {
    step.mistake("unit_price_fen", "one of unit_price_fen and percent_off is required");
    return std::nullopt;
  }
  if (by_price) return Money(step.integer("unit_price_fen", kPriceMax, 0, true), currency);
  const std::int64_t off = step.integer("percent_off", kPercentMax, 0, true);
  return Money(item.unit_price.minor() * (100 - off) / 100, currency);
}

// A step that is out of its order, or not cheaper than the one before, is a slip of whoever wrote it.
std::vector<QuantityPrice> read_quantity_prices(Reader& in, const CatalogueItem& item, Mistakes& mistakes) {
  const json* value = in.member("quantity_prices", false);
  if (value == nullptr) return {};
  const std::string at = in.place("quantity_prices");
  if (!value->is_array() || value->empty() || value->size() > kQuantityPricesMax) {
    mistakes.add(at, "must be an array of 1 to " + std::to_string(kQuantityPricesMax) + " objects");
    return {};
  }
  std::vector<QuantityPrice> steps;
  QuantityPrice before{1, item.unit_price};
  for (std::size_t i = 0; i < value->size(); ++i) {
    Reader step((*value)[i], pointer_to(at, i), mistakes);
    if (!step.is_object({"from", "unit_price_fen", "percent_off"})) continue;
    const std::int64_t from = step.integer("from", item.quantity_max, 0, true);
    const std::optional<Money> price = read_quantity_price(step, item);
    if (from == 0 || !price) continue;  // and said so
    if (from <= before.from)
      step.mistake("from", "must be more than " + std::to_string(before.from) + ", which stands before it");
    if (!price->positive()) step.mistake("unit_price_fen", "nothing is left to be paid");
    if (price->minor() >= before.unit_price.minor()) step.mistake("from", "is not cheaper than what stands before it");
    before = QuantityPrice{from, *price};
    steps.push_back(before);
  }
  return steps;
}

CatalogueItem read_item(const json& value, const std::string& at, Mistakes& mistakes) {
  CatalogueItem item;
  Reader in(value, at, mistakes);
  if (!in.is_object({"sku", "name", "description", "aliases", "unit_price_fen", "currency", "quantity_prices",
                     "quantity_max", "on_sale", "tolerance_per_mille"}))
    return item;
  if (const json* sku = in.member("sku", true)) {
    auto parsed =
        sku->is_string() ? Sku::parse(sku->get_ref<const std::string&>()) : Result<Sku>(Errc::json_wrong_type);
    if (parsed) {
      item.sku = *parsed;
    } else {
      in.mistake("sku", parsed.error().message);
    }
  }
  auto name = read_translations(in, "name", kNameMax, true, mistakes);
  auto description = read_translations(in, "description", kDescriptionMax, false, mistakes);
  item.name_zh = std::move(name.zh);
  item.name_en = std::move(name.en);
  item.description_zh = std::move(description.zh);
  item.description_en = std::move(description.en);
  item.aliases = read_aliases(in, mistakes);
  Currency currency = Currency::cny();
  if (const json* code = in.member("currency", false)) {
    auto parsed = Currency::parse(code->is_string() ? code->get_ref<const std::string&>() : std::string());
    if (parsed) {
      currency = *parsed;
    } else {
      in.mistake("currency", parsed.error().message);
    }
  }
  item.unit_price = Money(in.integer("unit_price_fen", kPriceMax, 0, true), currency);
  item.quantity_max = in.integer("quantity_max", kQuantityMax, item.quantity_max, false);
  item.quantity_prices = read_quantity_prices(in, item, mistakes);
  item.on_sale = in.boolean("on_sale", true);
  item.tolerance_per_mille = read_tolerance(in);
  return item;
}

}  // namespace

Result<Catalogue> Catalogue::from_json(std::string_view text) {
  const auto document = parse_strict(text, kLimits);
  if (!document) return document.error();
  Mistakes mistakes;
  Reader in(*document, "", mistakes);
  if (!in.is_object({"version", "as_of", "items"})) return mistakes.error();
  std::string version = in.text("version", kVersionMax, true);
  const UtcTime as_of = read_as_of(in);
  std::vector<CatalogueItem> items;
  const json* list = in.member("items", true);
  if (list != nullptr && (!list->is_array() || list->empty() || list->size() > kItemsMax)) {
    in.mistake("items", "must be an array of 1 to " + std::to_string(kItemsMax) + " items");
  } else if (list != nullptr) {
    std::set<Sku> seen;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string at = pointer_to("/items", i);
      mistakes.belong_to((*list)[i]);
      items.push_back(read_item((*list)[i], at, mistakes));
      mistakes.belong_to_none();
      const Sku& sku = items.back().sku;
      if (!sku.empty() && !seen.insert(sku).second) mistakes.add(pointer_to(at, "sku"), "stands twice: " + sku.str());
    }
  }
  if (mistakes.any()) return mistakes.error();
  return Catalogue(std::move(version), std::move(items), as_of);
}

}  // namespace purser
