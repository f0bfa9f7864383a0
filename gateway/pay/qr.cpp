#include "gateway/pay/qr.hpp"

#include <cstdint>
#include <memory>
#include <qrencode.h>
#include <zlib.h>

namespace purser {
namespace {

constexpr int kPixels = 8;  // of a module of the PNG
constexpr std::string_view kPngBegins = "\x89PNG\r\n\x1a\n";
constexpr int kQuiet = 4;  // modules of white around it: ISO/IEC 18004 asks for that many

struct Free {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

bool is_dark(const QRcode& code, int x, int y) {
  return (code.data[y * code.width + x] & 1) != 0;
}

// The dark modules, each row's runs as one rectangle.
std::string path_of(const QRcode& code) {
  std::string path;
  for (int y = 0; y < code.width; ++y) {
    for (int x = 0; x < code.width;) {
      if (!is_dark(code, x, y)) {
        ++x;
        continue;
      }
      int end = x;
      while (end < code.width && is_dark(code, end, y)) ++end;
      const std::string run = std::to_string(end - x);
      path += "M" + std::to_string(x + kQuiet) + " " + std::to_string(y + kQuiet) + "h" + run + "v1h-" + run + "z";
      x = end;
    }
  }
  return path;
}

using Code = std::unique_ptr<QRcode, Free>;

Result<Code> encode(std::string_view text) {
  if (text.empty() || text.size() > kQrBytesMax || text.find('\0') != std::string_view::npos) {
    return Error(Errc::malformed_text,
                 "a QR code holds 1 to " + std::to_string(kQrBytesMax) + " bytes, none of them 0");
  }
  const std::string whole(text);
  Code code(QRcode_encodeString8bit(whole.c_str(), 0, QR_ECLEVEL_M));
  if (!code) return Error(Errc::malformed_text, "the text does not fit a QR code");
  return code;
}

// Rows of bits, white is 1, each after a byte that says it is as it is.
std::string pixels_of(const QRcode& code, std::uint32_t side) {
  const std::size_t row_bytes = 1 + (side + 7) / 8;
  std::string pixels;
  pixels.reserve(row_bytes * side);
  for (int y = -kQuiet; y < code.width + kQuiet; ++y) {
    std::string row(row_bytes, '\xff');
    row[0] = '\0';
    for (int x = 0; x < code.width; ++x) {
      const bool inside = y >= 0 && y < code.width;
      // A module is as wide as a byte has bits, so each fills one byte of the row.
      if (inside && is_dark(code, x, y)) row[static_cast<std::size_t>(1 + kQuiet + x)] = '\0';
    }
    for (int i = 0; i < kPixels; ++i) pixels += row;
  }
  return pixels;
}

std::string big_endian(std::uint32_t number) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 0xffU);
  return out;
}

// A part of a PNG file: its length, its name, its bytes and their check sum.
std::string chunk(std::string_view name, std::string_view bytes) {
  const std::string checked = std::string(name) + std::string(bytes);
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return big_endian(static_cast<std::uint32_t>(bytes.size())) + checked + big_endian(static_cast<std::uint32_t>(sum));
}

}  // namespace

Result<std::string> qr_svg(std::string_view text) {
  auto code = encode(text);
  if (!code) return code.error();
  const std::string side = std::to_string((*code)->width + 2 * kQuiet);
  return R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 )" + side + " " + side +
         R"(" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h)" + side + "v" + side + "H0z\"/><path d=\"" +
         path_of(**code) + "\"/></svg>";
}

Result<std::string> qr_png(std::string_view text) {
  auto code = encode(text);
  if (!code) return code.error();
  const auto side = static_cast<std::uint32_t>((*code)->width + 2 * kQuiet) * kPixels;
  const std::string pixels = pixels_of(**code, side);
  uLongf size = compressBound(pixels.size());
  std::string packed(size, '\0');
  const auto* from = reinterpret_cast<const Bytef*>(pixels.data());
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, from, pixels.size(), Z_BEST_COMPRESSION) != Z_OK) {
    return Error(Errc::internal, "the image cannot be packed");
  }
  packed.resize(size);
  // One bit a pixel, grey; deflate, no filter but the rows' own, not interlaced.
  const std::string head = big_endian(side) + big_endian(side) + std::string("\x01\0\0\0\0", 5);
  return std::string(kPngBegins) + chunk("IHDR", head) + chunk("IDAT", packed) + chunk("IEND", "");
}

}  // namespace purser
