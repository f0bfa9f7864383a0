// Server-sent events as providers really send them, piece by piece: LF, CRLF or CR, a byte order mark, comments,
// several lines of data, events split anywhere (also inside a character). Pure; one object a stream.
#pragma once

#include "validation/money/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace purser::llm {

struct SseEvent {
  std::string name;  // of its last `event:` line; mostly empty
  std::string data;  // its `data:` lines, joined by LF

  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

struct SseLimits {
  std::size_t line_bytes_max = 1 << 20;
  std::size_t event_bytes_max = 1 << 20;
  std::size_t total_bytes_max = 16 << 20;
};

class SseParser {
 public:
  explicit SseParser(SseLimits limits) : limits_(limits) {}

  // Takes the next bytes and appends the events they complete. Comments and events without data are no events. Error:
  // reply_too_large; the stream is good for nothing then.
  Result<void> feed(std::string_view bytes, std::vector<SseEvent>& out);

  // The bytes have ended. What lacks its blank line is handed out too: whether it is whole, its own syntax tells.
  void finish(std::vector<SseEvent>& out);

 private:
  Result<void> take_bytes(std::string_view bytes);
  Result<void> end_line(std::vector<SseEvent>& out);
  void dispatch(std::vector<SseEvent>& out);

  SseLimits limits_;
  std::string line_;
  std::string name_;
  std::string data_;
  bool has_data_ = false;
  bool at_start_ = true;
  bool after_cr_ = false;
  std::size_t total_ = 0;
};

}  // namespace purser::llm
