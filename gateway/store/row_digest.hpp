// The digest that stands beside a row which no chain speaks of: threads, turns, events, work and idempotency keys. It
// covers every column but the row's place (seq) and what daemons write to find each other (claims, leases, tokens), so
// that a changed byte is found and named. Whoever can write a row can write its digest too: against a forger stand the
// chains (audit_chain.hpp), against damage both. The same for every store.
#pragma once

#include "gateway/store/records.hpp"
#include "validation/domain/thread.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser::digest {

// SHA-256, lower-case hex.
std::string of(const Thread& row);
std::string of(const Turn& row);
std::string of(const StreamEvent& row);
std::string of(const WorkItem& row);
// What never changes of the row; its answer has a digest of its own, for it is written by who does not know the rest.
std::string of(const IdempotencyRow& row);
std::string of_answer(std::string_view scope, std::string_view key, IdempotencyState state, int status,
                      std::string_view body);
// What `used` and `mirror` of a budget's row add up to; never -1, which is the sum of rows of earlier versions.
std::int64_t of_budget(std::string_view scope, UtcTime window);

}  // namespace purser::digest
