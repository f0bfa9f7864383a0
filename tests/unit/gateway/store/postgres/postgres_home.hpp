// Where a store of the suite of all stores lives when it is a PostgreSQL: a database of its own.
#pragma once

#include "gateway/store/postgres/postgres_store.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/store_conformance.hpp"

namespace purser::test {

class PostgresHome : public StoreHome {
 public:
  Result<std::unique_ptr<Store>> open(Clock& clock) override {
    auto store = open_postgres(store_url(), PostgresOptions(), clock);
    if (!store) return store.error();
    return std::unique_ptr<Store>(*std::move(store));
  }
  void tamper_with_ledger(std::int64_t seq) override {
    PostgresServer& server = shared_postgres();
    EXPECT_TRUE(server.run(url_, "ALTER TABLE ledger DISABLE TRIGGER ALL"));
    EXPECT_TRUE(server.run(
        url_, "UPDATE ledger SET reference = 'X' || substr(reference, 2) WHERE seq = " + std::to_string(seq)));
    EXPECT_TRUE(server.run(url_, "ALTER TABLE ledger ENABLE TRIGGER ALL"));
  }
  void tamper(const std::string& table, const std::string& column, const std::string& key,
              const std::string& id) override {
    const std::string changed = "UPDATE " + table + " SET " + column + " = '~' || substr(" + column + ", 2)";
    EXPECT_TRUE(shared_postgres().run(url_, changed + " WHERE " + key + " = '" + id + "'"));
  }
  void change(const std::string& sql) override {
    EXPECT_TRUE(shared_postgres().run(url_, "SET session_replication_role = replica; " + sql)) << sql;
  }
  std::vector<bool> ledger_lets_change(std::int64_t seq) override {
    PostgresServer& server = shared_postgres();
    const std::string where = " WHERE seq = " + std::to_string(seq);
    return {server.run(url_, "UPDATE ledger SET amount = amount + 1" + where),
            server.run(url_, "DELETE FROM ledger" + where)};
  }

 protected:
  // How the store reaches it.
  virtual std::string store_url() { return url_; }

  std::string url_ = shared_postgres().make_database();
};

}  // namespace purser::test
