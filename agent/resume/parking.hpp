// Work that cannot be done: how often a row has failed is written into it, and a row that failed too often is put aside
// under another kind, where it holds up nobody, is kept whole with the reason, and waits for a person to have it done
// again. Pure: rows in, rows out.
#pragma once

#include "gateway/store/records.hpp"
#include "validation/money/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace purser::parking {

// Whether a failure is the row's own. What the store, a connection or a provider cannot do for now ends by itself and
// says nothing of the row.
bool is_its_own(Errc code);

struct Tried {
  std::int64_t times = 0;
  std::string why;  // of the last failure
};

// Takes what is written of earlier failures out of the row: a handler sees it as it was made.
Tried take_tried(WorkItem& row);
// Writes it in. A payload that is no object of JSON has no place for it and stays as it is.
void put_tried(WorkItem& row, const Tried& tried);

// The row put aside; its subject is the kind, a space, and the subject it had.
WorkItem parked(WorkItem row, const Tried& tried, UtcTime now);
// As it was before, due at once. Nothing when it is no such row.
std::optional<WorkItem> unparked(const WorkItem& parked, UtcTime now);

// For the operator.
struct Parked {
  std::string kind;
  std::string subject;
  std::string parked_at;
  Tried tried;
};
Parked about(const WorkItem& parked);

}  // namespace purser::parking
