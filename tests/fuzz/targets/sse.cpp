// Server-sent events, cut into any pieces, against a reading of the whole text by the letter of the specification.
#include "gateway/llm/sse.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace {

using purser::llm::SseEvent;
using purser::llm::SseLimits;
using purser::llm::SseParser;

// One line after the other, with everything in memory.
std::vector<SseEvent> by_the_letter(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' && text[i] != '\n') {
      line += text[i];
      continue;
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    lines.push_back(line);
    line.clear();
  }
  if (!line.empty()) lines.push_back(line);
  lines.emplace_back();  // the end of the bytes ends what is open

  std::vector<SseEvent> out;
  SseEvent open;
  bool has_data = false;
  for (const std::string& one : lines) {
    if (one.empty()) {
      if (has_data) {
        open.data.pop_back();
        out.push_back(open);
      }
      open = SseEvent();
      has_data = false;
      continue;
    }
    const auto colon = one.find(':');
    const std::string name = one.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : one.substr(colon + 1);
    if (value.starts_with(" ")) value.erase(0, 1);
    if (name == "data") {
      open.data += value + "\n";
      has_data = true;
    } else if (name == "event") {
      open.name = value;
    }
  }
  return out;
}

}  // namespace

PURSER_FUZZ(bytes) {
  using namespace purser;
  fuzz::Dice dice(bytes);
  const std::string text(dice.rest());
  SseParser parser{SseLimits{}};
  std::vector<SseEvent> events;
  std::string_view left = text;
  while (!left.empty()) {
    const auto piece = left.substr(0, 1 + dice.next() % 7);
    fuzz::require(parser.feed(piece, events).ok());
    left.remove_prefix(piece.size());
  }
  parser.finish(events);
  fuzz::require(events == by_the_letter(text));

  // A stream over a limit is refused, and hands out nothing that is larger.
  SseParser tight{SseLimits{16, 24, 64}};
  events.clear();
  const bool fits = tight.feed(text, events).ok();
  fuzz::require(fits || text.size() > 16);
  for (const SseEvent& event : events) fuzz::require(event.data.size() <= 24);
}
