// What is said when no model may speak: fixed sentences, and lines about money rendered from the store's rows.
#pragma once

#include "agent/turn/machine.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser {

// For an ending that is not the model's own words.
std::string fixed_answer(Ending ending, std::string_view locale);

// One sentence for each row, as the ledger has it; for replies whose claims it does not hold.
std::string money_lines(const std::vector<PaymentIntent>& intents, const std::vector<Refund>& refunds,
                        std::string_view locale);

// What an event is told with when no model words it. `event_json` is the text of an event message.
std::string event_answer(std::string_view event_json, std::string_view locale);

// What a user reads at once while an order or a refund is being made. It claims nothing: nothing has happened yet.
std::string acknowledgement(const std::string& locale);

}  // namespace purser
