#include "gateway/http/message.hpp"

#include "gateway/http/response_head.hpp"

#include <gtest/gtest.h>

namespace purser::http {
namespace {

TEST(Message, HeadersAreFoundWithoutCaseAndTheFirstCounts) {
  const Headers headers{{"X-A", "1"}, {"x-a", "2"}, {"Connection", "Keep-Alive,  Close"}};
  EXPECT_EQ(header(headers, "x-A"), "1");
  EXPECT_EQ(header(headers, "x-b"), "");
  EXPECT_TRUE(header_has_word(headers, "connection", "close"));
  EXPECT_TRUE(header_has_word(headers, "connection", "keep-alive"));
  EXPECT_FALSE(header_has_word(headers, "connection", "clos"));
  EXPECT_FALSE(equals_ignoring_case("ab", "abc"));
}

TEST(Message, KnowsWhatCanStandInAHeader) {
  EXPECT_TRUE(is_header_name("Idempotency-Key"));
  EXPECT_FALSE(is_header_name(""));
  EXPECT_FALSE(is_header_name("A:B"));
  EXPECT_TRUE(is_header_value("a\tb \xc3\xa9"));
  EXPECT_FALSE(is_header_value("a\nb"));
  EXPECT_FALSE(is_header_value(std::string_view("a\0b", 3)));
}

TEST(Message, ErrorsHaveOneShape) {
  const Response response = error_response(404, "invalid_request_error", "not_found", "no \"such\" thing", "id");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(header(response.headers, "content-type"), "application/json");
  EXPECT_EQ(
      response.body,
      R"({"error":{"type":"invalid_request_error","code":"not_found","message":"no \"such\" thing","param":"id"}})");
}

TEST(Message, DatesAreThoseOfHttp) {
  EXPECT_EQ(http_date(from_millis(784'111'777'999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(from_millis(951'782'400'000)), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Message, NoStatusOutsideOfThoseOfAnswersIsSent) {
  Response response;
  for (const int status : {0, 101, 199, 600}) {
    response.status = status;
    EXPECT_FALSE(response_head(response, HeadOptions(), "now").ok()) << status;
  }
}

}  // namespace
}  // namespace purser::http
