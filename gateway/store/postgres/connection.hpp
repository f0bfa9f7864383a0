// A connection to PostgreSQL as an owned object: it is made when first used and again after it was lost, every wait has
// an end, and nothing it does needs more of a session than one transaction, so a pooler in transaction mode may stand
// between. Not thread-safe: one thread at a time.
#pragma once

#include "gateway/store/sql/row_reader.hpp"
#include "validation/money/ids.hpp"
#include "validation/money/money.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <postgresql/libpq-fe.h>
#include <string>
#include <string_view>
#include <vector>

namespace purser::postgres {

// Where a store is and how long to wait for it.
struct Address {
  std::string url;                 // postgresql://...; may hold a password, so it is never shown
  Millis connect_time_max{5'000};  // for one try to connect
  Millis silence_max{10'000};      // without a byte of the answer that is waited for; then the connection is given up
  bool primary_only = true;        // refuse a server that is in recovery
};

// Whether libpq can read it: postgresql://user@host:port/database?parameters. Error: config_bad_value, without the
// text.
Result<void> check_url(const std::string& url);

// The values for $1, $2, ... of a statement.
class Values {
 public:
  template <class... Items>
  static Values of(const Items&... items) {
    Values values;
    (values.put(items), ...);
    return values;
  }

  template <class Item>
  void append(const Item& item) {
    put(item);
  }

  std::size_t size() const { return held_.size(); }
  const char* bytes(std::size_t i) const { return held_[i].c_str(); }
  int length(std::size_t i) const { return static_cast<int>(held_[i].size()); }
  int format(std::size_t i) const { return formats_[i]; }

 private:
  // Texts go as bytes with their length, so that a NUL in one is refused by the server and does not cut it short.
  void put(std::string_view text) { add(std::string(text), 1); }
  void put(const std::string& text) { add(text, 1); }
  void put(const char* text) { add(text, 1); }
  void put(std::int64_t number) { add(std::to_string(number), 0); }
  void put(bool flag) { add(flag ? "t" : "f", 0); }
  void put(UtcTime time) { put(to_millis(time)); }
  void put(Millis duration) { put(std::int64_t{duration.count()}); }
  void put(Currency currency) { put(currency.code()); }
  template <class Tag>
  void put(const Id<Tag>& id) {
    add(id.str(), 1);
  }
  void add(std::string bytes, int format) {
    held_.push_back(std::move(bytes));
    formats_.push_back(format);
  }

  std::vector<std::string> held_;
  std::vector<int> formats_;
};

struct Statement {
  std::string_view sql;  // outlives the exchange
  Values values;
};

// The answer to one statement.
class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_(result, &PQclear) {}

  int size() const { return result_ ? PQntuples(result_.get()) : 0; }
  // Rows that an INSERT, UPDATE or DELETE changed.
  std::int64_t changed() const;
  // What was done: "COMMIT", "ROLLBACK", "INSERT 0 1".
  std::string tag() const { return result_ ? PQcmdStatus(result_.get()) : ""; }

  class Row final : public sql::Row {
   public:
    Row(const PGresult* result, int row) : result_(result), row_(row) {}
    std::string text(int column) const override;
    std::int64_t integer(int column) const override;
    int columns() const override { return PQnfields(result_); }
    // By the type that the server names for the column: smallint, integer, bigint; boolean; text, varchar, char, name,
    // json.
    std::optional<std::int64_t> exact_integer(int column) const override;
    std::optional<bool> exact_flag(int column) const override;
    std::optional<std::string> exact_text(int column) const override;
    std::string type_of(int column) const override;

   private:
    const PGresult* result_;
    int row_;
  };
  Row row(int index) const { return Row(result_.get(), index); }

 private:
  std::shared_ptr<PGresult> result_;
};

// What the last failure means for who decides whether to go on.
enum class Trouble : std::uint8_t {
  none,
  refused,      // the statement; the connection is well
  retryable,    // 40001, 40P01: the whole transaction may be tried again
  locked,       // 55P03: a row was waited for longer than lock_timeout lets
  unsupported,  // 0A000, 42601, 42704, 42883: this engine does not know what was asked for
  forbidden,    // 42501: this role may not do it
  lost,         // the connection: what was sent last may or may not have been done
};

class Connection {
 public:
  explicit Connection(Address address) : address_(std::move(address)) {}
  ~Connection() { drop(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Connects when not connected. Error: store_unavailable (the server's words without the URL).
  Result<void> connect();
  void drop();
  bool connected() const { return connection_ != nullptr; }
  bool in_transaction() const;

  // Sends all of it at once and reads all answers: one round trip. The first failure is the answer; what stood behind
  // it was not done. Errors, by SQLSTATE:
  //   store_duplicate    a unique row exists; param is the constraint's name
  //   internal           a rule of the schema is broken (param is the constraint's name), or a bug
  //   malformed_text     a text that is not UTF-8, or holds a NUL
  //   store_corrupt      the server says its data are damaged
  //   store_unavailable  everything else: lost, shutting down, too many connections, locked too long, disk full
  Result<std::vector<Rows>> exchange(const std::vector<Statement>& statements);
  Result<Rows> query(std::string_view sql, Values values = Values());

  Trouble trouble() const { return trouble_; }

  // For LISTEN: the socket to wait on, and what has arrived since the last exchange. Error: the connection is lost.
  int socket() const { return PQsocket(connection_); }
  Result<std::vector<std::string>> take_notices();

 private:
  Result<void> wait(bool for_writing);
  Result<void> flush_and_read(const std::function<bool()>& done);
  Error lose(std::string why);
  Error failure_of(const PGresult* result);
  std::vector<std::string> heard();

  Address address_;
  PGconn* connection_ = nullptr;
  Trouble trouble_ = Trouble::none;
};

// Asks once more when the connection turns out to be lost: reads have no effect, so repeating them is safe.
template <class Ask>
auto ask_again_when_lost(Connection& connection, Ask ask) {
  auto answer = ask(connection);
  if (!answer.ok() && connection.trouble() == Trouble::lost) return ask(connection);
  return answer;
}

}  // namespace purser::postgres
