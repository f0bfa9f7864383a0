#include "agent/api/open_streams.hpp"

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

Result<OpenStreams::Seat> OpenStreams::take(const TenantId& tenant, const UserId& user) {
  const std::string of_tenant = tenant.str();
  const std::string of_user = tenant.str() + ' ' + user.str();
  if (is_full(count_of(of_tenant), limits_.streams_per_tenant)) return too_many("tenant");
  if (is_full(count_of(of_user), limits_.streams_per_user)) return too_many("user");
  ++(*open_)[of_tenant];
  ++(*open_)[of_user];
  ++*all_;
  const auto give_back = [open = open_, all = all_, of_tenant, of_user](void*) {
    --*all;
    for (const std::string& whose : {of_tenant, of_user})
      if (--(*open)[whose] == 0) open->erase(whose);
  };
  return Seat(nullptr, give_back);
}

}  // namespace purser::api
