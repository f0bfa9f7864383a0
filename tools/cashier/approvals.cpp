#include "tools/cashier/approvals.hpp"

#include "gateway/crypto/digest.hpp"

#include <nlohmann/json.hpp>

namespace purser::cashier {
namespace {

using nlohmann::json;

std::string bound(const Approval& row) {
  return json{row.id.str(),     row.terms_hash, row.tenant.str(),
              row.thread.str(), row.user.str(), to_millis(row.expires_at)}
      .dump();
}

json line_of(const IntentLine& line) {
  return {{"sku", line.sku.str()},
          {"name", line.name},
          {"quantity", line.quantity},
          {"unit_price", line.unit_price.minor()}};
}

std::string_view word_of(rules::Share share) {
  return share == rules::Share::half ? "half" : "all";
}

json entry_json(const CheckedRefund& refund, const PaymentIntent& payment) {
  json lines = json::array();
  for (const rules::ReturnedLine& returned : refund.lines) {
    json line = line_of(returned.line);
    line["amount"] = returned.amount.minor();
    if (returned.share != rules::Share::by_quantity) line["share"] = word_of(returned.share);
    lines.push_back(std::move(line));
  }
  json bought = json::array();
  for (const IntentLine& line : payment.lines) bought.push_back(line_of(line));
  return {{"payment_intent", refund.intent.str()},
          {"order", payment.order.out_trade_no.str()},
          {"paid", payment.captured.minor()},
          {"left", refundable(payment).minor()},
          {"amount", refund.amount.minor()},
          {"currency", refund.amount.currency().code()},
          {"reason", refund.reason},
          {"lines", std::move(lines)},
          {"bought", std::move(bought)}};
}

rules::ReturnedLine line_from(const json& line, Currency currency) {
  rules::ReturnedLine out;
  out.line.sku = Sku::trusted(line.at("sku").get<std::string>());
  out.line.name = line.at("name").get<std::string>();
  out.line.quantity = line.at("quantity").get<std::int64_t>();
  out.line.unit_price = Money(line.at("unit_price").get<std::int64_t>(), currency);
  out.amount = Money(line.at("amount").get<std::int64_t>(), currency);
  if (line.contains("share")) out.share = line.at("share") == "half" ? rules::Share::half : rules::Share::all;
  return out;
}

Result<CheckedRefund> entry_of(const json& entry) {
  constexpr std::int64_t kNeverLeft = -1;  // terms of the first form do not say what was left: nothing bears them
  auto currency = Currency::parse(entry.at("currency").get<std::string>());
  if (!currency) return currency.error();
  CheckedRefund out;
  out.intent = IntentId::trusted(entry.at("payment_intent").get<std::string>());
  out.amount = Money(entry.at("amount").get<std::int64_t>(), *currency);
  out.reason = entry.at("reason").get<std::string>();
  out.left = Money(entry.value("left", kNeverLeft), *currency);
  const json lines = entry.value("lines", json::array());
  for (const json& line : lines) out.lines.push_back(line_from(line, *currency));
  return out;
}

}  // namespace

Result<Approval> approval_of(const Thread& thread, const std::vector<CheckedRefund>& list,
                             const std::vector<PaymentIntent>& payments, std::string origin) {
  if (list.empty()) return Error(Errc::refund_total_mismatch, "the list of refunds is empty", "refunds");
  Money total(0, list.front().amount.currency());
  json entries = json::array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto sum = total.plus(list[i].amount);
    if (!sum) return sum.error();
    total = *sum;
    entries.push_back(entry_json(list[i], payments[i]));
  }
  Approval row;
  row.tenant = thread.tenant;
  row.thread = thread.id;
  row.user = thread.user;
  row.origin = std::move(origin);
  row.amount = total;
  const json terms = {
      {"version", 2},           {"kind", "refund"},     {"tenant", row.tenant.str()}, {"thread", row.thread.str()},
      {"user", row.user.str()}, {"origin", row.origin}, {"total", total.minor()},     {"entries", std::move(entries)}};
  try {
    row.terms_json = terms.dump();
  } catch (const json::type_error&) {
    return Error(Errc::malformed_text, "the reason of a refund is not UTF-8", "reason");
  }
  row.terms_hash = crypto::sha256_hex(row.terms_json);
  return row;
}

void seal(Approval& row, const Mint& mint) {
  row.seal = mint.seal(bound(row));
}

bool sealed(const Approval& row, const Mint& mint) {
  const bool same_terms = crypto::constant_time_equal(crypto::sha256_hex(row.terms_json), row.terms_hash);
  const bool same_seal = crypto::constant_time_equal(mint.seal(bound(row)), row.seal);
  return same_terms && same_seal;
}

Result<std::vector<CheckedRefund>> list_of(const Approval& row) {
  std::vector<CheckedRefund> list;
  try {
    const json terms = json::parse(row.terms_json);
    for (const json& entry : terms.at("entries")) {
      auto refund = entry_of(entry);
      if (!refund) return Error(Errc::store_corrupt, refund.error().message, row.id.str());
      list.push_back(*std::move(refund));
    }
  } catch (const json::exception&) {
    return Error(Errc::store_corrupt, "the terms of the approval cannot be read", row.id.str());
  }
  return list;
}

}  // namespace purser::cashier
