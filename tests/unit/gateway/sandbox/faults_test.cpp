#include "gateway/sandbox/faults.hpp"

#include <gtest/gtest.h>

namespace purser::sandbox {
namespace {

using nlohmann::json;

std::string param_of(const char* script) {
  auto parsed = FaultScript::parse(json::parse(script));
  return parsed ? "taken" : parsed.error().param;
}

TEST(Faults, the_nth_occurrence_and_so_many_in_a_row) {
  auto script = FaultScript::parse(json::parse(R"([{"call":"query","what":"http_500","nth":2,"times":2}])")).value();
  EXPECT_FALSE(script.next(RailCall::query, "a"));
  EXPECT_FALSE(script.next(RailCall::create, "a")) << "another call is not counted";
  EXPECT_TRUE(script.next(RailCall::query, "a"));
  EXPECT_TRUE(script.next(RailCall::query, "b"));
  EXPECT_FALSE(script.next(RailCall::query, "a"));
}

TEST(Faults, a_line_may_be_about_one_order) {
  auto script = FaultScript::parse(json::parse(R"([{"call":"query","what":"http_500","out_trade_no":"b"}])")).value();
  EXPECT_FALSE(script.next(RailCall::query, "a"));
  EXPECT_TRUE(script.next(RailCall::query, "b"));
}

TEST(Faults, the_first_line_that_fits_wins_and_all_lines_count) {
  auto script = FaultScript::parse(json::parse(R"([{"call":"query","what":"http_500"},
                                                   {"call":"query","what":"http_429","times":2}])"))
                    .value();
  EXPECT_EQ(script.next(RailCall::query, "")->kind, FaultKind::http_500);
  EXPECT_EQ(script.next(RailCall::query, "")->kind, FaultKind::http_429);
  EXPECT_FALSE(script.next(RailCall::query, ""));
}

TEST(Faults, every_kind_has_a_word_that_parses_for_some_call) {
  const std::vector<std::string> calls{"create", "query", "close", "refund", "query_refund", "certificates", "webhook"};
  int kinds = 0;
#define PURSER_SANDBOX_FAULT(name, fits, text)                       \
  {                                                                  \
    auto word = std::string(to_string(FaultKind::name));             \
    bool taken = false;                                              \
    for (const auto& call : calls) {                                 \
      json line{{"call", call}, {"what", word}};                     \
      if (word == "delay" || word == "drip") line["delay"] = "1s";   \
      if (word == "error") line["status"] = 500;                     \
      taken = taken || FaultScript::parse(json::array({line})).ok(); \
    }                                                                \
    EXPECT_TRUE(taken) << word;                                      \
    ++kinds;                                                         \
  }
  PURSER_SANDBOX_FAULTS(PURSER_SANDBOX_FAULT)
#undef PURSER_SANDBOX_FAULT
  EXPECT_EQ(kinds, 34);
}

TEST(Faults, the_unsigned_answer_is_written_unsigned) {
  EXPECT_EQ(param_of(R"([{"call":"query","what":"unsigned"}])"), "taken");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"unsigned_answer"}])"), "/0/what");
}

TEST(Faults, both_ways_of_writing_the_list_are_taken) {
  EXPECT_EQ(param_of(R"({"faults":[{"call":"query","what":"reset"}]})"), "taken");
  EXPECT_EQ(param_of("[]"), "taken");
}

TEST(Faults, what_is_wrong_is_named) {
  EXPECT_EQ(param_of("{}"), "body");
  EXPECT_EQ(param_of(R"({"faults":{}})"), "/faults");
  EXPECT_EQ(param_of("[1]"), "/0");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"reset"},{"what":"reset"}])"), "/1/call");
  EXPECT_EQ(param_of(R"([{"call":"pay","what":"reset"}])"), "/0/call");
  EXPECT_EQ(param_of(R"([{"call":"other","what":"reset"}])"), "/0/call");
  EXPECT_EQ(param_of(R"([{"call":"query"}])"), "/0/what");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"drop"}])"), "/0/what");
  EXPECT_EQ(param_of(R"([{"call":"webhook","what":"timeout_after"}])"), "/0/what");
  EXPECT_EQ(param_of(R"([{"call":"create","what":"wrong_amount"}])"), "/0/what");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"reset","nth":0}])"), "/0/nth");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"reset","times":"2"}])"), "/0/times");
  EXPECT_EQ(param_of(R"("x")"), "body");
  EXPECT_EQ(param_of(R"({"faults":"x"})"), "/faults");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"reset","times":18446744073709551615}])"), "/0/times");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"reset","when":1}])"), "/0/when");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"delay"}])"), "/0/delay");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"reset","delay":"1s"}])"), "/0/delay");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"error"}])"), "/0/status");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"error","status":200}])"), "/0/status");
  EXPECT_EQ(param_of(R"([{"call":"query","what":"reset","code":"X"}])"), "/0/code");
  EXPECT_EQ(param_of(R"([{"call":1,"what":"reset"}])"), "/0/call");
}

TEST(Faults, durations) {
  EXPECT_EQ(*parse_duration("300s", "x"), Millis(300'000));
  EXPECT_EQ(*parse_duration("1500ms", "x"), Millis(1'500));
  EXPECT_EQ(*parse_duration("2m", "x"), Millis(120'000));
  EXPECT_EQ(*parse_duration("24h", "x"), Millis(86'400'000));
  EXPECT_EQ(*parse_duration("0s", "x"), Millis(0));
  for (auto bad : {"", "5", "s", "-1s", "1.5s", "5 s", "1d", "9601h", "99999999999999999999s", "5sx"})
    EXPECT_EQ(parse_duration(bad, "x").error().param, "x") << bad;
}

}  // namespace
}  // namespace purser::sandbox
