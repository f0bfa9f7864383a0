#include "gateway/sandbox/twists.hpp"

#include <algorithm>

namespace purser::sandbox {

Twist twist_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::unsigned_answer:
      return Twist::absent;
    case FaultKind::bad_signature:
      return Twist::wrong;
    case FaultKind::signtest:
      return Twist::probe;
    case FaultKind::stale_timestamp:
      return Twist::stale;
    case FaultKind::unknown_serial:
      return Twist::unknown_serial;
    default:
      return Twist::none;
  }
}

void twist_state(json& state, FaultKind kind, Mint& mint) {
  // Not all that is told holds a sum: security/echo does not.
  const bool of_money = state.contains("amount") && state["amount"].is_object();
  if (!of_money && (kind == FaultKind::wrong_amount || kind == FaultKind::wrong_currency)) return;
  switch (kind) {
    case FaultKind::wrong_amount: {
      // In a refund the refunded amount is what money hangs on.
      auto& amount = state["amount"];
      auto& figure = amount.contains("refund") ? amount["refund"] : amount["total"];
      figure = figure.get<std::int64_t>() + 1;
      break;
    }
    case FaultKind::wrong_currency:
      state["amount"]["currency"] = "USD";
      break;
    case FaultKind::wrong_mchid:
      state["mchid"] = "1" + digits(mint, 9);
      break;
    case FaultKind::wrong_appid:
      state["appid"] = "wx" + mint.token(16);
      break;
    case FaultKind::wrong_order:
      state["out_trade_no"] = "unknown" + mint.token(20);
      break;
    default:
      break;
  }
}

void tamper(std::string& body) {
  // A digit where there is one, and the last: in a state that is part of an amount or a time.
  auto digit = std::find_if(body.rbegin(), body.rend(), [](char c) { return c >= '0' && c <= '9'; });
  if (digit != body.rend()) {
    *digit = *digit == '9' ? '8' : static_cast<char>(*digit + 1);
  } else {
    body += " ";
  }
}

}  // namespace purser::sandbox
