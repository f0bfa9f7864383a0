#include "gateway/redis/redis.hpp"

#include "gateway/async/run_on.hpp"
#include "gateway/http/url.hpp"
#include "gateway/log.hpp"

#include <charconv>
#include <hiredis/hiredis.h>
#include <utility>

namespace purser {
namespace {

constexpr std::string_view kScheme = "redis://";
constexpr int kDepthMax = 4;

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ReplyHandle = std::unique_ptr<redisReply, FreeReply>;

timeval time_of(Millis time) {
  timeval out{};
  out.tv_sec = static_cast<time_t>(time.count() / 1'000);
  out.tv_usec = static_cast<suseconds_t>(time.count() % 1'000 * 1'000);
  return out;
}

bool read_number(std::string_view text, int& out, int min, int max) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc() && end == text.data() + text.size() && out >= min && out <= max;
}

RedisReply read(const redisReply& from, int depth = 0) {
  RedisReply out;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      out.value = static_cast<std::int64_t>(from.integer);
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.value = std::string(from.str, from.len);
      break;
    case REDIS_REPLY_ARRAY: {
      std::vector<RedisReply> list;
      for (std::size_t i = 0; depth < kDepthMax && i < from.elements; ++i)
        list.push_back(read(*from.element[i], depth + 1));
      out.value = std::move(list);
      break;
    }
    default:
      break;
  }
  return out;
}

}  // namespace

Result<RedisAddress> RedisAddress::parse(std::string_view url) {
  const Error refused(Errc::malformed_text, "redis://[user:password@]host:port[/database]");
  if (!url.starts_with(kScheme)) return refused;
  url.remove_prefix(kScheme.size());
  RedisAddress out;
  if (const auto slash = url.find('/'); slash != std::string_view::npos) {
    const std::string_view database = url.substr(slash + 1);
    if (!database.empty() && !read_number(database, out.database, 0, 15)) return refused;
    url = url.substr(0, slash);
  }
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = url.substr(0, at);
    const auto colon = login.find(':');
    if (colon == std::string_view::npos) return refused;
    auto user = http::percent_decode(login.substr(0, colon));
    auto password = http::percent_decode(login.substr(colon + 1));
    if (!user || !password || password->empty()) return refused;
    out.user = std::move(*user);
    out.password = Secret(std::move(*password));
    url.remove_prefix(at + 1);
  }
  const auto colon = url.rfind(':');
  const bool bracket = url.ends_with(']');
  if (colon != std::string_view::npos && !bracket) {
    if (!read_number(url.substr(colon + 1), out.port, 1, 65'535)) return refused;
    url = url.substr(0, colon);
  }
  if (url.starts_with('[') && url.ends_with(']')) url = url.substr(1, url.size() - 2);
  if (url.empty() || url.find_first_of("[]?# ") != std::string_view::npos) return refused;
  out.host = url;
  return out;
}

// Lives on the pool's one thread.
class Redis::Connection {
 public:
  Connection(RedisAddress address, Millis time_max) : address_(std::move(address)), time_max_(time_max) {}

  Result<RedisReply> command(const std::vector<std::string>& words) {
    if (auto open = ensure_open(); !open) return open.error();
    return ask(words);
  }

  asio::thread_pool pool{1};

 private:
  Result<void> ensure_open() {
    if (context_) return success();
    context_.reset(redisConnectWithTimeout(address_.host.c_str(), address_.port, time_of(time_max_)));
    if (!context_ || context_->err != 0) return lost(Errc::connect_failed);
    redisSetTimeout(context_.get(), time_of(time_max_));
    std::vector<std::vector<std::string>> first;
    if (!address_.password.empty()) {
      std::vector<std::string> auth{"AUTH"};
      if (!address_.user.empty()) auth.push_back(address_.user);
      auth.push_back(std::string(address_.password.reveal()));
      first.push_back(std::move(auth));
    }
    if (address_.database != 0) first.push_back({"SELECT", std::to_string(address_.database)});
    for (const auto& words : first) {
      auto done = ask(words);
      if (done) continue;
      context_.reset();
      return Error(Errc::connect_failed, "Redis refuses: " + done.error().message);
    }
    return success();
  }

  Result<RedisReply> ask(const std::vector<std::string>& words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string& word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    const ReplyHandle reply(static_cast<redisReply*>(
        redisCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(), sizes.data())));
    if (!reply) return lost(Errc::connection_lost);
    if (reply->type == REDIS_REPLY_ERROR) return Error(Errc::reply_malformed, std::string(reply->str, reply->len));
    return read(*reply);
  }

  // A connection that broke may hold half an answer: the next command begins with a new one.
  Error lost(Errc code) {
    std::string why = context_ ? context_->errstr : "no memory";
    context_.reset();
    return {code, "Redis: " + why};
  }

  RedisAddress address_;
  Millis time_max_;
  std::unique_ptr<redisContext, FreeContext> context_;
};

Redis::Redis(RedisAddress address, Clock& clock, Limits limits)
    : clock_(clock),
      limits_(limits),
      connection_(std::make_unique<Connection>(std::move(address), limits.command_time_max)) {}

Redis::~Redis() {
  connection_->pool.join();
}

std::optional<Error> Redis::paused() const {
  if (clock_.now() >= not_before_) return std::nullopt;
  return Error(Errc::connect_failed, "Redis did not answer a moment ago");
}

void Redis::note(const Error& why) {
  if (why.code == Errc::reply_malformed) return;  // it answered
  not_before_ = clock_.now() + limits_.pause;
  log::warn("redis.lost", {{"why", why.message}});
}

Task<Result<RedisReply>> Redis::command(std::vector<std::string> words) {
  if (auto waiting = paused()) co_return *waiting;
  Connection* to = connection_.get();
  auto job = [to, words = std::move(words)] { return to->command(words); };
  Result<RedisReply> reply = co_await run_on(clock_, to->pool, std::move(job));
  if (!reply) note(reply.error());
  co_return reply;
}

Task<Result<void>> Redis::command(std::vector<std::string> words, Take take) {
  if (auto waiting = paused()) co_return *waiting;
  Connection* to = connection_.get();
  auto job = [to, words = std::move(words), take = std::move(take)]() -> Result<void> {
    auto reply = to->command(words);
    if (!reply) return reply.error();
    take(*reply);
    return success();
  };
  Result<void> done = co_await run_on(clock_, to->pool, std::move(job));
  if (!done) note(done.error());
  co_return done;
}

}  // namespace purser
