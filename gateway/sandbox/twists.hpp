// What a fault of the script does to an answer or a callback that is otherwise right.
#pragma once

#include "gateway/sandbox/faults.hpp"
#include "gateway/sandbox/signing.hpp"
#include "gateway/sandbox/wire.hpp"

#include <string>

namespace purser::sandbox {

// How the fault spoils the signature; none when it does not.
Twist twist_of(FaultKind kind);
// Changes a transaction or refund, in the API's shape or the callback's, before it is signed; most faults change
// nothing.
void twist_state(json& state, FaultKind kind, Mint& mint);
// Alters one byte so that the JSON stays JSON.
void tamper(std::string& body);

}  // namespace purser::sandbox
