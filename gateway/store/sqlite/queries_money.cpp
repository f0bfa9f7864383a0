#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/rows_of.hpp"

#include <algorithm>

namespace purser::sqlite {

Result<PaymentIntent> find_intent(Database& db, const IntentId& id) {
  Statement query = db.statement(std::string(sql::kIntents) + "WHERE id = ?1");
  return required_row(query.bind(id), &sql::read_intent, "payment intent");
}

Result<PaymentIntent> find_intent_by_number(Database& db, const OutTradeNo& number) {
  Statement query = db.statement(std::string(sql::kIntents) + "WHERE out_trade_no = ?1");
  return required_row(query.bind(number), &sql::read_intent, "payment intent");
}

Result<std::optional<PaymentIntent>> find_intent_by_origin(Database& db, const ThreadId& thread,
                                                           const std::string& origin) {
  Statement query = db.statement(std::string(sql::kIntents) + "WHERE thread_id = ?1 AND origin = ?2");
  return optional_row(query.bind(thread, origin), &sql::read_intent);
}

Result<std::optional<PaymentIntent>> find_open_intent(Database& db, const TenantId& tenant, const UserId& user) {
  Statement query =
      db.statement(std::string(sql::kIntents) +
                   "WHERE tenant_id = ?1 AND user_id = ?2 AND state IN ('created', 'awaiting_payment', 'unknown')");
  return optional_row(query.bind(tenant, user), &sql::read_intent);
}

Result<std::vector<PaymentIntent>> list_intents_of_thread(Database& db, const ThreadId& thread, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kIntents) + "WHERE thread_id = ?1 ORDER BY row_no DESC LIMIT ?2");
  return all_rows(query.bind(thread, at_most(limit)), &sql::read_intent);
}

Result<Refund> find_refund(Database& db, const RefundId& id) {
  Statement query = db.statement(std::string(sql::kRefunds) + "WHERE id = ?1");
  return required_row(query.bind(id), &sql::read_refund, "refund");
}

Result<Refund> find_refund_by_number(Database& db, const OutRefundNo& number) {
  Statement query = db.statement(std::string(sql::kRefunds) + "WHERE out_refund_no = ?1");
  return required_row(query.bind(number), &sql::read_refund, "refund");
}

Result<std::vector<Refund>> list_refunds_of_intent(Database& db, const IntentId& intent) {
  Statement query = db.statement(std::string(sql::kRefunds) + "WHERE intent_id = ?1 ORDER BY row_no");
  return all_rows(query.bind(intent), &sql::read_refund);
}

Result<std::vector<Refund>> list_refunds_of_thread(Database& db, const ThreadId& thread, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kRefunds) + "WHERE thread_id = ?1 ORDER BY row_no DESC LIMIT ?2");
  auto newest_first = all_rows(query.bind(thread, at_most(limit)), &sql::read_refund);
  if (newest_first.ok()) std::reverse(newest_first->begin(), newest_first->end());
  return newest_first;
}

}  // namespace purser::sqlite
