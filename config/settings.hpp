// What the operator decides, as plain structs: defaults and units stand here, bounds and descriptions in the definition
// table (config/definitions.cpp), from which loading, checking and CONFIG.md come.
#pragma once

#include "validation/money/ids.hpp"
#include "validation/money/money.hpp"
#include "validation/money/secret.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace purser {

struct ServerSettings {
  std::string listen = "127.0.0.1:8080";
  std::string admin_listen = "127.0.0.1:9090";
  std::string public_url;       // how the rail reaches /webhooks; empty: http://<listen>
  std::string trusted_proxies;  // addresses, commas between
  std::int64_t body_bytes_max = 1 << 20;
  std::int64_t bodies_bytes_max = 64 << 20;  // of all requests together
  std::int64_t header_bytes_max = 8192;
  std::int64_t connections_max = 4096;
  std::int64_t connections_per_peer_max = 1024;
  Millis header_time_max{10'000};
  Millis body_time_max{30'000};
  Millis idle_time_max{60'000};
  Millis stop_grace{10'000};
};

// Of one listener. Both files, or none: plain HTTP.
struct TlsSettings {
  std::string certificate_file;  // PEM, with its chain
  std::string key_file;          // PEM, its owner's alone
  std::string client_ca_file;    // PEM; set: clients are asked for a certificate
  bool client_required = true;   // where they are asked: who shows none is not let in
};

struct AuthSettings {
  Secret api_keys;        // lines or commas of tenant:key
  std::string keys_file;  // written by `purser keys`
  // Signed tokens (JWT) for single users. All of these or none; the tenant alone may stay empty.
  std::string token_keys_file;  // JSON Web Key Set, or one public key in PEM
  std::string token_issuer;
  std::string token_audience;
  std::string token_tenant;  // empty: the token's claim "tenant" names it
};

// 0: no limit.
struct LimitSettings {
  // Per minute.
  std::int64_t requests_per_key = 60'000;
  std::int64_t requests_per_address = 60'000;
  std::int64_t turns_per_user = 120;
  std::int64_t wrong_keys_per_address = 60;
  // Open at once.
  std::int64_t streams_per_tenant = 0;
  std::int64_t streams_per_user = 32;
};

struct RedisSettings {
  Secret url;  // redis://...; empty: everything it would share is counted in this process
  Millis command_time_max{100};
};

struct WebhookSettings {
  std::string endpoints_file;  // empty: nobody is told
};

struct StoreSettings {
  Secret url;  // sqlite:///absolute/path, or postgresql://..., which may hold a password
  Millis busy_time_max{5'000};
  std::int64_t texts_kept_days = 0;  // after the last word of a conversation; 0: for ever
  // What order numbers, the threads of the chat door and the seals in the store are made with; empty: the APIv3 key.
  Secret id_secret;
};

struct WorkSettings {
  std::int64_t tries_max = 20;  // of one row of work that fails, before it is put aside
};

struct ModelSettings {
  std::string base_url;  // empty: the rule engine answers
  Secret api_key;
  std::string model = "gpt-4o-mini";
  Millis attempt_time_max{20'000};
  Millis total_time_max{45'000};
  std::int64_t attempts_max = 3;
  std::int64_t output_tokens_max = 1024;
  std::int64_t reply_bytes_max = 1 << 20;
  bool fallback_to_rules = true;          // the rule engine answers when the model does not
  bool legacy_max_tokens = false;         // send max_tokens instead of max_completion_tokens
  bool parallel_tool_calls_field = true;  // send parallel_tool_calls:false
};

struct WechatSettings {
  std::string base_url = "https://api.mch.weixin.qq.com";
  std::string backup_url;  // empty: the live rail's own backup when base_url is the live rail, else none
  std::string mchid;       // empty: no merchant account, the sandbox is the rail
  std::string appid;
  std::string merchant_serial;
  Secret merchant_key_pem;                // by environment or file only
  Secret apiv3_key;                       // exactly 32 characters
  std::string public_key_id;              // PUB_KEY_ID_...
  std::string public_key_file;            // PEM
  std::string platform_certificate_file;  // PEM; the other verification mode, may stand beside the public key
  std::string merchant_certificate_file;  // PEM; for the warning before it ends
  std::string goods_tag;                  // on every order; empty: none
  std::string device_id;                  // where orders are made, told with the payer's address; empty: none
  std::string store_id;                   // likewise
  std::string store_name;                 // only beside store_id
  bool goods_detail = false;              // the lines of the order go with it
  std::string refund_funds_account;       // AVAILABLE or UNSETTLED; empty: the rail chooses
  std::string ca_file;
  Millis attempt_time_max{8'000};
  Millis total_time_max{15'000};
  Millis refund_spacing{60'000};
};

struct IntentSettings {
  Millis lifetime{300'000};
  std::int64_t order_amount_max_fen = 5'000'000;
  std::int64_t quantity_max = 99;
  std::int64_t description_characters_max = 127;
  std::string description_pattern;  // approved, with {goods} in it; empty: the goods alone
  std::int64_t lines_max = 20;
  bool honour_late_payment = false;     // true: one after the expiry is kept; false: it is given back
  bool return_unknown_payment = false;  // a payment of an order that the books do not hold; false: it is alarmed of
  Millis resolve_first{15'000};         // a silent order is asked about this long after it was made, then backing off
  Millis resolve_max{60'000};
  std::int64_t user_hour_max = 60;  // payments one user may open in an hour
  std::int64_t tenant_hour_max = 20'000;
  std::int64_t user_cancels_day_max = 30;  // payments one user may cancel or replace in a day
  std::int64_t tenant_cancels_day_max = 20'000;
  std::int64_t price_tolerance_per_mille = 5;  // how far a stated price may be off; 5 is half a percent
  Millis catalogue_age_max{0};                 // 0: prices do not age
  std::string watching_rules;                  // separated by commas; they count what they would refuse and let it pass
  std::int64_t fee_basis_points = 0;           // what the rail keeps of a payment, as agreed; 0: not known, not booked
};

struct RefundSettings {
  std::int64_t auto_limit_fen = 20'000;  // per thread and day; above it a person must decide
  Millis gap{200};                       // between two refunds of a list
  std::int64_t list_max = 20;
  std::int64_t reason_characters_max = 80;
  std::int64_t list_limit_fen = 20'000;      // one list; above it a person must decide
  std::int64_t user_day_limit_fen = 50'000;  // per user and day, over all threads
  std::int64_t tenant_day_limit_fen = 10'000'000;
  Millis window{365LL * 86'400'000};  // how long after the payment
  std::int64_t count_max = 50;        // of one payment
  std::string sensitive_words;        // separated by commas; a reason that holds one is refused
  Millis approval_lifetime{86'400'000};
  std::string watching_rules;  // as with intents
};

// Per tenant, where it differs from what stands for all.
struct TenantPolicy {
  IntentSettings intent;
  RefundSettings refund;
};
using TenantPolicies = std::map<std::string, TenantPolicy>;

struct TurnSettings {
  std::int64_t tool_rounds_max = 8;
  std::int64_t calls_per_message_max = 8;
  std::int64_t rejections_max = 3;  // refused outputs fed back to the model before the fixed answer
  std::int64_t history_messages_max = 60;
  std::int64_t text_bytes_max = 8'192;
  std::int64_t arguments_bytes_max = 16'384;
  bool money_words_from_templates = false;  // what was paid or refunded is never said in a model's words
  Millis time_max{60'000};
};

struct CatalogueSettings {
  std::string file;    // empty: the sample catalogue that is built in
  Secret source;       // sqlite:///, postgresql:// or redis://; empty: the file
  std::string query;   // of a database: sku, name_zh, name_en, unit_price_fen, currency, quantity_max, on_sale, more?
  std::string key;     // of the Redis hash: SKU to the item as JSON
  Millis ttl{60'000};  // prices of a source that are older are not charged by; it is asked three times as often
};

struct PromptSettings {
  std::string folder;  // empty: the prompts that are built in
};

struct LogSettings {
  std::string level = "info";   // trace, debug, info, warn, error
  std::string format = "text";  // text or json
};

struct TelemetrySettings {
  std::string otlp_endpoint;  // OTLP/HTTP; /v1/traces is appended. Empty: no spans are made
  Secret otlp_authorization;  // value of the Authorization header
  std::string service_name = "purser";
  std::int64_t sampled_per_mille = 1'000;  // of traces that begin here; a caller's own decision is followed
  std::int64_t spans_max = 4'096;          // that wait to be sent; more are dropped and counted
  Millis send_every{1'000};
};

struct Settings {
  ServerSettings server;
  TlsSettings tls;
  TlsSettings admin_tls;
  AuthSettings auth;
  LimitSettings limits;
  RedisSettings redis;
  WebhookSettings webhooks;
  StoreSettings store;
  WorkSettings work;
  ModelSettings model;
  WechatSettings wechat;
  IntentSettings intent;
  RefundSettings refund;
  TurnSettings turn;
  CatalogueSettings catalogue;
  PromptSettings prompts;
  LogSettings log;
  TelemetrySettings telemetry;
  TenantPolicies tenants;
};

}  // namespace purser
