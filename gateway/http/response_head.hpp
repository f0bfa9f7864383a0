// The head of an answer as bytes.
#pragma once

#include "gateway/http/message.hpp"
#include "validation/money/time.hpp"

#include <string>

namespace purser::http {

// How the end of the body is told.
enum class Framing { length, chunked, until_close };

struct HeadOptions {
  Framing framing = Framing::length;
  bool keep_alive = true;
  bool http_1_0 = false;  // whom keep-alive must be told
};

// 204 and 304 end with their head.
inline bool may_have_body(int status) {
  return status != 204 && status != 304;
}

// Error: internal, naming the header, when a name or value could not be sent as one header, or when the status is not
// one of a final answer. Headers the server sets
// itself (Date, Server, Content-Length, Transfer-Encoding, Connection) are not taken from the response.
Result<std::string> response_head(const Response& response, HeadOptions options, std::string_view date);

// "Mon, 05 Jan 2026 10:00:00 GMT"
std::string http_date(UtcTime time);

}  // namespace purser::http
