#include "gateway/sandbox/routes.hpp"

namespace purser::sandbox {
namespace {

constexpr std::string_view kTransactionsPath = "/v3/pay/transactions/";
constexpr std::string_view kByNumber = "/v3/pay/transactions/out-trade-no/";
constexpr std::string_view kById = "/v3/pay/transactions/id/";
constexpr std::string_view kRefunds = "/v3/refund/domestic/refunds";
constexpr std::string_view kCloseSuffix = "/close";
constexpr std::string_view kAbnormal = "/apply-abnormal-refund";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// A '%' that does not begin an escape stays as it is: such a number is simply not found.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

Route make(RailCall call, bool right_method, std::string_view number = {}) {
  Route route;
  route.call = call;
  route.wrong_method = !right_method;
  route.number = decoded(number);
  return route;
}

bool one_segment(std::string_view text) {
  return !text.empty() && text.find('/') == text.npos;
}

Route transaction_route(std::string_view method, std::string_view path) {
  if (path.starts_with(kByNumber)) {
    auto rest = path.substr(kByNumber.size());
    if (rest.ends_with(kCloseSuffix) && one_segment(rest.substr(0, rest.size() - kCloseSuffix.size())))
      return make(RailCall::close, method == "POST", rest.substr(0, rest.size() - kCloseSuffix.size()));
    return one_segment(rest) ? make(RailCall::query, method == "GET", rest) : Route();
  }
  if (path.starts_with(kById)) {
    auto rest = path.substr(kById.size());
    if (!one_segment(rest)) return {};
    auto route = make(RailCall::query, method == "GET", rest);
    route.by_transaction = true;
    return route;
  }
  for (auto type : {TradeType::jsapi, TradeType::native, TradeType::h5, TradeType::app}) {
    if (path.substr(kTransactionsPath.size()) != to_string(type)) continue;
    auto route = make(RailCall::create, method == "POST");
    route.type = type;
    return route;
  }
  return {};
}

}  // namespace

Route route_of(std::string_view method, std::string_view path) {
  if (path.starts_with(kTransactionsPath)) return transaction_route(method, path);
  if (path == kRefunds) return make(RailCall::refund, method == "POST");
  if (path.starts_with(kRefunds) && path.size() > kRefunds.size() + 1 && path[kRefunds.size()] == '/') {
    auto rest = path.substr(kRefunds.size() + 1);
    if (rest.ends_with(kAbnormal) && one_segment(rest.substr(0, rest.size() - kAbnormal.size())))
      return make(RailCall::abnormal_refund, method == "POST", rest.substr(0, rest.size() - kAbnormal.size()));
    return one_segment(rest) ? make(RailCall::query_refund, method == "GET", rest) : Route();
  }
  if (path == "/v3/certificates") return make(RailCall::certificates, method == "GET");
  if (path == "/v3/security/echo") return make(RailCall::echo, method == "POST");
  if (path == "/v3/billdownload/file") return make(RailCall::bill_file, method == "GET");
  if (path == "/v3/bill/tradebill" || path == "/v3/bill/fundflowbill") {
    auto route = make(RailCall::bill, method == "GET");
    route.fund_flow = path == "/v3/bill/fundflowbill";
    return route;
  }
  return {};
}

}  // namespace purser::sandbox
