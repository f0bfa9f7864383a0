// The scripted model's side of the wire: what a script says becomes the bytes of an OpenAI-compatible endpoint, and
// what purser sends there is held against the rules of that wire.
#pragma once

#include "gateway/http/client.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::replay {

// The reply to a request, by a script's answer (see ModelSeat); a fault that leaves no reply is an error, and
// `timed_out` means that nothing comes at all.
Result<http::Reply> model_reply(const nlohmann::json& request, const nlohmann::json& answer, std::int64_t number);

// What is wrong with a request's history: every call answered once, in the model's order, before anything else is said;
// nothing in it that a model must not see. Empty when all is well.
std::vector<std::string> model_request_faults(const nlohmann::json& request);

// What no log line and no model request may hold.
std::string secret_in(std::string_view text);

}  // namespace purser::replay
