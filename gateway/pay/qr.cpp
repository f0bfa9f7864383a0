#include "gateway/pay/qr.hpp"

#include <memory>
#include <qrencode.h>

namespace purser {
namespace {

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

}  // namespace

Result<std::string> qr_svg(std::string_view text) {
  if (text.empty() || text.size() > kQrBytesMax || text.find('\0') != std::string_view::npos) {
    return Error(Errc::malformed_text,
                 "a QR code holds 1 to " + std::to_string(kQrBytesMax) + " bytes, none of them 0");
  }
  const std::string whole(text);
  const std::unique_ptr<QRcode, Free> code(QRcode_encodeString8bit(whole.c_str(), 0, QR_ECLEVEL_M));
  if (!code) return Error(Errc::malformed_text, "the text does not fit a QR code");
  const std::string side = std::to_string(code->width + 2 * kQuiet);
  return R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 )" + side + " " + side +
         R"(" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h)" + side + "v" + side + "H0z\"/><path d=\"" +
         path_of(*code) + "\"/></svg>";
}

}  // namespace purser
