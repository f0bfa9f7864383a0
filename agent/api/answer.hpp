// Writing answers: JSON bodies, errors with the headers that belong to them, ids of requests.
#pragma once

#include "gateway/crypto/mint.hpp"
#include "gateway/http/message.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace purser::api {

// To a request whose answer, with all that was said, has been taken out since: 410, and nothing is done again.
http::Response erased_answer();
http::Response json_answer(int status, const nlohmann::json& body);
// `body` is JSON text already.
http::Response stored_answer(int status, std::string body);
// An image that nothing in it can turn into a page with scripts.
http::Response image_answer(std::string_view media_type, std::string image);
// With Retry-After where trying again helps, WWW-Authenticate on 401, and Allow (from `param`) on 405.
http::Response error_answer(const Error& error);
// Why an answer of ours is a failure, for the log: the code and the words of its body, which say nothing that its
// client may not read. Empty for one that is none (below 500).
std::string why_of(const http::Response& response);
// A stream of server-sent events; `run` writes them. One that follows a thread is for as long as its client likes; one
// that answers a request ends with the answer, and the daemon stops no earlier.
enum class StreamOf { thread, answer };
http::Response event_stream(StreamOf what, std::function<Task<void>(http::StreamSink)> run);

// The client's X-Request-Id when it is 1 to 128 of [0-9A-Za-z-_.:], else a fresh one.
std::string request_id(const http::Headers& headers, Mint& mint);

}  // namespace purser::api
