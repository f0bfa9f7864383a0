// The cards a client shows. They are made here, from rows, and go to the user beside the model, never through it.
#pragma once

#include "gateway/pay/payment_channel.hpp"
#include "validation/domain/approval.hpp"
#include "validation/domain/catalogue.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::cards {

nlohmann::json amount(Money money);
nlohmann::json lines(const PaymentIntent& intent);
// {"type":"mini_program","package",...} or {"type":"qr","code_url"}.
nlohmann::json confirmation(const Confirmation& with);

// All that a client needs to show the order and to pay it.
nlohmann::json payment_request(const PaymentIntent& intent, const Confirmation& with, bool sandbox);
nlohmann::json payment_receipt(const PaymentIntent& intent, bool sandbox);
// An order that ended unpaid, with the one step that renews it.
nlohmann::json payment_expired(const PaymentIntent& intent, bool sandbox);
nlohmann::json refund_receipt(const Refund& refund, bool sandbox);
// A refund that waits for a person of the shop.
nlohmann::json approval_request(const Approval& approval, bool sandbox);
nlohmann::json catalogue(const std::vector<const CatalogueItem*>& items, const std::string& locale, bool sandbox);

}  // namespace purser::cards
