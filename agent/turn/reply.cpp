#include "agent/turn/reply.hpp"

#include "agent/turn/fixed_answers.hpp"
#include "gateway/log.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/reply_truth.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace purser {

namespace {

using nlohmann::json;

template <class IdType>
void note(std::vector<IdType>& ids, const json& holder, const char* key) {
  const auto found = holder.find(key);
  if (found == holder.end() || !found->is_string()) return;
  IdType id = IdType::trusted(found->get<std::string>());
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
}

// The payment that a reply speaks of when it names none: the one the event is about, else the newest.
const PaymentIntent* subject_of(const ReplyContext& context) {
  const Message& first = context.turn.front();
  if (first.role == Role::event) {
    const json event = json::parse(first.text, nullptr, false);
    const std::string id = event.is_object() ? event.value("payment_intent", "") : "";
    for (const PaymentIntent& intent : context.intents)
      if (intent.id.str() == id) return &intent;
  }
  return context.intents.empty() ? nullptr : &context.intents.front();
}

void add_figures(const PaymentIntent& intent, std::vector<Money>& out) {
  out.push_back(intent.amount);
  for (const IntentLine& line : intent.lines) {
    out.push_back(line.unit_price);
    if (auto sum = line.unit_price.times(line.quantity)) out.push_back(*sum);
  }
}

// Each figure, and what they come to together.
void add_sums(const std::vector<Money>& figures, std::vector<Money>& out) {
  Money sum(0, Currency::cny());
  for (Money figure : figures) {
    out.push_back(figure);
    if (auto more = sum.plus(figure)) sum = *more;
  }
  out.push_back(sum);
}

// A turn that put an order in another's place may speak of both.
bool replaced_one(const std::vector<Message>& turn) {
  const auto replaces = [](const ToolCall& call) { return call.arguments.find("\"replace\"") != std::string::npos; };
  return std::ranges::any_of(turn,
                             [&](const Message& message) { return std::ranges::any_of(message.calls, replaces); });
}

// Which payments a sentence without a name may be about: the subject, what it renews, and those that this turn's tools
// spoke of.
std::vector<const PaymentIntent*> spoken_of(const ReplyContext& context, const PaymentIntent* subject) {
  const Mentioned mentioned = mentioned_in(context.turn);
  const bool both = replaced_one(context.turn);
  std::vector<const PaymentIntent*> out;
  for (const PaymentIntent& intent : context.intents) {
    const bool renewed = subject != nullptr && intent.id == subject->renewed_from;
    if (both || renewed || &intent == subject || mentioned.has(intent.id)) out.push_back(&intent);
  }
  return out;
}

void payment_facts(const ReplyContext& context, rules::LedgerFacts& facts) {
  const PaymentIntent* subject = subject_of(context);
  facts.payment_succeeded = subject != nullptr && subject->captured.positive();
  facts.may_be_unpaid = !facts.payment_succeeded;
  facts.order_made = !context.intents.empty();
  facts.order_canceled = facts.order_expired = facts.order_open = false;
  facts.refunded_all = facts.refunding_all = false;
  facts.order_changed = context.intents.size() > 1 || replaced_one(context.turn);
  std::vector<Money> captured;
  std::vector<Money> left;
  for (const PaymentIntent& intent : context.intents) {
    add_figures(intent, facts.amounts);
    facts.amounts.insert(facts.amounts.end(), {intent.refunded, refundable(intent)});
    if (is_open(intent.state)) facts.to_pay.push_back(intent.amount);
    facts.order_open = facts.order_open || is_open(intent.state);
    facts.order_totals.push_back(intent.amount);
    if (!intent.captured.positive()) continue;
    captured.push_back(intent.captured);
    left.push_back(refundable(intent));
    for (const IntentLine& line : intent.lines) {
      facts.unit_prices.push_back(line.unit_price);
      if (auto sum = line.unit_price.times(line.quantity)) facts.line_totals.push_back(*sum);
    }
    facts.refunded_all = facts.refunded_all || intent.refunded == intent.captured;
    facts.refunding_all = facts.refunding_all || !refundable(intent).positive();
  }
  facts.payments_made = static_cast<std::int64_t>(captured.size());
  if (!captured.empty()) add_sums(captured, facts.paid);
  if (!left.empty()) add_sums(left, facts.refundable);
  for (const PaymentIntent* intent : spoken_of(context, subject)) {
    facts.order_canceled = facts.order_canceled || intent->state == IntentState::canceled;
    facts.order_expired = facts.order_expired || intent->state == IntentState::expired;
  }
  for (const PaymentIntent& intent : context.intents) {
    if (intent.state == IntentState::canceled) facts.canceled.push_back(intent.amount);
    if (intent.state == IntentState::expired) facts.expired.push_back(intent.amount);
  }
  // A sum that waits to be paid is not said to be paid because an older payment was of the same sum.
  if (subject != nullptr && !facts.payment_succeeded) std::erase(facts.paid, subject->amount);
}

// A refund that was asked for in this turn and not made: "nothing was refunded" is then about that one.
bool refused_refund(const std::vector<Message>& turn) {
  return std::any_of(turn.begin(), turn.end(), [](const Message& message) {
    if (message.role != Role::tool) return false;
    const json told = json::parse(message.text, nullptr, false);
    return told.is_object() && told.value("status", "") != "ok";
  });
}

void refund_facts(const ReplyContext& context, rules::LedgerFacts& facts) {
  std::vector<Money> done;
  std::vector<Money> under_way;
  bool failed = false;
  for (const Refund& refund : context.refunds) {
    facts.amounts.push_back(refund.amount);
    if (refund.state == RefundState::succeeded) done.push_back(refund.amount);
    if (!is_final(refund.state)) under_way.push_back(refund.amount);
    failed = failed || refund.state == RefundState::failed;
  }
  facts.refund_succeeded = !done.empty();
  facts.refund_pending = !under_way.empty();
  facts.refunds_made = static_cast<std::int64_t>(done.size() + under_way.size());
  facts.may_be_unrefunded = (done.empty() && under_way.empty()) || failed || refused_refund(context.turn);
  if (!done.empty()) add_sums(done, facts.refunded);
  if (!under_way.empty()) add_sums(under_way, facts.refunding);
  for (const PaymentIntent& intent : context.intents)
    if (intent.refunded.positive()) facts.refunded.push_back(intent.refunded);
}

// What the catalogue told of one article beside its figures: what its lower prices come to in per cent, and its words.
void note_article(const json& item, rules::LedgerFacts& facts) {
  constexpr std::int64_t kWhole = 100;
  for (const char* key : {"name", "description"})
    if (const auto words = item.find(key); words != item.end() && words->is_string())
      facts.told.push_back(words->get<std::string>());
  const auto steps = item.find("quantity_prices");
  const auto price = item.find("unit_price_fen");
  if (steps == item.end() || !steps->is_array() || price == item.end() || !price->is_number_integer()) return;
  const std::int64_t full = price->get<std::int64_t>();
  for (const json& step : *steps) {
    const std::int64_t lower = step.is_object() ? step.value("unit_price_fen", full) : full;
    if (full <= 0 || lower < 0 || lower >= full || full > std::numeric_limits<std::int64_t>::max() / (2 * kWhole))
      continue;
    facts.percents_off.push_back(((full - lower) * kWhole + full / 2) / full);
  }
}

// Every figure that tools, notices and the user have named, and what several of one thing cost.
void known_figures(const ReplyContext& context, rules::LedgerFacts& facts) {
  constexpr std::int64_t kMostPieces = 99;
  facts.known.emplace_back(0, Currency::cny());
  std::vector<Money> prices;
  const std::function<void(const json&)> walk = [&](const json& value) {
    if (value.is_structured()) {
      if (value.is_object() && value.contains("unit_price_fen")) note_article(value, facts);
      for (const auto& [key, member] : value.items()) {
        if (value.is_object() && key.ends_with("_fen") && member.is_number_integer()) {
          const Money figure(member.get<std::int64_t>(), Currency::cny());
          facts.known.push_back(figure);
          if (key == "unit_price_fen") prices.push_back(figure);
        }
        walk(member);
      }
    }
  };
  for (const Message& message : context.seen) {
    if (message.role == Role::user) {
      for (Money figure : rules::money_figures(message.text)) facts.known.push_back(figure);
    } else if (message.role != Role::assistant) {
      walk(json::parse(message.text, nullptr, false));
    }
  }
  const auto by_size = [](Money a, Money b) { return a.minor() < b.minor(); };
  std::sort(prices.begin(), prices.end(), by_size);
  prices.erase(std::unique(prices.begin(), prices.end()), prices.end());
  for (Money price : prices) {
    for (std::int64_t n = 2; n <= kMostPieces; ++n)
      if (auto sum = price.times(n)) facts.known.push_back(*sum);
    for (Money other : prices)
      if (auto sum = price.plus(other)) facts.known.push_back(*sum);
  }
  facts.prices = std::move(prices);
}

void known_times(const ReplyContext& context, rules::LedgerFacts& facts) {
  constexpr std::int64_t kSecond = 1'000;
  constexpr std::int64_t kMinute = 60'000;
  constexpr std::int64_t kDay = 1'440;
  const auto at = [&](UtcTime time) {
    if (time == UtcTime{}) return;
    facts.minutes_of_day.push_back((to_millis(time) / kMinute + 8 * 60) % kDay);
  };
  for (const PaymentIntent& intent : context.intents) {
    at(intent.created_at);
    at(intent.expires_at);
    at(intent.settled_at);
    const std::int64_t life = to_millis(intent.expires_at) - to_millis(intent.created_at);
    facts.minutes.push_back(life / kMinute);
    facts.seconds.push_back(life / kSecond);
    if (!is_open(intent.state) || context.now >= intent.expires_at) continue;
    const std::int64_t left = to_millis(intent.expires_at) - to_millis(context.now);
    facts.minutes.insert(facts.minutes.end(), {left / kMinute, (left + kMinute - 1) / kMinute});
    facts.seconds.insert(facts.seconds.end(), {left / kSecond, (left + kSecond - 1) / kSecond});
  }
  for (const Refund& refund : context.refunds) {
    at(refund.created_at);
    at(refund.settled_at);
  }
}

// A request to pay what is canceled, paid or over by now.
bool asks_in_vain(const json& card, const std::vector<PaymentIntent>& intents) {
  if (card.value("type", "") != "payment_request") return false;
  const std::string id = card.value("payment_intent", "");
  return std::ranges::any_of(intents, [&](const PaymentIntent& intent) {
    return intent.id.str() == id && intent.state != IntentState::awaiting_payment;
  });
}

// At the last space or line before the limit when one is near, so that no figure is cut into a smaller one; a character
// is never cut.
std::string shortened(std::string text, std::int64_t bytes_max, const std::string& locale) {
  constexpr std::size_t kNear = 200;
  const std::string mark =
      locale.starts_with("zh") ? " ……（回复过长，已截断）" : " … (the reply was too long and is cut here)";
  const auto most = static_cast<std::size_t>(bytes_max);
  if (text.size() <= most) return text;
  std::size_t end = most - std::min(most, mark.size());
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  const auto space = text.find_last_of(" \n", end);
  if (space != std::string::npos && end - space <= kNear) end = space;
  text.resize(end);
  return text + mark;
}

// Two cards of one kind about one payment or refund, or about nothing in particular.
bool same_subject(const json& a, const json& b) {
  return a.value("type", "") == b.value("type", "") && a.value("payment_intent", "") == b.value("payment_intent", "") &&
         a.value("refund", "") == b.value("refund", "");
}

// A tool that moves money, or ends a payment, was run in this turn and was not refused.
bool acted(const std::vector<Message>& turn_messages) {
  std::vector<std::string> deeds;
  for (const Message& message : turn_messages) {
    for (const ToolCall& call : message.calls)
      if (call.name == "create_payment_intent" || call.name == "refund" || call.name == "cancel_payment")
        deeds.push_back(call.id);
    const bool answers = message.role == Role::tool && std::ranges::find(deeds, message.call_id) != deeds.end();
    if (answers && !is_refusal(message.text)) return true;
  }
  return false;
}

// What the server asks the customer itself: a call of the turn was refused with that question. Calls after it change
// nothing of it: what was asked about counts as told once the turn has ended.
std::string question_of(const std::vector<Message>& turn_messages) {
  std::string question;
  for (const Message& message : turn_messages) {
    if (message.role != Role::tool || !is_refusal(message.text)) continue;
    const json told = json::parse(message.text, nullptr, false);
    if (told.contains("question")) question = told.value("question", "");
  }
  return question;
}

}  // namespace

bool Mentioned::has(const IntentId& id) const {
  return std::find(intents.begin(), intents.end(), id) != intents.end();
}
bool Mentioned::has(const RefundId& id) const {
  return std::find(refunds.begin(), refunds.end(), id) != refunds.end();
}

Mentioned mentioned_in(const std::vector<Message>& turn_messages) {
  Mentioned out;
  for (const Message& message : turn_messages) {
    if (message.role != Role::tool && message.role != Role::event) continue;
    const json told = json::parse(message.text, nullptr, false);
    if (!told.is_object()) continue;
    note(out.intents, told, "payment_intent");
    note(out.refunds, told, "refund");
    for (const char* list : {"payments", "refunds"}) {
      const auto rows = told.find(list);
      if (rows == told.end() || !rows->is_array()) continue;
      for (const json& row : *rows) {
        note(out.intents, row, "payment_intent");
        note(out.refunds, row, "refund");
      }
    }
  }
  return out;
}

json cards_of(const std::vector<Message>& turn_messages, const std::vector<PaymentIntent>& intents) {
  std::vector<json> kept;
  for (const Message& message : turn_messages) {
    const json cards = json::parse(message.cards_json, nullptr, false);
    if (message.role != Role::tool || !cards.is_array()) continue;
    for (const json& card : cards) {
      if (asks_in_vain(card, intents)) continue;
      std::erase_if(kept, [&](const json& earlier) { return same_subject(earlier, card); });
      kept.push_back(card);
    }
  }
  return kept;
}

rules::LedgerFacts facts_of(const ReplyContext& context) {
  rules::LedgerFacts facts;
  payment_facts(context, facts);
  refund_facts(context, facts);
  known_figures(context, facts);
  known_times(context, facts);
  facts.money_words_from_templates = context.money_words_from_templates;
  return facts;
}

TruthfulText truthful_text(const TurnAction& ending, const ReplyContext& context) {
  const Message& first = context.turn.front();
  const bool event = first.role == Role::event;
  TruthfulText out;
  out.source = "template";
  if (std::string question = question_of(context.turn); !question.empty()) {
    if (acted(context.turn)) out.text = money_lines(context.intents, context.refunds, context.locale) + "\n";
    out.text += question;
    out.code = "asks_user";
    return out;
  }
  if (ending.ending != Ending::answered) {
    if (event)
      out.text = event_answer(first.text, context.locale);
    else  // words failed after deeds were done: those are told
      out.text = acted(context.turn) ? money_lines(context.intents, context.refunds, context.locale)
                                     : fixed_answer(ending.ending, context.locale);
    out.code = "no_answer";
    return out;
  }
  const bool chinese = context.locale.starts_with("zh");
  const std::string_view no_end = chinese ? " ……（回复不完整）" : " … (the reply has no end)";
  const std::string said = ending.cut ? ending.text + std::string(no_end) : ending.text;
  const std::string shown = shortened(said, context.bytes_max, context.locale);
  auto checked = rules::reply_truth(shown, facts_of(context));
  if (checked && checked->text.find_first_not_of(" \n\t") != std::string::npos) {
    out.source = checked->changed ? "mended" : "model";
    out.text = std::move(checked->text);
    return out;
  }
  out.code = code_of(checked ? Errc::malformed_text : checked.code());
  out.evidence = checked ? "nothing was left of it" : checked.error().message;
  log::warn("reply.replaced", {{"turn", first.turn.str()}, {"code", out.code}});
  out.text =
      event ? event_answer(first.text, context.locale) : money_lines(context.intents, context.refunds, context.locale);
  return out;
}

}  // namespace purser
