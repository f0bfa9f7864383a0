// Counters and gauges by name and labels, written out in the text format of Prometheus. One thread, the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser {

// What is counted. Families are constants of the component that counts; name and help are literals.
struct MetricFamily {
  std::string_view name;  // [a-z_]+, "_total" at the end of a counter
  std::string_view help;
  enum class Kind : std::uint8_t { counter, gauge } kind = Kind::counter;
};

class Metrics {
 public:
  // Values come from a bounded set (a route, a status, an error's code), never from outside.
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  void add(const MetricFamily& family, const Labels& labels, std::uint64_t by = 1);
  void set(const MetricFamily& family, const Labels& labels, std::uint64_t value);
  // 0 for what was never counted.
  std::uint64_t value(const MetricFamily& family, const Labels& labels) const;
  // Families and their lines in a fixed order.
  std::string text() const;

 private:
  struct Lines {
    MetricFamily family;
    std::map<std::string, std::uint64_t> by_labels;  // {a="b"} as written
  };
  std::uint64_t& at(const MetricFamily& family, const Labels& labels);

  std::map<std::string_view, Lines> families_;
};

}  // namespace purser
