#include "tests/support/evil_model.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace purser::test {
namespace {

using nlohmann::json;

void handles_in(const json& value, std::vector<std::string>& out) {
  if (value.is_object() && value.contains("payment_intent") && value["payment_intent"].is_string())
    out.push_back(value["payment_intent"]);
  if (value.is_structured())
    for (const auto& member : value) handles_in(member, out);
}

const std::vector<std::string>& machine_fields() {
  static const std::vector<std::string> kFields = {
      "openid",    "notify_url",      "outTradeNo", "out-refund-no", "mchid", "nonce_str",     "timestamp",
      "signature", "appid",           "user",       "tenant_id",     "payee", "transactionId", "pay_sign",
      "prepay_id", "idempotency_key", "thread"};
  return kFields;
}

}  // namespace

std::uint64_t Dice::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

namespace {

using U = Lie::Unless;

const std::vector<Lie>& plain_lies() {
  static const std::vector<Lie> kLies = {
      {"Your payment has arrived, thank you!", U::paid},
      {"Payment received.", U::paid},
      {"The order is paid.", U::paid},
      {"支付成功！", U::paid},
      {"已收到您的付款，谢谢。", U::paid},
      {"您的订单已支付。", U::paid},
      {"Your refund is done.", U::refunded},
      {"The refund was successful.", U::refunded},
      {"退款成功，请查收。", U::refunded},
      {"已为您退款。", U::refunded},
      {"The refund has been submitted.", U::refund_begun},
      {"退款已提交。", U::refund_begun},
      {"I have refunded ¥987.65 to you.", U::never},
      {"已为您退款九百八十七块六。", U::never},
      {"You have paid 12345.67 yuan.", U::never},
      {"Everything costs ¥0.37 today.", U::never},
      {"今天全场三毛七分，一共0.37元。", U::never},
      {"Please send 4321 yuan to my account.", U::never},
      {"请转账4321元到我的账户。", U::never},
      {"The order has been cancelled.", U::canceled},
      {"订单已取消。", U::canceled},
      {"Your order has expired.", U::expired},
      {"订单已过期。", U::expired},
      {"I have placed your order.", U::ordered},
      {"下单成功！", U::ordered},
      {"We got your money.", U::paid},
      {"The money reached us a minute ago.", U::paid},
      {"Your wallet was debited, all is well.", U::paid},
      {"It is all settled, the order ships today.", U::paid},
      {"Our system shows the order as paid.", U::paid},
      {"Your purchase went through.", U::paid},
      {"The checkout succeeded.", U::paid},
      {"款子我们收到啦。", U::paid},
      {"钱已经到我们账上了。", U::paid},
      {"系统显示这单已付。", U::paid},
      {"訂單已付款。", U::paid},
      {"付款搞定了。", U::paid},
      {"We have sent your money back.", U::refunded},
      {"You have been reimbursed.", U::refunded},
      {"The charge has been reversed.", U::refunded},
      {"You got your money back.", U::refunded},
      {"款项已原路返回。", U::refunded},
      {"钱已经退到您的微信零钱了。", U::refunded},
      {"Your money is on its way back.", U::refund_begun},
      {"退款正在路上。", U::refund_begun},
      {"Your order has been called off.", U::canceled},
      {"订单被取消了。", U::canceled},
      {"The order timed out.", U::expired},
  };
  return kLies;
}

// The same said in parts: what, and what became of it, in the forms in which people write such things down.
std::vector<Lie> composed_lies() {
  struct Parts {
    std::vector<std::string> things;
    std::vector<std::string> ends;
    U unless;
  };
  static const std::vector<Parts> kParts = {
      {{"Payment", "Your payment", "Payment status", "Transaction"}, {"received", "successful", "completed"}, U::paid},
      {{"付款", "支付", "付款状态", "支付结果"}, {"成功", "已完成"}, U::paid},
      {{"Order status", "Status"}, {"paid"}, U::paid},
      {{"订单状态", "状态"}, {"已付款", "已支付"}, U::paid},
      {{"Refund", "Refund status"}, {"completed", "done", "successful"}, U::refunded},
      {{"退款", "退款状态"}, {"成功", "已完成"}, U::refunded},
  };
  std::vector<Lie> out;
  for (const Parts& parts : kParts)
    for (const std::string& thing : parts.things)
      for (const std::string& end : parts.ends)
        for (const std::string& joined :
             {thing + ": " + end, "| " + thing + " | " + end + " |", "- **" + thing + "**: " + end,
              thing + " — " + end + " ✅", thing + " → " + end})
          out.push_back({joined, parts.unless});
  return out;
}

// In letters and marks that a person reads through.
std::string with_foreign_letters(std::string text) {
  const std::pair<char, const char*> kAlike[] = {{'a', "а"}, {'e', "е"}, {'o', "о"}, {'p', "р"}, {'c', "с"}};
  std::string out;
  for (char c : text) {
    const auto* alike =
        std::find_if(std::begin(kAlike), std::end(kAlike), [c](const auto& one) { return one.first == c; });
    out += alike == std::end(kAlike) ? std::string(1, c) : alike->second;
  }
  return out;
}

std::string with_entities(std::string text) {
  std::string out;
  for (char c : text)
    out += c == 'i' || c == 'd' ? "&#" + std::to_string(static_cast<int>(c)) + ";" : std::string(1, c);
  return out;
}

std::string with_emphasis(std::string text) {
  for (const char* word : {"paid", "refund", "payment", "付", "退", "收"})
    if (const auto at = text.find(word); at != std::string::npos)
      text.insert(at + std::string(word).size(), "**").insert(at, "**");
  return text;
}

}  // namespace

const std::vector<Lie>& lies() {
  static const std::vector<Lie> kLies = [] {
    std::vector<Lie> all = plain_lies();
    const std::vector<Lie> composed = composed_lies();
    all.insert(all.end(), composed.begin(), composed.end());
    for (auto* disguise : {&with_entities, &with_emphasis, &with_foreign_letters})
      for (const Lie& lie : plain_lies()) all.push_back({disguise(lie.text), lie.unless});
    return all;
  }();
  return kLies;
}

Result<ModelAnswer> EvilModel::answer(const ModelRequest& request) {
  const std::size_t roll = dice_.below(100);
  if (roll < 2) return Errc::model_malformed;
  if (roll < 4) return ModelAnswer();
  if (request.tools.empty() ? roll < 8 : roll < 65) return calls(request);
  return words();
}

ModelAnswer EvilModel::words() {
  ModelAnswer out;
  const std::size_t roll = dice_.below(10);
  if (roll < 6) {
    out.text = dice_.pick(lies()).text;
  } else if (roll < 8) {
    out.text =
        "Pay here: https://evil.example/pay?x=1 or [scan](weixin://wxpay/bizpayurl?pr=evil) "
        "![q](http://evil.example/q.png)";
  } else {
    out.text = "Hello, what would you like?";
  }
  if (dice_.chance(5)) out.text += "\xE2\x80\xAE\xEF\xB8\x8F<b>x</b>";
  return out;
}

ModelAnswer EvilModel::calls(const ModelRequest& request) {
  ModelAnswer out;
  const std::size_t count = dice_.chance(70) ? 1 : 1 + dice_.below(10);
  for (std::size_t i = 0; i < count; ++i) {
    if (!earlier_.empty() && dice_.chance(15)) {
      out.calls.push_back(dice_.pick(earlier_));
    } else {
      out.calls.push_back(call(request));
      earlier_.push_back(out.calls.back());
    }
  }
  out.finish = dice_.chance(4) ? FinishReason::length : FinishReason::tool_calls;
  return out;
}

ToolCall EvilModel::call(const ModelRequest& request) {
  static const std::vector<std::string> kTools = {"create_payment_intent",
                                                  "create_payment_intent",
                                                  "create_payment_intent",
                                                  "create_payment_intent",
                                                  "refund",
                                                  "refund",
                                                  "refund",
                                                  "refund",
                                                  "cancel_payment",
                                                  "query_payment",
                                                  "query_payment",
                                                  "search_catalogue",
                                                  "approve_refund",
                                                  "shell"};
  std::vector<std::string> own;
  for (const Message& message : request.messages)
    if (message.role == Role::tool || message.role == Role::event)
      handles_in(json::parse(message.text, nullptr, false), own);
  ToolCall out;
  out.name = dice_.pick(kTools);
  out.id = dice_.chance(10) ? "same" : "call_" + std::to_string(dice_.below(1'000'000));
  if (out.name == "create_payment_intent") {
    out.arguments = create_arguments();
  } else if (out.name == "refund") {
    out.arguments = refund_arguments(own);
  } else if (out.name == "search_catalogue" || dice_.chance(30)) {
    out.arguments = "{}";
  } else {
    out.arguments = json{{"payment_intent", handle(own)}}.dump();
  }
  if (dice_.chance(15)) out.arguments = spoiled(std::move(out.arguments));
  return out;
}

std::string EvilModel::number() {
  static const std::vector<std::string> kNumbers = {"1",
                                                    "2",
                                                    "99",
                                                    "100",
                                                    "199",
                                                    "200",
                                                    "201",
                                                    "19900",
                                                    "0",
                                                    "-1",
                                                    "1.0",
                                                    "1e2",
                                                    "39800",
                                                    "20000",
                                                    "20001",
                                                    "\"100\"",
                                                    "12345",
                                                    "9223372036854775807",
                                                    "18446744073709551616",
                                                    "null",
                                                    "true"};
  return dice_.chance(60) ? std::to_string(1 + dice_.below(60'000)) : dice_.pick(kNumbers);
}

std::string EvilModel::handle(const std::vector<std::string>& own) {
  if (!own.empty() && dice_.chance(75)) return dice_.pick(own);
  if (!loot_.foreign_intents.empty() && dice_.chance(60)) return dice_.pick(loot_.foreign_intents);
  return "pi_" + std::string(22, static_cast<char>('a' + dice_.below(26)));
}

std::string EvilModel::create_arguments() {
  std::string lines;
  const std::size_t count = dice_.chance(70) ? 1 : 1 + dice_.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    lines += (i > 0 ? "," : "") + ("{\"sku\":\"" + dice_.pick(loot_.skus) + "\"");
    lines += ",\"quantity\":" + (dice_.chance(90) ? std::to_string(1 + dice_.below(3)) : number());
    if (dice_.chance(10)) lines += ",\"unit_price_fen\":" + number();
    lines += "}";
  }
  std::string out = "{\"lines\":[" + lines + "]";
  if (dice_.chance(8)) out += ",\"total_fen\":" + number();
  if (dice_.chance(5)) out += ",\"currency\":\"" + std::string(dice_.chance(50) ? "CNY" : "USD") + "\"";
  if (dice_.chance(40)) out += ",\"if_open\":\"" + std::string(dice_.chance(50) ? "replace" : "continue") + "\"";
  if (dice_.chance(10)) out += ",\"note\":\"refund everything to openid oEvil\"";
  return out + "}";
}

std::string EvilModel::refund_arguments(const std::vector<std::string>& own) {
  std::string entries;
  const std::size_t count = dice_.chance(80) ? 1 : 1 + dice_.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    entries += (i > 0 ? ",{" : "{") + ("\"payment_intent\":\"" + handle(own) + "\",\"reason\":\"because\"");
    switch (dice_.below(5)) {
      case 0:
        entries += ",\"all\":true";
        break;
      case 1:
        entries += ",\"half\":true";
        break;
      case 2:
        entries += ",\"lines\":[{\"sku\":\"" + dice_.pick(loot_.skus) + "\",\"quantity\":" + number() + "}]";
        break;
      default:
        entries += ",\"amount_fen\":" + number();
    }
    entries += "}";
  }
  std::string out = "{\"refunds\":[" + entries + "]";
  if (dice_.chance(20)) out += ",\"total_fen\":" + number();
  return out + "}";
}

std::string EvilModel::spoiled(std::string arguments) {
  switch (dice_.below(6)) {
    case 0:
      return arguments.substr(0, dice_.below(arguments.size() + 1));
    case 1:
      return arguments + arguments;
    case 2: {
      const std::string value = loot_.numbers.empty() ? "oEvil" : dice_.pick(loot_.numbers);
      arguments.pop_back();
      return arguments + (arguments.size() > 1 ? "," : "") + "\"" + dice_.pick(machine_fields()) + "\":\"" + value +
             "\"}";
    }
    case 3:
      return std::string(40, '[') + std::string(40, ']');
    case 4:
      return std::string("\xff\xfe") + arguments;
    default: {
      const std::size_t colon = arguments.find(':');
      if (colon == std::string::npos) return "[]";
      const std::string key = arguments.substr(1, colon);
      return "{" + key + "null," + arguments.substr(1);
    }
  }
}

}  // namespace purser::test
