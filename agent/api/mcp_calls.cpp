// tools/call at the MCP door.
#include "agent/api/answer.hpp"
#include "agent/api/mcp_door.hpp"
#include "agent/api/mcp_offers.hpp"
#include "agent/api/mcp_question.hpp"
#include "gateway/crypto/digest.hpp"

#include <algorithm>

namespace purser {
namespace {

using mcp::Code;
using mcp::Refusal;
using nlohmann::json;

constexpr const char* kMcpKeyName = "purser/idempotency-key";
constexpr std::size_t kMcpKeyMax = 255;
constexpr std::size_t kMcpKeyLetters = 24;  // of its digest: keys are not kept as they are

http::Response bad_params(const json& id, std::string message) {
  Refusal refusal(200, Code::invalid_params, std::move(message));
  refusal.id = id;
  return mcp::answer_of(refusal);
}

http::Response call_answered(const mcp::Message& message, json result) {
  return api::json_answer(200, mcp::result_of(message.id, mcp::stamped(std::move(result), message.modern, {})));
}

bool is_key(const json& key) {
  if (!key.is_string()) return false;
  const auto& text = key.get_ref<const std::string&>();
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= kMcpKeyMax && std::none_of(text.begin(), text.end(), is_control);
}

// An answer as it is noted.
constexpr std::string_view kSaidNo = "no";
constexpr std::string_view kSaidNothing = "dismissed";
std::string answer_word(const mcp::Answered& said) {
  if (said.what == mcp::Answered::What::declined) return std::string(kSaidNo);
  if (said.what == mcp::Answered::What::dismissed) return std::string(kSaidNothing);
  return said.if_open.empty() ? "yes" : said.if_open;
}

// The user was asked and did not agree: nothing is run.
json call_not_agreed_to(bool said_no) {
  const char* const no = "the customer was asked and did not agree; nothing was done";
  const char* const nothing = "the customer closed the question without an answer; nothing was done";
  const json result{{"status", "refused"},
                    {"code", said_no ? "customer_declined" : "customer_gave_no_answer"},
                    {"reason", said_no ? no : nothing}};
  return {{"content", json::array({{{"type", "text"}, {"text", result.dump()}}})},
          {"structuredContent", result},
          {"isError", true}};
}

}  // namespace

Task<Result<http::Response>> McpDoor::call_tool(Asking asking) {
  const mcp::Message message = asking.message;
  const json name = message.params.value("name", json());
  json arguments = message.params.value("arguments", json::object());
  const json key = message.meta().value(kMcpKeyName, json());
  const auto& tools = ports_.conversations.tools();
  const bool known = name.is_string() &&
                     std::any_of(tools.begin(), tools.end(), [&](const ToolSchema& tool) { return tool.name == name; });
  if (!known) co_return bad_params(message.id, "there is no tool of that name");
  if (!arguments.is_object()) co_return bad_params(message.id, "arguments is an object");
  if (!key.is_null() && !is_key(key))
    co_return bad_params(message.id, "purser/idempotency-key is a string of 1 to 255 bytes without control characters");
  if (!asking.thread)
    co_return bad_params(message.id, "say whose conversation this is: X-Thread-Id, or purser/thread in _meta");
  auto thread = co_await thread_of(std::move(asking));
  if (!thread) co_return thread.error();
  auto some = co_await ports_.limits.by_user(thread->tenant, thread->user);
  if (!some) co_return some.error();

  arguments.erase(mcp::kChoiceOfUser);
  const std::string own_key = key.is_string() ? key.get<std::string>() : std::string();
  const mcp::AboutCall about{thread->id, name.get<std::string>(), arguments, own_key};
  const mcp::Answered said = mcp::answer_in(message.params, about, ports_.mint, ports_.clock.durable());
  if (said.what == mcp::Answered::What::forged)
    co_return bad_params(message.id, "requestState is not of this call, or too old");
  if (said.what != mcp::Answered::What::nothing) {
    std::string state = message.params["requestState"].get<std::string>();
    const std::string now = answer_word(said);
    auto stands = co_await sessions_.answer(std::move(state), now);
    if (!stands) co_return stands.error();
    if (*stands != now) co_return bad_params(message.id, "requestState was answered already, and with something else");
    if (now == kSaidNo || now == kSaidNothing) co_return call_answered(message, call_not_agreed_to(now == kSaidNo));
  }
  if (!said.if_open.empty()) arguments[mcp::kChoiceOfUser] = said.if_open;

  ClientCall wish(about.tool, arguments.dump(-1, ' ', false, json::error_handler_t::replace));
  if (key.is_string()) wish.key = crypto::sha256_hex(key.get_ref<const std::string&>()).substr(0, kMcpKeyLetters);
  wish.agreed_to = said.agreed_to;
  auto outcome = co_await ports_.actions.call(thread->id, std::move(wish));
  if (!outcome) co_return outcome.error();
  const json turn = json::parse(outcome->body);
  json result = mcp::call_result(turn);
  if (result["isError"] == true) {
    auto mine = co_await payment_about(*thread, arguments);
    if (!mine) co_return mine.error();
    const auto question =
        mcp::question_of(turn["tool"]["result"], about, mine->has_value() ? &**mine : nullptr, thread->locale);
    if (question) {
      json asked = mcp::input_required(*question, about, ports_.mint, ports_.clock.durable());
      if (message.modern && message.client_can_be_asked()) co_return call_answered(message, std::move(asked));
      // For an application that asks on its own and sends the call once more with the answer.
      asked.erase("resultType");
      result["_meta"]["purser/input-required"] = std::move(asked);
    }
  }
  co_return call_answered(message, std::move(result));
}

// What a refund names first, else what is open; nothing that is of another conversation.
Task<Result<std::optional<PaymentIntent>>> McpDoor::payment_about(Thread thread, json arguments) {
  std::optional<PaymentIntent> out;
  const json::json_pointer named("/refunds/0/payment_intent");
  if (arguments.contains(named) && arguments[named].is_string()) {
    auto id = IntentId::parse(arguments[named].get<std::string>());
    if (!id) co_return out;
    auto row = co_await ports_.store.intent(std::move(*id));
    if (!row && row.code() != Errc::not_found) co_return row.error();
    if (row) out = std::move(*row);
  } else {
    auto open = co_await ports_.store.open_intent(thread.tenant, thread.user);
    if (!open) co_return open.error();
    out = std::move(*open);
  }
  if (out && out->thread != thread.id) out.reset();
  co_return out;
}

}  // namespace purser
