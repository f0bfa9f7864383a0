#include "gateway/store/metered_store.hpp"

#include <string>
#include <variant>

namespace purser {
namespace {

struct Written {
  std::string kind;
  std::string currency;
  std::int64_t minor_units = 0;
};

std::vector<Written> ledger_lines(const Batch& batch) {
  std::vector<Written> out;
  for (const Operation& operation : batch.operations) {
    const auto* line = std::get_if<op::PostLedger>(&operation);
    if (line == nullptr) continue;
    out.push_back({line->row.kind, std::string(line->row.amount.currency().code()), line->row.amount.minor()});
  }
  return out;
}

}  // namespace

Task<Result<Receipt>> MeteredStore::commit(Batch batch) {
  const auto began = clock_.now();
  const std::vector<Written> lines = ledger_lines(batch);
  auto done = co_await behind().commit(std::move(batch));
  const std::chrono::duration<double> took = clock_.now() - began;
  metrics_.observe(kCommitTime, {}, took.count());
  metrics_.add(kCommits, {{"outcome", done ? "committed" : std::string(code_of(done.code()))}});
  refuses_ = !done && done.code() == Errc::store_unavailable;
  if (!done) co_return done;
  for (const StreamEvent& event : done->events) metrics_.add(kEvents, {{"type", event.type}});
  for (const Written& line : lines) {
    const auto sum = static_cast<std::uint64_t>(line.minor_units < 0 ? -line.minor_units : line.minor_units);
    metrics_.add(kLedger, {{"kind", line.kind}, {"currency", line.currency}}, sum);
  }
  co_return done;
}

}  // namespace purser
