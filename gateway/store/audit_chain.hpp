// The record that cannot be changed unseen. For every operation that touches a conversation or money the store appends
// a link to the chain of its thread, in the same transaction, so nothing can be written without being recorded. Each
// link's hash covers the link and the hash before it; its detail holds the digest of the whole row, so a byte that is
// changed in the row is found as surely as one that is changed in the chain. The same for every store.
#pragma once

#include "gateway/store/store.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace purser::audit {

// The link for an operation, without seq and hash; nothing for operations that are not recorded. An update is recorded
// as the row it makes (version + 1). Error: malformed_text when a list of the row holds text that is not UTF-8.
Result<std::optional<AuditRow>> record_of(const Operation& operation);

// The same for a row as it stands in the store: what the last link about it must say.
Result<AuditRow> record_of(const Message& row);
Result<AuditRow> record_of(const PaymentIntent& row);
Result<AuditRow> record_of(const Refund& row);
Result<AuditRow> record_of(const Approval& row);
Result<AuditRow> record_of(const NotificationRow& row);

// SHA-256, lower-case hex, over `previous` and the link's canonical form: the JSON array
// [1,thread,seq,kind,subject,detail,at in ms], 1 being the version of the form. Before the first link stands
// ledger::genesis(). Error: malformed_text.
Result<std::string> hash_after(std::string_view previous, const AuditRow& row);

// That form around its seq, for a store whose database numbers and hashes in one statement.
struct OpenForm {
  std::string before;
  std::string after;
};
Result<OpenForm> form_of(const AuditRow& row);

// One line of an export: a JSON object with every member of the row. Whoever has all lines of a thread can walk the
// chain without purser.
std::string line_of(const AuditRow& row);

}  // namespace purser::audit
