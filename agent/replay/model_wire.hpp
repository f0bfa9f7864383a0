// The scripted model's side of the wire: what a script says becomes the bytes of an OpenAI-compatible endpoint, and
// what purser sends there is held against the rules of that wire.
#pragma once

#include "agent/replay/quoted.hpp"
#include "gateway/http/client.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace purser::replay {

// Bytes on their way to the daemon, as they come: in pieces, one after the other, and perhaps not all of them.
struct Served {
  http::Reply reply;
  std::vector<std::size_t> ends;         // where the pieces of the body end; empty: it comes in one
  std::chrono::milliseconds first{0};    // before the head
  std::chrono::milliseconds between{0};  // before each further piece
  bool cut = false;                      // the connection is gone after the last of them
  std::string unmet;                     // what of the answer cannot happen: "/fault: the reply has 40 bytes"
};

// The reply to a request, by a script's answer (see ModelSeat), streamed when that was asked for; a fault that leaves
// no reply is an error, and `timed_out` means that nothing comes at all.
Result<Served> model_reply(const nlohmann::json& request, const nlohmann::json& answer, std::int64_t number);

// Requests of a daemon to its model, taken apart. Most of each is the schemas of its tools, the same bytes again and
// again: they are parsed once.
class ModelRequests {
 public:
  // A discarded value when it is no JSON.
  nlohmann::json parse(const std::string& body);

 private:
  std::map<std::string, nlohmann::json, std::less<>> tools_;
};

// What is wrong with a request's history: every call answered once, in the model's order, before anything else is said;
// nothing in it, as it was sent, that a model must not see. `said`: by customers and by the model itself. Empty when
// all is well.
std::vector<std::string> model_request_faults(const nlohmann::json& request, std::string_view sent,
                                              const Quoted& said = {});

// What no log line, no event and no model request may hold: a key, or a link to pay by that nobody said first.
std::string secret_in(std::string_view text, const Quoted& said = {});

}  // namespace purser::replay
