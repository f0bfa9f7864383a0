// The body of POST /v1/threads.
#pragma once

#include "agent/turn/conversations.hpp"

#include <nlohmann/json.hpp>

namespace purser::api {

// {"user": {"id", "openid"?}, "locale"?, "metadata"?}. The locale is zh or en, a region may follow ("zh-CN"); metadata
// is at most 16 strings of 512 bytes under names of 64. Errors: those of JSON values and malformed_id, with a pointer.
Result<NewThread> read_new_thread(TenantId tenant, const nlohmann::json& body);

}  // namespace purser::api
