#include "validation/rules/provenance.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/fold.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/reply_reading.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

using nlohmann::json;

// Notes of the past are bounded: what a model can still see is bounded too.
constexpr std::size_t kTextMax = 1 << 18;

bool is_handle_key(std::string_view key) {
  return key == "payment_intent" || key == "refund" || key == "approval";
}

void append(std::string& to, std::string_view text) {
  if (to.size() + text.size() > kTextMax) return;
  to += text;
  to += '\n';
}

// Every plain number of a text, read as minor units and as major ones: text that is not trusted may write a sum in any
// way, in any script, in characters and in words.
void numbers_of(std::string_view text, std::set<std::int64_t>& out, std::set<std::int64_t>& counts) {
  for (std::size_t at = 0; at < text.size();) {
    if (!ascii::is_digit(text[at])) {
      ++at;
      continue;
    }
    std::string digits;
    std::string decimals;
    bool point = false;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (ascii::is_digit(c)) {
        (point ? decimals : digits) += c;
      } else if (c == '.' && !point && at + 1 < text.size() && ascii::is_digit(text[at + 1])) {
        point = true;
      } else if (!(c == ',' && !point && at + 1 < text.size() && ascii::is_digit(text[at + 1]))) {
        break;
      }
    }
    if (digits.size() > 12) continue;
    const std::int64_t whole = std::stoll(digits);
    decimals.resize(2, '0');
    out.insert(whole);
    out.insert(whole * 100 + std::stoll(decimals));
    counts.insert(whole);
  }
}

void figures_of(std::string_view written, std::set<std::int64_t>& out, std::set<std::int64_t>& counts) {
  constexpr std::int64_t kWordOfItsOwn = 10;  // below it number words stand in many sentences that mean no sum
  const std::string text = plain_numerals(folded(written));
  for (const Money& figure : money_figures(text)) out.insert(figure.minor());
  for (std::int64_t number : spelt_numbers(text)) {
    counts.insert(number);
    if (number >= kWordOfItsOwn) out.insert({number, number * 100});
  }
  numbers_of(text, out, counts);
}

// "Both packs, and a cent on top": what is asked for is not a sum alone.
bool speaks_of_pieces(std::string_view text) {
  constexpr std::string_view words[] = {"包",    "盒",   "个",  "件",   "份",     "杯",    "瓶",   "套",    "只",
                                        "条",    "罐",   "袋",  "另",   "其他",   "其余",  "剩",   "全",    "都",
                                        "半",    "所有", "all", "half", "whole",  "full",  "both", "pack",  "box",
                                        "piece", "item", "cup", "bag",  "bottle", "other", "rest", "remain"};
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool contains_word(std::string_view text, std::string_view word) {
  return !word.empty() && text.find(word) != std::string_view::npos;
}

const Field* field_of(const std::vector<Field>& fields, const std::string& name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

bool allowed(const Field& field, Provenance label) {
  return (field.sources & (1U << static_cast<unsigned>(label))) != 0;
}

class Labeller {
 public:
  explicit Labeller(const Sources& sources) : sources_(sources) {}

  Labelled run(const ToolSpec& spec, const json& arguments) {
    members(spec.fields, arguments, "");
    return std::move(out_);
  }

 private:
  void members(const std::vector<Field>& fields, const json& object, const std::string& at) {
    for (const auto& [key, value] : object.items()) {
      const Field* field = field_of(fields, key);
      if (field != nullptr) one(*field, value, pointer_to(at, key));
    }
  }

  void one(const Field& field, const json& value, const std::string& at) {
    if (field.kind == FieldKind::object) return members(field.fields, value, at);
    if (field.kind == FieldKind::list) {
      for (std::size_t i = 0; i < value.size(); ++i) members(field.fields, value[i], pointer_to(at, i));
      return;
    }
    if (field.meaning == Meaning::plain) return;
    const Provenance label = label_of(field, value);
    out_.labels[at] = label;
    if (!out_.verdict) return;
    // "Give me 100 back" is no wish for what else the books hold.
    if (field.meaning == Meaning::amount && sources_.user_names_another_sum(value.get<std::int64_t>())) {
      out_.verdict =
          Error(Errc::untrusted_source, "the customer has just named another sum; ask which one is meant", at);
      return;
    }
    if (allowed(field, label)) return;
    out_.verdict = field.meaning == Meaning::handle
                       ? no_such_payment(at)
                       : Error(Errc::untrusted_source,
                               "this value stands only in text that may not decide about money; ask the customer", at);
  }

  Provenance label_of(const Field& field, const json& value) const {
    if (field.meaning == Meaning::amount) return sources_.of_amount(value.get<std::int64_t>());
    if (field.meaning == Meaning::count) return sources_.of_count(value.get<std::int64_t>());
    if (field.meaning == Meaning::share)
      return sources_.of_share(value.is_string() ? value.get_ref<const std::string&>() : field.name);
    if (field.meaning == Meaning::sku) return sources_.of_sku(value.get<std::string>());
    return sources_.of_handle(value.get<std::string>());
  }

  const Sources& sources_;
  Labelled out_;
};

}  // namespace

std::string_view to_string(Provenance p) {
  constexpr std::string_view kNames[] = {"user", "catalogue", "ledger", "untrusted", "model"};
  return kNames[static_cast<std::size_t>(p)];
}

void Sources::add_user(std::string_view text) {
  append(user_text_, text);
  figures_of(text, user_amounts_, user_counts_);
  newest_sums_.clear();
  const std::string newest = folded(text);
  if (speaks_of_pieces(ascii::lower(newest))) return;
  for (const Money& figure : money_figures(plain_numerals(newest))) newest_sums_.insert(figure.minor());
}

void Sources::add_untrusted(std::string_view text) {
  append(untrusted_text_, text);
  figures_of(text, untrusted_amounts_, untrusted_counts_);
}

void Sources::add_catalogue(std::string_view result_json) {
  add_json(result_json, false);
}
void Sources::add_ledger(std::string_view result_json) {
  add_json(result_json, true);
}

void Sources::add_json(std::string_view text, bool ledger) {
  const json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return add_untrusted(text);
  walk(value, "", ledger);
}

void Sources::walk(const json& value, std::string_view key, bool ledger) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) walk(member, name, ledger);
  } else if (value.is_array()) {
    for (const json& item : value) walk(item, key, ledger);
  } else if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (ledger && is_handle_key(key)) {
      handles_.insert(text);
    } else if (key == "sku") {
      skus_.insert(text);
    } else if (!(ledger && key.ends_with("_at"))) {  // the server's own times: their digits are nobody's suggestion
      add_untrusted(text);
    }
  } else if (value.is_number_integer() && key.ends_with("_fen")) {
    (ledger ? ledger_amounts_ : catalogue_amounts_).insert(value.get<std::int64_t>());
  } else if (value.is_number_integer() && ledger && key == "quantity") {
    ledger_counts_.insert(value.get<std::int64_t>());
  }
}

Provenance Sources::of_handle(const std::string& id) const {
  if (handles_.contains(id)) return Provenance::ledger;
  if (contains_word(user_text_, id)) return Provenance::user;
  return contains_word(untrusted_text_, id) ? Provenance::untrusted : Provenance::model;
}

Provenance Sources::of_sku(const std::string& sku) const {
  if (skus_.contains(sku)) return Provenance::catalogue;
  if (contains_word(user_text_, sku)) return Provenance::user;
  return contains_word(untrusted_text_, sku) ? Provenance::untrusted : Provenance::model;
}

Provenance Sources::of_amount(std::int64_t minor) const {
  if (user_amounts_.contains(minor)) return Provenance::user;
  if (ledger_amounts_.contains(minor)) return Provenance::ledger;
  if (catalogue_amounts_.contains(minor)) return Provenance::catalogue;
  return untrusted_amounts_.contains(minor) ? Provenance::untrusted : Provenance::model;
}

bool Sources::user_names_another_sum(std::int64_t minor) const {
  return !newest_sums_.empty() && !newest_sums_.contains(minor);
}

Provenance Sources::of_count(std::int64_t count) const {
  if (user_counts_.contains(count)) return Provenance::user;
  if (ledger_counts_.contains(count)) return Provenance::ledger;
  return untrusted_counts_.contains(count) ? Provenance::untrusted : Provenance::model;
}

Provenance Sources::of_share(std::string_view share) const {
  constexpr std::string_view half[] = {"half", "半"};
  constexpr std::string_view all[] = {"all", "whole", "everything", "full", "entire", "全", "都", "整", "所有"};
  const auto stands = [](std::string_view text, const auto& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return contains_word(text, word); });
  };
  const auto spoken_of = [&](std::string_view text) {
    return share == "half" ? stands(text, half) : stands(text, all);
  };
  if (spoken_of(ascii::lower(user_text_))) return Provenance::user;
  return spoken_of(ascii::lower(untrusted_text_)) ? Provenance::untrusted : Provenance::model;
}

Labelled check_sources(const ToolSpec& spec, const json& arguments, const Sources& sources) {
  return Labeller(sources).run(spec, arguments);
}

Error no_such_payment(std::string param) {
  return Error(Errc::not_found, "there is no such payment in this conversation", std::move(param));
}

json to_json(const Labels& labels) {
  json out = json::object();
  for (const auto& [pointer, label] : labels) out[pointer] = to_string(label);
  return out;
}

}  // namespace purser::rules
