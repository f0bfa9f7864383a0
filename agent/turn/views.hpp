// The JSON shapes that clients see.
#pragma once

#include "gateway/pay/payment_channel.hpp"
#include "validation/domain/approval.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::views {

nlohmann::json money(Money amount);
nlohmann::json thread(const Thread& row);
nlohmann::json message(const Message& row);
nlohmann::json intent(const PaymentIntent& row);
nlohmann::json refund(const Refund& row);
// One page of a list.
nlohmann::json page(nlohmann::json data, bool has_more);
nlohmann::json approval(const Approval& row);
nlohmann::json error(const Error& e);  // {"error":{"type","code","message","param"}}
int status_of(Errc code);              // the HTTP status an error is answered with

}  // namespace purser::views
