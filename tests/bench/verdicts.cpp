// What a verdict costs: the whole way of a typical tool call, from the text a model wrote to the checked order, and of
// a typical reply. Medians of many batches, and each as a multiple of parsing the same arguments, so that a slow
// machine does not look like slow rules. A whole turn with such a call and such a reply, its store included, says what
// share of it they are.
#include "gateway/log.hpp"
#include "tests/support/fake_model.hpp"
#include "tests/support/samples.hpp"
#include "tests/support/small_shop.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/pipeline.hpp"
#include "validation/rules/provenance.hpp"
#include "validation/rules/reply_truth.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>

namespace purser {
namespace {

constexpr int kBatches = 200;
constexpr int kCallsOfABatch = 50;

volatile std::size_t g_kept = 0;  // what is computed must be used

std::int64_t median_ns(const std::function<std::size_t()>& work) {
  std::vector<std::int64_t> took;
  for (int batch = 0; batch < kBatches; ++batch) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kCallsOfABatch; ++i) g_kept = g_kept + work();
    const auto end = std::chrono::steady_clock::now();
    took.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count() / kCallsOfABatch);
  }
  std::nth_element(took.begin(), took.begin() + kBatches / 2, took.end());
  return took[kBatches / 2];
}

const rules::ToolSpec& spec() {
  static const rules::ToolSpec kSpec{
      "create_payment_intent",
      "",
      true,
      {rules::required(
           rules::list("lines", "", 1, 20,
                       {rules::required(rules::sku("sku", "")), rules::required(rules::integer("quantity", "", 1, 99)),
                        rules::integer("unit_price_fen", "", 1, 5'000'000)})),
       rules::integer("total_fen", "", 1, 5'000'000)}};
  return kSpec;
}

const std::string kArguments =
    R"({"lines":[{"sku":"TEA","quantity":2,"unit_price_fen":19900},{"sku":"CUP","quantity":1}],"total_fen":40000})";

std::size_t tool_call(const Catalogue& catalogue, const rules::Sources& sources) {
  auto parsed = parse_strict(kArguments, JsonLimits());
  auto arguments = rules::check_arguments(spec(), *std::move(parsed));
  const auto labelled = rules::check_sources(spec(), *arguments, sources);
  OrderProposal proposal;
  for (const auto& line : arguments->at("lines")) {
    OrderProposal::Line claim;
    claim.sku = Sku::trusted(line.at("sku").get<std::string>());
    claim.quantity = line.at("quantity").get<std::int64_t>();
    proposal.lines.push_back(std::move(claim));
  }
  proposal.total_fen = arguments->at("total_fen").get<std::int64_t>();
  const auto judged = judge_order(catalogue, proposal, OrderPolicy{5'000'000, 99, 20}, "zh");
  return judged.value->lines.size() + labelled.labels.size();
}

rules::LedgerFacts facts() {
  rules::LedgerFacts facts;
  facts.payment_succeeded = true;
  facts.may_be_unpaid = false;
  facts.amounts = facts.paid = {samples::fen(40'000), samples::fen(39'800), samples::fen(200)};
  facts.known = {samples::fen(40'000), samples::fen(19'900), samples::fen(39'800), samples::fen(200)};
  facts.minutes = {5};
  return facts;
}

// A question of the customer, a call of the model, its answer, and a reply.
std::int64_t turn_ns() {
  constexpr int kTurns = 200;
  LogSettings quiet;
  quiet.level = "error";
  (void)log::configure(quiet);
  test::SmallShop shop(samples::shop());
  bool called = false;
  shop.answers = [&called](const ModelRequest&) -> Result<ModelAnswer> {
    called = !called;
    if (called) return test::asks("create_payment_intent", kArguments);
    return test::says("The order of ¥400.00 awaits payment.");
  };
  const ThreadId thread = shop.open_thread("acme", "alice", "", "en").id;
  std::vector<std::int64_t> took;
  for (int i = 0; i < kTurns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    g_kept = g_kept + shop.say(thread, "two teas and a cup, please").value_or("").size();
    took.push_back(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(took.begin(), took.begin() + kTurns / 2, took.end());
  return took[kTurns / 2];
}

}  // namespace
}  // namespace purser

int main() {
  using namespace purser;
  const Catalogue catalogue = samples::shop();
  rules::Sources sources;
  sources.add_user("两罐龙井茶，一个茶杯");
  sources.add_catalogue(R"({"items":[{"sku":"TEA","unit_price_fen":19900},{"sku":"CUP","unit_price_fen":200}]})");
  const rules::LedgerFacts held = facts();
  const std::string zh = "已收到您的付款400元，谢谢！两罐龙井茶和一个茶杯我们会尽快为您准备，如需退款请告诉我原因。";
  const std::string en =
      "Your payment of ¥400.00 has arrived, thank you! Two teas and a cup are being packed; tell me if anything is "
      "wrong.";

  const std::int64_t parse = median_ns([] { return nlohmann::json::parse(kArguments).size(); });
  const std::int64_t call = median_ns([&] { return tool_call(catalogue, sources); });
  const std::int64_t reply_zh = median_ns([&] { return rules::reply_truth(zh, held).ok() ? 1U : 0U; });
  const std::int64_t reply_en = median_ns([&] { return rules::reply_truth(en, held).ok() ? 1U : 0U; });
  const auto row = [&](const char* name, std::int64_t ns) {
    std::cout << name << "  " << ns / 1'000 << "." << ns / 100 % 10 << " us, " << ns / std::max<std::int64_t>(parse, 1)
              << " times the parsing of the arguments\n";
  };
  row("parse     ", parse);
  row("tool call ", call);
  row("reply (zh)", reply_zh);
  row("reply (en)", reply_en);
  const std::int64_t turn = turn_ns();
  row("turn      ", turn);
  std::cout << "a call and a reply are " << (call + reply_en) * 1'000 / turn << " per mille of a turn\n";
  std::cout << nlohmann::json{{"bench", "verdicts"},     {"parse_ns", parse},       {"tool_call_ns", call},
                              {"reply_zh_ns", reply_zh}, {"reply_en_ns", reply_en}, {"turn_ns", turn}}
                   .dump()
            << "\n";
  return 0;
}
