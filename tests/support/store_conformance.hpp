// What every store must do, whatever is behind it. An adapter's test defines a StoreHome and writes
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, testing::Values(&make_sqlite_home));
// The tests stand in store_conformance_{rows,rules,racing,sharing,crash,guards,books,erasure}.hpp, all included at the
// end of this file, so that one include brings the whole suite into the adapter's test program.
#pragma once

#include "gateway/store/store.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/store_rows.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace purser::test {

// Where the data of one store lives, empty at first. Opening again finds what was there.
class StoreHome {
 public:
  virtual ~StoreHome() = default;
  virtual Result<std::unique_ptr<Store>> open(Clock& clock) = 0;
  // Changes one character of the reference of a ledger row, past every guard. The store is closed meanwhile.
  virtual void tamper_with_ledger(std::int64_t seq) = 0;
  // Tries to change and then to delete a ledger row by the database's own language, and gives what it answered.
  virtual std::vector<bool> ledger_lets_change(std::int64_t seq) = 0;
  // Whether the database itself keeps the ledger as it was written.
  virtual bool guards_ledger() const { return true; }
  // Changes what the column holds in the row whose `key` is `id` ("text" of "messages" where "id" is ...), past every
  // guard. The store is closed meanwhile.
  virtual void tamper(const std::string& table, const std::string& column, const std::string& key,
                      const std::string& id) = 0;
  // One statement of the database's own language, past every guard. The store is closed meanwhile.
  virtual void change(const std::string& sql) = 0;
};

using MakeStoreHome = std::unique_ptr<StoreHome> (*)();

class StoreConformance : public testing::TestWithParam<MakeStoreHome> {
 protected:
  void SetUp() override {
    home_ = GetParam()();
    open();
  }

  void open() {
    auto opened = home_->open(loop_.clock);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = *std::move(opened);
  }
  void close() { store_.reset(); }
  void reopen() {
    close();
    open();
  }

  Store& store() { return *store_; }
  StoreHome& home() { return *home_; }
  Loop& loop() { return loop_; }

  template <class T>
  T ask(Task<T> task) {
    return loop_.run(std::move(task));
  }
  Result<Receipt> commit(Batch batch) { return ask(store().commit(std::move(batch))); }
  template <class... Operations>
  Result<Receipt> commit_of(Operations... operations) {
    Batch batch("test");
    (batch.add(std::move(operations)), ...);
    return commit(std::move(batch));
  }
  // All asked for before any is answered.
  std::vector<Result<Receipt>> commit_together(std::vector<Batch> batches) {
    std::vector<Started<Result<Receipt>>> started;
    for (Batch& batch : batches) started.push_back(loop_.start(store().commit(std::move(batch))));
    std::vector<Result<Receipt>> answers;
    for (auto& one : started) {
      EXPECT_TRUE(loop_.until([&] { return one.done(); }));
      answers.push_back(one.get());
    }
    return answers;
  }

  // A thread in the store.
  Thread given_thread(int n) {
    Thread thread = make_thread(n);
    EXPECT_TRUE(commit_of(op::InsertThread{thread}).ok());
    return thread;
  }
  // An intent in the store that was paid: captured, with its line in the ledger.
  PaymentIntent given_paid_intent(int n, const Thread& thread) {
    PaymentIntent intent = make_intent(n, thread);
    intent.state = IntentState::succeeded;
    intent.captured = intent.amount;
    EXPECT_TRUE(commit_of(op::InsertIntent{intent}, op::PostLedger{make_capture(intent)}).ok());
    return intent;
  }

 private:
  Loop loop_;
  std::unique_ptr<StoreHome> home_;
  std::unique_ptr<Store> store_;
};

template <class T>
testing::AssertionResult refused(const Result<T>& result, Errc code, const std::string& param) {
  if (result.ok()) return testing::AssertionFailure() << "it was accepted";
  const Error& error = result.error();
  if (error.code == code && error.param == param) return testing::AssertionSuccess();
  return testing::AssertionFailure() << code_of(error.code) << " \"" << error.param << "\": " << error.message;
}

template <class T>
testing::AssertionResult refused(const Result<T>& result, Errc code) {
  return refused(result, code, result.ok() ? std::string() : result.error().param);
}

template <class T>
testing::AssertionResult good(const Result<T>& result) {
  if (result.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << code_of(result.code()) << " \"" << result.error().param
                                     << "\": " << result.error().message;
}

}  // namespace purser::test

#include "tests/support/store_conformance_books.hpp"
#include "tests/support/store_conformance_crash.hpp"
#include "tests/support/store_conformance_erasure.hpp"
#include "tests/support/store_conformance_guards.hpp"
#include "tests/support/store_conformance_racing.hpp"
#include "tests/support/store_conformance_rows.hpp"
#include "tests/support/store_conformance_rules.hpp"
#include "tests/support/store_conformance_sharing.hpp"
