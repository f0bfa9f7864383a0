// Structured log: one event is one line on stderr, whatever its fields hold. Fields are named at the call, so nothing
// is logged that nobody wrote down; secrets do not compile. Any thread may log.
#pragma once

#include "config/settings.hpp"
#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace purser::log {

enum class Level : std::uint8_t { trace, debug, info, warn, error };

// One key and its value. Both are read while the call runs; keys are literals of [a-z0-9_].
class Field {
 public:
  Field(std::string_view key, std::string_view value) : key_(key), text_(value) {}
  Field(std::string_view key, const std::string& value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, const char* value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, std::integral auto value) : key_(key), number_(true), text_(text_of(value)) {}
  Field(std::string_view key, Errc value) : Field(key, code_of(value)) {}
  Field(std::string_view, const Secret&) = delete;

  std::string_view key() const { return key_; }
  const std::string& text() const { return text_; }
  bool bare() const { return number_; }  // a number or a truth value: JSON writes it without quotes

 private:
  static std::string text_of(bool value) { return value ? "true" : "false"; }
  static std::string text_of(std::integral auto value) { return std::to_string(value); }

  std::string_view key_;
  bool number_ = false;
  std::string text_;
};

using Fields = std::initializer_list<Field>;

// Until this is called: level info, text. Error: config_bad_value naming the key.
Result<void> configure(const LogSettings& settings);
bool enabled(Level level);

// `event` is a literal such as "rail.refused". Never throws.
void write(Level level, std::string_view event, Fields fields) noexcept;

inline void trace(std::string_view event, Fields fields = {}) {
  write(Level::trace, event, fields);
}
inline void debug(std::string_view event, Fields fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) {
  write(Level::info, event, fields);
}
inline void warn(std::string_view event, Fields fields = {}) {
  write(Level::warn, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::error, event, fields);
}

// While it lives, lines go to `sink` (without their time) and not to stderr. One at a time; nothing else may log
// meanwhile on another thread.
class CaptureForTest {
 public:
  explicit CaptureForTest(std::function<void(std::string line)> sink);
  ~CaptureForTest();
  CaptureForTest(const CaptureForTest&) = delete;
  CaptureForTest& operator=(const CaptureForTest&) = delete;
};

}  // namespace purser::log
