// Texts that are the same to a reader who does not mind capitals and the width of characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace purser::replay {

// Of UTF-8: each letter in the one case that Unicode's simple case folding gives it ("PAID" and "ＰＡＩＤ" are "paid",
// "Ж" is "ж"), full- and half-width characters in their usual width ("！" is "!", "￥" is "¥", "ｶ" is "カ"). Character
// by character: "ß" stays. Bytes that are no UTF-8 stay.
std::string without_case_and_width(std::string_view text);

}  // namespace purser::replay
