#include "agent/app/access.hpp"
#include "agent/app/api_client.hpp"
#include "agent/app/commands.hpp"
#include "agent/app/daemon.hpp"
#include "agent/app/transcript.hpp"
#include "gateway/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace purser {

namespace {

using nlohmann::json;

// A webhook that has not made the thread speak by then never will.
constexpr std::chrono::seconds kStepWithin{15};
constexpr std::chrono::milliseconds kLookEvery{5};

// What the customer says, in both languages.
struct Script {
  const char* look;
  const char* buy;
  const char* ask;
  const char* torn;
  const char* greedy;
  const char* other;
  const char* renew;
  const char* thanks;
};

constexpr Script kEnglish{"Hi! What do you have?",
                          "Two packs of Longjing tea, please.",
                          "Did my payment arrive?",
                          "One pack arrived torn. Please refund one Longjing tea.",
                          "Actually, refund me 500 yuan.",
                          "And a celadon tea cup, please.",
                          "Please renew it.",
                          "Thank you!"};
constexpr Script kChinese{"你好！有什么商品？", "来两包龙井茶",     "我付的钱到了吗？", "有一包破了，请退一包龙井茶",
                          "再给我退款500元",    "再来一个青瓷茶杯", "重新生成付款",     "谢谢！"};

class Demo {
 public:
  Demo(Daemon& daemon, SystemClock& clock, const DemoCommand& command, http::Origin api, http::Origin rail)
      : daemon_(daemon),
        clock_(clock),
        zh_(command.locale.starts_with("zh")),
        quiet_(command.json),
        script_(zh_ ? kChinese : kEnglish),
        shown_(std::cout, !command.json && ::isatty(STDOUT_FILENO) == 1, command.locale),
        client_(daemon.http(), clock, std::move(api), daemon.made_key(), "demo-"),
        rail_(std::move(rail)) {}

  Task<Result<void>> play() {
    const std::string locale = zh_ ? "zh" : "en";
    auto thread = co_await client_.create_thread("demo-customer", "", locale);
    if (!thread) co_return thread.error();
    thread_ = thread->value("id", "");

    heading("一次购买", "A purchase");
    Result<void> step = co_await say(script_.look);
    if (step) step = co_await say(script_.buy);
    if (step) step = co_await say(script_.ask);
    if (step) step = co_await pay();
    if (!step) co_return step;

    heading("部分退款，和一次被拒绝的退款", "A partial refund, and one that is refused");
    step = co_await say(script_.torn);
    if (step) step = co_await hear();
    if (step) step = co_await say(script_.greedy);
    if (!step) co_return step;

    heading("过期与续订", "An order that expires and is renewed");
    step = co_await say(script_.other);
    if (step) step = co_await let_it_expire();
    if (step) step = co_await say(script_.renew);
    if (step) step = co_await pay();
    if (step) step = co_await say(script_.thanks);
    if (!step) co_return step;
    co_return co_await count();
  }

  const json& result() const { return result_; }
  bool ok() const { return result_.value("ok", false); }

 private:
  void heading(std::string_view zh, std::string_view en) {
    if (!quiet_) shown_.heading(zh_ ? zh : en);
  }
  void aside(std::string_view zh, std::string_view en) {
    if (!quiet_) shown_.aside(zh_ ? zh : en);
  }
  std::chrono::milliseconds since(Clock::time_point start) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - start);
  }

  Task<Result<void>> say(std::string text) {
    if (!quiet_) shown_.user(text);
    const auto start = clock_.now();
    auto turn = co_await client_.say(thread_, text);
    if (!turn) co_return turn.error();
    turns_.push_back({{"user", text}, {"reply", (*turn)["reply"]}, {"ms", since(start).count()}});
    if (!quiet_) shown_.reply((*turn)["reply"], since(start));
    for (const json& intent : (*turn)["intents"])
      if (intent.value("state", "") == "awaiting_payment") open_ = intent;
    co_return co_await skip_heard();
  }

  // Everything said so far has been shown: what comes after it was said by itself.
  Task<Result<void>> skip_heard() {
    auto page = co_await client_.messages(thread_, heard_);
    if (!page) co_return page.error();
    for (const json& message : (*page)["data"]) heard_ = message.value("seq", heard_);
    co_return success();
  }

  // Waits until the shop speaks by itself: a webhook, an expiry.
  Task<Result<void>> hear() {
    const auto start = clock_.now();
    while (clock_.now() - start < kStepWithin) {
      auto page = co_await client_.messages(thread_, heard_);
      if (!page) co_return page.error();
      for (const json& message : (*page)["data"]) {
        heard_ = message.value("seq", heard_);
        if (message.value("role", "") != "assistant") continue;
        const json reply = {{"text", message["text"]}, {"cards", message["cards"]}};
        turns_.push_back({{"event", true}, {"reply", reply}, {"ms", since(start).count()}});
        if (!quiet_) shown_.reply(reply, since(start));
        co_return success();
      }
      const auto next = clock_.now() + kLookEvery;
      (void)co_await clock_.sleep_until(next);
    }
    co_return Error(Errc::timed_out, "the shop did not speak");
  }

  Task<Result<void>> pay() {
    aside("顾客用手机付款；微信支付发来签名并加密的通知",
          "the customer pays on the phone; the rail sends its signed, encrypted webhook");
    json body = {{"out_trade_no", open_["order"]["out_trade_no"]}};
    auto paid = co_await client_.control(rail_, "/sandbox/pay", std::move(body));
    if (!paid) co_return paid.error();
    co_return co_await hear();
  }

  Task<Result<void>> let_it_expire() {
    aside("五分钟过去了，没有付款", "five minutes pass, nobody pays");
    // Daemon and sandbox share this process's clock: both see the same five minutes go by.
    clock_.skip(std::chrono::minutes(5));
    co_return co_await hear();
  }

  Task<Result<void>> count();
  void print_ledger(const LedgerTotals& totals, bool chain_holds);

  Daemon& daemon_;
  SystemClock& clock_;
  bool zh_;
  bool quiet_;
  Script script_;
  Transcript shown_;
  ApiClient client_;
  http::Origin rail_;
  std::string thread_;
  std::int64_t heard_ = 0;
  json open_;
  json turns_ = json::array();
  json result_;
};

json summary(const PaymentIntent& intent) {
  return {{"id", intent.id.str()},
          {"state", to_string(intent.state)},
          {"amount", intent.amount.minor()},
          {"captured", intent.captured.minor()},
          {"refunded", intent.refunded.minor()},
          {"renewed_from", intent.renewed_from.str()}};
}

// The story is only good if the books say the same: three intents, one refund, and not a fen more or less.
Task<Result<void>> Demo::count() {
  const ThreadId id = ThreadId::trusted(thread_);
  auto intents = co_await daemon_.store().intents_of_thread(id, 10);
  if (!intents) co_return intents.error();
  auto refunds = co_await daemon_.store().refunds_of_thread(id, 10);
  if (!refunds) co_return refunds.error();
  const TenantId tenant = TenantId::trusted(std::string(kOwnTenant));
  auto totals = co_await daemon_.store().ledger_totals(tenant);
  if (!totals) co_return totals.error();
  auto chain = co_await daemon_.store().verify_ledger();

  json listed = json::array();
  std::int64_t captured = 0;
  std::int64_t paid = 0;
  std::int64_t expired = 0;
  for (const PaymentIntent& intent : *intents) {
    listed.push_back(summary(intent));
    captured += intent.captured.minor();
    paid += intent.state == IntentState::succeeded ? 1 : 0;
    expired += intent.state == IntentState::expired ? 1 : 0;
  }
  json given_back = json::array();
  std::int64_t refunded = 0;
  for (const Refund& refund : *refunds) {
    given_back.push_back(
        {{"id", refund.id.str()}, {"state", to_string(refund.state)}, {"amount", refund.amount.minor()}});
    if (refund.state == RefundState::succeeded) refunded += refund.amount.minor();
  }
  const bool as_told = intents->size() == 3 && paid == 2 && expired == 1 && refunds->size() == 1 && refunded > 0 &&
                       refunded * 2 == intents->back().captured.minor();
  const bool balanced = totals->captured == captured && totals->refunded == refunded && totals->entries == 3;
  result_ = {{"turns", turns_},
             {"intents", std::move(listed)},
             {"refunds", std::move(given_back)},
             {"ledger",
              {{"captured", totals->captured},
               {"refunded", totals->refunded},
               {"entries", totals->entries},
               {"chain_holds", chain.ok()}}},
             {"ok", as_told && balanced && chain.ok()}};
  if (!quiet_) print_ledger(*totals, chain.ok());
  co_return success();
}

void Demo::print_ledger(const LedgerTotals& totals, bool chain_holds) {
  const auto cny = [](std::int64_t fen) { return Money(fen, Currency::cny()).display(); };
  shown_.heading(zh_ ? "账本" : "The ledger");
  const std::string rest = cny(totals.captured - totals.refunded);
  std::cout << (zh_ ? "  收款 " : "  captured ") << cny(totals.captured) << (zh_ ? "，退款 " : ", refunded ")
            << cny(totals.refunded) << (zh_ ? "，净额 " : ", kept ") << rest << (zh_ ? "，分录 " : ", entries ")
            << totals.entries << (zh_ ? "，哈希链 " : ", hash chain ") << (chain_holds ? "ok" : "BROKEN") << "\n\n";
}

Settings demo_settings(const std::string& folder) {
  Settings settings;
  settings.server.listen = settings.server.admin_listen = "127.0.0.1:0";
  settings.store.url = Secret("sqlite://" + folder + "/demo.db");
  return settings;
}

Task<int> run(asio::any_io_executor executor, SystemClock& clock, const DemoCommand& command, std::string folder) {
  auto daemon = Daemon::make(executor, clock, demo_settings(folder), DaemonOptions());
  if (!daemon) {
    std::cerr << "purser demo: " << daemon.error().message << "\n";
    co_return 1;
  }
  auto started = co_await (*daemon)->start();
  Result<void> played = started;
  int code = 1;
  if (started) {
    Demo story(**daemon, clock, command, http::Origin::parse((*daemon)->url()).value(),
               http::Origin::parse((*daemon)->sandbox_url()).value());
    played = co_await story.play();
    if (played && command.json) std::cout << story.result().dump(2) << "\n";
    if (played && story.ok()) code = 0;
    if (played && !story.ok()) std::cerr << "purser demo: the ledger is not as told\n";
  }
  if (!played) std::cerr << "purser demo: " << played.error().message << "\n";
  co_await (*daemon)->stop();
  co_return code;
}

// The same shop, and the visitor plays the customer.
Task<int> run_web(asio::any_io_executor executor, SystemClock& clock, DemoCommand command, std::string folder) {
  asio::signal_set signals(executor, SIGTERM, SIGINT);
  DaemonOptions options;
  options.demo_chat = true;
  auto daemon = Daemon::make(executor, clock, demo_settings(folder), std::move(options));
  Result<void> started = daemon ? success() : Result<void>(daemon.error());
  if (started) started = co_await (*daemon)->start();
  if (!started) {
    std::cerr << "purser demo: " << started.error().message << "\n";
    co_return 1;
  }
  const std::string page = (*daemon)->url() + "/chat";
  if (command.json) {
    std::cout << json{{"chat", page}}.dump() << std::endl;
  } else if (command.locale.starts_with("zh")) {
    std::cout << "在浏览器中打开 " << page << "（按 Ctrl-C 结束）" << std::endl;
  } else {
    std::cout << "open " << page << " in a browser (Ctrl-C ends it)" << std::endl;
  }
  (void)co_await signals.async_wait(asio::use_awaitable);
  signals.clear();
  co_await (*daemon)->stop();
  co_return 0;
}

}  // namespace

int demo(const DemoCommand& command) {
  std::string folder = (std::filesystem::temp_directory_path() / "purser-demo-XXXXXX").string();
  if (!::mkdtemp(folder.data())) {
    std::cerr << "purser demo: no temporary folder can be made in " << std::filesystem::temp_directory_path() << "\n";
    return 1;
  }
  // A story is read, not its log; what goes wrong is still told.
  LogSettings quiet;
  quiet.level = "error";
  (void)log::configure(quiet);
  SystemClock clock;
  int code = 1;
  {
    asio::io_context loop(1);
    auto play = command.web ? run_web(loop.get_executor(), clock, command, folder)
                            : run(loop.get_executor(), clock, command, folder);
    asio::co_spawn(loop, std::move(play), [&](std::exception_ptr error, int result) {
      code = error ? 1 : result;
      if (error) std::cerr << "purser demo: stopped by a bug\n";
    });
    loop.run();
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return code;
}

}  // namespace purser
