// Where a value that a model states came from. A model can be talked into anything by what it reads, so what decides
// about money must come from the user, from the server's own books or from its price list: never from words that merely
// stood in a product description, a note or a message of the rail. Labels are computed from the stored conversation, so
// they are the same after a restart.
#pragma once

#include "validation/money/result.hpp"
#include "validation/rules/tool_fields.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

std::string_view to_string(Provenance p);

// What a thread has seen, by where it came from.
class Sources {
 public:
  // The user's own words.
  void add_user(std::string_view text);
  // The answer of a tool about goods: SKUs and prices are the catalogue's, every other text in it is untrusted.
  void add_catalogue(std::string_view result_json);
  // The answer of a tool about money, or a notice of the payment system: ids, sums and SKUs in it are the ledger's,
  // other texts (names, notes, reasons) are untrusted.
  void add_ledger(std::string_view result_json);
  // Text of unknown origin.
  void add_untrusted(std::string_view text);

  // An id that the server issued to this thread is the ledger's; otherwise the user's or untrusted, if it stands there.
  Provenance of_handle(const std::string& id) const;
  Provenance of_sku(const std::string& sku) const;
  // Minor units. A sum that stands in untrusted text and nowhere better is untrusted, however it is written there.
  Provenance of_amount(std::int64_t minor) const;
  // Whether the user's newest message names sums of money alone, and not this one.
  bool user_names_another_sum(std::int64_t minor) const;
  // A number of pieces, in digits or words.
  Provenance of_count(std::int64_t count) const;
  // "half" or "all": whether the user spoke of it.
  Provenance of_share(std::string_view share) const;

 private:
  void add_json(std::string_view text, bool ledger);
  void walk(const nlohmann::json& value, std::string_view key, bool ledger);

  std::set<std::string> handles_;
  std::set<std::string> skus_;
  std::set<std::int64_t> user_amounts_;
  std::set<std::int64_t> newest_sums_;  // of the user's newest message: what is written as money
  std::set<std::int64_t> ledger_amounts_;
  std::set<std::int64_t> catalogue_amounts_;
  std::set<std::int64_t> untrusted_amounts_;
  std::set<std::int64_t> user_counts_;
  std::set<std::int64_t> ledger_counts_;
  std::set<std::int64_t> untrusted_counts_;
  std::string user_text_;
  std::string untrusted_text_;
};

// Where each leaf of `arguments` came from, by JSON pointer: {"/refunds/0/payment_intent":"ledger"}. Fields that are
// the model's own words (reasons, queries) are left out.
using Labels = std::map<std::string, Provenance>;

struct Labelled {
  Labels labels;
  Result<void> verdict = success();
};

// Labels the arguments, which passed check_arguments, and holds each against what its field may come from. Errors: an
// id that was not issued to this thread is not_found, exactly as one that does not exist; anything else is
// untrusted_source.
Labelled check_sources(const ToolSpec& spec, const nlohmann::json& arguments, const Sources& sources);

// One answer for every id that is not this conversation's, whatever the reason.
Error no_such_payment(std::string param);

nlohmann::json to_json(const Labels& labels);

}  // namespace purser::rules
