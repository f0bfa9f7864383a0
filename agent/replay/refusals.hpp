// What the daemon refuses without a step that says so was not meant to be refused.
#pragma once

#include <string>

namespace purser::replay {

// How an answer is told that no step expects; empty when the request ("POST /v1/threads") was taken.
std::string unsaid_refusal(const std::string& request, int status, const std::string& body);

}  // namespace purser::replay
