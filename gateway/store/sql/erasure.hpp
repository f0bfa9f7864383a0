// Taking the words out of a conversation while its books and its record stay, inside a transaction that somebody else
// begins and ends. The same for every store that speaks SQL.
#pragma once

#include "gateway/store/sql/row_reader.hpp"
#include "gateway/store/store.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace purser::sql {

// The rows of the transaction. Statements are literals with $1, $2, ... for their values.
class ErasableRows {
 public:
  using Given = std::vector<std::variant<std::string, std::int64_t>>;

  virtual ~ErasableRows() = default;
  // Everything that was changed is seen by it. `rest` goes after `select`. Until `take` gives an error; `take` changes
  // nothing.
  virtual Result<void> each(const char* select, const char* rest, const Given& values,
                            const std::function<Result<void>(const Row&)>& take) = 0;
  // `must`: one row has to change, or store_conflict about it; empty: any number may.
  virtual Result<void> change(const char* statement, const Given& values, const std::string& must) = 0;
  // With what goes into the record of it.
  virtual Result<void> apply(const Operation& operation) = 0;
  // A statement's condition: the text $1 stands in a column of text, or of bytes.
  virtual const char* answers_that_name() const = 0;
  virtual const char* notifications_that_name() const = 0;
  // Those that were applied before $1, at most $2.
  virtual const char* old_notifications() const = 0;
};

// The key and the fingerprint of an idempotency row whose words were taken out (request_ties.hpp): the key is found
// again by who brings it, whatever the payload, and the fingerprint tells whether it is the same.
std::string erased_key(const IdempotencyRow& row);
std::string erased_fingerprint(const IdempotencyRow& row);
// The key that earlier versions left, and what a row without seals still gets: the payload's digest goes into it and is
// forgotten with it, so that nobody finds the key by trying numbers of persons, and only the same payload finds it.
std::string erased_key_of_payload(const IdempotencyRow& row);
// What op::InsertIdempotency is refused with then, as store_conflict's param.
inline constexpr const char* kErasedKey = "erased";

// Of the links up to `upto`, by what an erasure leaves of them: where several in a row lost their detail, no link's
// hash can be computed again and each rests on this alone. SHA-256, lower-case hex.
std::string digest_of_links(const std::vector<AuditRow>& links, std::int64_t upto);

Result<void> erase(ErasableRows& rows, const op::EraseThread& what);
Result<void> erase(ErasableRows& rows, const op::EraseInboxes& what);

}  // namespace purser::sql
