// Refunds: read, and helped on their way by a person of the tenant.
#include "agent/api/answer.hpp"
#include "agent/api/api.hpp"
#include "agent/api/request.hpp"
#include "agent/turn/views.hpp"
#include "validation/money/ascii.hpp"
#include "validation/money/text.hpp"

#include <algorithm>

namespace purser {

using nlohmann::json;

namespace {

constexpr std::size_t kBankTypeMax = 16;
constexpr std::size_t kAccountMin = 6;
constexpr std::size_t kAccountMax = 34;       // the longest account number there is, an IBAN
constexpr std::size_t kHolderBytesMax = 190;  // encrypted, it has to fit a key of 2,048 bits

Result<RefundAccount> account_of(const json& body) {
  RefundAccount account;
  auto bank = api::string_member(body, "", "bank_type", kBankTypeMax);
  if (!bank) return bank.error();
  if (!ascii::is_visible(*bank)) return Error(Errc::json_out_of_range, "is a word like ICBC_DEBIT", "/bank_type");
  auto number = api::string_member(body, "", "bank_account", kAccountMax);
  if (!number) return number.error();
  const bool plain = std::all_of(number->begin(), number->end(), [](char c) { return ascii::is_alnum(c); });
  if (!plain || number->size() < kAccountMin)
    return Error(Errc::json_out_of_range, "has 6 to 34 digits or letters and nothing else", "/bank_account");
  auto holder = api::string_member(body, "", "real_name", kHolderBytesMax);
  if (!holder) return holder.error();
  auto cleaned = clean(*holder, TextRules());
  if (!cleaned || cleaned->text != *holder)
    return Error(Errc::json_out_of_range, "is a name, without control and invisible characters", "/real_name");
  account.bank_type = std::move(*bank);
  account.number = std::move(*number);
  account.holder = std::move(cleaned->text);
  return account;
}

}  // namespace

Task<Result<Refund>> Api::own_refund(const Call& call) {
  auto id = RefundId::parse(call.parts.front());
  if (!id) co_return Errc::not_found;
  auto row = co_await ports_.store.refund(*id);
  if (!row && row.code() != Errc::not_found) co_return row.error();
  if (!row) co_return Errc::not_found;
  // Whose it is stands in the intent.
  auto of = co_await ports_.store.intent(row->intent);
  if (!of) co_return of.error();
  if (!call.caller.may_see(of->tenant, of->user)) co_return Errc::not_found;
  co_return row;
}

Api::Reply Api::get_refund(Call& call) {
  auto row = co_await own_refund(call);
  if (!row) co_return row.error();
  co_return api::json_answer(200, views::refund(*row));
}

Api::Reply Api::mend_refund(Call& call) {
  auto row = co_await own_refund(call);
  if (!row) co_return row.error();
  auto key = Idempotency::key_of(call.request.headers, true);
  if (!key) co_return key.error();
  auto body = api::object_body(call.request, {"bank_type", "bank_account", "real_name"}, false);
  if (!body) co_return body.error();
  auto account = account_of(*body);
  if (!account) co_return account.error();
  // The fingerprint of a request is stored, and a plain one of an account number could be guessed back.
  (*body)["bank_account"] = ports_.mint.seal(account->number);
  (*body)["real_name"] = ports_.mint.seal(account->holder);
  Idempotency::Action action = [this, id = row->id, to = std::move(*account)](bool) { return do_mend(id, to); };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

Api::Reply Api::refund_again(Call& call) {
  auto row = co_await own_refund(call);
  if (!row) co_return row.error();
  auto key = Idempotency::key_of(call.request.headers, true);
  if (!key) co_return key.error();
  auto body = api::object_body(call.request, {}, true);
  if (!body) co_return body.error();
  Idempotency::Action action = [this, id = row->id](bool) { return do_again(id); };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

Api::Reply Api::do_again(RefundId id) {
  auto row = co_await ports_.cashier.again(std::move(id));
  if (!row) co_return row.error();
  co_return api::json_answer(200, views::refund(*row));
}

Api::Reply Api::do_mend(RefundId id, RefundAccount account) {
  auto row = co_await ports_.cashier.mend(std::move(id), std::move(account));
  if (!row) co_return row.error();
  co_return api::json_answer(200, views::refund(*row));
}

}  // namespace purser
