#include "config/text_rules.hpp"
#include "tools/cashier/wish.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace purser::cashier {

namespace {

using nlohmann::json;

// First look at an unclear order; further looks back off from here.
constexpr Millis kAskAgain{2'000};
constexpr std::string_view kInStore = "in_store";
constexpr Millis kInStoreLife{30'000};

constexpr std::string_view kApp = "app";
constexpr std::string_view kH5 = "h5";

// What the backend said of the thread under this name; empty when it said nothing, or nothing that can be read.
std::string said_in(const std::string& metadata_json, const char* name) {
  const auto about = json::parse(metadata_json, nullptr, false);
  if (!about.is_object()) return {};
  const auto found = about.find(name);
  return found != about.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json lines_json(const PaymentIntent& intent) {
  json out = json::array();
  for (const auto& line : intent.lines)
    out.push_back({{"sku", line.sku.str()},
                   {"name", line.name},
                   {"quantity", line.quantity},
                   {"unit_price_fen", line.unit_price.minor()}});
  return out;
}

// An ended intent needs nobody to watch its deadline or its silence.
void drop_watchers(Batch& batch, const PaymentIntent& intent) {
  batch.add(op::DropWork{WorkKind::expire_intent, intent.id.str()});
  batch.add(op::DropWork{WorkKind::resolve_order, intent.id.str()});
}

void say(Batch& batch, const PaymentIntent& intent, std::string_view type, UtcTime now) {
  batch.add(op::AppendEvent{event(intent, type, now)});
  batch.add(op::AddWork{tell(intent, type, now)});
}

LedgerEntry capture(const PaymentIntent& intent, const OrderFacts& facts, std::string_view kind, UtcTime now) {
  LedgerEntry line;
  line.tenant = intent.tenant;
  line.intent = intent.id;
  line.kind = kind;
  line.reference = facts.transaction_id.empty() ? intent.order.out_trade_no.str() : facts.transaction_id;
  line.debit_account = "rail:" + intent.channel;
  line.credit_account = "merchant:" + intent.tenant.str();
  line.amount = intent.amount;
  line.at = now;
  return line;
}

bool paid_in_time(const PaymentIntent& intent, const OrderFacts& facts) {
  return facts.success_time != UtcTime{} && facts.success_time < intent.expires_at;
}

enum class Payment { repeated, conflicting, on_time, honoured, returned };

Payment judge(const PaymentIntent& intent, const OrderFacts& facts, bool matches, const IntentSettings& settings,
              const Wish& wish) {
  if (!matches) return next_state(intent.state, IntentEvent::facts_differ) ? Payment::conflicting : Payment::repeated;
  if (intent.captured.positive() || intent.state == IntentState::succeeded || intent.state == IntentState::conflicted)
    return Payment::repeated;
  if (is_open(intent.state)) return Payment::on_time;
  // The old code and the new one were both paid: one wish is paid for once.
  if (paid_of(wish) != nullptr) return Payment::returned;
  // Told late is not paid late: who paid before the deadline is a customer.
  if (intent.state == IntentState::expired && paid_in_time(intent, facts)) return Payment::honoured;
  // Of an order that was canceled or replaced the customer was told that a payment goes back.
  const bool expired = intent.state == IntentState::expired;
  return expired && settings.honour_late_payment ? Payment::honoured : Payment::returned;
}

// A late payment is kept: what was ordered in its place must not be paid too. The ended ones are touched, so that of
// two late payments at the same time one is decided after the other.
void settle_wish(Batch& batch, const Wish& wish, UtcTime now) {
  for (const PaymentIntent& other : wish) {
    if (!is_open(other.state)) {
      batch.add(op::UpdateIntent{other});
      continue;
    }
    auto canceled = after_cancel(other, now, false, false);
    if (!canceled) continue;
    for (auto& operation : canceled->batch.operations) batch.operations.push_back(std::move(operation));
  }
}

void give_back(IntentChange& change, const Refund& refund, UtcTime now) {
  change.intent.refund_reserved = refund.amount;
  change.batch.add(op::UpdateIntent{change.intent});
  change.batch.add(op::InsertRefund{refund});
  change.batch.add(op::AddWork{work(WorkKind::submit_refund, refund, now)});
  change.batch.add(op::AppendEvent{event(refund, "refund.created", now)});
  change.batch.add(op::AddWork{tell(change.intent, "refund.created", now, &refund)});
}

}  // namespace

void choose_kind(RailOrder& order, const Thread& thread) {
  order.kind = thread.openid.empty() ? TradeKind::qr : TradeKind::mini_program;
  order.payer_openid = thread.openid;
  const auto wanted = said_in(thread.metadata_json, "pay_with");
  if (const auto address = said_in(thread.metadata_json, "client_ip"); is_ip_address(address)) order.payer_ip = address;
  if (wanted == kInStore) order.kind = TradeKind::qr;
  if (wanted == kApp) order.kind = TradeKind::app;
  if (wanted == kH5 && !order.payer_ip.empty()) order.kind = TradeKind::h5;
  if (order.kind != TradeKind::mini_program) order.payer_openid.clear();
}

Result<void> check_way_to_pay(const std::string& metadata_json) {
  const auto wanted = said_in(metadata_json, "pay_with");
  const auto address = said_in(metadata_json, "client_ip");
  if (!wanted.empty() && wanted != kInStore && wanted != kApp && wanted != kH5)
    return Error(Errc::request_malformed, "pay_with is app, h5 or in_store", "/metadata/pay_with");
  if (!address.empty() && !is_ip_address(address))
    return Error(Errc::request_malformed, "client_ip is an IPv4 or IPv6 address", "/metadata/client_ip");
  if (wanted == kH5 && address.empty())
    return Error(Errc::request_malformed, "h5 needs the payer's address", "/metadata/client_ip");
  return success();
}

Millis lifetime_of(const Thread& thread, const IntentSettings& settings) {
  return said_in(thread.metadata_json, "pay_with") == kInStore ? std::min(kInStoreLife, settings.lifetime)
                                                               : settings.lifetime;
}

WorkItem tell(const PaymentIntent& intent, std::string_view type, UtcTime now, const Refund* refund) {
  json payload = {{"type", type},
                  {"payment_intent", intent.id.str()},
                  {"state", to_string(intent.state)},
                  {"total_fen", intent.amount.minor()},
                  {"currency", intent.amount.currency().code()},
                  {"refunded_fen", intent.refunded.minor()},
                  {"may_still_be_paid", intent.order.may_be_open},
                  {"lines", lines_json(intent)}};
  std::string subject = std::string(type) + ":" + intent.id.str();
  if (refund) {
    payload["refund"] = refund->id.str();
    payload["amount_fen"] = refund->amount.minor();
    payload["late_payment"] = refund->origin.starts_with("late:");
    if (intent.origin.starts_with(kUnknownPayment)) payload["unknown_payment"] = true;
    subject = std::string(type) + ":" + refund->id.str();
  }
  WorkItem item;
  item.kind = WorkKind::resume_thread;
  item.subject = std::move(subject);
  item.thread = intent.thread;
  item.payload_json = payload.dump();
  item.due_at = now;
  return item;
}

WorkItem work(WorkKind kind, const PaymentIntent& intent, UtcTime due) {
  WorkItem item;
  item.kind = kind;
  item.subject = intent.id.str();
  item.thread = intent.thread;
  item.due_at = due;
  return item;
}

WorkItem work(WorkKind kind, const Refund& refund, UtcTime due) {
  WorkItem item;
  item.kind = kind;
  item.subject = refund.id.str();
  item.thread = refund.thread;
  item.due_at = due;
  return item;
}

StreamEvent event(const PaymentIntent& intent, std::string_view type, UtcTime now) {
  StreamEvent out;
  out.thread = intent.thread;
  out.type = type;
  out.at = now;
  out.data_json = json{{"payment_intent", intent.id.str()},
                       {"state", to_string(intent.state)},
                       {"amount", {{"value", intent.amount.minor()}, {"currency", intent.amount.currency().code()}}},
                       {"expires_at", format_time(intent.expires_at)}}
                      .dump();
  return out;
}

StreamEvent event(const Refund& refund, std::string_view type, UtcTime now) {
  StreamEvent out;
  out.thread = refund.thread;
  out.type = type;
  out.at = now;
  out.data_json = json{{"refund", refund.id.str()},
                       {"payment_intent", refund.intent.str()},
                       {"state", to_string(refund.state)},
                       {"amount", {{"value", refund.amount.minor()}, {"currency", refund.amount.currency().code()}}}}
                      .dump();
  return out;
}

Result<IntentChange> after_order_reply(PaymentIntent intent, const OrderReply& reply, UtcTime now,
                                       const IntentSettings& settings) {
  if (intent.state != IntentState::created && intent.state != IntentState::unknown)
    return Error(Errc::illegal_transition, "the intent has moved on", intent.id.str());
  const bool was_unknown = intent.state == IntentState::unknown;
  IntentEvent what = IntentEvent::rail_unclear;
  if (reply.outcome == Outcome::succeeded) what = IntentEvent::rail_accepted;
  if (reply.outcome == Outcome::declined && !reply.already_paid) what = IntentEvent::rail_declined;
  auto state = next_state(intent.state, what);
  if (!state) return state.error();
  intent.state = *state;

  IntentChange change("intent.placed", std::move(intent));
  PaymentIntent& row = change.intent;
  Batch& batch = change.batch;
  switch (what) {
    case IntentEvent::rail_accepted:
      row.order.prepay_id = reply.prepay_id;
      row.order.code_url = reply.code_url;
      batch.add(op::UpdateIntent{row});
      batch.add(op::PutWork{work(WorkKind::resolve_order, row, now + settings.resolve_first)});
      // The turn that asked has answered 'unknown' long ago: the card must reach the user by itself.
      if (was_unknown) say(batch, row, "intent.awaiting_payment", now);
      break;
    case IntentEvent::rail_declined:
      row.order.may_be_open = false;
      row.failure = reply.says.code;
      batch.add(op::UpdateIntent{row});
      drop_watchers(batch, row);
      batch.add(op::AppendEvent{event(row, "intent.failed", now)});
      if (was_unknown) batch.add(op::AddWork{tell(row, "intent.failed", now)});
      break;
    default:
      row.failure = reply.says.code;
      batch.add(op::UpdateIntent{row});
      batch.add(op::PutWork{work(WorkKind::resolve_order, row, now + kAskAgain)});
      if (!was_unknown) batch.add(op::AppendEvent{event(row, "intent.unknown", now)});
  }
  row.version += 1;
  return change;
}

Result<IntentChange> after_deadline(PaymentIntent intent, UtcTime now) {
  if (now < intent.expires_at) return Error(Errc::illegal_transition, "the deadline has not come", intent.id.str());
  auto state = next_state(intent.state, IntentEvent::deadline_passed);
  if (!state) return state.error();
  intent.state = *state;
  IntentChange change("intent.expired", std::move(intent));
  change.batch.add(op::UpdateIntent{change.intent});
  change.batch.add(op::TakeWork{WorkKind::expire_intent, change.intent.id.str()});
  change.batch.add(op::DropWork{WorkKind::resolve_order, change.intent.id.str()});
  // The user hears of the expiry when the rail has said whether the order was paid in the last moment.
  change.batch.add(op::AddWork{work(WorkKind::close_order, change.intent, now)});
  change.intent.version += 1;
  return change;
}

Result<IntentChange> after_cancel(PaymentIntent intent, UtcTime now, bool tell_thread, bool closed) {
  auto state = next_state(intent.state, IntentEvent::cancel_requested);
  if (!state)
    return Error(Errc::cancel_not_allowed,
                 "a payment that is " + std::string(to_string(intent.state)) + " cannot be canceled", "payment_intent");
  intent.state = *state;
  if (closed) intent.order.may_be_open = false;
  IntentChange change("intent.canceled", std::move(intent));
  change.batch.add(op::UpdateIntent{change.intent});
  drop_watchers(change.batch, change.intent);
  if (!closed) {
    WorkItem close = work(WorkKind::close_order, change.intent, now);
    close.payload_json = R"({"told":true})";
    change.batch.add(op::AddWork{std::move(close)});
  }
  change.batch.add(op::AppendEvent{event(change.intent, "intent.canceled", now)});
  if (tell_thread) change.batch.add(op::AddWork{tell(change.intent, "intent.canceled", now)});
  change.intent.version += 1;
  return change;
}

void tell_expired(Batch& batch, const PaymentIntent& intent, UtcTime now, Untold who) {
  if (who == Untold::nobody || intent.state != IntentState::expired) return;
  batch.add(op::AppendEvent{event(intent, "intent.expired", now)});
  if (who == Untold::conversation) batch.add(op::AddWork{tell(intent, "intent.expired", now)});
}

IntentChange after_close(PaymentIntent intent, UtcTime now, Untold who) {
  intent.order.may_be_open = false;
  IntentChange change("order.closed", std::move(intent));
  change.batch.add(op::UpdateIntent{change.intent});
  change.batch.add(op::TakeWork{WorkKind::close_order, change.intent.id.str()});
  tell_expired(change.batch, change.intent, now, who);
  change.intent.version += 1;
  return change;
}

bool returns_late_payment(const PaymentIntent& intent, const OrderFacts& facts, bool matches,
                          const IntentSettings& settings) {
  return returns_late_payment(intent, facts, matches, settings, {});
}

std::optional<IntentChange> after_payment(PaymentIntent intent, const OrderFacts& facts, bool matches, UtcTime now,
                                          const IntentSettings& settings, const LateRefund& late_refund) {
  return after_payment(std::move(intent), facts, matches, now, settings, late_refund, {});
}

Wish same_wish(const PaymentIntent& intent, const std::vector<PaymentIntent>& of_thread) {
  std::set<IntentId> known{intent.id};
  const auto is_kin = [&known](const PaymentIntent& other) {
    return known.contains(other.id) || (!other.renewed_from.empty() && known.contains(other.renewed_from));
  };
  if (!intent.renewed_from.empty()) known.insert(intent.renewed_from);
  // Links go both ways and through others: as often as it takes until nobody new is found.
  for (std::size_t before = 0; before != known.size();) {
    before = known.size();
    for (const PaymentIntent& other : of_thread) {
      if (!is_kin(other)) continue;
      known.insert(other.id);
      if (!other.renewed_from.empty()) known.insert(other.renewed_from);
    }
  }
  Wish out;
  for (const PaymentIntent& other : of_thread)
    if (other.id != intent.id && known.contains(other.id)) out.push_back(other);
  return out;
}

const PaymentIntent* paid_of(const Wish& wish) {
  const auto paid = std::find_if(wish.begin(), wish.end(),
                                 [](const PaymentIntent& intent) { return intent.state == IntentState::succeeded; });
  return paid == wish.end() ? nullptr : &*paid;
}

bool returns_late_payment(const PaymentIntent& intent, const OrderFacts& facts, bool matches,
                          const IntentSettings& settings, const Wish& wish) {
  return judge(intent, facts, matches, settings, wish) == Payment::returned;
}

std::optional<IntentChange> after_payment(PaymentIntent intent, const OrderFacts& facts, bool matches, UtcTime now,
                                          const IntentSettings& settings, const LateRefund& late_refund,
                                          const Wish& wish, bool expiry_told) {
  const Payment payment = judge(intent, facts, matches, settings, wish);
  if (payment == Payment::repeated) return std::nullopt;
  const bool ended = !is_open(intent.state);
  // The close that would have told of the expiry has not come to its end, and now it never will.
  const bool untold = intent.state == IntentState::expired && intent.order.may_be_open && !expiry_told;

  IntentChange change("intent.paid", std::move(intent));
  PaymentIntent& row = change.intent;
  row.order.may_be_open = false;
  drop_watchers(change.batch, row);
  change.batch.add(op::DropWork{WorkKind::close_order, row.id.str()});

  if (payment == Payment::conflicting) {
    row.state = next_state(row.state, IntentEvent::facts_differ).value();
    row.failure = "facts_differ";
    row.order.transaction_id = facts.transaction_id;
    change.batch.add(op::UpdateIntent{row});
    say(change.batch, row, "intent.conflicted", now);
    row.version += 1;
    return change;
  }

  row.captured = row.amount;
  row.order.transaction_id = facts.transaction_id;
  row.settled_at = facts.success_time == UtcTime{} ? now : facts.success_time;
  const bool twice = paid_of(wish) != nullptr;
  const char* late_kind = twice ? "duplicate_capture" : "late_capture";
  change.batch.add(op::PostLedger{capture(row, facts, ended ? late_kind : "capture", now)});
  if (payment == Payment::returned) {
    row.state = next_state(row.state, IntentEvent::late_payment_returned).value();
    if (untold) change.batch.add(op::AppendEvent{event(row, "intent.expired", now)});
    give_back(change, late_refund.value(), now);
  } else {
    row.state = next_state(row.state, ended ? IntentEvent::late_payment_honoured : IntentEvent::paid).value();
    change.batch.add(op::UpdateIntent{row});
    if (payment == Payment::honoured) settle_wish(change.batch, wish, now);
    say(change.batch, row, "intent.succeeded", now);
  }
  row.version += 1;
  return change;
}

Result<IntentChange> after_settlement(PaymentIntent intent, UtcTime now) {
  auto state = next_state(intent.state, IntentEvent::conflict_settled);
  if (!state) return state.error();
  intent.state = *state;
  intent.failure = kConflictSettled;
  IntentChange change("intent.conflict_settled", std::move(intent));
  change.batch.add(op::UpdateIntent{change.intent});
  change.batch.add(op::AppendEvent{event(change.intent, "intent.failed", now)});
  change.intent.version += 1;
  return change;
}

std::optional<IntentChange> after_rail_closed(PaymentIntent intent, UtcTime now) {
  if (!is_open(intent.state)) return std::nullopt;
  const auto what = intent.state == IntentState::created ? IntentEvent::rail_declined : IntentEvent::rail_closed;
  intent.state = next_state(intent.state, what).value();
  intent.order.may_be_open = false;
  IntentChange change("intent.closed_by_rail", std::move(intent));
  change.batch.add(op::UpdateIntent{change.intent});
  drop_watchers(change.batch, change.intent);
  say(change.batch, change.intent, change.intent.state == IntentState::failed ? "intent.failed" : "intent.expired",
      now);
  change.intent.version += 1;
  return change;
}

Batch after_unknown_payment(Thread thread, PaymentIntent intent, const OrderFacts& facts, Refund back, UtcTime now) {
  intent.captured = intent.amount;
  intent.refund_reserved = back.amount;
  intent.order.transaction_id = facts.transaction_id;
  intent.settled_at = facts.success_time == UtcTime{} ? now : facts.success_time;
  Batch batch("intent.unknown_payment");
  batch.add(op::InsertThread{std::move(thread)});
  batch.add(op::InsertIntent{intent});
  batch.add(op::PostLedger{capture(intent, facts, "late_capture", now)});
  batch.add(op::InsertRefund{back});
  batch.add(op::AddWork{work(WorkKind::submit_refund, back, now)});
  return batch;
}

bool lost_race(const Error& error) {
  return error.code == Errc::store_conflict || (error.code == Errc::store_duplicate && error.param == "ledger");
}

}  // namespace purser::cashier
