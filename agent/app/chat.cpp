#include "agent/app/api_client.hpp"
#include "agent/app/commands.hpp"
#include "agent/app/daemon.hpp"
#include "agent/app/process.hpp"
#include "agent/app/transcript.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <filesystem>
#include <iostream>
#include <istream>
#include <unistd.h>

namespace purser {

namespace {

using nlohmann::json;

// How often a running chat looks for what the shop says by itself.
constexpr std::chrono::milliseconds kLook{200};

constexpr const char* kHelp =
    "/pay      pay the open order, as the phone would (sandbox only)\n"
    "/wait N   let N seconds pass (sandbox only)\n"
    "/quit     leave\n";

class Chat {
 public:
  Chat(asio::any_io_executor executor, http::Client& http, Clock& clock, http::Origin api, std::string key,
       std::string sandbox_url, const std::string& locale)
      : clock_(clock),
        executor_(executor),
        input_(executor, ::dup(STDIN_FILENO)),
        shown_(std::cout, ::isatty(STDOUT_FILENO) == 1, locale),
        client_(http, clock, std::move(api), std::move(key),
                "chat-" + crypto::hex_lower(crypto::random_bytes(8)) + "-"),
        sandbox_url_(std::move(sandbox_url)),
        locale_(locale) {}

  Task<Result<void>> run() {
    const std::string user = "terminal-" + crypto::hex_lower(crypto::random_bytes(6));
    auto thread = co_await client_.create_thread(user, "", locale_);
    if (!thread) co_return thread.error();
    thread_ = thread->value("id", "");
    TaskGroup group(executor_, clock_, [](std::string_view, std::exception_ptr) {});
    auto listening = group.spawn("listen", listen());
    if (!listening) co_return listening;
    std::cout << (locale_ == "zh"
                      ? "说点什么吧，例如：来两包龙井茶。输入 /help 查看命令。\n"
                      : "Say something, for example: two packs of Longjing tea. /help lists the commands.\n");
    for (;;) {
      std::cout << "> " << std::flush;
      auto line = co_await read_line();
      if (!line || *line == "/quit") break;
      if (line->empty()) continue;
      Result<void> done = co_await obey(*line);
      if (!done) shown_.problem(done.error().message);
    }
    ended_ = true;
    co_await group.stop(kLook);
    co_return success();
  }

 private:
  Task<Result<std::string>> read_line() {
    boost::system::error_code code;
    auto token = asio::redirect_error(asio::use_awaitable, code);
    co_await asio::async_read_until(input_, buffer_, '\n', std::move(token));
    if (code && buffer_.size() == 0) co_return Error(Errc::canceled);
    std::istream stream(&buffer_);
    std::string line;
    std::getline(stream, line);
    co_return line;
  }

  Task<Result<void>> obey(std::string line) {
    if (line == "/help") {
      std::cout << kHelp;
      co_return success();
    }
    if (line == "/pay" || line.starts_with("/wait")) co_return co_await control(std::move(line));
    if (line.starts_with("/")) co_return Error(Errc::request_malformed, "no such command; /help lists them");
    const auto start = clock_.now();
    busy_ = true;
    auto turn = co_await client_.say(thread_, std::move(line));
    busy_ = false;
    if (!turn) co_return turn.error();
    shown_.reply((*turn)["reply"], std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - start));
    for (const json& intent : (*turn)["intents"])
      if (intent.value("state", "") == "awaiting_payment") open_number_ = intent["order"].value("out_trade_no", "");
    co_return co_await skip_heard();
  }

  Task<Result<void>> control(std::string line) {
    if (sandbox_url_.empty())
      co_return Error(Errc::request_malformed, "only a purser of its own on the sandbox takes this command");
    std::string path = "/sandbox/pay";
    json body = {{"out_trade_no", open_number_}};
    if (line == "/pay" && open_number_.empty()) co_return Error(Errc::not_found, "there is nothing to pay");
    if (line != "/pay") {
      path = "/sandbox/clock";
      body = {{"advance", (line.size() > 6 ? line.substr(6) : std::string("300")) + "s"}};
    }
    auto rail = http::Origin::parse(sandbox_url_);
    if (!rail) co_return rail.error();
    auto done = co_await client_.control(std::move(*rail), std::move(path), std::move(body));
    if (!done) co_return done.error();
    co_return success();
  }

  Task<Result<void>> skip_heard() {
    auto page = co_await client_.messages(thread_, heard_);
    if (!page) co_return page.error();
    for (const json& message : (*page)["data"]) heard_ = message.value("seq", heard_);
    co_return success();
  }

  // Shows what the shop says without being asked: payments that arrive, orders that expire.
  Task<void> listen() {
    while (!ended_) {
      const auto next = clock_.now() + kLook;
      auto slept = co_await clock_.sleep_until(next);
      if (!slept) co_return;
      if (busy_) continue;
      const auto since = heard_;
      auto page = co_await client_.messages(thread_, since);
      // A turn may have begun while this was being read: what it says is its own.
      if (!page || busy_ || heard_ != since) continue;
      for (const json& message : (*page)["data"]) {
        heard_ = message.value("seq", heard_);
        if (message.value("role", "") != "assistant") continue;
        std::cout << "\n";
        const json reply = {{"text", message["text"]}, {"cards", message["cards"]}};
        shown_.reply(reply, std::chrono::milliseconds(-1));
        std::cout << "> " << std::flush;
      }
    }
  }

  Clock& clock_;
  asio::any_io_executor executor_;
  asio::posix::stream_descriptor input_;
  asio::streambuf buffer_;
  Transcript shown_;
  ApiClient client_;
  std::string sandbox_url_;
  std::string locale_;
  std::string thread_;
  std::string open_number_;
  std::int64_t heard_ = 0;
  bool busy_ = false;
  bool ended_ = false;
};

Task<Result<void>> talk_to(asio::any_io_executor executor, SystemClock& clock, const ChatCommand& command) {
  auto origin = http::Origin::parse(command.url);
  if (!origin) co_return origin.error();
  auto client = http::make_client(executor, clock, http::ClientLimits(), "");
  if (!client) co_return client.error();
  Chat chat(executor, **client, clock, std::move(*origin), command.key, "", command.locale);
  co_return co_await chat.run();
}

Task<Result<void>> talk_alone(asio::any_io_executor executor, SystemClock& clock, const ChatCommand& command,
                              Settings settings) {
  auto daemon = Daemon::make(executor, clock, std::move(settings), DaemonOptions());
  if (!daemon) co_return daemon.error();
  auto started = co_await (*daemon)->start();
  if (started) {
    Chat chat(executor, (*daemon)->http(), clock, http::Origin::parse((*daemon)->url()).value(), (*daemon)->made_key(),
              (*daemon)->sandbox_url(), command.locale);
    started = co_await chat.run();
  }
  co_await (*daemon)->stop();
  co_return started;
}

}  // namespace

int chat(const ChatCommand& command) {
  std::string folder;
  Settings settings;
  if (command.url.empty()) {
    SettingsSources sources = command.sources;
    folder = (std::filesystem::temp_directory_path() / "purser-chat-XXXXXX").string();
    if (!::mkdtemp(folder.data())) {
      std::cerr << "purser chat: no temporary folder can be made\n";
      return 1;
    }
    // Its own daemon is for trying things out: a database of its own, any free port, and no keys of a running shop.
    sources.sets.insert(sources.sets.begin(), {"server.listen=127.0.0.1:0", "server.admin_listen=127.0.0.1:0",
                                               "log.level=error", "database.url=sqlite://" + folder + "/chat.db"});
    const LoadedSettings loaded = load_settings(sources);
    if (!loaded.ok()) {
      std::cerr << report_text(loaded);
      return 2;
    }
    settings = loaded.settings;
    settings.auth.api_keys = Secret();
    (void)log::configure(settings.log);
  }
  SystemClock clock;
  Result<void> done;
  {
    asio::io_context loop(1);
    const auto executor = loop.get_executor();
    const auto ended = [&](std::exception_ptr error, Result<void> result) {
      done = error ? Result<void>(Error(Errc::internal, what_of(error))) : std::move(result);
    };
    if (command.url.empty())
      asio::co_spawn(loop, talk_alone(executor, clock, command, std::move(settings)), ended);
    else
      asio::co_spawn(loop, talk_to(executor, clock, command), ended);
    loop.run();
  }
  std::error_code ignored;
  if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
  if (!done) std::cerr << "purser chat: " << done.error().message << "\n";
  return done ? 0 : 1;
}

}  // namespace purser
