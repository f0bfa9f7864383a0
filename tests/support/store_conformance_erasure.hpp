// Part of store_conformance.hpp: words go, books and record stay.
#pragma once

#include "gateway/store/sql/erasure.hpp"
#include "tests/support/store_conformance.hpp"

#include <algorithm>

namespace purser::test {

inline constexpr UtcTime kErasedAt{Millis(1'800'000'000'000)};

// A conversation that is over, with something of everything.
struct Talk {
  Thread thread = make_thread(1);
  Turn turn = make_turn(1, thread);
  PaymentIntent paid = make_intent(1, thread);
  Refund refund = make_refund(1, paid);
  Approval approval = make_approval(1, thread);
  NotificationRow told = make_notification(1);
  IdempotencyRow key = make_idempotency(1);
  WorkItem given_up = make_work(1, WorkKind::dead_webhook, 0);

  Talk() {
    turn.state = TurnState::completed;
    turn.result_json = R"({"reply":"secret words"})";
    paid.state = IntentState::succeeded;
    paid.order.may_be_open = false;
    paid.captured = paid.amount;
    paid.refunded = refund.amount;
    refund.state = RefundState::succeeded;
    approval.state = ApprovalState::approved;
    told.plain = R"({"out_trade_no":")" + paid.order.out_trade_no.str() + R"(","payer":{"openid":"openid-1"}})";
    told.applied = false;
    key.fingerprint = "payload.seal of the key.seal of the request";
  }
  Batch batch() const {
    Turn running = turn;
    running.state = TurnState::running;
    AuditRow asked;
    asked.thread = thread.id;
    asked.kind = "model";
    asked.subject = turn.id.str();
    asked.detail_json = R"({"said":"secret words"})";
    IdempotencyRow claimed = key;
    Batch out("talk");
    out.add(op::InsertThread{thread}).add(op::InsertTurn{running}).add(op::AppendMessage{make_message(1, turn)});
    out.add(op::AppendAudit{asked}).add(op::AppendMessage{make_message(2, turn)}).add(op::FinishTurn{turn});
    out.add(op::AppendEvent{make_event(1, thread)}).add(op::InsertIntent{paid}).add(op::InsertRefund{refund});
    out.add(op::PostLedger{make_capture(paid)}).add(op::PostLedger{make_refund_line(refund)});
    out.add(op::InsertApproval{approval}).add(op::InsertNotification{told});
    out.add(op::ApplyNotification{told.channel, told.id}).add(op::InsertIdempotency{claimed});
    out.add(op::FinishIdempotency{key.scope, key.key, key.owner, 200, turn.result_json}).add(op::AddWork{given_up});
    return out;
  }
};

TEST_P(StoreConformance, an_erased_conversation_keeps_its_books_and_its_record) {
  const Talk talk;
  ASSERT_TRUE(good(commit(talk.batch())));
  const auto lines = ask(store().ledger_of_intent(talk.paid.id)).value();
  const auto before = ask(store().audit(talk.thread.id, 0, 100)).value();
  ASSERT_TRUE(good(commit_of(op::EraseThread{talk.thread, kErasedAt, true})));

  const Thread thread = ask(store().thread(talk.thread.id)).value();
  EXPECT_EQ(thread.openid, "");
  EXPECT_EQ(thread.metadata_json, "{}");
  EXPECT_EQ(thread.user, talk.thread.user);
  EXPECT_EQ(thread.version, talk.thread.version + 1);
  const auto messages = ask(store().messages(thread.id, 0, 10)).value();
  ASSERT_EQ(messages.size(), 2U);
  for (const Message& row : messages) {
    EXPECT_EQ(row.text, "");
    EXPECT_TRUE(row.calls.empty());
    EXPECT_EQ(row.cards_json, "[]");
    EXPECT_EQ(row.turn, talk.turn.id);
  }
  EXPECT_EQ(ask(store().turn(talk.turn.id)).value().result_json, "{}");
  EXPECT_EQ(ask(store().events(thread.id, 0, 10)).value().at(0).data_json, "{}");
  const PaymentIntent intent = ask(store().intent(talk.paid.id)).value();
  EXPECT_EQ(intent.order.payer_openid, "");
  EXPECT_EQ(intent.order.request_body, "");
  EXPECT_EQ(intent.order.prepay_id, "");
  EXPECT_EQ(intent.order.code_url, "");
  EXPECT_EQ(intent.order.out_trade_no, talk.paid.order.out_trade_no);
  EXPECT_EQ(intent.lines, talk.paid.lines);
  EXPECT_EQ(intent.captured, talk.paid.captured);
  const Refund refund = ask(store().refund(talk.refund.id)).value();
  EXPECT_EQ(refund.reason, "");
  EXPECT_EQ(refund.request_body, "");
  EXPECT_EQ(refund.amount, talk.refund.amount);
  const Approval approval = ask(store().approval(talk.approval.id)).value();
  EXPECT_EQ(approval.terms_json, "{}");
  EXPECT_EQ(approval.note, "");
  EXPECT_EQ(approval.terms_hash, talk.approval.terms_hash);
  EXPECT_EQ(ask(store().notification(talk.told.channel, talk.told.id)).value().plain, "{}");
  // The key may say who somebody was: it is gone, and yet the same request is known again.
  EXPECT_FALSE(ask(store().idempotency(talk.key.scope, talk.key.key)).value());
  const auto kept = ask(store().idempotency(talk.key.scope, sql::erased_key(talk.key))).value();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->body, "{}");
  EXPECT_EQ(kept->key, "erased:seal of the key");
  EXPECT_EQ(kept->fingerprint, "seal of the request") << "by which the same payload is told from others";
  IdempotencyRow again = talk.key;
  const auto refused = commit_of(op::InsertIdempotency{again});
  EXPECT_EQ(refused.code(), Errc::store_conflict);
  EXPECT_EQ(refused.error().param, "erased");
  again.fingerprint = "another payload.seal of the key.seal of another request";
  const auto other = commit_of(op::InsertIdempotency{again});
  EXPECT_EQ(other.code(), Errc::store_conflict) << "a used key is used";
  EXPECT_EQ(other.error().param, "erased");
  EXPECT_TRUE(ask(store().work_of_kind(WorkKind::dead_webhook, "", "", 10)).value().empty());

  EXPECT_EQ(ask(store().ledger_of_intent(talk.paid.id)).value(), lines);
  const auto after = ask(store().audit(thread.id, 0, 100)).value();
  ASSERT_GT(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].hash, before[i].hash) << i;
    const bool of_words = before[i].kind == "message" || before[i].kind == "model";
    EXPECT_EQ(after[i].detail_json, of_words ? std::string() : before[i].detail_json) << i;
  }
  EXPECT_TRUE(good(ask(store().verify_ledger())));
  EXPECT_TRUE(good(commit_of(op::EraseThread{thread, kErasedAt, true}))) << "again";
  EXPECT_TRUE(good(ask(store().verify_ledger())));
  reopen();
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, old_words_go_and_who_it_was_stays) {
  const Talk talk;
  ASSERT_TRUE(good(commit(talk.batch())));
  ASSERT_TRUE(good(commit_of(op::EraseThread{talk.thread, kErasedAt, false})));
  const Thread thread = ask(store().thread(talk.thread.id)).value();
  EXPECT_EQ(thread.openid, talk.thread.openid);
  EXPECT_EQ(thread.metadata_json, talk.thread.metadata_json);
  EXPECT_EQ(ask(store().messages(thread.id, 0, 10)).value().at(0).text, "");
  EXPECT_EQ(ask(store().intent(talk.paid.id)).value(), talk.paid);
  EXPECT_EQ(ask(store().notification(talk.told.channel, talk.told.id)).value().plain, talk.told.plain);
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, what_is_not_settled_is_not_erased) {
  struct Case {
    std::string why;
    std::function<void(Talk&, Batch&)> change;
  };
  const std::vector<Case> cases = {
      {"turn", [](Talk& talk, Batch& batch) { batch.add(op::InsertTurn{make_turn(2, talk.thread)}); }},
      {"intent",
       [](Talk& talk, Batch& batch) {
         PaymentIntent open = make_intent(2, talk.thread);
         batch.add(op::InsertIntent{open});
       }},
      {"intent",
       [](Talk& talk, Batch& batch) {
         PaymentIntent canceled = make_intent(2, talk.thread);
         canceled.state = IntentState::canceled;
         canceled.order.may_be_open = true;
         batch.add(op::InsertIntent{canceled});
       }},
      {"refund", [](Talk& talk, Batch& batch) { batch.add(op::InsertRefund{make_refund(2, talk.paid)}); }},
      {"approval", [](Talk& talk, Batch& batch) { batch.add(op::InsertApproval{make_approval(2, talk.thread)}); }},
      {"work",
       [](Talk&, Batch& batch) {
         WorkItem tell = make_work(1, WorkKind::resume_thread, 0);
         batch.add(op::AddWork{tell});
       }},
      {"work", [](Talk&, Batch& batch) {
         WorkItem aside = make_work(1, WorkKind::parked, 0);
         batch.add(op::AddWork{aside});
       }}};
  for (const Case& one : cases) {
    SetUp();
    Talk talk;
    Batch batch = talk.batch();
    one.change(talk, batch);
    ASSERT_TRUE(good(commit(std::move(batch)))) << one.why;
    EXPECT_TRUE(refused(commit_of(op::EraseThread{talk.thread, kErasedAt, true}), Errc::store_conflict, one.why));
    EXPECT_EQ(ask(store().thread(talk.thread.id)).value(), talk.thread);
    EXPECT_NE(ask(store().messages(talk.thread.id, 0, 10)).value().at(0).text, "");
    EXPECT_TRUE(good(ask(store().verify_ledger())));
  }
  Talk talk;
  Thread stale = talk.thread;
  stale.version = 7;
  EXPECT_TRUE(refused(commit_of(op::EraseThread{stale, kErasedAt, true}), Errc::store_conflict, talk.thread.id.str()));
}

TEST_P(StoreConformance, damage_hides_behind_no_erasure) {
  const Talk talk;
  const std::string of_thread = " WHERE thread_id = '" + talk.thread.id.str() + "'";
  const std::vector<std::string> damages = {
      "UPDATE messages SET text = 'x'", "UPDATE intents SET description = 'x'", "UPDATE events SET data = '[]'",
      "UPDATE turns SET result = '[]'", "UPDATE threads SET erased_at = erased_at + 1",
      // A link that nothing said was erased, and one that was: its hash is what the next one rests on.
      "UPDATE audit SET detail = '' WHERE kind = 'message' AND seq > 8",
      "UPDATE audit SET detail = '' WHERE kind = 'intent'", "UPDATE audit SET at = at + 1 WHERE kind = 'model'",
      "UPDATE audit SET hash = 'f' || substr(hash, 2) WHERE kind = 'model' AND substr(hash, 1, 1) <> 'f'",
      "UPDATE audit SET hash = 'e' || substr(hash, 2) WHERE kind = 'model' AND substr(hash, 1, 1) <> 'e'",
      R"(UPDATE audit SET detail = '{"upto":99}' WHERE kind = 'erasure')"};
  for (const std::string& damage : damages) {
    SetUp();
    ASSERT_TRUE(good(commit(talk.batch())));
    ASSERT_TRUE(good(commit_of(op::EraseThread{talk.thread, kErasedAt, true})));
    ASSERT_TRUE(good(ask(store().verify_ledger())));
    const auto links = ask(store().audit(talk.thread.id, 0, 100)).value();
    const auto model = std::ranges::find(links, "model", &AuditRow::kind);
    ASSERT_NE(model, links.end());
    if (damage.find("'f' ||") != std::string::npos && model->hash.starts_with("f")) continue;
    if (damage.find("'e' ||") != std::string::npos && model->hash.starts_with("e")) continue;
    close();
    home().change(damage);
    open();
    EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt)) << damage;
  }
}

TEST_P(StoreConformance, conversations_are_found_by_user_and_by_silence) {
  const Talk talk;
  ASSERT_TRUE(good(commit(talk.batch())));
  Thread second = make_thread(2);
  second.user = talk.thread.user;
  Thread other = make_thread(3);
  ASSERT_TRUE(good(commit_of(op::InsertThread{second}, op::InsertThread{other})));
  const auto of_user = [&](ThreadId after, std::int64_t limit) {
    return ask(store().threads_of_user(talk.thread.tenant, talk.thread.user, std::move(after), limit)).value();
  };
  EXPECT_EQ(of_user({}, 10), (std::vector<Thread>{talk.thread, second}));
  EXPECT_EQ(of_user({}, 1), std::vector<Thread>{talk.thread});
  EXPECT_EQ(of_user(talk.thread.id, 10), std::vector<Thread>{second});

  const UtcTime last_word = make_message(2, talk.turn).at;
  const auto silent = [&](UtcTime before) { return ask(store().silent_threads(before, UtcTime{}, {}, 10)).value(); };
  EXPECT_EQ(silent(last_word), (std::vector<Thread>{second, other})) << "something was said just then";
  EXPECT_EQ(silent(last_word + Millis(1)), (std::vector<Thread>{talk.thread, second, other}));
  EXPECT_EQ(silent(second.created_at), std::vector<Thread>{}) << "begun before";
  const auto rest = ask(store().silent_threads(last_word + Millis(1), second.created_at, second.id, 10)).value();
  EXPECT_EQ(rest, std::vector<Thread>{other});

  ASSERT_TRUE(good(commit_of(op::EraseThread{talk.thread, kErasedAt, false})));
  EXPECT_EQ(silent(last_word + Millis(1)), (std::vector<Thread>{second, other}));
  EXPECT_EQ(of_user({}, 1).size(), 1U) << "erased ones too: who it was may still stand there";
  ASSERT_TRUE(good(commit_of(op::UpdateThread{ask(store().thread(talk.thread.id)).value()})));
  EXPECT_EQ(silent(last_word + Millis(1)).size(), 3U) << "it is spoken in again";
}

TEST_P(StoreConformance, what_the_inboxes_were_told_goes_with_time) {
  NotificationRow waiting = make_notification(9);
  waiting.received_at = from_millis(5);
  Batch batch("told");
  for (int n = 1; n <= 3; ++n) {
    NotificationRow row = make_notification(n);
    row.received_at = from_millis(n * 10);
    IdempotencyRow key = make_idempotency(n);
    key.created_at = row.received_at;
    batch.add(op::InsertNotification{row}).add(op::ApplyNotification{row.channel, row.id});
    batch.add(op::InsertIdempotency{key}).add(op::FinishIdempotency{key.scope, key.key, key.owner, 200, "words"});
  }
  IdempotencyRow running = make_idempotency(9);
  running.created_at = from_millis(5);
  batch.add(op::InsertNotification{waiting}).add(op::InsertIdempotency{running});
  ASSERT_TRUE(good(commit(std::move(batch))));
  const UtcTime before = from_millis(30);
  EXPECT_FALSE(ask(store().old_inboxes(from_millis(10))).value());
  EXPECT_TRUE(ask(store().old_inboxes(before)).value());
  ASSERT_TRUE(good(commit_of(op::EraseInboxes{before, kErasedAt, 1})));
  EXPECT_TRUE(ask(store().old_inboxes(before)).value());
  ASSERT_TRUE(good(commit_of(op::EraseInboxes{before, kErasedAt, 1})));
  EXPECT_FALSE(ask(store().old_inboxes(before)).value());
  const auto plain = [&](int n) { return ask(store().notification("wechat", make_notification(n).id)).value().plain; };
  EXPECT_EQ(plain(1), "{}");
  EXPECT_EQ(plain(2), "{}");
  EXPECT_EQ(plain(3), make_notification(3).plain) << "not before";
  EXPECT_EQ(plain(9), waiting.plain) << "not applied yet";
  const auto key = [&](int n) {
    const IdempotencyRow was = make_idempotency(n);
    return *ask(store().idempotency(was.scope, n < 3 ? sql::erased_key(was) : was.key)).value();
  };
  EXPECT_EQ(key(2).body, "{}");
  EXPECT_EQ(key(2).status, 200);
  EXPECT_EQ(key(3).body, "words");
  EXPECT_EQ(key(9).state, IdempotencyState::running);
  // They were claimed without seals, as by earlier versions: the same payload finds them, also with its seals.
  IdempotencyRow again = make_idempotency(1);
  again.fingerprint += ".seal of the key.seal of the request";
  EXPECT_TRUE(refused(commit_of(op::InsertIdempotency{again}), Errc::store_conflict, "erased"));
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

}  // namespace purser::test
