// Part of store_conformance.hpp: what is written is read back, whole and in order.
#pragma once

#include "tests/support/store_conformance.hpp"

namespace purser::test {

TEST_P(StoreConformance, an_empty_store_finds_nothing) {
  const Thread thread = make_thread(1);
  EXPECT_TRUE(refused(ask(store().thread(thread.id)), Errc::not_found));
  EXPECT_TRUE(refused(ask(store().turn(make_turn(1, thread).id)), Errc::not_found));
  EXPECT_TRUE(refused(ask(store().intent(make_intent(1, thread).id)), Errc::not_found));
  EXPECT_TRUE(refused(ask(store().intent_by_number(make_intent(1, thread).order.out_trade_no)), Errc::not_found));
  EXPECT_TRUE(refused(ask(store().refund(make_refund(1, make_intent(1, thread)).id)), Errc::not_found));
  EXPECT_TRUE(refused(ask(store().notification("wechat", "n")), Errc::not_found));
  EXPECT_FALSE(ask(store().running_turn(thread.id)).value().has_value());
  EXPECT_FALSE(ask(store().intent_by_origin(thread.id, "x")).value().has_value());
  EXPECT_FALSE(ask(store().open_intent(thread.tenant, thread.user)).value().has_value());
  EXPECT_FALSE(ask(store().idempotency("scope", "key")).value().has_value());
  EXPECT_FALSE(ask(store().next_due(from_millis(0), WorkLane::inside)).value().has_value());
  EXPECT_TRUE(ask(store().messages(thread.id, 0, 10)).value().empty());
  EXPECT_TRUE(ask(store().events(thread.id, 0, 10)).value().empty());
  EXPECT_TRUE(ask(store().due_work(from_millis(1), 10)).value().empty());
  EXPECT_EQ(ask(store().ledger_totals(thread.tenant)).value(), LedgerTotals{});
  EXPECT_TRUE(good(ask(store().verify_ledger())));
  EXPECT_TRUE(store().healthy());
}

TEST_P(StoreConformance, a_thread_comes_back_whole_in_every_state) {
  int n = 0;
  for (const auto state : {ThreadState::idle, ThreadState::running, ThreadState::awaiting_payment}) {
    Thread thread = make_thread(++n);
    thread.state = state;
    ASSERT_TRUE(good(commit_of(op::InsertThread{thread})));
    EXPECT_EQ(ask(store().thread(thread.id)).value(), thread);
  }
}

TEST_P(StoreConformance, an_update_stores_the_row_and_raises_its_version) {
  Thread thread = given_thread(1);
  thread.state = ThreadState::running;
  thread.openid = "bound";
  thread.locale = "zh";
  thread.metadata_json = "{}";
  thread.intents_made = 4;
  ASSERT_TRUE(good(commit_of(op::UpdateThread{thread})));
  thread.version = 1;
  EXPECT_EQ(ask(store().thread(thread.id)).value(), thread);
}

TEST_P(StoreConformance, a_turn_runs_and_ends) {
  const Thread thread = given_thread(1);
  Turn turn = make_turn(1, thread);
  ASSERT_TRUE(good(commit_of(op::InsertTurn{turn})));
  EXPECT_EQ(ask(store().turn(turn.id)).value(), turn);
  EXPECT_EQ(ask(store().running_turn(thread.id)).value(), turn);
  EXPECT_EQ(ask(store().running_turns(10)).value(), std::vector<Turn>{turn});

  turn.state = TurnState::failed;
  turn.result_json = R"({"reply":"sorry"})";
  turn.ended_at = from_millis(5);
  ASSERT_TRUE(good(commit_of(op::FinishTurn{turn})));
  EXPECT_EQ(ask(store().turn(turn.id)).value(), turn);
  EXPECT_FALSE(ask(store().running_turn(thread.id)).value().has_value());
  EXPECT_TRUE(ask(store().running_turns(10)).value().empty());

  // The thread is free again.
  EXPECT_TRUE(good(commit_of(op::InsertTurn{make_turn(2, thread)})));
}

TEST_P(StoreConformance, running_turns_are_listed_oldest_first_within_the_limit) {
  for (int n = 1; n <= 3; ++n) ASSERT_TRUE(good(commit_of(op::InsertTurn{make_turn(n, given_thread(n))})));
  const auto two = ask(store().running_turns(2)).value();
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].id, make_turn(1, make_thread(1)).id);
  EXPECT_EQ(two[1].id, make_turn(2, make_thread(2)).id);
}

TEST_P(StoreConformance, messages_are_numbered_within_their_thread) {
  const Thread thread = given_thread(1);
  const Thread other = given_thread(2);
  const Turn turn = make_turn(1, thread);
  std::vector<Message> written;
  for (int n = 1; n <= 4; ++n) written.push_back(make_message(n, turn));
  written[0].role = Role::user;
  written[1].role = Role::tool;
  written[2].role = Role::event;
  written[2].calls.clear();
  written[2].turn = TurnId();

  const auto receipt = commit_of(op::AppendMessage{written[0]}, op::AppendMessage{written[1]},
                                 op::AppendMessage{make_message(9, make_turn(2, other))});
  ASSERT_TRUE(good(receipt));
  ASSERT_EQ(receipt->messages.size(), 3U);
  EXPECT_EQ(receipt->messages[0].seq, 1);
  EXPECT_EQ(receipt->messages[1].seq, 2);
  EXPECT_EQ(receipt->messages[2].seq, 1);
  ASSERT_TRUE(good(commit_of(op::AppendMessage{written[2]}, op::AppendMessage{written[3]})));
  for (std::size_t i = 0; i < written.size(); ++i) written[i].seq = static_cast<std::int64_t>(i) + 1;
  EXPECT_EQ(receipt->messages[1], written[1]);

  EXPECT_EQ(ask(store().messages(thread.id, 0, 10)).value(), written);
  EXPECT_EQ(ask(store().messages(thread.id, 1, 2)).value(), (std::vector<Message>{written[1], written[2]}));
  EXPECT_EQ(ask(store().recent_messages(thread.id, 2)).value(), (std::vector<Message>{written[2], written[3]}));
  EXPECT_EQ(ask(store().recent_messages(thread.id, 10)).value(), written);
  EXPECT_TRUE(ask(store().messages(thread.id, 0, 0)).value().empty());
  EXPECT_TRUE(ask(store().messages(thread.id, 0, -1)).value().empty());
}

TEST_P(StoreConformance, events_are_numbered_within_their_thread) {
  const Thread thread = given_thread(1);
  std::vector<StreamEvent> written;
  Batch batch("test");
  for (int n = 1; n <= 3; ++n) {
    written.push_back(make_event(n, thread));
    batch.add(op::AppendEvent{written.back()});
  }
  const auto receipt = commit(std::move(batch));
  ASSERT_TRUE(good(receipt));
  for (std::size_t i = 0; i < written.size(); ++i) written[i].seq = static_cast<std::int64_t>(i) + 1;
  EXPECT_EQ(receipt->events, written);
  EXPECT_EQ(ask(store().events(thread.id, 0, 10)).value(), written);
  EXPECT_EQ(ask(store().events(thread.id, 2, 10)).value(), std::vector<StreamEvent>{written[2]});
  EXPECT_EQ(ask(store().events(thread.id, 0, 1)).value(), std::vector<StreamEvent>{written[0]});
}

TEST_P(StoreConformance, an_intent_comes_back_whole_in_every_state) {
  int n = 0;
  for (const auto state :
       {IntentState::created, IntentState::awaiting_payment, IntentState::succeeded, IntentState::expired,
        IntentState::canceled, IntentState::failed, IntentState::unknown, IntentState::conflicted}) {
    ++n;
    PaymentIntent intent = make_intent(n, given_thread(n));
    intent.state = state;
    intent.failure = "CODE";
    ASSERT_TRUE(good(commit_of(op::InsertIntent{intent}))) << to_string(state);
    EXPECT_EQ(ask(store().intent(intent.id)).value(), intent);
    EXPECT_EQ(ask(store().intent_by_number(intent.order.out_trade_no)).value(), intent);
    EXPECT_EQ(ask(store().intent_by_origin(intent.thread, intent.origin)).value(), intent);
    const auto open = ask(store().open_intent(intent.tenant, intent.user)).value();
    EXPECT_EQ(open.has_value(), is_open(state)) << to_string(state);
  }
}

TEST_P(StoreConformance, an_intent_changes_and_is_renewed) {
  const Thread thread = given_thread(1);
  PaymentIntent intent = make_intent(1, thread);
  ASSERT_TRUE(good(commit_of(op::InsertIntent{intent})));
  intent.state = IntentState::expired;
  intent.captured = intent.amount;
  intent.refunded = Money(100, Currency::cny());
  intent.refund_reserved = Money(1199, Currency::cny());
  intent.order.transaction_id = "4200";
  intent.order.may_be_open = false;
  intent.settled_at = from_millis(7);
  intent.failure = "LATE";
  ASSERT_TRUE(good(commit_of(op::UpdateIntent{intent}, op::PostLedger{make_capture(intent)},
                             op::PostLedger{make_refund_line(make_refund(1, intent))})));
  intent.version = 1;
  EXPECT_EQ(ask(store().intent(intent.id)).value(), intent);

  PaymentIntent renewed = make_intent(2, thread);
  renewed.renewed_from = intent.id;
  ASSERT_TRUE(good(commit_of(op::InsertIntent{renewed})));
  EXPECT_EQ(ask(store().intents_of_thread(thread.id, 10)).value(), (std::vector<PaymentIntent>{renewed, intent}));
  EXPECT_EQ(ask(store().intents_of_thread(thread.id, 1)).value(), std::vector<PaymentIntent>{renewed});
  EXPECT_EQ(ask(store().open_intent(thread.tenant, thread.user)).value(), renewed);
}

TEST_P(StoreConformance, amounts_of_a_new_intent_take_its_currency) {
  const Thread thread = given_thread(1);
  PaymentIntent intent = make_intent(1, thread);
  intent.amount = Money(5, Currency::parse("JPY").value());
  intent.captured = intent.refunded = intent.refund_reserved = Money();
  intent.lines[0].unit_price = intent.amount;
  ASSERT_TRUE(good(commit_of(op::InsertIntent{intent})));
  const auto read = ask(store().intent(intent.id)).value();
  EXPECT_EQ(read.amount, intent.amount);
  EXPECT_EQ(read.captured, Money(0, intent.amount.currency()));
  EXPECT_EQ(read.lines, intent.lines);
}

TEST_P(StoreConformance, a_refund_comes_back_whole_in_every_state) {
  const PaymentIntent intent = given_paid_intent(1, given_thread(1));
  std::vector<Refund> written;
  for (const auto state : {RefundState::created, RefundState::processing, RefundState::succeeded, RefundState::failed,
                           RefundState::abnormal, RefundState::unknown}) {
    Refund refund = make_refund(static_cast<int>(written.size()) + 1, intent);
    refund.state = state;
    ASSERT_TRUE(good(commit_of(op::InsertRefund{refund}))) << to_string(state);
    EXPECT_EQ(ask(store().refund(refund.id)).value(), refund);
    EXPECT_EQ(ask(store().refund_by_number(refund.out_refund_no)).value(), refund);
    written.push_back(refund);
  }
  Refund& last = written.back();
  last.state = RefundState::succeeded;
  last.failure = "";
  last.rail_refund_id = "5000";
  last.settled_at = from_millis(9);
  ASSERT_TRUE(good(commit_of(op::UpdateRefund{last})));
  last.version = 1;
  EXPECT_EQ(ask(store().refunds_of_intent(intent.id)).value(), written);
  EXPECT_EQ(ask(store().refunds_of_thread(intent.thread, 10)).value(), written);
  EXPECT_EQ(ask(store().refunds_of_thread(intent.thread, 2)).value(), (std::vector<Refund>{written[4], written[5]}));
}

TEST_P(StoreConformance, work_falls_due_in_order_of_time) {
  const WorkItem late = make_work(1, WorkKind::expire_intent, 300);
  const WorkItem early = make_work(2, WorkKind::close_order, 100);
  const WorkItem middle = make_work(3, WorkKind::resolve_order, 200);
  ASSERT_TRUE(good(commit_of(op::AddWork{late}, op::PutWork{early}, op::AddWork{middle})));
  EXPECT_EQ(ask(store().next_due(from_millis(0), WorkLane::inside)).value(), from_millis(100));
  EXPECT_TRUE(ask(store().due_work(from_millis(99), 10)).value().empty());
  EXPECT_EQ(ask(store().due_work(from_millis(200), 10)).value(), (std::vector<WorkItem>{early, middle}));
  EXPECT_EQ(ask(store().due_work(from_millis(999), 1)).value(), std::vector<WorkItem>{early});

  ASSERT_TRUE(good(commit_of(op::TakeWork{early.kind, early.subject}, op::DropWork{late.kind, late.subject},
                             op::DropWork{late.kind, late.subject})));
  EXPECT_EQ(ask(store().due_work(from_millis(999), 10)).value(), std::vector<WorkItem>{middle});
}

TEST_P(StoreConformance, work_of_a_kind_is_listed_whether_it_is_due_or_not) {
  WorkItem given_up = make_work(1, WorkKind::dead_webhook, 0);
  given_up.due_at = kNeverDue;
  const WorkItem late = make_work(2, WorkKind::deliver_webhook, 300);
  const WorkItem early = make_work(3, WorkKind::deliver_webhook, 100);
  ASSERT_TRUE(good(commit_of(op::PutWork{given_up}, op::PutWork{late}, op::PutWork{early})));
  const auto listed = [&](WorkKind kind, const std::string& prefix, const std::string& after, std::int64_t limit) {
    return ask(store().work_of_kind(kind, prefix, after, limit)).value();
  };
  using Rows = std::vector<WorkItem>;
  ASSERT_LT(late.subject, early.subject);
  EXPECT_EQ(listed(WorkKind::deliver_webhook, "", "", 10), (Rows{late, early})) << "by name";
  EXPECT_EQ(listed(WorkKind::deliver_webhook, "", "", 1), Rows{late});
  EXPECT_EQ(listed(WorkKind::deliver_webhook, "", late.subject, 10), Rows{early});
  EXPECT_EQ(listed(WorkKind::deliver_webhook, early.subject, "", 10), Rows{early});
  EXPECT_TRUE(listed(WorkKind::deliver_webhook, "%", "", 10).empty()) << "a prefix is no pattern";
  EXPECT_EQ(listed(WorkKind::dead_webhook, "", "", 10), Rows{given_up});
  EXPECT_TRUE(listed(WorkKind::close_order, "", "", 10).empty());
  EXPECT_EQ(ask(store().due_work(from_millis(999'999), 10)).value(), (std::vector<WorkItem>{early, late}));
}

TEST_P(StoreConformance, work_is_put_over_what_is_there_and_added_beside_it) {
  WorkItem item = make_work(1, WorkKind::resume_thread, 100);
  ASSERT_TRUE(good(commit_of(op::AddWork{item})));
  WorkItem other = item;
  other.due_at = from_millis(50);
  other.payload_json = "{}";
  other.attempts = 7;
  ASSERT_TRUE(good(commit_of(op::AddWork{other})));
  EXPECT_EQ(ask(store().due_work(from_millis(999), 10)).value(), std::vector<WorkItem>{item});
  ASSERT_TRUE(good(commit_of(op::PutWork{other})));
  EXPECT_EQ(ask(store().due_work(from_millis(999), 10)).value(), std::vector<WorkItem>{other});
  // The same subject of another kind is another item.
  other.kind = WorkKind::submit_refund;
  ASSERT_TRUE(good(commit_of(op::AddWork{other})));
  EXPECT_EQ(ask(store().due_work(from_millis(999), 10)).value().size(), 2U);
}

TEST_P(StoreConformance, every_kind_of_work_is_known) {
  for (const auto kind :
       {WorkKind::expire_intent, WorkKind::close_order, WorkKind::resolve_order, WorkKind::submit_refund,
        WorkKind::resolve_refund, WorkKind::resume_thread, WorkKind::take_notification, WorkKind::expire_approval}) {
    const WorkItem item = make_work(1, kind, 1);
    ASSERT_TRUE(good(commit_of(op::PutWork{item})));
    EXPECT_EQ(ask(store().due_work(from_millis(1), 10)).value(), std::vector<WorkItem>{item});
    ASSERT_TRUE(good(commit_of(op::TakeWork{kind, item.subject})));
  }
}

TEST_P(StoreConformance, a_notification_is_applied) {
  NotificationRow row = make_notification(1);
  ASSERT_TRUE(good(commit_of(op::InsertNotification{row})));
  EXPECT_EQ(ask(store().notification(row.channel, row.id)).value(), row);
  ASSERT_TRUE(good(commit_of(op::ApplyNotification{row.channel, row.id})));
  row.applied = true;
  EXPECT_EQ(ask(store().notification(row.channel, row.id)).value(), row);
}

TEST_P(StoreConformance, an_idempotency_key_is_kept_finished_and_dropped) {
  IdempotencyRow row = make_idempotency(1);
  ASSERT_TRUE(good(commit_of(op::InsertIdempotency{row})));
  EXPECT_EQ(ask(store().idempotency(row.scope, row.key)).value(), row);
  ASSERT_TRUE(good(commit_of(op::FinishIdempotency{row.scope, row.key, row.owner, 201, "{}"})));
  row.state = IdempotencyState::finished;
  row.status = 201;
  row.body = "{}";
  EXPECT_EQ(ask(store().idempotency(row.scope, row.key)).value(), row);
  IdempotencyRow other = make_idempotency(2);
  ASSERT_TRUE(good(commit_of(op::InsertIdempotency{other})));
  const op::DropIdempotency drop{other.scope, other.key, other.owner};
  ASSERT_TRUE(good(commit_of(drop, drop)));
  EXPECT_FALSE(ask(store().idempotency(other.scope, other.key)).value().has_value());
  EXPECT_TRUE(good(commit_of(op::InsertIdempotency{other})));
}

// Whatever a late or mistaken step wants to free: it had its effect.
TEST_P(StoreConformance, a_finished_idempotency_key_is_not_dropped) {
  IdempotencyRow row = make_idempotency(1);
  ASSERT_FALSE(row.owner.empty());
  ASSERT_TRUE(good(commit_of(op::InsertIdempotency{row})));
  ASSERT_TRUE(good(commit_of(op::FinishIdempotency{row.scope, row.key, row.owner, 201, "{}"})));
  ASSERT_TRUE(good(commit_of(op::DropIdempotency{row.scope, row.key, row.owner})));
  const auto kept = ask(store().idempotency(row.scope, row.key)).value();
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->body, "{}");
  EXPECT_TRUE(refused(commit_of(op::InsertIdempotency{row}), Errc::store_duplicate));
  // A mark that nobody owns is finished from the start, and taken away by whoever set it.
  IdempotencyRow mark = make_idempotency(2);
  mark.owner.clear();
  mark.state = IdempotencyState::finished;
  ASSERT_TRUE(good(commit_of(op::InsertIdempotency{mark})));
  ASSERT_TRUE(good(commit_of(op::DropIdempotency{mark.scope, mark.key, ""})));
  EXPECT_FALSE(ask(store().idempotency(mark.scope, mark.key)).value().has_value());
}

TEST_P(StoreConformance, only_its_owner_ends_an_idempotency_key) {
  IdempotencyRow row = make_idempotency(1);
  ASSERT_TRUE(good(commit_of(op::InsertIdempotency{row})));
  const std::string stranger = "somebody else";
  EXPECT_TRUE(refused(commit_of(op::HoldIdempotency{row.scope, row.key, stranger}), Errc::store_conflict));
  EXPECT_TRUE(
      refused(commit_of(op::FinishIdempotency{row.scope, row.key, stranger, 200, "theirs"}), Errc::store_conflict));
  EXPECT_TRUE(refused(commit_of(op::TakeIdempotency{row.scope, row.key, stranger, "me"}), Errc::store_conflict));
  ASSERT_TRUE(good(commit_of(op::DropIdempotency{row.scope, row.key, stranger})));
  EXPECT_EQ(ask(store().idempotency(row.scope, row.key)).value(), row);

  EXPECT_TRUE(good(commit_of(op::HoldIdempotency{row.scope, row.key, row.owner})));
  ASSERT_TRUE(good(commit_of(op::TakeIdempotency{row.scope, row.key, row.owner, "next"})));
  EXPECT_TRUE(refused(commit_of(op::TakeIdempotency{row.scope, row.key, row.owner, "late"}), Errc::store_conflict))
      << "of two who take it one is first";
  EXPECT_TRUE(refused(commit_of(op::FinishIdempotency{row.scope, row.key, row.owner, 200, ""}), Errc::store_conflict));
  ASSERT_TRUE(good(commit_of(op::FinishIdempotency{row.scope, row.key, "next", 201, "{}"})));
  EXPECT_TRUE(refused(commit_of(op::HoldIdempotency{row.scope, row.key, "next"}), Errc::store_conflict));
  EXPECT_TRUE(refused(commit_of(op::TakeIdempotency{row.scope, row.key, "next", "late"}), Errc::store_conflict));
  EXPECT_EQ(ask(store().idempotency(row.scope, row.key)).value()->body, "{}");
}

TEST_P(StoreConformance, the_ledger_adds_up) {
  PaymentIntent intent = given_paid_intent(1, given_thread(1));
  Thread elsewhere = make_thread(2);
  elsewhere.tenant = TenantId::trusted("tenant-2");
  ASSERT_TRUE(good(commit_of(op::InsertThread{elsewhere})));
  const PaymentIntent other = given_paid_intent(2, elsewhere);
  const Refund refund = make_refund(1, intent);
  intent.refunded = refund.amount;
  ASSERT_TRUE(
      good(commit_of(op::InsertRefund{refund}, op::UpdateIntent{intent}, op::PostLedger{make_refund_line(refund)})));

  const auto lines = ask(store().ledger_of_intent(intent.id)).value();
  ASSERT_EQ(lines.size(), 2U);
  LedgerEntry capture = make_capture(intent);
  capture.seq = 1;
  capture.hash = lines[0].hash;
  EXPECT_EQ(lines[0], capture);
  EXPECT_EQ(lines[0].hash.size(), 64U);
  EXPECT_EQ(lines[1].seq, 3);
  EXPECT_EQ(lines[1].amount, refund.amount);
  EXPECT_NE(lines[0].hash, lines[1].hash);

  LedgerTotals totals;
  totals.captured = 1299;
  totals.refunded = 100;
  totals.entries = 2;
  EXPECT_EQ(ask(store().ledger_totals(intent.tenant)).value(), totals);
  totals.refunded = 0;
  totals.entries = 1;
  EXPECT_EQ(ask(store().ledger_totals(other.tenant)).value(), totals);
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, everything_is_there_after_it_was_closed_and_opened) {
  const Thread thread = given_thread(1);
  const Turn turn = make_turn(1, thread);
  const PaymentIntent intent = given_paid_intent(1, thread);
  const Refund refund = make_refund(1, intent);
  const WorkItem work = make_work(1, WorkKind::submit_refund, 100);
  ASSERT_TRUE(
      good(commit_of(op::InsertTurn{turn}, op::AppendMessage{make_message(1, turn)},
                     op::AppendEvent{make_event(1, thread)}, op::InsertRefund{refund}, op::AddWork{work},
                     op::InsertNotification{make_notification(1)}, op::InsertIdempotency{make_idempotency(1)})));
  const auto ledger = ask(store().ledger_of_intent(intent.id)).value();
  reopen();
  EXPECT_EQ(ask(store().thread(thread.id)).value(), thread);
  EXPECT_EQ(ask(store().running_turn(thread.id)).value(), turn);
  EXPECT_EQ(ask(store().messages(thread.id, 0, 10)).value().size(), 1U);
  EXPECT_EQ(ask(store().events(thread.id, 0, 10)).value().size(), 1U);
  EXPECT_EQ(ask(store().intent(intent.id)).value(), intent);
  EXPECT_EQ(ask(store().refund(refund.id)).value(), refund);
  EXPECT_EQ(ask(store().due_work(from_millis(100), 10)).value(), std::vector<WorkItem>{work});
  EXPECT_EQ(ask(store().notification("wechat", make_notification(1).id)).value(), make_notification(1));
  EXPECT_EQ(ask(store().idempotency(make_idempotency(1).scope, "key-1")).value(), make_idempotency(1));
  EXPECT_EQ(ask(store().ledger_of_intent(intent.id)).value(), ledger);
  EXPECT_TRUE(good(ask(store().verify_ledger())));

  // Numbering goes on where it stopped.
  const auto receipt = commit_of(op::AppendMessage{make_message(2, turn)}, op::AppendEvent{make_event(2, thread)});
  ASSERT_TRUE(good(receipt));
  EXPECT_EQ(receipt->messages[0].seq, 2);
  EXPECT_EQ(receipt->events[0].seq, 2);
}

TEST_P(StoreConformance, texts_of_any_kind_come_back_byte_for_byte) {
  Thread thread = make_thread(1);
  thread.openid = std::string("a\0b", 3) + "'; DROP TABLE threads; --\r\n\x1b[31m 😀 \xe2\x80\xae";
  thread.metadata_json = std::string(300'000, 'x');
  thread.locale = "";
  ASSERT_TRUE(good(commit_of(op::InsertThread{thread})));
  EXPECT_EQ(ask(store().thread(thread.id)).value(), thread);
  PaymentIntent intent = make_intent(1, thread);
  intent.order.request_body = "\xff\xfe not UTF-8";  // the rail is asked again with exactly the same bytes
  ASSERT_TRUE(good(commit_of(op::InsertIntent{intent})));
  EXPECT_EQ(ask(store().intent(intent.id)).value(), intent);
}

}  // namespace purser::test
