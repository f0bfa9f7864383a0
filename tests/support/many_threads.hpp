// Databases as shops have them after years: conversations by the hundred thousand, written in seconds and past the
// store's own code. Each is short (an order; mostly its payment and the thanks) and can be read and gone on with like
// any other. Only the record's digests are left out, as of rows that are older than it.
#pragma once

#include "validation/money/time.hpp"

#include <cstdint>
#include <string>

namespace purser::test {

struct ManyThreads {
  std::int64_t finished = 0;  // paid and thanked for
  std::int64_t awaiting = 0;  // their payment; after the finished ones
  UtcTime ordered_at{};
  UtcTime expire_from{};    // those that await it
  Millis expire_within{0};  // spread evenly over it
};

// Makes the database file at `path`, which must not exist, for the tenant "shop". Throws when that fails.
void write_many_threads(const std::string& path, const ManyThreads& wanted);

// The id and the user of thread number `n`, from 1. Ids lie in their order as if by chance, as minted ones do.
std::string thread_id_of(std::int64_t n);
std::string user_id_of(std::int64_t n);

}  // namespace purser::test
