// Discounts that a reply promises. The server knows one kind: a lower price for more pieces, which the catalogue names.
#pragma once

#include "validation/rules/clauses.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace purser::rules {

// Whether a clause promises a discount, something for nothing, or a part of the price. `percents` are those that the
// catalogue gives; `told` are the texts that the shop has shown in this conversation: a phrase that stands in one of
// them is the shop's own. What is refused or asked ("no discount", "打几折？") promises nothing; a condition does.
bool promises_discount(const std::vector<Clause>& clauses, const std::vector<std::int64_t>& percents,
                       const std::vector<std::string>& told);

}  // namespace purser::rules
