#include "agent/app/rail_bill.hpp"

#include "agent/app/process.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/pay/wechat/channel.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>

namespace purser {
namespace {

constexpr std::chrono::minutes kBillWithin{2};
constexpr std::size_t kPackedBytesMax = 64U << 20;

Task<Result<RailBills>> both(wechat::WechatChannel& channel, std::string date, Deadline limit) {
  RailBills bills;
  auto trade = co_await channel.trade_bill(date, limit);
  if (!trade) co_return trade.error();
  bills.trade = std::move(*trade);
  auto flow = co_await channel.flow_bill(date, limit);
  if (!flow) co_return flow.error();
  bills.flow = std::move(*flow);
  co_return bills;
}

}  // namespace

Result<RailBills> fetch_bills(const WechatSettings& settings, const std::string& date) {
  if (settings.mchid.empty()) {
    return Error(Errc::config_bad_value, "without a merchant account there is no rail to ask: name the bill's file",
                 "wechat.mchid");
  }
  wechat::LoadedKeys loaded = wechat::load_keys(settings);
  if (!loaded.mistakes.empty()) return loaded.mistakes.front();
  SystemClock clock;
  asio::io_context loop(1);
  http::ClientLimits limits;
  limits.reply_bytes_max = kPackedBytesMax;
  auto client = http::make_client(loop.get_executor(), clock, limits, settings.ca_file);
  if (!client) return client.error();
  crypto::SystemMint mint(loaded.keys.apiv3);
  asio::thread_pool signer(1);
  auto channel =
      wechat::WechatChannel::make(settings, std::move(loaded.keys), {**client, clock, signer, mint}, "", false);
  if (!channel) return channel.error();

  Result<RailBills> bills(Errc::internal);
  const Deadline limit = Deadline::after(clock, kBillWithin);
  asio::co_spawn(loop, both(**channel, date, limit), [&](std::exception_ptr error, Result<RailBills> result) {
    loop.stop();  // a connection that is kept for the next call would hold it up
    bills = error ? Result<RailBills>(Error(Errc::internal, what_of(error))) : std::move(result);
  });
  loop.run();
  signer.join();
  return bills;
}

}  // namespace purser
