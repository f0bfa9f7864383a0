// What the scripted model is asked reads the same, whether its tools were met before or not.
#include "agent/replay/model_wire.hpp"

#include <gtest/gtest.h>

namespace purser::replay {
namespace {

using nlohmann::json;

const char* const kBodies[] = {
    R"({"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"a"}}],"stream":true})",
    R"({"tools":[{"type":"function","function":{"name":"a"}}],"model":"other"})",
    R"({"model":"m","tools":[ {"function":{"name":"b","parameters":{"tools":["x"]}}} ]})",
    R"({"model":"m","tools":[]})",
    R"({"model":"m","tools":null})",
    R"({"model":"m","tools":{"a":[1]}})",
    R"({"model":"m","tools":"a"})",
    R"({"model":"m"})",
    R"({"messages":[{"content":"\"tools\":[1]","tools":[2]}],"model":"m"})",
    R"({"messages":[{"content":"\"tools\":[1]"}],"tools":[3]})",
    "[1,2]",
    "\"tools\"",
    "7",
};

TEST(ModelRequests, ReadAsAnyJsonTheFirstTimeAndAgain) {
  ModelRequests requests;
  for (int time = 0; time < 3; ++time)
    for (const char* body : kBodies) EXPECT_EQ(requests.parse(body), json::parse(body)) << time << " " << body;
}

TEST(ModelRequests, DiscardWhatIsNoJson) {
  ModelRequests requests;
  for (const char* body : {"", "{", "<html>", R"({"tools":[1})", R"({"tools":[1],"a":})", R"({"tools":[1, ],"a":1})",
                           R"({"tools":[tru],"a":1})", R"({"a":1,"tools":[1]} x)"}) {
    EXPECT_TRUE(requests.parse(body).is_discarded()) << body;
    EXPECT_TRUE(json::parse(body, nullptr, false).is_discarded()) << body;
  }
}

TEST(ModelRequests, TellOtherToolsFromThoseTheyKnow) {
  ModelRequests requests;
  for (int n = 0; n < 200; ++n) {
    const std::string body = R"({"tools":[{"name":")" + std::to_string(n) + R"("}]})";
    EXPECT_EQ(requests.parse(body), json::parse(body));
  }
}

}  // namespace
}  // namespace purser::replay
