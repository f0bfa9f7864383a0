// The head of a request, from raw bytes to an admitted request or a refusal. Pure: no socket, no time. The order of the
// checks is the contract; whoever is refused is answered and disconnected, and no second request is ever read from the
// same bytes. Beast 1.81 alone would accept messages that two readers split differently, so bodies are framed by one
// plain Content-Length or not at all.
#pragma once

#include "gateway/http/message.hpp"
#include "gateway/http/server.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace purser::http {

struct Refusal {
  int status = 400;
  std::string_view rule;   // a literal
  std::string_view param;  // the header it is about, a literal; may be empty
};

// Finds the end of the head in bytes that arrive in pieces, and refuses early what no reader may be allowed to guess
// about: lines not ended by CRLF, folded lines, control characters, and heads over the limit.
class HeadScan {
 public:
  explicit HeadScan(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  struct More {};
  struct Whole {
    std::size_t size;  // of the head, with its empty line
  };
  using Seen = std::variant<More, Whole, Refusal>;

  // `received` starts at the first byte of the request and only grows from call to call.
  Seen look(std::string_view received);

 private:
  Seen over_limit() const;

  std::size_t bytes_max_;
  std::size_t seen_ = 0;
  std::size_t line_ = 0;  // where the current line begins
};

struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  std::uint64_t body_bytes = 0;
  bool http_1_0 = false;
  bool keep_alive = false;
  bool expects_continue = false;
};

// `block` is a whole head that HeadScan has let pass.
std::variant<RequestHead, Refusal> admit(std::string_view block, const ServerLimits& limits);

}  // namespace purser::http
