#include "gateway/store/open/open.hpp"

#include "gateway/store/postgres/postgres_store.hpp"
#include "gateway/store/sqlite/sqlite_store.hpp"

#include <algorithm>

namespace purser {
namespace {

constexpr std::string_view kSqlite = "sqlite://";

Error bad_url(std::string why) {
  return Error(Errc::config_bad_value, std::move(why), "store.url");
}

std::string_view scheme_of(std::string_view url) {
  const auto end = url.find("://");
  const std::string_view scheme = url.substr(0, end == std::string_view::npos ? 0 : end);
  const bool plain = std::ranges::all_of(scheme, [](char c) { return (c >= 'a' && c <= 'z') || c == '+'; });
  return plain ? scheme : std::string_view();
}

// Bytes above 0x7f are the UTF-8 of other scripts.
bool is_path_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && std::string_view("?#%\\").find(c) == std::string_view::npos;
}

}  // namespace

Result<std::string> parse_sqlite_url(std::string_view url) {
  if (!url.starts_with(kSqlite)) return bad_url("a SQLite store is written sqlite:///absolute/path");
  const std::string_view path = url.substr(kSqlite.size());
  if (!path.starts_with('/')) return bad_url("the path of a SQLite store is absolute: sqlite:///absolute/path");
  if (!std::ranges::all_of(path, is_path_character)) {
    return bad_url("the path of a SQLite store holds white space or one of ? # % \\");
  }
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view component = path.substr(at + 1, end - at - 1);
    if (component.empty() || component == "." || component == "..") {
      return bad_url("the path of a SQLite store has an empty component, or '.' or '..'");
    }
    at = end;
  }
  return std::string(path);
}

Result<std::unique_ptr<Store>> open_store(const StoreSettings& settings, Clock& clock) {
  const std::string& url = settings.url.reveal();
  if (url.empty())
    return bad_url(
        "no place for the database is known: set PURSER_DATABASE_URL=sqlite:///absolute/path (or HOME, for a place of "
        "its own)");
  const std::string_view scheme = scheme_of(url);
  if (scheme == "postgresql") {
    PostgresOptions options;
    options.lock_time_max = settings.busy_time_max;
    auto store = open_postgres(url, options, clock);
    if (!store) return store.error();
    return std::unique_ptr<Store>(*std::move(store));
  }
  if (scheme != "sqlite") {
    return bad_url("no such kind of store; use sqlite:///absolute/path or postgresql://user@host:port/database");
  }
  auto path = parse_sqlite_url(url);
  if (!path) return path.error();
  SqliteOptions options;
  options.busy_time_max = settings.busy_time_max;
  auto store = open_sqlite(*path, options, clock);
  if (!store) return store.error();
  return std::unique_ptr<Store>(*std::move(store));
}

// SQLite has them all: its store does not open without.
Result<std::vector<std::string>> missing_guards(const StoreSettings& settings) {
  const std::string& url = settings.url.reveal();
  if (scheme_of(url) == "postgresql") return missing_postgres_guards(url);
  return std::vector<std::string>();
}

}  // namespace purser
