#include "gateway/http/request_head.hpp"

#include "gateway/http/beast_text.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <optional>

namespace purser::http {
namespace {

namespace beast_http = boost::beast::http;
using HeadParser = beast_http::request_parser<beast_http::empty_body>;
using Verdict = std::optional<Refusal>;  // empty: goes on

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::size_t count_of(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const auto& field) { return equals_ignoring_case(field.first, name); }));
}

Refusal unparsable(const boost::beast::error_code& ec) {
  if (ec == beast_http::error::bad_version) return {505, "HTTP/1.1 is the version spoken here", {}};
  if (ec == beast_http::error::header_limit) return {431, "the request head is too large", {}};
  return {400, "the request head is not HTTP/1.1", {}};
}

// Any Transfer-Encoding whatever its value, and the names that some servers in front take for the framing headers.
Verdict framing_names(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    std::string plain = name;
    std::replace(plain.begin(), plain.end(), '_', '-');
    if (equals_ignoring_case(plain, "Transfer-Encoding")) {
      return Refusal{501, "bodies are framed by Content-Length, never by a transfer coding", "Transfer-Encoding"};
    }
    if (plain != name && equals_ignoring_case(plain, "Content-Length")) {
      return Refusal{501, "a framing header is misspelt", "Content-Length"};
    }
  }
  return std::nullopt;
}

Verdict one_host(const Headers& headers) {
  constexpr std::string_view kMarks = ".-_:[]";
  const std::string_view host = header(headers, "Host");
  const bool well_formed = !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
  if (count_of(headers, "Host") == 1 && well_formed) return std::nullopt;
  return Refusal{400, "exactly one Host of one name or address is required", "Host"};
}

Verdict no_duplicates(const Headers& headers) {
  for (const std::string_view name : {"Content-Length", "Content-Type", "Authorization", "Idempotency-Key", "Expect"}) {
    if (count_of(headers, name) > 1) return Refusal{400, "a header that may stand once stands twice", name};
  }
  for (const auto& [name, value] : headers) {
    if (starts_with_ignoring_case(name, "Wechatpay-") && count_of(headers, name) > 1) {
      return Refusal{400, "a header that may stand once stands twice", "Wechatpay-*"};
    }
  }
  return std::nullopt;
}

Verdict body_length(const ServerLimits& limits, RequestHead& head) {
  const bool takes_body = head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
  if (count_of(head.headers, "Content-Length") == 0) {
    if (takes_body) return Refusal{411, "this method needs a Content-Length", "Content-Length"};
    return std::nullopt;
  }
  const std::string_view text = header(head.headers, "Content-Length");
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > 10 || !digits || (text.size() > 1 && text[0] == '0')) {
    return Refusal{400, "Content-Length is one plain decimal number", "Content-Length"};
  }
  for (const char c : text) head.body_bytes = head.body_bytes * 10 + static_cast<std::uint64_t>(c - '0');
  if (head.body_bytes > limits.body_bytes_max) return Refusal{413, "the body is too large", "Content-Length"};
  if (head.body_bytes > 0 && !takes_body) return Refusal{400, "this method takes no body", "Content-Length"};
  return std::nullopt;
}

Verdict origin_form(std::string_view target, const ServerLimits& limits) {
  if (target.size() > limits.target_bytes_max) return Refusal{414, "the target is too long", {}};
  if (target.empty() || target[0] != '/') return Refusal{400, "the target is a path beginning with '/'", {}};
  const bool printable = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable || target.find('#') != std::string_view::npos) {
    return Refusal{400, "the target holds a character that does not belong there", {}};
  }
  for (auto at = target.find('%'); at != std::string_view::npos; at = target.find('%', at + 1)) {
    const std::string_view code = target.substr(at + 1, 2);
    for (const std::string_view forbidden : {"00", "0a", "0d"}) {
      if (equals_ignoring_case(code, forbidden)) return Refusal{400, "the target hides a control character", {}};
    }
  }
  return std::nullopt;
}

Verdict expectation(RequestHead& head) {
  if (count_of(head.headers, "Expect") == 0) return std::nullopt;
  if (!equals_ignoring_case(header(head.headers, "Expect"), "100-continue")) {
    return Refusal{417, "the only expectation known is 100-continue", "Expect"};
  }
  head.expects_continue = !head.http_1_0;
  return std::nullopt;
}

}  // namespace

HeadScan::Seen HeadScan::look(std::string_view received) {
  for (; seen_ < received.size(); ++seen_) {
    if (seen_ >= bytes_max_) return over_limit();
    const auto byte = static_cast<unsigned char>(received[seen_]);
    const bool after_cr = seen_ > 0 && received[seen_ - 1] == '\r';
    if ((byte == '\n') != after_cr) return Refusal{400, "lines end with CRLF, and nothing else holds CR or LF", {}};
    if (byte == '\n') {
      const bool empty_line = seen_ - line_ == 1;
      if (empty_line && line_ == 0) return Refusal{400, "a request begins with its method", {}};
      line_ = seen_ + 1;
      if (empty_line) return Whole{++seen_};
    } else if ((byte == ' ' || byte == '\t') && seen_ == line_) {
      return Refusal{400, "folded header lines are not taken", {}};
    } else if ((byte < 0x20 && byte != '\r' && byte != '\t') || byte == 0x7f) {
      return Refusal{400, "the request head holds a control character", {}};
    }
  }
  return More{};
}

HeadScan::Seen HeadScan::over_limit() const {
  if (line_ == 0) return Refusal{414, "the target is too long", {}};
  return Refusal{431, "the request head is too large", {}};
}

std::variant<RequestHead, Refusal> admit(std::string_view block, const ServerLimits& limits) {
  HeadParser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max) + 1);
  parser.body_limit(boost::none);
  boost::beast::error_code ec;
  parser.put(boost::asio::buffer(block.data(), block.size()), ec);
  if (ec) return unparsable(ec);
  if (!parser.is_header_done()) return Refusal{400, "the request head is not HTTP/1.1", {}};

  const auto& message = parser.get();
  RequestHead head;
  head.method = view(message.method_string());
  head.target = view(message.target());
  head.http_1_0 = message.version() == 10;
  head.keep_alive = message.keep_alive();
  for (const auto& field : message) head.headers.emplace_back(view(field.name_string()), view(field.value()));

  if (head.headers.size() > limits.header_count_max) return Refusal{431, "too many headers", {}};
  if (auto no = framing_names(head.headers)) return *no;
  if (auto no = one_host(head.headers)) return *no;
  if (auto no = no_duplicates(head.headers)) return *no;
  if (auto no = body_length(limits, head)) return *no;
  if (auto no = origin_form(head.target, limits)) return *no;
  if (auto no = expectation(head)) return *no;
  return head;
}

}  // namespace purser::http
