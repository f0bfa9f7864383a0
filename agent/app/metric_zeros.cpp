#include "agent/app/metric_zeros.hpp"

#include "agent/api/actions.hpp"
#include "agent/outbound/deliverer.hpp"
#include "agent/resume/dispatcher.hpp"
#include "agent/resume/webhook_inbox.hpp"
#include "agent/retention/eraser.hpp"
#include "gateway/llm/model_metrics.hpp"
#include "gateway/pay/metered_channel.hpp"
#include "gateway/store/metered_store.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace purser {
namespace {

using Words = std::initializer_list<std::string_view>;

void zero_each(Metrics& metrics, const MetricFamily& family, std::string_view label, Words values) {
  for (const std::string_view value : values) metrics.add(family, {{label, std::string(value)}}, 0);
}

}  // namespace

void show_zeros(Metrics& metrics) {
  zero_each(metrics, kTurns, "outcome", {"completed", code_of(Errc::thread_busy), code_of(Errc::internal)});
  zero_each(metrics, kWebhooks, "verdict",
            {"stored", "duplicate", "not_stored", code_of(Errc::signature_invalid), code_of(Errc::signature_probe),
             code_of(Errc::timestamp_skew), code_of(Errc::unknown_serial), code_of(Errc::decrypt_failed),
             code_of(Errc::notification_malformed), code_of(Errc::facts_differ)});
  zero_each(metrics, kDeliveries, "result", {"delivered", "refused", "failed", "dead"});
  zero_each(metrics, kCommits, "outcome",
            {"committed", code_of(Errc::store_conflict), code_of(Errc::store_duplicate),
             code_of(Errc::store_unavailable), code_of(Errc::store_corrupt), code_of(Errc::internal)});
  zero_each(
      metrics, kEvents, "type",
      {"intent.created", "intent.succeeded", "intent.expired", "intent.canceled", "intent.failed", "intent.unknown",
       "refund.created", "refund.succeeded", "refund.failed", "approval.requested", "approval.approved",
       "approval.denied", "approval.expired", "approval.voided", "message.completed", "turn.failed"});
  for (const std::string_view operation :
       {"create_order", "query_order", "close_order", "refund", "query_refund", "mend_refund"})
    for (const Outcome outcome : {Outcome::succeeded, Outcome::declined, Outcome::pending, Outcome::unknown})
      metrics.add(kRailCalls, {{"operation", std::string(operation)}, {"outcome", std::string(to_string(outcome))}}, 0);
  for (int kind = 0; kind < static_cast<int>(WorkKind::dead_webhook); ++kind)
    metrics.add(kWorkParked, {{"kind", std::string(to_string(static_cast<WorkKind>(kind)))}}, 0);
  metrics.add(kErased, {}, 0);
  metrics.add(llm::metric::kRefusedByBudget, {}, 0);
}

}  // namespace purser
