#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

class ThreadsTest : public testing::Test {
 protected:
  http::Response create(std::string body) { return desk.send(request("POST", "/v1/threads", std::move(body))); }

  TempFolder folder;
  Desk desk{folder.path()};
};

TEST_F(ThreadsTest, a_thread_is_made_and_read_again) {
  const auto made = create(R"({"user":{"id":"alice@example.com","openid":"oABC-1_2"},"locale":"en-US",
                               "metadata":{"table":"7","naughty":"\u202e<script>"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const json thread = body_of(made);
  EXPECT_EQ(thread["object"], "thread");
  EXPECT_TRUE(thread["id"].get<std::string>().starts_with("thr_"));
  EXPECT_EQ(thread["user"], json::parse(R"({"id":"alice@example.com","openid":"oABC-1_2"})"));
  EXPECT_EQ(thread["locale"], "en");
  EXPECT_EQ(thread["metadata"]["table"], "7");
  EXPECT_EQ(thread["state"], "idle");
  EXPECT_EQ(thread["created_at"], "2026-01-05T10:00:00Z");
  EXPECT_EQ(body_of(desk.get("/v1/threads/" + thread["id"].get<std::string>())), thread);
}

TEST_F(ThreadsTest, without_a_locale_it_speaks_chinese) {
  EXPECT_EQ(body_of(create(R"({"user":{"id":"alice"}})"))["locale"], "zh");
}

TEST_F(ThreadsTest, what_is_not_the_shape_is_refused_with_its_place) {
  const std::vector<std::array<std::string, 3>> bad = {
      {"", "json_malformed", ""},
      {"{}", "json_missing_key", "/user"},
      {R"({"user":"alice"})", "json_wrong_type", "/user"},
      {R"({"user":{}})", "json_missing_key", "/user/id"},
      {R"({"user":{"id":7}})", "json_wrong_type", "/user/id"},
      {R"({"user":{"id":""}})", "json_out_of_range", "/user/id"},
      {R"({"user":{"id":"a b"}})", "malformed_id", "/user/id"},
      {R"({"user":{"id":"成"}})", "malformed_id", "/user/id"},
      {R"({"user":{"id":")" + std::string(129, 'a') + R"("}})", "json_out_of_range", "/user/id"},
      {R"({"user":{"id":"a","openid":"x y"}})", "malformed_id", "/user/openid"},
      {R"({"user":{"id":"a","openid":null}})", "json_wrong_type", "/user/openid"},
      {R"({"user":{"id":"a","role":"admin"}})", "json_unknown_key", "/user/role"},
      {R"({"user":{"id":"a"},"tenant":"other"})", "json_unknown_key", "/tenant"},
      {R"({"user":{"id":"a"},"locale":"fr"})", "json_out_of_range", "/locale"},
      {R"({"user":{"id":"a"},"locale":["en"]})", "json_wrong_type", "/locale"},
      {R"({"user":{"id":"a"},"metadata":[]})", "json_wrong_type", "/metadata"},
      {R"({"user":{"id":"a"},"metadata":{"n":1}})", "json_wrong_type", "/metadata/n"},
      {R"({"user":{"id":"a"},"metadata":{"pay_with":"cash"}})", "request_malformed", "/metadata/pay_with"},
      {R"({"user":{"id":"a"},"metadata":{"pay_with":"h5"}})", "request_malformed", "/metadata/client_ip"},
      {R"({"user":{"id":"a"},"metadata":{"client_ip":"14.23.150"}})", "request_malformed", "/metadata/client_ip"},
      {R"({"user":{"id":"a"},"metadata":{"n":")" + std::string(513, 'v') + R"("}})", "json_out_of_range",
       "/metadata/n"},
      {R"({"user":{"id":"a","id":"b"}})", "json_duplicate_key", ""},
  };
  for (const auto& [body, code, param] : bad) {
    auto sent = request("POST", "/v1/threads", body);
    set_header(sent, "Content-Type", "application/json");
    const auto answer = desk.send(std::move(sent));
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(code_of(answer), code) << body;
    if (param.empty()) continue;
    EXPECT_EQ(body_of(answer)["error"]["param"], param) << body;
  }
  std::string members;
  for (int i = 0; i < 17; ++i) members += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":\"v\"";
  EXPECT_EQ(create(R"({"user":{"id":"a"},"metadata":{)" + members + "}}").status, 400);
}

TEST_F(ThreadsTest, another_content_type_is_refused) {
  auto sent = request("POST", "/v1/threads", R"({"user":{"id":"alice"}})");
  set_header(sent, "Content-Type", "text/plain");
  const auto answer = desk.send(std::move(sent));
  EXPECT_EQ(answer.status, 415);
  EXPECT_EQ(code_of(answer), "unsupported_media_type");
}

TEST_F(ThreadsTest, strings_that_have_broken_others_are_text_here) {
  const std::vector<std::string> naughty = {R"('; DROP TABLE threads; --)",
                                            R"({\"$ne\":null})",
                                            R"(<script>alert(1)</script>)",
                                            R"(%s%n%x \u0000)",
                                            R"(\ud83d\ude00 ̡̢̧̛̖̗̘̙)",
                                            R"(\u202e\u2066abc\u2069)",
                                            R"(data: x\n\nevent: y\r\n)",
                                            R"(${jndi:ldap://x/a})",
                                            R"(\u2028\u2029\u0085)",
                                            R"(../../etc/passwd)",
                                            R"(NULL undefined NaN)",
                                            R"(田中さんにあげて下さい 社會科學院)"};
  const std::string thread = desk.thread();
  desk.model.otherwise([](const ModelRequest& asked) { return says("you said: " + asked.messages.back().text); });
  int n = 0;
  for (const std::string& text : naughty) {
    const std::string key = "n" + std::to_string(++n);
    const auto answer = desk.post("/v1/threads/" + thread + "/turns", R"({"text":")" + text + R"("})", key);
    // U+0000 is refused at the gate, whatever else is text.
    EXPECT_TRUE(answer.status == 200 || (answer.status == 400 && text.find("u0000") != std::string::npos))
        << answer.body;
    EXPECT_TRUE(body_of(answer).is_object()) << answer.body;
  }
  EXPECT_EQ(body_of(desk.get("/v1/threads/" + thread + "/messages"))["data"].size(), 2 * desk.count_turns(thread));

  // In the event stream none of them ends a line.
  auto stream = desk.get("/v1/threads/" + thread + "/events");
  Reader reader;
  auto reading = desk.loop.start(stream.stream(reader.sink()));
  ASSERT_TRUE(desk.loop.until([&] { return reader.ids().size() >= desk.count_turns(thread); }));
  for (const std::string& data : reader.data()) EXPECT_TRUE(json::accept(data)) << data;
  EXPECT_EQ(reader.ids().size(), reader.types().size());
  EXPECT_EQ(reader.ids().size(), reader.data().size());
  reading.cancel();
}

TEST_F(ThreadsTest, messages_come_in_pages) {
  const std::string thread = desk.thread();
  for (int i = 0; i < 3; ++i) {
    desk.model_says("answer " + std::to_string(i));
    ASSERT_EQ(desk.post("/v1/threads/" + thread + "/turns", R"({"text":"q"})", "k" + std::to_string(i)).status, 200);
  }
  const std::string path = "/v1/threads/" + thread + "/messages";
  const json all = body_of(desk.get(path));
  ASSERT_EQ(all["data"].size(), 6U);
  EXPECT_EQ(all["has_more"], false);
  EXPECT_EQ(all["data"][1]["role"], "assistant");
  json collected = json::array();
  std::string after = "0";
  for (bool more = true; more;) {
    const json page = body_of(desk.get(path + "?limit=4&after=" + after));
    for (const json& row : page["data"]) collected.push_back(row);
    more = page["has_more"];
    after = std::to_string(page["data"].back()["seq"].get<std::int64_t>());
  }
  EXPECT_EQ(collected, all["data"]);
  EXPECT_EQ(body_of(desk.get(path + "?after=9223372036854775807"))["data"].size(), 0U);
  for (const char* bad :
       {"?limit=0", "?limit=201", "?limit=x", "?after=-1", "?after=9223372036854775808", "?before=1"}) {
    EXPECT_EQ(desk.get(path + bad).status, 400) << bad;
  }
}

}  // namespace
}  // namespace purser::test
