#include "gateway/compress/gzip.hpp"

#include <gtest/gtest.h>

namespace purser::compress {
namespace {

TEST(Gzip, goes_round) {
  for (std::size_t size : {0u, 1u, 65'535u, 65'536u, 65'537u, 1'000'000u}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; i += 7) text[i] = static_cast<char>(i * 31);
    EXPECT_EQ(*gunzip(gzip(text), 1 << 20), text) << size;
  }
}

TEST(Gzip, a_file_that_unpacks_to_too_much_is_refused_at_the_bound) {
  const std::string text(100'000, '0');
  EXPECT_EQ(*gunzip(gzip(text), 100'000), text);
  EXPECT_EQ(gunzip(gzip(text), 99'999).code(), Errc::reply_too_large);
}

TEST(Gzip, what_is_cut_altered_or_longer_is_no_gzip_file) {
  const auto packed = gzip("the bill of the day");
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_EQ(gunzip(packed.substr(0, size), 1'000).code(), Errc::malformed_text) << size;
  }
  auto altered = packed;
  altered[packed.size() - 6] = static_cast<char>(altered[packed.size() - 6] ^ 1);  // the checksum
  EXPECT_EQ(gunzip(altered, 1'000).code(), Errc::malformed_text);
  EXPECT_EQ(gunzip(packed + "x", 1'000).code(), Errc::malformed_text);
  EXPECT_EQ(gunzip("交易时间", 1'000).code(), Errc::malformed_text);
}

}  // namespace
}  // namespace purser::compress
