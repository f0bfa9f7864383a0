#include "gateway/sandbox/rail.hpp"

#include "gateway/crypto/aead.hpp"
#include "gateway/sandbox/body.hpp"
#include "gateway/sandbox/request_fields.hpp"
#include "gateway/sandbox/twists.hpp"

namespace purser::sandbox {
namespace {

// The answer of a fault that keeps the rail from working at all; nothing for the others.
Refusal instead_of_work(const std::optional<Fault>& fault) {
  if (!fault) return {};
  switch (fault->kind) {
    case FaultKind::http_500:
      return error(500, kUnnumbered, "SYSTEM_ERROR", "系统错误");
    case FaultKind::http_502:
      return error(502, kUnnumbered, "SERVICE_UNAVAILABLE", "服务不可用");
    case FaultKind::http_503:
      return error(503, kUnnumbered, "SERVICE_UNAVAILABLE", "服务不可用");
    case FaultKind::http_429:
      return error(429, kRateLimit, "FREQUENCY_LIMITED", "频率超限");
    case FaultKind::not_enough:
      return error(403, kUnnumbered, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起");
    case FaultKind::error:
      return error(fault->status, kUnnumbered, fault->code, "沙箱按脚本返回的错误");
    case FaultKind::timeout_before:
    case FaultKind::reset:
      return Answer{0, 0, {}, {}};
    default:
      return {};
  }
}

bool hangs(const std::optional<Fault>& fault) {
  return is(fault, FaultKind::timeout_before) || is(fault, FaultKind::timeout_after);
}

bool drops(const std::optional<Fault>& fault) {
  return is(fault, FaultKind::reset) || is(fault, FaultKind::reset_after);
}

bool takes_query(RailCall call) {
  return call == RailCall::query || call == RailCall::query_refund || call == RailCall::bill ||
         call == RailCall::bill_file;
}

RefundStatus refund_outcome(const std::optional<Fault>& fault) {
  if (is(fault, FaultKind::abnormal)) return RefundStatus::abnormal;
  if (is(fault, FaultKind::closed)) return RefundStatus::closed;
  if (is(fault, FaultKind::processing)) return RefundStatus::processing;
  return RefundStatus::success;
}

// What a fault makes of a rightful answer after the rail has done its work.
void twist_answer(Answer& answer, const Fault& fault, Mint& mint) {
  if (fault.kind == FaultKind::http_500_after) answer = error(500, kUnnumbered, "SYSTEM_ERROR", "系统错误");
  if (fault.kind == FaultKind::malformed) answer = Answer{200, 0, {}, "<html><body>ok</body></html>"};
  if (answer.status != 200 || fault.kind == FaultKind::malformed || !answer.content_type.empty()) return;
  auto state = json::parse(answer.body);
  twist_state(state, fault.kind, mint);
  answer.body = state.dump();
}

std::pair<std::string_view, std::string_view> refund_event(RefundStatus status) {
  switch (status) {
    case RefundStatus::success:
      return {"REFUND.SUCCESS", "退款成功"};
    case RefundStatus::abnormal:
      return {"REFUND.ABNORMAL", "退款异常"};
    case RefundStatus::closed:
      return {"REFUND.CLOSED", "退款关闭"};
    case RefundStatus::processing:
      break;
  }
  return {};
}

}  // namespace

SandboxRail::SandboxRail(SandboxCredentials credentials, SandboxSettings settings, Mint& mint)
    : credentials_(std::move(credentials)),
      settings_(std::move(settings)),
      mint_(mint),
      doorman_(credentials_),
      orders_(credentials_, settings_, mint_),
      refunds_(credentials_, settings_, mint_, orders_),
      bills_(credentials_, settings_, mint_, orders_, refunds_),
      webhooks_(credentials_, settings_, mint_, faults_) {}

Handled SandboxRail::handle(const http::Request& request, const Moment& now) {
  settle(now);
  auto route = route_of(request.method, request.path);
  TrafficEntry entry;
  entry.at = now.life;
  entry.call = to_string(route.call);
  entry.method = request.method;
  entry.target = request.target;
  entry.out_trade_no = order_number(request, route, now);
  entry.body = request.body.substr(0, kTrafficBodyMax);
  Handled out;
  if (auto refusal = doorman_.admit(request, now.wall)) {
    entry.verdict = refusal->code;
    out.response = respond(request, std::move(*refusal), {}, false, now);
  } else {
    out = admitted(request, route, now, entry);
  }
  entry.status = out.hangs || out.response.drop ? 0 : out.response.status;
  entry.request_id = http::header(out.response.headers, "Request-ID");
  record(std::move(entry));
  return out;
}

Handled SandboxRail::admitted(const http::Request& request, const Route& route, const Moment& now,
                              TrafficEntry& entry) {
  webhooks_.prefer(answer_serial(request, false) != credentials_.public_key_id);
  auto fault = route.wrong_method ? std::nullopt : faults_.next(route.call, entry.out_trade_no);
  if (fault) entry.fault = to_string(fault->kind);
  auto instead = instead_of_work(fault);
  auto answer = instead ? std::move(*instead) : dispatch(request, route, fault, now);
  entry.verdict = instead ? "fault" : answer.refused() ? answer.code : "ok";
  if (fault && !instead) twist_answer(answer, *fault, mint_);

  Handled out;
  bool file = !answer.content_type.empty();
  bool sign = !file && (answer.status < 300 || (settings_.sign_errors && answer.status < 500));
  out.response = respond(request, std::move(answer), fault, sign, now);
  out.hangs = hangs(fault);
  out.response.drop = drops(fault);
  if (is(fault, FaultKind::delay)) out.delay = fault->delay;
  if (is(fault, FaultKind::drip)) out.drip = fault->delay;
  return out;
}

Answer SandboxRail::dispatch(const http::Request& request, const Route& route, const std::optional<Fault>& fault,
                             const Moment& now) {
  if (route.wrong_method) return error(405, kUnnumbered, "METHOD_NOT_ALLOWED", "请求方法错误");
  if (!takes_query(route.call) && !request.query.empty())
    return param_error(request.query, "an extra parameter that is not taken here", "query", kExtraParameter);
  switch (route.call) {
    case RailCall::create:
      return orders_.create(route.type, request.body, now.life);
    case RailCall::query:
      return route.by_transaction ? orders_.query_by_transaction(route.number, request.query, now.life)
                                  : orders_.query(route.number, request.query, now.life);
    case RailCall::close:
      return orders_.close(route.number, request.body, now.life);
    case RailCall::refund:
      return refunds_.create(request.body, refund_outcome(fault), now.life);
    case RailCall::query_refund:
      return refunds_.query(route.number, request.query);
    case RailCall::abnormal_refund:
      return refunds_.apply_abnormal(route.number, request.body, http::header(request.headers, "Wechatpay-Serial"),
                                     now.life);
    case RailCall::bill:
      return bills_.apply(route.fund_flow ? BillKind::fund_flow : BillKind::trade, request.query,
                          "http://" + std::string(http::header(request.headers, "Host")), now.life);
    case RailCall::bill_file:
      return bills_.file(request.query, now.life);
    case RailCall::certificates:
      return certificates();
    case RailCall::echo:
      return echo(request, now);
    case RailCall::webhook:
    case RailCall::other:
      break;
  }
  return error(404, kUnnumbered, "NOT_FOUND", "请求的地址不存在");
}

Answer SandboxRail::echo(const http::Request& request, const Moment& now) {
  json body;
  if (auto no = parse_body(request.body, body)) return *no;
  if (auto no = check_members(body, echo_members())) return *no;
  if (auto no = check_notify_url(body, 256)) return *no;
  const auto* key = credentials_.key_of(http::header(request.headers, "Wechatpay-Serial"));
  if (!key) return param_error("Wechatpay-Serial", "must name the key of the encrypted members", "header");
  auto plain = key->decrypt_oaep(body["encrypted_echo_message"].get<std::string>());
  if (!plain || *plain != body["echo_message"].get<std::string>())
    return param_error("/encrypted_echo_message", "is not echo_message, encrypted with the key that was named");
  json said{{"mchid", credentials_.mchid}, {"echo_message", body["echo_message"]}};
  webhooks_.add("SECURITY_ECHO.SUCCESS", "security", "安全自测成功", body.value("notify_url", ""), said, now.life);
  return answered(said);
}

Answer SandboxRail::certificates() {
  if (!settings_.certificates)
    return error(404, kUnnumbered, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥");
  const auto& certificate = credentials_.platform_certificate;
  auto nonce = mint_.token(12);
  auto sealed = crypto::aes_gcm_seal(credentials_.apiv3_key, nonce, "certificate", certificate.pem()).value();
  json entry{{"serial_no", certificate.serial()},
             {"effective_time", format_time_china(certificate.not_before())},
             {"expire_time", format_time_china(certificate.not_after())},
             {"encrypt_certificate",
              {{"algorithm", "AEAD_AES_256_GCM"},
               {"nonce", nonce},
               {"associated_data", "certificate"},
               {"ciphertext", sealed}}}};
  return answered(json{{"data", json::array({std::move(entry)})}});
}

std::string SandboxRail::order_number(const http::Request& request, const Route& route, const Moment& now) {
  if (route.call == RailCall::close || (route.call == RailCall::query && !route.by_transaction)) return route.number;
  const auto of_transaction = [&](std::string_view transaction) {
    const Order* order = orders_.find_transaction(transaction, now.life);
    return order == nullptr ? std::string() : order->out_trade_no;
  };
  if (route.call == RailCall::query) return of_transaction(route.number);
  if (route.call == RailCall::query_refund) {
    auto found = refunds_.all().find(route.number);
    return found == refunds_.all().end() ? std::string() : found->second.out_trade_no;
  }
  if (route.call == RailCall::abnormal_refund) {
    for (const auto& [number, refund] : refunds_.all()) {
      if (refund.refund_id == route.number) return refund.out_trade_no;
    }
  }
  if (route.call != RailCall::create && route.call != RailCall::refund) return {};
  json body;
  if (parse_body(request.body, body) || !body.is_object()) return {};
  const auto text = [&](const char* name) {
    return body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : std::string();
  };
  const std::string transaction = text("transaction_id");  // wins over the order's number
  return transaction.empty() ? text("out_trade_no") : of_transaction(transaction);
}

std::string_view SandboxRail::answer_serial(const http::Request& request, bool other) const {
  auto wanted = http::header(request.headers, "Wechatpay-Serial");
  bool public_key = wanted == credentials_.public_key_id || (wanted.empty() && !settings_.certificates);
  if (other) public_key = !public_key;
  return public_key ? std::string_view(credentials_.public_key_id) : credentials_.platform_certificate.serial();
}

http::Response SandboxRail::respond(const http::Request& request, Answer answer, const std::optional<Fault>& fault,
                                    bool sign, const Moment& now) {
  http::Response out;
  out.status = answer.status;
  if (sign) {
    auto twist = fault ? twist_of(fault->kind) : Twist::none;
    auto serial = answer_serial(request, is(fault, FaultKind::other_key));
    out.headers = signature_headers(credentials_, serial, answer.body, now.wall, mint_, twist);
  }
  if (is(fault, FaultKind::tampered)) tamper(answer.body);
  out.headers.emplace_back("Request-ID", hex(mint_, 28) + "-" + std::to_string(answer.number));
  out.headers.emplace_back("Server", "purser-sandbox");
  auto type = answer.content_type.empty() ? std::string("application/json; charset=utf-8") : answer.content_type;
  if (!answer.body.empty()) out.headers.emplace_back("Content-Type", std::move(type));
  out.body = std::move(answer.body);
  return out;
}

Result<void> SandboxRail::pay(std::string_view out_trade_no, std::string_view openid, const Moment& now) {
  settle(now);
  auto paid = orders_.pay(out_trade_no, openid, now.life);
  if (!paid) return paid;
  const auto& order = *orders_.find(out_trade_no, now.life);
  Effect effect;
  effect.out_trade_no = order.out_trade_no;
  effect.fen = order.total;
  effect.at = now.life;
  effects_.push_back(std::move(effect));
  webhooks_.add("TRANSACTION.SUCCESS", "transaction", "支付成功", order.notify_url, orders_.transaction(order),
                now.life);
  return paid;
}

Result<void> SandboxRail::decline(std::string_view out_trade_no, const Moment& now) {
  settle(now);
  return orders_.decline(out_trade_no, now.life);
}

Result<const RailRefund*> SandboxRail::refund_by_hand(std::string_view out_trade_no, std::optional<std::int64_t> fen,
                                                      const Moment& now) {
  settle(now);
  return refunds_.by_hand(out_trade_no, fen, now.life);
}

void SandboxRail::settle(const Moment& now) {
  for (const auto* refund : refunds_.settle(now.life)) {
    if (refund->status == RefundStatus::success) {
      Effect effect;
      effect.kind = Effect::Kind::refund;
      effect.out_trade_no = refund->out_trade_no;
      effect.out_refund_no = refund->out_refund_no;
      effect.fen = refund->refund;
      effect.at = refund->due;
      effects_.push_back(std::move(effect));
    }
    auto [event, summary] = refund_event(refund->status);
    webhooks_.add(std::string(event), "refund", std::string(summary), refund->notify_url, refunds_.notice(*refund),
                  now.life);
  }
}

std::optional<UtcTime> SandboxRail::next_due() const {
  auto refund = refunds_.next_due();
  auto webhook = webhooks_.next_due();
  if (!refund || !webhook) return refund ? refund : webhook;
  return std::min(*refund, *webhook);
}

std::vector<Delivery> SandboxRail::take_deliveries(const Moment& now) {
  settle(now);
  return webhooks_.take_due(now);
}

void SandboxRail::record(TrafficEntry entry) {
  traffic_.push_back(std::move(entry));
  while (traffic_.size() > settings_.traffic_max) traffic_.pop_front();
}

void SandboxRail::reset() {
  doorman_.reset();
  orders_.reset();
  refunds_.reset();
  bills_.reset();
  webhooks_.reset();
  faults_ = FaultScript();
  traffic_.clear();
  effects_.clear();
}

}  // namespace purser::sandbox
