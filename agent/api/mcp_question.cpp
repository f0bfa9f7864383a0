#include "agent/api/mcp_question.hpp"

#include "gateway/crypto/digest.hpp"

namespace purser::mcp {
namespace {

using nlohmann::json;

constexpr const char* kAskedKey = "customer";
constexpr std::size_t kStateSealLength = 64;
constexpr std::size_t kStateMax = 16'384;

std::string digest_of_call(const AboutCall& call) {
  return crypto::sha256_hex(json::array({call.thread.str(), call.tool, call.arguments, call.key})
                                .dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string sealed(const std::string& payload, Mint& mint) {
  return mint.seal("mcp question " + payload).substr(0, kStateSealLength) + payload;
}

std::optional<json> opened(const std::string& state, Mint& mint) {
  if (state.size() > kStateMax) return std::nullopt;
  auto text = crypto::base64_decode(state);
  if (!text || text->size() <= kStateSealLength) return std::nullopt;
  if (!crypto::constant_time_equal(*text, sealed(text->substr(kStateSealLength), mint))) return std::nullopt;
  json payload = json::parse(text->substr(kStateSealLength), nullptr, false);
  if (!payload.is_object()) return std::nullopt;
  return payload;
}

json form_for(const Question& question) {
  if (question.about_open_payment)
    return {{"type", "object"},
            {"properties",
             {{kChoiceOfUser,
               {{"type", "string"}, {"title", "What to do"}, {"enum", json::array({"continue", "replace"})}}}}},
            {"required", json::array({kChoiceOfUser})}};
  return {{"type", "object"},
          {"properties", {{"agree", {{"type", "boolean"}, {"title", "OK?"}}}}},
          {"required", json::array({"agree"})}};
}

std::string open_payment_text(const PaymentIntent& open, const std::string& locale) {
  const std::string amount = open.amount.display();
  if (locale.starts_with("zh"))
    return "您还有一笔 " + amount + " 的订单待支付。continue：继续支付原订单；replace：取消原订单，改为新订单。";
  return "There is an open payment of " + amount +
         ". continue: pay that one; replace: cancel it and order the new goods instead.";
}

// A sum that stands only where strangers write: whether it is the user's own wish, the user can say.
std::string sum_text(const json& result, const AboutCall& call, const PaymentIntent& paid, const std::string& locale) {
  const std::string place = result.value("param", "");
  if (!place.starts_with('/') || !place.ends_with("/amount_fen")) return {};
  const json::json_pointer pointer(place);
  if (!call.arguments.contains(pointer) || !call.arguments[pointer].is_number_integer()) return {};
  const std::string sum = Money(call.arguments[pointer].get<std::int64_t>(), paid.amount.currency()).display();
  return locale.starts_with("zh") ? "您要求退回的金额是 " + sum + " 吗？"
                                  : "Is " + sum + " the sum that you want back?";
}

}  // namespace

std::optional<Question> question_of(const json& result, const AboutCall& call, const PaymentIntent* about,
                                    const std::string& locale) {
  if (!result.is_object()) return std::nullopt;
  const std::string code = result.value("code", "");
  Question question;
  if (code == code_of(Errc::price_changed)) {
    question.text = result.value("question", "");
    if (question.text.empty()) return std::nullopt;
    return question;
  }
  if (code == code_of(Errc::untrusted_source)) {
    if (about != nullptr) question.text = sum_text(result, call, *about, locale);
    if (question.text.empty()) return std::nullopt;
    return question;
  }
  const bool can_choose = about != nullptr && about->state == IntentState::awaiting_payment;
  if (code != code_of(Errc::active_payment_exists) || !can_choose) return std::nullopt;
  question.text = open_payment_text(*about, locale);
  question.about_open_payment = true;
  return question;
}

json input_required(const Question& question, const AboutCall& call, Mint& mint, UtcTime now) {
  const json payload{{"call", digest_of_call(call)},
                     {"until", to_millis(now + kAnsweredWithin)},
                     {"open", question.about_open_payment},
                     {"text", question.text}};
  const json params{{"mode", "form"}, {"message", question.text}, {"requestedSchema", form_for(question)}};
  json asked = json::object();
  asked[kAskedKey] = {{"method", "elicitation/create"}, {"params", params}};
  return {{"resultType", "input_required"},
          {"inputRequests", std::move(asked)},
          {"requestState", crypto::base64_encode(sealed(payload.dump(), mint))}};
}

Answered answer_in(const json& params, const AboutCall& call, Mint& mint, UtcTime now) {
  Answered out;
  const auto state = params.find("requestState");
  const auto responses = params.find("inputResponses");
  if (state == params.end()) return out;
  out.what = Answered::What::forged;
  if (!state->is_string()) return out;
  const auto payload = opened(state->get_ref<const std::string&>(), mint);
  if (!payload || payload->value("call", "") != digest_of_call(call)) return out;
  if (payload->value("until", std::int64_t{0}) < to_millis(now)) return out;
  out.what = Answered::What::nothing;
  if (responses == params.end() || !responses->is_object() || !responses->contains(kAskedKey)) return out;
  const json& answer = (*responses)[kAskedKey];
  const json action = answer.is_object() ? answer.value("action", json()) : json();
  if (action == "decline") out.what = Answered::What::declined;
  if (action == "cancel") out.what = Answered::What::dismissed;
  if (action != "accept") return out;
  const json content = answer.value("content", json());
  if (!content.is_object()) return out;
  if (payload->value("open", false)) {
    const json choice = content.value(kChoiceOfUser, json());
    if (choice != "continue" && choice != "replace") return out;
    out.if_open = choice.get<std::string>();
  } else {
    const json agree = content.value("agree", json());
    if (agree == false) out.what = Answered::What::declined;
    if (agree != true) return out;
    out.agreed_to = payload->value("text", "");
  }
  out.what = Answered::What::agreed;
  return out;
}

}  // namespace purser::mcp
