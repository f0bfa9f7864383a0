// A conversation printed for people: who said what, cards in boxes, what was refused, how long it took.
#pragma once

#include "validation/money/time.hpp"

#include <nlohmann/json.hpp>

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

class Transcript {
 public:
  // `color`: ANSI colours; off when the output is not a terminal. Writes to `out`, which outlives it.
  Transcript(std::ostream& out, bool color, std::string locale);

  void heading(std::string_view text);
  void user(std::string_view text);
  // A reply as the API gives it: {"text","cards"}; `took` is printed when it is not negative.
  void reply(const nlohmann::json& reply, std::chrono::milliseconds took);
  // Something that happened outside the conversation: the phone pays, time passes.
  void aside(std::string_view text);
  void problem(std::string_view text);

 private:
  void card(const nlohmann::json& card);
  void box(std::string_view title, const std::vector<std::string>& rows);
  std::string paint(std::string_view code, std::string_view text) const;
  std::string words(std::string_view zh, std::string_view en) const;

  std::ostream& out_;
  bool color_;
  bool zh_;
};

// Columns a terminal needs for `text`: two for Chinese characters and full-width signs.
std::size_t display_width(std::string_view text);

}  // namespace purser
