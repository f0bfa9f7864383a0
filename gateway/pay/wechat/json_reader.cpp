#include "gateway/pay/wechat/json_reader.hpp"

#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <vector>

namespace purser::wechat {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using DomObject = simdjson::dom::object;

// simdjson keeps both of two equal keys and finds the first; another reader may find the last. Keys come unescaped.
bool has_repeated_key(const element& value) {
  if (DomObject fields; value.get(fields) == simdjson::SUCCESS) {
    std::vector<std::string_view> keys;
    for (auto [key, held] : fields) {
      if (has_repeated_key(held)) return true;
      keys.push_back(key);
    }
    std::sort(keys.begin(), keys.end());
    return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
  }
  if (array items; value.get(items) == simdjson::SUCCESS) {
    return std::any_of(items.begin(), items.end(), [](element item) { return has_repeated_key(item); });
  }
  return false;
}

}  // namespace

struct JsonFields::State {
  simdjson::dom::parser parser{JsonDocument::kBytesMax};
  std::deque<DomObject> objects;  // a deque: pointers into it stay good
  std::string wrong_key;

  // The value of `key`, or nothing when it is absent or null.
  std::optional<element> find(const void* in, std::string_view key) const {
    element value;
    if (in == nullptr || static_cast<const DomObject*>(in)->at_key(key).get(value) != simdjson::SUCCESS) return {};
    return value.is_null() ? std::nullopt : std::optional(value);
  }
  void spoil(std::string_view key) {
    if (wrong_key.empty()) wrong_key = key;
  }
};

std::string JsonFields::text(std::string_view key) const {
  const auto value = state_->find(object_, key);
  if (!value) return {};
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) state_->spoil(key);
  return std::string(text);
}

std::optional<std::int64_t> JsonFields::integer(std::string_view key) const {
  const auto value = state_->find(object_, key);
  if (!value) return {};
  std::int64_t number = 0;
  // is_int64 is about the token: 1.0 and 1e2 are doubles and refused.
  if (!value->is_int64() || value->get(number) != simdjson::SUCCESS) {
    state_->spoil(key);
    return {};
  }
  return number;
}

JsonFields JsonFields::object(std::string_view key) const {
  const auto value = state_->find(object_, key);
  if (!value) return {state_, nullptr};
  DomObject fields;
  if (value->get(fields) != simdjson::SUCCESS) {
    state_->spoil(key);
    return {state_, nullptr};
  }
  state_->objects.push_back(fields);
  return {state_, &state_->objects.back()};
}

std::vector<JsonFields> JsonFields::objects(std::string_view key) const {
  std::vector<JsonFields> out;
  const auto value = state_->find(object_, key);
  if (!value) return out;
  array items;
  if (value->get(items) != simdjson::SUCCESS) {
    state_->spoil(key);
    return out;
  }
  for (element item : items) {
    DomObject fields;
    if (item.get(fields) != simdjson::SUCCESS) {
      state_->spoil(key);
      return out;
    }
    state_->objects.push_back(fields);
    out.push_back({state_, &state_->objects.back()});
  }
  return out;
}

JsonDocument::JsonDocument() : state_(std::make_unique<JsonFields::State>()) {}
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (text.size() > kBytesMax) return Errc::json_too_large;
  JsonDocument document;
  auto& state = *document.state_;
  if (state.parser.allocate(std::max<std::size_t>(text.size(), 64), kDepthMax) != simdjson::SUCCESS) {
    return Errc::json_too_large;
  }
  element root;
  const auto failed = state.parser.parse(text.data(), text.size()).get(root);
  if (failed == simdjson::DEPTH_ERROR) return Errc::json_too_deep;
  if (failed != simdjson::SUCCESS) return Errc::json_malformed;
  DomObject fields;
  if (root.get(fields) != simdjson::SUCCESS) return Error(Errc::json_wrong_type, "the document is not an object");
  if (has_repeated_key(root)) return Errc::json_duplicate_key;
  state.objects.push_back(fields);
  return document;
}

JsonFields JsonDocument::root() const {
  return {state_.get(), &state_->objects.front()};
}

Result<void> JsonDocument::check() const {
  if (state_->wrong_key.empty()) return success();
  return Error(Errc::json_wrong_type, state_->wrong_key + " has a type that the protocol does not give it",
               state_->wrong_key);
}

}  // namespace purser::wechat
