// purser's own HTTP API from the client's side, as the demo, the terminal chat and tests of the whole use it.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/http/client.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace purser {

class ApiClient {
 public:
  // `http` and `clock` outlive the client. `key_prefix` makes this client's Idempotency-Keys its own.
  ApiClient(http::Client& http, Clock& clock, http::Origin origin, std::string api_key, std::string key_prefix);

  // Each returns the body of a 2xx answer; any other answer is an Error with the API's own message.
  Task<Result<nlohmann::json>> create_thread(std::string user, std::string openid, std::string locale);
  Task<Result<nlohmann::json>> say(std::string thread, std::string text);
  Task<Result<nlohmann::json>> intent(std::string id);
  Task<Result<nlohmann::json>> messages(std::string thread, std::int64_t after);
  // POST without a key of its own: the sandbox's control calls.
  Task<Result<nlohmann::json>> control(http::Origin sandbox, std::string path, nlohmann::json body);

 private:
  Task<Result<nlohmann::json>> send(http::Call call, std::chrono::seconds patience);
  http::Call call(std::string method, std::string path);

  http::Client& http_;
  Clock& clock_;
  http::Origin origin_;
  std::string api_key_;
  std::string key_prefix_;
  std::int64_t keys_used_ = 0;
};

}  // namespace purser
