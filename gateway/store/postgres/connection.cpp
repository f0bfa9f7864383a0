#include "gateway/store/postgres/connection.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <poll.h>
#include <span>
#include <utility>

namespace purser::postgres {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// The server's first line, without the end of it.
std::string first_line(const char* message) {
  std::string text = message == nullptr ? "" : message;
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

bool begins(std::string_view state, std::initializer_list<std::string_view> classes) {
  return std::ranges::any_of(classes, [&](std::string_view one) { return state.starts_with(one); });
}

// The OIDs of types that are built in never change (pg_type.dat). A domain is told as the type it is made of.
constexpr std::array<Oid, 3> kIntegers{20, 21, 23};
constexpr std::array<Oid, 1> kFlags{16};
constexpr std::array<Oid, 5> kTexts{25, 1043, 1042, 19, 114};
constexpr std::pair<Oid, const char*> kTypeNames[] = {
    {16, "boolean"}, {17, "bytea"},     {18, "\"char\""},          {19, "name"},
    {20, "bigint"},  {21, "smallint"},  {23, "integer"},           {25, "text"},
    {114, "json"},   {700, "real"},     {701, "double precision"}, {790, "money"},
    {1042, "char"},  {1043, "varchar"}, {1700, "numeric"},         {2950, "uuid"},
    {3802, "jsonb"},
};

// Answers are binary: the bytes of another type would read as some number, too.
bool holds_one_of(const PGresult* result, int row, int column, std::span<const Oid> types) {
  if (column >= PQnfields(result) || PQgetisnull(result, row, column) != 0) return false;
  return std::ranges::find(types, PQftype(result, column)) != types.end();
}

Error unavailable(std::string why) {
  return Error(Errc::store_unavailable, "the database: " + std::move(why));
}

}  // namespace

Result<void> check_url(const std::string& url) {
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(url.c_str(), &why));
  if (why != nullptr) PQfreemem(why);
  if (options) return success();
  return Error(Errc::config_bad_value, "a PostgreSQL store is written postgresql://user@host:port/database",
               "store.url");
}

std::int64_t Rows::changed() const {
  const char* count = result_ ? PQcmdTuples(result_.get()) : "";
  return std::strtoll(count, nullptr, 10);
}

std::string Rows::Row::text(int column) const {
  const int length = PQgetlength(result_, row_, column);
  return std::string(PQgetvalue(result_, row_, column), static_cast<std::size_t>(length));
}

// Binary answers: 1, 2, 4 or 8 bytes, the highest first, two's complement.
std::int64_t Rows::Row::integer(int column) const {
  const int length = PQgetlength(result_, row_, column);
  const char* bytes = PQgetvalue(result_, row_, column);
  if (length < 1 || length > 8) return 0;
  const bool negative = length > 1 && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  for (int i = 0; i < length; ++i) value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
  return static_cast<std::int64_t>(value);
}

std::optional<std::int64_t> Rows::Row::exact_integer(int column) const {
  if (!holds_one_of(result_, row_, column, kIntegers)) return std::nullopt;
  return integer(column);
}

std::optional<bool> Rows::Row::exact_flag(int column) const {
  if (!holds_one_of(result_, row_, column, kFlags)) return std::nullopt;
  return integer(column) != 0;
}

std::optional<std::string> Rows::Row::exact_text(int column) const {
  if (!holds_one_of(result_, row_, column, kTexts)) return std::nullopt;
  return text(column);
}

std::string Rows::Row::type_of(int column) const {
  if (PQgetisnull(result_, row_, column) != 0) return "NULL";
  const Oid type = PQftype(result_, column);
  for (const auto& [known, name] : kTypeNames)
    if (known == type) return name;
  return "the type of OID " + std::to_string(type);
}

Result<void> Connection::connect() {
  if (connection_ != nullptr) return success();
  const std::string seconds = std::to_string(std::max<std::int64_t>(address_.connect_time_max.count() / 1'000, 2));
  const std::string silence = std::to_string(address_.silence_max.count());
  // expand_dbname: what stands in the URL comes after these and wins over them.
  const char* const keys[] = {"application_name",     "connect_timeout", "tcp_user_timeout", "keepalives_idle",
                              "target_session_attrs", "client_encoding", "dbname",           nullptr};
  const char* const values[] = {
      "purser", seconds.c_str(),      silence.c_str(), "10", address_.primary_only ? "read-write" : "any",
      "UTF8",   address_.url.c_str(), nullptr};
  PGconn* made = PQconnectdbParams(keys, values, 1);
  if (made == nullptr || PQstatus(made) != CONNECTION_OK) {
    const std::string why = made == nullptr ? "no memory" : first_line(PQerrorMessage(made));
    PQfinish(made);
    trouble_ = Trouble::lost;
    return unavailable(why);
  }
  PQsetNoticeProcessor(
      made, [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(made, 1) != 0 || PQenterPipelineMode(made) != 1) {
    PQfinish(made);
    trouble_ = Trouble::lost;
    return unavailable("the connection cannot be set up");
  }
  connection_ = made;
  trouble_ = Trouble::none;
  return success();
}

void Connection::drop() {
  PQfinish(connection_);
  connection_ = nullptr;
}

bool Connection::in_transaction() const {
  if (connection_ == nullptr) return false;
  const auto state = PQtransactionStatus(connection_);
  return state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
}

Error Connection::lose(std::string why) {
  drop();
  trouble_ = Trouble::lost;
  return unavailable(std::move(why));
}

Result<void> Connection::wait(bool for_writing) {
  pollfd one{};
  one.fd = PQsocket(connection_);
  one.events = static_cast<short>(for_writing ? POLLIN | POLLOUT : POLLIN);
  if (::poll(&one, 1, static_cast<int>(address_.silence_max.count())) == 0) return lose("it does not answer");
  return success();
}

// Until done(). Reads while it writes: a server whose answers nobody takes would take nothing either.
Result<void> Connection::flush_and_read(const std::function<bool()>& done) {
  bool sending = true;
  for (;;) {
    if (sending) {
      const int more = PQflush(connection_);
      if (more < 0) return lose(first_line(PQerrorMessage(connection_)));
      sending = more == 1;
    }
    if (done()) return success();
    if (auto ready = wait(sending); !ready) return ready;
    if (PQconsumeInput(connection_) == 0) return lose(first_line(PQerrorMessage(connection_)));
  }
}

Result<std::vector<Rows>> Connection::exchange(const std::vector<Statement>& statements) {
  if (auto there = connect(); !there) return there.error();
  trouble_ = Trouble::none;
  for (const Statement& one : statements) {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (std::size_t i = 0; i < one.values.size(); ++i) {
      values.push_back(one.values.bytes(i));
      lengths.push_back(one.values.length(i));
      formats.push_back(one.values.format(i));
    }
    const std::string sql(one.sql);
    const int sent = PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr,
                                       values.data(), lengths.data(), formats.data(), 1);
    if (sent != 1) return lose(first_line(PQerrorMessage(connection_)));
  }
  if (PQpipelineSync(connection_) != 1) return lose(first_line(PQerrorMessage(connection_)));

  std::vector<Rows> answers;
  std::optional<Error> failed;
  // Each statement's answer is followed by a null one; after all of them comes that of the sync.
  int nothing = 0;
  const auto done = [&] {
    while (PQisBusy(connection_) == 0) {
      PGresult* result = PQgetResult(connection_);
      if (result == nullptr) {
        if (++nothing > 1) trouble_ = Trouble::lost;  // libpq has given up waiting for the sync
        if (trouble_ == Trouble::lost) return true;
        continue;
      }
      nothing = 0;
      Rows rows(result);
      switch (PQresultStatus(result)) {
        case PGRES_PIPELINE_SYNC:
          return true;
        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
          answers.push_back(std::move(rows));
          break;
        case PGRES_PIPELINE_ABORTED:
          break;
        default:
          if (!failed) failed = failure_of(result);
          if (trouble_ == Trouble::lost) return true;
      }
    }
    return false;
  };
  if (auto read = flush_and_read(done); !read) return failed ? *failed : read.error();
  if (trouble_ == Trouble::lost) {
    const Error lost = lose("the connection was lost");
    return failed ? *failed : lost;
  }
  // A session that a pooler lends may be one that somebody once said LISTEN in: libpq would keep what it hears for
  // ever.
  (void)heard();
  if (failed) return *failed;
  return answers;
}

Result<Rows> Connection::query(std::string_view sql, Values values) {
  std::vector<Statement> one;
  one.push_back(Statement{sql, std::move(values)});
  auto answers = exchange(one);
  if (!answers) return answers.error();
  return std::move(answers->front());
}

Result<std::vector<std::string>> Connection::take_notices() {
  if (PQconsumeInput(connection_) == 0) return lose(first_line(PQerrorMessage(connection_)));
  return heard();
}

std::vector<std::string> Connection::heard() {
  std::vector<std::string> taken;
  while (PGnotify* notice = PQnotifies(connection_)) {
    taken.emplace_back(notice->extra);
    PQfreemem(notice);
  }
  return taken;
}

Error Connection::failure_of(const PGresult* result) {
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  const std::string state = field(PG_DIAG_SQLSTATE);
  const std::string constraint = field(PG_DIAG_CONSTRAINT_NAME);
  const std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
  trouble_ = Trouble::refused;
  if (state.empty() || begins(state, {"08", "57P", "25P03", "25P04"})) {
    trouble_ = Trouble::lost;
    return unavailable(state.empty() ? first_line(PQresultErrorMessage(result)) : message);
  }
  if (state == "40001" || state == "40P01") {
    trouble_ = Trouble::retryable;
    return unavailable(message);
  }
  if (state == "55P03") trouble_ = Trouble::locked;
  if (state == "42501") trouble_ = Trouble::forbidden;
  if (begins(state, {"0A000", "42601", "42704", "42883"})) trouble_ = Trouble::unsupported;
  if (state == "23505") return Error(Errc::store_duplicate, "exists already: " + constraint, constraint);
  if (begins(state, {"23"}))
    return Error(Errc::internal, "a row breaks a rule of the store: " + constraint, constraint);
  if (state == "22021" || state == "22P05") return Error(Errc::malformed_text, "a text to be stored is not UTF-8");
  if (begins(state, {"XX001", "XX002"})) return Error(Errc::store_corrupt, "the database is damaged: " + message);
  // Resources, locks, a canceled statement, a server in recovery, an error of its disk.
  if (begins(state, {"53", "54", "55", "57", "58", "25006", "28", "3D"})) return unavailable(message);
  return Error(Errc::internal, "PostgreSQL refused (" + state + "): " + message);
}

}  // namespace purser::postgres
