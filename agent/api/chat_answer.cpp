#include "agent/api/chat_answer.hpp"

#include "agent/turn/card_text.hpp"

#include <algorithm>

namespace purser::openai {
namespace {

using nlohmann::json;

std::string joined(const std::vector<std::string>& passages) {
  std::string text;
  for (const std::string& passage : passages) text += (text.empty() ? "" : "\n\n") + passage;
  return text;
}

std::string passage_of(const json& card, const std::string& locale) {
  const CardText text = card_text(card, locale);
  std::string passage = "[" + text.title + "]";
  for (const auto& row : text.rows) passage += "\n" + row.text + (row.amount.empty() ? "" : "  " + row.amount);
  return passage;
}

std::string line(const json& data) {
  return "data: " + data.dump(-1, ' ', false, json::error_handler_t::replace) + "\n\n";
}

json chunk(const Completion& completion, bool include_usage) {
  json data{{"id", completion.id},
            {"object", "chat.completion.chunk"},
            {"created", completion.created},
            {"model", kModel},
            {"choices", json::array()}};
  if (include_usage) data["usage"] = nullptr;
  return data;
}

json choice(json delta, json finish_reason) {
  return {
      {"index", 0}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", std::move(finish_reason)}};
}

json usage_of(const json& usage) {
  const auto in = usage.value("input_tokens", std::int64_t{0});
  const auto out = usage.value("output_tokens", std::int64_t{0});
  return {{"prompt_tokens", in}, {"completion_tokens", out}, {"total_tokens", in + out}};
}

}  // namespace

http::Response refused(const Refusal& refusal) {
  return http::error_response(refusal.status, "invalid_request_error", refusal.code, refusal.message, refusal.param);
}

std::vector<Message> said_meanwhile(const std::vector<Message>& recent, const TurnId& turn) {
  const auto begin = std::find_if(recent.begin(), recent.end(), [&](const Message& row) { return row.turn == turn; });
  if (begin == recent.end()) return {};
  // Back to where the user spoke before; older than what was read, nothing is told.
  const auto spoke = std::find_if(std::make_reverse_iterator(begin), recent.rend(),
                                  [](const Message& row) { return row.role == Role::user; });
  if (spoke == recent.rend()) return {};
  std::vector<Message> said;
  for (auto row = spoke.base(); row != begin; ++row) {
    if (row->role == Role::assistant && row->turn != spoke->turn && !row->text.empty()) said.push_back(*row);
  }
  return said;
}

Completion completion_of(const Turn& turn, const std::string& locale, const std::vector<Message>& before) {
  const json result = json::parse(turn.result_json);
  Completion completion;
  completion.id = "chatcmpl-" + turn.id.str().substr(turn.id.str().find('_') + 1);
  completion.created = to_seconds(turn.started_at);
  json cards = json::array();
  const auto say = [&](const std::string& text, const json& shown) {
    if (!text.empty()) completion.passages.push_back(text);
    for (const json& card : shown) {
      completion.passages.push_back(passage_of(card, locale));
      cards.push_back(card);
    }
  };
  for (const Message& row : before) say(row.text, json::parse(row.cards_json));
  say(result["reply"]["text"].get<std::string>(), result["reply"]["cards"]);
  completion.usage = usage_of(result["usage"]);
  completion.purser = {
      {"thread_id", turn.thread.str()}, {"turn_id", turn.id.str()},     {"thread_state", result["thread"]["state"]},
      {"cards", std::move(cards)},      {"intents", result["intents"]}, {"refunds", result["refunds"]}};
  return completion;
}

json whole(const Completion& completion) {
  json message{{"role", "assistant"},
               {"content", joined(completion.passages)},
               {"refusal", nullptr},
               {"annotations", json::array()}};
  json answer{{"index", 0}, {"message", std::move(message)}, {"logprobs", nullptr}, {"finish_reason", "stop"}};
  return {{"id", completion.id},
          {"object", "chat.completion"},
          {"created", completion.created},
          {"model", kModel},
          {"choices", json::array({std::move(answer)})},
          {"usage", completion.usage},
          {"purser", completion.purser}};
}

std::string chunks(const Completion& completion, bool include_usage) {
  std::string text;
  const auto write = [&](json delta, json finish_reason, const json& extra) {
    json data = chunk(completion, include_usage);
    data["choices"].push_back(choice(std::move(delta), std::move(finish_reason)));
    if (!extra.is_null()) data["purser"] = extra;
    text += line(data);
  };
  write({{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}}, nullptr, nullptr);
  // One chunk a passage: each was checked as a whole before a byte of it is shown, so smaller ones would gain nothing.
  std::string gap;
  for (const std::string& passage : completion.passages) {
    write({{"content", gap + passage}}, nullptr, nullptr);
    gap = "\n\n";
  }
  write(json::object(), "stop", completion.purser);
  if (include_usage) {
    json usage = chunk(completion, true);
    usage["usage"] = completion.usage;
    text += line(usage);
  }
  return text + "data: [DONE]\n\n";
}

std::string error_chunk(const http::Response& error) {
  return "data: " + error.body + "\n\n";
}

}  // namespace purser::openai
