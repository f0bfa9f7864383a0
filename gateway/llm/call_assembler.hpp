// Tool calls out of the pieces of a stream. Providers disagree on ids and indexes, so a piece finds its call by a fixed
// order of rules: a known id, a new id (a new call even where its index is taken), the call its index last pointed at,
// the last call there is. Anything that could mean two calls spoils all of them: a wrong merge would move wrong money.
#pragma once

#include "gateway/llm/wire.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::llm {

struct CallFragment {
  std::optional<std::int64_t> index;
  std::string_view id;         // empty: none
  std::string_view name;       // empty: none
  std::string_view arguments;  // a further piece; empty: none
  std::string_view extra;      // a JSON object for CallExtra; empty: none
};

class CallAssembler {
 public:
  explicit CallAssembler(WireLimits limits) : limits_(limits) {}

  void add(const CallFragment& fragment);
  // No call of this message is to be trusted any more; the first reason counts.
  void spoil(std::string why);

  bool empty() const { return slots_.empty() && why_spoiled_.empty(); }
  std::size_t bytes() const;

  // Every call, in the order it was begun; `message_count` makes the ids of calls without one. Error: model_malformed.
  Result<std::vector<ToolCall>> finish(std::size_t message_count, std::vector<CallExtra>& extras) const;

 private:
  struct Slot {
    std::string id;
    std::string name;
    std::string arguments;
    std::string extra;
  };
  // Place of the slot the fragment belongs to; nothing when that is not clear.
  std::optional<std::size_t> place_of(const CallFragment& fragment);
  std::optional<std::size_t> open_slot(const CallFragment& fragment);
  bool is_echo(const Slot& slot, const CallFragment& fragment) const;

  WireLimits limits_;
  std::vector<Slot> slots_;
  std::map<std::int64_t, std::size_t> by_index_;
  std::string why_spoiled_;
};

}  // namespace purser::llm
