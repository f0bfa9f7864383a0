#include "agent/api/request.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/own_host.hpp"
#include "gateway/crypto/digest.hpp"

#include <gtest/gtest.h>

namespace purser::api {
namespace {

http::Request with_body(std::string body, std::string type = "application/json") {
  http::Request request;
  request.body = std::move(body);
  request.headers.emplace_back("content-type", std::move(type));
  return request;
}

TEST(ObjectBody, needs_the_json_type) {
  for (const char* good :
       {"application/json", "APPLICATION/JSON", "application/json; charset=utf-8", "application/json ;a=b"}) {
    EXPECT_TRUE(object_body(with_body("{}", good), {}, false).ok()) << good;
  }
  for (const char* bad : {"", "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "text/json",
                          "application/problem+json", ";application/json"}) {
    EXPECT_EQ(object_body(with_body("{}", bad), {}, false).code(), Errc::unsupported_media_type) << bad;
  }
  http::Request bare;
  bare.body = "{}";
  EXPECT_EQ(object_body(bare, {}, true).code(), Errc::unsupported_media_type);
  http::Request twice = with_body("{}");
  twice.headers.emplace_back("Content-Type", "application/json");
  EXPECT_EQ(object_body(twice, {}, true).code(), Errc::request_malformed);
}

TEST(Accept, takes_what_it_names_and_not_what_it_rates_at_nothing) {
  const auto takes = [](const char* accept, bool by_any = true) {
    return accepts({{"Accept", accept}}, "text/event-stream", by_any);
  };
  for (const char* yes :
       {"text/event-stream", "TEXT/event-stream;q=0.1", "application/json, text/event-stream", "*/*", "text/*;q=0.5",
        "text/event-stream;charset=utf-8;q=1", "text/event-stream, */*;q=0", "text/event-stream ; q=0.001"})
    EXPECT_TRUE(takes(yes)) << yes;
  for (const char* no : {"", "application/json", "text/event-stream;q=0", "text/event-stream; Q=0.000", "*/*;q=0",
                         "*/*, text/event-stream;q=0", "text/*, text/event-stream;q=0.0", "text/event-streams"})
    EXPECT_FALSE(takes(no)) << no;
  EXPECT_FALSE(takes("*/*", false));
  EXPECT_TRUE(takes("text/event-stream;q=0.9", false));
  EXPECT_FALSE(takes("text/event-stream;q=0", false));
  EXPECT_FALSE(accepts({}, "text/event-stream", true));
}

TEST(OwnHost, is_this_machine_by_its_name_or_its_own_addresses) {
  const auto host = [](const char* value) { return host_is_this_machine({{"Host", value}}); };
  for (const char* ours : {"localhost", "LocalHost:9090", "localhost.", "LOCALHOST.:9090", "127.0.0.1",
                           "127.0.0.1:9090", "127.1.2.3:1", "[::1]:9090"})
    EXPECT_TRUE(host(ours)) << ours;
  for (const char* other :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost..",
        "localhost.:evil", "localhost.evil", ".localhost", "evil.localhost.", "[::2]:1", "localhost:evil", "127.evil"})
    EXPECT_FALSE(host(other)) << other;
  EXPECT_TRUE(origin_is_this_machine({}));
  EXPECT_TRUE(origin_is_this_machine({{"Origin", "http://localhost:3000"}}));
  EXPECT_FALSE(origin_is_this_machine({{"Origin", "null"}}));
  EXPECT_FALSE(origin_is_this_machine({{"Origin", "http://localhost"}, {"Origin", "https://evil.example"}}));
}

TEST(ObjectBody, may_be_empty_only_where_that_means_something) {
  http::Request bare;
  EXPECT_EQ(object_body(bare, {"a"}, true).value(), nlohmann::json::object());
  EXPECT_FALSE(object_body(bare, {"a"}, false).ok());
}

TEST(ObjectBody, goes_through_the_gate) {
  const std::vector<std::pair<std::string, Errc>> bad = {
      {"", Errc::json_malformed},
      {"{", Errc::json_malformed},
      {R"({"a":1}x)", Errc::json_malformed},
      {R"({"a":"\xff"})", Errc::json_malformed},
      {"{\"a\":\"\xff\"}", Errc::json_malformed},
      {R"({"a":1,"a":2})", Errc::json_duplicate_key},
      {R"({"a":1.0})", Errc::json_wrong_type},
      {"[]", Errc::json_wrong_type},
      {"null", Errc::json_wrong_type},
      {R"({"b":1})", Errc::json_unknown_key},
      {R"({"a":")" + std::string(70'000, 'x') + R"("})", Errc::json_too_large},
      {R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}", Errc::json_too_deep},
  };
  for (const auto& [body, code] : bad) {
    auto read = object_body(with_body(body), {"a"}, false);
    ASSERT_FALSE(read.ok()) << body.substr(0, 60);
    EXPECT_EQ(code_of(read.code()), code_of(code)) << body.substr(0, 60);
  }
  EXPECT_EQ(object_body(with_body(R"({"a":1,"b~/":2})"), {"a"}, false).error().param, "/b~0~1");
}

TEST(StringMember, is_a_string_within_its_length) {
  const nlohmann::json object{{"a", "four"}, {"n", 4}, {"e", ""}, {"z", nullptr}};
  EXPECT_EQ(string_member(object, "", "a", 4).value(), "four");
  EXPECT_EQ(string_member(object, "", "a", 3).code(), Errc::json_out_of_range);
  EXPECT_EQ(string_member(object, "", "e", 4).code(), Errc::json_out_of_range);
  EXPECT_EQ(string_member(object, "", "n", 4).code(), Errc::json_wrong_type);
  EXPECT_EQ(string_member(object, "", "z", 4).code(), Errc::json_wrong_type);
  auto missing = string_member(object, "/user", "b", 4);
  EXPECT_EQ(missing.code(), Errc::json_missing_key);
  EXPECT_EQ(missing.error().param, "/user/b");
}

TEST(Query, knows_its_parameters_and_their_bounds) {
  auto query = Query::parse("after=12&limit=3", {"after", "limit"});
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->integer("after", 0, 0, 100).value(), 12);
  EXPECT_EQ(query->integer("other", 7, 0, 100).value(), 7);
  EXPECT_EQ(query->integer("limit", 0, 1, 3).value(), 3);
  EXPECT_EQ(query->integer("limit", 0, 4, 100).code(), Errc::request_malformed);
  EXPECT_EQ(query->integer("limit", 0, 1, 2).code(), Errc::request_malformed);
  for (const char* bad : {"b=1", "after=1&after=2", "after=1&&", "=1", "After=1", "%61fter=1"}) {
    EXPECT_EQ(Query::parse(bad, {"after", "limit"}).code(), Errc::request_malformed) << bad;
  }
  for (const char* number : {"", "-1", "+1", "1.0", "1e3", "0x1", " 1", "%31", "9223372036854775808", "１"}) {
    auto read = Query::parse("after=" + std::string(number), {"after"});
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->integer("after", 0, 0, 100).code(), Errc::request_malformed) << number;
  }
}

TEST(RequestId, is_echoed_when_it_is_harmless_and_made_otherwise) {
  crypto::SystemMint mint(Secret("secret"));
  EXPECT_EQ(request_id({{"x-request-id", "abc-1.2:3_4"}}, mint), "abc-1.2:3_4");
  EXPECT_EQ(request_id({{"X-Request-Id", std::string(128, 'a')}}, mint), std::string(128, 'a'));
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\r\nSet-Cookie: x"),
                                 std::string(129, 'a'), std::string("\xe6\x88\x90")}) {
    const std::string made = request_id({{"X-Request-Id", bad}}, mint);
    EXPECT_TRUE(made.starts_with("req_")) << bad;
    EXPECT_EQ(made.size(), 28U);
  }
  EXPECT_TRUE(request_id({{"X-Request-Id", "a"}, {"X-Request-Id", "b"}}, mint).starts_with("req_"));
}

TEST(ErrorAnswer, carries_the_headers_that_belong_to_it) {
  const auto unauthorized = error_answer(Errc::unauthorized);
  EXPECT_EQ(unauthorized.status, 401);
  EXPECT_EQ(http::header(unauthorized.headers, "WWW-Authenticate"), "Bearer realm=\"purser\"");
  const auto method = error_answer(Error(Errc::method_not_allowed, "x", "GET, POST"));
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(http::header(method.headers, "Allow"), "GET, POST");
  for (Errc code : {Errc::idempotency_in_flight, Errc::thread_busy, Errc::store_unavailable, Errc::shutting_down,
                    Errc::overloaded, Errc::rate_limited}) {
    EXPECT_EQ(http::header(error_answer(code).headers, "Retry-After"), "1") << code_of(code);
  }
  EXPECT_EQ(http::header(error_answer(Errc::idempotency_conflict).headers, "Retry-After"), "");
}

}  // namespace
}  // namespace purser::api
