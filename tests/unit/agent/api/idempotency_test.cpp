// The contract of the Idempotency-Key, line by line, over the doors that take one.
#include "agent/api/idempotency.hpp"

#include "gateway/store/request_ties.hpp"
#include "tests/support/desk.hpp"
#include "tests/support/sqlite_file.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace purser::test {
namespace {

using nlohmann::json;

class IdempotencyTest : public testing::Test {
 protected:
  Desk& open(const std::string& failpoints = {}) {
    desk_.reset();
    desk_ = std::make_unique<Desk>(folder_.path(), failpoints);
    return *desk_;
  }
  http::Request turn(const std::string& thread, const std::string& key, const std::string& body = R"({"text":"hi"})") {
    return request("POST", "/v1/threads/" + thread + "/turns", body, key);
  }
  static std::string replayed(const http::Response& response) { return header_of(response, "Idempotent-Replayed"); }

  TempFolder folder_;
  std::unique_ptr<Desk> desk_;
};

TEST_F(IdempotencyTest, a_key_is_needed_where_money_can_move) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  const PaymentIntent intent = desk.buy(thread);
  for (const std::string& path : {"/v1/threads/" + thread + "/turns", "/v1/intents/" + intent.id.str() + "/cancel",
                                  "/v1/intents/" + intent.id.str() + "/renew"}) {
    const auto answer = desk.send(request("POST", path, path.ends_with("turns") ? R"({"text":"hi"})" : ""));
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_EQ(code_of(answer), "idempotency_key_required") << path;
  }
  EXPECT_EQ(desk.count_turns(thread), 1U);
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::awaiting_payment);
}

TEST_F(IdempotencyTest, a_key_is_one_to_255_visible_characters) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  for (const std::string& bad :
       {std::string(256, 'k'), std::string("a b"), std::string("\xe6\x88\x90"), std::string("a\tb")}) {
    const auto answer = desk.send(turn(thread, bad));
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_EQ(body_of(answer)["error"]["param"], "Idempotency-Key");
  }
  auto empty = turn(thread, "x");
  set_header(empty, "Idempotency-Key", "");
  EXPECT_EQ(desk.send(std::move(empty)).status, 400);
  auto twice = turn(thread, "x");
  twice.headers.emplace_back("idempotency-key", "y");
  EXPECT_EQ(desk.send(std::move(twice)).status, 400);
  desk.model_says("hello");
  EXPECT_EQ(desk.send(turn(thread, std::string(255, '!'))).status, 200);
}

TEST_F(IdempotencyTest, the_same_request_gets_the_same_answer_and_has_no_effect) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  desk.model_says("hello");
  const auto first = desk.send(turn(thread, "k"));
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(replayed(first), "");
  const auto again = desk.send(turn(thread, "k"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(replayed(again), "true");
  EXPECT_EQ(desk.count_turns(thread), 1U);
  EXPECT_EQ(desk.model.requests().size(), 1U);
}

TEST_F(IdempotencyTest, the_answer_survives_a_restart) {
  const std::string thread = open().thread();
  desk_->model_says("hello");
  const auto first = desk_->send(turn(thread, "k"));
  const auto again = open().send(turn(thread, "k"));
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(replayed(again), "true");
}

TEST_F(IdempotencyTest, equality_is_that_of_the_json_not_of_its_bytes) {
  Desk& desk = open();
  const auto post = [&](std::string body) { return desk.post("/v1/threads", std::move(body), "k"); };
  const auto first = post(R"({"user":{"id":"a","openid":"o"},"metadata":{"x":"1","y":"2"}})");
  ASSERT_EQ(first.status, 201);
  const auto again = post("{ \"metadata\":{\"y\":\"2\",\"\\u0078\":\"1\"} ,\"user\":{\"openid\":\"o\",\"id\":\"a\"}}");
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(replayed(again), "true");
}

TEST_F(IdempotencyTest, another_payload_is_a_permanent_conflict) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  desk.model_says("hello");
  ASSERT_EQ(desk.send(turn(thread, "k")).status, 200);
  for (int i = 0; i < 2; ++i) {
    const auto other = desk.send(turn(thread, "k", R"({"text":"something else"})"));
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(code_of(other), "idempotency_conflict");
    EXPECT_EQ(header_of(other, "Retry-After"), "");
  }
  EXPECT_EQ(replayed(desk.send(turn(thread, "k"))), "true");
}

// While daemons of two versions run, the older one does not know what the newer one's row is of.
class NewerForm : public IdempotencyTest {
 protected:
  // As a newer version leaves it behind `what`: finished, in a form of its own.
  static void leave(Desk& desk, std::string scope, std::string key, std::string fingerprint) {
    op::InsertIdempotency insert;
    insert.row.scope = std::move(scope);
    insert.row.key = std::move(key);
    insert.row.fingerprint = std::move(fingerprint);
    insert.row.state = IdempotencyState::finished;
    insert.row.status = 200;
    insert.row.body = R"({"theirs":true})";
    Batch batch("request.claimed");
    batch.add(std::move(insert));
    ASSERT_TRUE(desk.loop.run(desk.store->commit(std::move(batch))).ok());
  }
  void expect_told_to_come_back(Desk& desk, const std::string& thread) {
    auto streamed = turn(thread, "k");
    set_header(streamed, "Accept", "text/event-stream");
    for (const auto& asked : {turn(thread, "k"), streamed}) {
      const auto answer = desk.send(asked);
      EXPECT_EQ(answer.status, 409) << answer.body;
      EXPECT_EQ(code_of(answer), "idempotency_in_flight");
      EXPECT_EQ(header_of(answer, "Retry-After"), "1");
    }
    EXPECT_EQ(desk.count_turns(thread), 0U);
  }
  static std::string scope_of(const std::string& thread) {
    return std::string(kOurs) + " POST /v1/threads/" + thread + "/turns";
  }
};

TEST_F(NewerForm, of_a_key_is_not_taken_for_another_payload) {
  Desk& desk = open();
  const std::string hex(64, 'a');
  for (const std::string& form : {std::string("2:") + hex, hex + '.' + hex, hex + '.' + hex + ".2:" + hex, hex + hex,
                                  hex + '.' + hex + '.' + hex + '.' + hex}) {
    const std::string thread = desk.thread();
    leave(desk, scope_of(thread), "k", form);
    expect_told_to_come_back(desk, thread);
  }
  for (const std::string& ours : {hex, hex + '.' + hex + '.' + hex}) {
    const std::string thread = desk.thread();
    leave(desk, scope_of(thread), "k", ours);
    EXPECT_EQ(desk.send(turn(thread, "k")).status, 422);
  }
}

// What it has behind a digest that is ours is its own affair.
TEST_F(NewerForm, with_the_payloads_digest_as_ever_is_replayed) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  const Idempotency ours(*desk.store, desk.loop.clock, desk.mint);
  const TurnKey key = ours.tie(scope_of(thread), "k", json{{"text", "hi"}});
  leave(desk, key.scope, key.key, key.fingerprint + ".more");
  const auto answer = desk.send(turn(thread, "k"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(replayed(answer), "true");
}

TEST_F(NewerForm, of_what_is_left_of_an_erased_key_is_not_taken_for_another_payload) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  const Idempotency ours(*desk.store, desk.loop.clock, desk.mint);
  const TurnKey key = ours.tie(scope_of(thread), "k", json{{"text", "hi"}});
  leave(desk, key.scope, erased_key_of(ties_in(key.fingerprint).value()), "2:" + std::string(64, 'a'));
  expect_told_to_come_back(desk, thread);
}

TEST_F(IdempotencyTest, elsewhere_the_same_key_is_another_one) {
  Desk& desk = open();
  const std::string one = desk.thread("alice");
  const std::string two = desk.thread("bob");
  desk.model_says("to alice");
  desk.model_says("to bob");
  EXPECT_EQ(body_of(desk.send(turn(one, "k")))["reply"]["text"], "to alice");
  EXPECT_EQ(body_of(desk.send(turn(two, "k")))["reply"]["text"], "to bob");
  // Another tenant.
  const std::string body = R"({"user":{"id":"alice"}})";
  const auto ours = desk.post("/v1/threads", body, "same");
  auto other = request("POST", "/v1/threads", body, "same");
  set_header(other, "Authorization", "Bearer " + std::string(kTheirKey));
  const auto theirs = desk.send(std::move(other));
  EXPECT_EQ(theirs.status, 201);
  EXPECT_NE(body_of(theirs)["id"], body_of(ours)["id"]);
}

TEST_F(IdempotencyTest, while_the_first_is_running_the_second_is_told_to_wait) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  desk.model.push_silence();  // until the turn's deadline
  auto first = desk.loop.start(desk.api.handle(turn(thread, "k")));
  ASSERT_TRUE(desk.loop.until([&] { return desk.model.requests().size() == 1; }));
  const auto second = desk.send(turn(thread, "k"));
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(code_of(second), "idempotency_in_flight");
  EXPECT_EQ(header_of(second, "Retry-After"), "1");
  EXPECT_EQ(desk.send(turn(thread, "k", R"({"text":"other"})")).status, 422);
  first.cancel();
}

TEST_F(IdempotencyTest, of_fifty_at_once_one_has_the_effect) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  desk.model_says("once");
  std::vector<Started<http::Response>> started;
  for (int i = 0; i < 50; ++i) started.push_back(desk.loop.start(desk.api.handle(turn(thread, "k"))));
  ASSERT_TRUE(desk.loop.until(
      [&] { return std::all_of(started.begin(), started.end(), [](const auto& one) { return one.done(); }); }));
  int answered = 0;
  for (auto& one : started) {
    const auto answer = one.get();
    if (answer.status == 200) {
      ++answered;
      continue;
    }
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(code_of(answer), "idempotency_in_flight");
  }
  EXPECT_GE(answered, 1);
  EXPECT_EQ(desk.count_turns(thread), 1U);
  EXPECT_EQ(desk.model.requests().size(), 1U);
}

TEST_F(IdempotencyTest, too_many_turns_of_one_thread_are_busy) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  desk.model.otherwise([](const ModelRequest&) { return says("ok"); });
  std::vector<Started<http::Response>> started;
  for (std::size_t i = 0; i <= Actions::kTurnsAtOnce; ++i) {
    started.push_back(desk.loop.start(desk.api.handle(turn(thread, "k" + std::to_string(i)))));
  }
  ASSERT_TRUE(desk.loop.until(
      [&] { return std::all_of(started.begin(), started.end(), [](const auto& one) { return one.done(); }); }));
  std::map<int, int> by_status;
  for (auto& one : started) by_status[one.get().status] += 1;
  EXPECT_EQ(by_status, (std::map<int, int>{{200, static_cast<int>(Actions::kTurnsAtOnce)}, {409, 1}}));
}

TEST_F(IdempotencyTest, a_5xx_is_not_kept_and_the_retry_goes_on_with_the_same_order) {
  // The turn's order is at the rail and its answer is lost: the daemon cannot say so to the store.
  Desk& desk = open("before:turn.finished:1:fail");
  const std::string thread = desk.thread();
  desk.model.push(asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":2}]})"));
  desk.model_says("Here you are.");
  const auto failed = desk.send(turn(thread, "k"));
  EXPECT_EQ(failed.status, 503) << failed.body;
  EXPECT_EQ(header_of(failed, "Retry-After"), "1");

  desk.model_says("Here you are.");
  const auto again = desk.send(turn(thread, "k"));
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(replayed(again), "");
  EXPECT_EQ(desk.count_turns(thread), 1U);
  EXPECT_EQ(desk.channel.count("create_order"), 1U);
  ASSERT_EQ(body_of(again)["intents"].size(), 1U);

  const auto replay = desk.send(turn(thread, "k"));
  EXPECT_EQ(replay.body, again.body);
  EXPECT_EQ(replayed(replay), "true");
}

TEST_F(IdempotencyTest, a_turn_that_the_daemon_died_on_is_brought_to_its_end) {
  Desk& first = open();
  const std::string thread = first.thread();
  first.model.push_silence();
  auto asked = first.loop.start(first.api.handle(turn(thread, "k")));
  ASSERT_TRUE(first.loop.until([&] { return first.model.requests().size() == 1; }));

  Desk& second = open();
  second.model_says("sorry for the wait");
  const auto answer = second.send(turn(thread, "k"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(body_of(answer)["reply"]["text"], "sorry for the wait");
  EXPECT_EQ(second.count_turns(thread), 1U);
  EXPECT_EQ(replayed(second.send(turn(thread, "k"))), "true");
}

TEST_F(IdempotencyTest, a_turn_that_somebody_else_finished_is_answered_from_its_row) {
  Desk& first = open();
  const std::string thread = first.thread();
  first.model.push_silence();
  auto asked = first.loop.start(first.api.handle(turn(thread, "k")));
  ASSERT_TRUE(first.loop.until([&] { return first.model.requests().size() == 1; }));

  Desk& second = open();
  second.model_says("finished at the start");
  auto left = second.loop.run(second.store->running_turns(10)).value();
  ASSERT_EQ(left.size(), 1U);
  ASSERT_TRUE(second.loop.run(second.conversations.recover(left[0])).ok());
  const auto answer = second.send(turn(thread, "k"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(body_of(answer)["reply"]["text"], "finished at the start");
  EXPECT_EQ(second.model.requests().size(), 1U);
}

class TurnThatFailed : public IdempotencyTest {
 protected:
  static void order_two_cups(Desk& desk) {
    desk.model.push(asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":2}]})"));
  }
  static void throw_next(Desk& desk) {
    desk.model.push([](const ModelRequest&) -> Result<ModelAnswer> { throw std::runtime_error("a bug"); });
  }
  void expect_nothing_again(Desk& desk, const std::string& thread) {
    for (int times = 0; times < 2; ++times) {
      const auto again = desk.send(turn(thread, "k", R"({"text":"two cups"})"));
      EXPECT_EQ(again.status, 500) << again.body;
      EXPECT_EQ(code_of(again), "internal");
    }
    EXPECT_EQ(desk.send(turn(thread, "k", R"({"text":"three cups"})")).status, 422);
    EXPECT_EQ(desk.count_turns(thread), 1U);
    EXPECT_EQ(desk.channel.count("create_order"), 1U);
  }
};

TEST_F(TurnThatFailed, keeps_its_key_where_money_may_have_moved) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  order_two_cups(desk);
  throw_next(desk);
  EXPECT_EQ(desk.send(turn(thread, "k", R"({"text":"two cups"})")).status, 500);
  expect_nothing_again(desk, thread);
}

// The one that goes on with a turn does not know of the key.
TEST_F(TurnThatFailed, keeps_its_key_when_another_start_went_on_with_it) {
  Desk& first = open();
  const std::string thread = first.thread();
  order_two_cups(first);
  first.model.push_silence();
  auto asked = first.loop.start(first.api.handle(turn(thread, "k", R"({"text":"two cups"})")));
  ASSERT_TRUE(first.loop.until([&] { return first.model.requests().size() == 2; }));
  EXPECT_EQ(first.channel.count("create_order"), 1U);

  Desk& second = open();
  throw_next(second);
  for (int times = 0; times < 2; ++times)
    EXPECT_EQ(second.send(turn(thread, "k", R"({"text":"two cups"})")).status, 500);
  EXPECT_EQ(second.count_turns(thread), 1U);
  EXPECT_EQ(second.channel.count("create_order"), 0U);
}

TEST_F(TurnThatFailed, frees_its_key_where_no_money_can_have_moved) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  desk.model.push(asks("search_catalogue", R"({"query":"cup"})"));
  throw_next(desk);
  EXPECT_EQ(desk.send(turn(thread, "k")).status, 500);
  desk.model_says("hello");
  EXPECT_EQ(desk.send(turn(thread, "k")).status, 200);
}

TEST_F(IdempotencyTest, a_refused_request_leaves_its_key_free) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  EXPECT_EQ(desk.send(turn(thread, "k", R"({"text":7})")).status, 400);
  EXPECT_EQ(desk.send(turn(thread, "k", R"({"text":"\u200b"})")).status, 400);
  desk.model_says("hello");
  EXPECT_EQ(desk.send(turn(thread, "k", R"({"text":"better"})")).status, 200);

  const PaymentIntent intent = desk.buy(thread, "buy");
  const std::string renew = "/v1/intents/" + intent.id.str() + "/renew";
  EXPECT_EQ(desk.post(renew, "", "r").status, 409);  // not ended yet
  EXPECT_EQ(desk.post("/v1/intents/" + intent.id.str() + "/cancel", "", "c").status, 200);
  const auto renewed = desk.post(renew, "", "r");
  EXPECT_EQ(renewed.status, 200) << renewed.body;
  EXPECT_EQ(replayed(renewed), "");
}

TEST_F(IdempotencyTest, an_action_is_done_again_when_its_end_was_not_stored) {
  Desk& desk = open("before:request.finished:1:fail");
  const PaymentIntent intent = desk.buy(desk.thread());
  const std::string cancel = "/v1/intents/" + intent.id.str() + "/cancel";
  const auto failed = desk.post(cancel, "", "c");
  EXPECT_EQ(failed.status, 503);
  const auto again = desk.post(cancel, "", "c");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(body_of(again)["state"], "canceled");
  EXPECT_EQ(replayed(again), "");
  EXPECT_EQ(replayed(desk.post(cancel, "", "c")), "true");
}

TEST_F(IdempotencyTest, a_thread_is_made_once_also_when_the_answer_was_lost) {
  Desk& desk = open("before:request.finished:1:fail");
  const std::string who = R"({"user":{"id":"carol"}})";
  EXPECT_EQ(desk.post("/v1/threads", who, "t").status, 503);
  const auto again = desk.post("/v1/threads", who, "t");
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(body_of(desk.post("/v1/threads", who, "t"))["id"], body_of(again)["id"]);
  EXPECT_NE(body_of(desk.post("/v1/threads", who, "u"))["id"], body_of(again)["id"]);
  EXPECT_EQ(RawSqlite(folder_.file("purser.db")).column("SELECT count(*) FROM threads"), std::vector<std::string>{"2"});
}

TEST_F(IdempotencyTest, a_claim_that_was_not_stored_means_nothing_was_done) {
  Desk& desk = open("before:request.claimed:1:fail");
  const PaymentIntent intent = desk.buy(desk.thread());
  EXPECT_EQ(desk.post("/v1/intents/" + intent.id.str() + "/cancel", "", "c").status, 503);
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::awaiting_payment);
}

TEST_F(IdempotencyTest, an_empty_body_and_an_empty_object_are_the_same) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  const std::string cancel = "/v1/intents/" + intent.id.str() + "/cancel";
  ASSERT_EQ(desk.post(cancel, "", "c").status, 200);
  EXPECT_EQ(replayed(desk.post(cancel, "{}", "c")), "true");
  EXPECT_EQ(desk.post(cancel, R"({"why":"x"})", "c").status, 400);
}

TEST_F(IdempotencyTest, the_work_goes_on_when_its_client_leaves) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  bool let_go = false;
  desk.channel.gate = [&](RailCall) {
    return [](Desk& d, bool& open) -> Task<void> {
      while (!open) {
        const auto next = d.loop.clock.now() + std::chrono::seconds(1);
        (void)co_await d.loop.clock.sleep_until(next);
      }
    }(desk, let_go);
  };
  desk.model.push(asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":2}]})"));
  desk.model_says("Here you are.");
  auto asked = desk.loop.start(desk.api.handle(turn(thread, "k")));
  ASSERT_TRUE(desk.loop.until([&] { return desk.channel.count("create_order") == 1; }));
  asked.cancel();
  ASSERT_TRUE(desk.loop.until([&] { return asked.done(); }));
  EXPECT_EQ(desk.send(turn(thread, "k")).status, 409);  // still on its way
  let_go = true;
  desk.loop.advance(std::chrono::seconds(2));
  const auto answer = desk.send(turn(thread, "k"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(replayed(answer), "true");
  EXPECT_EQ(desk.channel.count("create_order"), 1U);
}

TEST_F(IdempotencyTest, a_daemon_that_stops_starts_nothing) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  desk.loop.run(desk.group.stop(Clock::duration(0)));
  const auto answer = desk.send(turn(thread, "k"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(code_of(answer), "shutting_down");
  EXPECT_EQ(desk.count_turns(thread), 0U);
}

}  // namespace
}  // namespace purser::test
