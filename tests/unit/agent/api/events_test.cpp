#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

class EventsTest : public testing::Test {
 protected:
  http::Response events(const std::string& thread, const std::string& query = {}, const std::string& last_id = {}) {
    auto asked = request("GET", "/v1/threads/" + thread + "/events" + query);
    if (!last_id.empty()) set_header(asked, "Last-Event-ID", last_id);
    return desk.send(std::move(asked));
  }
  http::Response streamed_turn(const std::string& thread, const std::string& key,
                               const std::string& body = R"({"text":"two cups"})") {
    auto asked = request("POST", "/v1/threads/" + thread + "/turns", body, key);
    set_header(asked, "Accept", "text/event-stream");
    return desk.send(std::move(asked));
  }
  // Appends `count` events to `thread`.
  void append(const std::string& thread, int count) {
    Batch batch("test");
    for (int i = 0; i < count; ++i) {
      StreamEvent row;
      row.thread = ThreadId::trusted(thread);
      row.type = "test";
      row.data_json = R"({"n":)" + std::to_string(i) + "}";
      batch.add(op::AppendEvent{std::move(row)});
    }
    ASSERT_TRUE(desk.loop.run(desk.store->commit(std::move(batch))).ok());
  }

  TempFolder folder;
  Desk desk{folder.path()};
};

TEST_F(EventsTest, a_stream_says_what_it_is) {
  const auto answer = events(desk.thread());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header_of(answer, "Content-Type"), "text/event-stream");
  EXPECT_EQ(header_of(answer, "Cache-Control"), "no-store");
  EXPECT_TRUE(answer.stream);
}

TEST_F(EventsTest, it_begins_with_what_was_and_goes_on_with_what_happens) {
  const std::string thread = desk.thread();
  append(thread, 2);
  auto answer = events(thread);
  Reader reader;
  auto stream = desk.loop.start(answer.stream(reader.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return reader.ids().size() == 2; }));
  append(thread, 1);
  ASSERT_TRUE(desk.loop.until([&] { return reader.ids().size() == 3; }));
  EXPECT_EQ(reader.types(), (std::vector<std::string>{"test", "test", "test"}));
  EXPECT_EQ(reader.data()[1], R"({"n":1})");
  EXPECT_TRUE(reader.text().starts_with("retry: "));
  stream.cancel();
  ASSERT_TRUE(desk.loop.until([&] { return stream.done(); }));
}

TEST_F(EventsTest, a_client_that_comes_back_misses_nothing_and_sees_nothing_twice) {
  const std::string thread = desk.thread();
  const std::string other = desk.thread("bob");
  std::vector<std::string> seen;
  std::string last = "0";
  for (int visit = 0; visit < 4; ++visit) {
    append(thread, 7);
    append(other, 3);
    auto answer = events(thread, "", last);
    Reader reader;
    auto stream = desk.loop.start(answer.stream(reader.sink()));
    ASSERT_TRUE(desk.loop.until([&] { return reader.ids().size() == 7; }));
    stream.cancel();
    for (const std::string& id : reader.ids()) seen.push_back(id);
    last = seen.back();
  }
  ASSERT_EQ(seen.size(), 28U);
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_LT(std::stoll(seen[i - 1]), std::stoll(seen[i]));
}

TEST_F(EventsTest, more_than_a_page_is_read_in_pages) {
  const std::string thread = desk.thread();
  const auto many = static_cast<std::size_t>(2 * EventStreams::kPage + 1);
  append(thread, static_cast<int>(many));
  auto answer = events(thread);
  Reader reader;
  auto stream = desk.loop.start(answer.stream(reader.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return reader.ids().size() >= many; }));
  EXPECT_EQ(reader.ids().size(), many);
  stream.cancel();
}

TEST_F(EventsTest, the_header_goes_before_the_query) {
  const std::string thread = desk.thread();
  append(thread, 5);
  Reader all;
  auto first = events(thread);
  auto stream = desk.loop.start(first.stream(all.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return all.ids().size() == 5; }));
  stream.cancel();
  Reader reader;
  auto second = events(thread, "?after=" + all.ids()[0], all.ids()[3]);
  auto again = desk.loop.start(second.stream(reader.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return !reader.ids().empty(); }));
  EXPECT_EQ(reader.ids(), std::vector<std::string>{all.ids()[4]});
  again.cancel();
}

TEST_F(EventsTest, a_bad_place_to_begin_is_refused) {
  const std::string thread = desk.thread();
  for (const char* bad : {"x", "-1", "1.5", "9223372036854775808", " 1", "1,2"}) {
    EXPECT_EQ(events(thread, "", bad).status, 400) << bad;
    EXPECT_EQ(events(thread, "?after=" + std::string(bad)).status, 400) << bad;
  }
  EXPECT_EQ(events(thread, "?since=1").status, 400);
}

TEST_F(EventsTest, silence_is_broken_by_a_heartbeat) {
  auto answer = events(desk.thread());
  Reader reader;
  auto stream = desk.loop.start(answer.stream(reader.sink()));
  desk.loop.advance(std::chrono::seconds(14));
  EXPECT_EQ(reader.text().find(": heartbeat\n\n"), std::string::npos);
  desk.loop.advance(std::chrono::seconds(31));
  const std::string& text = reader.text();
  const std::string beat = ": heartbeat\n\n";
  int beats = 0;
  for (auto at = text.find(beat); at != std::string::npos; at = text.find(beat, at + 1)) ++beats;
  EXPECT_EQ(beats, 3);
  stream.cancel();
}

TEST_F(EventsTest, the_stream_ends_when_the_client_has_gone) {
  const std::string thread = desk.thread();
  auto answer = events(thread);
  Reader reader;
  reader.leave_after(1);
  auto stream = desk.loop.start(answer.stream(reader.sink()));
  desk.loop.settle();
  EXPECT_FALSE(stream.done());
  append(thread, 1);
  EXPECT_TRUE(desk.loop.until([&] { return stream.done(); }));
}

TEST_F(EventsTest, a_turn_is_told_while_it_happens_and_ends_with_its_answer) {
  const std::string thread = desk.thread();
  append(thread, 3);  // before this turn: not told again
  desk.model.push(asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":2}]})"));
  desk.model_says("Here you are.");
  auto answer = streamed_turn(thread, "k");
  ASSERT_EQ(answer.status, 200);
  ASSERT_TRUE(answer.stream);
  Reader reader;
  desk.loop.run(answer.stream(reader.sink()));
  const auto types = reader.types();
  EXPECT_EQ(types.front(), "intent.created");
  EXPECT_EQ(types.back(), "turn.completed");
  EXPECT_EQ(std::count(types.begin(), types.end(), "card"), 1);
  EXPECT_EQ(std::count(types.begin(), types.end(), "message.completed"), 1);
  EXPECT_EQ(reader.ids().size(), types.size() - 1);  // the answer itself is no event of the thread
  const json result = json::parse(reader.data().back());
  EXPECT_EQ(result["reply"]["cards"][0]["type"], "payment_request");

  // The same key: the same answer, at once.
  auto again = streamed_turn(thread, "k");
  EXPECT_EQ(header_of(again, "Idempotent-Replayed"), "true");
  Reader second;
  desk.loop.run(again.stream(second.sink()));
  EXPECT_EQ(second.types(), std::vector<std::string>{"turn.completed"});
  EXPECT_EQ(json::parse(second.data().back()), result);
  // And without a stream, too.
  EXPECT_EQ(body_of(desk.post("/v1/threads/" + thread + "/turns", R"({"text":"two cups"})", "k")), result);
}

TEST_F(EventsTest, a_refused_turn_is_refused_before_the_stream) {
  const std::string thread = desk.thread();
  EXPECT_EQ(streamed_turn(thread, "k", R"({"text":""})").status, 400);
  EXPECT_EQ(streamed_turn(thread, "k", R"({"words":"x"})").status, 400);
  EXPECT_EQ(streamed_turn("thr_0000000000000000000000", "k").status, 404);
}

TEST_F(EventsTest, a_turn_that_cannot_begin_ends_its_stream_with_the_error) {
  auto answer = streamed_turn(desk.thread(), "k", R"({"text":"\u200b"})");  // nothing is left of it once cleaned
  Reader reader;
  desk.loop.run(answer.stream(reader.sink()));
  ASSERT_EQ(reader.types(), std::vector<std::string>{"error"});
  EXPECT_EQ(json::parse(reader.data()[0])["error"]["code"], "malformed_text");
}

TEST_F(EventsTest, a_turn_goes_on_when_its_reader_leaves) {
  const std::string thread = desk.thread();
  desk.model_says("hello");
  auto answer = streamed_turn(thread, "k");
  Reader reader;
  reader.leave_after(0);
  desk.loop.run(answer.stream(reader.sink()));
  EXPECT_EQ(reader.text(), "");
  ASSERT_TRUE(desk.loop.until([&] { return desk.group.size() == 0; }));
  const auto later = desk.post("/v1/threads/" + thread + "/turns", R"({"text":"two cups"})", "k");
  EXPECT_EQ(later.status, 200);
  EXPECT_EQ(header_of(later, "Idempotent-Replayed"), "true");
}

}  // namespace
}  // namespace purser::test
