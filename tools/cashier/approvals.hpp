// What a person approves: pure functions between a checked list of refunds and the terms that are shown, hashed, sealed
// and, once approved, carried out from exactly these bytes.
#pragma once

#include "gateway/crypto/mint.hpp"
#include "gateway/store/store.hpp"
#include "validation/pipeline.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::cashier {

// Approved refunds carry this before the origin of the call that asked for them: they are not automatic ones.
inline constexpr std::string_view kApprovedOrigin = "approved:";

// {"entries":[{"amount","bought":[{"name","quantity","sku","unit_price"}],"currency","left","lines":[{"amount","name",
// "quantity","share"?,"sku","unit_price"}],"order","paid","payment_intent","reason"}],"kind":"refund","origin","tenant",
// "thread","total","user","version":2}: keys sorted, no spaces (RFC 8785). `lines` are those that the refund names, and
// empty where it names a sum; `left` is what may still be given back, and no refund is made on these terms once that
// has changed. `payments` are those of the list, in its order. Errors: amount_overflow, currency_mismatch,
// malformed_text.
Result<Approval> approval_of(const Thread& thread, const std::vector<CheckedRefund>& list,
                             const std::vector<PaymentIntent>& payments, std::string origin);

// Binds id, hash of the terms, owner and expiry: a row whose seal does not match was not made by this merchant's
// purser.
void seal(Approval& row, const Mint& mint);
// In constant time; also hashes the terms again, so terms that were changed do not pass either.
bool sealed(const Approval& row, const Mint& mint);

// What the terms say. Error: store_corrupt.
Result<std::vector<CheckedRefund>> list_of(const Approval& row);

}  // namespace purser::cashier
