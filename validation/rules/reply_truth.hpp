// What an assistant says about money must be what the ledger holds, and links are the server's to give. Deterministic
// and shallow on purpose: it reads clauses, not meaning, and the receipts a user trusts are cards made by the server.
#pragma once

#include "validation/money/money.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

// What is true in this thread. Lists that are empty are not checked against.
struct LedgerFacts {
  bool payment_succeeded = false;  // the payment that is spoken of is paid
  bool refund_succeeded = false;   // at least one refund of the thread is done
  bool refund_pending = false;     // at least one is on its way: "refund submitted" is true, "refunded" is not
  // Every figure that may stand in a clause that claims a payment or refund: totals, unit prices, line totals, refunds,
  // what is left.
  std::vector<Money> amounts;
  // The figures that may stand where exactly this is claimed. A figure among `paid` also makes the claim true of a
  // payment that is not the one spoken of. Beside them may stand what one piece of it cost, with "each", and what a
  // line of it came to, with "for".
  std::vector<Money> paid;
  std::vector<Money> unit_prices;
  std::vector<Money> line_totals;
  std::vector<Money> refunded;
  std::vector<Money> refunding;
  // What waits to be paid: a clause that asks for a payment names one of these sums, and beside it figures of `amounts`
  // alone.
  std::vector<Money> to_pay;
  // Every figure that may be stated at all: those above, the catalogue's, what tools answered, what the user said.
  std::vector<Money> known;

  bool may_be_unpaid = true;      // false: there is nothing that is not paid
  bool may_be_unrefunded = true;  // false: everything that was asked back has been given back
  bool order_made = true;         // an order was made here
  bool order_canceled = true;     // the one spoken of was canceled
  bool order_expired = true;      // it has expired
  // What others came to: a clause that names the sum, or says that it means an earlier one, may say so of them.
  std::vector<Money> canceled;
  std::vector<Money> expired;
  bool order_open = true;                    // one waits to be paid
  bool refunded_all = true;                  // all that was paid was given back
  bool refunding_all = true;                 // or is on its way
  std::vector<Money> order_totals;           // while something waits to be paid: what the orders come to
  std::vector<std::int64_t> minutes;         // that may be named as time left or as the time to pay
  std::vector<std::int64_t> seconds;         // the same, beside whole minutes
  std::vector<std::int64_t> minutes_of_day;  // when something happened or will expire

  std::vector<Money> prices;  // of one piece, as the catalogue told them: what several things come to is made of these
  std::vector<Money> refundable;              // what is left of each payment, and of all; empty: not checked
  std::vector<std::int64_t> percents_off;     // that the catalogue gives for more pieces
  std::vector<std::string> told;              // names and descriptions of goods: what stands there is the shop's word
  bool order_changed = true;                  // one was put in another's place
  std::optional<std::int64_t> payments_made;  // how many succeeded; nothing: not checked
  std::optional<std::int64_t> refunds_made;   // how many are done or on their way
  // Sentences that state payments or refunds are the server's own, even when they would be true.
  bool money_words_from_templates = false;
};

struct CheckedReply {
  std::string text;      // what may be shown
  bool changed = false;  // links, images or markup were taken out, or hidden characters
};

// A clause longer than this is none that a person writes. The rules look at every word of a clause from every other.
inline constexpr std::size_t kReplyClauseBytesMax = 2'048;

// Errors: one of the reply_ codes, each of one rule, saying which claim the ledger does not hold; malformed_text when
// it is not UTF-8 or a clause of it is too long to be read.
Result<CheckedReply> reply_truth(std::string_view text, const LedgerFacts& facts);

}  // namespace purser::rules
