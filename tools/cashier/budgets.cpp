#include "tools/cashier/budgets.hpp"

namespace purser::cashier {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kEastOfGreenwich = 8 * kHour;

// Tenant and user ids hold no space, so no two of them make one scope.
std::string of_user(std::string_view what, const TenantId& tenant, const UserId& user) {
  return std::string(what) + " " + tenant.str() + " " + user.str();
}
std::string of_tenant(std::string_view what, const TenantId& tenant) {
  return std::string(what) + " " + tenant.str();
}

op::SpendBudget spend(std::string scope, UtcTime window, std::int64_t by, std::int64_t max) {
  op::SpendBudget out;
  out.scope = std::move(scope);
  out.window = window;
  out.by = by;
  out.max = max;
  return out;
}

}  // namespace

UtcTime hour_of(UtcTime at) {
  return from_millis(to_millis(at) / kHour * kHour);
}
UtcTime day_of(UtcTime at) {
  return from_millis((to_millis(at) + kEastOfGreenwich) / kDay * kDay - kEastOfGreenwich);
}

std::string refund_scope(const ThreadId& thread) {
  return "refund-thread " + thread.str();
}
std::string refund_scope(const TenantId& tenant, const UserId& user) {
  return of_user("refund-user", tenant, user);
}
std::string refund_scope(const TenantId& tenant) {
  return of_tenant("refund-tenant", tenant);
}

std::vector<op::SpendBudget> opening(const PaymentIntent& intent, const IntentSettings& settings, UtcTime now) {
  return {spend(of_user("open-user", intent.tenant, intent.user), hour_of(now), 1, settings.user_hour_max),
          spend(of_tenant("open-tenant", intent.tenant), hour_of(now), 1, settings.tenant_hour_max)};
}

CountedOnce canceling(const PaymentIntent& intent, const IntentSettings& settings, UtcTime now) {
  return {spend("canceling " + intent.id.str(), intent.created_at, 1, 1),
          {spend(of_user("cancel-user", intent.tenant, intent.user), day_of(now), 1, settings.user_cancels_day_max),
           spend(of_tenant("cancel-tenant", intent.tenant), day_of(now), 1, settings.tenant_cancels_day_max)}};
}

CountedOnce opening_instead(const PaymentIntent& replaced, const PaymentIntent& intent,
                            const IntentSettings& settings) {
  return {spend("replacing " + replaced.id.str(), replaced.created_at, 1, 1),
          opening(intent, settings, intent.created_at)};
}

std::vector<op::SpendBudget> refunding(const Thread& thread, Money sum, const RefundSettings& settings, UtcTime now) {
  const UtcTime day = day_of(now);
  return {spend(refund_scope(thread.id), day, sum.minor(), settings.auto_limit_fen),
          spend(refund_scope(thread.tenant, thread.user), day, sum.minor(), settings.user_day_limit_fen),
          spend(refund_scope(thread.tenant), day, sum.minor(), settings.tenant_day_limit_fen)};
}

void add(Batch& batch, std::vector<op::SpendBudget> spends) {
  for (op::SpendBudget& one : spends) batch.add(std::move(one));
}

Error without_scope(Error error) {
  if (error.code != Errc::budget_spent) return error;
  return Error(Errc::budget_spent, std::string(meaning_of(Errc::budget_spent)));
}

}  // namespace purser::cashier
