#include "gateway/store/postgres/apply.hpp"

#include "gateway/store/audit_chain.hpp"

#include <array>
#include <utility>
#include <variant>

namespace purser::postgres {
namespace {

// Constraints of the schema in the port's words.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kWords{{
    {"threads_id", "id"},
    {"turns_id", "id"},
    {"messages_id", "id"},
    {"intents_id", "id"},
    {"refunds_id", "id"},
    {"turns_running", "running_turn"},
    {"intents_active", "active_payment"},
    {"intents_out_trade_no", "out_trade_no"},
    {"intents_origin", "origin"},
    {"refunds_out_refund_no", "out_refund_no"},
    {"refunds_origin", "origin"},
    {"approvals_id", "id"},
    {"approvals_origin", "origin"},
    {"notifications_id", "notification"},
    {"ledger_reference", "ledger"},
}};
constexpr std::string_view kIdempotencyKey = "idempotency_key";

std::string word_for(const std::string& constraint) {
  if (constraint == kIdempotencyKey) return "idempotency";
  for (const auto& [name, word] : kWords) {
    if (constraint == name) return std::string(word);
  }
  return constraint;
}

Result<bool> exists(Connection& connection, std::string_view sql, const ThreadId& thread, const std::string& origin) {
  auto rows = connection.query(sql, Values::of(thread, origin));
  if (!rows) return rows.error();
  return rows->size() > 0;
}

// Whether the row that `operation` inserts is in the store already, by its origin. No other operation has one.
Result<bool> origin_exists(Connection& connection, const Operation& operation) {
  if (const auto* intent = std::get_if<op::InsertIntent>(&operation)) {
    return exists(connection, "SELECT 1 FROM intents WHERE thread_id = $1 AND origin = $2", intent->row.thread,
                  intent->row.origin);
  }
  if (const auto* refund = std::get_if<op::InsertRefund>(&operation)) {
    return exists(connection, "SELECT 1 FROM refunds WHERE thread_id = $1 AND origin = $2", refund->row.thread,
                  refund->row.origin);
  }
  if (const auto* approval = std::get_if<op::InsertApproval>(&operation)) {
    return exists(connection, "SELECT 1 FROM approvals WHERE thread_id = $1 AND origin = $2", approval->row.thread,
                  approval->row.origin);
  }
  return false;
}

}  // namespace

void Script::add(std::string_view sql, Values values, Check check) {
  statements_.push_back(Statement{sql, std::move(values)});
  checks_.push_back(std::move(check));
}

void Script::add_conditional(std::string_view sql, Values values, std::string row) {
  add(sql, std::move(values), [row = std::move(row)](const Rows& rows) -> Result<void> {
    if (rows.changed() == 1) return success();
    return Error(Errc::store_conflict, row + " is not there, or changed since it was read", row);
  });
}

void Script::add_update(std::string_view sql, Values values, std::string row) {
  add(sql, std::move(values), [row = std::move(row)](const Rows& rows) -> Result<void> {
    if (rows.size() != 1) {
      return Error(Errc::store_conflict, row + " is not there, or changed since it was read", row);
    }
    if (rows.row(0).integer(0) != 0) return success();
    return Error(Errc::internal, "what never changes of " + row + " would change", row);
  });
}

Result<void> Script::run() {
  const auto statements = std::exchange(statements_, {});
  const auto checks = std::exchange(checks_, {});
  if (statements.empty()) return success();
  has_sent_ = true;
  auto answers = connection_.exchange(statements);
  if (!answers) return answers.error();
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (!checks[i]) continue;
    if (auto holds = checks[i]((*answers)[i]); !holds) return holds;
  }
  return success();
}

Result<void> apply_recorded(Script& script, const Operation& operation) {
  auto added = std::visit([&](const auto& one) { return apply(script, one); }, operation);
  if (!added) return added;
  // What the operation changed goes into the chain of its thread, in the same transaction.
  auto link = audit::record_of(operation);
  if (!link) return link.error();
  if (!*link) return success();
  const op::AppendAudit recorded{**std::move(link)};
  return apply(script, recorded);
}

Error name_refusal(Connection& connection, const Batch& batch, Error error) {
  if (error.code != Errc::store_duplicate) return error;
  error.param = word_for(error.param);
  for (const Operation& operation : batch.operations) {
    auto there = origin_exists(connection, operation);
    if (!there) return there.error();
    if (*there) return Error(Errc::store_duplicate, "what the batch asks for exists already", "origin");
  }
  return error;
}

}  // namespace purser::postgres
