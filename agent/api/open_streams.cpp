#include "agent/api/open_streams.hpp"

#include <vector>

namespace purser::api {
namespace {

// Streams end when somebody leaves, and nobody knows when: soon enough for a person, seldom enough for the daemon.
constexpr const char* kRetryAfterSeconds = "5";

Error too_many(std::string_view whose) {
  return Error(Errc::rate_limited, "too many event streams of this " + std::string(whose) + " are open; close one",
               kRetryAfterSeconds);
}

bool is_full(std::int64_t open, std::int64_t limit) {
  return limit > 0 && open >= limit;
}

}  // namespace

std::int64_t OpenStreams::count_of(const std::string& whose) const {
  const auto found = open_->find(whose);
  return found == open_->end() ? 0 : found->second;
}

Result<OpenStreams::Seat> OpenStreams::take(const TenantId& tenant, const std::optional<UserId>& user) {
  std::vector<std::string> names{tenant.str()};
  if (user) names.push_back(tenant.str() + ' ' + user->str());
  if (is_full(count_of(names.front()), limits_.streams_per_tenant)) return too_many("tenant");
  if (user && is_full(count_of(names.back()), limits_.streams_per_user)) return too_many("user");
  for (const std::string& whose : names) ++(*open_)[whose];
  ++*all_;
  const auto give_back = [open = open_, all = all_, names](void*) {
    --*all;
    for (const std::string& whose : names)
      if (--(*open)[whose] == 0) open->erase(whose);
  };
  return Seat(nullptr, give_back);
}

}  // namespace purser::api
