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
