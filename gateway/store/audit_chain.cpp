#include "gateway/store/audit_chain.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/store/row_codec.hpp"

#include <nlohmann/json.hpp>

namespace purser::audit {
namespace {

using nlohmann::json;

// Every column with its length before it: no two rows have one form, whatever bytes their texts hold.
std::string exact(const json& columns) {
  std::string out;
  for (const json& column : columns) {
    const std::string text = column.is_string() ? column.get<std::string>() : column.dump();
    out += std::to_string(text.size()) + ':' + text;
  }
  return out;
}

// The digest covers every column, so that no change of a row stays unseen.
Result<AuditRow> link(std::string_view kind, ThreadId thread, std::string subject, json detail, const json& columns,
                      UtcTime at) {
  AuditRow row;
  row.kind = kind;
  row.thread = std::move(thread);
  row.subject = std::move(subject);
  row.at = at;
  detail["sha256"] = crypto::sha256_hex(exact(columns));
  row.detail_json = detail.dump(-1, ' ', false, json::error_handler_t::replace);
  return row;
}

template <class Row>
Result<std::optional<AuditRow>> some(const Row& row) {
  auto made = record_of(row);
  if (!made) return made.error();
  return std::optional<AuditRow>(*std::move(made));
}

template <class Row>
Result<std::optional<AuditRow>> updated(Row row) {
  row.version += 1;
  return some(row);
}

Result<std::optional<AuditRow>> posting(const LedgerEntry& row) {
  const json columns = {row.tenant.str(),  row.intent.str(),   row.kind,           row.reference,
                        row.debit_account, row.credit_account, row.amount.minor(), row.amount.currency().code(),
                        to_millis(row.at)};
  // The store knows the thread: it is the intent's.
  auto made = link("posting", ThreadId(), row.intent.str(),
                   {{"kind", row.kind}, {"reference", row.reference}, {"amount", row.amount.minor()}}, columns, row.at);
  if (!made) return made.error();
  return std::optional<AuditRow>(*std::move(made));
}

struct Recorder {
  using Answer = Result<std::optional<AuditRow>>;

  Answer operator()(const op::AppendMessage& operation) const { return some(operation.row); }
  Answer operator()(const op::InsertIntent& operation) const { return some(operation.row); }
  Answer operator()(const op::UpdateIntent& operation) const { return updated(operation.row); }
  Answer operator()(const op::InsertRefund& operation) const { return some(operation.row); }
  Answer operator()(const op::UpdateRefund& operation) const { return updated(operation.row); }
  Answer operator()(const op::InsertApproval& operation) const { return some(operation.row); }
  Answer operator()(const op::UpdateApproval& operation) const { return updated(operation.row); }
  Answer operator()(const op::InsertNotification& operation) const { return some(operation.row); }
  Answer operator()(const op::PostLedger& operation) const { return posting(operation.row); }
  template <class Other>
  Answer operator()(const Other&) const {
    return std::optional<AuditRow>();
  }
};

}  // namespace

Result<AuditRow> record_of(const Message& row) {
  auto calls = row::calls_to_json(row.calls);
  if (!calls) return calls.error();
  const json columns = {row.id.str(), row.turn.str(), to_string(row.role), row.text,
                        *calls,       row.call_id,    row.cards_json,      to_millis(row.at)};
  return link("message", row.thread, row.id.str(), {{"role", to_string(row.role)}, {"turn", row.turn.str()}}, columns,
              row.at);
}

Result<AuditRow> record_of(const PaymentIntent& row) {
  auto lines = row::lines_to_json(row.lines);
  if (!lines) return lines.error();
  auto order = row::order_to_json(row.order);
  if (!order) return order.error();
  const json columns = {row.id.str(),
                        row.tenant.str(),
                        row.user.str(),
                        to_string(row.state),
                        row.amount.minor(),
                        row.amount.currency().code(),
                        row.captured.minor(),
                        row.refunded.minor(),
                        row.refund_reserved.minor(),
                        *lines,
                        row.description,
                        row.catalogue_version,
                        row.channel,
                        *order,
                        row.order.out_trade_no.str(),
                        row.order.request_body,
                        to_millis(row.created_at),
                        to_millis(row.expires_at),
                        to_millis(row.settled_at),
                        row.renewed_from.str(),
                        row.origin,
                        row.failure,
                        row.version};
  json detail = {{"state", to_string(row.state)},
                 {"amount", row.amount.minor()},
                 {"currency", row.amount.currency().code()},
                 {"captured", row.captured.minor()},
                 {"refunded", row.refunded.minor()},
                 {"reserved", row.refund_reserved.minor()},
                 {"out_trade_no", row.order.out_trade_no.str()},
                 {"transaction_id", row.order.transaction_id},
                 {"request_sha256", crypto::sha256_hex(row.order.request_body)},
                 {"version", row.version}};
  return link("intent", row.thread, row.id.str(), std::move(detail), columns, row.created_at);
}

Result<AuditRow> record_of(const Refund& row) {
  const json columns = {row.id.str(),
                        row.intent.str(),
                        row.tenant.str(),
                        row.out_refund_no.str(),
                        to_string(row.state),
                        row.amount.minor(),
                        row.amount.currency().code(),
                        row.reason,
                        row.rail_refund_id,
                        row.origin,
                        row.failure,
                        row.request_body,
                        to_millis(row.created_at),
                        to_millis(row.due_at),
                        to_millis(row.settled_at),
                        row.version};
  json detail = {{"state", to_string(row.state)},
                 {"intent", row.intent.str()},
                 {"amount", row.amount.minor()},
                 {"currency", row.amount.currency().code()},
                 {"out_refund_no", row.out_refund_no.str()},
                 {"request_sha256", crypto::sha256_hex(row.request_body)},
                 {"version", row.version}};
  return link("refund", row.thread, row.id.str(), std::move(detail), columns, row.created_at);
}

Result<AuditRow> record_of(const Approval& row) {
  const json columns = {row.id.str(),
                        row.tenant.str(),
                        row.user.str(),
                        row.origin,
                        row.terms_json,
                        row.terms_hash,
                        row.seal,
                        row.amount.minor(),
                        row.amount.currency().code(),
                        to_string(row.state),
                        row.decided_by,
                        row.note,
                        to_millis(row.created_at),
                        to_millis(row.expires_at),
                        to_millis(row.decided_at),
                        row.version};
  json detail = {{"state", to_string(row.state)},
                 {"amount", row.amount.minor()},
                 {"terms_hash", row.terms_hash},
                 {"decided_by", row.decided_by},
                 {"version", row.version}};
  return link("approval", row.thread, row.id.str(), std::move(detail), columns, row.created_at);
}

Result<AuditRow> record_of(const NotificationRow& row) {
  const json columns = {row.channel, row.id, row.event_type, row.plain, to_millis(row.received_at)};
  return link("notification", ThreadId(), row.channel + ":" + row.id, {{"event_type", row.event_type}}, columns,
              row.received_at);
}

Result<std::optional<AuditRow>> record_of(const Operation& operation) {
  return std::visit(Recorder(), operation);
}

Result<OpenForm> form_of(const AuditRow& row) {
  const json before = {1, row.thread.str()};
  const json after = {row.kind, row.subject, row.detail_json, to_millis(row.at)};
  OpenForm form;
  try {
    form.before = before.dump();
    form.after = after.dump();
  } catch (const json::type_error&) {
    return Error(Errc::malformed_text, "a link of the record holds text that is not UTF-8", "audit");
  }
  form.before.back() = ',';
  form.after.front() = ',';
  return form;
}

Result<std::string> hash_after(std::string_view previous, const AuditRow& row) {
  auto form = form_of(row);
  if (!form) return form.error();
  return crypto::sha256_hex(std::string(previous) + form->before + std::to_string(row.seq) + form->after);
}

std::string line_of(const AuditRow& row) {
  const nlohmann::ordered_json line = {{"thread", row.thread.str()},
                                       {"seq", row.seq},
                                       {"kind", row.kind},
                                       {"subject", row.subject},
                                       {"detail", row.detail_json},
                                       {"at_ms", to_millis(row.at)},
                                       {"hash", row.hash}};
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace purser::audit
