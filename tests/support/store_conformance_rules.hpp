// Part of store_conformance.hpp: what the constraints refuse, and that a refused batch leaves nothing.
#pragma once

#include "tests/support/store_conformance.hpp"

namespace purser::test {

TEST_P(StoreConformance, ids_are_given_once) {
  const Thread thread = given_thread(1);
  EXPECT_TRUE(refused(commit_of(op::InsertThread{thread}), Errc::store_duplicate, "id"));
  const Turn turn = make_turn(1, thread);
  Turn elsewhere = make_turn(1, given_thread(2));
  ASSERT_TRUE(good(commit_of(op::InsertTurn{turn}, op::AppendMessage{make_message(1, turn)})));
  EXPECT_TRUE(refused(commit_of(op::InsertTurn{elsewhere}), Errc::store_duplicate, "id"));
  EXPECT_TRUE(refused(commit_of(op::AppendMessage{make_message(1, turn)}), Errc::store_duplicate, "id"));

  const PaymentIntent intent = given_paid_intent(1, thread);
  PaymentIntent same_id = make_intent(2, thread);
  same_id.id = intent.id;
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{same_id}), Errc::store_duplicate, "id"));
  ASSERT_TRUE(good(commit_of(op::InsertRefund{make_refund(1, intent)})));
  Refund refund = make_refund(2, intent);
  refund.id = make_refund(1, intent).id;
  EXPECT_TRUE(refused(commit_of(op::InsertRefund{refund}), Errc::store_duplicate, "id"));
}

TEST_P(StoreConformance, a_thread_has_one_running_turn) {
  const Thread thread = given_thread(1);
  ASSERT_TRUE(good(commit_of(op::InsertTurn{make_turn(1, thread)})));
  EXPECT_TRUE(refused(commit_of(op::InsertTurn{make_turn(2, thread)}), Errc::store_duplicate, "running_turn"));
}

TEST_P(StoreConformance, a_turn_ends_once) {
  const Thread thread = given_thread(1);
  Turn turn = make_turn(1, thread);
  turn.state = TurnState::completed;
  EXPECT_TRUE(refused(commit_of(op::FinishTurn{turn}), Errc::store_conflict, turn.id.str()));
  ASSERT_TRUE(good(commit_of(op::InsertTurn{make_turn(1, thread)}, op::FinishTurn{turn})));
  EXPECT_TRUE(refused(commit_of(op::FinishTurn{turn}), Errc::store_conflict, turn.id.str()));
  turn.state = TurnState::running;
  EXPECT_TRUE(refused(commit_of(op::FinishTurn{turn}), Errc::internal));
}

TEST_P(StoreConformance, a_user_has_one_open_intent) {
  const Thread thread = given_thread(1);
  Thread second = make_thread(2);
  second.user = thread.user;
  ASSERT_TRUE(good(commit_of(op::InsertThread{second})));
  PaymentIntent open = make_intent(1, thread);
  for (const auto state : {IntentState::created, IntentState::awaiting_payment, IntentState::unknown}) {
    open.state = state;
    if (state == IntentState::created) {
      ASSERT_TRUE(good(commit_of(op::InsertIntent{open})));
    } else {
      ASSERT_TRUE(good(commit_of(op::UpdateIntent{open})));
      open.version += 1;
    }
    // Also from another thread of the same user.
    EXPECT_TRUE(refused(commit_of(op::InsertIntent{make_intent(2, second)}), Errc::store_duplicate, "active_payment"));
  }
  // Of another tenant, a user of the same name is somebody else.
  Thread foreign = make_thread(3);
  foreign.user = thread.user;
  foreign.tenant = TenantId::trusted("tenant-2");
  EXPECT_TRUE(good(commit_of(op::InsertThread{foreign}, op::InsertIntent{make_intent(3, foreign)})));

  open.state = IntentState::canceled;
  ASSERT_TRUE(good(commit_of(op::UpdateIntent{open}, op::InsertIntent{make_intent(2, second)})));
  open.version += 1;
  // Nor does a closed one come back beside an open one.
  open.state = IntentState::unknown;
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{open}), Errc::store_duplicate, "active_payment"));
}

TEST_P(StoreConformance, order_numbers_and_origins_are_unique) {
  const Thread thread = given_thread(1);
  const Thread other = given_thread(2);
  PaymentIntent intent = make_intent(1, thread);
  ASSERT_TRUE(good(commit_of(op::InsertIntent{intent})));

  PaymentIntent same_number = make_intent(2, other);
  same_number.order.out_trade_no = intent.order.out_trade_no;
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{same_number}), Errc::store_duplicate, "out_trade_no"));

  // The same call again: its origin is named, whatever else is in the way.
  PaymentIntent again = make_intent(3, thread);
  again.origin = intent.origin;
  again.order.out_trade_no = intent.order.out_trade_no;
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{again}), Errc::store_duplicate, "origin"));

  PaymentIntent same_words = make_intent(4, other);
  same_words.origin = intent.origin;
  EXPECT_TRUE(good(commit_of(op::InsertIntent{same_words}))) << "an origin belongs to its thread";
}

TEST_P(StoreConformance, refund_numbers_and_origins_are_unique) {
  const Thread thread = given_thread(1);
  const PaymentIntent intent = given_paid_intent(1, thread);
  const PaymentIntent other = given_paid_intent(2, thread);
  const Refund refund = make_refund(1, intent);
  ASSERT_TRUE(good(commit_of(op::InsertRefund{refund})));
  Refund same_number = make_refund(2, other);
  same_number.out_refund_no = refund.out_refund_no;
  EXPECT_TRUE(refused(commit_of(op::InsertRefund{same_number}), Errc::store_duplicate, "out_refund_no"));
  Refund same_origin = make_refund(3, other);
  same_origin.origin = refund.origin;
  EXPECT_TRUE(refused(commit_of(op::InsertRefund{same_origin}), Errc::store_duplicate, "origin"));
  same_origin.out_refund_no = refund.out_refund_no;
  EXPECT_TRUE(refused(commit_of(op::InsertRefund{same_origin}), Errc::store_duplicate, "origin"));
}

TEST_P(StoreConformance, a_stale_version_is_refused) {
  Thread thread = given_thread(1);
  ASSERT_TRUE(good(commit_of(op::UpdateThread{thread})));
  thread.locale = "zh";
  EXPECT_TRUE(refused(commit_of(op::UpdateThread{thread}), Errc::store_conflict, thread.id.str()));
  EXPECT_EQ(ask(store().thread(thread.id)).value().locale, "en");

  const PaymentIntent intent = given_paid_intent(1, thread);
  ASSERT_TRUE(good(commit_of(op::UpdateIntent{intent})));
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{intent}), Errc::store_conflict, intent.id.str()));
  const Refund refund = make_refund(1, intent);
  ASSERT_TRUE(good(commit_of(op::InsertRefund{refund}, op::UpdateRefund{refund})));
  EXPECT_TRUE(refused(commit_of(op::UpdateRefund{refund}), Errc::store_conflict, refund.id.str()));
  // A version that is yet to come is as wrong, and so is a row that is not there.
  thread.version = 2;
  EXPECT_TRUE(refused(commit_of(op::UpdateThread{thread}), Errc::store_conflict, thread.id.str()));
  EXPECT_TRUE(refused(commit_of(op::UpdateThread{make_thread(9)}), Errc::store_conflict));
}

TEST_P(StoreConformance, work_notifications_and_keys_are_done_once) {
  const WorkItem work = make_work(1, WorkKind::resume_thread, 100);
  EXPECT_TRUE(refused(commit_of(op::TakeWork{work.kind, work.subject}), Errc::store_conflict));
  ASSERT_TRUE(good(commit_of(op::AddWork{work}, op::TakeWork{work.kind, work.subject})));
  EXPECT_TRUE(refused(commit_of(op::TakeWork{work.kind, work.subject}), Errc::store_conflict));

  const NotificationRow row = make_notification(1);
  EXPECT_TRUE(refused(commit_of(op::ApplyNotification{row.channel, row.id}), Errc::store_conflict));
  ASSERT_TRUE(good(commit_of(op::InsertNotification{row}, op::ApplyNotification{row.channel, row.id})));
  EXPECT_TRUE(refused(commit_of(op::InsertNotification{row}), Errc::store_duplicate, "notification"));
  EXPECT_TRUE(refused(commit_of(op::ApplyNotification{row.channel, row.id}), Errc::store_conflict));

  const IdempotencyRow key = make_idempotency(1);
  const op::FinishIdempotency finish{key.scope, key.key, key.owner, 200, "{}"};
  EXPECT_TRUE(refused(commit_of(finish), Errc::store_conflict));
  ASSERT_TRUE(good(commit_of(op::InsertIdempotency{key}, finish)));
  EXPECT_TRUE(refused(commit_of(op::InsertIdempotency{key}), Errc::store_duplicate, "idempotency"));
  EXPECT_TRUE(refused(commit_of(finish), Errc::store_conflict)) << "the first answer stands";
}

TEST_P(StoreConformance, a_ledger_line_is_posted_once) {
  const Thread thread = given_thread(1);
  const PaymentIntent intent = given_paid_intent(1, thread);
  EXPECT_TRUE(refused(commit_of(op::PostLedger{make_capture(intent)}), Errc::store_duplicate, "ledger"));
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, amounts_keep_within_what_can_be) {
  const Thread thread = given_thread(1);
  PaymentIntent intent = given_paid_intent(1, thread);
  const auto with = [&](std::int64_t captured, std::int64_t refunded, std::int64_t reserved) {
    PaymentIntent changed = intent;
    changed.captured = Money(captured, Currency::cny());
    changed.refunded = Money(refunded, Currency::cny());
    changed.refund_reserved = Money(reserved, Currency::cny());
    return changed;
  };
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{with(1299, 1000, 300)}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{with(0, 0, 1)}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{with(-1, 0, 0)}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{with(1299, -1, 0)}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{with(1299, 0, -1)}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{with(1299, kMax, kMax)}), Errc::internal));
  LedgerEntry back = make_refund_line(make_refund(1, intent));
  back.amount = Money(1000, Currency::cny());
  EXPECT_TRUE(good(commit_of(op::UpdateIntent{with(1299, 1000, 299)}, op::PostLedger{back})));

  PaymentIntent foreign = with(1299, 0, 0);
  foreign.version = 1;
  foreign.refunded = Money(1, Currency::parse("USD").value());
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{foreign}), Errc::currency_mismatch));

  PaymentIntent negative = make_intent(2, thread);
  negative.amount = Money(-1, Currency::cny());
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{negative}), Errc::internal));
  Refund refund = make_refund(1, intent);
  refund.amount = Money(-1, Currency::cny());
  EXPECT_TRUE(refused(commit_of(op::InsertRefund{refund}), Errc::internal));
  LedgerEntry line = make_refund_line(make_refund(1, intent));
  line.amount = Money(0, Currency::cny());
  EXPECT_TRUE(refused(commit_of(op::PostLedger{line}), Errc::internal));
  line.amount = Money(1, Currency::cny());
  line.kind = "gift";
  EXPECT_TRUE(refused(commit_of(op::PostLedger{line}), Errc::internal));
}

TEST_P(StoreConformance, what_a_row_is_never_changes) {
  const Thread thread = given_thread(1);
  const Thread other = given_thread(2);
  PaymentIntent intent = given_paid_intent(1, thread);
  PaymentIntent changed = intent;
  changed.amount = Money(1, Currency::cny());
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{changed}), Errc::internal));
  changed = intent;
  changed.order.out_trade_no = OutTradeNo::trusted("another-number");
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{changed}), Errc::internal));
  changed = intent;
  changed.user = other.user;
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{changed}), Errc::internal));

  Refund refund = make_refund(1, intent);
  ASSERT_TRUE(good(commit_of(op::InsertRefund{refund})));
  refund.out_refund_no = OutRefundNo::trusted("another-number");
  EXPECT_TRUE(refused(commit_of(op::UpdateRefund{refund}), Errc::internal));
  refund = make_refund(1, intent);
  refund.amount = Money(1, Currency::cny());
  EXPECT_TRUE(refused(commit_of(op::UpdateRefund{refund}), Errc::internal));

  Thread taken = thread;
  taken.user = other.user;
  EXPECT_TRUE(refused(commit_of(op::UpdateThread{taken}), Errc::internal));
}

TEST_P(StoreConformance, rows_have_parents_and_numbers) {
  const Thread nowhere = make_thread(9);
  EXPECT_TRUE(refused(commit_of(op::InsertTurn{make_turn(1, nowhere)}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::AppendMessage{make_message(1, make_turn(1, nowhere))}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::AppendEvent{make_event(1, nowhere)}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{make_intent(1, nowhere)}), Errc::internal));
  const Thread thread = given_thread(1);
  const PaymentIntent unknown = make_intent(1, thread);
  EXPECT_TRUE(refused(commit_of(op::InsertRefund{make_refund(1, unknown)}), Errc::internal));
  EXPECT_TRUE(refused(commit_of(op::PostLedger{make_capture(unknown)}), Errc::internal));
  PaymentIntent unnumbered = make_intent(1, thread);
  unnumbered.order.out_trade_no = OutTradeNo();
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{unnumbered}), Errc::internal));
  PaymentIntent unasked = make_intent(1, thread);
  unasked.origin = "";
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{unasked}), Errc::internal));
}

TEST_P(StoreConformance, text_in_a_document_is_utf8) {
  PaymentIntent intent = make_intent(1, given_thread(1));
  intent.lines[0].name = "\xff";
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{intent}), Errc::malformed_text));
}

TEST_P(StoreConformance, a_refused_batch_leaves_nothing_wherever_it_fails) {
  const Thread thread = given_thread(1);
  const PaymentIntent paid = given_paid_intent(1, thread);
  const Turn turn = make_turn(1, thread);
  const WorkItem work = make_work(1, WorkKind::resume_thread, 100);
  PaymentIntent changed = paid;
  changed.failure = "changed";
  changed.refunded = make_refund(1, paid).amount;

  const std::vector<Operation> good_ones{op::InsertTurn{turn},
                                         op::AppendMessage{make_message(1, turn)},
                                         op::AppendEvent{make_event(1, thread)},
                                         op::UpdateIntent{changed},
                                         op::InsertRefund{make_refund(1, paid)},
                                         op::AddWork{work},
                                         op::UpdateThread{thread},
                                         op::InsertNotification{make_notification(1)},
                                         op::PostLedger{make_refund_line(make_refund(1, paid))},
                                         op::InsertIdempotency{make_idempotency(1)}};
  for (std::size_t at = 0; at <= good_ones.size(); ++at) {
    Batch batch("test");
    batch.operations = good_ones;
    batch.operations.insert(batch.operations.begin() + static_cast<std::ptrdiff_t>(at),
                            op::TakeWork{WorkKind::close_order, "nobody"});
    ASSERT_TRUE(refused(commit(std::move(batch)), Errc::store_conflict)) << at;
    EXPECT_FALSE(ask(store().running_turn(thread.id)).value().has_value());
    EXPECT_TRUE(ask(store().messages(thread.id, 0, 10)).value().empty());
    EXPECT_TRUE(ask(store().events(thread.id, 0, 10)).value().empty());
    EXPECT_EQ(ask(store().intent(paid.id)).value(), paid);
    EXPECT_TRUE(ask(store().refunds_of_intent(paid.id)).value().empty());
    EXPECT_FALSE(ask(store().next_due(from_millis(0), WorkLane::inside)).value().has_value());
    EXPECT_EQ(ask(store().thread(thread.id)).value(), thread);
    EXPECT_TRUE(refused(ask(store().notification("wechat", make_notification(1).id)), Errc::not_found));
    EXPECT_EQ(ask(store().ledger_of_intent(paid.id)).value().size(), 1U);
    EXPECT_FALSE(ask(store().idempotency(make_idempotency(1).scope, "key-1")).value().has_value());
  }
  EXPECT_TRUE(good(ask(store().verify_ledger())));
  Batch batch("test");
  batch.operations = good_ones;
  EXPECT_TRUE(good(commit(std::move(batch)))) << "the same batch without the bad operation";
}

TEST_P(StoreConformance, an_empty_batch_succeeds) {
  const auto receipt = commit(Batch("nothing"));
  ASSERT_TRUE(good(receipt));
  EXPECT_TRUE(receipt->events.empty());
  EXPECT_TRUE(receipt->messages.empty());
}

TEST_P(StoreConformance, the_ledger_is_only_ever_added_to) {
  given_paid_intent(1, given_thread(1));
  close();
  const bool guarded = home().guards_ledger();
  EXPECT_EQ(home().ledger_lets_change(1), (std::vector<bool>{!guarded, !guarded}));
  open();
  if (guarded) {
    EXPECT_TRUE(good(ask(store().verify_ledger())));
  } else {
    EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt, "ledger_end")) << "it is told afterwards";
  }
}

TEST_P(StoreConformance, a_changed_ledger_row_is_named) {
  const Thread thread = given_thread(1);
  for (int n = 1; n <= 3; ++n) given_paid_intent(n, thread);
  close();
  home().tamper_with_ledger(2);
  open();
  EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt, "ledger 2"));
}

TEST_P(StoreConformance, an_intent_that_differs_from_the_ledger_is_named) {
  const Thread thread = given_thread(1);
  for (const char* damage : {"refunded = 1", "captured = captured - 1", "captured = 0"}) {
    SetUp();
    given_thread(1);
    given_paid_intent(1, thread);
    const PaymentIntent second = given_paid_intent(2, thread);
    close();
    home().change(std::string("UPDATE intents SET ") + damage + " WHERE id = '" + second.id.str() + "'");
    open();
    EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt, "intents " + second.id.str())) << damage;
  }
}

TEST_P(StoreConformance, a_line_of_another_currency_or_tenant_is_named) {
  const Thread thread = given_thread(1);
  PaymentIntent intent = make_intent(1, thread);
  intent.captured = intent.amount;
  LedgerEntry line = make_capture(intent);
  line.tenant = TenantId::trusted("tenant-2");
  ASSERT_TRUE(good(commit_of(op::InsertIntent{intent}, op::PostLedger{line})));
  EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt, "intents " + intent.id.str()));
}

}  // namespace purser::test
