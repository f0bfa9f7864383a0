#include "agent/turn/views.hpp"

#include "tools/cards.hpp"

namespace purser::views {
namespace {

using nlohmann::json;

json parsed(const std::string& text, json otherwise) {
  json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? std::move(otherwise) : value;
}

// What went wrong, as coarse as the OpenAI API tells it.
std::string_view type_of(Errc code, int status) {
  if (code == Errc::idempotency_conflict || code == Errc::idempotency_in_flight ||
      code == Errc::idempotency_key_required) {
    return "idempotency_error";
  }
  if (status == 401) return "authentication_error";
  if (status == 403) return "permission_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

}  // namespace

json money(Money amount) {
  return cards::amount(amount);
}

json thread(const Thread& row) {
  json user{{"id", row.user.str()}};
  if (!row.openid.empty()) user["openid"] = row.openid;
  return {{"id", row.id.str()},
          {"object", "thread"},
          {"user", std::move(user)},
          {"locale", row.locale},
          {"metadata", parsed(row.metadata_json, json::object())},
          {"state", to_string(row.state)},
          {"created_at", format_time(row.created_at)}};
}

json message(const Message& row) {
  json view{{"id", row.id.str()},
            {"object", "message"},
            {"thread_id", row.thread.str()},
            {"turn_id", row.turn.str()},
            {"seq", row.seq},
            {"role", to_string(row.role)},
            {"text", row.text},
            {"cards", parsed(row.cards_json, json::array())},
            {"created_at", format_time(row.at)}};
  if (!row.calls.empty()) {
    json calls = json::array();
    for (const ToolCall& call : row.calls) {
      json one{{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}};
      calls.push_back(std::move(one));
    }
    view["tool_calls"] = std::move(calls);
  }
  if (!row.call_id.empty()) view["tool_call_id"] = row.call_id;
  return view;
}

json intent(const PaymentIntent& row) {
  json order{{"out_trade_no", row.order.out_trade_no.str()}};
  if (!row.order.transaction_id.empty()) order["transaction_id"] = row.order.transaction_id;
  json view{{"id", row.id.str()},
            {"object", "payment_intent"},
            {"thread_id", row.thread.str()},
            {"user_id", row.user.str()},
            {"state", to_string(row.state)},
            {"amount", money(row.amount)},
            {"lines", cards::lines(row)},
            {"description", row.description},
            {"refunded", row.refunded.minor()},
            {"created_at", format_time(row.created_at)},
            {"expires_at", format_time(row.expires_at)},
            {"channel", row.channel},
            {"order", std::move(order)}};
  if (row.settled_at != UtcTime{}) view["paid_at"] = format_time(row.settled_at);
  if (!row.renewed_from.empty()) view["renewed_from"] = row.renewed_from.str();
  if (!row.failure.empty()) view["failure"] = row.failure;
  return view;
}

json refund(const Refund& row) {
  json view{{"id", row.id.str()},
            {"object", "refund"},
            {"payment_intent", row.intent.str()},
            {"thread_id", row.thread.str()},
            {"state", to_string(row.state)},
            {"amount", money(row.amount)},
            {"reason", row.reason},
            {"out_refund_no", row.out_refund_no.str()},
            {"created_at", format_time(row.created_at)},
            {"due_at", format_time(row.due_at)}};
  if (row.settled_at != UtcTime{}) view["settled_at"] = format_time(row.settled_at);
  if (!row.failure.empty()) view["failure"] = row.failure;
  return view;
}

json page(json data, bool has_more) {
  return json{{"object", "list"}, {"data", std::move(data)}, {"has_more", has_more}};
}

json approval(const Approval& row) {
  json view{{"id", row.id.str()},
            {"object", "approval"},
            {"thread_id", row.thread.str()},
            {"user_id", row.user.str()},
            {"state", to_string(row.state)},
            {"amount", money(row.amount)},
            {"terms", parsed(row.terms_json, json::object())},
            {"terms_hash", row.terms_hash},
            {"created_at", format_time(row.created_at)},
            {"expires_at", format_time(row.expires_at)}};
  if (row.decided_at != UtcTime{}) view["decided_at"] = format_time(row.decided_at);
  if (!row.decided_by.empty()) view["decided_by"] = row.decided_by;
  if (!row.note.empty()) view["note"] = row.note;
  return view;
}

json error(const Error& e) {
  const int status = status_of(e.code);
  // A failure of ours is told by its name alone: the sentence may speak of the inside. It stands in the log.
  const bool ours = status >= 500;
  json about{{"type", type_of(e.code, status)},
             {"code", code_of(e.code)},
             {"message", ours ? std::string(meaning_of(e.code)) : e.message},
             {"param", nullptr}};
  if (!ours && !e.param.empty()) about["param"] = e.param;
  json whole = json::object();
  whole["error"] = std::move(about);
  return whole;
}

int status_of(Errc code) {
  switch (code) {
    case Errc::unauthorized:
      return 401;
    case Errc::insufficient_scope:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::method_not_allowed:
      return 405;
    case Errc::json_too_large:
      return 413;
    case Errc::unsupported_media_type:
      return 415;
    case Errc::idempotency_conflict:
      return 422;
    case Errc::rate_limited:
    case Errc::budget_spent:
      return 429;
    case Errc::idempotency_in_flight:
    case Errc::thread_busy:
    case Errc::active_payment_exists:
    case Errc::cancel_not_allowed:
    case Errc::approval_ended:
    case Errc::refund_not_allowed:
    case Errc::rail_declined:
    case Errc::illegal_transition:
    case Errc::price_mismatch:
    case Errc::unknown_sku:
    case Errc::sku_not_on_sale:
    case Errc::store_conflict:
      return 409;
    case Errc::store_unavailable:
    case Errc::rail_unknown:
    case Errc::overloaded:
    case Errc::shutting_down:
    case Errc::expired_before_start:
      return 503;
    case Errc::idempotency_key_required:
    case Errc::request_malformed:
      return 400;
    default:
      break;
  }
  // Whole bands of the list: values and JSON (100 to 199), rules (200 to 299).
  const auto number = static_cast<int>(code);
  return number >= 100 && number < 300 ? 400 : 500;
}

}  // namespace purser::views
