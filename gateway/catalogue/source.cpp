#include "gateway/catalogue/source.hpp"

#include "gateway/async/run_on.hpp"
#include "gateway/catalogue/outside.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/store/open/open.hpp"
#include "gateway/store/postgres/rows_of.hpp"
#include "gateway/store/sqlite/rows_of.hpp"

#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json.hpp>

#include <vector>

namespace purser {
namespace {

using nlohmann::json;

constexpr Millis kBusyMax{2'000};

// One row as an item of the catalogue file; the catalogue's own rules judge it.
Result<json> read_item(const sql::Row& row) {
  sql::RowReader reader(row, "catalogue");
  json item;
  item["sku"] = reader.text();
  json names;
  names["zh"] = reader.text();
  names["en"] = reader.text();
  item["name"] = std::move(names);
  item["unit_price_fen"] = reader.integer();
  item["currency"] = reader.text();
  item["quantity_max"] = reader.integer();
  item["on_sale"] = reader.flag();
  const std::string more = reader.more() ? reader.text() : "";
  if (more.empty()) return reader.finish(std::move(item));
  const std::string whose = shown_of(item["sku"].get<std::string>()) + ", column 8";
  auto members = read_outside_object(more, whose, "catalogue.query");
  if (!members) return members.error();
  // The columns decide: a member of the same name is a mistake that one would look for in the wrong place.
  for (auto& [name, value] : members->items()) {
    if (item.contains(name))
      return Error(Errc::config_bad_value, whose + ": holds " + shown_of(name) + ", which has a column",
                   "catalogue.query");
    item[name] = std::move(value);
  }
  return reader.finish(std::move(item));
}

Result<Catalogue> catalogue_of_rows(Result<std::vector<json>> rows) {
  if (!rows) return rows.error();
  return catalogue_of(json(*rows).dump(-1, ' ', false, json::error_handler_t::replace));
}

// Blocks, on one thread.
class Table {
 public:
  virtual ~Table() = default;
  virtual Result<Catalogue> read() = 0;
};

class SqliteTable final : public Table {
 public:
  SqliteTable(std::string path, std::string query) : path_(std::move(path)), query_(std::move(query)) {}

  Result<Catalogue> read() override {
    auto database = sqlite::Database::open(path_, "", kBusyMax);
    if (!database) return database.error();
    if (auto reader = (*database)->make_reader(); !reader) return reader.error();
    sqlite::Statement query = (*database)->statement(query_);
    return catalogue_of_rows(sqlite::all_rows(query, &read_item));
  }

 private:
  std::string path_;
  std::string query_;
};

class PostgresTable final : public Table {
 public:
  PostgresTable(postgres::Address address, std::string query)
      : connection_(std::move(address)), query_(std::move(query)) {}

  Result<Catalogue> read() override {
    return postgres::ask_again_when_lost(connection_, [this](postgres::Connection& connection) {
      return catalogue_of_rows(postgres::all_rows(connection, query_, postgres::Values(), &read_item));
    });
  }

 private:
  postgres::Connection connection_;
  std::string query_;
};

class SqlSource final : public CatalogueSource {
 public:
  SqlSource(std::unique_ptr<Table> table, Clock& clock) : clock_(clock), table_(std::move(table)) {}
  ~SqlSource() override { thread_.join(); }

  Task<Result<Catalogue>> read() override {
    Table* from = table_.get();
    auto job = [from] { return from->read(); };
    auto goods = co_await run_on(clock_, thread_, std::move(job));
    co_return goods;
  }

 private:
  Clock& clock_;
  std::unique_ptr<Table> table_;
  asio::thread_pool thread_{1};
};

std::unique_ptr<CatalogueSource> source_of(std::unique_ptr<Table> table, Clock& clock) {
  return std::make_unique<SqlSource>(std::move(table), clock);
}

}  // namespace

Result<Catalogue> catalogue_of(const std::string& items_json) {
  const std::string version = "sha256-" + crypto::sha256_hex(items_json).substr(0, 16);
  return Catalogue::from_json(R"({"version":")" + version + R"(","items":)" + items_json + "}");
}

Result<std::unique_ptr<CatalogueSource>> make_catalogue_source(const CatalogueSettings& settings, Clock& clock) {
  const std::string& url = settings.source.reveal();
  if (url.starts_with("redis://")) return make_redis_source(url, settings.key, clock);
  if (url.starts_with("postgresql://")) {
    if (auto readable = postgres::check_url(url); !readable) return readable.error();
    postgres::Address address;
    address.url = url;
    address.primary_only = false;
    return source_of(std::make_unique<PostgresTable>(std::move(address), settings.query), clock);
  }
  auto path = parse_sqlite_url(url);
  if (!path) return path.error();
  return source_of(std::make_unique<SqliteTable>(std::move(*path), settings.query), clock);
}

}  // namespace purser
