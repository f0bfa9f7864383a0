#include "config/definitions.hpp"

#include <algorithm>
#include <iterator>

namespace purser {
namespace {

using namespace text_rules;

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

template <class Section, class T>
struct Path {
  Section Settings::*section;
  T Section::*member;
};

// A Place is a plain function, so the path must be a constant: P is a Path.
template <auto P>
auto& at(Settings& settings) {
  return settings.*(P.section).*(P.member);
}

#define AT(section, member) AnyPlace(&at<Path{&Settings::section, &decltype(Settings::section)::member}>)

constexpr Definition kTable[] = {
    {.key = "server.listen",
     .place = AT(server, listen),
     .description = "Address of the API and of the webhooks.",
     .rule = kAddress},
    {.key = "server.admin_listen",
     .place = AT(server, admin_listen),
     .description = "Address of health, readiness, metrics and the admin calls; not for the outside.",
     .rule = kAddress},
    {.key = "server.public_url",
     .place = AT(server, public_url),
     .description = "How the rail reaches this server from outside; the webhook paths are appended. Empty: "
                    "`http://` and the address it listens on, which is enough for the sandbox alone.",
     .rule = kUrl},
    {.key = "server.trusted_proxies",
     .place = AT(server, trusted_proxies),
     .description =
         "Addresses of the proxies in front, commas between: from them alone X-Forwarded-For is believed when "
         "requests are counted by address.",
     .rule = kAddresses},
    {.key = "server.body_bytes_max",
     .place = AT(server, body_bytes_max),
     .description = "Largest request body; a larger one is answered with 413.",
     .bounds = {1'024, 16 << 20},
     .unit = "bytes"},
    {.key = "server.header_bytes_max",
     .place = AT(server, header_bytes_max),
     .description = "Largest request header; a larger one is answered with 431.",
     .bounds = {1'024, 65'536},
     .unit = "bytes"},
    {.key = "server.connections_max",
     .place = AT(server, connections_max),
     .description = "Connections open at once.",
     .bounds = {1, 100'000}},
    {.key = "server.connections_per_peer_max",
     .place = AT(server, connections_per_peer_max),
     .description = "Connections open at once from one address.",
     .bounds = {1, 100'000}},
    {.key = "server.header_time_max_ms",
     .place = AT(server, header_time_max),
     .description = "How long a request header may take to arrive.",
     .bounds = {100, 5 * kMinute}},
    {.key = "server.body_time_max_ms",
     .place = AT(server, body_time_max),
     .description = "How long a request body may take to arrive.",
     .bounds = {100, 5 * kMinute}},
    {.key = "server.idle_time_max_ms",
     .place = AT(server, idle_time_max),
     .description = "How long a connection may stay open between two requests.",
     .bounds = {100, kHour}},
    {.key = "server.stop_grace_ms",
     .place = AT(server, stop_grace),
     .description = "How long requests that are under way may take to finish after the daemon was told to stop.",
     .bounds = {0, 10 * kMinute}},

    {.key = "auth.api_keys",
     .place = AT(auth, api_keys),
     .description = "Who may call the API, and as which tenant. Without any key on the sandbox one is made at each "
                    "start.",
     .rule = kApiKeys,
     .variable = "PURSER_API_KEYS"},
    {.key = "auth.keys_file",
     .place = AT(auth, keys_file),
     .description = "API keys as digests, with scopes and ends: the file that `purser keys` writes. Read again when it "
                    "changes.",
     .rule = kFile},
    {.key = "auth.token_keys_file",
     .place = AT(auth, token_keys_file),
     .description =
         "Public keys of signed tokens (JWT, RS256 or ES256) that stand for one user each: a JSON Web Key Set, "
         "or one key in PEM. Read again when it changes.",
     .rule = kFile},
    {.key = "auth.token_issuer",
     .place = AT(auth, token_issuer),
     .description = "The `iss` that a token must have.",
     .rule = kWord},
    {.key = "auth.token_audience",
     .place = AT(auth, token_audience),
     .description = "What a token's `aud` must be or hold.",
     .rule = kWord},
    {.key = "auth.token_tenant",
     .place = AT(auth, token_tenant),
     .description = "The tenant of all tokens. Empty: the claim `tenant` names it, and the issuer is trusted with all.",
     .rule = kWord},

    {.key = "limits.requests_per_key",
     .place = AT(limits, requests_per_key),
     .description = "Requests a minute with one API key, or of one user with a token. More is answered with 429. "
                    "0: no limit, here and below.",
     .bounds = {0, 100'000'000}},
    {.key = "limits.requests_per_address",
     .place = AT(limits, requests_per_address),
     .description = "Requests a minute from one address.",
     .bounds = {0, 100'000'000}},
    {.key = "limits.turns_per_user",
     .place = AT(limits, turns_per_user),
     .description = "Messages a minute of one user.",
     .bounds = {0, 1'000'000}},
    {.key = "limits.wrong_keys_per_address",
     .place = AT(limits, wrong_keys_per_address),
     .description = "Wrong keys a minute from one address; then nothing of it is looked at until the minute is over.",
     .bounds = {0, 1'000'000}},

    {.key = "webhooks.endpoints_file",
     .place = AT(webhooks, endpoints_file),
     .description = "Which servers of the tenants are told of events, with the secrets that sign them; readable by its "
                    "owner alone (README, Webhooks to your server).",
     .rule = kFile},

    {.key = "redis.url",
     .place = AT(redis, url),
     .description = "Where several daemons share their limits. Empty or lost: each daemon counts alone; nothing else "
                    "changes.",
     .rule = kRedisUrl,
     .variable = "PURSER_REDIS_URL"},
    {.key = "redis.command_time_max_ms",
     .place = AT(redis, command_time_max),
     .description = "How long Redis may take for an answer; after a failure it is left alone for two seconds.",
     .bounds = {1, 10'000}},

    {.key = "database.url",
     .place = AT(store, url),
     .description = "Where threads, intents and the ledger are kept: SQLite for one daemon, PostgreSQL for several on "
                    "one database. Empty: `purser.db` in the state folder, which is `$STATE_DIRECTORY` (set by "
                    "systemd), else `$XDG_STATE_HOME/purser`, else `$HOME/.local/state/purser`.",
     .rule = kDatabaseUrl,
     .open = kSqliteUrl},
    {.key = "database.busy_time_max_ms",
     .place = AT(store, busy_time_max),
     .description = "How long to wait for another process that holds the database, or a row of it.",
     .bounds = {0, 5 * kMinute}},

    {.key = "llm.base_url",
     .place = AT(model, base_url),
     .description =
         "Any OpenAI-compatible endpoint, with its `/v1`, or `file:///path` of a file that names several models "
         "and what each is asked for (README, Models). Empty: the built-in rule engine answers.",
     .rule = kModelUrl},
    {.key = "llm.api_key",
     .place = AT(model, api_key),
     .description = "Sent as bearer token to that endpoint.",
     .rule = kWord},
    {.key = "llm.model", .place = AT(model, model), .description = "The model to ask for.", .rule = kWord},
    {.key = "llm.attempt_time_max_ms",
     .place = AT(model, attempt_time_max),
     .description = "Time limit of one call.",
     .bounds = {10, 10 * kMinute}},
    {.key = "llm.total_time_max_ms",
     .place = AT(model, total_time_max),
     .description = "Time limit of all attempts for one answer.",
     .bounds = {10, 30 * kMinute}},
    {.key = "llm.attempts_max",
     .place = AT(model, attempts_max),
     .description = "Calls made for one answer before giving up.",
     .bounds = {1, 10}},
    {.key = "llm.output_tokens_max",
     .place = AT(model, output_tokens_max),
     .description = "Longest answer asked for.",
     .bounds = {16, 128'000},
     .unit = "tokens"},
    {.key = "llm.reply_bytes_max",
     .place = AT(model, reply_bytes_max),
     .description = "Largest answer that is read; more is an error.",
     .bounds = {4'096, 64 << 20},
     .unit = "bytes"},
    {.key = "llm.fallback_to_rules",
     .place = AT(model, fallback_to_rules),
     .description = "Let the rule engine answer when the model does not."},
    {.key = "llm.legacy_max_tokens",
     .place = AT(model, legacy_max_tokens),
     .description = "Send `max_tokens` in place of `max_completion_tokens`, for older endpoints."},
    {.key = "llm.parallel_tool_calls_field",
     .place = AT(model, parallel_tool_calls_field),
     .description = "Send `parallel_tool_calls: false`; turn off for endpoints that refuse the field."},

    {.key = "wechat.base_url", .place = AT(wechat, base_url), .description = "The API v3 host.", .rule = kRailUrl},
    {.key = "wechat.backup_url",
     .place = AT(wechat, backup_url),
     .description =
         "Where calls go, with the same numbers, while base_url cannot be connected to. Empty: the live rail's "
         "backup host when base_url is the live rail, otherwise none.",
     .rule = kRailUrl},
    {.key = "wechat.mchid",
     .place = AT(wechat, mchid),
     .description =
         "Merchant id. Empty: no merchant account, the sandbox is the rail. Set: everything the account needs "
         "must be set too, and the sandbox is never used.",
     .rule = kDigits},
    {.key = "wechat.appid",
     .place = AT(wechat, appid),
     .description = "The app or Mini Program the orders are made for.",
     .rule = kWord},
    {.key = "wechat.merchant_serial",
     .place = AT(wechat, merchant_serial),
     .description = "Serial number of the merchant API certificate.",
     .rule = kSerial},
    {.key = "wechat.merchant_key_pem",
     .place = AT(wechat, merchant_key_pem),
     .description = "Private key of the merchant API certificate; best given as file.",
     .rule = kPrivateKey},
    {.key = "wechat.apiv3_key",
     .place = AT(wechat, apiv3_key),
     .description = "The APIv3 key set in the merchant portal; decrypts notifications.",
     .rule = kApiv3Key},
    {.key = "wechat.public_key_id",
     .place = AT(wechat, public_key_id),
     .description = "Id of the WeChat Pay public key that answers are verified with.",
     .rule = kPublicKeyId},
    {.key = "wechat.public_key_file",
     .place = AT(wechat, public_key_file),
     .description = "That public key, in PEM.",
     .rule = kFile},
    {.key = "wechat.platform_certificate_file",
     .place = AT(wechat, platform_certificate_file),
     .description = "Platform certificate in PEM, for accounts that verify by certificate; may stand beside the "
                    "public key while an account moves from one to the other.",
     .rule = kFile},
    {.key = "wechat.merchant_certificate_file",
     .place = AT(wechat, merchant_certificate_file),
     .description = "The merchant API certificate, in PEM: its end is watched and warned of.",
     .rule = kFile},
    {.key = "wechat.goods_tag",
     .place = AT(wechat, goods_tag),
     .description = "Marks every order for the rail's coupons.",
     .rule = kWord},
    {.key = "wechat.goods_detail",
     .place = AT(wechat, goods_detail),
     .description = "Send the lines of an order with it, for coupons on single goods."},
    {.key = "wechat.refund_funds_account",
     .place = AT(wechat, refund_funds_account),
     .description =
         "What refunds are paid from: the balance (AVAILABLE) or what is not settled yet (UNSETTLED). Empty: "
         "the rail chooses.",
     .rule = kFundsAccount},
    {.key = "wechat.ca_file",
     .place = AT(wechat, ca_file),
     .description = "Certificate authorities to trust in place of the system's, in PEM.",
     .rule = kFile},
    {.key = "wechat.attempt_time_max_ms",
     .place = AT(wechat, attempt_time_max),
     .description = "Time limit of one call to the rail.",
     .bounds = {10, 5 * kMinute}},
    {.key = "wechat.total_time_max_ms",
     .place = AT(wechat, total_time_max),
     .description = "Time limit of a call with its repetitions; after it the outcome is unknown and is asked for.",
     .bounds = {10, 10 * kMinute}},
    {.key = "wechat.refund_spacing_ms",
     .place = AT(wechat, refund_spacing),
     .description = "Least time between two refunds of one order; the rail refuses less than a minute.",
     .bounds = {0, kHour}},

    {.key = "intent.lifetime_ms",
     .place = AT(intent, lifetime),
     .description = "How long a customer may take to pay; then the order is closed and a renewal is offered.",
     .bounds = {kSecond, 2 * kHour}},
    {.key = "intent.description_characters_max",
     .place = AT(intent, description_characters_max),
     .description = "How much of an order's description is shown; 32 where the rail cuts it there.",
     .bounds = {16, 127}},
    {.key = "intent.description_pattern",
     .place = AT(intent, description_pattern),
     .description = "The description as it was approved for the account, with {goods} where the goods stand, like "
                    "Tea House-{goods}. Empty: the goods alone."},
    {.key = "intent.order_amount_max_fen",
     .place = AT(intent, order_amount_max_fen),
     .description = "The dearest order that may be made.",
     .bounds = {1, 1'000'000'000},
     .unit = "fen"},
    {.key = "intent.quantity_max",
     .place = AT(intent, quantity_max),
     .description = "Most pieces of one item in an order.",
     .bounds = {1, 100'000}},
    {.key = "intent.lines_max",
     .place = AT(intent, lines_max),
     .description = "Most different items in an order.",
     .bounds = {1, 1'000}},
    {.key = "intent.honour_late_payment",
     .place = AT(intent, honour_late_payment),
     .description = "Keep a payment that arrives after the intent expired; otherwise it is refunded, once."},
    {.key = "intent.resolve_first_ms",
     .place = AT(intent, resolve_first),
     .description = "How long an order may stay silent before the rail is asked about it.",
     .bounds = {100, kHour}},
    {.key = "intent.resolve_max_ms",
     .place = AT(intent, resolve_max),
     .description = "Longest pause between two such questions.",
     .bounds = {100, kHour}},
    {.key = "intent.user_hour_max",
     .place = AT(intent, user_hour_max),
     .description = "Payments that may be opened for one user within an hour.",
     .bounds = {1, 1'000'000}},
    {.key = "intent.tenant_hour_max",
     .place = AT(intent, tenant_hour_max),
     .description = "Payments that may be opened for all users of a tenant within an hour.",
     .bounds = {1, 100'000'000}},
    {.key = "intent.user_cancels_day_max",
     .place = AT(intent, user_cancels_day_max),
     .description = "Payments that one user may cancel or replace within a day; rails punish merchants for more.",
     .bounds = {0, 1'000'000}},
    {.key = "intent.tenant_cancels_day_max",
     .place = AT(intent, tenant_cancels_day_max),
     .description = "Payments that all users of a tenant may cancel or replace within a day.",
     .bounds = {0, 100'000'000}},
    {.key = "intent.price_tolerance_per_mille",
     .place = AT(intent, price_tolerance_per_mille),
     .description = "How far a price that a model states may be from the catalogue's; an item's own "
                    "`tolerance_per_mille` goes before it. What is charged is the catalogue's price either way.",
     .bounds = {0, 50},
     .unit = "per mille"},
    {.key = "intent.catalogue_age_max_ms",
     .place = AT(intent, catalogue_age_max),
     .description = "Prices older than this are not charged by. 0: they do not age.",
     .bounds = {0, 366 * 24 * kHour}},

    {.key = "refund.auto_limit_fen",
     .place = AT(refund, auto_limit_fen),
     .description = "What a thread may refund in a day without a person; above it an operator decides.",
     .bounds = {0, 1'000'000'000},
     .unit = "fen"},
    {.key = "refund.gap_ms",
     .place = AT(refund, gap),
     .description = "Pause between two refunds of one list.",
     .bounds = {0, kMinute}},
    {.key = "refund.list_max",
     .place = AT(refund, list_max),
     .description = "Most refunds in one list.",
     .bounds = {1, 50}},
    {.key = "refund.reason_characters_max",
     .place = AT(refund, reason_characters_max),
     .description = "Longest reason; the rail takes 80 characters.",
     .bounds = {1, 80},
     .unit = "characters"},
    {.key = "refund.list_limit_fen",
     .place = AT(refund, list_limit_fen),
     .description = "What one list of refunds may return without a person.",
     .bounds = {0, 1'000'000'000},
     .unit = "fen"},
    {.key = "refund.user_day_limit_fen",
     .place = AT(refund, user_day_limit_fen),
     .description = "What one user may get back in a day without a person, over all conversations.",
     .bounds = {0, 1'000'000'000},
     .unit = "fen"},
    {.key = "refund.tenant_day_limit_fen",
     .place = AT(refund, tenant_day_limit_fen),
     .description = "What all users of a tenant may get back in a day without a person.",
     .bounds = {0, 1'000'000'000'000},
     .unit = "fen"},
    {.key = "refund.window_ms",
     .place = AT(refund, window),
     .description = "How long after a payment it may be refunded; the rail allows a year.",
     .bounds = {kMinute, 366 * 24 * kHour}},
    {.key = "refund.count_max",
     .place = AT(refund, count_max),
     .description = "Most refunds of one payment; the rail allows 50.",
     .bounds = {1, 50}},
    {.key = "refund.sensitive_words",
     .place = AT(refund, sensitive_words),
     .description = "Words separated by commas that may not stand in a reason, for the payer and the rail read it."},
    {.key = "refund.approval_lifetime_ms",
     .place = AT(refund, approval_lifetime),
     .description = "How long an operator may take to decide about a refund above the limits.",
     .bounds = {kSecond, 30 * 24 * kHour}},

    {.key = "turn.tool_rounds_max",
     .place = AT(turn, tool_rounds_max),
     .description = "How often a model may ask for tools within one turn.",
     .bounds = {1, 64}},
    {.key = "turn.calls_per_message_max",
     .place = AT(turn, calls_per_message_max),
     .description = "Most tool calls in one message of the model.",
     .bounds = {1, 64}},
    {.key = "turn.rejections_max",
     .place = AT(turn, rejections_max),
     .description = "Refused outputs handed back to the model before a fixed answer is given.",
     .bounds = {0, 16}},
    {.key = "turn.history_messages_max",
     .place = AT(turn, history_messages_max),
     .description = "Messages of the past that a model is shown.",
     .bounds = {2, 1'000}},
    {.key = "turn.text_bytes_max",
     .place = AT(turn, text_bytes_max),
     .description = "Longest message of a user.",
     .bounds = {64, 1 << 20},
     .unit = "bytes"},
    {.key = "turn.arguments_bytes_max",
     .place = AT(turn, arguments_bytes_max),
     .description = "Longest arguments of a tool call.",
     .bounds = {256, 1 << 20},
     .unit = "bytes"},
    {.key = "turn.money_words_from_templates",
     .place = AT(turn, money_words_from_templates),
     .description =
         "Say what was paid or refunded in the server's sentences only, also where a model's would be true."},
    {.key = "turn.time_max_ms",
     .place = AT(turn, time_max),
     .description = "Time limit of a turn; what it began with money goes on and ends in the store.",
     .bounds = {100, 30 * kMinute}},

    {.key = "catalogue.file",
     .place = AT(catalogue, file),
     .description = "What can be bought, and for how much. Empty: the sample catalogue.",
     .rule = kFile},

    {.key = "prompts.folder",
     .place = AT(prompts, folder),
     .description = "Prompts to use in place of the built-in ones.",
     .rule = kFolder},

    {.key = "log.level", .place = AT(log, level), .description = "How much is logged.", .rule = kLogLevel},
    {.key = "log.format",
     .place = AT(log, format),
     .description = "One line per event for people, or one JSON object.",
     .rule = kLogFormat},
};
#undef AT

}  // namespace

std::span<const Definition> definitions() {
  return kTable;
}

const Definition* find_definition(std::string_view key) {
  const auto found =
      std::find_if(std::begin(kTable), std::end(kTable), [&](const auto& row) { return row.key == key; });
  return found == std::end(kTable) ? nullptr : found;
}

bool is_secret(const Definition& definition) {
  return std::holds_alternative<Place<Secret>>(definition.place);
}

std::string_view type_of(const Definition& definition) {
  constexpr std::string_view kNames[] = {"text", "integer", "true or false", "duration", "secret"};
  return kNames[definition.place.index()];
}

std::string variable_of(const Definition& definition) {
  if (!definition.variable.empty()) return std::string(definition.variable);
  std::string name = "PURSER_";
  for (const char c : definition.key) {
    const bool lower = c >= 'a' && c <= 'z';
    name += c == '.' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

std::string rule_of(const Definition& definition) {
  const auto from_to =
      " from " + std::to_string(definition.bounds.min) + " to " + std::to_string(definition.bounds.max);
  if (std::holds_alternative<Place<std::int64_t>>(definition.place)) {
    const std::string unit = definition.unit.empty() ? "" : " (" + std::string(definition.unit) + ")";
    return "an integer" + from_to + unit;
  }
  if (std::holds_alternative<Place<Millis>>(definition.place)) return "whole milliseconds" + from_to;
  if (std::holds_alternative<Place<bool>>(definition.place)) return "true or false";
  return definition.rule.words.empty() ? "text" : std::string(definition.rule.words);
}

}  // namespace purser
