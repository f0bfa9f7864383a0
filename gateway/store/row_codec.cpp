#include "gateway/store/row_codec.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <optional>

namespace purser::row {
namespace {

using nlohmann::json;

Result<std::string> dump(const json& document) {
  try {
    return document.dump();
  } catch (const json::type_error&) {
    return Error(Errc::malformed_text, "a text to be stored is not UTF-8");
  }
}

// One object of a stored document. The first thing that is wrong is kept; what is read after it is empty.
class Reader {
 public:
  Reader(const json& object, std::string_view what) : object_(object), what_(what) {
    if (!object_.is_object()) fail("is not an object");
  }

  std::string text(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return fail(std::string(key) + " is not a text"), std::string();
    return value->get<std::string>();
  }
  std::int64_t integer(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return 0;
    const bool fits = value->is_number_integer() &&
                      !(value->is_number_unsigned() &&
                        value->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()});
    if (!fits) return fail(std::string(key) + " is not a 64-bit integer"), 0;
    return value->get<std::int64_t>();
  }
  bool flag(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return fail(std::string(key) + " is not true or false"), false;
    return value->get<bool>();
  }
  template <class T>
  T parsed(Result<T> value, const char* key) {
    if (value.ok()) return *std::move(value);
    fail(std::string(key) + ": " + value.error().message);
    return T();
  }

  std::optional<Error> finish() {
    if (!error_ && object_.size() != read_) fail("holds a key that is not part of it");
    return error_;
  }

 private:
  const json* find(const char* key) {
    if (error_) return nullptr;
    const auto at = object_.find(key);
    if (at == object_.end()) return fail(std::string(key) + " is missing"), nullptr;
    ++read_;
    return &*at;
  }
  void fail(const std::string& why) {
    if (!error_) error_ = Error(Errc::store_corrupt, "a stored " + std::string(what_) + ": " + why);
  }

  const json& object_;
  std::string_view what_;
  std::size_t read_ = 0;
  std::optional<Error> error_;
};

Result<json> parse(std::string_view text, std::string_view what) {
  auto document = json::parse(text, nullptr, false);
  if (document.is_discarded()) return Error(Errc::store_corrupt, "a stored " + std::string(what) + " is not JSON");
  return document;
}

template <class T, class ReadOne>
Result<std::vector<T>> list_from_json(std::string_view text, std::string_view what, ReadOne read_one) {
  auto document = parse(text, what);
  if (!document) return document.error();
  if (!document->is_array()) return Error(Errc::store_corrupt, "stored " + std::string(what) + "s are not a list");
  std::vector<T> list;
  list.reserve(document->size());
  for (const json& element : *document) {
    Reader reader(element, what);
    list.push_back(read_one(reader));
    if (auto error = reader.finish()) return *std::move(error);
  }
  return list;
}

}  // namespace

Result<std::string> lines_to_json(const std::vector<IntentLine>& lines) {
  json list = json::array();
  for (const IntentLine& line : lines) {
    list.push_back({{"sku", line.sku.str()},
                    {"name", line.name},
                    {"quantity", line.quantity},
                    {"unit_price", line.unit_price.minor()},
                    {"currency", line.unit_price.currency().code()}});
  }
  return dump(list);
}

Result<std::vector<IntentLine>> lines_from_json(std::string_view text) {
  return list_from_json<IntentLine>(text, "line", [](Reader& reader) {
    IntentLine line;
    line.sku = Sku::trusted(reader.text("sku"));
    line.name = reader.text("name");
    line.quantity = reader.integer("quantity");
    const std::int64_t minor = reader.integer("unit_price");
    line.unit_price = Money(minor, reader.parsed(Currency::parse(reader.text("currency")), "currency"));
    return line;
  });
}

Result<std::string> order_to_json(const RailOrder& order) {
  return dump({{"kind", to_string(order.kind)},
               {"payer_openid", order.payer_openid},
               {"prepay_id", order.prepay_id},
               {"code_url", order.code_url},
               {"transaction_id", order.transaction_id},
               {"may_be_open", order.may_be_open}});
}

Result<RailOrder> order_from_json(std::string_view text) {
  auto document = parse(text, "rail order");
  if (!document) return document.error();
  Reader reader(*document, "rail order");
  RailOrder order;
  order.kind = reader.parsed(parse_trade_kind(reader.text("kind")), "kind");
  order.payer_openid = reader.text("payer_openid");
  order.prepay_id = reader.text("prepay_id");
  order.code_url = reader.text("code_url");
  order.transaction_id = reader.text("transaction_id");
  order.may_be_open = reader.flag("may_be_open");
  if (auto error = reader.finish()) return *std::move(error);
  return order;
}

Result<std::string> calls_to_json(const std::vector<ToolCall>& calls) {
  json list = json::array();
  for (const ToolCall& call : calls) {
    list.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  }
  return dump(list);
}

Result<std::vector<ToolCall>> calls_from_json(std::string_view text) {
  return list_from_json<ToolCall>(text, "tool call", [](Reader& reader) {
    ToolCall call;
    call.id = reader.text("id");
    call.name = reader.text("name");
    call.arguments = reader.text("arguments");
    return call;
  });
}

}  // namespace purser::row
