#include "agent/identity/tokens.hpp"

#include "gateway/crypto/digest.hpp"
#include "validation/money/json_gate.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::string_view kPem = "-----BEGIN";
constexpr JsonLimits kPartLimits{Tokens::kBytesMax, 8, 200, true};
constexpr JsonLimits kSetLimits{1 << 20, 8, 10'000, false};
constexpr std::size_t kOpenidMax = 128;
constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int64_t>::max() / 1'000 - 1'000'000;

const std::string* text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return nullptr;
  return found->get_ptr<const std::string*>();
}

Error bad_key(const std::string& path, std::size_t place, std::string rule) {
  return {Errc::config_bad_value, path + ": keys[" + std::to_string(place) + "] " + std::move(rule),
          "auth.token_keys_file"};
}

// Bytes of a member in the URL alphabet; empty when it is not there or not so written.
std::string bytes_at(const json& key, const char* name) {
  const std::string* text = text_at(key, name);
  if (text == nullptr) return {};
  auto bytes = crypto::base64url_decode(*text);
  return bytes ? std::move(*bytes) : std::string();
}

// RFC 7517. Keys for other purposes, and of kinds we do not take, may stand in a set.
bool is_for_us(const json& key) {
  const std::string* use = text_at(key, "use");
  const std::string* kind = text_at(key, "kty");
  const std::string* curve = text_at(key, "crv");
  if (use != nullptr && *use != "sig") return false;
  return kind != nullptr && (*kind == "RSA" || (*kind == "EC" && curve != nullptr && *curve == "P-256"));
}

Result<crypto::TokenKey> key_of(const json& key) {
  if (*text_at(key, "kty") == "RSA") return crypto::TokenKey::rsa(bytes_at(key, "n"), bytes_at(key, "e"));
  return crypto::TokenKey::p256(bytes_at(key, "x"), bytes_at(key, "y"));
}

// NumericDate: seconds, and a fraction is allowed (it is cut). Nothing when it is no time that we can count.
std::optional<UtcTime> time_at(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  std::int64_t seconds = 0;
  if (found->is_number_float()) {
    const auto value = found->get<double>();
    if (!(value >= 0 && value < static_cast<double>(kSecondsMax))) return std::nullopt;
    seconds = static_cast<std::int64_t>(value);
  } else if (found->is_number_unsigned() && found->get<std::uint64_t>() < static_cast<std::uint64_t>(kSecondsMax)) {
    seconds = found->get<std::int64_t>();
  } else {
    return std::nullopt;
  }
  return UtcTime(std::chrono::seconds(seconds));
}

bool audience_holds(const json& claims, const std::string& wanted) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return found->get_ref<const std::string&>() == wanted;
  return found->is_array() && std::find(found->begin(), found->end(), json(wanted)) != found->end();
}

Result<Scopes> scopes_of(const json& claims) {
  if (!claims.contains("scope")) return Scopes::parse({"threads:write", "intents:write", "refunds:read"});
  const std::string* text = text_at(claims, "scope");
  if (text == nullptr) return Error(Errc::unauthorized, "the token's scope is not text");
  std::vector<std::string> words;
  std::istringstream stream(*text);
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  auto scopes = Scopes::parse(words);
  if (!scopes) return Error(Errc::unauthorized, "the token has an unknown scope");
  return scopes;
}

// Header, payload and signature; nothing when there are not exactly three.
struct Pieces {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_part;
};
std::optional<Pieces> pieces_of(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Pieces{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
                token.substr(0, second)};
}

Result<json> object_in(std::string_view part) {
  auto text = crypto::base64url_decode(part);
  if (!text) return Errc::unauthorized;
  auto read = parse_strict(*text, kPartLimits);
  if (!read || !read->is_object()) return Errc::unauthorized;
  return std::move(*read);
}

}  // namespace

Result<Tokens> Tokens::make(const AuthSettings& settings) {
  Tokens made;
  const std::string& path = settings.token_keys_file;
  if (path.empty()) return made;
  made.issuer_ = settings.token_issuer;
  made.audience_ = settings.token_audience;
  made.tenant_ = settings.token_tenant;
  std::ifstream file(path);
  std::stringstream stream;
  stream << file.rdbuf();
  if (!file) return Error(Errc::config_unreadable, path + " cannot be read", "auth.token_keys_file");
  const std::string text = std::move(stream).str();
  if (text.starts_with(kPem)) {
    auto key = crypto::TokenKey::from_pem(text);
    if (!key) return Error(key.code(), path + ": " + key.error().message, "auth.token_keys_file");
    made.keys_.push_back({"", std::move(*key)});
    return made;
  }
  if (auto added = made.add_set(path, text); !added) return added.error();
  return made;
}

Result<void> Tokens::add_set(const std::string& path, std::string_view text) {
  auto set = parse_strict(text, kSetLimits);
  if (!set || !set->is_object() || !set->contains("keys") || !set->at("keys").is_array())
    return Error(Errc::config_bad_value, path + ": neither a JSON Web Key Set nor a public key in PEM",
                 "auth.token_keys_file");
  std::set<std::string> ids;
  const json& list = set->at("keys");
  for (std::size_t place = 0; place < list.size(); ++place) {
    if (!list[place].is_object()) return bad_key(path, place, "is not an object");
    if (!is_for_us(list[place])) continue;
    auto key = key_of(list[place]);
    if (!key) return bad_key(path, place, "is " + key.error().message);
    const std::string* algorithm = text_at(list[place], "alg");
    if (algorithm != nullptr && *algorithm != key->algorithm()) continue;
    const std::string* id = text_at(list[place], "kid");
    if (id != nullptr && !ids.insert(*id).second) return bad_key(path, place, "has the kid of another");
    keys_.push_back({id != nullptr ? *id : std::string(), std::move(*key)});
  }
  if (keys_.empty()) return Error(Errc::config_bad_value, path + ": no key for RS256 or ES256", "auth.token_keys_file");
  return success();
}

bool Tokens::looks_like_one(std::string_view text) {
  return text.starts_with("eyJ") && pieces_of(text).has_value();
}

// The key that the token names; where it names none, the only one there is for its algorithm.
const Tokens::Key* Tokens::key_for(std::string_view algorithm, const std::string* id) const {
  const Key* found = nullptr;
  for (const Key& key : keys_) {
    if (key.key.algorithm() != algorithm) continue;
    if (id != nullptr && !key.id.empty() && key.id != *id) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

Result<Caller> Tokens::read(std::string_view token, UtcTime now) const {
  if (token.size() > kBytesMax) return Errc::unauthorized;
  const auto pieces = pieces_of(token);
  if (!pieces) return Errc::unauthorized;
  auto header = object_in(pieces->header);
  if (!header) return Errc::unauthorized;
  const std::string* algorithm = text_at(*header, "alg");
  const bool id_is_text = !header->contains("kid") || header->at("kid").is_string();
  // What we would have to understand and do not (RFC 7515, 4.1.11).
  if (algorithm == nullptr || !id_is_text || header->contains("crit") || header->contains("b64"))
    return Errc::unauthorized;
  const Key* key = key_for(*algorithm, text_at(*header, "kid"));
  if (key == nullptr) return Errc::unauthorized;
  auto signature = crypto::base64url_decode(pieces->signature);
  if (!signature) return Errc::unauthorized;
  if (auto good = key->key.verify(pieces->signed_part, *signature); !good) return Errc::unauthorized;
  return caller_of(pieces->payload, now);
}

Result<Caller> Tokens::caller_of(std::string_view payload, UtcTime now) const {
  auto claims = object_in(payload);
  if (!claims) return Error(Errc::unauthorized, "the token's claims are not a JSON object");
  const std::string* issuer = text_at(*claims, "iss");
  if (issuer == nullptr || *issuer != issuer_) return Error(Errc::unauthorized, "the token has another issuer");
  if (!audience_holds(*claims, audience_)) return Error(Errc::unauthorized, "the token is for another audience");
  const auto end = time_at(*claims, "exp");
  if (!end) return Error(Errc::unauthorized, "the token has no end (exp)");
  if (now >= *end + kSkew) return Error(Errc::unauthorized, "the token has ended");
  const auto begin = time_at(*claims, "nbf");
  if (claims->contains("nbf") && (!begin || now + kSkew < *begin))
    return Error(Errc::unauthorized, "the token is not valid yet (nbf)");

  Caller caller;
  caller.until = *end + kSkew;
  const std::string* tenant = tenant_.empty() ? text_at(*claims, "tenant") : &tenant_;
  auto parsed_tenant = TenantId::parse(tenant != nullptr ? *tenant : "");
  if (!parsed_tenant) return Error(Errc::unauthorized, "the token names no tenant");
  caller.tenant = std::move(*parsed_tenant);
  const std::string* user = text_at(*claims, "sub");
  auto parsed_user = UserId::parse(user != nullptr ? *user : "");
  if (!parsed_user) return Error(Errc::unauthorized, "the token's user (sub) is not an id we take");
  caller.user = std::move(*parsed_user);
  if (const std::string* openid = text_at(*claims, "openid"); openid != nullptr && openid->size() <= kOpenidMax)
    caller.openid = *openid;
  auto scopes = scopes_of(*claims);
  if (!scopes) return scopes.error();
  caller.scopes = scopes->of_a_user();
  caller.name = "token " + issuer_;
  return caller;
}

}  // namespace purser
