// Who a reply tells the customer to pay. Money is taken with the card that the server shows and with nothing else: no
// account, wallet, transfer or person is named by it, so a reply that names one is not the shop's word.
#pragma once

#include "validation/rules/clauses.hpp"

#include <string>
#include <vector>

namespace purser::rules {

// The clause that tells the customer to pay elsewhere than with the card, or offers it; empty when there is none.
// Conditions and friendly requests count, for they are followed; what is refused ("we do not take transfers"), what is
// warned of, and where refunds go to do not.
std::string other_payee(const std::vector<Clause>& clauses);

}  // namespace purser::rules
