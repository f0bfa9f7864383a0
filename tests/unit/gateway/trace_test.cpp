#include "gateway/telemetry/trace.hpp"

#include "gateway/async/virtual_clock.hpp"
#include "gateway/telemetry/otlp.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser::trace {
namespace {

using namespace std::chrono_literals;

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";

TEST(Traceparent, is_read_as_it_is_written) {
  const Context read = parse_parent("00-" + kTrace + "-" + kSpan + "-01");
  EXPECT_EQ(read.trace, kTrace);
  EXPECT_EQ(read.span, kSpan);
  EXPECT_TRUE(read.sampled);
  EXPECT_EQ(header_of(read), "00-" + kTrace + "-" + kSpan + "-01");
  EXPECT_FALSE(parse_parent("00-" + kTrace + "-" + kSpan + "-02").sampled);
  EXPECT_EQ(parse_parent(" cc-" + kTrace + "-" + kSpan + "-01-more").trace, kTrace) << "a later version says more";
  EXPECT_EQ(header_of(Context()), "");
}

TEST(Traceparent, is_nothing_when_it_is_not_one) {
  for (const std::string& bad :
       {std::string(), std::string("x"), "ff-" + kTrace + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + kSpan + "-01-more", "00-" + kTrace + "-" + kSpan + "-0",
        "00-" + std::string(32, '0') + "-" + kSpan + "-01", "00-" + kTrace + "-" + std::string(16, '0') + "-01",
        "00-" + kTrace.substr(1) + "g-" + kSpan + "-01", "00_" + kTrace + "-" + kSpan + "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kSpan + "-01", "0x-" + kTrace + "-" + kSpan + "-01"})
    EXPECT_EQ(parse_parent(bad).trace, "") << bad;
  const std::string good = "00-" + kTrace + "-" + kSpan + "-01";
  EXPECT_EQ(parent_in({{"TraceParent", good}}).trace, kTrace);
  EXPECT_EQ(parent_in({{"traceparent", good}, {"traceparent", good}}).trace, "") << "whose part it is must be clear";
}

TEST(Spans, are_nothing_without_a_tracer) {
  Span span = begin("x", Kind::server, parse_parent("00-" + kTrace + "-" + kSpan + "-01"));
  span.set("a", "b");
  span.fail("code");
  EXPECT_EQ(span.context().trace, "");
  carry(span.context(), "thr_1");
  EXPECT_EQ(of_thread("thr_1").trace, "");
}

struct Traced {
  explicit Traced(Tracer::Options options = {}) : tracer(clock, options) {}
  VirtualClock clock;
  Tracer tracer;
};

TEST(Spans, know_when_whose_and_what) {
  Traced t;
  {
    Span outer = begin("outer", Kind::server, Context());
    Span inner = begin("inner", Kind::client, outer.context());
    inner.set("n", 7);
    inner.set("s", "word");
    inner.fail("timed_out");
  }
  const auto spans = t.tracer.take(10);
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].name, "inner");
  EXPECT_EQ(spans[0].parent, spans[1].context.span);
  EXPECT_EQ(spans[0].context.trace, spans[1].context.trace);
  EXPECT_EQ(spans[1].parent, "");
  EXPECT_EQ(spans[0].error, "timed_out");
  const auto told = nlohmann::json::parse(otlp_json(spans, "shop", "1.2"));
  const auto& span = told["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
  EXPECT_EQ(span["kind"], 3);
  EXPECT_EQ(span["status"]["code"], 2);
  EXPECT_EQ(span["attributes"][0]["value"]["intValue"], "7");
  EXPECT_EQ(span["attributes"][1]["value"]["stringValue"], "word");
  EXPECT_EQ(span["startTimeUnixNano"], std::to_string(to_millis(t.clock.wall()) * 1'000'000));
}

TEST(Spans, carry_a_conversation_until_they_end) {
  Traced t;
  Span request = begin("request", Kind::server, Context());
  carry(request.context(), "thr_1");
  EXPECT_EQ(of_thread("thr_1").span, request.context().span);
  Span turn = begin("turn", Kind::internal, of_thread("thr_1"));
  carry(turn.context(), "thr_1");
  EXPECT_EQ(of_thread("thr_1").span, turn.context().span);
  request.end();  // the client has left
  EXPECT_EQ(of_thread("thr_1").span, turn.context().span);
  turn.end();
  EXPECT_EQ(of_thread("thr_1").trace, "");
  carry(turn.context(), "thr_1");
  EXPECT_EQ(of_thread("thr_1").trace, "") << "one that has ended carries nothing";
}

TEST(Spans, are_kept_by_their_callers_decision_or_our_own) {
  Tracer::Options none;
  none.sampled_per_mille = 0;
  Traced t(none);
  begin("own", Kind::server, Context()).end();
  begin("unkept", Kind::server, parse_parent("00-" + kTrace + "-" + kSpan + "-00")).end();
  EXPECT_TRUE(t.tracer.take(10).empty());
  Span kept = begin("kept", Kind::server, parse_parent("00-" + kTrace + "-" + kSpan + "-01"));
  EXPECT_EQ(kept.context().trace, kTrace);
  kept.end();
  EXPECT_EQ(t.tracer.take(10).size(), 1U);
  Span passed = begin("own", Kind::server, Context());
  EXPECT_TRUE(header_of(passed.context()).ends_with("-00")) << "others follow the decision";
}

TEST(Spans, are_dropped_and_counted_where_there_is_no_room) {
  Tracer::Options few;
  few.spans_max = 2;
  Traced t(few);
  for (int i = 0; i < 5; ++i) begin("x", Kind::internal, Context()).end();
  EXPECT_EQ(t.tracer.dropped(), 3U);
  EXPECT_EQ(t.tracer.take(1).size(), 1U);
  begin("x", Kind::internal, Context()).end();
  EXPECT_EQ(t.tracer.dropped(), 3U);
  EXPECT_EQ(t.tracer.take(9).size(), 2U);
}

TEST(Spans, may_end_after_their_tracer) {
  VirtualClock clock;
  auto tracer = std::make_unique<Tracer>(clock, Tracer::Options());
  Span span = begin("x", Kind::internal, Context());
  tracer.reset();
  span.end();
  EXPECT_EQ(begin("y", Kind::internal, Context()).context().trace, "");
}

}  // namespace
}  // namespace purser::trace
