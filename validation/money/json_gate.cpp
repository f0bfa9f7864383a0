#include "validation/money/json_gate.hpp"

#include "validation/money/text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::size_t kQuotedMax = 40;
constexpr std::size_t kKeyInPointerMax = 64;
constexpr int kNumberOverflow = 406;  // nlohmann's id: "number overflow parsing '...'"

std::string in_quotes(std::string_view text) {
  const std::string head(first_code_points(text, kQuotedMax));
  return head.size() < text.size() ? "'" + head + "...'" : "'" + head + "'";
}

// Builds the document token by token and stops at the first that breaks a limit. Knows where it is.
class Gate : public json::json_sax_t {
 public:
  explicit Gate(const JsonLimits& limits) : limits_(limits) {}

  const Error& error() const { return error_; }

  json take_document() { return std::move(document_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(json::number_integer_t value) override { return add(value); }
  bool number_unsigned(json::number_unsigned_t value) override { return add(value); }
  bool string(json::string_t& value) override { return add(std::move(value)); }
  bool binary(json::binary_t& value) override { return add(std::move(value)); }

  // Also called for integers beyond 64 bits, with the text as it stands in the document.
  bool number_float(json::number_float_t value, const json::string_t& raw) override {
    if (!add(value)) return false;
    if (limits_.floats_allowed) return true;
    return refuse(Errc::json_wrong_type,
                  in_quotes(raw) + " is not an integer of 64 bits; amounts and quantities are integers");
  }

  bool start_object(std::size_t) override { return enter(true); }
  bool start_array(std::size_t) override { return enter(false); }
  bool end_object() override { return frames_.pop_back(), true; }
  bool end_array() override { return frames_.pop_back(), true; }

  bool key(json::string_t& name) override {
    Frame& object = frames_.back();
    object.key = name;
    if (!object.keys.insert(name).second)
      return refuse(Errc::json_duplicate_key, "the key " + in_quotes(name) + " stands twice");
    return true;
  }

  // The text of nlohmann's exception repeats bytes of the input that may not be UTF-8, so it is not passed on.
  bool parse_error(std::size_t position, const std::string&, const json::exception& why) override {
    if (why.id == kNumberOverflow) {
      return count_value() && refuse(Errc::json_out_of_range, "a number is too large to be read");
    }
    error_ = Error(Errc::json_malformed, "the text is not JSON near byte " + std::to_string(position));
    return false;
  }

 private:
  struct Frame {
    bool is_object = false;
    json* into = nullptr;
    std::size_t values = 0;
    std::string key;
    std::set<std::string> keys;
  };

  // Puts the value where it belongs. A place in an array moves when its next neighbour comes, and not before.
  bool add(json value) {
    if (!count_value()) return false;
    if (frames_.empty()) {
      document_ = std::move(value);
      added_ = &document_;
    } else if (frames_.back().is_object) {
      added_ = &(*frames_.back().into)[frames_.back().key];
      *added_ = std::move(value);
    } else {
      added_ = &frames_.back().into->emplace_back(std::move(value));
    }
    return true;
  }

  bool enter(bool is_object) {
    if (!add(is_object ? json::object() : json::array())) return false;
    if (frames_.size() >= static_cast<std::size_t>(limits_.depth_max)) {
      return refuse(Errc::json_too_deep, "nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    }
    frames_.emplace_back().is_object = is_object;
    frames_.back().into = added_;
    return true;
  }

  bool count_value() {
    if (!frames_.empty()) ++frames_.back().values;
    if (++values_ > limits_.values_max) {
      return refuse(Errc::json_too_large, "more than " + std::to_string(limits_.values_max) + " values");
    }
    return true;
  }

  // The value that is refused has been counted, so an array's last index is its own.
  bool refuse(Errc code, std::string why) {
    std::string pointer;
    for (const Frame& frame : frames_) {
      pointer = frame.is_object ? pointer_to(pointer, frame.key) : pointer_to(pointer, frame.values - 1);
    }
    error_ = Error(code, std::move(why), std::move(pointer));
    return false;
  }

  const JsonLimits& limits_;
  json document_;
  json* added_ = nullptr;  // the value that came last
  std::vector<Frame> frames_;
  std::size_t values_ = 0;
  Error error_;
};

// Reads what is good several times as fast as the Gate does; of all else it says nothing, and the Gate says why.
class FastLane {
 public:
  explicit FastLane(const JsonLimits& limits) : limits_(limits) {}

  std::optional<json> read(std::string_view text) {
    thread_local simdjson::dom::parser kept;
    std::optional<simdjson::dom::parser> own;  // of a large text: its memory is not kept
    simdjson::dom::parser& parser = text.size() <= kKeptBytesMax ? kept : own.emplace();
    simdjson::dom::element root;
    if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
    json document;
    if (!take(root, document, 0)) return std::nullopt;
    return document;
  }

 private:
  static constexpr std::size_t kKeptBytesMax = 64 << 10;

  bool take(simdjson::dom::element from, json& to, int depth) {
    if (++values_ > limits_.values_max) return false;
    switch (from.type()) {
      case simdjson::dom::element_type::OBJECT:
        return depth < limits_.depth_max && take_members(from, to, depth + 1);
      case simdjson::dom::element_type::ARRAY:
        return depth < limits_.depth_max && take_items(from, to, depth + 1);
      case simdjson::dom::element_type::STRING:
        to = std::string_view(from);
        return true;
      case simdjson::dom::element_type::INT64:
        return take_integer(from, to);
      case simdjson::dom::element_type::UINT64:
        to = std::uint64_t(from);
        return true;
      case simdjson::dom::element_type::DOUBLE:
        to = json::number_float_t(from);
        return limits_.floats_allowed;
      case simdjson::dom::element_type::BOOL:
        to = bool(from);
        return true;
      case simdjson::dom::element_type::NULL_VALUE:
        return true;
    }
    return false;
  }

  // nlohmann holds what is not negative as unsigned.
  static bool take_integer(std::int64_t value, json& to) {
    if (value < 0) {
      to = value;
    } else {
      to = static_cast<std::uint64_t>(value);
    }
    return true;
  }

  bool take_members(simdjson::dom::object members, json& to, int depth) {
    to = json::object();
    auto& into = to.get_ref<json::object_t&>();
    for (const auto [key, value] : members) {
      const auto [place, fresh] = into.try_emplace(std::string(key));
      if (!fresh || !take(value, place->second, depth)) return false;
    }
    return true;
  }

  bool take_items(simdjson::dom::array items, json& to, int depth) {
    to = json::array();
    auto& into = to.get_ref<json::array_t&>();
    for (const auto value : items)
      if (!take(value, into.emplace_back(), depth)) return false;
    return true;
  }

  const JsonLimits& limits_;
  std::size_t values_ = 0;
};

}  // namespace

Result<json> parse_strict(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return Error(Errc::json_too_large, "larger than " + std::to_string(limits.bytes_max) + " bytes");
  }
  // nlohmann stops at a NUL and calls what stood before it the document; a byte order mark it skips.
  if (text.find('\0') != std::string_view::npos) return Error(Errc::json_malformed, "a NUL byte is not JSON");
  if (text.starts_with("\xEF\xBB\xBF")) return Error(Errc::json_malformed, "a byte order mark is not JSON");
  if (auto document = FastLane(limits).read(text)) return std::move(*document);
  Gate gate(limits);
  if (!json::sax_parse(text, &gate)) return gate.error();
  return gate.take_document();
}

void append_json_string(std::string& out, std::string_view text) {
  const bool as_it_is = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == 0x7f;
  });
  if (as_it_is && valid_utf8(text)) {
    out.append(1, '"').append(text).append(1, '"');
  } else {
    out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  }
}

std::string pointer_to(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (char c : first_code_points(key, kKeyInPointerMax)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string pointer_to(std::string_view pointer, std::size_t index) {
  return pointer_to(pointer, std::to_string(index));
}

}  // namespace purser
