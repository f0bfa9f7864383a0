#include "agent/app/commands.hpp"
#include "agent/identity/key_file.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/crypto/digest.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

namespace purser {
namespace {

int failed(const Error& error, int code = 1) {
  std::cerr << "purser keys: " << error.message << "\n";
  return code;
}

// A file that is not there yet holds no keys.
Result<std::vector<ApiKeyRow>> rows_in(const std::string& path) {
  std::error_code ec;
  if (!std::filesystem::exists(path, ec)) return std::vector<ApiKeyRow>();
  return read_key_file(path);
}

std::string scopes_text(const Scopes& scopes) {
  std::string text;
  for (const std::string& word : scopes.words()) text += (text.empty() ? "" : " ") + word;
  return text;
}

nlohmann::ordered_json shown(const ApiKeyRow& row) {
  nlohmann::ordered_json one{{"id", row.id},
                             {"tenant", row.tenant.str()},
                             {"scopes", row.scopes.words()},
                             {"created_at", format_time(row.created_at)},
                             {"expires_at", nullptr}};
  if (row.expires_at) one["expires_at"] = format_time(*row.expires_at);
  return one;
}

}  // namespace

int add_key(const KeysCommand& command) {
  auto tenant = TenantId::parse(command.tenant);
  if (!tenant) return failed(Error(Errc::malformed_id, "a tenant is 1 to 64 of letters, digits and -_."), 2);
  auto scopes = command.scopes.empty() ? Result<Scopes>(Scopes::all()) : Scopes::parse(command.scopes);
  if (!scopes) return failed(scopes.error(), 2);
  auto rows = rows_in(command.file);
  if (!rows) return failed(rows.error());
  SystemClock clock;
  const UtcTime now = clock.wall();
  std::optional<UtcTime> ends;
  if (command.days > 0) ends = now + std::chrono::days(command.days);
  crypto::SystemMint mint{Secret()};
  NewApiKey made = make_api_key(mint, std::move(*tenant), *scopes, now, ends);
  rows->push_back(made.row);
  if (auto written = write_key_file(command.file, *rows); !written) return failed(written.error());
  if (command.json) {
    auto whole = shown(made.row);
    whole["key"] = made.key;
    std::cout << whole.dump(2) << "\n";
    return 0;
  }
  std::cout << made.key << "\n";
  std::cerr << made.row.id << " may " << scopes_text(made.row.scopes) << " as " << made.row.tenant.str()
            << ". The key above is shown this once.\n";
  return 0;
}

int list_keys(const KeysCommand& command) {
  auto rows = read_key_file(command.file);
  if (!rows) return failed(rows.error());
  if (command.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const ApiKeyRow& row : *rows) list.push_back(shown(row));
    std::cout << nlohmann::ordered_json{{"keys", std::move(list)}}.dump(2) << "\n";
    return 0;
  }
  for (const ApiKeyRow& row : *rows) {
    const std::string ends = row.expires_at ? "ends " + format_time(*row.expires_at) : "no end";
    std::cout << row.id << "  " << row.tenant.str() << "  " << scopes_text(row.scopes) << "  made "
              << format_time(row.created_at) << "  " << ends << "\n";
  }
  return 0;
}

int revoke_key(const KeysCommand& command) {
  auto rows = read_key_file(command.file);
  if (!rows) return failed(rows.error());
  const auto gone = std::erase_if(*rows, [&](const ApiKeyRow& row) { return row.id == command.id; });
  if (gone == 0) return failed(Error(Errc::not_found, "no key " + command.id + " in " + command.file));
  if (auto written = write_key_file(command.file, *rows); !written) return failed(written.error());
  std::cerr << command.id << " is gone; a running daemon forgets it within seconds, on SIGHUP at once\n";
  return 0;
}

}  // namespace purser
