#include "agent/turn/talk_cost.hpp"

#include "gateway/log.hpp"

#include <algorithm>
#include <limits>

namespace purser {
namespace {

using nlohmann::json;

// A talk longer than this is counted from here on.
constexpr std::int64_t kMessagesLookedAt = 400;
constexpr std::int64_t kBasisPoints = 10'000;
constexpr std::int64_t kPaidMax = 1'000'000'000'000;

constexpr MetricFamily kTalk{"purser_payment_model_cost_fen_total", "What the talk before payments cost, in fen."};
constexpr MetricFamily kFees{"purser_payment_fee_fen_total", "The rail's share of payments, in fen."};
constexpr MetricFamily kDearer{"purser_payment_talk_dearer_total",
                               "Payments whose talk cost more than the rail's share."};

bool tells_of_payment(const Message& message) {
  if (message.role != Role::event) return false;
  const json event = json::parse(message.text, nullptr, false);
  return event.is_object() && event.value("type", json()) == "intent.succeeded";
}

// The turns of the talk that ended in this payment, each once; the payment's own turn is the newest and not finished.
std::vector<TurnId> turns_since_last_payment(const std::vector<Message>& rising) {
  std::vector<TurnId> turns;
  bool own = true;
  for (auto row = rising.rbegin(); row != rising.rend(); ++row) {
    if (tells_of_payment(*row) && !std::exchange(own, false)) break;
    if (std::find(turns.begin(), turns.end(), row->turn) == turns.end()) turns.push_back(row->turn);
  }
  return turns;
}

std::int64_t cost_of(const Turn& turn) {
  const json result = json::parse(turn.result_json, nullptr, false);
  if (!result.is_object() || !result.contains("usage")) return 0;
  const json cost = result["usage"].value("cost_picousd", json());
  return cost.is_number_integer() ? std::max<std::int64_t>(0, cost.get<std::int64_t>()) : 0;
}

std::int64_t added(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

}  // namespace

json TalkCost::usage(const Usage& used, std::int64_t picousd) const {
  return {{"input_tokens", used.input_tokens}, {"output_tokens", used.output_tokens},
          {"estimated", used.estimated},       {"cost_picousd", picousd},
          {"cost_fen", prices_.fen(picousd)},  {"rate_date", prices_.rate_date()}};
}

Task<Result<json>> TalkCost::of_payment(Message first, std::int64_t picousd) {
  if (!tells_of_payment(first)) co_return json();
  auto recent = co_await ports_.store.recent_messages(first.thread, kMessagesLookedAt);
  if (!recent) co_return recent.error();
  const std::vector<TurnId> turns = turns_since_last_payment(*recent);
  for (const TurnId& id : turns) {
    auto turn = co_await ports_.store.turn(id);
    if (!turn) co_return turn.error();
    picousd = added(picousd, cost_of(*turn));
  }
  const json total = json::parse(first.text).value("total_fen", json());
  const std::int64_t paid = total.is_number_integer() ? std::clamp<std::int64_t>(total, 0, kPaidMax) : 0;
  // In whole fen, as the rail rounds: half up.
  const std::int64_t fee = (paid * fee_basis_points_ + kBasisPoints / 2) / kBasisPoints;
  const std::int64_t talk = prices_.fen(picousd);
  const bool dearer = talk > fee;
  if (ports_.metrics != nullptr) {
    ports_.metrics->add(kTalk, {}, static_cast<std::uint64_t>(talk));
    ports_.metrics->add(kFees, {}, static_cast<std::uint64_t>(fee));
    ports_.metrics->add(kDearer, {}, dearer ? 1 : 0);
  }
  if (dearer)
    log::error("model.costs_more_than_fee", {{"thread", first.thread.str()}, {"talk_fen", talk}, {"fee_fen", fee}});
  co_return json{{"model_picousd", picousd},
                 {"model_fen", talk},
                 {"rate_date", prices_.rate_date()},
                 {"fee_fen", fee},
                 {"talk_costs_more", dearer}};
}

std::optional<LedgerEntry> TalkCost::line(const Message& first, const Turn& turn, const json& costs,
                                          UtcTime now) const {
  if (!costs.is_object() || costs.value("model_fen", std::int64_t{0}) <= 0) return std::nullopt;
  const json event = json::parse(first.text, nullptr, false);
  LedgerEntry line;
  line.tenant = turn.tenant;
  line.intent = IntentId::trusted(event.value("payment_intent", ""));
  if (line.intent.empty()) return std::nullopt;
  line.kind = "token_cost";
  line.reference = turn.id.str();
  line.debit_account = "costs:tokens";
  line.credit_account = "model:provider";
  line.amount = Money(costs.value("model_fen", std::int64_t{0}), Currency::cny());
  line.at = now;
  return line;
}

}  // namespace purser
