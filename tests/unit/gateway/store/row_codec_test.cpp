#include "gateway/store/row_codec.hpp"

#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/records.hpp"
#include "tests/support/store_rows.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace purser {
namespace {

const std::string kAwkward = std::string("\"\\/\b\f\n\r\t\x01 两杯 ☕ 😀 \xe2\x80\xa8") + std::string("a\0b", 3);

template <class T>
Errc code_of_failure(const Result<T>& result) {
  return result.ok() ? Errc{} : result.code();
}

TEST(RowCodec, lines_come_back) {
  IntentLine line;
  line.sku = Sku::trusted("latte");
  line.name = kAwkward;
  line.quantity = 99;
  line.unit_price = Money(std::numeric_limits<std::int64_t>::max(), Currency::cny());
  IntentLine least = line;
  least.quantity = std::numeric_limits<std::int64_t>::min();
  least.unit_price = Money(-1, Currency::parse("JPY").value());
  for (const std::vector<IntentLine>& lines : {std::vector<IntentLine>{}, {line}, {line, least}}) {
    EXPECT_EQ(row::lines_from_json(row::lines_to_json(lines).value()).value(), lines);
  }
}

TEST(RowCodec, an_order_comes_back_but_for_its_number_and_request) {
  RailOrder order;
  for (const auto kind : {TradeKind::mini_program, TradeKind::qr}) {
    for (const bool open : {false, true}) {
      order.kind = kind;
      order.may_be_open = open;
      order.payer_openid = "openid";
      order.prepay_id = kAwkward;
      order.code_url = "weixin://wxpay/bizpayurl?pr=1&x=2";
      order.transaction_id = "4200000001";
      EXPECT_EQ(row::order_from_json(row::order_to_json(order).value()).value(), order);
    }
  }
  RailOrder numbered = order;
  numbered.out_trade_no = OutTradeNo::trusted("number-1");
  numbered.request_body = "\xff";
  EXPECT_EQ(row::order_from_json(row::order_to_json(numbered).value()).value(), order);
}

TEST(RowCodec, calls_come_back_with_their_exact_arguments) {
  ToolCall call;
  call.id = "call_1";
  call.name = "refund";
  call.arguments = "{ \"amount\" : 1e2,\n\"amount\": 3 ";  // as a model wrote it, JSON or not
  ToolCall other = call;
  other.arguments = kAwkward;
  for (const std::vector<ToolCall>& calls : {std::vector<ToolCall>{}, {call}, {call, other}}) {
    EXPECT_EQ(row::calls_from_json(row::calls_to_json(calls).value()).value(), calls);
  }
}

TEST(RowCodec, text_that_is_not_utf8_is_not_written) {
  IntentLine line;
  line.name = "\xc3";
  EXPECT_EQ(code_of_failure(row::lines_to_json({line})), Errc::malformed_text);
  RailOrder order;
  order.prepay_id = "\xff";
  EXPECT_EQ(code_of_failure(row::order_to_json(order)), Errc::malformed_text);
  ToolCall call;
  call.arguments = "\xed\xa0\x80";  // a lone surrogate
  EXPECT_EQ(code_of_failure(row::calls_to_json({call})), Errc::malformed_text);
}

TEST(RowCodec, what_is_not_the_document_is_not_read) {
  const std::string good = R"([{"sku":"a","name":"b","quantity":1,"unit_price":2,"currency":"CNY"}])";
  ASSERT_TRUE(row::lines_from_json(good).ok());
  for (const char* bad : {"", "{}", "[1]", "[", R"([{"sku":"a","name":"b","quantity":1,"unit_price":2}])",
                          R"([{"sku":"a","name":"b","quantity":1,"unit_price":2,"currency":"cny"}])",
                          R"([{"sku":"a","name":"b","quantity":"1","unit_price":2,"currency":"CNY"}])",
                          R"([{"sku":"a","name":"b","quantity":1.5,"unit_price":2,"currency":"CNY"}])",
                          R"([{"sku":"a","name":"b","quantity":1,"unit_price":9223372036854775808,"currency":"CNY"}])",
                          R"([{"sku":1,"name":"b","quantity":1,"unit_price":2,"currency":"CNY"}])",
                          R"([{"sku":"a","name":"b","quantity":1,"unit_price":2,"currency":"CNY","more":0}])"}) {
    EXPECT_EQ(code_of_failure(row::lines_from_json(bad)), Errc::store_corrupt) << bad;
  }
  for (const char* bad :
       {"[]", "null",
        R"({"kind":"cash","payer_openid":"","prepay_id":"","code_url":"","transaction_id":"","may_be_open":true})",
        R"({"kind":"qr","payer_openid":"","prepay_id":"","code_url":"","transaction_id":"","may_be_open":1})",
        R"({"kind":"qr","payer_openid":"","prepay_id":"","code_url":"","transaction_id":""})"}) {
    EXPECT_EQ(code_of_failure(row::order_from_json(bad)), Errc::store_corrupt) << bad;
  }
  EXPECT_EQ(code_of_failure(row::calls_from_json(R"([{"id":"a","name":"b"}])")), Errc::store_corrupt);
}

TEST(Records, kinds_of_work_have_one_word_each) {
  std::string words;
  for (int k = 0; k <= static_cast<int>(WorkKind::expire_approval); ++k) {
    const auto kind = static_cast<WorkKind>(k);
    EXPECT_EQ(parse_work_kind(to_string(kind)).value(), kind);
    EXPECT_EQ(words.find(std::string(to_string(kind)) + " "), std::string::npos);
    words += std::string(to_string(kind)) + " ";
  }
  EXPECT_EQ(code_of_failure(parse_work_kind("")), Errc::malformed_text);
  EXPECT_EQ(code_of_failure(parse_work_kind("EXPIRE_INTENT")), Errc::malformed_text);
}

TEST(Records, idempotency_states_have_one_word_each) {
  for (const auto state : {IdempotencyState::running, IdempotencyState::finished}) {
    EXPECT_EQ(parse_idempotency_state(to_string(state)).value(), state);
  }
  EXPECT_EQ(code_of_failure(parse_idempotency_state("done")), Errc::malformed_text);
}

LedgerEntry fixed_line() {
  LedgerEntry line;
  line.seq = 1;
  line.tenant = TenantId::trusted("t");
  line.intent = IntentId::trusted("pi_1");
  line.kind = "capture";
  line.reference = "4200";
  line.debit_account = "rail:wechat";
  line.credit_account = "merchant:t";
  line.amount = Money(1299, Currency::cny());
  line.at = from_millis(1'767'607'200'000);
  return line;
}

// The form is part of the books: a hash of today must be the hash of ten years from now. Computed with sha256sum.
TEST(LedgerChain, the_form_of_a_line_never_changes) {
  EXPECT_EQ(ledger::hash_after(ledger::genesis(), fixed_line()).value(),
            "e3d1a0ca8e1c88d5b54ab980dd7d2dddac405ef60ad9d57a0718777c8e5c8217");
}

TEST(LedgerChain, every_field_counts) {
  const std::string original = ledger::hash_after(ledger::genesis(), fixed_line()).value();
  const auto differs = [&](auto change) {
    LedgerEntry line = fixed_line();
    change(line);
    return ledger::hash_after(ledger::genesis(), line).value() != original;
  };
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.seq = 2; }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.tenant = TenantId::trusted("u"); }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.intent = IntentId::trusted("pi_2"); }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.kind = "refund"; }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.reference = "4201"; }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.debit_account += "2"; }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.credit_account += "2"; }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.amount = Money(1298, Currency::cny()); }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.amount = Money(1299, Currency()); }));
  EXPECT_TRUE(differs([](LedgerEntry& line) { line.at += Millis(1); }));
  // Texts cannot run over into each other.
  EXPECT_TRUE(differs([](LedgerEntry& line) {
    line.kind = "capture\",\"4200";
    line.reference = "";
  }));
  EXPECT_NE(ledger::hash_after(original, fixed_line()).value(), original);
}

TEST(LedgerChain, text_that_is_not_utf8_is_refused) {
  LedgerEntry line = fixed_line();
  line.reference = "\xff";
  EXPECT_EQ(code_of_failure(ledger::hash_after(ledger::genesis(), line)), Errc::malformed_text);
}

}  // namespace
}  // namespace purser
