// HTTP as plain data, so that nobody above needs Beast. One request or reply is whole in memory; its size is bounded
// where it is read.
#pragma once

#include "gateway/async/task.hpp"
#include "validation/money/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// ASCII letters compared without case, as header names are.
bool equals_ignoring_case(std::string_view a, std::string_view b);
// First value of `name`, compared without case; empty when absent.
std::string_view header(const Headers& headers, std::string_view name);
// What may be written as a header without becoming two: a token, and a value without control characters.
bool is_header_name(std::string_view name);
bool is_header_value(std::string_view value);
// Whether one of the comma-separated words of any `name` header is `word`.
bool header_has_word(const Headers& headers, std::string_view name, std::string_view word);

struct Request {
  std::string method;  // HEAD arrives as GET: the server drops the body of the answer
  std::string target;  // as on the wire: path and query
  std::string path;    // target up to '?', not decoded
  std::string query;   // after '?', not decoded
  Headers headers;
  std::string body;
  std::string peer;  // remote address
  // Returns when the client has closed its side; runs until it is canceled otherwise. For answers that nobody else has
  // use of. May be empty.
  std::function<Task<void>()> client_left;
};

// Writes one piece of a streamed body. Error: connection_lost when the client has gone; stop then.
using StreamSink = std::function<Task<Result<void>>(std::string piece)>;

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // When set, body is ignored: the head is sent, then this runs and writes pieces until it returns. The connection is
  // closed afterwards, and the task is canceled when the client leaves or the server has stopped.
  std::function<Task<void>(StreamSink)> stream;
  // The stream is an answer and ends by itself: a server that stops waits for it as for any other answer. Else the
  // stream is cut at once, and its client goes on elsewhere.
  bool stream_ends = false;
  // The connection is closed without one byte of answer and everything else here is ignored: how the sandbox plays a
  // peer that breaks off.
  bool drop = false;
};

// An answer of the form {"error":{"type","code","message","param"}}; an empty `param` is null.
Response error_response(int status, std::string_view type, std::string_view code, std::string_view message,
                        std::string_view param = {});

// Answers one request. Never throws for bad input; an exception becomes a 500 and is logged.
using Handler = std::function<Task<Response>(Request)>;

}  // namespace purser::http
