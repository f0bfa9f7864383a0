#include "gateway/http/response_head.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace purser::http {
namespace {

bool set_by_server(std::string_view name) {
  constexpr std::array<std::string_view, 6> kOwn{"Date",       "Server",    "Content-Length", "Transfer-Encoding",
                                                 "Connection", "Keep-Alive"};
  return std::any_of(kOwn.begin(), kOwn.end(), [&](std::string_view own) { return equals_ignoring_case(own, name); });
}

std::string_view reason(int status) {
  const auto text = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {text.data(), text.size()};
}

}  // namespace

Result<std::string> response_head(const Response& response, HeadOptions options, std::string_view date) {
  if (response.status < 200 || response.status > 599) return Error(Errc::internal, "no status of an answer", "status");
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason(response.status));
  out.append("\r\nDate: ").append(date).append("\r\nServer: purser\r\n");
  for (const auto& [name, value] : response.headers) {
    if (!is_header_name(name) || !is_header_value(value)) {
      return Error(Errc::internal, "the answer holds a header that cannot be sent", name);
    }
    if (!set_by_server(name)) out.append(name).append(": ").append(value).append("\r\n");
  }
  if (options.framing == Framing::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (options.framing == Framing::length && may_have_body(response.status)) {
    out.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  if (!options.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (options.http_1_0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  return out;
}

std::string http_date(UtcTime time) {
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

}  // namespace purser::http
