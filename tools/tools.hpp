// The tools there are. Each is one file; the registry is the only caller.
#pragma once

#include "tools/policies/policies.hpp"
#include "tools/tool.hpp"

#include <memory>

namespace purser {

std::unique_ptr<Tool> make_search_catalogue(const Catalogue& catalogue);
std::unique_ptr<Tool> make_create_payment_intent(ToolRegistry::Ports ports, Policies policies);
std::unique_ptr<Tool> make_query_payment(ToolRegistry::Ports ports);
std::unique_ptr<Tool> make_cancel_payment(ToolRegistry::Ports ports);
std::unique_ptr<Tool> make_refund(ToolRegistry::Ports ports, Policies policies);

// The thread's own intent, or not_found: an id of another thread, user or tenant and one that never was are the same.
Task<Result<PaymentIntent>> own_intent(Store& store, const Thread& thread, IntentId id);

}  // namespace purser
