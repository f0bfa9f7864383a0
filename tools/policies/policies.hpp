// What stands for each tenant: its own settings where it has them, else everybody's.
#pragma once

#include "config/settings.hpp"
#include "validation/pipeline.hpp"

#include <set>
#include <string>
#include <utility>

namespace purser {

class Policies {
 public:
  Policies(IntentSettings intent, RefundSettings refund, TenantPolicies tenants)
      : all_{std::move(intent), std::move(refund)}, tenants_(std::move(tenants)) {}

  const IntentSettings& intent(const TenantId& tenant) const { return of(tenant).intent; }
  const RefundSettings& refund(const TenantId& tenant) const { return of(tenant).refund; }
  const TenantPolicy& for_all() const { return all_; }
  // The widest of a limit over all tenants: what a schema that is the same for all may state.
  template <class Section, class T>
  T widest(Section TenantPolicy::*section, T Section::*member) const {
    T widest = all_.*section.*member;
    for (const auto& [name, own] : tenants_) widest = own.*section.*member > widest ? own.*section.*member : widest;
    return widest;
  }

 private:
  const TenantPolicy& of(const TenantId& tenant) const {
    const auto own = tenants_.find(tenant.str());
    return own == tenants_.end() ? all_ : own->second;
  }

  TenantPolicy all_;
  TenantPolicies tenants_;
};

// The names in a list separated by commas.
std::set<std::string, std::less<>> rules_named(const std::string& list);

// What an order is checked by, at `now`.
OrderPolicy order_policy(const IntentSettings& settings, UtcTime now);

}  // namespace purser
