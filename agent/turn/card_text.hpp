// A card in words, for clients that show text alone: the terminal, and chat clients that know nothing of cards.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser {

struct CardText {
  std::string title;  // holds the mark of the sandbox
  std::vector<std::string> rows;
};

// `locale`: "zh", else English.
CardText card_text(const nlohmann::json& card, std::string_view locale);

}  // namespace purser
