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

Result<CheckedRefund> entry_of(const json& entry) {
  auto currency = Currency::parse(entry.at("currency").get<std::string>());
  if (!currency) return currency.error();
  CheckedRefund out;
  out.intent = IntentId::trusted(entry.at("payment_intent").get<std::string>());
  out.amount = Money(entry.at("amount").get<std::int64_t>(), *currency);
  out.reason = entry.at("reason").get<std::string>();
  return out;
}

}  // namespace

Result<Approval> approval_of(const Thread& thread, const std::vector<CheckedRefund>& list, std::string origin) {
  if (list.empty()) return Error(Errc::refund_total_mismatch, "the list of refunds is empty", "refunds");
  Money total(0, list.front().amount.currency());
  json entries = json::array();
  for (const CheckedRefund& refund : list) {
    auto sum = total.plus(refund.amount);
    if (!sum) return sum.error();
    total = *sum;
    entries.push_back({{"payment_intent", refund.intent.str()},
                       {"amount", refund.amount.minor()},
                       {"currency", refund.amount.currency().code()},
                       {"reason", refund.reason}});
  }
  Approval row;
  row.tenant = thread.tenant;
  row.thread = thread.id;
  row.user = thread.user;
  row.origin = std::move(origin);
  row.amount = total;
  const json terms = {
      {"version", 1},           {"kind", "refund"},     {"tenant", row.tenant.str()}, {"thread", row.thread.str()},
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
