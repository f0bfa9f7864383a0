#include "gateway/llm/sse.hpp"

#include <utility>

namespace purser::llm {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<void> SseParser::feed(std::string_view bytes, std::vector<SseEvent>& out) {
  total_ += bytes.size();
  if (total_ > limits_.total_bytes_max) return Error(Errc::reply_too_large, "the stream is larger than allowed");
  if (after_cr_ && !bytes.empty()) {
    after_cr_ = false;
    if (bytes.front() == '\n') bytes.remove_prefix(1);
  }
  while (!bytes.empty()) {
    const auto end = bytes.find_first_of("\r\n");
    auto taken = take_bytes(bytes.substr(0, end));
    if (!taken || end == std::string_view::npos) return taken;
    const bool cr = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (cr && bytes.empty()) after_cr_ = true;
    if (cr && !bytes.empty() && bytes.front() == '\n') bytes.remove_prefix(1);
    auto ended = end_line(out);
    if (!ended) return ended;
  }
  return success();
}

void SseParser::finish(std::vector<SseEvent>& out) {
  if (!line_.empty()) (void)end_line(out);
  dispatch(out);
}

Result<void> SseParser::take_bytes(std::string_view bytes) {
  if (line_.size() + bytes.size() > limits_.line_bytes_max)
    return Error(Errc::reply_too_large, "a line of the stream is longer than allowed");
  line_.append(bytes);
  return success();
}

Result<void> SseParser::end_line(std::vector<SseEvent>& out) {
  std::string_view line = line_;
  if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.empty()) {
    dispatch(out);
    line_.clear();
    return success();
  }
  const auto colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (data_.size() + value.size() + 1 > limits_.event_bytes_max)
      return Error(Errc::reply_too_large, "an event of the stream is larger than allowed");
    if (std::exchange(has_data_, true)) data_ += '\n';
    data_.append(value);
  } else if (field == "event") {
    name_ = value;
  }
  line_.clear();
  return success();
}

void SseParser::dispatch(std::vector<SseEvent>& out) {
  if (has_data_) out.push_back({std::move(name_), std::move(data_)});
  name_.clear();
  data_.clear();
  has_data_ = false;
}

}  // namespace purser::llm
