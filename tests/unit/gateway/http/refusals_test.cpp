// Requests that two readers could split differently, or that ask for more than is given. Each is followed by a second
// request which must never be seen: one refusal, the connection closed, the handler not asked.
#include "tests/unit/gateway/http/server_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace purser::http {
namespace {

struct Case {
  std::string name;
  std::string bytes;
  std::vector<int> statuses;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

std::string get(const std::string& headers, const std::string& target = "/x") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

std::string post(const std::string& headers, const std::string& body = "") {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

std::string start_line(const std::string& line) {
  return line + "\r\nHost: a\r\n\r\n";
}

std::string hosts(const std::string& headers) {
  return "GET /x HTTP/1.1\r\n" + headers + "\r\n";
}

std::vector<Case> transfer_codings() {
  const std::string chunks = "0\r\n\r\n";
  return {
      {"chunked", post("Transfer-Encoding: chunked\r\n", chunks), {501}},
      {"chunked_upper", post("TRANSFER-ENCODING: CHUNKED\r\n", chunks), {501}},
      {"gzip_then_length", post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"), {400, 501}},
      {"length_then_gzip", post("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", "hello"), {400, 501}},
      {"length_then_chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks), {400, 501}},
      {"chunked_then_length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunks), {400, 501}},
      {"chunked_then_gzip", post("Transfer-Encoding: chunked, gzip\r\n", chunks), {400, 501}},
      {"xchunked", post("Transfer-Encoding: xchunked\r\n", chunks), {400, 501}},
      {"gzip_alone", post("Transfer-Encoding: gzip\r\n"), {400, 501}},
      {"identity", post("Transfer-Encoding: identity\r\nContent-Length: 0\r\n"), {400, 501}},
      {"empty_coding", post("Transfer-Encoding:\r\nContent-Length: 0\r\n"), {400, 501}},
      {"leading_comma", post("Transfer-Encoding: , chunked\r\n", chunks), {400, 501}},
      {"trailing_comma", post("Transfer-Encoding: chunked,\r\n", chunks), {400, 501}},
      {"twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunks), {400, 501}},
      {"twice_chunked", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks), {400, 501}},
      {"vertical_tab",
       post("Transfer-Encoding: \x0b"
            "chunked\r\n",
            chunks),
       {400, 501}},
      {"form_feed", post("Transfer-Encoding: chunked\x0c\r\n", chunks), {400, 501}},
      {"nul", post(std::string("Transfer-Encoding: chunked\0\r\n", 29), chunks), {400, 501}},
      {"folded", post("Transfer-Encoding:\r\n chunked\r\n", chunks), {400}},
      {"space_before_colon", post("Transfer-Encoding : chunked\r\n", chunks), {400}},
      {"underscore", post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", chunks), {501}},
      {"quoted", post("Transfer-Encoding: \"chunked\"\r\n", chunks), {400, 501}},
      {"on_get", get("Transfer-Encoding: chunked\r\n") + chunks, {501}},
      {"on_1_0", "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, {501}},
      {"chunk_extension_with_lf", post("Transfer-Encoding: chunked\r\n", "0;a=\"\n\"\r\n\r\n"), {501}},
      {"chunk_spill", post("Transfer-Encoding: chunked\r\n", "3\r\nabcdef\r\n0\r\n\r\n"), {501}},
      {"chunk_size_of_17_digits", post("Transfer-Encoding: chunked\r\n", "10000000000000000\r\na\r\n0\r\n\r\n"), {501}},
      {"chunk_size_in_0x", post("Transfer-Encoding: chunked\r\n", "0x1\r\na\r\n0\r\n\r\n"), {501}},
      {"chunks_ended_by_lf", post("Transfer-Encoding: chunked\r\n", "1\na\n0\n\n"), {501}},
      {"chunk_extension_of_64_kib",
       post("Transfer-Encoding: chunked\r\n", "0;" + std::string(65536, 'a') + "\r\n\r\n"),
       {501}},
      {"trailer_with_length", post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 9\r\n\r\n"), {501}},
      {"trailer_with_host", post("Transfer-Encoding: chunked\r\n", "0\r\nHost: b\r\n\r\n"), {501}},
      {"chunked_with_parameter", post("Transfer-Encoding: chunked;q=1\r\n", chunks), {400, 501}},
      {"chunked_joined_by_tab", post("Transfer-Encoding:\tchunked\r\n", chunks), {400, 501}},
      {"connection_names_the_coding",
       post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", chunks),
       {400, 501}},
      {"trailers", post("Transfer-Encoding: chunked\r\n", "0\r\nAuthorization: Bearer x\r\n\r\n"), {501}},
  };
}

std::vector<Case> lengths() {
  return {
      {"differing", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), {400}},
      {"repeated", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), {400}},
      {"list", post("Content-Length: 5, 5\r\n", "hello"), {400}},
      {"leading_zeros", post("Content-Length: 005\r\n", "hello"), {400}},
      {"plus", post("Content-Length: +5\r\n", "hello"), {400}},
      {"minus", post("Content-Length: -1\r\n"), {400}},
      {"minus_zero", post("Content-Length: -0\r\n"), {400}},
      {"hex", post("Content-Length: 0x5\r\n", "hello"), {400}},
      {"empty", post("Content-Length:\r\n"), {400}},
      {"fraction", post("Content-Length: 5.0\r\n", "hello"), {400}},
      {"two_numbers", post("Content-Length: 5 5\r\n", "hello"), {400}},
      {"beyond_64_bits", post("Content-Length: 18446744073709551621\r\n", "hello"), {400}},
      {"eleven_digits", post("Content-Length: 10000000000\r\n"), {400}},
      {"underscore", post("Content_Length: 5\r\nContent-Length: 0\r\n", "hello"), {501}},
      {"space_before_colon", post("Content-Length : 5\r\n", "hello"), {400}},
      {"tab_inside", post("Content-Length: 5\t5\r\n", "hello"), {400}},
      {"exponent", post("Content-Length: 5e0\r\n", "hello"), {400}},
      {"full_width_digit", post("Content-Length: \xef\xbc\x95\r\n", "hello"), {400}},
      {"in_quotes", post("Content-Length: \"5\"\r\n", "hello"), {400}},
      {"nul_behind", post(std::string("Content-Length: 5\0\r\n", 20), "hello"), {400}},
      {"missing", post("", ""), {411}},
      {"missing_put", "PUT /x HTTP/1.1\r\nHost: a\r\n\r\n", {411}},
      {"missing_patch", "PATCH /x HTTP/1.1\r\nHost: a\r\n\r\n", {411}},
      {"over_the_cap", post("Content-Length: 1048577\r\n"), {413}},
      {"huge_without_body", post("Content-Length: 9999999999\r\n"), {413}},
      {"on_get", get("Content-Length: 5\r\n") + "hello", {400}},
      {"on_head", "HEAD /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", {400}},
      {"on_options", "OPTIONS /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", {400}},
      {"on_delete", "DELETE /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", {400}},
      {"on_unknown_method", "FETCH /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", {400}},
  };
}

std::vector<Case> hosts_and_duplicates() {
  return {
      {"no_host", hosts(""), {400}},
      {"empty_host", hosts("Host:\r\n"), {400}},
      {"two_hosts", hosts("Host: a\r\nHost: a\r\n"), {400}},
      {"host_list", hosts("Host: a, b\r\n"), {400}},
      {"host_space", hosts("Host: a b\r\n"), {400}},
      {"host_userinfo", hosts("Host: a@b\r\n"), {400}},
      {"host_path", hosts("Host: a/b\r\n"), {400}},
      {"host_of_commas", hosts("Host: ,\r\n"), {400}},
      {"host_with_tab", hosts("Host: a\tb\r\n"), {400}},
      {"host_underscored", hosts("Host_: a\r\n"), {400}},
      {"no_host_1_0", "GET /x HTTP/1.0\r\n\r\n", {400}},
      {"authorization_twice", get("Authorization: Bearer a\r\nauthorization: Bearer b\r\n"), {400}},
      {"content_type_twice",
       post("Content-Length: 0\r\nContent-Type: a/b\r\nContent-Type: application/json\r\n"),
       {400}},
      {"idempotency_key_twice", get("Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), {400}},
      {"signature_twice", get("Wechatpay-Signature: a\r\nWECHATPAY-signature: b\r\n"), {400}},
      {"serial_twice", get("Wechatpay-Serial: a\r\nWechatpay-Serial: a\r\n"), {400}},
      {"expect_twice", get("Expect: 100-continue\r\nExpect: 100-continue\r\n"), {400}},
      {"expect_other", get("Expect: 200-ok\r\n"), {417}},
      {"expect_list", get("Expect: 100-continue, x\r\n"), {417}},
  };
}

std::vector<Case> lines() {
  return {
      {"folded", get("X-A: b\r\n c\r\n"), {400}},
      {"folded_by_tab", get("X-A: b\r\n\tc\r\n"), {400}},
      {"folded_first_header", "GET /x HTTP/1.1\r\n Host: a\r\n\r\n", {400}},
      {"bare_lf", "GET /x HTTP/1.1\nHost: a\n\n", {400}},
      {"one_bare_lf", get("X-A: b\nX-B: c\r\n"), {400}},
      {"bare_cr", get("X-A: b\rX-B: c\r\n"), {400}},
      {"nul_in_value", get(std::string("X-A: b\0c\r\n", 10)), {400}},
      {"escape_in_value", get("X-A: \x1b[31m\r\n"), {400}},
      {"delete_in_value", get("X-A: \x7f\r\n"), {400}},
      {"name_in_brackets", get("(X): b\r\n"), {400}},
      {"name_of_utf8", get("X-\xc3\xa9: b\r\n"), {400}},
      {"nul_in_name", get(std::string("X\0A: b\r\n", 9)), {400}},
      {"cr_cr_lf", get("X-A: b\r\r\n"), {400}},
      {"no_colon", get("X-A\r\n"), {400}},
      {"no_name", get(": b\r\n"), {400}},
      {"space_in_name", get("X A: b\r\n"), {400}},
      {"space_before_colon", get("X-A : b\r\n"), {400}},
      {"leading_empty_line", "\r\n" + get(""), {400}},
      {"nothing_but_lines", "\r\n\r\n", {400}},
      {"tls_client_hello", std::string("\x16\x03\x01\x02\x00\x01", 6), {400}},
  };
}

std::vector<Case> request_lines() {
  return {
      {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}},
      {"http_2", start_line("GET /x HTTP/2.0"), {400, 505}},
      {"http_1_2", start_line("GET /x HTTP/1.2"), {400, 505}},
      {"http_0_9", "GET /x\r\n\r\n", {400}},
      {"lower_case_version", start_line("GET /x http/1.1"), {400, 505}},
      {"version_of_three_parts", start_line("GET /x HTTP/1.1.1"), {400, 505}},
      {"version_with_a_sign", start_line("GET /x HTTP/+1.1"), {400, 505}},
      {"method_with_a_colon", start_line("GE:T /x HTTP/1.1"), {400}},
      {"nul_in_target", start_line(std::string("GET /x\0y HTTP/1.1", 18)), {400}},
      {"no_method", start_line(" /x HTTP/1.1"), {400}},
      {"two_spaces", start_line("GET  /x HTTP/1.1"), {400}},
      {"space_in_target", start_line("GET /a b HTTP/1.1"), {400, 505}},
      {"tab_for_space", start_line("GET\t/x HTTP/1.1"), {400}},
      {"trailing_space", start_line("GET /x HTTP/1.1 "), {400, 505}},
      {"absolute_form", start_line("GET http://a/x HTTP/1.1"), {400}},
      {"absolute_form_other_host", start_line("GET http://b/x HTTP/1.1"), {400}},
      {"authority_form", start_line("CONNECT a:443 HTTP/1.1"), {400}},
      {"asterisk_form", start_line("OPTIONS * HTTP/1.1"), {400}},
      {"no_slash", start_line("GET x HTTP/1.1"), {400}},
      {"fragment", start_line("GET /x#y HTTP/1.1"), {400}},
      {"encoded_crlf", start_line("GET /x%0d%0aX:y HTTP/1.1"), {400}},
      {"encoded_lf_upper", start_line("GET /x?y=%0A HTTP/1.1"), {400}},
      {"encoded_nul", start_line("GET /x%00 HTTP/1.1"), {400}},
      {"raw_utf8", start_line("GET /\xc3\xa9 HTTP/1.1"), {400}},
      {"long_target", get("", "/" + std::string(2048, 'x')), {414}},
      {"endless_target", "GET /" + std::string(9000, 'x'), {414}},
      {"long_header", get("X-A: " + std::string(8192, 'x') + "\r\n"), {431}},
      {"endless_header", "GET /x HTTP/1.1\r\nX-A: " + std::string(9000, 'x'), {431}},
  };
}

class Refused : public testing::TestWithParam<Case> {};

std::size_t count_of(const std::string& text, const std::string& piece) {
  std::size_t n = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++n;
  return n;
}

void expect_refused(const Case& c, bool drip) {
  ServerFixture server;
  auto client = server.client();
  const std::string bytes = c.bytes + kSmuggled;
  if (drip) {
    bool open = true;
    for (std::size_t i = 0; i < bytes.size() && open; i += 7) open = client.send(bytes.substr(i, 7));
  } else {
    client.send(bytes);
  }
  const std::string answer = client.read_to_end();
  const int status = test::status_of(answer);
  EXPECT_NE(std::find(c.statuses.begin(), c.statuses.end(), status), c.statuses.end()) << answer;
  EXPECT_EQ(count_of(answer, "\r\nServer: purser\r\n"), 1U) << answer;
  EXPECT_EQ(count_of(answer, "Connection: close\r\n"), 1U) << answer;
  EXPECT_EQ(count_of(answer, "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"request_malformed\""), 1U)
      << answer;
  EXPECT_TRUE(server.asked.empty()) << "the handler was asked for " << server.asked[0].target;
  EXPECT_EQ(server.server->counters().refused_total, 1U);
  client.close();
  EXPECT_TRUE(server.connections(0));
}

TEST_P(Refused, AnsweredOnceAndClosed) {
  expect_refused(GetParam(), false);
}

TEST_P(Refused, AlsoWhenItComesInPieces) {
  expect_refused(GetParam(), true);
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(TransferCoding, Refused, testing::ValuesIn(transfer_codings()), name_of);
INSTANTIATE_TEST_SUITE_P(ContentLength, Refused, testing::ValuesIn(lengths()), name_of);
INSTANTIATE_TEST_SUITE_P(HostAndDuplicates, Refused, testing::ValuesIn(hosts_and_duplicates()), name_of);
INSTANTIATE_TEST_SUITE_P(Lines, Refused, testing::ValuesIn(lines()), name_of);
INSTANTIATE_TEST_SUITE_P(RequestLine, Refused, testing::ValuesIn(request_lines()), name_of);

// What stands just inside the limits is taken.
TEST(Taken, AtEachLimit) {
  ServerFixture server;
  auto client = server.client();
  const std::string fixed = get("X-A: \r\n");
  client.send(get("X-A: " + std::string(8192 - fixed.size(), 'x') + "\r\n"));
  EXPECT_EQ(test::status_of(client.read_answer()), 200) << "a head of 8192 bytes";
  client.send(get("", "/" + std::string(2047, 'x')));
  EXPECT_EQ(test::status_of(client.read_answer()), 200) << "a target of 2048 bytes";
  std::string headers;
  for (int i = 0; i < 63; ++i) headers += "X-" + std::to_string(i) + ": a\r\n";
  client.send(get(headers));
  EXPECT_EQ(test::status_of(client.read_answer()), 200) << "64 headers with Host";
  client.send(post("Content-Length: 1048576\r\n", std::string(1 << 20, 'b')));
  EXPECT_EQ(test::status_of(client.read_answer()), 200) << "a body of 1 MiB";
  EXPECT_EQ(server.asked.size(), 4U);
  EXPECT_EQ(server.asked[3].body.size(), 1U << 20);
  client.send(get(headers + "X-63: a\r\n"));
  EXPECT_EQ(test::status_of(client.read_to_end()), 431) << "65 headers";
}

TEST(Taken, TheOddButPlain) {
  ServerFixture server;
  auto client = server.client();
  for (const std::string& bytes :
       {get("X-A:\r\n"), get("X-A: \xc3\xa9\r\n"), get("X-A: \t b \r\n"), get("", "/a/%E4%BD%A0?x=%25"),
        get("Content-Length: 0\r\n"), post("Content-Length: 0\r\n"),
        get("Wechatpay-Nonce: a\r\nWechatpay-Serial: b\r\n"), hosts("Host: [::1]:8080\r\n"),
        start_line("OPTIONS /x HTTP/1.1"), start_line("FETCH /x HTTP/1.1")}) {
    client.send(bytes);
    EXPECT_EQ(test::status_of(client.read_answer()), 200) << bytes;
  }
}

}  // namespace
}  // namespace purser::http
