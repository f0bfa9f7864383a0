// The rail's refunds: bounds, spacing, idempotency by out_refund_no, and the way from PROCESSING to a final state.
#pragma once

#include "gateway/sandbox/orders.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::sandbox {

enum class RefundStatus : std::uint8_t { processing, success, closed, abnormal };
std::string_view to_string(RefundStatus status);  // "PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL"

struct RailRefund {
  json request;  // as first given: a repetition has to say the same
  std::string out_refund_no;
  std::string refund_id;
  std::string out_trade_no;
  std::string transaction_id;
  std::string notify_url;  // empty: nobody is told
  std::int64_t refund = 0;
  std::int64_t total = 0;
  UtcTime created{};
  RefundStatus status = RefundStatus::processing;
  RefundStatus outcome = RefundStatus::success;  // what it becomes; processing: it stays
  UtcTime due{};
  UtcTime success_time{};
  std::string mended_to;  // was ABNORMAL, and sent on its way again: to which kind of account; empty: never
};

class RefundDesk {
 public:
  RefundDesk(const SandboxCredentials& credentials, const SandboxSettings& settings, Mint& mint, OrderBook& orders)
      : credentials_(credentials), settings_(settings), mint_(mint), orders_(orders) {}

  // `outcome` is what a newly accepted refund ends in.
  Answer create(std::string_view body, RefundStatus outcome, UtcTime now);
  // Made by the merchant on the rail's own pages, under a number of the rail's making; the order's notify_url is told.
  // `fen` absent: all that is left. Errors: not_found, illegal_transition.
  Result<const RailRefund*> by_hand(std::string_view out_trade_no, std::optional<std::int64_t> fen, UtcTime now);
  Answer query(std::string_view out_refund_no, std::string_view query) const;
  // Sends an ABNORMAL refund on its way again, to a card. `serial` names the key in which names and numbers are
  // encrypted. The refund ends in SUCCESS.
  Answer apply_abnormal(std::string_view refund_id, std::string_view body, std::string_view serial, UtcTime now);

  // Refunds whose delay is over become final; returns them, in the order of their due times.
  std::vector<const RailRefund*> settle(UtcTime now);
  std::optional<UtcTime> next_due() const;
  const std::map<std::string, RailRefund, std::less<>>& all() const { return refunds_; }
  void reset() { refunds_.clear(); }

  // What the API answers.
  static json object(const RailRefund& refund);
  // The plain text of REFUND.*: another set of names, and no currency.
  json notice(const RailRefund& refund) const;

 private:
  Refusal check_card(const json& request, std::string_view serial) const;
  Refusal check_order(const Order* order, const json& request, UtcTime now) const;
  Refusal check_bounds(const Order& order, std::int64_t amount, UtcTime now) const;

  const SandboxCredentials& credentials_;
  const SandboxSettings& settings_;
  Mint& mint_;
  OrderBook& orders_;
  std::map<std::string, RailRefund, std::less<>> refunds_;
};

}  // namespace purser::sandbox
