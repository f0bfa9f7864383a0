// The document of a chat completion: what is taken of it is what a plain reading of the same document says, and calls
// are taken only whole.
#include "gateway/llm/wire.hpp"
#include "gateway/llm/wire_stream.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;
using namespace purser;

// The first choice by its index; the gate under test has refused what could be read in two ways.
const json* choice_of(const json& root) {
  for (const json& choice : root.at("choices")) {
    const auto index = choice.is_object() ? choice.find("index") : choice.end();
    if (!choice.is_object() || index == choice.end() || !index->is_number_integer() || *index == 0) return &choice;
  }
  return nullptr;
}

void compare(const ModelAnswer& answer, std::string_view body) {
  const json root = json::parse(body, nullptr, false);
  fuzz::require(root.is_object());
  const json* choice = choice_of(root);
  fuzz::require(choice != nullptr);
  const json& message = choice->at("message");
  const json content = message.value("content", json());
  if (content.is_string()) fuzz::require(answer.text == content.get<std::string>());
  const std::string reason = choice->value("finish_reason", json()).is_string() ? (*choice)["finish_reason"] : "";
  if (answer.calls.empty()) return;
  fuzz::require(reason == "stop" || reason == "tool_calls" || reason == "function_call" || reason == "end_turn");
  fuzz::require(answer.refusal.empty());
  for (const ToolCall& call : answer.calls) {
    fuzz::require(json::parse(call.arguments, nullptr, false).is_object());
    bool found = false;
    for (const json& told : message.at("tool_calls")) {
      const json arguments = told.at("function").value("arguments", json());
      const json read = arguments.is_string() ? json::parse(arguments.get<std::string>(), nullptr, false) : arguments;
      const bool none = arguments.is_null() || read.is_discarded();
      found = found || (told.at("function").at("name") == call.name &&
                        (none ? call.arguments == "{}" : read == json::parse(call.arguments)));
    }
    fuzz::require(found);
  }
}

}  // namespace

PURSER_FUZZ(bytes) {
  constexpr int kStatus[] = {200, 200, 200, 200, 400, 429, 500};
  fuzz::Dice dice(bytes);
  const std::string body(dice.rest());
  llm::WireReply reply;
  reply.status = kStatus[dice.next() % std::size(kStatus)];
  reply.content_type = dice.next() % 8 == 0 ? "text/html" : "application/json";
  reply.body = body;
  llm::Asked asked;
  asked.model = "m";
  const llm::Reading read = llm::read_reply(reply, asked, llm::WireLimits());
  fuzz::require(!(read.transient && read.asked_wrongly));
  fuzz::require(!read.answer || reply.status == 200);
  if (read.answer) compare(*read.answer, body);

  // In pieces, as it comes from a connection, it is the same.
  llm::StreamReader reader(asked, llm::WireLimits(), 1 << 20);
  reader.begin(reply.status, reply.content_type);
  for (std::string_view left = body; !left.empty();) {
    const auto piece = left.substr(0, 1 + dice.next() % 64);
    (void)reader.feed(piece);
    left.remove_prefix(piece.size());
  }
  const llm::Reading again = reader.finish(true);
  fuzz::require(again.answer.ok() == read.answer.ok());
  if (read.answer) fuzz::require(again.answer->calls == read.answer->calls && again.answer->text == read.answer->text);
}
