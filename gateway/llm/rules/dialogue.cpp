#include "gateway/llm/rules/doubt.hpp"
#include "gateway/llm/rules/phrases.hpp"
#include "gateway/llm/rules/rule_engine.hpp"
#include "gateway/llm/rules/wish.hpp"
#include "gateway/llm/wire.hpp"
#include "validation/money/text.hpp"

#include <algorithm>
#include <optional>

namespace purser::dialogue {

namespace {

using nlohmann::json;

constexpr std::size_t kReasonMax = 80;

// One call of this turn and what came of it.
struct Done {
  std::string tool;
  json result;
};

class Dialogue {
 public:
  explicit Dialogue(const ModelRequest& request) : request_(request) {
    const auto& all = request.messages;
    for (std::size_t i = all.size(); i-- > 0;)
      if (all[i].role == Role::user || all[i].role == Role::event) {
        start_ = i;
        break;
      }
    for (std::size_t i = start_; i < all.size(); ++i) collect(all[i]);
  }

  ModelAnswer answer() {
    if (request_.messages.empty()) return words(phrases().greeting());
    const Message& first = request_.messages[start_];
    if (first.role == Role::event) {
      const json event = json::parse(first.text, nullptr, false);
      return words(event.is_object() ? phrases().event(event) : phrases().all_right());
    }
    wish_ = understand(first.text, shop_asked());
    // Tools are withheld when the server wants words only.
    if (request_.tools.empty()) return words(phrases().unclear());
    switch (wish_.kind) {
      case WishKind::greeting:
        return words(phrases().greeting());
      case WishKind::thanks:
        return words(phrases().welcome());
      case WishKind::help:
        return words(phrases().help());
      case WishKind::nothing:
        return words(phrases().all_right());
      case WishKind::list:
        return list();
      case WishKind::price:
        return price();
      case WishKind::buy:
        return buy();
      case WishKind::status:
        return status();
      case WishKind::cancel:
        return cancel();
      case WishKind::renew:
        return renew();
      case WishKind::refund:
        return refund();
      case WishKind::haggle:
        return words(phrases().prices_are_fixed());
      case WishKind::unclear:
        break;
    }
    return words(phrases().unclear());
  }

 private:
  void collect(const Message& message) {
    if (message.role != Role::tool) return;
    Done done;
    done.result = json::parse(message.text, nullptr, false);
    if (!done.result.is_object()) done.result = json{{"status", "refused"}, {"code", "internal"}};
    for (std::size_t i = start_; i < request_.messages.size(); ++i)
      for (const ToolCall& call : request_.messages[i].calls)
        if (call.id == message.call_id) done.tool = call.name;
    done_.push_back(std::move(done));
  }

  Phrases phrases() const {
    const Message* first = request_.messages.empty() ? nullptr : &request_.messages[start_];
    if (!first || first->role == Role::event) return Phrases(request_.locale.starts_with("zh"));
    return Phrases(has_chinese(first->text));
  }

  bool shop_asked() const {
    for (std::size_t i = start_; i-- > 0;) {
      const Message& before = request_.messages[i];
      if (before.role == Role::assistant && before.calls.empty())
        return before.text.ends_with("?") || before.text.find("？") != std::string::npos;
    }
    return false;
  }

  static ModelAnswer words(std::string text) {
    ModelAnswer out;
    out.text = std::move(text);
    return out;
  }

  ModelAnswer call(const std::string& tool, const std::vector<json>& arguments) const {
    ModelAnswer out;
    out.finish = FinishReason::tool_calls;
    for (const json& one : arguments)
      out.calls.push_back({llm::local_call_id(request_.messages.size(), out.calls.size()), tool,
                           one.dump(-1, ' ', false, json::error_handler_t::replace)});
    return out;
  }

  std::vector<const json*> results_of(std::string_view tool) const {
    std::vector<const json*> out;
    for (const Done& done : done_)
      if (done.tool == tool) out.push_back(&done.result);
    return out;
  }

  // The answer of a tool that this turn has asked, or nothing.
  const json* result_of(std::string_view tool) const {
    const auto all = results_of(tool);
    return all.empty() ? nullptr : all.back();
  }

  static bool refused(const json& result) { return result.value("status", "") != "ok"; }

  ModelAnswer list() const {
    const json* found = result_of("search_catalogue");
    if (!found) return call("search_catalogue", {json::object()});
    if (refused(*found)) return words(phrases().refused(*found, "search_catalogue", nullptr));
    const json items = found->value("items", json::array());
    return words(items.empty() ? phrases().nothing_on_sale() : phrases().goods(items));
  }

  ModelAnswer search() const {
    std::vector<json> queries;
    for (const Goods& goods : wish_.goods) queries.push_back({{"query", first_code_points(goods.words, 100)}});
    return call("search_catalogue", queries);
  }

  ModelAnswer price() const {
    const auto found = results_of("search_catalogue");
    if (found.empty()) return search();
    std::string text;
    for (std::size_t i = 0; i < found.size() && i < wish_.goods.size(); ++i) {
      const json items = found[i]->value("items", json::array());
      if (!text.empty()) text += " ";
      text += items.empty()                    ? phrases().no_such_goods(wish_.goods[i].words)
              : is_vague(wish_.goods[i].words) ? phrases().goods(items)
                                               : phrases().price(items.front());
    }
    return words(std::move(text));
  }

  ModelAnswer buy() const {
    const json* made = result_of("create_payment_intent");
    // Another model began this turn and went further.
    if (const json* canceled = result_of("cancel_payment"); made && canceled && !refused(*canceled))
      return words(phrases().canceled(*canceled));
    if (made) return ordered(*made);
    const auto found = results_of("search_catalogue");
    if (found.empty()) return search();
    json lines = json::array();
    for (std::size_t i = 0; i < found.size() && i < wish_.goods.size(); ++i) {
      const json items = found[i]->value("items", json::array());
      if (items.empty()) return words(phrases().no_such_goods(wish_.goods[i].words));
      if (items.size() > 1 && is_vague(wish_.goods[i].words)) return words(phrases().which_goods(items));
      add_line(lines, most_like(wish_.goods[i].words, items), wish_.goods[i].quantity);
    }
    return call("create_payment_intent", {{{"lines", lines}}});
  }

  // The search's first, unless another one's name holds more of the words ("longjing gift box").
  static const json& most_like(const std::string& words, const json& items) {
    const json* best = &items.front();
    const auto score = [&](const json& item) {
      return likeness(words, item.value("name", "") + " " + item.value("sku", ""));
    };
    for (const json& item : items)
      if (score(item) > score(*best)) best = &item;
    return *best;
  }

  // What the search said one piece costs when so many are bought.
  static json unit_price(const json& item, std::int64_t quantity) {
    json price = item["unit_price_fen"];
    for (const json& step : item.value("quantity_prices", json::array()))
      if (quantity >= step["from"]) price = step["unit_price_fen"];
    return price;
  }

  // The same goods named twice are one line.
  static void add_line(json& lines, const json& item, std::int64_t quantity) {
    for (json& line : lines)
      if (line["sku"] == item["sku"]) {
        const std::int64_t together = line["quantity"].get<std::int64_t>() + quantity;
        line["quantity"] = together;
        line["unit_price_fen"] = unit_price(item, together);
        return;
      }
    lines.push_back({{"sku", item["sku"]}, {"quantity", quantity}, {"unit_price_fen", unit_price(item, quantity)}});
  }

  ModelAnswer ordered(const json& made) const {
    if (refused(made)) return words(phrases().refused(made, "create_payment_intent", nullptr));
    if (made.value("state", "") == "awaiting_payment") return words(phrases().please_pay(made));
    if (made.value("state", "") == "succeeded") return words(phrases().state(made));
    return words(phrases().being_confirmed());
  }

  // The payments of this thread, newest first; asked for once a turn.
  std::optional<json> payments() const {
    const json* found = result_of("query_payment");
    if (!found) return std::nullopt;
    return found->value("payments", json::array());
  }

  ModelAnswer status() const {
    const auto all = payments();
    if (!all) return call("query_payment", {json::object()});
    return words(all->empty() ? phrases().no_payment() : phrases().state(all->front()));
  }

  ModelAnswer cancel() const {
    const json* done = result_of("cancel_payment");
    if (!done) return call("cancel_payment", {json::object()});
    return words(refused(*done) ? phrases().refused(*done, "cancel_payment", nullptr) : phrases().canceled(*done));
  }

  ModelAnswer renew() const {
    if (const json* made = result_of("create_payment_intent")) return ordered(*made);
    const auto all = payments();
    if (!all) return call("query_payment", {json::object()});
    for (const json& payment : *all) {
      const std::string state = payment.value("state", "");
      if (state == "awaiting_payment" || state == "created" || state == "unknown") return again(payment);
      if (is_renewal_of_paid(payment, *all)) break;
      if (state == "expired" || state == "canceled" || state == "failed") return again(payment);
      if (state == "succeeded") break;  // paid last: nothing waits to be renewed
    }
    return words(phrases().nothing_to_renew());
  }

  // The order that it stands in for was paid after all.
  static bool is_renewal_of_paid(const json& payment, const json& all) {
    std::string renewed = payment.value("renews", "");
    for (const json& older : all) {  // the newest first, so that one walk follows the whole chain
      if (renewed.empty() || older.value("payment_intent", "") != renewed) continue;
      if (older.value("state", "") == "succeeded") return true;
      renewed = older.value("renews", "");
    }
    return false;
  }

  // The same goods once more; of an order that is still open the server shows the same card again.
  ModelAnswer again(const json& payment) const {
    json lines = json::array();
    for (const json& line : payment.value("lines", json::array()))
      lines.push_back({{"sku", line["sku"]}, {"quantity", line["quantity"]}});
    return call("create_payment_intent", {{{"lines", lines}}});
  }

  ModelAnswer refund() const {
    const auto all = payments();
    if (!all) return call("query_payment", {json::object()});
    const json* payment = nullptr;
    for (const json& one : *all)
      if (one.value("state", "") == "succeeded" && (!payment || payment->value("refundable_fen", 0) == 0))
        payment = &one;
    if (!payment) return words(phrases().nothing_to_refund());
    if (const json* done = result_of("refund")) {
      if (done->value("status", "") == "waits_for_operator") return words(phrases().waits_for_operator(*done));
      return words(refused(*done) ? phrases().refused(*done, "refund", payment) : phrases().refunded(*done));
    }

    json entry = {{"payment_intent", (*payment)["payment_intent"]}, {"reason", reason()}};
    if (wish_.amount_fen) {
      entry["amount_fen"] = *wish_.amount_fen;
    } else if (wish_.all) {
      entry["all"] = true;
    } else {
      const json lines = lines_meant(*payment);
      if (lines.empty()) return words(phrases().what_to_refund(*payment));
      entry["lines"] = lines;
    }
    return call("refund", {{{"refunds", json::array({entry})}}});
  }

  // The bought lines that the customer's words mean; empty when that is not clear.
  json lines_meant(const json& payment) const {
    json out = json::array();
    const json bought = payment.value("lines", json::array());
    for (const Goods& goods : wish_.goods) {
      const json* best = nullptr;
      std::size_t best_score = 0;
      bool tied = false;
      for (const json& line : bought) {
        const std::size_t score = likeness(goods.words, line.value("name", "") + " " + line.value("sku", ""));
        tied = score == best_score && best;
        if (score > best_score) best = &line, best_score = score, tied = false;
      }
      // "refund one of them": with one kind of goods there is no doubt.
      if (!best && goods.counted && bought.size() == 1) best = &bought.front();
      if (!best || tied) return json::array();
      out.push_back({{"sku", (*best)["sku"]}, {"quantity", goods.quantity}});
    }
    return out;
  }

  // How many bytes of the words stand in the name: whole words for English, runs of characters for Chinese.
  static std::size_t likeness(const std::string& words, const std::string& goods) {
    const std::string name = plain_text(goods);
    std::size_t common = 0;
    if (!has_chinese(words)) {
      for (std::size_t at = 0; at < words.size();) {
        const auto end = std::min(words.find(' ', at), words.size());
        const std::string word = words.substr(at, end - at);
        if (word.size() > 2 && name.find(word) != std::string::npos) common += word.size();
        at = end + 1;
      }
      return common;
    }
    for (std::size_t at = 0; at < words.size();) {
      if ((static_cast<unsigned char>(words[at]) & 0xC0) == 0x80) {  // not the beginning of a character
        ++at;
        continue;
      }
      std::size_t size = words.size() - at;
      while (size > 0 && name.find(words.substr(at, size)) == std::string::npos) --size;
      if (size >= 3) common += size;
      at += std::max<std::size_t>(size, 1);
    }
    return common;
  }

  std::string reason() const {
    const std::string said = without_wide_characters(request_.messages[start_].text);
    return std::string(first_code_points(said.empty() ? "customer's wish" : said, kReasonMax));
  }

  const ModelRequest& request_;
  std::size_t start_ = 0;
  std::vector<Done> done_;
  Wish wish_;
};

}  // namespace

ModelAnswer answer(const ModelRequest& request) {
  ModelAnswer out = Dialogue(request).answer();
  out.provider = "purser";
  out.model = "rules";
  return out;
}

}  // namespace purser::dialogue

namespace purser {

Task<Result<ModelAnswer>> RuleEngine::ask(ModelRequest request, Deadline) {
  co_return dialogue::answer(request);
}

}  // namespace purser
