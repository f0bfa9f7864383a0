#include "tools/told_prices.hpp"

#include "tools/client_call.hpp"
#include "validation/money/errc.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace purser {
namespace {

using nlohmann::json;

Money price_of(const json& priced, Currency currency) {
  return Money(priced.at("unit_price_fen").get<std::int64_t>(), currency);
}

// Nothing where another version of the program has written less.
std::optional<rules::ShownItem> shown_item(const json& told, UtcTime at) {
  if (!told.contains("sku") || !told.contains("unit_price_fen")) return std::nullopt;
  const auto currency = Currency::parse(told.value("currency", ""));
  if (!currency) return std::nullopt;
  rules::ShownItem shown{{}, at};
  shown.item.sku = Sku::trusted(told.at("sku").get<std::string>());
  shown.item.unit_price = price_of(told, *currency);
  for (const json& step : told.value("quantity_prices", json::array()))
    shown.item.quantity_prices.push_back({step.at("from").get<std::int64_t>(), price_of(step, *currency)});
  return shown;
}

}  // namespace

ToldPrices::ToldPrices(const std::vector<Message>& messages, const TurnId& turn) {
  std::set<std::string> answered;
  std::set<std::string> by_client;
  for (const Message& message : messages) {
    if (message.role == Role::assistant && message.calls.empty()) answered.insert(message.turn.str());
    if (begins_client_call(message)) by_client.insert(message.turn.str());
  }
  for (const Message& message : messages) {
    if (message.role == Role::user && message.turn == turn) declined_ = rules::declines(message.text);
    const bool to_client = by_client.contains(message.turn.str());
    if (message.role != Role::tool || message.turn == turn) continue;
    if (!to_client && !answered.contains(message.turn.str())) continue;
    json result = json::parse(message.text, nullptr, false);
    // Whether a client's customer was asked, the client has to say: that it calls once more says nothing.
    if (to_client && result.is_object() && result.contains("changed_prices")) continue;
    if (result.is_object()) told_.push_back({std::move(result), message.at});
  }
}

std::vector<rules::ShownItem> ToldPrices::shown() const {
  std::vector<rules::ShownItem> out;
  for (auto told = told_.rbegin(); told != told_.rend(); ++told)
    for (const json& item : told->result.value("items", json::array()))
      if (auto shown = shown_item(item, told->at)) out.push_back(*std::move(shown));
  return out;
}

bool ToldPrices::asked_about(std::vector<rules::ChangedPrice> changes) const {
  for (const Told& told : told_) {
    if (declined_) break;
    if (told.result.value("code", "") != code_of(Errc::price_changed)) continue;
    for (const json& price : told.result.at("changed_prices"))
      std::erase_if(changes, [&](const rules::ChangedPrice& change) {
        return price.at("sku") == change.sku.str() && price.at("unit_price_fen") == change.now.minor();
      });
  }
  return changes.empty();
}

}  // namespace purser
