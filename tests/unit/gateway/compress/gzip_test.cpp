#include "gateway/compress/gzip.hpp"

#include <gtest/gtest.h>

#include <algorithm>

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

std::string unpacked(std::string_view packed, std::size_t piece, std::size_t most = 1 << 20) {
  Unpacker unpacker(most);
  std::string out;
  for (; !packed.empty(); packed.remove_prefix(std::min(piece, packed.size())))
    if (const auto fed = unpacker.feed(packed.substr(0, piece), out); !fed) return std::string(code_of(fed.code()));
  return out;
}

TEST(Unpacker, is_the_same_however_it_is_cut) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += std::to_string(i * 7'919);
  for (const std::string& packed : {gzip(text), deflate(text), gzip(text.substr(0, 9)) + gzip(text.substr(9))})
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1'000}, packed.size()})
      EXPECT_EQ(unpacked(packed, piece), text) << piece;
  EXPECT_EQ(unpacked("", 1), "");
}

TEST(Unpacker, hands_out_what_has_come_so_far) {
  const std::string packed = gzip(std::string(100'000, 'x'));
  Unpacker unpacker(1 << 20);
  std::string out;
  ASSERT_TRUE(unpacker.feed(std::string_view(packed).substr(0, packed.size() - 9), out).ok());
  EXPECT_GT(out.size(), 50'000U);
}

TEST(Unpacker, holds_its_bound_whatever_it_is_fed) {
  const std::string bomb = gzip(std::string(1'000'000, '0'));
  EXPECT_EQ(unpacked(bomb, bomb.size(), 1'000'000), std::string(1'000'000, '0'));
  EXPECT_EQ(unpacked(bomb, bomb.size(), 999'999), code_of(Errc::reply_too_large));
  EXPECT_EQ(unpacked(bomb, 1, 1'000), code_of(Errc::reply_too_large));
}

TEST(Unpacker, refuses_what_is_damaged) {
  auto altered = gzip("the answer");
  altered[altered.size() - 6] = static_cast<char>(altered[altered.size() - 6] ^ 1);
  EXPECT_EQ(unpacked(altered, 4), code_of(Errc::malformed_text));
  EXPECT_EQ(unpacked("data: hello", 4), code_of(Errc::malformed_text));
  EXPECT_EQ(unpacked(gzip("x") + "yy", 4), code_of(Errc::malformed_text));
}

}  // namespace
}  // namespace purser::compress
