// How many event streams are open, so that no tenant and no user takes the places of all. Counted in this process.
#pragma once

#include "config/settings.hpp"
#include "validation/money/ids.hpp"
#include "validation/money/result.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace purser::api {

class OpenStreams {
 public:
  // A stream's place, given back with the last copy; it may outlive the counts.
  using Seat = std::shared_ptr<void>;

  explicit OpenStreams(const LimitSettings& limits) : limits_(limits) {}

  // A place for one more stream over a thread of `user`, where one is known. Error: rate_limited, with the seconds
  // until the next try as `param`.
  Result<Seat> take(const TenantId& tenant, const std::optional<UserId>& user);

  std::uint64_t open() const { return *all_; }

 private:
  using Counts = std::map<std::string, std::int64_t>;

  std::int64_t count_of(const std::string& whose) const;

  const LimitSettings limits_;
  const std::shared_ptr<Counts> open_ = std::make_shared<Counts>();
  const std::shared_ptr<std::uint64_t> all_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace purser::api
