// What is counted of models, by the names of OpenTelemetry's GenAI conventions in the form Prometheus writes them.
#pragma once

#include "gateway/metrics.hpp"

namespace purser::llm::metric {

inline constexpr double kTokenBuckets[] = {1,     4,     16,     64,      256,     1024,     4096,
                                           16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};
inline constexpr double kDurationBuckets[] = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                              1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
inline constexpr double kFirstTokenBuckets[] = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75,
                                                1,     2.5,   5,    7.5,  10,   15,   20,   30,  45,   60};
inline constexpr double kOverheadBuckets[] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1};

inline constexpr auto kHistogram = MetricFamily::Kind::histogram;
inline constexpr MetricFamily kTokens{"gen_ai_client_token_usage", "Tokens used, by direction.", kHistogram,
                                      kTokenBuckets};
inline constexpr MetricFamily kDuration{"gen_ai_client_operation_duration_seconds", "Duration of one attempt.",
                                        kHistogram, kDurationBuckets};
inline constexpr MetricFamily kFirstToken{"gen_ai_client_operation_time_to_first_chunk_seconds",
                                          "Time to the first piece of a streamed answer.", kHistogram,
                                          kFirstTokenBuckets};
inline constexpr MetricFamily kOverhead{"purser_llm_overhead_seconds",
                                        "Time spent on a question beyond waiting for providers.", kHistogram,
                                        kOverheadBuckets};
inline constexpr MetricFamily kAttempts{"purser_llm_attempts_total", "Attempts, by how they ended."};
inline constexpr MetricFamily kFailovers{"purser_llm_failovers_total",
                                         "Answers by another model than the first asked."};
inline constexpr MetricFamily kHedges{"purser_llm_hedges_total",
                                      "Questions asked of a second model while the first was silent, by who answered."};
inline constexpr MetricFamily kBreaker{"purser_llm_breaker_state", "0 closed, 1 half open, 2 open.",
                                       MetricFamily::Kind::gauge};
inline constexpr MetricFamily kCost{"purser_llm_cost_microusd_total", "Cost by the price table, in micro-USD."};
inline constexpr MetricFamily kUnpriced{"purser_llm_unpriced_total",
                                        "Answers of models the price table does not know."};
inline constexpr MetricFamily kRefusedByBudget{"purser_llm_budget_refusals_total", "Questions no budget was left for."};
inline constexpr MetricFamily kNested{"purser_llm_nested_errors_total", "Errors inside a success, by class."};
inline constexpr MetricFamily kClassified{"purser_llm_classified_errors_total",
                                          "Errors no rule could place, by what a model said they are."};
inline constexpr MetricFamily kOutOfRegion{"purser_llm_region_refusals_total",
                                           "Questions that no model of their tier may be sent, by its data region."};
inline constexpr MetricFamily kRejections{"purser_llm_silent_rejections_percent",
                                          "Errors inside a success, of a tenant's last answers.",
                                          MetricFamily::Kind::gauge};
inline constexpr MetricFamily kCacheHits{"purser_llm_cache_hits_total", "Questions answered from the cache."};

}  // namespace purser::llm::metric
