#include "gateway/pay/qr.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>
#include <zlib.h>

namespace purser {
namespace {

// The modules of an image, read back from its rectangles.
std::vector<std::string> modules(const std::string& svg) {
  const auto box = svg.find("viewBox=\"0 0 ") + 13;
  const auto side = static_cast<std::size_t>(std::atoi(svg.c_str() + box));
  std::vector<std::string> rows(side, std::string(side, '.'));
  auto at = svg.rfind(" d=\"M") + 4;
  while (svg[at] == 'M') {
    int x = 0;
    int y = 0;
    int width = 0;
    int read = 0;
    EXPECT_EQ(std::sscanf(svg.c_str() + at, "M%d %dh%dv1h-%*dz%n", &x, &y, &width, &read), 3);
    for (int i = 0; i < width; ++i) rows.at(static_cast<std::size_t>(y)).at(static_cast<std::size_t>(x + i)) = '#';
    at += static_cast<std::size_t>(read);
  }
  return rows;
}

TEST(Qr, has_its_three_corners_and_quiet_around) {
  const auto made = qr_svg("weixin://wxpay/bizpayurl?pr=p4lpSuKzz");
  ASSERT_TRUE(made.ok());
  const auto rows = modules(*made);
  ASSERT_EQ(rows.size(), 29U + 8);  // 37 bytes at level M are version 3
  const std::string edge(rows.size(), '.');
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rows[i], edge);
    EXPECT_EQ(rows[rows.size() - 1 - i], edge);
  }
  for (const auto& row : rows) EXPECT_EQ(row.substr(0, 4) + row.substr(row.size() - 4), "........");
  const char* corner[] = {"#######.", "#.....#.", "#.###.#.", "#.###.#.",
                          "#.###.#.", "#.....#.", "#######.", "........"};
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(rows[4 + i].substr(4, 8), corner[i]);
    EXPECT_EQ(rows[4 + i].substr(rows.size() - 11, 7), std::string(corner[i]).substr(0, 7));
    if (i < 7) {
      EXPECT_EQ(rows[rows.size() - 11 + i].substr(4, 8), corner[i]);
    }
  }
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return out;
}

TEST(Qr, the_png_shows_the_modules_of_the_svg) {
  const std::string text = "weixin://wxpay/bizpayurl?pr=p4lpSuKzz";
  const auto png = qr_png(text);
  ASSERT_TRUE(png.ok());
  ASSERT_EQ(png->substr(0, 8), "\x89PNG\r\n\x1a\n");
  const auto rows = modules(*qr_svg(text));
  EXPECT_EQ(number_at(*png, 16), rows.size() * 8);
  EXPECT_EQ(number_at(*png, 20), rows.size() * 8);
  std::string packed;
  for (std::size_t at = 8; at < png->size();) {
    const auto length = number_at(*png, at);
    const std::string part = png->substr(at + 4, 4 + length);
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size())),
              number_at(*png, at + 8 + length));
    if (part.starts_with("IDAT")) packed += part.substr(4);
    at += 12 + length;
  }
  const std::size_t row_bytes = rows.size() + 1;
  std::string pixels(row_bytes * rows.size() * 8, '?');
  uLongf size = pixels.size();
  ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(pixels.data()), &size, reinterpret_cast<const Bytef*>(packed.data()),
                       packed.size()),
            Z_OK);
  ASSERT_EQ(size, pixels.size());
  for (std::size_t y = 0; y < rows.size() * 8; ++y) {
    EXPECT_EQ(pixels[y * row_bytes], '\0');
    for (std::size_t x = 0; x < rows.size(); ++x)
      EXPECT_EQ(pixels[y * row_bytes + 1 + x] == '\0', rows[y / 8][x] == '#') << x << "," << y;
  }
  EXPECT_EQ(qr_png("").code(), Errc::malformed_text);
}

TEST(Qr, other_texts_are_other_images_and_never_markup) {
  EXPECT_NE(*qr_svg("a"), *qr_svg("b"));
  EXPECT_EQ(qr_svg("\"/><script>alert(1)</script>")->find("script"), std::string::npos);
}

TEST(Qr, what_it_does_not_hold_is_refused) {
  EXPECT_TRUE(qr_svg(std::string(kQrBytesMax, 'a')).ok());
  EXPECT_EQ(qr_svg(std::string(kQrBytesMax + 1, 'a')).code(), Errc::malformed_text);
  EXPECT_EQ(qr_svg("").code(), Errc::malformed_text);
  EXPECT_EQ(qr_svg(std::string_view("a\0b", 3)).code(), Errc::malformed_text);
}

}  // namespace
}  // namespace purser
