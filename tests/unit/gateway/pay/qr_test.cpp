#include "gateway/pay/qr.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

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
