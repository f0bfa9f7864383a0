// The hash chain of the ledger: each line's hash covers the line and the hash before it, so a line that is changed, put
// in, taken out or moved breaks every hash after it. The same for every store, so books can move from one to another.
#pragma once

#include "gateway/store/records.hpp"

#include <string>
#include <string_view>

namespace purser::ledger {

// What stands before the first line: 64 zeros.
std::string genesis();

// SHA-256, lower-case hex, over `previous` and the line's canonical form: the JSON array
// [1,seq,tenant,intent,kind,reference,debit_account,credit_account,amount,currency,at in ms], 1 being the version of
// the form. Error: malformed_text when a text of it is not UTF-8.
Result<std::string> hash_after(std::string_view previous, const LedgerEntry& entry);

}  // namespace purser::ledger
