// The rail's orders: creation and re-entry, the payer's act, query, close, and what time does to them.
// Pure state: every call is told the time, and time moves only forward.
#pragma once

#include "gateway/crypto/mint.hpp"
#include "gateway/sandbox/credentials.hpp"
#include "gateway/sandbox/settings.hpp"
#include "gateway/sandbox/wire.hpp"
#include "validation/money/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace purser::sandbox {

enum class TradeType : std::uint8_t { jsapi, native, h5, app };
// The last part of the order path: "jsapi", "native", "h5", "app".
std::string_view to_string(TradeType type);
// What answers and bills call it: "JSAPI", "NATIVE", "MWEB", "APP".
std::string_view wire_type(TradeType type);

enum class TradeStatus : std::uint8_t { not_paid, success, refunded, closed };
std::string_view to_string(TradeStatus status);  // "NOTPAY", "SUCCESS", "REFUND", "CLOSED"

struct Order {
  TradeType type = TradeType::jsapi;
  json request;  // as first given: re-entry has to say the same
  std::string out_trade_no;
  std::string appid;
  std::string notify_url;
  std::string openid;  // jsapi: who may pay
  std::int64_t total = 0;
  UtcTime created{};
  UtcTime expires{};       // the last moment in which it can be paid
  UtcTime handle_until{};  // prepay_id, code_url or h5_url of the last creation
  TradeStatus status = TradeStatus::not_paid;
  std::string transaction_id;  // once paid
  std::string payer;
  UtcTime paid_at{};
  std::int64_t attempts_declined = 0;

  bool paid() const { return status == TradeStatus::success || status == TradeStatus::refunded; }
  std::string attach() const { return request.value("attach", ""); }
};

class OrderBook {
 public:
  OrderBook(const SandboxCredentials& credentials, const SandboxSettings& settings, Mint& mint)
      : credentials_(credentials), settings_(settings), mint_(mint) {}

  Answer create(TradeType type, std::string_view body, UtcTime now);
  // `query` is the raw query string: it must be mchid=<own> and nothing else.
  Answer query(std::string_view out_trade_no, std::string_view query, UtcTime now);
  Answer query_by_transaction(std::string_view transaction_id, std::string_view query, UtcTime now);
  Answer close(std::string_view out_trade_no, std::string_view body, UtcTime now);

  // The payer's phone. `openid` may be empty. Errors: not_found; illegal_transition when the order is paid, closed, its
  // prepay_id or link has run out, or it belongs to another payer.
  Result<void> pay(std::string_view out_trade_no, std::string_view openid, UtcTime now);
  // An attempt that failed: the order stays payable and nobody is told. Errors as for pay().
  Result<void> decline(std::string_view out_trade_no, UtcTime now);

  // Null when there is no such order.
  Order* find(std::string_view out_trade_no, UtcTime now);
  Order* find_transaction(std::string_view transaction_id, UtcTime now);
  const std::map<std::string, Order, std::less<>>& all(UtcTime now);
  void reset() { orders_.clear(); }

  // What query answers, and the plain text of TRANSACTION.SUCCESS.
  json transaction(const Order& order) const;

 private:
  Refusal check_create(TradeType type, const json& request) const;
  Answer reenter(Order& order, TradeType type, const json& request, UtcTime now);
  Answer handle_for(Order& order, UtcTime now);
  Answer answer_query(const Order* order, std::string_view query) const;
  Result<Order*> payable(std::string_view out_trade_no, UtcTime now);
  static void expire(Order& order, UtcTime now);

  const SandboxCredentials& credentials_;
  const SandboxSettings& settings_;
  Mint& mint_;
  std::map<std::string, Order, std::less<>> orders_;
};

// Absolute, http or https, with a path, without query and fragment. The real rail asks for https and a public host; a
// simulator has to reach a daemon on the same machine.
Refusal check_notify_url(const json& request, std::int64_t length_max);

}  // namespace purser::sandbox
