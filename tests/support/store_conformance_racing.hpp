// Part of store_conformance.hpp: commits that come together.
#pragma once

#include "tests/support/store_conformance.hpp"

#include <algorithm>

namespace purser::test {

inline Batch batch_of(Operation operation) {
  Batch batch("race");
  batch.operations.push_back(std::move(operation));
  return batch;
}

inline std::ptrdiff_t winners(const std::vector<Result<Receipt>>& answers) {
  return std::ranges::count_if(answers, [](const auto& answer) { return answer.ok(); });
}

TEST_P(StoreConformance, of_two_who_change_one_version_one_wins) {
  const Thread thread = given_thread(1);
  PaymentIntent intent = given_paid_intent(1, thread);
  for (int round = 0; round < 20; ++round) {
    PaymentIntent one = intent;
    PaymentIntent two = intent;
    one.failure = "one";
    two.failure = "two";
    std::vector<Batch> batches{batch_of(op::UpdateIntent{one}), batch_of(op::UpdateIntent{two})};
    const auto answers = commit_together(std::move(batches));
    ASSERT_EQ(winners(answers), 1);
    const auto& loser = answers[0].ok() ? answers[1] : answers[0];
    EXPECT_TRUE(refused(loser, Errc::store_conflict, intent.id.str()));
    intent = ask(store().intent(intent.id)).value();
    EXPECT_EQ(intent.failure, answers[0].ok() ? "one" : "two");
    EXPECT_EQ(intent.version, round + 1);
  }
}

TEST_P(StoreConformance, of_many_who_open_an_intent_for_one_user_one_wins) {
  constexpr int kRacers = 16;
  std::vector<Batch> batches;
  for (int n = 1; n <= kRacers; ++n) {
    Thread thread = make_thread(n);
    thread.user = UserId::trusted("the-same");
    ASSERT_TRUE(good(commit_of(op::InsertThread{thread})));
    batches.push_back(batch_of(op::InsertIntent{make_intent(n, thread)}));
  }
  const auto answers = commit_together(std::move(batches));
  EXPECT_EQ(winners(answers), 1);
  for (const auto& answer : answers) {
    if (answer.ok()) continue;
    EXPECT_TRUE(refused(answer, Errc::store_duplicate, "active_payment"));
  }
  EXPECT_TRUE(ask(store().open_intent(TenantId::trusted("tenant-1"), UserId::trusted("the-same"))).value().has_value());
}

TEST_P(StoreConformance, of_many_who_take_one_piece_of_work_one_gets_it) {
  const WorkItem work = make_work(1, WorkKind::resume_thread, 1);
  ASSERT_TRUE(good(commit_of(op::AddWork{work})));
  std::vector<Batch> batches;
  for (int n = 0; n < 16; ++n) batches.push_back(batch_of(op::TakeWork{work.kind, work.subject}));
  EXPECT_EQ(winners(commit_together(std::move(batches))), 1);
}

// Whatever is committed together with them, refused batches are as if they had never been.
TEST_P(StoreConformance, a_refused_batch_does_not_touch_its_neighbours) {
  const Thread thread = given_thread(1);
  const Turn turn = make_turn(1, thread);
  std::vector<Batch> batches;
  for (int n = 0; n < 30; ++n) {
    Batch batch("neighbour");
    batch.add(op::AppendMessage{make_message(n, turn)});
    if (n % 3 == 1) batch.add(op::TakeWork{WorkKind::close_order, "nobody"});
    batches.push_back(std::move(batch));
  }
  const auto answers = commit_together(std::move(batches));
  std::int64_t seq = 0;
  for (std::size_t n = 0; n < answers.size(); ++n) {
    if (n % 3 == 1) {
      EXPECT_TRUE(refused(answers[n], Errc::store_conflict));
      continue;
    }
    ASSERT_TRUE(good(answers[n]));
    EXPECT_EQ(answers[n]->messages.at(0).seq, ++seq) << "numbers leave no gap for what was refused";
  }
  const auto stored = ask(store().messages(thread.id, 0, 100)).value();
  ASSERT_EQ(stored.size(), 20U);
  EXPECT_EQ(stored.back().seq, 20);
}

// By the program, before the database has heard of it.
TEST_P(StoreConformance, a_batch_refused_by_its_form_does_not_touch_its_neighbours) {
  const Thread thread = given_thread(1);
  const Turn turn = make_turn(1, thread);
  std::vector<Batch> batches;
  for (int n = 0; n < 30; ++n) {
    Batch batch("neighbour");
    if (n % 3 == 1) {
      batch.add(op::FinishTurn{turn});
    } else {
      batch.add(op::AppendMessage{make_message(n, turn)});
    }
    batches.push_back(std::move(batch));
  }
  ASSERT_EQ(turn.state, TurnState::running);
  const auto answers = commit_together(std::move(batches));
  for (std::size_t n = 0; n < answers.size(); ++n) {
    if (n % 3 == 1) {
      EXPECT_TRUE(refused(answers[n], Errc::internal, "state"));
    } else {
      EXPECT_TRUE(good(answers[n]));
    }
  }
  EXPECT_EQ(ask(store().messages(thread.id, 0, 100)).value().size(), 20U) << "all that was acknowledged";
}

TEST_P(StoreConformance, ledger_lines_posted_together_make_one_chain) {
  std::vector<Batch> batches;
  for (int n = 1; n <= 20; ++n) {
    PaymentIntent intent = make_intent(n, given_thread(n));
    intent.state = IntentState::succeeded;
    intent.captured = intent.amount;
    Batch batch("paid");
    batch.add(op::InsertIntent{intent}).add(op::PostLedger{make_capture(intent)});
    if (n % 4 == 0) batch.add(op::TakeWork{WorkKind::close_order, "nobody"});
    batches.push_back(std::move(batch));
  }
  EXPECT_EQ(winners(commit_together(std::move(batches))), 15);
  EXPECT_TRUE(good(ask(store().verify_ledger())));
  EXPECT_EQ(ask(store().ledger_totals(TenantId::trusted("tenant-1"))).value().entries, 15);
}

TEST_P(StoreConformance, who_reads_after_a_commit_sees_it) {
  Thread thread = given_thread(1);
  for (int round = 1; round <= 50; ++round) {
    ASSERT_TRUE(good(commit_of(op::UpdateThread{thread})));
    thread = ask(store().thread(thread.id)).value();
    ASSERT_EQ(thread.version, round);
  }
}

TEST_P(StoreConformance, the_watcher_hears_of_each_commit_in_order_before_the_committer) {
  const Thread one = given_thread(1);
  const Thread two = given_thread(2);
  std::vector<std::string> heard;
  store().watch([&](const Change& change) {
    std::string line = change.work ? "work" : "";
    for (const ThreadId& id : change.threads) line += " " + id.str();
    heard.push_back(line);
  });
  ASSERT_TRUE(good(commit_of(op::AppendEvent{make_event(1, one)}, op::AppendEvent{make_event(2, two)},
                             op::AppendEvent{make_event(3, one)})));
  ASSERT_EQ(heard.size(), 1U) << "the committer has resumed, so the watcher has heard";
  EXPECT_EQ(heard[0], " " + one.id.str() + " " + two.id.str());

  EXPECT_FALSE(commit_of(op::AppendEvent{make_event(4, one)}, op::TakeWork{WorkKind::close_order, "x"}).ok());
  EXPECT_EQ(heard.size(), 1U) << "nothing is heard of what was refused";

  ASSERT_TRUE(good(commit_of(op::AddWork{make_work(1, WorkKind::close_order, 1)})));
  ASSERT_TRUE(good(commit_of(op::PutWork{make_work(1, WorkKind::close_order, 1)})));
  ASSERT_TRUE(good(commit_of(op::DropWork{WorkKind::close_order, "x"})));
  EXPECT_EQ(std::vector<std::string>(heard.begin() + 1, heard.end()), (std::vector<std::string>{"work", "work", ""}));

  std::vector<Batch> batches;
  for (int n = 0; n < 10; ++n) batches.push_back(batch_of(op::AppendEvent{make_event(n, n % 2 == 0 ? one : two)}));
  heard.clear();
  commit_together(std::move(batches));
  ASSERT_EQ(heard.size(), 10U);
  for (std::size_t n = 0; n < heard.size(); ++n) EXPECT_EQ(heard[n], " " + (n % 2 == 0 ? one : two).id.str());
}

TEST_P(StoreConformance, closing_finishes_what_was_asked_for) {
  const Thread thread = given_thread(1);
  int heard = 0;
  store().watch([&](const Change&) { ++heard; });
  std::vector<Started<Result<Receipt>>> started;
  for (int n = 0; n < 10; ++n) {
    started.push_back(loop().start(store().commit(batch_of(op::AppendEvent{make_event(n, thread)}))));
  }
  loop().ioc.restart();
  loop().ioc.poll();  // they are queued, and some may be answered
  close();
  heard = 0;
  EXPECT_TRUE(loop().until([&] { return std::ranges::all_of(started, [](auto& one) { return one.done(); }); }));
  for (auto& one : started) EXPECT_TRUE(good(one.get()));
  EXPECT_EQ(heard, 0) << "the store is gone: who watched it may be gone too";
  open();
  EXPECT_EQ(ask(store().events(thread.id, 0, 100)).value().size(), 10U);
}

TEST_P(StoreConformance, a_commit_that_was_begun_is_not_canceled) {
  const Thread thread = given_thread(1);
  auto started = loop().start(store().commit(batch_of(op::AppendEvent{make_event(1, thread)})));
  loop().ioc.restart();
  while (loop().ioc.poll_one() == 0) loop().ioc.restart();
  started.cancel();
  EXPECT_TRUE(loop().until([&] { return started.done(); }));
  EXPECT_EQ(ask(store().events(thread.id, 0, 100)).value().size(), 1U);
}

}  // namespace purser::test
