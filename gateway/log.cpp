#include "gateway/log.hpp"

#include "validation/rules/personal_data.hpp"

#include <simdjson.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace purser::log {
namespace {

// The time comes from spdlog's own record. The rest of the line, from the level on, is ours.
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr const char* kJsonPattern = "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}";

constexpr std::array kLevelNames{"trace", "debug", "info", "warn", "error"};
constexpr std::array kLevels{spdlog::level::trace, spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                             spdlog::level::err};

std::atomic<bool> g_json{false};
std::atomic<Level> g_level{Level::info};

spdlog::logger& logger() {
  static const auto held = [] {
    auto made = std::make_shared<spdlog::logger>("purser", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(kTextPattern, spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::trace);  // the level is decided before the line is written
    return made;
  }();
  return *held;
}

void append_hex(std::string& out, std::string_view prefix, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += prefix;
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

// Control bytes, C1 controls, the line separators of Unicode and bytes that are not UTF-8 become escapes, so that a
// value can neither end the line nor speak to a terminal.
std::string escaped(std::string_view value, bool json) {
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (std::all_of(value.begin(), value.end(), plain)) return std::string(value);
  const bool utf8 = simdjson::validate_utf8(value.data(), value.size());
  const std::string_view prefix = json ? "\\u00" : "\\x";
  std::string out;
  out.reserve(value.size() + 2);
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    const std::string_view rest = value.substr(i);
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '"' || byte == '\\') {
      out += {'\\', value[i]};
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      append_hex(out, prefix, byte);
    } else if (byte == 0xc2 && static_cast<unsigned char>(rest[1]) < 0xa0) {
      append_hex(out, "\\u00", static_cast<unsigned char>(rest[1]));
      i += 1;
    } else if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) {
      out += rest.starts_with("\u2028") ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += value[i];
    }
  }
  return out;
}

// A value of the text format needs quotes when a reader could not tell where it ends.
std::string text_value(std::string_view value) {
  std::string out = escaped(value, false);
  const bool plain = !out.empty() && out.find_first_of(" =\"\\") == std::string::npos;
  return plain ? out : '"' + out + '"';
}

// Numbers of people do not go into a log, whatever field they came in. A request's id is none: it has the form of one
// (api::request_id), and half of it would find nothing.
std::string shown(const Field& field) {
  return field.bare() || field.key() == "request" ? field.text() : rules::mask_personal_data(field.text()).text;
}

std::string line_of(Level level, std::string_view event, Fields fields, bool json) {
  const char* name = kLevelNames[static_cast<std::size_t>(level)];
  if (!json) {
    std::string line = std::string(name) + ' ' + escaped(event, false);
    for (const Field& field : fields)
      line.append(1, ' ').append(escaped(field.key(), false)).append(1, '=').append(text_value(shown(field)));
    return line;
  }
  std::string line = "\"level\":\"" + std::string(name) + "\",\"event\":\"" + escaped(event, true) + '"';
  for (const Field& field : fields) {
    line += ",\"" + escaped(field.key(), true) + "\":";
    line += field.bare() ? field.text() : '"' + escaped(shown(field), true) + '"';
  }
  return line;
}

// Hands the finished line to a test.
class CaptureSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CaptureSink(std::function<void(std::string)> to) : to_(std::move(to)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    to_(std::string(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}
  std::function<void(std::string)> to_;
};

spdlog::sink_ptr& replaced_sink() {
  static spdlog::sink_ptr held;
  return held;
}

}  // namespace

Result<void> configure(const LogSettings& settings) {
  const auto level = std::find(kLevelNames.begin(), kLevelNames.end(), settings.level);
  if (level == kLevelNames.end()) {
    return Error(Errc::config_bad_value, "the log level is one of trace, debug, info, warn, error", "log.level");
  }
  if (settings.format != "text" && settings.format != "json") {
    return Error(Errc::config_bad_value, "the log format is text or json", "log.format");
  }
  g_level = static_cast<Level>(level - kLevelNames.begin());
  g_json = settings.format == "json";
  logger().set_pattern(g_json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc);
  return success();
}

bool enabled(Level level) {
  return level >= g_level;
}

void write(Level level, std::string_view event, Fields fields) noexcept {
  if (!enabled(level)) return;
  try {
    logger().log(kLevels[static_cast<std::size_t>(level)], "{}", line_of(level, event, fields, g_json));
  } catch (...) {  // a log that cannot be written must not end a payment
  }
}

CaptureForTest::CaptureForTest(std::function<void(std::string line)> sink) {
  replaced_sink() = logger().sinks().at(0);
  logger().sinks().at(0) = std::make_shared<CaptureSink>(std::move(sink));
}

CaptureForTest::~CaptureForTest() {
  logger().sinks().at(0) = std::exchange(replaced_sink(), nullptr);
}

}  // namespace purser::log
