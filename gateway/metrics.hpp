// Counters, gauges and histograms by name and labels, written out in the text format of Prometheus. One thread, the
// loop's.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser {

// What is counted. Families are constants of the component that counts; name and help are literals.
struct MetricFamily {
  std::string_view name;  // [a-z_]+, "_total" at the end of a counter
  std::string_view help;
  enum class Kind : std::uint8_t { counter, gauge, histogram } kind = Kind::counter;
  std::span<const double> buckets{};  // of a histogram: upper bounds, rising; a constant of the component
};

class Metrics {
 public:
  // Values come from a bounded set (a route, a status, an error's code), never from outside.
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  void add(const MetricFamily& family, const Labels& labels, std::uint64_t by = 1);
  void set(const MetricFamily& family, const Labels& labels, std::uint64_t value);
  // One value of a histogram.
  void observe(const MetricFamily& family, const Labels& labels, double value);
  // 0 for what was never counted; of a histogram, how many values.
  std::uint64_t value(const MetricFamily& family, const Labels& labels) const;
  // Families and their lines in a fixed order.
  std::string text() const;

 private:
  struct Histogram {
    std::vector<std::uint64_t> counts;  // one a bucket, not cumulated
    std::uint64_t count = 0;
    double sum = 0;
  };
  struct Lines {
    MetricFamily family;
    std::map<std::string, std::uint64_t> by_labels;  // {a="b"} as written
    std::map<std::string, Histogram> histograms;
  };
  std::uint64_t& at(const MetricFamily& family, const Labels& labels);

  std::map<std::string_view, Lines> families_;
};

}  // namespace purser
