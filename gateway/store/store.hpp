// Port: the durable memory. Reads return what is committed; every change is a Batch: all of it is durable when commit()
// returns ok, none of it otherwise. A decision made on rows that changed meanwhile is refused (store_conflict), so of
// two racers one wins. Uniqueness lives in constraints of the database, not in the code above it.
#pragma once

#include "gateway/async/task.hpp"
#include "gateway/store/records.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace purser {

namespace op {
// An insertion keeps the row's version, 0 when new.
struct InsertThread {
  Thread row;
};
// row.version is the one read; stored as version + 1. Another version in the store: store_conflict.
struct UpdateThread {
  Thread row;
};
// One running turn a thread: else store_duplicate "running_turn". Whoever inserts it drives it with token 1 and holds
// it for `lease` of the store's time.
struct InsertTurn {
  Turn row;
  Millis lease{0};
};
// The turn runs and is driven with this token: else store_conflict. Holds it for another `lease`.
struct HoldTurn {
  TurnId turn;
  std::int64_t token = 0;
  Millis lease{0};
};
// Drives a running turn that nobody holds any more with the next token, held for `lease`. Somebody holds it, or the
// token is not the one read: store_conflict.
struct TakeTurn {
  TurnId turn;
  std::int64_t token = 0;
  Millis lease{0};
};
// From running only: else store_conflict.
struct FinishTurn {
  Turn row;
};
// seq is given by the store.
struct AppendMessage {
  Message row;
};
// seq is given by the store.
struct AppendEvent {
  StreamEvent row;
};
// store_duplicate: "active_payment" (one open a user), "out_trade_no", "origin".
struct InsertIntent {
  PaymentIntent row;
};
// Version as with threads. Number, origin, amount and owner of an intent or refund never change.
struct UpdateIntent {
  PaymentIntent row;
};
// store_duplicate: "out_refund_no", "origin".
struct InsertRefund {
  Refund row;
};
// Version as with threads.
struct UpdateRefund {
  Refund row;
};
// Replaces due_at, payload and attempts of the same (kind, subject).
struct PutWork {
  WorkItem row;
};
// No effect when (kind, subject) exists.
struct AddWork {
  WorkItem row;
};
// Deletes; store_conflict when it is not there: somebody did it.
struct TakeWork {
  WorkKind kind;
  std::string subject;
};
// Deletes if there.
struct DropWork {
  WorkKind kind;
  std::string subject;
};
// store_duplicate "notification".
struct InsertNotification {
  NotificationRow row;
};
// store_conflict when it is applied already, or not there.
struct ApplyNotification {
  std::string channel;
  std::string id;
};
// store_duplicate "ledger". seq and hash are given by the store. At the end of a batch the captures and refunds posted
// for an intent are what its row says it captured and refunded: else internal "ledger_balance", by a constraint of the
// database.
struct PostLedger {
  LedgerEntry row;
};
// store_duplicate "idempotency". No other owner takes it for `lease` of the store's time.
struct InsertIdempotency {
  IdempotencyRow row;
  Millis lease{0};
};
// It runs and is `owner`'s: else store_conflict. Holds it for another `lease`.
struct HoldIdempotency {
  std::string scope;
  std::string key;
  std::string owner;
  Millis lease{0};
};
// Makes a running key that nobody holds any more `to`'s, held for `lease`. Somebody holds it, or it is not `from`'s:
// store_conflict.
struct TakeIdempotency {
  std::string scope;
  std::string key;
  std::string from;
  std::string to;
  Millis lease{0};
};
// While it runs and is `owner`'s: else store_conflict.
struct FinishIdempotency {
  std::string scope;
  std::string key;
  std::string owner;
  int status;
  std::string body;
};
// Deletes if it is there and `owner`'s. What an owner has finished stays; a mark that has no owner goes at any time.
struct DropIdempotency {
  std::string scope;
  std::string key;
  std::string owner;
};
// store_duplicate "origin".
struct InsertApproval {
  Approval row;
};
// Version as with threads. Everything but state, decision and version never changes.
struct UpdateApproval {
  Approval row;
};
// Adds `by` (which may be negative) to what `scope` has used in the window that begins at `window`; budget_spent, param
// `scope`, when that would be more than `max`. Never goes below zero. Older windows of the scope are forgotten.
struct SpendBudget {
  std::string scope;
  UtcTime window{};
  std::int64_t by = 1;
  std::int64_t max = 0;
};
// seq and hash are given by the store. What money and conversation rows change is recorded by the store itself
// (audit_chain.hpp); this is for what leaves no row: what a model answered, what was decided about it.
struct AppendAudit {
  AuditRow row;
};
// Takes the words out of a conversation: texts, cards, results, what models were asked and answered, reasons, notes and
// terms, and deliveries that were given up. `everything`: also openid and metadata, the bytes of requests to the rail,
// what the rail told of its orders, and answers under idempotency keys. Ids, numbers, amounts, times, lines of orders
// and the ledger stay, and so does every hash of the record: a link "erasure" says up to where links lost their detail,
// and each row is recorded anew. `row` as it was read: another version in the store is store_conflict with the thread's
// id, and what is not settled is store_conflict with "turn", "intent", "refund", "approval" or "work".
struct EraseThread {
  Thread row;
  UtcTime at{};
  bool everything = false;
};
// Of what came before `before`, at most `limit` rows each: what applied notifications and finished idempotency keys
// say.
struct EraseInboxes {
  UtcTime before{};
  UtcTime at{};
  std::int64_t limit = 0;
};
}  // namespace op

using Operation =
    std::variant<op::InsertThread, op::UpdateThread, op::InsertTurn, op::HoldTurn, op::TakeTurn, op::FinishTurn,
                 op::AppendMessage, op::AppendEvent, op::InsertIntent, op::UpdateIntent, op::InsertRefund,
                 op::UpdateRefund, op::PutWork, op::AddWork, op::TakeWork, op::DropWork, op::InsertNotification,
                 op::ApplyNotification, op::PostLedger, op::InsertIdempotency, op::HoldIdempotency, op::TakeIdempotency,
                 op::FinishIdempotency, op::DropIdempotency, op::InsertApproval, op::UpdateApproval, op::SpendBudget,
                 op::AppendAudit, op::EraseThread, op::EraseInboxes>;

// Operations in the order they are applied. `name` says which step of the product it is ("turn.started"): fail-points,
// logs and traces use it.
struct Batch {
  explicit Batch(std::string step) : name(std::move(step)) {}
  template <class Op>
  Batch& add(Op operation) {
    operations.emplace_back(std::move(operation));
    return *this;
  }
  std::string name;
  std::vector<Operation> operations;
};

// What the store gave numbers to, in the order of the operations.
struct Receipt {
  std::vector<StreamEvent> events;
  std::vector<Message> messages;
};

// What a commit changed that somebody may be waiting for.
struct Change {
  std::vector<ThreadId> threads;  // those that got a stream event
  bool work = false;              // PutWork or AddWork was in it
  bool missed = false;            // more may have changed than is told: look everywhere
};

class Store {
 public:
  virtual ~Store() = default;

  // `seen` is called on the loop's thread after each successful commit, in their order, before the committer resumes.
  // One watcher; set before the first commit, not called once the store is gone. The store is the truth, this only
  // wakes those who read it.
  virtual void watch(std::function<void(const Change&)> seen) = 0;

  // Whether several daemons work on it at once. When not, a turn is held by nobody once its process has ended, and work
  // is claimed by whoever asks.
  virtual bool shared() const { return false; }

  // Until canceled: tells the watcher what other daemons commit to the same store. Ends at once where there are none.
  virtual Task<void> follow();

  // False once the store has stopped writing for good (a failed fsync, a damaged page, its file deleted or replaced):
  // every commit is then store_unavailable until the process is started anew; reads go on. A full disk or a lock is
  // not that.
  virtual bool healthy() const = 0;

  // Durable (fsync) when it returns ok; the whole batch is refused when it returns an error:
  //   store_conflict     a row is not as it was read; param names it
  //   store_duplicate    param names the constraint; "origin" before any other, and "id" for an id that exists
  //   store_unavailable  nothing was acknowledged. After a failure of the disk itself (healthy() is false then) the
  //                      batch may be found written when the store is opened again, and so it may after a connection
  //                      that was lost and could not be made again: whoever goes on reads first
  //   store_corrupt      the store holds what cannot be true
  //   internal, currency_mismatch, malformed_text
  //                      the batch breaks a rule of the rows (a CHECK, a parent that is not there, what may never
  //                      change, text that is not UTF-8): a bug above
  // Not cancelable once begun. Not repeatable: read first.
  virtual Task<Result<Receipt>> commit(Batch batch) = 0;

  // Reads. An absent row is not_found for single rows and an empty list for lists; other errors: store_unavailable.
  virtual Task<Result<Thread>> thread(ThreadId id) = 0;
  virtual Task<Result<Turn>> turn(TurnId id) = 0;
  virtual Task<Result<std::optional<Turn>>> running_turn(ThreadId thread) = 0;
  // seq > after, rising, at most limit.
  virtual Task<Result<std::vector<Message>>> messages(ThreadId thread, std::int64_t after, std::int64_t limit) = 0;
  // The newest `limit` messages, rising.
  virtual Task<Result<std::vector<Message>>> recent_messages(ThreadId thread, std::int64_t limit) = 0;
  virtual Task<Result<std::vector<StreamEvent>>> events(ThreadId thread, std::int64_t after, std::int64_t limit) = 0;
  virtual Task<Result<PaymentIntent>> intent(IntentId id) = 0;
  virtual Task<Result<PaymentIntent>> intent_by_number(OutTradeNo number) = 0;
  virtual Task<Result<std::optional<PaymentIntent>>> intent_by_origin(ThreadId thread, std::string origin) = 0;
  virtual Task<Result<std::optional<PaymentIntent>>> open_intent(TenantId tenant, UserId user) = 0;
  // Newest first.
  virtual Task<Result<std::vector<PaymentIntent>>> intents_of_thread(ThreadId thread, std::int64_t limit) = 0;
  virtual Task<Result<Refund>> refund(RefundId id) = 0;
  virtual Task<Result<Refund>> refund_by_number(OutRefundNo number) = 0;
  // Oldest first.
  virtual Task<Result<std::vector<Refund>>> refunds_of_intent(IntentId intent) = 0;
  // The newest `limit`, oldest of them first.
  virtual Task<Result<std::vector<Refund>>> refunds_of_thread(ThreadId thread, std::int64_t limit) = 0;
  // due_at <= now, oldest first.
  virtual Task<Result<std::vector<WorkItem>>> due_work(UtcTime now, std::int64_t limit) = 0;
  // Of a kind, due or not, those whose subject begins with `prefix` and comes after `after`, by subject.
  virtual Task<Result<std::vector<WorkItem>>> work_of_kind(WorkKind kind, std::string prefix, std::string after,
                                                           std::int64_t limit) = 0;
  // When the next item of the lane falls due later than `after`; nothing when there is none.
  virtual Task<Result<std::optional<UtcTime>>> next_due(UtcTime after, WorkLane lane) = 0;
  virtual Task<Result<NotificationRow>> notification(std::string channel, std::string id) = 0;
  virtual Task<Result<std::vector<LedgerEntry>>> ledger_of_intent(IntentId intent) = 0;
  virtual Task<Result<LedgerTotals>> ledger_totals(TenantId tenant) = 0;
  // Walks the hash chain of the ledger, compares each intent's captured and refunded with its lines, then walks the
  // chain of every thread and compares the rows it speaks of with what it says of them. Error store_corrupt names the
  // first row that does not hold; param is "ledger <seq>", "intents <id>", "audit <thread> <seq>", "messages <id>", ...
  virtual Task<Result<void>> verify_ledger() = 0;
  virtual Task<Result<std::optional<IdempotencyRow>>> idempotency(std::string scope, std::string key) = 0;
  virtual Task<Result<Approval>> approval(ApprovalId id) = 0;
  virtual Task<Result<std::optional<Approval>>> approval_by_origin(ThreadId thread, std::string origin) = 0;
  // Newest first; of any state when none is named.
  virtual Task<Result<std::vector<Approval>>> approvals(TenantId tenant, std::optional<ApprovalState> state,
                                                        std::int64_t limit) = 0;
  // What `scope` has used in that window; 0 when nothing.
  virtual Task<Result<std::int64_t>> budget_used(std::string scope, UtcTime window) = 0;
  // seq > after, rising, at most limit.
  virtual Task<Result<std::vector<AuditRow>>> audit(ThreadId thread, std::int64_t after, std::int64_t limit) = 0;
  // By whom, as far as the store's own clock knows, a running turn is held; not_found when it does not run.
  virtual Task<Result<TurnLease>> turn_lease(TurnId turn) = 0;
  // Of due_work what is of this lane and no other daemon has claimed, claimed for this one until it has not asked again
  // for a while.
  virtual Task<Result<std::vector<WorkItem>>> claim_work(UtcTime now, std::int64_t limit, WorkLane lane) = 0;
  // Running turns that nobody holds, oldest first: a stopped daemon left them.
  virtual Task<Result<std::vector<Turn>>> running_turns(std::int64_t limit) = 0;
  // By id, after `after`.
  virtual Task<Result<std::vector<Thread>>> threads_of_user(TenantId tenant, UserId user, ThreadId after,
                                                            std::int64_t limit) = 0;
  // Idle ones with words in them (never erased, or spoken in since), begun before `before` and with nothing said since;
  // by their beginning and id, after (`from`, `after`). Whether all of it is settled, op::EraseThread finds out.
  virtual Task<Result<std::vector<Thread>>> silent_threads(UtcTime before, UtcTime from, ThreadId after,
                                                           std::int64_t limit) = 0;
  // Whether op::EraseInboxes would find any.
  virtual Task<Result<bool>> old_inboxes(UtcTime before) = 0;
};

}  // namespace purser
