// What a provider's error means, from its status and from the error object in whatever shape it came.
#pragma once

#include "gateway/llm/nested_error.hpp"
#include "gateway/llm/wire_fields.hpp"
#include "validation/money/result.hpp"

#include <optional>
#include <string>

namespace purser::llm {

struct Failure {
  Error error;
  bool transient = false;
  bool asked_wrongly = false;  // see Reading
  bool too_long = false;
  std::optional<ErrorClass> nested;
  bool users = false;
  std::string unclear;
};

// The error object inside `root`, when there is one: {"error":{..}}, [{"error":{..}}], {"object":"error",..},
// {"status":"failure",..}, {"error":"text"}.
std::optional<element> find_error(element root);

// `status` is the one of HTTP; when that says success, the status inside the error object counts. The message names
// status, code and type only: a provider's own sentence may quote the key or the conversation.
Failure classify(int status, std::optional<element> error);

}  // namespace purser::llm
