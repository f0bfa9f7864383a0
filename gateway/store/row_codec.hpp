// The parts of a row that every store keeps as one JSON document in a column: lists, and details nobody searches by.
// Pure text in, text out, so that all adapters write the same documents. Writing fails with malformed_text when a text
// is not UTF-8 (nothing is replaced silently); reading is strict (each key once, of its type, no other key) and fails
// with store_corrupt, for these documents are only ever our own.
#pragma once

#include "validation/domain/intent.hpp"
#include "validation/domain/thread.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::row {

// [{"sku","name","quantity","unit_price","currency"}], unit_price in minor units.
Result<std::string> lines_to_json(const std::vector<IntentLine>& lines);
Result<std::vector<IntentLine>> lines_from_json(std::string_view text);

// {"kind","payer_openid","prepay_id","code_url","transaction_id","may_be_open"}. The number and the request bytes are
// not in it: one is searched by, the others must come back byte for byte, and both have columns of their own.
Result<std::string> order_to_json(const RailOrder& order);
Result<RailOrder> order_from_json(std::string_view text);

// [{"id","name","arguments"}]
Result<std::string> calls_to_json(const std::vector<ToolCall>& calls);
Result<std::vector<ToolCall>> calls_from_json(std::string_view text);

}  // namespace purser::row
