// Part of store_conformance.hpp: who drives a turn, and who does the work.
#pragma once

#include "tests/support/store_conformance.hpp"

namespace purser::test {

TEST_P(StoreConformance, a_turn_is_written_by_who_drives_it) {
  const Thread thread = given_thread(1);
  const Turn turn = make_turn(1, thread);
  EXPECT_TRUE(refused(ask(store().turn_lease(turn.id)), Errc::not_found));
  ASSERT_TRUE(good(commit_of(op::InsertTurn{turn})));
  EXPECT_EQ(ask(store().turn_lease(turn.id)).value().token, 1);
  EXPECT_TRUE(good(commit_of(op::HoldTurn{turn.id, 1}, op::AppendMessage{make_message(1, turn)})));

  // Nobody holds it: another goes on with it, once.
  ASSERT_TRUE(good(commit_of(op::TakeTurn{turn.id, 1})));
  EXPECT_TRUE(refused(commit_of(op::TakeTurn{turn.id, 1}), Errc::store_conflict, turn.id.str()));
  EXPECT_EQ(ask(store().turn_lease(turn.id)).value().token, 2);

  // The one before did not notice. Nothing of it is written.
  EXPECT_TRUE(refused(commit_of(op::HoldTurn{turn.id, 1}, op::AppendMessage{make_message(2, turn)}),
                      Errc::store_conflict, turn.id.str()));
  EXPECT_EQ(ask(store().messages(thread.id, 0, 10)).value().size(), 1U);

  Turn ended = turn;
  ended.state = TurnState::completed;
  ASSERT_TRUE(good(commit_of(op::HoldTurn{turn.id, 2}, op::FinishTurn{ended})));
  EXPECT_TRUE(refused(commit_of(op::HoldTurn{turn.id, 2}), Errc::store_conflict));
  EXPECT_TRUE(refused(commit_of(op::TakeTurn{turn.id, 2}), Errc::store_conflict));
  EXPECT_TRUE(refused(ask(store().turn_lease(turn.id)), Errc::not_found));
}

TEST_P(StoreConformance, of_many_who_take_one_turn_one_drives_it) {
  const Turn turn = make_turn(1, given_thread(1));
  ASSERT_TRUE(good(commit_of(op::InsertTurn{turn})));
  int taken = 0;
  std::vector<Batch> batches(16, Batch("take"));
  for (Batch& batch : batches) batch.add(op::TakeTurn{turn.id, 1});
  for (const auto& answer : commit_together(std::move(batches))) taken += answer.ok() ? 1 : 0;
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(ask(store().turn_lease(turn.id)).value().token, 2);
}

TEST_P(StoreConformance, outbound_work_waits_in_a_lane_of_its_own) {
  const WorkItem hook = make_work(1, WorkKind::deliver_webhook, 100);
  const WorkItem money = make_work(2, WorkKind::close_order, 200);
  const WorkItem later = make_work(3, WorkKind::expire_intent, 300);
  ASSERT_TRUE(good(commit_of(op::AddWork{hook}, op::AddWork{money}, op::AddWork{later})));
  EXPECT_EQ(ask(store().claim_work(from_millis(250), 1, WorkLane::inside)).value(), std::vector<WorkItem>{money});
  EXPECT_EQ(ask(store().claim_work(from_millis(250), 9, WorkLane::outbound)).value(), std::vector<WorkItem>{hook});
  EXPECT_EQ(ask(store().next_due(from_millis(0), WorkLane::inside)).value(), from_millis(200));
  EXPECT_EQ(ask(store().next_due(from_millis(0), WorkLane::outbound)).value(), from_millis(100));
  // What is due already does not hide what falls due next.
  EXPECT_EQ(ask(store().next_due(from_millis(200), WorkLane::inside)).value(), from_millis(300));
  EXPECT_FALSE(ask(store().next_due(from_millis(100), WorkLane::outbound)).value().has_value());
}

TEST_P(StoreConformance, who_claimed_work_gets_it_again) {
  const WorkItem early = make_work(1, WorkKind::close_order, 100);
  const WorkItem late = make_work(2, WorkKind::close_order, 200);
  ASSERT_TRUE(
      good(commit_of(op::AddWork{late}, op::AddWork{early}, op::AddWork{make_work(3, WorkKind::close_order, 900)})));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(ask(store().claim_work(from_millis(200), 10, WorkLane::inside)).value(),
              (std::vector<WorkItem>{early, late}));
  }
  EXPECT_EQ(ask(store().claim_work(from_millis(200), 1, WorkLane::inside)).value(), std::vector<WorkItem>{early});
  EXPECT_TRUE(ask(store().claim_work(from_millis(99), 10, WorkLane::inside)).value().empty());
  ASSERT_TRUE(good(commit_of(op::TakeWork{early.kind, early.subject})));
  EXPECT_EQ(ask(store().claim_work(from_millis(200), 10, WorkLane::inside)).value(), std::vector<WorkItem>{late});
}

}  // namespace purser::test
