#include "gateway/store/row_digest.hpp"

#include "gateway/crypto/digest.hpp"

#include <initializer_list>

namespace purser::digest {
namespace {

// Every column with its length before it: no two rows have one form, whatever bytes their texts hold.
std::string sum_of(std::string_view table, std::initializer_list<std::string> columns) {
  std::string form(table);
  for (const std::string& column : columns) form += std::to_string(column.size()) + ':' + column;
  return crypto::sha256_hex(form);
}

std::string text(std::string_view word) {
  return std::string(word);
}
std::string text(UtcTime time) {
  return std::to_string(to_millis(time));
}

}  // namespace

std::string of(const Thread& row) {
  return sum_of("threads", {row.id.str(), row.tenant.str(), row.user.str(), row.openid, row.locale, row.metadata_json,
                            text(to_string(row.state)), text(row.created_at), std::to_string(row.intents_made),
                            std::to_string(row.version)});
}

std::string of(const Turn& row) {
  return sum_of("turns", {row.id.str(), row.thread.str(), row.tenant.str(), text(to_string(row.state)), row.cause,
                          row.result_json, text(row.started_at), text(row.ended_at)});
}

std::string of(const StreamEvent& row) {
  return sum_of("events", {row.thread.str(), row.type, row.data_json, text(row.at)});
}

std::string of(const WorkItem& row) {
  return sum_of("work", {text(to_string(row.kind)), row.subject, row.thread.str(), row.payload_json, text(row.due_at),
                         std::to_string(row.attempts)});
}

std::string of(const IdempotencyRow& row) {
  return sum_of("idempotency", {row.scope, row.key, row.fingerprint, row.turn.str(), text(row.created_at)});
}

std::string of_answer(std::string_view scope, std::string_view key, IdempotencyState state, int status,
                      std::string_view body) {
  return sum_of("answers", {text(scope), text(key), text(to_string(state)), std::to_string(status), std::string(body)});
}

std::int64_t of_budget(std::string_view scope, UtcTime window) {
  constexpr std::size_t kHexDigits = 12;  // leaves room for whatever was used
  return std::stoll(sum_of("budgets", {text(scope), text(window)}).substr(0, kHexDigits), nullptr, 16);
}

}  // namespace purser::digest
