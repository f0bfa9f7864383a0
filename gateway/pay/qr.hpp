// A pay link as a QR code, for a customer who has a phone in hand and the shop on another screen.
#pragma once

#include "validation/money/result.hpp"

#include <string>
#include <string_view>

namespace purser {

// The longest text that is drawn: any pay link of a rail is shorter, and the code stays easy to read.
inline constexpr std::size_t kQrBytesMax = 512;

// An SVG image (black on white, four modules of quiet around, error correction M) that scales to any size. The text
// itself does not stand in it. Error: malformed_text when it is empty, too long, or holds a NUL byte.
Result<std::string> qr_svg(std::string_view text);
// The same as a PNG file, eight pixels a module, one bit a pixel: for printers and views that draw no SVG.
Result<std::string> qr_png(std::string_view text);

}  // namespace purser
