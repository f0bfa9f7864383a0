// A store that breaks on command: for tests and crash drills. Everything passes through to the store behind it; chosen
// commits fail or kill the process. The daemon puts it before its store only on the sandbox, and only when the
// environment variable PURSER_FAILPOINT is set.
//
// The text names one or more points, separated by commas, each WHEN:NAME:N:WHAT
//   WHEN  before  nothing of the commit is written
//         after   the commit is durable, but whoever asked for it does not learn so
//   NAME  the name of the batches that count ("turn.started"), or * for all
//   N     which of them, from 1. `before` counts commits that are asked for, `after` those that succeeded
//   WHAT  fail    the commit returns store_unavailable
//         kill    SIGKILL to the own process: nothing is flushed, nobody is told
// "after:turn.started:1:kill"   "before:*:7:fail,before:*:8:fail"
#pragma once

#include "gateway/store/forwarding_store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

struct Failpoint {
  enum class When : std::uint8_t { before, after };
  enum class What : std::uint8_t { fail, kill };

  When when = When::before;
  std::string name;  // "*": every batch
  std::int64_t nth = 1;
  What what = What::fail;

  friend bool operator==(const Failpoint&, const Failpoint&) = default;
};

// Error: config_bad_value, param "PURSER_FAILPOINT".
Result<std::vector<Failpoint>> parse_failpoints(std::string_view text);

class FailpointStore final : public ForwardingStore {
 public:
  FailpointStore(std::unique_ptr<Store> store, std::vector<Failpoint> points);

  Task<Result<Receipt>> commit(Batch batch) override;

 private:
  struct Armed {
    explicit Armed(Failpoint p) : point(std::move(p)) {}
    Failpoint point;
    std::int64_t seen = 0;
  };
  // Counts a commit of this name; true when it is one that is to fail. Does not return when it is one that kills.
  bool strikes(Failpoint::When when, const std::string& name);

  std::vector<Armed> points_;
};

}  // namespace purser
