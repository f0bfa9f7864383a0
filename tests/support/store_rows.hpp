// Rows for tests of stores: every field holds something, so that a field that is lost is seen. Rows of different
// numbers share no id, number or origin.
#pragma once

#include "gateway/store/records.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"

namespace purser::test {

Thread make_thread(int n);
Turn make_turn(int n, const Thread& thread);
// Of the assistant, with two calls.
Message make_message(int n, const Turn& turn);
StreamEvent make_event(int n, const Thread& thread);
// created, of the thread's user, for 12.99 CNY
PaymentIntent make_intent(int n, const Thread& thread);
// created, over one yuan
Refund make_refund(int n, const PaymentIntent& intent);
// "capture" of the whole amount
LedgerEntry make_capture(const PaymentIntent& intent);
LedgerEntry make_refund_line(const Refund& refund);
WorkItem make_work(int n, WorkKind kind, std::int64_t due_ms);
NotificationRow make_notification(int n);
IdempotencyRow make_idempotency(int n);
// pending, over two yuan
Approval make_approval(int n, const Thread& thread);

}  // namespace purser::test
