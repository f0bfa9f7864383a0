#include "gateway/catalogue/source.hpp"

#include "gateway/async/run_on.hpp"
#include "gateway/catalogue/outside.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/store/open/open.hpp"
#include "gateway/store/postgres/rows_of.hpp"
#include "gateway/store/sqlite/rows_of.hpp"
#include "validation/money/text.hpp"

#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json.hpp>

#include <vector>

namespace purser {
namespace {

using nlohmann::json;

constexpr Millis kBusyMax{2'000};

constexpr int kColumnsMin = 7;

// The columns of one row in their order, each by its own type: what another program wrote is never read as something
// that it is not. A price that is text or a fraction would be some other price.
class ItemReader {
 public:
  explicit ItemReader(const sql::Row& row) : row_(row) {}

  std::string text(const char* name) {
    auto value = row_.exact_text(next_);
    if (!value) {
      mistake(name, "must be text, not " + row_.type_of(next_));
    } else if (!valid_utf8(*value)) {
      mistake(name, "is not UTF-8");
    }
    ++next_;
    return value ? *std::move(value) : std::string();
  }
  // Everything after it is told of by this name.
  std::string sku() {
    std::string sku = text("sku");
    if (!sku.empty()) whose_ = shown_of(sku);
    return sku;
  }
  std::int64_t integer(const char* name) {
    const auto value = row_.exact_integer(next_);
    if (!value) mistake(name, "must be an integer, not " + row_.type_of(next_));
    ++next_;
    return value.value_or(0);
  }
  bool flag(const char* name) {
    const auto value = row_.exact_flag(next_);
    if (!value) {
      const auto number = row_.exact_integer(next_);
      mistake(name, "must be true or false, not " + (number ? std::to_string(*number) : row_.type_of(next_)));
    }
    ++next_;
    return value.value_or(false);
  }
  // NULL is the same as empty.
  std::string text_or_nothing(const char* name) {
    if (next_ >= row_.columns() || row_.type_of(next_) == "NULL") return {};
    return text(name);
  }

  const std::string& whose() const { return whose_; }
  Result<void> finish() const {
    if (mistakes_.empty()) return success();
    return Error(Errc::config_bad_value, mistakes_, "catalogue.query");
  }

 private:
  void mistake(const char* name, const std::string& rule) {
    mistakes_ +=
        (mistakes_.empty() ? "" : "\n") + whose_ + ", " + name + " (column " + std::to_string(next_ + 1) + "): " + rule;
  }

  const sql::Row& row_;
  int next_ = 0;
  std::string whose_ = "an item";
  std::string mistakes_;
};

// One row as an item of the catalogue file; the catalogue's own rules judge its values.
Result<json> read_item(const sql::Row& row) {
  if (row.columns() < kColumnsMin) {
    return Error(Errc::config_bad_value,
                 "the query gives " + std::to_string(row.columns()) + " columns; an item has seven or eight",
                 "catalogue.query");
  }
  ItemReader reader(row);
  json item;
  item["sku"] = reader.sku();
  json names;
  names["zh"] = reader.text("name_zh");
  names["en"] = reader.text("name_en");
  item["name"] = std::move(names);
  item["unit_price_fen"] = reader.integer("unit_price_fen");
  item["currency"] = reader.text("currency");
  item["quantity_max"] = reader.integer("quantity_max");
  item["on_sale"] = reader.flag("on_sale");
  const std::string more = reader.text_or_nothing("what else it has");
  if (auto read = reader.finish(); !read) return read.error();
  if (more.empty()) return item;
  auto members = read_outside_object(more, reader.whose() + ", column 8", "catalogue.query");
  if (!members) return members.error();
  // The columns decide: a member of the same name is a mistake that one would look for in the wrong place.
  for (auto& [name, value] : members->items()) {
    if (item.contains(name))
      return Error(Errc::config_bad_value,
                   reader.whose() + ", column 8: holds " + shown_of(name) + ", which has a column", "catalogue.query");
    item[name] = std::move(value);
  }
  return item;
}

Result<Catalogue> catalogue_of_rows(Result<std::vector<json>> rows, UtcTime asked_at) {
  if (!rows) return rows.error();
  return catalogue_of(json(*std::move(rows)).dump(-1, ' ', false, json::error_handler_t::replace), asked_at);
}

// Blocks, on one thread.
class Table {
 public:
  virtual ~Table() = default;
  virtual Result<Catalogue> read(UtcTime asked_at) = 0;
};

class SqliteTable final : public Table {
 public:
  SqliteTable(std::string path, std::string query) : path_(std::move(path)), query_(std::move(query)) {}

  Result<Catalogue> read(UtcTime asked_at) override {
    auto database = sqlite::Database::open(path_, "", kBusyMax);
    if (!database) return database.error();
    if (auto reader = (*database)->make_reader(); !reader) return reader.error();
    sqlite::Statement query = (*database)->statement(query_);
    return catalogue_of_rows(sqlite::all_rows(query, &read_item), asked_at);
  }

 private:
  std::string path_;
  std::string query_;
};

class PostgresTable final : public Table {
 public:
  PostgresTable(postgres::Address address, std::string query)
      : connection_(std::move(address)), query_(std::move(query)) {}

  Result<Catalogue> read(UtcTime asked_at) override {
    return postgres::ask_again_when_lost(connection_, [this, asked_at](postgres::Connection& connection) {
      return catalogue_of_rows(postgres::all_rows(connection, query_, postgres::Values(), &read_item), asked_at);
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
    const UtcTime asked_at = clock_.durable();
    auto job = [from, asked_at] { return from->read(asked_at); };
    co_return co_await run_on(clock_, thread_, std::move(job));
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

Result<Catalogue> catalogue_of(const std::string& items_json, UtcTime asked_at) {
  const std::string version = "sha256-" + crypto::sha256_hex(items_json).substr(0, 16);
  return Catalogue::from_json(R"({"version":")" + version + R"(","as_of":")" + format_time(asked_at) + R"(","items":)" +
                              items_json + "}");
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
