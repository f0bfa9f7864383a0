#include "validation/rules/tool_fields.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/fold.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/money/text.hpp"

#include <algorithm>
#include <limits>

namespace purser::rules {
namespace {

using nlohmann::json;

// Names of what comes from the session, the configuration or the server's own rows, or does not even exist yet when the
// model speaks: written without separators and in lower case.
constexpr std::string_view kMachineFields[] = {
    "user",       "userid",        "tenant",       "tenantid",    "thread",    "threadid",   "submchid",    "spmchid",
    "orderno",    "orderid",       "ordernumber",  "outtradeno",  "tradeno",   "tradeid",    "outrefundno", "refundno",
    "outorderno", "transactionid", "prepayid",     "sessionid",   "accountid", "customerid", "sign",        "signtype",
    "paysign",    "subappid",      "spappid",      "payeropenid", "subopenid", "spopenid",   "bankaccount", "accountno",
    "cardno",     "cardnumber",    "iban",         "requestid",   "traceid",   "host",       "hostname",    "domain",
    "ip",         "clientip",      "payerclientip"};
// Words of which one suffices, wherever it stands in a name: "notify_url", "apiKey", "callbackToken".
constexpr std::string_view kMachineWords[] = {
    "url",           "uri",        "link",        "href",        "endpoint",    "webhook",       "callback",
    "notify",        "redirect",   "key",         "apikey",      "token",       "secret",        "password",
    "passwd",        "credential", "credentials", "nonce",       "noncestr",    "timestamp",     "signature",
    "serial",        "serialno",   "cert",        "certificate", "openid",      "unionid",       "mchid",
    "appid",         "merchant",   "payer",       "payee",       "beneficiary", "authorization", "idempotency",
    "privatekey",    "apiv3key",   "callbackurl", "notifyurl",   "codeurl",     "h5url",         "merchantid",
    "idempotencykey"};

// The words of a name: parted by anything but letters and digits, and where a capital follows a small letter.
std::vector<std::string> words_of_name(std::string_view key) {
  std::vector<std::string> words(1);
  char before = ' ';
  for (char c : key) {
    const bool capital = c >= 'A' && c <= 'Z';
    const bool begins = !ascii::is_alnum(c) || (capital && before >= 'a' && before <= 'z');
    if (begins && !words.back().empty()) words.emplace_back();
    if (ascii::is_alnum(c)) words.back() += ascii::lower(c);
    before = c;
  }
  return words;
}

std::string names_of(const std::vector<Field>& fields) {
  std::string names;
  for (const Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return names.empty() ? "none" : names;
}

std::string bounds_of(const Field& field) {
  return std::to_string(field.min) + " to " + std::to_string(field.max);
}

Result<void> refuse_machine_fields(const json& value, const std::string& at) {
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto good = refuse_machine_fields(value[i], pointer_to(at, i)); !good) return good;
    }
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      const std::string there = pointer_to(at, key);
      if (is_machine_field(key)) {
        return Error(Errc::machine_field, "this field is set by the server alone; leave it out", there);
      }
      if (auto good = refuse_machine_fields(member, there); !good) return good;
    }
  }
  return success();
}

Result<void> check_members(const std::vector<Field>& fields, json& object, const std::string& at);

Result<void> check_string(const Field& field, json& value, const std::string& at) {
  if (!value.is_string()) return Error(Errc::json_wrong_type, "must be a string", at);
  const std::string& text = value.get_ref<const std::string&>();
  if (field.shape != nullptr) {
    if (auto good = check_id(*field.shape, text); !good) return Error(good.code(), good.error().message, at);
    return success();
  }
  if (!field.one_of.empty()) {
    if (std::find(field.one_of.begin(), field.one_of.end(), text) != field.one_of.end()) return success();
    std::string words;
    for (const std::string& word : field.one_of) words += (words.empty() ? "" : ", ") + word;
    return Error(Errc::json_out_of_range, "must be one of: " + words, at);
  }
  auto cleaned = clean(text, TextRules());
  if (!cleaned) return Error(cleaned.code(), cleaned.error().message, at);
  std::string kept(ascii::trimmed(cleaned->text, " "));
  const auto length = static_cast<std::int64_t>(code_points(kept));
  if (length < field.min || length > field.max) {
    return Error(Errc::malformed_text, "must have " + bounds_of(field) + " characters", at);
  }
  value = std::move(kept);
  return success();
}

Result<void> check_integer(const Field& field, const json& value, const std::string& at) {
  if (!value.is_number_integer()) {
    return Error(Errc::json_wrong_type, "must be an integer, written without quotes, point or exponent", at);
  }
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool fits = !value.is_number_unsigned() || value.get<std::uint64_t>() <= most;
  if (!fits || value.get<std::int64_t>() < field.min || value.get<std::int64_t>() > field.max) {
    return Error(Errc::json_out_of_range, "must be " + bounds_of(field), at);
  }
  return success();
}

Result<void> check_list(const Field& field, json& value, const std::string& at) {
  if (!value.is_array()) return Error(Errc::json_wrong_type, "must be an array of objects", at);
  const auto size = static_cast<std::int64_t>(value.size());
  if (size < field.min || size > field.max) {
    return Error(Errc::json_out_of_range, "must have " + bounds_of(field) + " items", at);
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (auto good = check_members(field.fields, value[i], pointer_to(at, i)); !good) return good;
  }
  return success();
}

Result<void> check_value(const Field& field, json& value, const std::string& at) {
  switch (field.kind) {
    case FieldKind::string:
      return check_string(field, value, at);
    case FieldKind::integer:
      return check_integer(field, value, at);
    case FieldKind::boolean:
      if (value.is_boolean()) return success();
      return Error(Errc::json_wrong_type, "must be true or false", at);
    case FieldKind::object:
      return check_members(field.fields, value, at);
    case FieldKind::list:
      return check_list(field, value, at);
  }
  return Errc::internal;
}

Result<void> check_members(const std::vector<Field>& fields, json& object, const std::string& at) {
  if (!object.is_object()) return Error(Errc::json_wrong_type, "must be an object", at);
  for (const auto& [key, value] : object.items()) {
    const bool known = std::any_of(fields.begin(), fields.end(), [&](const Field& field) { return field.name == key; });
    if (!known)
      return Error(Errc::json_unknown_key, "no such field; the fields here are: " + names_of(fields),
                   pointer_to(at, key));
  }
  for (const Field& field : fields) {
    const std::string there = pointer_to(at, field.name);
    const auto member = object.find(field.name);
    if (member == object.end()) {
      if (field.required) return Error(Errc::json_missing_key, "this field is required", there);
      continue;
    }
    if (auto good = check_value(field, *member, there); !good) return good;
  }
  return success();
}

Field named(std::string name, std::string description) {
  Field field;
  field.name = std::move(name);
  field.description = std::move(description);
  return field;
}

}  // namespace

bool is_machine_field(std::string_view key) {
  const auto holds = [](const auto& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  // Written in other letters that look the same it is the same name.
  const std::vector<std::string> words = words_of_name(folded(key));
  std::string plain;
  for (const std::string& word : words) plain += word;
  return holds(kMachineFields, plain) || holds(kMachineWords, plain) ||
         std::any_of(words.begin(), words.end(), [&](const std::string& word) { return holds(kMachineWords, word); });
}

Result<json> check_arguments(const ToolSpec& spec, json arguments) {
  if (auto good = refuse_machine_fields(arguments, ""); !good) return good.error();
  if (auto good = check_members(spec.fields, arguments, ""); !good) return good.error();
  return arguments;
}

Field text(std::string name, std::string description, std::int64_t min, std::int64_t max) {
  Field field = named(std::move(name), std::move(description));
  field.min = min;
  field.max = max;
  return field;
}

Field id(std::string name, std::string description, const IdShape& shape) {
  Field field = named(std::move(name), std::move(description));
  field.shape = &shape;
  return field;
}

Field handle(std::string name, std::string description, const IdShape& shape) {
  Field field = id(std::move(name), std::move(description), shape);
  field.meaning = Meaning::handle;
  field.sources = 1U << static_cast<unsigned>(Provenance::ledger);
  return field;
}

Field sku(std::string name, std::string description) {
  Field field = id(std::move(name), std::move(description), SkuTag::shape);
  field.meaning = Meaning::sku;
  return field;
}

Field amount(std::string name, std::string description, std::int64_t min, std::int64_t max) {
  Field field = integer(std::move(name), std::move(description), min, max);
  field.meaning = Meaning::amount;
  field.sources = ~(1U << static_cast<unsigned>(Provenance::untrusted));
  return field;
}

Field count(std::string name, std::string description, std::int64_t min, std::int64_t max) {
  Field field = integer(std::move(name), std::move(description), min, max);
  field.meaning = Meaning::count;
  return field;
}

Field share(Field field) {
  field.meaning = Meaning::share;
  return field;
}

Field choice(std::string name, std::string description, std::vector<std::string> one_of) {
  Field field = named(std::move(name), std::move(description));
  field.one_of = std::move(one_of);
  return field;
}

Field integer(std::string name, std::string description, std::int64_t min, std::int64_t max) {
  Field field = text(std::move(name), std::move(description), min, max);
  field.kind = FieldKind::integer;
  return field;
}

Field boolean(std::string name, std::string description) {
  Field field = named(std::move(name), std::move(description));
  field.kind = FieldKind::boolean;
  return field;
}

Field object(std::string name, std::string description, std::vector<Field> fields) {
  Field field = named(std::move(name), std::move(description));
  field.kind = FieldKind::object;
  field.fields = std::move(fields);
  return field;
}

Field list(std::string name, std::string description, std::int64_t min, std::int64_t max, std::vector<Field> item) {
  Field field = text(std::move(name), std::move(description), min, max);
  field.kind = FieldKind::list;
  field.fields = std::move(item);
  return field;
}

Field required(Field field) {
  field.required = true;
  return field;
}

}  // namespace purser::rules
