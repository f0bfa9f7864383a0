#include "gateway/llm/nested_error.hpp"

#include "gateway/llm/wire.hpp"

#include <gtest/gtest.h>

namespace purser::llm {
namespace {

struct Case {
  const char* error;  // inside {"error": ...} of a 200
  ErrorClass means;
  Errc code;
  bool transient;
};

class NestedErrors : public testing::TestWithParam<Case> {};

TEST_P(NestedErrors, are_told_apart) {
  const std::string body = std::string(R"({"error":)") + GetParam().error + "}";
  const Reading got = read_reply(WireReply{200, "application/json", body}, Asked(), WireLimits());
  ASSERT_FALSE(got.answer.ok());
  ASSERT_TRUE(got.nested.has_value());
  EXPECT_EQ(to_string(*got.nested), to_string(GetParam().means));
  EXPECT_EQ(code_of(got.answer.code()), code_of(GetParam().code));
  EXPECT_EQ(got.transient, GetParam().transient);
}

INSTANTIATE_TEST_SUITE_P(
    Seen, NestedErrors,
    testing::Values(
        Case{R"({"code":502,"message":"upstream"})", ErrorClass::transient, Errc::model_unavailable, true},
        Case{R"({"code":"overloaded","message":"x"})", ErrorClass::transient, Errc::model_unavailable, true},
        Case{R"({"message":"Service busy, try again"})", ErrorClass::transient, Errc::model_unavailable, true},
        Case{R"({"message":"服务繁忙，请稍后"})", ErrorClass::transient, Errc::model_unavailable, true},
        Case{R"({"code":429,"message":"slow down"})", ErrorClass::transient, Errc::model_rate_limited, true},
        Case{R"({"code":"content_filter","message":"x"})", ErrorClass::system_policy, Errc::model_refused, false},
        Case{R"({"code":500,"message":"This violates our policy"})", ErrorClass::system_policy, Errc::model_refused,
             false},
        Case{R"({"message":"内容违规"})", ErrorClass::system_policy, Errc::model_refused, false},
        Case{R"({"code":"insufficient_quota","message":"x"})", ErrorClass::system_policy, Errc::model_unavailable,
             true},
        Case{R"({"code":402,"message":"no credit"})", ErrorClass::system_policy, Errc::model_unavailable, false},
        Case{R"({"code":"tool_use_failed","message":"x"})", ErrorClass::model_hallucination, Errc::model_malformed,
             false},
        Case{R"({"code":400,"message":"unknown tool pay_now"})", ErrorClass::model_hallucination, Errc::model_malformed,
             false},
        Case{R"({"code":400,"message":"I cannot understand the input"})", ErrorClass::user_error,
             Errc::model_unavailable, false},
        Case{R"({"code":"context_length_exceeded","message":"x"})", ErrorClass::user_error, Errc::model_unavailable,
             false}));

Reading read_error(const std::string& error) {
  const std::string body = R"({"error":)" + error + "}";
  return read_reply(WireReply{200, "application/json", body}, Asked(), WireLimits());
}

// What the user wanted is no provider's matter; the form of our request may be one provider's.
TEST(NestedErrors, tell_the_users_wish_from_the_form_of_the_request) {
  EXPECT_TRUE(read_error(R"({"code":400,"message":"invalid input: the amount is missing"})").users);
  EXPECT_TRUE(read_error(R"("invalid input: the amount is missing")").users);
  EXPECT_FALSE(read_error(R"({"type":"invalid_request_error","message":"n is missing"})").users);
  EXPECT_FALSE(read_error(R"({"message":"too long, maximum context length is 8"})").users);
  EXPECT_FALSE(read_error(R"({"message":"try again"})").users);
}

TEST(NestedErrors, are_unclear_only_where_no_rule_knows_them) {
  EXPECT_EQ(read_error(R"({"code":500,"message":"The moon is in the wrong house"})").unclear,
            "The moon is in the wrong house");
  EXPECT_EQ(read_error(R"("The moon")").unclear, "The moon");
  EXPECT_EQ(read_error(R"({"code":400,"message":"The moon"})").unclear, "The moon");
  EXPECT_EQ(read_error(R"({"message":")" + std::string(5'000, 'x') + R"("})").unclear.size(), kExplanationRead);
  for (const char* known :
       {R"({"code":401,"message":"The moon"})", R"({"message":"this violates"})",
        R"({"code":"overloaded","message":"The moon"})", R"({"code":500})", R"({"message":"cannot understand"})"})
    EXPECT_EQ(read_error(known).unclear, "") << known;
}

TEST(NestedErrors, take_one_word_of_a_model_and_no_other) {
  EXPECT_EQ(class_named("transient"), ErrorClass::transient);
  EXPECT_EQ(class_named(" `System_Policy`.\n"), ErrorClass::system_policy);
  EXPECT_EQ(class_named("user_error"), ErrorClass::user_error);
  EXPECT_EQ(class_named("model_hallucination"), ErrorClass::model_hallucination);
  for (const char* other : {"", " .", "transient or user_error", "It is transient", "transient_error", "policy"})
    EXPECT_FALSE(class_named(other).has_value()) << other;
}

TEST(NestedErrors, are_none_behind_a_status_that_says_so) {
  const Reading got =
      read_reply(WireReply{500, "application/json", R"({"error":{"code":"x"}})"}, Asked(), WireLimits());
  EXPECT_FALSE(got.nested.has_value());
}

TEST(RejectionWatch, alarms_once_when_the_share_is_reached) {
  RejectionWatch watch(20, 10, 20);
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(watch.answered("shop", false));
  EXPECT_FALSE(watch.answered("shop", true));  // nine answers say nothing yet
  EXPECT_TRUE(watch.answered("shop", true));   // two of ten
  EXPECT_FALSE(watch.answered("shop", true));
  EXPECT_EQ(watch.share("shop"), 27);
  EXPECT_EQ(watch.share("other"), 0);
}

TEST(RejectionWatch, alarms_again_after_it_was_well) {
  RejectionWatch watch(10, 10, 20);
  for (int i = 0; i < 8; ++i) (void)watch.answered("shop", false);
  (void)watch.answered("shop", true);
  EXPECT_TRUE(watch.answered("shop", true));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch.answered("shop", false));
  EXPECT_EQ(watch.share("shop"), 0);
  EXPECT_FALSE(watch.answered("shop", true));
  EXPECT_TRUE(watch.answered("shop", true));
}

}  // namespace
}  // namespace purser::llm
