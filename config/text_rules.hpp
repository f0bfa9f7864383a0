// What a text setting must be: each rule is the words an operator reads and the test behind them. Empty values are not
// tested here; whether a setting may be empty is a matter of the other settings (config/agreement.hpp).
#pragma once

#include "validation/money/errc.hpp"

#include <string_view>

namespace purser {

struct TextRule {
  std::string_view words;
  bool (*holds)(std::string_view) = nullptr;  // null: any text
  Errc code = Errc::config_bad_value;
};

// The tests. None of them asks the network; the two `is_readable_` ones ask the file system.
bool is_address(std::string_view text);
// The same with an IP address, because a name may stand for several: [...] around IPv6.
bool is_listen_address(std::string_view text);  // 127.0.0.1:8080, [::1]:0, purser.internal:8080
bool is_http_url(std::string_view text);        // a host, and neither user, query, fragment nor a slash at the end
bool is_https_url(std::string_view text);
bool is_loopback_url(std::string_view text);  // http or https to localhost, 127.0.0.0/8 or ::1
bool is_inner_url(std::string_view text);     // also to a private or link-local address
bool is_model_url(std::string_view text);     // http or https, or file:/// and the path of a readable file
bool is_rail_url(std::string_view text);
bool is_sqlite_url(std::string_view text);
// sqlite:///absolute/path, or postgresql://user@host:port/database with parameters that libpq knows.
bool is_database_url(std::string_view text);
// redis://[user:password@]host:port[/database]
bool is_redis_url(std::string_view text);
// Either of them.
bool is_catalogue_source(std::string_view text);
// IP addresses with commas between, no spaces.
bool is_ip_address(std::string_view text);
bool is_address_list(std::string_view text);
bool is_readable_file(std::string_view path);
bool is_readable_folder(std::string_view path);
bool is_log_level(std::string_view text);
bool is_log_format(std::string_view text);
bool is_funds_account(std::string_view text);
bool is_api_key_list(std::string_view text);
bool is_apiv3_key(std::string_view text);
bool is_private_key_pem(std::string_view text);
bool is_digits(std::string_view text);
bool is_upper_hex(std::string_view text);
bool is_public_key_id(std::string_view text);
bool is_word(std::string_view text);
bool is_short_word(std::string_view text);
bool is_shop_name(std::string_view text);
bool is_header_value(std::string_view text);

namespace text_rules {

inline constexpr TextRule kAddress{"an IP address and port like 127.0.0.1:8080 or [::1]:8080 (port 0: any free port)",
                                   is_listen_address};
inline constexpr TextRule kUrl{"an http or https URL without user, query, fragment or slash at its end", is_http_url};
inline constexpr TextRule kModelUrl{
    "an http or https URL without user, query, fragment or slash at its end, or file:/// and a readable file",
    is_model_url};
inline constexpr TextRule kRailUrl{"an https URL (http only to this machine) without slash at its end", is_rail_url};
inline constexpr TextRule kSqliteUrl{"sqlite:///absolute/path", is_sqlite_url};
inline constexpr TextRule kDatabaseUrl{"sqlite:///absolute/path or postgresql://user@host:port/database",
                                       is_database_url};
inline constexpr TextRule kRedisUrl{"redis://[user:password@]host:port[/database]", is_redis_url};
inline constexpr TextRule kAddresses{"IP addresses with commas between", is_address_list};
inline constexpr TextRule kCatalogueSource{
    "sqlite:///absolute/path, postgresql://user@host:port/database or redis://[user:password@]host:port[/database]",
    is_catalogue_source};
inline constexpr TextRule kFile{"the path of a readable file", is_readable_file, Errc::config_unreadable};
inline constexpr TextRule kFolder{"the path of a readable folder", is_readable_folder, Errc::config_unreadable};
inline constexpr TextRule kLogLevel{"trace, debug, info, warn or error", is_log_level};
inline constexpr TextRule kLogFormat{"text or json", is_log_format};
inline constexpr TextRule kApiKeys{
    "tenant:key entries separated by commas or lines, each key once, 16 to 256 characters", is_api_key_list};
inline constexpr TextRule kApiv3Key{"exactly 32 printable ASCII characters", is_apiv3_key};
inline constexpr TextRule kPrivateKey{"a private key in PEM", is_private_key_pem};
inline constexpr TextRule kDigits{"8 to 32 digits", is_digits};
inline constexpr TextRule kSerial{"upper-case hexadecimal digits, at most 40", is_upper_hex};
inline constexpr TextRule kPublicKeyId{"PUB_KEY_ID_ and digits", is_public_key_id};
inline constexpr TextRule kFundsAccount{"AVAILABLE or UNSETTLED", is_funds_account};
inline constexpr TextRule kShortWord{"1 to 32 printable ASCII characters without spaces", is_short_word};
inline constexpr TextRule kShopName{"1 to 256 characters without emoji and control characters", is_shop_name};
inline constexpr TextRule kHeaderValue{"1 to 4096 printable ASCII characters", is_header_value};
inline constexpr TextRule kWord{"1 to 128 printable ASCII characters without spaces", is_word};

}  // namespace text_rules
}  // namespace purser
