// Work that cannot be done is tried so often and no more, kept whole, and done when a person says so.
#include "agent/resume/parking.hpp"

#include "tests/support/store_rows.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

WorkItem resume_row() {
  WorkItem row = test::make_work(1, WorkKind::resume_thread, 0);
  row.subject = "intent.succeeded:pi_1";
  row.payload_json = R"({"type":"intent.succeeded","a":1})";
  return row;
}

TEST(Parking, a_row_carries_what_was_tried_and_a_handler_does_not_see_it) {
  const WorkItem made = resume_row();
  WorkItem row = made;
  EXPECT_EQ(parking::take_tried(row).times, 0);
  EXPECT_EQ(row, made);
  parking::put_tried(row, {7, "internal: no"});
  EXPECT_NE(row.payload_json, made.payload_json);
  const parking::Tried tried = parking::take_tried(row);
  EXPECT_EQ(tried.times, 7);
  EXPECT_EQ(tried.why, "internal: no");
  EXPECT_EQ(row, made) << "byte for byte";
}

TEST(Parking, a_payload_of_any_form_is_kept) {
  for (const char* payload : {"", "[]", "not json", "7", R"({"tried":"x"})", R"({"tried":{"times":-4}})"}) {
    WorkItem row = resume_row();
    row.payload_json = payload;
    WorkItem looked_at = row;
    EXPECT_EQ(parking::take_tried(looked_at).times, 0) << payload;
    parking::put_tried(looked_at, {3, "w"});
    const WorkItem aside = parking::parked(row, {20, "w"}, from_millis(1'000));
    const auto back = parking::unparked(aside, from_millis(2'000));
    ASSERT_TRUE(back.has_value()) << payload;
    EXPECT_EQ(back->payload_json, payload);
  }
}

TEST(Parking, a_parked_row_is_never_due_and_comes_back_as_it_was) {
  const WorkItem made = resume_row();
  const WorkItem aside = parking::parked(made, {20, "internal: it threw: bad"}, from_millis(1'767'607'200'000));
  EXPECT_EQ(aside.kind, WorkKind::parked);
  EXPECT_EQ(aside.subject, "resume_thread intent.succeeded:pi_1");
  EXPECT_EQ(aside.due_at, kNeverDue);
  EXPECT_EQ(aside.thread, made.thread);
  const parking::Parked about = parking::about(aside);
  EXPECT_EQ(about.kind, "resume_thread");
  EXPECT_EQ(about.subject, made.subject);
  EXPECT_EQ(about.tried.times, 20);
  EXPECT_EQ(about.tried.why, "internal: it threw: bad");
  EXPECT_EQ(about.parked_at, "2026-01-05T10:00:00Z");
  WorkItem expected = made;
  expected.due_at = from_millis(9);
  EXPECT_EQ(parking::unparked(aside, from_millis(9)), expected);
  EXPECT_FALSE(parking::unparked(made, from_millis(9)).has_value());
  WorkItem twice = parking::parked(aside, {1, ""}, from_millis(9));
  EXPECT_FALSE(parking::unparked(twice, from_millis(9)).has_value()) << "no row is put aside twice";
}

TEST(Parking, what_ends_by_itself_is_nobodys_fault) {
  for (const Errc code : {Errc::store_unavailable, Errc::rail_unknown, Errc::connection_lost, Errc::connect_failed,
                          Errc::model_unavailable, Errc::timed_out, Errc::canceled, Errc::thread_busy})
    EXPECT_FALSE(parking::is_its_own(code)) << code_of(code);
  for (const Errc code : {Errc::internal, Errc::store_conflict, Errc::store_corrupt, Errc::malformed_text,
                          Errc::not_found, Errc::json_malformed})
    EXPECT_TRUE(parking::is_its_own(code)) << code_of(code);
}

}  // namespace
}  // namespace purser
