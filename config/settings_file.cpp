#include "config/settings_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::size_t kDepthOfValues = 2;  // file { section { value

class Reader : public json::json_sax_t {
 public:
  Reader(std::string_view text, const std::string& source, FileContents& out)
      : text_(text), source_(source), out_(out) {}

  bool null() override { return value({}); }
  bool boolean(bool b) override { return value(b); }
  bool number_integer(std::int64_t n) override { return value(n); }
  bool number_unsigned(std::uint64_t n) override {
    const bool fits = n <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return value(fits ? PlainValue(static_cast<std::int64_t>(n)) : PlainValue());
  }
  bool number_float(json::number_float_t, const std::string&) override { return value({}); }
  bool string(std::string& s) override { return value(std::move(s)); }
  bool binary(json::binary_t&) override { return value({}); }

  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    if (ignored_ > 0) return true;
    (depth_ == 1 ? section_ : key_) = depth_ == 1 ? name : section_ + "." + name;
    if (depth_ == 1) out_.sections.push_back(name);
    const std::string& full = depth_ == 1 ? section_ : key_;
    if (!seen_.insert(full).second) tell(Errc::json_duplicate_key, full, "stands once");
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    // What the parser quotes may be a secret, so only the place is told.
    const std::string_view before = text_.substr(0, std::min(position, text_.size()));
    const std::size_t line_end = before.rfind('\n');
    const std::size_t column = before.size() - (line_end == std::string_view::npos ? 0 : line_end + 1);
    tell(Errc::json_malformed, "",
         "is JSON without comments, and this breaks at line " +
             std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ", column " + std::to_string(column));
    return false;
  }

 private:
  bool value(PlainValue v) {
    if (ignored_ > 0) return true;
    if (depth_ < kDepthOfValues) {
      tell(Errc::json_wrong_type, depth_ == 0 ? "" : section_, "is an object of settings");
    } else {
      out_.entries.push_back({key_, std::move(v)});
    }
    return true;
  }

  // An array, or an object where a value should stand, counts as one bad value; what is in it is not looked at.
  bool open(bool object) {
    if (object && ignored_ == 0 && depth_ < kDepthOfValues) {
      ++depth_;
      return true;
    }
    value({});
    ++ignored_;
    return true;
  }
  bool close() {
    --(ignored_ > 0 ? ignored_ : depth_);
    return true;
  }

  void tell(Errc code, std::string key, std::string rule) {
    out_.mistakes.push_back({code, source_, std::move(key), "", std::move(rule)});
  }

  std::string_view text_;
  const std::string& source_;
  FileContents& out_;
  std::size_t depth_ = 0;    // of the objects that belong to the shape
  std::size_t ignored_ = 0;  // of what is nested where nothing should be
  std::string section_;
  std::string key_;
  std::set<std::string> seen_;
};

}  // namespace

FileContents parse_settings_file(std::string_view text, const std::string& source) {
  FileContents contents;
  Reader reader(text, source, contents);
  json::sax_parse(text, &reader);
  return contents;
}

}  // namespace purser
