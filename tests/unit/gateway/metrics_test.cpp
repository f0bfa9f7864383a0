#include "gateway/metrics.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

constexpr MetricFamily kSeen{"seen_total", "Things seen."};
constexpr MetricFamily kLeft{"left", "Things left.", MetricFamily::Kind::gauge};

TEST(Metrics, count_by_label_and_are_written_as_text) {
  Metrics metrics;
  metrics.add(kSeen, {{"kind", "b"}});
  metrics.add(kSeen, {{"kind", "a"}, {"status", "200"}}, 2);
  metrics.add(kSeen, {{"kind", "a"}, {"status", "200"}});
  metrics.set(kLeft, {}, 7);
  metrics.set(kLeft, {}, 5);
  EXPECT_EQ(metrics.value(kSeen, {{"kind", "b"}}), 1U);
  EXPECT_EQ(metrics.value(kSeen, {{"kind", "c"}}), 0U);
  EXPECT_EQ(metrics.text(),
            "# HELP left Things left.\n# TYPE left gauge\nleft 5\n"
            "# HELP seen_total Things seen.\n# TYPE seen_total counter\n"
            "seen_total{kind=\"a\",status=\"200\"} 3\nseen_total{kind=\"b\"} 1\n");
}

TEST(Metrics, histograms_cumulate_and_count_what_lies_beyond) {
  static constexpr double kBounds[] = {0.25, 0.5, 10};
  constexpr MetricFamily kTook{"took_seconds", "Time.", MetricFamily::Kind::histogram, kBounds};
  Metrics metrics;
  for (const double value : {0.125, 0.25, 0.375, 10.0, 11.0}) metrics.observe(kTook, {{"a", "x"}}, value);
  EXPECT_EQ(metrics.value(kTook, {{"a", "x"}}), 5U);
  EXPECT_EQ(metrics.text(),
            "# HELP took_seconds Time.\n# TYPE took_seconds histogram\n"
            "took_seconds_bucket{a=\"x\",le=\"0.25\"} 2\ntook_seconds_bucket{a=\"x\",le=\"0.5\"} 3\n"
            "took_seconds_bucket{a=\"x\",le=\"10\"} 4\ntook_seconds_bucket{a=\"x\",le=\"+Inf\"} 5\n"
            "took_seconds_sum{a=\"x\"} 21.75\ntook_seconds_count{a=\"x\"} 5\n");
}

TEST(Metrics, a_label_cannot_end_its_line) {
  Metrics metrics;
  metrics.add(kSeen, {{"kind", "a\"\\\nb"}});
  EXPECT_NE(metrics.text().find("kind=\"a\\\"\\\\\\nb\"} 1\n"), std::string::npos);
}

TEST(Metrics, nothing_counted_is_an_empty_page) {
  EXPECT_EQ(Metrics().text(), "");
}

}  // namespace
}  // namespace purser
