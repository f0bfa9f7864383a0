#include "config/model_prices.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

namespace purser {

// Defined by the build from config/model_prices.json.
std::string_view built_in_prices();

namespace {

using nlohmann::json;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

Error bad(const std::string& where, const std::string& rule) {
  return {Errc::config_bad_value, "the price table: " + where + " " + rule, "llm.prices_file"};
}

// "0.0028" to 2800. Exact: text, because a rate must not pass through binary fractions.
std::optional<std::int64_t> micros(const json& value) {
  if (!value.is_string()) return std::nullopt;
  const std::string text = value.get<std::string>();
  const auto point = text.find('.');
  std::string digits = text.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  if (digits.empty() || digits.size() > 6 || fraction.size() > 6 || (point != std::string::npos && fraction.empty()))
    return std::nullopt;
  fraction.resize(6, '0');
  digits += fraction;
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(digits);
}

std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t added(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kMax : sum;
}
std::int64_t times(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kMax : product;
}

bool is_date(std::string_view text) {
  if (text.size() != 11 || text[0] != '-') return false;
  for (std::size_t i = 1; i < text.size(); ++i)
    if (i == 5 || i == 8 ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  return true;
}

}  // namespace

Result<PriceTable> PriceTable::parse(std::string_view text) {
  const json root = json::parse(text, nullptr, false);
  if (!root.is_object()) return bad("the file", "is a JSON object");
  PriceTable table;
  table.version_ = text_in(root, "version");
  if (table.version_.empty()) return bad("version", "is the date of the prices");
  const json exchange = root.value("cny_per_usd", json());
  if (!exchange.is_object()) return bad("cny_per_usd", "is an object of rate and date");
  const auto rate = micros(exchange.value("rate", json()));
  if (!rate || *rate == 0) return bad("cny_per_usd.rate", "is a decimal as text");
  table.cny_per_usd_e6_ = *rate;
  table.rate_date_ = text_in(exchange, "date");
  const json tiers = root.value("service_tiers", json::object());
  if (!tiers.is_object()) return bad("service_tiers", "is an object");
  for (const auto& [name, percent] : tiers.items()) {
    if (!percent.is_number_integer() || percent < 1 || percent > 1'000)
      return bad("service_tiers." + name, "is an integer from 1 to 1000");
    table.tier_percent_[name] = percent.get<std::int64_t>();
  }
  const json models = root.value("models", json::object());
  if (!models.is_object()) return bad("models", "is an object");
  for (const auto& [name, rows] : models.items()) {
    if (!rows.is_array() || rows.empty()) return bad("models." + name, "is a list of rows");
    for (const json& entry : rows) {
      Row row;
      if (!entry.is_object()) return bad("models." + name, "is a list of rows, and a row is an object");
      const auto input = micros(entry.value("input", json()));
      const auto output = micros(entry.value("output", json()));
      if (!input || !output) return bad("models." + name, "has input and output as decimal texts");
      row.input = *input;
      row.output = *output;
      // What has no rate of its own is not cheaper than what has.
      for (const char* rate_of : {"cached", "cache_write"})
        if (entry.contains(rate_of) && !micros(entry[rate_of]))
          return bad("models." + name + "." + rate_of, "is a decimal as text");
      row.cached = micros(entry.value("cached", json())).value_or(row.input);
      row.cache_write = micros(entry.value("cache_write", json())).value_or(row.input);
      const json end = entry.value("input_tokens_max", json(kMax));
      const std::int64_t begin = table.models_[name].empty() ? 0 : table.models_[name].back().input_tokens_max;
      if (!end.is_number_integer() || end <= begin)
        return bad("models." + name + ".input_tokens_max", "is an integer, and rises from row to row");
      row.input_tokens_max = end.get<std::int64_t>();
      table.dearest_.input = std::max({table.dearest_.input, row.input, row.cached, row.cache_write});
      table.dearest_.output = std::max(table.dearest_.output, row.output);
      table.models_[name].push_back(row);
    }
    if (table.models_[name].back().input_tokens_max != kMax) return bad("models." + name, "ends with an open row");
  }
  table.dearest_.cached = table.dearest_.cache_write = table.dearest_.input;
  if (table.models_.empty()) return bad("models", "names at least one");
  return table;
}

PriceTable PriceTable::built_in() {
  static const PriceTable known = [] {
    auto table = parse(built_in_prices());
    if (!table) std::abort();
    return std::move(*table);
  }();
  return known;
}

Result<PriceTable> PriceTable::load(const std::string& path) {
  if (path.empty()) return built_in();
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error(Errc::config_unreadable, "the price table: " + path + " cannot be read", "llm.prices_file");
  return parse(text.str());
}

// By the longest name of the table that is the model's own, alone or with a date behind it.
const std::vector<PriceTable::Row>* PriceTable::rows_of(std::string_view model) const {
  // OpenRouter and LiteLLM write the maker in front.
  if (const auto slash = model.rfind('/'); slash != std::string_view::npos) model.remove_prefix(slash + 1);
  const auto exact = models_.find(model);
  if (exact != models_.end()) return &exact->second;
  for (const auto& [name, rows] : models_)
    if (model.starts_with(name) && is_date(model.substr(name.size()))) return &rows;
  return nullptr;
}

bool PriceTable::knows(std::string_view model) const {
  return rows_of(model) != nullptr;
}

Cost PriceTable::cost(std::string_view model, std::string_view service_tier, const BilledTokens& tokens) const {
  Cost out;
  const auto* rows = rows_of(model);
  out.guessed = rows == nullptr;
  Row row = dearest_;
  if (rows != nullptr)
    row = *std::find_if(rows->begin(), rows->end(), [&](const Row& r) { return tokens.input <= r.input_tokens_max; });
  const std::int64_t plain = std::max<std::int64_t>(0, tokens.input - tokens.cached - tokens.cache_write);
  out.picousd = added(added(times(plain, row.input), times(tokens.cached, row.cached)),
                      added(times(tokens.cache_write, row.cache_write), times(tokens.output, row.output)));
  if (const auto tier = tier_percent_.find(service_tier); tier != tier_percent_.end()) {
    const std::int64_t scaled = times(out.picousd, tier->second);
    out.picousd = scaled == kMax ? kMax : scaled / 100 + (scaled % 100 != 0 ? 1 : 0);
  }
  return out;
}

std::int64_t PriceTable::dearest(std::string_view model, const BilledTokens& tokens) const {
  BilledTokens stored = tokens;
  stored.cache_write = stored.input;
  BilledTokens known = tokens;
  known.cached = known.input;
  const auto costs = [&](std::string_view tier) {
    return std::max(
        {cost(model, tier, tokens).picousd, cost(model, tier, stored).picousd, cost(model, tier, known).picousd});
  };
  std::int64_t most = costs("");
  for (const auto& [tier, percent] : tier_percent_) most = std::max(most, costs(tier));
  return most;
}

std::int64_t PriceTable::fen(std::int64_t picousd) const {
  const std::int64_t microusd = picousd / 1'000'000 + (picousd % 1'000'000 != 0 ? 1 : 0);
  // 10^-6 USD times 10^-6 CNY per USD; a fen is 10^-2 CNY.
  constexpr std::int64_t kScale = 10'000'000'000;
  const std::int64_t product = times(microusd, cny_per_usd_e6_);
  return product / kScale + (product % kScale != 0 ? 1 : 0);
}

}  // namespace purser
