#include "agent/identity/key_file.hpp"

#include "gateway/crypto/digest.hpp"
#include "validation/money/json_gate.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::size_t kKeyLength = 32;
constexpr std::size_t kIdLength = 12;
constexpr std::size_t kDigestDigits = 64;
constexpr JsonLimits kFileLimits{16 << 20, 8, 1'000'000, false};

Error bad(std::size_t place, std::string_view member, std::string rule) {
  const std::string row = "keys[" + std::to_string(place) + "]";
  return {Errc::config_bad_value, std::move(rule), member.empty() ? row : row + "." + std::string(member)};
}

bool is_digest(std::string_view text) {
  return text.size() == kDigestDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::optional<UtcTime>> time_of(const json& row, std::size_t place, const char* member) {
  if (!row.contains(member)) return std::optional<UtcTime>();
  const json& value = row.at(member);
  if (!value.is_string()) return bad(place, member, "is a time like 2027-01-31T00:00:00Z");
  auto time = parse_time(value.get_ref<const std::string&>());
  if (!time) return bad(place, member, "is a time like 2027-01-31T00:00:00Z");
  return std::optional<UtcTime>(*time);
}

Result<Scopes> scopes_of(const json& row, std::size_t place) {
  if (!row.contains("scopes")) return Scopes::all();
  const json& value = row.at("scopes");
  std::vector<std::string> words;
  if (!value.is_array() || value.empty()) return bad(place, "scopes", "is a list of scopes, or left out for all");
  for (const json& word : value) {
    if (!word.is_string()) return bad(place, "scopes", "is a list of words");
    words.push_back(word.get<std::string>());
  }
  auto scopes = Scopes::parse(words);
  if (!scopes) return bad(place, "scopes", scopes.error().message);
  return scopes;
}

Result<ApiKeyRow> row_of(const json& from, std::size_t place) {
  static const std::set<std::string> known{"id", "tenant", "sha256", "scopes", "created_at", "expires_at"};
  if (!from.is_object()) return bad(place, "", "is an object");
  for (const auto& [name, value] : from.items())
    if (!known.contains(name)) return bad(place, name, "is not part of a key");
  for (const char* name : {"id", "tenant", "sha256"})
    if (!from.contains(name) || !from.at(name).is_string()) return bad(place, name, "is needed, as text");
  ApiKeyRow row;
  row.id = from.at("id").get<std::string>();
  if (row.id.empty()) return bad(place, "id", "is not empty");
  auto tenant = TenantId::parse(from.at("tenant").get_ref<const std::string&>());
  if (!tenant) return bad(place, "tenant", "is 1 to 64 of letters, digits and -_.");
  row.tenant = std::move(*tenant);
  row.sha256 = from.at("sha256").get<std::string>();
  if (!is_digest(row.sha256)) return bad(place, "sha256", "is 64 lower-case hexadecimal digits");
  auto scopes = scopes_of(from, place);
  if (!scopes) return scopes.error();
  row.scopes = *scopes;
  auto created = time_of(from, place, "created_at");
  if (!created) return created.error();
  row.created_at = created->value_or(UtcTime{});
  auto expires = time_of(from, place, "expires_at");
  if (!expires) return expires.error();
  row.expires_at = *expires;
  return row;
}

}  // namespace

Result<std::vector<ApiKeyRow>> parse_key_file(std::string_view text) {
  auto read = parse_strict(text, kFileLimits);
  if (!read) return Error(Errc::config_bad_value, read.error().message, "keys");
  if (!read->is_object() || read->size() != 1 || !read->contains("keys") || !read->at("keys").is_array())
    return Error(Errc::config_bad_value, "the file is an object with one member, a list", "keys");
  std::vector<ApiKeyRow> rows;
  std::set<std::string> seen;
  for (const json& from : read->at("keys")) {
    auto row = row_of(from, rows.size());
    if (!row) return row.error();
    if (!seen.insert(row->id).second) return bad(rows.size(), "id", "stands there already");
    if (!seen.insert(row->sha256).second) return bad(rows.size(), "sha256", "stands there already");
    rows.push_back(std::move(*row));
  }
  return rows;
}

std::string key_file_text(const std::vector<ApiKeyRow>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ApiKeyRow& row : rows) {
    nlohmann::ordered_json one{{"id", row.id},
                               {"tenant", row.tenant.str()},
                               {"sha256", row.sha256},
                               {"scopes", row.scopes.words()},
                               {"created_at", format_time(row.created_at)}};
    if (row.expires_at) one["expires_at"] = format_time(*row.expires_at);
    list.push_back(std::move(one));
  }
  return nlohmann::ordered_json{{"keys", std::move(list)}}.dump(2) + "\n";
}

Result<std::vector<ApiKeyRow>> read_key_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error(Errc::config_unreadable, path + " cannot be read", "auth.keys_file");
  auto rows = parse_key_file(text.str());
  if (!rows) return Error(rows.code(), path + ": " + rows.error().param + " " + rows.error().message, "auth.keys_file");
  return rows;
}

Result<void> write_key_file(const std::string& path, const std::vector<ApiKeyRow>& rows) {
  namespace fs = std::filesystem;
  const std::string fresh = path + ".new";
  std::error_code ec;
  fs::remove(fresh, ec);
  std::ofstream file(fresh);
  fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write, ec);
  file << key_file_text(rows);
  file.close();
  if (!file || ec) return Error(Errc::config_unreadable, fresh + " cannot be written", "--file");
  fs::rename(fresh, path, ec);
  if (ec) return Error(Errc::config_unreadable, path + " cannot be replaced", "--file");
  return success();
}

NewApiKey make_api_key(Mint& mint, TenantId tenant, Scopes scopes, UtcTime now, std::optional<UtcTime> expires_at) {
  NewApiKey made;
  made.key = "sk_" + mint.token(kKeyLength);
  made.row.id = "key_" + mint.token(kIdLength);
  made.row.tenant = std::move(tenant);
  made.row.sha256 = crypto::sha256_hex(made.key);
  made.row.scopes = scopes;
  made.row.created_at = now;
  made.row.expires_at = expires_at;
  return made;
}

}  // namespace purser
