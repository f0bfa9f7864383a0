// A Redis that may be there: shared counts and copies of what is kept elsewhere. Nothing is true because Redis says so;
// when it is lost, slow or wrong, its users go on without it.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"
#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace purser {

// redis://[user:password@]host:port[/database], taken apart.
struct RedisAddress {
  std::string host;
  int port = 6379;
  std::string user;
  Secret password;
  int database = 0;

  // Error: malformed_text with the rule.
  static Result<RedisAddress> parse(std::string_view url);
};

struct RedisReply {
  // nil, a status or bulk text, an integer, or a list of those.
  std::variant<std::monostate, std::string, std::int64_t, std::vector<RedisReply>> value;

  const std::string* text() const { return std::get_if<std::string>(&value); }
  const std::int64_t* number() const { return std::get_if<std::int64_t>(&value); }
  const std::vector<RedisReply>* list() const { return std::get_if<std::vector<RedisReply>>(&value); }
};

class Redis {
 public:
  // A command may take this long, connecting included. After a failure nothing is asked for `pause`: a Redis that hangs
  // costs one command's time now and then, not one each.
  struct Limits {
    Millis command_time_max{100};
    Millis pause{2'000};
  };

  // One connection, used by one thread of its own; made when first needed. `clock` outlives it. Joins its thread.
  Redis(RedisAddress address, Clock& clock, Limits limits);
  ~Redis();
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  // One command, its words as Redis takes them. Errors: connect_failed, at once also within the pause after a failure;
  // connection_lost; reply_malformed with Redis's own words when it answers with an error. It runs to its end whatever
  // happens to the caller.
  Task<Result<RedisReply>> command(std::vector<std::string> words);

  // The same for an answer too long for the loop: `take` reads it on the thread, touches only what it owns, and is not
  // called when there is an error. The answer ends there, too.
  using Take = std::function<void(const RedisReply&)>;
  Task<Result<void>> command(std::vector<std::string> words, Take take);

 private:
  class Connection;
  // Nothing while it may be asked.
  std::optional<Error> paused() const;
  void note(const Error& why);

  Clock& clock_;
  Limits limits_;
  std::unique_ptr<Connection> connection_;
  Clock::time_point not_before_ = Clock::time_point::min();
};

}  // namespace purser
