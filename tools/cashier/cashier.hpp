// The cashier: everything that happens between an intent or a refund and the rail. Tools, webhooks, expiry and the
// janitor all come through here, so one rule holds for each: the row is durable before the rail hears of it, every
// change is conditional on the row it was decided on, and an unclear answer is asked about under the same number.
// Methods are safe to repeat: each reads first and does what is still to be done. They are not canceled once they have
// called the rail; a caller that leaves finds the result in the store.
#pragma once

#include "config/settings.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/pay/payment_channel.hpp"
#include "gateway/store/store.hpp"
#include "tools/cashier/budgets.hpp"
#include "tools/cashier/decisions.hpp"
#include "tools/policies/policies.hpp"
#include "validation/pipeline.hpp"

#include <string>
#include <vector>

namespace purser {

// What a person of the tenant decided.
struct ApprovalDecision {
  ApprovalDecision(TenantId t, ApprovalId i, bool yes) : tenant(std::move(t)), id(std::move(i)), approve(yes) {}
  TenantId tenant;  // of the key that the decision came with
  ApprovalId id;
  bool approve;
  std::string by;    // who, for the record
  std::string note;  // why; the customer's model reads it
};

class Cashier {
 public:
  struct Ports {
    Store& store;
    PaymentChannel& channel;
    Mint& mint;
    Clock& clock;
  };
  Cashier(Ports ports, IntentSettings intents, RefundSettings refunds, TenantPolicies tenants = {});

  // Makes the intent durable, then places the order. `origin` names the wish: a second call with the same origin
  // continues the first. `thread` is updated (its row changes with the intent). The intent comes back awaiting_payment,
  // failed or unknown. Errors: active_payment_exists, budget_spent, the store's.
  Task<Result<PaymentIntent>> open(Thread& thread, CheckedOrder order, std::string origin, IntentId renewed_from);
  // The same, and the open payment `superseded` is canceled in the same transaction: there is never more than one, and
  // never none of them because the second step failed. Where a budget is spent, the rail hears nothing of it and the
  // open payment stays. active_payment_exists also when it changed meanwhile.
  Task<Result<PaymentIntent>> supersede(Thread& thread, PaymentIntent superseded, CheckedOrder order,
                                        std::string origin);
  // Has the order closed at the rail and ends the open intent; one that was paid before the close is paid. When the
  // rail gives no answer the intent is canceled and the order stays to be closed (order.may_be_open): a payment that
  // still arrives is given back. Canceling a canceled one changes nothing. Errors: cancel_not_allowed, budget_spent,
  // the store's.
  //   from_outside  the thread is told of it
  //   once_more     from outside, by a request that was cut off before it was answered: what it closed at the rail may
  //                 have been found there and recorded as expired meanwhile, which is what was asked for
  enum class Asked { in_conversation, from_outside, once_more };
  Task<Result<PaymentIntent>> cancel(IntentId id, Asked asked);
  // Makes the whole list durable and reserved, or nothing; then sends those whose time has come. Errors:
  // refund_exceeds_remaining (also when another refund won the race), budget_spent (another refund used what was left
  // of the day's automatic limits), the store's.
  //   turn  the one that asks, as this daemon drives it: what the rail says is done while it does, that turn tells.
  //         Nothing is reserved once another daemon drives it (store_conflict with its id), and what becomes known then
  //         the thread is told by an event. None: always by an event.
  Task<Result<std::vector<Refund>>> refund(Thread thread, std::vector<CheckedRefund> list, std::string origin,
                                           std::optional<op::HoldTurn> turn);

  // The intent after the rail was asked about it, when it is open; as the books have it when the rail gives no answer.
  Task<Result<PaymentIntent>> ask_rail(PaymentIntent intent);

  // The list that `origin` made on this intent before, as it stands now, with what was due sent; empty when it made
  // none. `turn` as with refund().
  Task<Result<std::vector<Refund>>> continue_refunds(Thread thread, std::vector<IntentId> intents, std::string origin,
                                                     std::optional<op::HoldTurn> turn);

  // --- what a person decides ---
  // Writes the exact list down for a person of the tenant; the same origin again finds the first. Nothing is reserved.
  Task<Result<Approval>> ask_operator(Thread thread, std::vector<CheckedRefund> list, std::string origin);
  // Approved: the refunds are made durable and reserved in the transaction that records the decision, and sent by the
  // work that is due. When the payments no longer bear the terms it comes back voided and nothing was done. Errors:
  // not_found (also when it is another tenant's), approval_ended (decided, used, voided or expired already), the
  // store's.
  Task<Result<Approval>> decide(ApprovalDecision decision);

  // Sends an abnormal refund to the account, under its own number. Errors: refund_not_allowed (it is not abnormal, or
  // may be on its way to another account), rail_declined, rail_unknown (safe to repeat with the same account), the
  // store's.
  Task<Result<Refund>> mend(RefundId id, RefundAccount account);

  // Ends a conflicted payment as failed: a person has settled with the payer, at the rail, what was paid otherwise than
  // ordered. Books and moves nothing; a payment that was settled so is left as it is. Errors: illegal_transition (it is
  // not conflicted), the store's.
  Task<Result<PaymentIntent>> settle_conflict(IntentId id);

  // Makes a refund that has failed for good once more, under a number of its own; the same one again finds the first.
  // Sent by the work that is due. Errors: refund_not_allowed (it has not failed), refund_exceeds_remaining, the
  // store's.
  Task<Result<Refund>> again(RefundId id);

  // --- work that fell due; each ends with its row gone or moved to a later time ---
  Task<Result<void>> expire(WorkItem item);
  Task<Result<void>> close(WorkItem item);
  Task<Result<void>> resolve_order(WorkItem item);
  Task<Result<void>> submit_refund(WorkItem item);
  Task<Result<void>> resolve_refund(WorkItem item);
  Task<Result<void>> expire_approval(WorkItem item);

  // What a verified webhook said. Facts about a number that is not ours: not_found. Facts that differ from what was
  // ordered are asked about; what the rail answers then has been done when facts_differ comes back, for a person to
  // look into. rail_unknown: it gave no answer, ask again.
  Task<Result<void>> take_order_facts(OrderFacts facts);
  // A refund that is not in the books, of a payment that is: somebody made it at the rail's own pages. What the rail
  // confirms of it is booked and told; more than the payment can bear is facts_differ, and so is one that was booked
  // while a refund of ours is still to be made. rail_unknown as above, and while a refund of ours stands in its way.
  Task<Result<void>> take_refund_facts(RefundFacts facts);
  // The payment of an order whose row is lost, as after a database was put back from an older copy: when the rail
  // confirms it, it carries the mark of an intent and the tenant's policy wants it, it is booked under that intent's id
  // and given back, once. not_found when it is not for us to give back; rail_unknown as above.
  Task<Result<void>> return_unknown_payment(TenantId tenant, OrderFacts told);

  // What the paying client needs to pay this intent now.
  Task<Result<Confirmation>> confirmation(PaymentIntent intent);

 private:
  Result<PaymentIntent> intent_of(const Thread& thread, CheckedOrder order, std::string origin, IntentId renewed_from);
  // `batch` holds what must become true in the same transaction.
  Task<Result<PaymentIntent>> insert(Thread& thread, PaymentIntent intent, Batch batch);
  Task<Result<PaymentIntent>> place_order(PaymentIntent intent);
  Task<Result<PaymentIntent>> record_order_reply(IntentId id, OrderReply reply);
  Task<Result<QueryReply>> settle_by_query(IntentId id);
  Task<Result<void>> count(std::vector<cashier::CountedOnce> each);
  Task<Result<bool>> end_at_rail(PaymentIntent intent);
  Task<Result<bool>> was_being_canceled(const PaymentIntent& intent);
  Task<Result<bool>> close_before_cancel(PaymentIntent intent);
  Task<Result<void>> apply_facts(IntentId id, OrderFacts facts);
  Task<Result<bool>> expiry_is_told(IntentId id);
  Task<Result<void>> apply_rail_closed(IntentId id);
  enum class Sends { by_caller, by_work };
  Task<Result<PaymentIntent>> insert_renewal(Thread& thread, PaymentIntent intent);
  // `with` holds what must become true in the same transaction.
  Task<Result<std::vector<Refund>>> reserve(Thread thread, std::vector<CheckedRefund> list, std::string origin,
                                            Batch with, Sends sends);
  Task<Result<Approval>> end_approval(Approval row, ApprovalState state);
  Task<Result<std::vector<Refund>>> send_due(std::vector<Refund> list, std::optional<op::HoldTurn> turn);
  Millis refund_distance() const;
  Task<Result<UtcTime>> earliest_refund(IntentId intent);
  Task<Result<UtcTime>> order_free_at(Refund refund);
  Task<Result<Refund>> note_sending(Refund refund);
  // The `turn` tells what comes of it, or an event does.
  static const inline std::optional<op::HoldTurn> kByEvent;
  Task<Result<Refund>> send_refund(Refund refund, std::optional<op::HoldTurn> turn);
  // `known` is the row's version when the rail was asked.
  Task<Result<Refund>> record_refund(RefundId id, std::int64_t known, RefundEvent event, RefundFacts facts,
                                     std::string why, std::optional<op::HoldTurn> turn);
  Task<Result<void>> book_outside_refund(RefundFacts told);
  Task<Result<void>> beside_ours(IntentId id);
  // Commits what moves money of an intent, with the rail's share where its rate is known.
  Task<Result<Receipt>> post(Batch batch, TenantId tenant, IntentId intent);
  Task<Result<void>> drop(WorkItem item);
  Task<Result<void>> later(WorkItem item);
  Task<Result<void>> put_off(WorkItem item, UtcTime due);
  Deadline rail_deadline() const;

  Ports ports_;
  Policies policies_;
};

}  // namespace purser
