#include "agent/api/new_thread.hpp"

#include "agent/api/request.hpp"
#include "tools/cashier/decisions.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/rules/personal_data.hpp"

#include <algorithm>

namespace purser::api {
namespace {

using nlohmann::json;

constexpr std::size_t kUserIdMax = 128;
constexpr std::size_t kOpenidMax = 128;
constexpr std::size_t kLocaleMax = 16;
constexpr std::size_t kMetadataMembers = 16;
constexpr std::size_t kMetadataName = 64;
constexpr std::size_t kMetadataValue = 512;

// A token says itself for whom it stands; the body may say the same or nothing.
Result<void> agree_with_token(const Caller& caller, NewThread& wanted) {
  if (wanted.user != *caller.user)
    return Error(Errc::request_malformed, "this token stands for another user", "/user/id");
  if (!wanted.openid.empty() && wanted.openid != caller.openid)
    return Error(Errc::request_malformed, "this token stands for another openid", "/user/openid");
  wanted.openid = caller.openid;
  return success();
}

Result<void> read_user(const json& body, NewThread& wanted) {
  const auto user = body.find("user");
  if (user == body.end()) return Error(Errc::json_missing_key, "this member is required", "/user");
  if (!user->is_object()) return Error(Errc::json_wrong_type, "this member is an object", "/user");
  if (auto known = only_keys(*user, "/user", {"id", "openid"}); !known) return known;
  auto id = string_member(*user, "/user", "id", kUserIdMax);
  if (!id) return id.error();
  auto parsed = UserId::parse(*id);
  if (!parsed) return Error(Errc::malformed_id, parsed.error().message, "/user/id");
  wanted.user = std::move(*parsed);
  if (!user->contains("openid")) return success();
  auto openid = string_member(*user, "/user", "openid", kOpenidMax);
  if (!openid) return openid.error();
  if (!is_openid(*openid)) return Error(Errc::malformed_id, "an openid has letters, digits and -_", "/user/openid");
  wanted.openid = std::move(*openid);
  return success();
}

Result<void> read_locale(const json& body, NewThread& wanted) {
  if (!body.contains("locale")) return success();
  auto locale = string_member(body, "", "locale", kLocaleMax);
  if (!locale) return locale.error();
  const std::string language = locale->substr(0, locale->find('-'));
  if (language != "zh" && language != "en") return Error(Errc::json_out_of_range, "the locale is zh or en", "/locale");
  wanted.locale = language;
  return success();
}

Result<void> read_metadata(const json& body, NewThread& wanted) {
  const auto metadata = body.find("metadata");
  if (metadata == body.end()) return success();
  if (!metadata->is_object()) return Error(Errc::json_wrong_type, "this member is an object", "/metadata");
  if (metadata->size() > kMetadataMembers) {
    return Error(Errc::json_out_of_range, "metadata has at most 16 members", "/metadata");
  }
  for (const auto& [name, value] : metadata->items()) {
    std::string place = pointer_to("/metadata", name);
    if (!value.is_string()) return Error(Errc::json_wrong_type, "metadata holds strings", std::move(place));
    const bool plain = std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (!plain) return Error(Errc::json_out_of_range, "a name has no control characters", std::move(place));
    if (name.size() > kMetadataName || value.get_ref<const std::string&>().size() > kMetadataValue) {
      return Error(Errc::json_out_of_range, "metadata is names of 64 bytes and values of 512", std::move(place));
    }
  }
  json kept = *metadata;
  (void)rules::mask_cards_in(kept);  // a card number is not even kept
  wanted.metadata_json = kept.dump();
  return cashier::check_way_to_pay(wanted.metadata_json);
}

}  // namespace

Result<NewThread> read_new_thread(const Caller& caller, const json& body) {
  NewThread wanted(caller.tenant, caller.user.value_or(UserId()));
  if (!caller.user || body.contains("user")) {
    if (auto user = read_user(body, wanted); !user) return user.error();
  }
  if (caller.user) {
    if (auto agreed = agree_with_token(caller, wanted); !agreed) return agreed.error();
  }
  if (auto locale = read_locale(body, wanted); !locale) return locale.error();
  if (auto metadata = read_metadata(body, wanted); !metadata) return metadata.error();
  return wanted;
}

}  // namespace purser::api
