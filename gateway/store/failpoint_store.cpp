#include "gateway/store/failpoint_store.hpp"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <unistd.h>

namespace purser {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (auto end = text.find(at); end != std::string_view::npos; end = text.find(at)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

Error malformed(std::string_view text, const char* rule) {
  return Error(Errc::config_bad_value, "fail-point '" + std::string(text) + "': " + rule, "PURSER_FAILPOINT");
}

Result<Failpoint> parse_failpoint(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 4) return malformed(text, "is not WHEN:NAME:N:WHAT");
  Failpoint point;
  if (parts[0] != "before" && parts[0] != "after") return malformed(text, "WHEN is before or after");
  point.when = parts[0] == "before" ? Failpoint::When::before : Failpoint::When::after;
  if (parts[1].empty()) return malformed(text, "NAME is a batch's name or *");
  point.name = parts[1];
  const char* end = parts[2].data() + parts[2].size();
  const auto [stop, error] = std::from_chars(parts[2].data(), end, point.nth);
  if (error != std::errc() || stop != end || point.nth < 1) return malformed(text, "N is a number from 1");
  if (parts[3] != "fail" && parts[3] != "kill") return malformed(text, "WHAT is fail or kill");
  point.what = parts[3] == "fail" ? Failpoint::What::fail : Failpoint::What::kill;
  return point;
}

[[noreturn]] void kill_self() {
  ::kill(::getpid(), SIGKILL);
  std::abort();  // never reached: SIGKILL cannot be held off
}

}  // namespace

Result<std::vector<Failpoint>> parse_failpoints(std::string_view text) {
  std::vector<Failpoint> points;
  for (const std::string_view one : split(text, ',')) {
    auto point = parse_failpoint(one);
    if (!point) return point.error();
    points.push_back(*std::move(point));
  }
  return points;
}

FailpointStore::FailpointStore(std::unique_ptr<Store> store, std::vector<Failpoint> points)
    : ForwardingStore(std::move(store)) {
  for (auto& point : points) points_.emplace_back(std::move(point));
}

bool FailpointStore::strikes(Failpoint::When when, const std::string& name) {
  bool fails = false;
  for (Armed& armed : points_) {
    const Failpoint& point = armed.point;
    if (point.when != when || (point.name != "*" && point.name != name)) continue;
    if (++armed.seen != point.nth) continue;
    if (point.what == Failpoint::What::kill) kill_self();
    fails = true;
  }
  return fails;
}

Task<Result<Receipt>> FailpointStore::commit(Batch batch) {
  const std::string name = batch.name;
  if (strikes(Failpoint::When::before, name)) {
    co_return Error(Errc::store_unavailable, "a fail-point before " + name, "failpoint");
  }
  auto receipt = co_await behind().commit(std::move(batch));
  if (receipt.ok() && strikes(Failpoint::When::after, name)) {
    co_return Error(Errc::store_unavailable, "a fail-point after " + name, "failpoint");
  }
  co_return receipt;
}

}  // namespace purser
