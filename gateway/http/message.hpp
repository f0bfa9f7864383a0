// HTTP as plain data, so that nobody above needs Beast. One request or reply is whole in memory; its size is bounded
// where it is read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/async/task.hpp"
#include "validation/money/result.hpp"

namespace purser::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// First value of `name`, compared without case; empty when absent.
std::string_view header(const Headers& headers, std::string_view name);

struct Request {
  std::string method;
  std::string target;  // as on the wire: path and query
  std::string path;    // target up to '?', not decoded
  std::string query;   // after '?', not decoded
  Headers headers;
  std::string body;
  std::string peer;    // remote address
};

// Writes one piece of a streamed body. Error: connection_lost when the client has gone; stop then.
using StreamSink = std::function<Task<Result<void>>(std::string piece)>;

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // When set, body is ignored: the head is sent, then this runs and writes pieces until it returns. The connection is
  // closed afterwards, and the task is canceled when the client leaves or the server stops.
  std::function<Task<void>(StreamSink)> stream;
  // The connection is closed without one byte of answer and everything else here is ignored: how the sandbox plays a
  // peer that breaks off.
  bool drop = false;
};

// Answers one request. Never throws for bad input; an exception becomes a 500 and is logged.
using Handler = std::function<Task<Response>(Request)>;

}  // namespace purser::http
