// What the tests of the wire asked for.
#pragma once

#include "gateway/llm/wire.hpp"

namespace purser::llm {

inline Asked wire_asked() {
  Asked asked;
  asked.model = "asked-model";
  asked.message_count = 7;
  asked.request_bytes = 400;
  return asked;
}

}  // namespace purser::llm
