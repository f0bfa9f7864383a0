#include "validation/money/time.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace purser {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Reads a text from its front; every reader says whether what it wanted was there.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }

  bool one_of(std::string_view chars, char& taken) {
    if (rest_.empty() || chars.find(rest_.front()) == std::string_view::npos) return false;
    taken = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  bool literal(std::string_view chars) {
    char taken = 0;
    return one_of(chars, taken);
  }

  bool number(std::size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }

  // One digit or more after the point; what is finer than a millisecond is cut, not rounded.
  bool fraction(int& milliseconds) {
    int scale = 100;
    bool any = false;
    milliseconds = 0;
    for (char c = 0; one_of("0123456789", c); scale /= 10) {
      milliseconds += (c - '0') * scale;
      any = true;
    }
    return any;
  }

 private:
  std::string_view rest_;
};

std::optional<UtcTime> read_date_time(Cursor& in) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  const bool shaped = in.number(4, year) && in.literal("-") && in.number(2, month) && in.literal("-") &&
                      in.number(2, day) && in.literal("Tt") && in.number(2, hour) && in.literal(":") &&
                      in.number(2, minute) && in.literal(":") && in.number(2, second);
  if (!shaped || (in.literal(".") && !in.fraction(ms))) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // A leap second (60) is read as the first moment of the next minute: the system clock has no name for it.
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return UtcTime(std::chrono::sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) + Millis(ms);
}

std::optional<minutes> read_offset(Cursor& in) {
  char sign = 0;
  int hour = 0, minute = 0;
  if (in.literal("Zz")) return minutes(0);
  if (!in.one_of("+-", sign) || !in.number(2, hour) || !in.literal(":") || !in.number(2, minute)) return std::nullopt;
  if (hour > 23 || minute > 59) return std::nullopt;
  const minutes size = hours(hour) + minutes(minute);
  return sign == '-' ? -size : size;
}

std::string format_seconds(std::chrono::sys_time<seconds> t) {
  const auto day = floor<days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<seconds> clock(t - day);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace

std::string format_time(UtcTime t) {
  const auto whole = floor<seconds>(t);
  std::string text = format_seconds(whole);
  if (const auto ms = (t - whole).count(); ms != 0) {
    char fraction[8];
    std::snprintf(fraction, sizeof fraction, ".%03d", static_cast<int>(ms));
    text += fraction;
  }
  return text + "Z";
}

std::string format_time_china(UtcTime t) {
  return format_seconds(floor<seconds>(t) + hours(8)) + "+08:00";
}

Result<UtcTime> parse_time(std::string_view text) {
  Cursor in(text);
  if (const auto local = read_date_time(in)) {
    if (const auto offset = read_offset(in); offset && in.done()) return *local - *offset;
  }
  return Error(Errc::malformed_time, "a time is written as in RFC 3339, for example 2026-01-05T10:00:00Z");
}

}  // namespace purser
