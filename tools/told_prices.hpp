// What prices the customer was told by the server, read from the results of the tools: those of earlier turns that
// ended with a reply, and what a client with a model of its own was answered. A turn that was cut has told nobody, and
// what this turn found the customer has not seen yet.
#pragma once

#include "validation/domain/thread.hpp"
#include "validation/rules/renewed_price.hpp"

#include <nlohmann/json.hpp>

#include <vector>

namespace purser {

class ToldPrices {
 public:
  // `messages`: the thread's newest, oldest first; `turn`: the one that runs.
  ToldPrices(const std::vector<Message>& messages, const TurnId& turn);

  // What search_catalogue found, newest first.
  std::vector<rules::ShownItem> shown() const;
  // Whether the customer was asked about each of these prices, and has spoken since without saying no.
  bool asked_about(std::vector<rules::ChangedPrice> changes) const;

 private:
  struct Told {
    nlohmann::json result;
    UtcTime at{};
  };
  std::vector<Told> told_;  // oldest first
  bool declined_ = false;   // what the customer says in this turn is a no
};

}  // namespace purser
