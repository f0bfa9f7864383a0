// Part of store_conformance.hpp: approvals, budgets, and the record of everything.
#pragma once

#include "gateway/store/audit_chain.hpp"
#include "tests/support/store_conformance.hpp"

namespace purser::test {

TEST_P(StoreConformance, an_approval_comes_back_whole_and_is_found) {
  const Thread thread = given_thread(1);
  const Approval first = make_approval(1, thread);
  Approval second = make_approval(2, thread);
  second.state = ApprovalState::denied;
  ASSERT_TRUE(good(commit_of(op::InsertApproval{first}, op::InsertApproval{second})));
  EXPECT_EQ(ask(store().approval(first.id)).value(), first);
  EXPECT_EQ(ask(store().approval_by_origin(thread.id, first.origin)).value(), first);
  EXPECT_FALSE(ask(store().approval_by_origin(thread.id, "none")).value().has_value());
  EXPECT_TRUE(refused(ask(store().approval(make_approval(9, thread).id)), Errc::not_found));
  EXPECT_EQ(ask(store().approvals(thread.tenant, std::nullopt, 10)).value(), (std::vector<Approval>{second, first}));
  EXPECT_EQ(ask(store().approvals(thread.tenant, std::nullopt, 1)).value(), std::vector<Approval>{second});
  EXPECT_EQ(ask(store().approvals(thread.tenant, ApprovalState::pending, 10)).value(), std::vector<Approval>{first});
  EXPECT_TRUE(ask(store().approvals(TenantId::trusted("other"), std::nullopt, 10)).value().empty());
}

TEST_P(StoreConformance, an_approval_is_decided_once_and_its_terms_never_change) {
  const Thread thread = given_thread(1);
  Approval row = make_approval(1, thread);
  ASSERT_TRUE(good(commit_of(op::InsertApproval{row})));
  Approval again = make_approval(2, thread);
  again.origin = row.origin;
  EXPECT_TRUE(refused(commit_of(op::InsertApproval{again}), Errc::store_duplicate, "origin"));

  Approval other = row;
  other.state = ApprovalState::approved;
  other.terms_json = "{}";
  EXPECT_TRUE(refused(commit_of(op::UpdateApproval{other}), Errc::internal));
  other = row;
  other.state = ApprovalState::approved;
  other.amount = Money(201, Currency::cny());
  EXPECT_TRUE(refused(commit_of(op::UpdateApproval{other}), Errc::internal));

  row.state = ApprovalState::approved;
  row.decided_by = "key 1";
  ASSERT_TRUE(good(commit_of(op::UpdateApproval{row})));
  EXPECT_TRUE(refused(commit_of(op::UpdateApproval{row}), Errc::store_conflict, row.id.str()));
  row.version += 1;
  EXPECT_EQ(ask(store().approval(row.id)).value(), row);
  row.state = ApprovalState::denied;
  EXPECT_TRUE(refused(commit_of(op::UpdateApproval{row}), Errc::internal)) << "decided is decided";
}

inline op::SpendBudget spend(std::string scope, std::int64_t window_ms, std::int64_t by, std::int64_t max) {
  op::SpendBudget out;
  out.scope = std::move(scope);
  out.window = from_millis(window_ms);
  out.by = by;
  out.max = max;
  return out;
}

TEST_P(StoreConformance, a_budget_is_spent_to_its_end_and_no_further) {
  ASSERT_TRUE(good(commit_of(spend("a", 1'000, 3, 5))));
  ASSERT_TRUE(good(commit_of(spend("a", 1'000, 2, 5))));
  EXPECT_TRUE(refused(commit_of(spend("a", 1'000, 1, 5)), Errc::budget_spent, "a"));
  EXPECT_EQ(ask(store().budget_used("a", from_millis(1'000))).value(), 5);
  EXPECT_EQ(ask(store().budget_used("b", from_millis(1'000))).value(), 0);
  EXPECT_TRUE(good(commit_of(spend("b", 1'000, 5, 5)))) << "scopes do not share";
  EXPECT_TRUE(refused(commit_of(spend("c", 1'000, 6, 5)), Errc::budget_spent, "c")) << "also the first time";
  EXPECT_TRUE(good(commit_of(spend("a", 1'000, -4, 5)))) << "given back";
  EXPECT_EQ(ask(store().budget_used("a", from_millis(1'000))).value(), 1);
  EXPECT_TRUE(good(commit_of(spend("a", 1'000, -9, 5))));
  EXPECT_EQ(ask(store().budget_used("a", from_millis(1'000))).value(), 0) << "never below zero";
  // A new window begins at nothing, and the old one is forgotten.
  ASSERT_TRUE(good(commit_of(spend("b", 2'000, 1, 5))));
  EXPECT_EQ(ask(store().budget_used("b", from_millis(2'000))).value(), 1);
  EXPECT_EQ(ask(store().budget_used("b", from_millis(1'000))).value(), 0);
  // A batch that is refused for another reason has spent nothing.
  EXPECT_FALSE(commit_of(spend("b", 2'000, 1, 5), op::TakeWork{WorkKind::close_order, "none"}).ok());
  EXPECT_EQ(ask(store().budget_used("b", from_millis(2'000))).value(), 1);
}

TEST_P(StoreConformance, of_many_racers_a_budget_lets_through_as_many_as_it_holds) {
  std::vector<Batch> batches;
  for (int n = 0; n < 30; ++n) {
    Batch batch("race");
    batch.add(spend("cap", 1'000, 1, 7));
    batches.push_back(std::move(batch));
  }
  const auto answers = commit_together(std::move(batches));
  EXPECT_EQ(std::count_if(answers.begin(), answers.end(), [](const auto& answer) { return answer.ok(); }), 7);
}

TEST_P(StoreConformance, every_change_of_money_or_words_is_recorded_in_its_thread) {
  const Thread thread = given_thread(1);
  const Turn turn = make_turn(1, thread);
  PaymentIntent intent = given_paid_intent(1, thread);
  Refund refund = make_refund(1, intent);
  Approval approval = make_approval(1, thread);
  AuditRow own;
  own.thread = thread.id;
  own.kind = "verdict";
  own.subject = "call_1";
  own.detail_json = R"({"decision":"accept"})";
  ASSERT_TRUE(good(commit_of(op::InsertTurn{turn}, op::AppendMessage{make_message(1, turn)}, op::AppendAudit{own},
                             op::InsertRefund{refund}, op::UpdateRefund{refund}, op::UpdateIntent{intent},
                             op::InsertApproval{approval}, op::InsertNotification{make_notification(1)})));
  const auto rows = ask(store().audit(thread.id, 0, 100)).value();
  std::vector<std::string> kinds;
  for (const AuditRow& row : rows) kinds.push_back(row.kind);
  EXPECT_EQ(kinds, (std::vector<std::string>{"intent", "posting", "message", "verdict", "refund", "refund", "intent",
                                             "approval"}));
  std::string previous(64, '0');
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].seq, static_cast<std::int64_t>(i) + 1);
    previous = audit::hash_after(previous, rows[i]).value();
    EXPECT_EQ(rows[i].hash, previous);
  }
  EXPECT_EQ(ask(store().audit(thread.id, 6, 1)).value(), std::vector<AuditRow>{rows[6]});
  EXPECT_EQ(ask(store().audit(ThreadId(), 0, 10)).value().size(), 1U) << "the notification";
}

TEST_P(StoreConformance, a_byte_that_is_changed_anywhere_is_found_and_named) {
  const Thread thread = given_thread(1);
  const Turn turn = make_turn(1, thread);
  const PaymentIntent intent = given_paid_intent(1, thread);
  const Refund refund = make_refund(1, intent);
  const Approval approval = make_approval(1, thread);
  const Message message = make_message(1, turn);
  const NotificationRow notification = make_notification(1);
  ASSERT_TRUE(good(commit_of(op::InsertTurn{turn}, op::AppendMessage{message}, op::InsertRefund{refund},
                             op::InsertApproval{approval}, op::InsertNotification{notification})));
  ASSERT_TRUE(good(ask(store().verify_ledger())));

  struct Case {
    std::string table, column, key, id, named;
  };
  const std::vector<Case> cases = {
      {"messages", "text", "id", message.id.str(), "messages " + message.id.str()},
      {"messages", "cards", "id", message.id.str(), "messages " + message.id.str()},
      {"intents", "description", "id", intent.id.str(), "intents " + intent.id.str()},
      {"intents", "request_body", "id", intent.id.str(), "intents " + intent.id.str()},
      {"intents", "user_id", "id", intent.id.str(), "intents " + intent.id.str()},
      {"refunds", "reason", "id", refund.id.str(), "refunds " + refund.id.str()},
      {"approvals", "terms", "id", approval.id.str(), "approvals " + approval.id.str()},
      {"approvals", "note", "id", approval.id.str(), "approvals " + approval.id.str()},
      {"notifications", "plain", "id", notification.id,
       "notifications " + notification.channel + ":" + notification.id},
      {"audit", "detail", "subject", message.id.str(), "audit " + thread.id.str() + " 3"},
      {"audit", "kind", "subject", refund.id.str(), "audit " + thread.id.str() + " 4"},
  };
  for (const Case& one : cases) {
    SetUp();
    const Thread same = given_thread(1);
    (void)given_paid_intent(1, same);
    ASSERT_TRUE(good(commit_of(op::InsertTurn{turn}, op::AppendMessage{message}, op::InsertRefund{refund},
                               op::InsertApproval{approval}, op::InsertNotification{notification})));
    close();
    home().tamper(one.table, one.column, one.key, one.id);
    open();
    EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt, one.named))
        << one.table << "." << one.column;
  }
}

TEST_P(StoreConformance, damage_to_rows_that_no_chain_speaks_of_is_found_and_named) {
  const Thread thread = make_thread(1);
  const Turn turn = make_turn(1, thread);
  const Turn open = make_turn(2, thread);
  const StreamEvent event = make_event(1, thread);
  WorkItem work;
  work.kind = WorkKind::close_order;
  work.subject = "pi_work";
  work.thread = thread.id;
  work.payload_json = R"({"told":true})";
  work.due_at = from_millis(9'000);
  IdempotencyRow key;
  key.scope = "acme POST";
  key.key = "k1";
  key.fingerprint = "f1";
  key.created_at = from_millis(5'000);
  const NotificationRow notification = make_notification(1);
  const std::string named_key = "idempotency " + key.scope + " " + key.key;
  struct Case {
    std::string damage, named;
  };
  const std::vector<Case> cases = {
      {"UPDATE threads SET openid = 'x' || openid", "threads " + thread.id.str()},
      {"UPDATE threads SET user_id = 'mallory'", "threads " + thread.id.str()},
      {"UPDATE threads SET metadata = '{}'", "threads " + thread.id.str()},
      {"UPDATE threads SET intents_made = intents_made + 1", "threads " + thread.id.str()},
      {"UPDATE threads SET version = version + 1", "threads " + thread.id.str()},
      {"UPDATE turns SET result = '{}' WHERE state = 'completed'", "turns " + turn.id.str()},
      {"UPDATE turns SET cause = 'other' WHERE state = 'running'", "turns " + open.id.str()},
      {"UPDATE turns SET started_at = 1 WHERE state = 'running'", "turns " + open.id.str()},
      {"UPDATE events SET data = '{}'", "events " + thread.id.str() + " 1"},
      {"UPDATE events SET type = 'intent.paid'", "events " + thread.id.str() + " 1"},
      {"UPDATE events SET at = at + 1", "events " + thread.id.str() + " 1"},
      {"UPDATE work SET payload = '{}'", "work close_order pi_work"},
      {"UPDATE work SET due_at = due_at + 1", "work close_order pi_work"},
      {"UPDATE work SET attempts = attempts + 1", "work close_order pi_work"},
      {"UPDATE idempotency SET fingerprint = 'f2'", named_key},
      {"UPDATE idempotency SET turn_id = 'turn_x'", named_key},
      {"UPDATE idempotency SET status = 201", named_key},
      {"UPDATE idempotency SET body = 'x'", named_key},
      {"UPDATE turns SET token = 0 WHERE state = 'running'", "turns " + open.id.str()},
      {"UPDATE messages SET seq = seq + 5", "messages " + thread.id.str()},
      {"UPDATE budgets SET used = used - 1", "budgets b"},
      {"UPDATE budgets SET scope = 'c'", "budgets c"},
      {"UPDATE budgets SET window_start = window_start + 1", "budgets b"},
      {"UPDATE notifications SET applied = NOT applied",
       "notifications " + notification.channel + ":" + notification.id},
      {"DELETE FROM events WHERE seq = 1", "events " + thread.id.str()},
      {"DELETE FROM turns WHERE state = 'completed'", "turns " + turn.id.str()},
      {"DELETE FROM threads", "threads " + thread.id.str()},
  };
  for (const Case& one : cases) {
    SetUp();
    Turn ended = turn;
    ended.state = TurnState::completed;
    ended.result_json = R"({"reply":"yes"})";
    Thread renamed = thread;
    renamed.metadata_json = R"({"pay_with":"app"})";
    ASSERT_TRUE(good(
        commit_of(op::InsertThread{thread}, op::InsertTurn{turn}, op::AppendMessage{make_message(1, turn)},
                  op::FinishTurn{ended}, op::InsertTurn{open}, op::UpdateThread{renamed}, op::AppendEvent{event},
                  op::AppendEvent{event}, op::AddWork{work}, op::PutWork{work}, op::InsertIdempotency{key},
                  op::FinishIdempotency{key.scope, key.key, key.owner, 200, "{}"}, op::InsertNotification{notification},
                  op::ApplyNotification{notification.channel, notification.id}, spend("b", 1'000, 3, 5),
                  spend("b", 1'000, -1, 5))));
    ASSERT_TRUE(good(ask(store().verify_ledger())));
    close();
    home().change(one.damage);
    this->open();
    EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt, one.named)) << one.damage;
  }
}

TEST_P(StoreConformance, a_budget_of_an_earlier_version_holds) {
  ASSERT_TRUE(good(commit_of(spend("b", 1'000, 3, 5))));
  close();
  home().change("UPDATE budgets SET mirror = -1 - used");
  this->open();
  EXPECT_TRUE(good(ask(store().verify_ledger())));
  ASSERT_TRUE(good(commit_of(spend("b", 1'000, 1, 5))));
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, a_chain_whose_end_was_cut_off_is_found_also_when_it_has_grown_again) {
  const Thread thread = make_thread(1);
  const Turn turn = make_turn(1, thread);
  AuditRow own;
  own.thread = thread.id;
  own.kind = "verdict";
  own.subject = "call_1";
  for (const bool grows : {false, true}) {
    SetUp();
    ASSERT_TRUE(good(commit_of(op::InsertThread{thread}, op::InsertTurn{turn}, op::AppendMessage{make_message(1, turn)},
                               op::AppendAudit{own})));
    close();
    home().change("DELETE FROM audit WHERE kind = 'verdict'");
    open();
    if (grows) {
      ASSERT_TRUE(good(commit_of(op::AppendAudit{own})));
    }
    EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt,
                        grows ? "audit " + thread.id.str() + " 2" : "audit_ends " + thread.id.str()));
  }
  SetUp();
  ASSERT_TRUE(good(commit_of(op::InsertThread{thread}, op::AppendAudit{own})));
  close();
  home().change("DELETE FROM audit_ends");
  open();
  EXPECT_TRUE(refused(ask(store().verify_ledger()), Errc::store_corrupt, "audit_ends " + thread.id.str()));
}

}  // namespace purser::test
