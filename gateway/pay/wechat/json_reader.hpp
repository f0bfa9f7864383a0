// Reads the rail's JSON: answers, errors, notifications. New fields and a free order of keys are normal; a key that
// stands twice, an amount that is no integer or a wrong type where we look is not, and spoils the whole document.
#pragma once

#include "validation/money/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::wechat {

// One object of the document, which it must not outlive.
class JsonFields {
 public:
  // Absent or null: empty. Another type: empty, and the document counts as spoilt.
  std::string text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  JsonFields object(std::string_view key) const;
  // A list of objects; absent or null: empty.
  std::vector<JsonFields> objects(std::string_view key) const;

 private:
  friend class JsonDocument;
  struct State;
  JsonFields(State* state, const void* object) : state_(state), object_(object) {}
  State* state_;
  const void* object_;  // null: an empty object
};

class JsonDocument {
 public:
  static constexpr std::size_t kBytesMax = 1 << 20;
  static constexpr std::size_t kDepthMax = 32;

  // An object. Errors: json_too_large, json_malformed, json_too_deep, json_duplicate_key, json_wrong_type.
  static Result<JsonDocument> parse(std::string_view text);
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;

  JsonFields root() const;
  // After reading: ok when nothing of a wrong type was met. Error: json_wrong_type with the key.
  Result<void> check() const;

 private:
  JsonDocument();
  std::unique_ptr<JsonFields::State> state_;
};

}  // namespace purser::wechat
