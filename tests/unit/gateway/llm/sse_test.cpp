#include "gateway/llm/sse.hpp"

#include <gtest/gtest.h>

namespace purser::llm {
namespace {

using Events = std::vector<SseEvent>;

Events read_in_pieces(std::string_view bytes, std::size_t size, bool finish = true) {
  SseParser parser{SseLimits()};
  Events out;
  for (std::size_t at = 0; at < bytes.size(); at += size) EXPECT_TRUE(parser.feed(bytes.substr(at, size), out).ok());
  if (finish) parser.finish(out);
  return out;
}

// However the network splits it, the events are the same.
void expect_events(std::string_view bytes, const Events& expected) {
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    EXPECT_EQ(read_in_pieces(bytes, size), expected) << "in pieces of " << size << ": " << bytes;
  }
}

TEST(Sse, reads_every_line_end) {
  const Events two = {{"", "a"}, {"", "b"}};
  expect_events("data: a\n\ndata: b\n\n", two);
  expect_events("data: a\r\n\r\ndata: b\r\n\r\n", two);
  expect_events("data: a\r\rdata: b\r\r", two);
  expect_events("data: a\r\n\ndata: b\n\r\n", two);
}

TEST(Sse, takes_data_with_and_without_the_space) {
  expect_events("data:a\n\n", {{"", "a"}});
  expect_events("data:  a \n\n", {{"", " a "}});
}

TEST(Sse, joins_lines_of_data) {
  expect_events("data: {\ndata: \"a\":1\ndata: }\n\n", {{"", "{\n\"a\":1\n}"}});
  expect_events("data\ndata\n\n", {{"", "\n"}});
}

TEST(Sse, skips_comments_and_fields_it_does_not_need) {
  expect_events(": keep-alive\n\n: OPENROUTER PROCESSING\n\nid: 7\nretry: 10\ndata: a\n\n", {{"", "a"}});
}

TEST(Sse, names_events) {
  expect_events("event: error\ndata: {}\n\ndata: a\n\n", {{"error", "{}"}, {"", "a"}});
  expect_events("event: ping\n\ndata: a\n\n", {{"", "a"}});  // an event without data is none, nor is its name kept
}

TEST(Sse, drops_the_byte_order_mark_at_the_start_alone) {
  expect_events(
      "\xEF\xBB\xBF"
      "data: a\n\n",
      {{"", "a"}});
  expect_events(
      "data: a\n\n\xEF\xBB\xBF"
      "data: b\n\n",
      {{"", "a"}});
}

TEST(Sse, keeps_characters_whole_that_were_split) {
  expect_events("data: 龙井茶🍵\n\n", {{"", "龙井茶🍵"}});
}

TEST(Sse, hands_out_what_lacks_its_blank_line_at_the_end_alone) {
  for (const char* bytes : {"data: [DONE]", "data: [DONE]\n", "data: [DONE]\r\n"}) {
    EXPECT_EQ(read_in_pieces(bytes, 3), (Events{{"", "[DONE]"}})) << bytes;
    EXPECT_EQ(read_in_pieces(bytes, 3, false), Events()) << bytes;
  }
}

class SseBounds : public testing::Test {
 protected:
  Result<void> feed(std::string_view bytes, std::size_t piece) {
    SseParser parser(limits);
    Events out;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      auto fed = parser.feed(bytes.substr(at, piece), out);
      if (!fed) return fed;
    }
    return success();
  }
  SseLimits limits{16, 30, 64};
};

TEST_F(SseBounds, hold_for_lines) {
  EXPECT_TRUE(feed("data: " + std::string(10, 'x') + "\n\n", 5).ok());
  EXPECT_EQ(feed("data: " + std::string(11, 'x') + "\n\n", 5).code(), Errc::reply_too_large);
  EXPECT_EQ(feed(std::string(17, ':'), 17).code(), Errc::reply_too_large);
}

TEST_F(SseBounds, hold_for_events) {
  limits.total_bytes_max = 1'000;
  EXPECT_TRUE(feed("data:1234567890\ndata:1234567890\ndata:12345678\n\n", 7).ok());
  EXPECT_EQ(feed("data:1234567890\ndata:1234567890\ndata:123456789\n\n", 7).code(), Errc::reply_too_large);
}

TEST_F(SseBounds, hold_for_the_whole) {
  EXPECT_TRUE(feed(std::string(64, '\n'), 9).ok());
  EXPECT_EQ(feed(std::string(65, '\n'), 9).code(), Errc::reply_too_large);
}

}  // namespace
}  // namespace purser::llm
