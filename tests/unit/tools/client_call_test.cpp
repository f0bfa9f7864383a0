#include "tools/client_call.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime kStart{Millis(1'767'607'200'000)};

class ClientCallTest : public testing::Test {
 protected:
  // A turn of a client's at `at`; an empty answer: none came.
  void asked(const std::string& turn, ToolCall call, UtcTime at, const std::string& answer = R"({"status":"ok"})") {
    add(turn, Role::event, client_call_event(""), at);
    add(turn, Role::assistant, "", at).calls.push_back(call);
    if (!answer.empty()) add(turn, Role::tool, answer, at).call_id = call.id;
  }
  Message& add(const std::string& turn, Role role, std::string text, UtcTime at) {
    Message row;
    row.turn = TurnId::trusted("turn_" + turn);
    row.role = role;
    row.text = std::move(text);
    row.at = at;
    return seen.emplace_back(std::move(row));
  }
  static ToolCall refund(const std::string& arguments, const std::string& key = {}) {
    return {client_call_id(key), "refund", arguments};
  }
  std::string origin(const ToolCall& call, UtcTime now) const {
    const auto same = same_call(seen, TurnId::trusted("turn_now"), call, now);
    return same ? same->origin : "";
  }

  std::vector<Message> seen;
};

TEST_F(ClientCallTest, the_same_words_are_the_same_call_whatever_their_order) {
  asked("a", refund(R"({"a":1,"b":[2,3]})"), kStart);
  EXPECT_EQ(origin(refund(R"({ "b": [2, 3], "a": 1 })"), kStart + 1s), "turn_a:client");
  EXPECT_EQ(origin(refund(R"({"a":1,"b":[3,2]})"), kStart + 1s), "");
  EXPECT_EQ(origin({"client", "cancel_payment", R"({"a":1,"b":[2,3]})"}, kStart + 1s), "");
}

// A model that asks again after a timeout words its reason anew, and may add what it has read of the price.
TEST_F(ClientCallTest, what_is_only_said_beside_it_makes_no_other_call) {
  asked("a", refund(R"({"refunds":[{"payment_intent":"pi","amount_fen":100,"reason":"torn"}]})"), kStart);
  const auto again = [&](const std::string& text) { return origin(refund(text), kStart + 1s); };
  EXPECT_EQ(again(R"({"refunds":[{"payment_intent":"pi","amount_fen":100,"reason":"torn "}]})"), "turn_a:client");
  EXPECT_EQ(again(R"({"refunds":[{"payment_intent":"pi","amount_fen":100}],"total_fen":100})"), "turn_a:client");
  EXPECT_EQ(again(R"({"refunds":[{"payment_intent":"pi","amount_fen":101,"reason":"torn"}]})"), "");
  EXPECT_EQ(again(R"({"refunds":[{"payment_intent":"pj","amount_fen":100,"reason":"torn"}]})"), "");
}

TEST_F(ClientCallTest, what_was_erased_may_have_been_it_for_as_long_as_it_could_be_repeated) {
  asked("a", refund("{}", "k"), kStart);
  EXPECT_FALSE(may_have_been_erased(seen, refund("{}", "k"), kStart));
  for (Message& message : seen) message.text.clear(), message.calls.clear();
  EXPECT_TRUE(may_have_been_erased(seen, refund("{}"), kStart + kRepeatedWithin));
  EXPECT_FALSE(may_have_been_erased(seen, refund("{}"), kStart + kRepeatedWithin + 1ms));
  EXPECT_TRUE(may_have_been_erased(seen, refund("{}", "k"), kStart + kKeyedWithin));
  EXPECT_FALSE(may_have_been_erased(seen, refund("{}", "k"), kStart + kKeyedWithin + 1ms));
}

TEST_F(ClientCallTest, without_its_key_it_is_still_the_same_call) {
  asked("a", refund("{}", "k1"), kStart);
  EXPECT_EQ(origin(refund("{}"), kStart + 1s), "turn_a:key_k1");
  EXPECT_EQ(origin(refund("{}", "k2"), kStart + 1s), "");
}

TEST_F(ClientCallTest, it_is_another_after_a_quarter_of_an_hour) {
  asked("a", refund("{}"), kStart);
  EXPECT_EQ(origin(refund("{}"), kStart + kRepeatedWithin), "turn_a:client");
  EXPECT_EQ(origin(refund("{}"), kStart + kRepeatedWithin + 1ms), "");
}

TEST_F(ClientCallTest, a_row_of_repetitions_stands_for_its_first) {
  asked("a", refund("{}"), kStart);
  asked("b", refund("{}"), kStart + 10min);
  EXPECT_EQ(origin(refund("{}"), kStart + 20min), "turn_a:client");
  asked("c", refund("{}"), kStart + 40min);
  EXPECT_EQ(origin(refund("{}"), kStart + 41min), "turn_c:client");
}

TEST_F(ClientCallTest, what_was_refused_may_be_said_again) {
  asked("a", refund("{}"), kStart, R"({"status":"refused","code":"not_found"})");
  EXPECT_EQ(origin(refund("{}"), kStart + 1s), "");
}

TEST_F(ClientCallTest, what_was_cut_is_gone_on_with) {
  asked("a", refund("{}"), kStart, "");
  const auto same = same_call(seen, TurnId::trusted("turn_now"), refund("{}"), kStart + 1s);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->origin, "turn_a:client");
  EXPECT_EQ(same->result_json, "");
}

TEST_F(ClientCallTest, a_model_of_the_house_and_the_call_itself_are_no_repetition) {
  add("model", Role::user, "give it back", kStart);
  add("model", Role::assistant, "", kStart).calls.push_back(refund("{}"));
  asked("now", refund("{}"), kStart);
  EXPECT_EQ(origin(refund("{}"), kStart + 1s), "");
}

TEST_F(ClientCallTest, a_key_tells_wishes_apart_and_holds_for_a_day) {
  asked("a", refund("{}", "k1"), kStart);
  EXPECT_EQ(origin(refund("{}", "k2"), kStart + 1s), "");
  EXPECT_EQ(origin(refund("{}", "k1"), kStart + 23h), "turn_a:key_k1");
  EXPECT_EQ(origin(refund("{}", "k1"), kStart + 25h), "");
}

TEST_F(ClientCallTest, a_key_is_for_one_call) {
  asked("a", refund("{}", "k1"), kStart);
  const TurnId now = TurnId::trusted("turn_now");
  EXPECT_TRUE(key_used_otherwise(seen, now, refund(R"({"x":1})", "k1"), kStart + 1h));
  EXPECT_FALSE(key_used_otherwise(seen, now, refund("{}", "k1"), kStart + 1h));
  EXPECT_FALSE(key_used_otherwise(seen, now, refund(R"({"x":1})", "k2"), kStart + 1h));
  EXPECT_FALSE(key_used_otherwise(seen, now, refund(R"({"x":1})"), kStart + 1h));
}

TEST_F(ClientCallTest, an_event_says_what_the_customer_agreed_to) {
  Message event;
  event.role = Role::event;
  event.text = client_call_event("5.00?");
  EXPECT_TRUE(begins_client_call(event));
  EXPECT_EQ(agreed_to(event), "5.00?");
  event.role = Role::user;  // what a user writes is no event, whatever it looks like
  EXPECT_FALSE(begins_client_call(event));
  EXPECT_EQ(agreed_to(event), "");
}

}  // namespace
}  // namespace purser
