// Counts what is committed: how long it took, how it ended, which events came of it and what was written into the
// ledger. An event is counted where it was committed, so the daemons of one store add up.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/forwarding_store.hpp"

namespace purser {

inline constexpr double kCommitBuckets[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

inline constexpr MetricFamily kCommits{"purser_store_commits_total", "Commits by how they ended."};
inline constexpr MetricFamily kCommitTime{"purser_store_commit_duration_seconds",
                                          "From asking for a commit to its end, waiting for its group included.",
                                          MetricFamily::Kind::histogram, kCommitBuckets};
inline constexpr MetricFamily kEvents{"purser_events_total", "Events by type: what became of intents and refunds."};
inline constexpr MetricFamily kLedger{"purser_ledger_minor_units_total",
                                      "Sums written into the ledger, by kind and currency."};

class MeteredStore final : public ForwardingStore {
 public:
  // `metrics` and `clock` outlive it.
  MeteredStore(std::unique_ptr<Store> behind, Metrics& metrics, Clock& clock)
      : ForwardingStore(std::move(behind)), metrics_(metrics), clock_(clock) {}

  Task<Result<Receipt>> commit(Batch batch) override;

  // Whether the last commit found the store unable to take it: full, locked or out of reach.
  bool refuses() const { return refuses_; }

 private:
  Metrics& metrics_;
  Clock& clock_;
  bool refuses_ = false;
};

}  // namespace purser
