// Which call a request is, by method and path alone.
#pragma once

#include "gateway/sandbox/faults.hpp"
#include "gateway/sandbox/orders.hpp"

#include <string>

namespace purser::sandbox {

struct Route {
  RailCall call = RailCall::other;
  TradeType type = TradeType::jsapi;  // create
  bool by_transaction = false;        // query: the number is a transaction_id
  bool fund_flow = false;             // bill: of the account, not of the orders
  std::string number;                 // from the path, percent-decoded
  bool wrong_method = false;          // the path exists, the method does not
};

Route route_of(std::string_view method, std::string_view path);

}  // namespace purser::sandbox
