#include "gateway/store/ledger_chain.hpp"

#include "gateway/crypto/digest.hpp"

#include <nlohmann/json.hpp>

namespace purser::ledger {

std::string genesis() {
  return std::string(64, '0');
}

Result<std::string> hash_after(std::string_view previous, const LedgerEntry& entry) {
  // An array of JSON values, not joined texts: no two different lines have one form, whatever their texts hold.
  const nlohmann::json line = {1,
                               entry.seq,
                               entry.tenant.str(),
                               entry.intent.str(),
                               entry.kind,
                               entry.reference,
                               entry.debit_account,
                               entry.credit_account,
                               entry.amount.minor(),
                               entry.amount.currency().code(),
                               to_millis(entry.at)};
  try {
    return crypto::sha256_hex(std::string(previous) + line.dump());
  } catch (const nlohmann::json::type_error&) {
    return Error(Errc::malformed_text, "a ledger line holds text that is not UTF-8", "ledger");
  }
}

}  // namespace purser::ledger
