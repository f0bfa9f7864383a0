#include "gateway/llm/budget.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace purser::llm {
namespace {

using nlohmann::json;

std::int64_t day_of(UtcTime time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

std::int64_t added(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::numeric_limits<std::int64_t>::max();
  return sum;
}

// Tenants choose the names of users, so the parts are told apart by their lengths.
std::string part(const std::string& text) {
  return std::to_string(text.size()) + ":" + text;
}
std::string thread_key(const ModelScope& scope) {
  return "h" + part(scope.tenant) + part(scope.thread);
}
std::string user_key(const ModelScope& scope) {
  return "u" + part(scope.tenant) + part(scope.user);
}
std::string tenant_key(const ModelScope& scope) {
  return "t" + part(scope.tenant);
}
const std::string kTotal = "all";

}  // namespace

std::vector<std::string> Budget::keys(const ModelScope& scope) const {
  return {thread_key(scope), user_key(scope), tenant_key(scope), kTotal};
}

void Budget::begin_day(std::int64_t day) {
  if (day <= day_) return;  // a wall clock that goes back opens no budget again
  day_ = day;
  spent_.clear();
  reservations_.clear();
}

void Budget::book(const ModelScope& scope, std::int64_t day, std::int64_t picousd) {
  if (day != day_) return;
  for (const std::string& key : keys(scope)) spent_[key] = added(spent_[key], picousd);
}

Result<Budget::Ticket> Budget::reserve(const ModelScope& scope, std::int64_t picousd, UtcTime now) {
  begin_day(day_of(now));
  const std::int64_t caps[] = {caps_.thread, caps_.user, caps_.tenant, caps_.total};
  constexpr const char* kNames[] = {"the thread's", "the user's", "the tenant's", "the whole"};
  const auto all = keys(scope);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (caps[i] > 0 && added(spent_[all[i]], picousd) > caps[i])
      return Error(Errc::model_unavailable, std::string(kNames[i]) + " budget for models is spent for today", "budget");
  book(scope, day_, picousd);
  const Ticket ticket = next_++;
  reservations_[ticket] = {scope, picousd, day_, false};
  return ticket;
}

void Budget::settle(Ticket ticket, std::int64_t picousd) {
  const auto found = reservations_.find(ticket);
  if (found == reservations_.end() || found->second.settled) return;
  Reservation& reservation = found->second;
  book(reservation.scope, reservation.day, picousd - reservation.picousd);
  reservation.picousd = picousd;
  reservation.settled = true;
}

std::int64_t Budget::spent_thread(const ModelScope& scope, UtcTime now) const {
  const auto found = spent_.find(thread_key(scope));
  return found == spent_.end() || day_of(now) > day_ ? 0 : found->second;
}

std::int64_t Budget::spent_total(UtcTime now) const {
  const auto found = spent_.find(kTotal);
  return found == spent_.end() || day_of(now) > day_ ? 0 : found->second;
}

std::string Budget::reserve_line(Ticket ticket) const {
  const auto found = reservations_.find(ticket);
  if (found == reservations_.end()) return {};
  const Reservation& r = found->second;
  return json{{"reserve", ticket},        {"day", r.day},         {"picousd", r.picousd},
              {"tenant", r.scope.tenant}, {"user", r.scope.user}, {"thread", r.scope.thread}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string Budget::settle_line(Ticket ticket, std::int64_t picousd) {
  return json{{"settle", ticket}, {"picousd", picousd}}.dump();
}

Result<void> Budget::replay(std::string_view line, UtcTime now) {
  const json entry = json::parse(line, nullptr, false);
  const auto integer = [&](const char* key) {
    return entry.contains(key) && entry[key].is_number_integer() ? entry[key].get<std::int64_t>() : -1;
  };
  const auto text = [&](const char* key) {
    return entry.contains(key) && entry[key].is_string() ? entry[key].get<std::string>() : std::string();
  };
  if (!entry.is_object() || integer("picousd") < 0) return Error(Errc::store_corrupt, "no line of a spend journal");
  begin_day(day_of(now));
  if (const std::int64_t ticket = integer("settle"); ticket > 0) {
    settle(ticket, integer("picousd"));
    return success();
  }
  const std::int64_t ticket = integer("reserve");
  if (ticket < 1) return Error(Errc::store_corrupt, "no line of a spend journal");
  next_ = std::max(next_, ticket + 1);
  begin_day(integer("day"));
  if (integer("day") != day_ || reservations_.count(ticket) > 0) return success();
  reservations_[ticket] = {{text("tenant"), text("user"), text("thread")}, integer("picousd"), day_, false};
  book(reservations_[ticket].scope, day_, integer("picousd"));
  return success();
}

std::vector<std::string> Budget::lines(UtcTime now) const {
  std::vector<std::string> out;
  if (day_of(now) > day_) return out;
  for (const auto& [ticket, reservation] : reservations_) {
    out.push_back(reserve_line(ticket));
    if (reservation.settled) out.push_back(settle_line(ticket, reservation.picousd));
  }
  return out;
}

}  // namespace purser::llm
