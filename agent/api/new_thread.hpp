// The body of POST /v1/threads.
#pragma once

#include "agent/identity/caller.hpp"
#include "agent/turn/conversations.hpp"

#include <nlohmann/json.hpp>

namespace purser::api {

// {"user": {"id", "openid"?}, "locale"?, "metadata"?}. The locale is zh or en, a region may follow ("zh-CN"); metadata
// is at most 16 strings of 512 bytes under names of 64; pay_with and client_ip among them say how payments are made
// (tools/cashier/decisions.hpp). A token that stands for a user names him itself: the body may then say the same or
// nothing. Errors: those of JSON values, malformed_id and
// request_malformed, with a pointer.
Result<NewThread> read_new_thread(const Caller& caller, const nlohmann::json& body);

}  // namespace purser::api
