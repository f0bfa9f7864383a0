// A card in words, for clients that show text alone: the terminal, and chat clients that know nothing of cards.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser {

struct CardText {
  // `amount` is empty, or belongs in a column of its own.
  struct Row {
    std::string text;
    std::string amount;
  };
  std::string title;  // holds the mark of the sandbox
  std::vector<Row> rows;
};

// `locale`: "zh", else English.
CardText card_text(const nlohmann::json& card, std::string_view locale);

}  // namespace purser
