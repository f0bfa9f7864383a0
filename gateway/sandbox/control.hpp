// The strings behind the stage, under /sandbox/: the payer's acts, the script of faults, the clock, and what happened.
// No signature; never part of the rail's own paths. Errors are {"error":{"code","message","param"}}.
//   POST /sandbox/pay {"out_trade_no","openid"?}    POST /sandbox/decline {"out_trade_no"}
//   POST /sandbox/refund {"out_trade_no","fen"?}    the merchant gives back by hand, all that is left or so many fen
//   POST /sandbox/faults [...]                      POST /sandbox/clock {"advance":"300s"}    POST /sandbox/reset
//   GET /sandbox/orders    GET /sandbox/traffic     GET /sandbox/webhooks
// GET /sandbox/ is a page for people: the orders, and a button that pays.
#pragma once

#include "gateway/sandbox/rail.hpp"

#include <functional>
#include <string>

namespace purser::sandbox {

class Control {
 public:
  struct Time {
    std::function<void(Millis)> advance;
    std::function<void()> restore;  // undoes what was advanced, where that can be
  };
  Control(SandboxRail& rail, Time time) : rail_(rail), time_(std::move(time)) {}

  static bool owns(std::string_view path) { return path.starts_with("/sandbox/"); }
  http::Response handle(const http::Request& request, const Moment& now);

 private:
  Result<json> dispatch(const http::Request& request, const Moment& now);
  Result<json> pay(const json& body, const Moment& now);
  Result<json> decline(const json& body, const Moment& now);
  Result<json> refund(const json& body, const Moment& now);
  Result<json> faults(const json& body);
  Result<json> clock(const json& body, const Moment& now);
  json orders(const Moment& now);
  json webhooks() const;
  json traffic() const;

  SandboxRail& rail_;
  Time time_;
};

}  // namespace purser::sandbox
