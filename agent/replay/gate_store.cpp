#include "agent/replay/gate_store.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace purser::replay {

Task<Result<Receipt>> GateStore::commit(Batch batch) {
  const std::size_t turns = hooks_.delay ? hooks_.delay() : 0;
  auto ex = co_await asio::this_coro::executor;
  for (std::size_t i = 0; i < turns; ++i) co_await asio::post(ex, asio::use_awaitable);
  if (!life_->up || hooks_.before(batch.name)) co_return Errc::store_unavailable;
  const Batch written = batch;
  auto receipt = co_await behind().commit(std::move(batch));
  if (!receipt) co_return receipt;
  // What is durable is mirrored, also when the daemon died while it was being written.
  const bool strikes = hooks_.after(written, *receipt);
  if (!life_->up || strikes) co_return Errc::store_unavailable;
  co_return receipt;
}

}  // namespace purser::replay
