// What a customer wants, as far as words tell: Chinese and English, no model, no network. What is not understood is
// said to be unclear; nothing that moves money is guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::dialogue {

enum class WishKind : std::uint8_t {
  unclear,
  greeting,
  thanks,
  help,
  list,
  price,
  buy,
  status,
  cancel,
  renew,
  refund,
  nothing,
  haggle
};
std::string_view to_string(WishKind kind);

struct Goods {
  std::string words;  // what they were called, without the number
  std::int64_t quantity = 1;
  bool counted = false;  // a number was said
};

struct Wish {
  WishKind kind = WishKind::unclear;
  bool chinese = false;
  std::vector<Goods> goods;                // buy, price, refund
  bool all = false;                        // refund: everything
  std::optional<std::int64_t> amount_fen;  // refund: this much
};

// `answers_question`: the shop has just asked something back, so a bare name of goods is an order.
Wish understand(std::string_view text, bool answers_question);

bool has_chinese(std::string_view text);
// Words that name a whole shelf (茶, tea, fruit): the shop asks which.
bool is_vague(std::string_view words);

}  // namespace purser::dialogue
