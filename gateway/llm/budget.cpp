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

// In the order of the caps; empty for nobody: what is asked outside of a conversation, or for no user in particular,
// shares no cap with what else is.
std::array<std::string, 4> keys(const ModelScope& scope) {
  return {scope.thread.empty() ? "" : thread_key(scope), scope.user.empty() ? "" : user_key(scope), tenant_key(scope),
          kTotal};
}

}  // namespace

Budget::Someone Budget::capped(const ModelScope& scope) const {
  Someone out;
  if (caps_.tenant > 0 || caps_.user > 0 || caps_.thread > 0) out[0] = scope.tenant;
  if (caps_.user > 0) out[1] = scope.user;
  if (caps_.thread > 0) out[2] = scope.thread;
  return out;
}

void Budget::begin_day(std::int64_t day) {
  if (day <= day_) return;  // a wall clock that goes back opens no budget again
  day_ = day;
  spent_.clear();
  settled_.clear();
  reservations_.clear();
}

// Only for who has a cap: a day of conversations that nobody limits takes up no memory.
void Budget::book(const ModelScope& scope, std::int64_t picousd) {
  if (!caps_.any()) return;
  const auto names = keys(scope);
  const auto limits = caps();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (limits[i] > 0 && !names[i].empty()) spent_[names[i]] = added(spent_[names[i]], picousd);
}

void Budget::take(Ticket ticket, ModelScope scope, std::int64_t picousd) {
  book(scope, picousd);
  reservations_[ticket] = {std::move(scope), picousd};
}

// Whose budget has no room for so much; empty for nobody's.
std::string_view Budget::short_of(const ModelScope& scope, std::int64_t picousd) const {
  if (!caps_.any()) return {};
  constexpr std::string_view kNames[] = {"the thread's", "the user's", "the tenant's", "the whole"};
  const auto names = keys(scope);
  const auto limits = caps();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    const auto spent = spent_.find(names[i]);
    if (limits[i] > 0 && added(spent == spent_.end() ? 0 : spent->second, picousd) > limits[i]) return kNames[i];
  }
  return {};
}

Result<Budget::Ticket> Budget::reserve(const ModelScope& scope, std::int64_t picousd, UtcTime now) {
  begin_day(day_of(now));
  const std::string_view whose = short_of(scope, picousd);
  if (!whose.empty())
    return Error(Errc::model_unavailable, std::string(whose) + " budget for models is spent for today", "budget");
  const Ticket ticket = next_++;
  take(ticket, scope, picousd);
  return ticket;
}

void Budget::settle(Ticket ticket, std::int64_t picousd) {
  const auto found = reservations_.find(ticket);
  if (found == reservations_.end()) return;
  const Reservation& reservation = found->second;
  book(reservation.scope, picousd - reservation.picousd);
  if (caps_.any()) {
    std::int64_t& settled = settled_[capped(reservation.scope)];
    settled = added(settled, picousd);
  }
  reservations_.erase(found);
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
  return json{{"reserve", ticket},        {"day", day_},          {"picousd", r.picousd},
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
  const bool spent = entry.contains("spent");
  if (ticket < 1 && !spent) return Error(Errc::store_corrupt, "no line of a spend journal");
  next_ = std::max(next_, ticket + 1);
  begin_day(integer("day"));
  if (integer("day") != day_) return success();
  ModelScope scope{text("tenant"), text("user"), text("thread")};
  if (spent) {
    const Ticket own = next_++;
    take(own, std::move(scope), integer("picousd"));
    settle(own, integer("picousd"));
  } else if (!reservations_.contains(ticket)) {
    take(ticket, std::move(scope), integer("picousd"));
  }
  return success();
}

std::vector<std::string> Budget::lines(UtcTime now) const {
  std::vector<std::string> out;
  if (day_of(now) > day_) return out;
  for (const auto& [who, picousd] : settled_)
    out.push_back(json{
        {"spent", true}, {"day", day_}, {"picousd", picousd}, {"tenant", who[0]}, {"user", who[1]}, {"thread", who[2]}}
                      .dump(-1, ' ', false, json::error_handler_t::replace));
  for (const auto& [ticket, reservation] : reservations_) out.push_back(reserve_line(ticket));
  return out;
}

}  // namespace purser::llm
