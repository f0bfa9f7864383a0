#include "config/agreement.hpp"

#include "config/text_rules.hpp"
#include "validation/money/ascii.hpp"
#include "validation/rules/description.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace purser {
namespace {

class Findings {
 public:
  // Notes `key` when the rule does not hold.
  void expect(bool holds, std::string key, std::string rule) {
    if (!holds) found_.push_back({Errc::config_bad_value, "all together", std::move(key), "", std::move(rule)});
  }
  Mistakes take() { return std::move(found_); }

 private:
  Mistakes found_;
};

constexpr std::size_t kPublicUrlMax = 174;

void expect_merchant(const Settings& s, Findings& findings) {
  const WechatSettings& w = s.wechat;
  const std::string because = "is needed when wechat.mchid is set";
  findings.expect(!w.appid.empty(), "wechat.appid", because);
  findings.expect(!w.merchant_serial.empty(), "wechat.merchant_serial", because);
  findings.expect(!w.merchant_key_pem.empty(), "wechat.merchant_key_pem", because);
  findings.expect(!w.apiv3_key.empty(), "wechat.apiv3_key", because);
  findings.expect(!w.public_key_file.empty() || !w.platform_certificate_file.empty(), "wechat.public_key_file",
                  "or wechat.platform_certificate_file " + because);
  const AuthSettings& a = s.auth;
  findings.expect(!a.api_keys.empty() || !a.keys_file.empty() || !a.token_keys_file.empty(), "auth.api_keys",
                  "or auth.keys_file or auth.token_keys_file " + because);
  // The rail takes no address beyond 255 characters: /webhooks/wechat/ and a tenant's name of up to 64 come behind it.
  findings.expect(s.server.public_url.size() <= kPublicUrlMax, "server.public_url", "has at most 174 characters");
  // Against a simulator on this machine the webhook may come in plain HTTP, and is then allowed to default.
  findings.expect(is_loopback_url(w.base_url) || is_https_url(s.server.public_url), "server.public_url",
                  "is an https URL when wechat.mchid is set: the rail calls nothing else");
  const bool within_reach = is_loopback_url(w.base_url) || !is_https_url(s.server.public_url);
  findings.expect(within_reach || !is_inner_url(s.server.public_url), "server.public_url",
                  "is where the rail reaches this shop from outside: neither localhost nor an address of an intranet");
}

void expect_no_half_merchant(const WechatSettings& w, Findings& findings) {
  const bool something = !w.appid.empty() || !w.merchant_serial.empty() || !w.merchant_key_pem.empty() ||
                         !w.apiv3_key.empty() || !w.public_key_id.empty() || !w.public_key_file.empty() ||
                         !w.platform_certificate_file.empty();
  findings.expect(!something, "wechat.mchid",
                  "is needed when anything else of the merchant account is set: without it the sandbox is the rail");
}

void expect_whole_tokens(const AuthSettings& a, Findings& findings) {
  const bool some = !a.token_keys_file.empty() || !a.token_issuer.empty() || !a.token_audience.empty();
  const std::string because = "is needed where signed tokens are taken";
  findings.expect(!some || !a.token_keys_file.empty(), "auth.token_keys_file", because);
  findings.expect(!some || !a.token_issuer.empty(), "auth.token_issuer", because);
  findings.expect(!some || !a.token_audience.empty(), "auth.token_audience", because);
}

// Each word names a rule that may only watch.
bool only_names(std::string_view list, std::initializer_list<std::string_view> known) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (std::find(known.begin(), known.end(), list.substr(0, comma)) == known.end()) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

// What stands for all, or for the tenant of `prefix`.
void expect_policy(const std::string& prefix, const IntentSettings& intent, const RefundSettings& refund,
                   bool has_source, Findings& findings) {
  findings.expect(rules::usable({intent.description_characters_max, intent.description_pattern}),
                  prefix + "intent.description_pattern",
                  "holds {goods} once, no emoji and no control characters, and leaves {goods} 12 of "
                  "intent.description_characters_max characters or more");
  findings.expect(intent.resolve_first <= intent.resolve_max, prefix + "intent.resolve_first_ms",
                  "is at most intent.resolve_max_ms");
  findings.expect(only_names(intent.watching_rules, {"catalogue_age"}), prefix + "intent.watching_rules",
                  "holds catalogue_age alone, or nothing");
  findings.expect(!has_source || intent.watching_rules.empty(), prefix + "intent.watching_rules",
                  "is empty when catalogue.source is set: old prices are not charged by");
  findings.expect(only_names(refund.watching_rules, {"refund_history", "sensitive_words"}),
                  prefix + "refund.watching_rules", "holds refund_history and sensitive_words, or nothing");
}

bool begins_with_word(std::string_view text, std::string_view word) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return ascii::lower(text.substr(0, word.size())) == word && text.size() > word.size() &&
         !ascii::is_alnum(text[word.size()]);
}

void expect_source(const CatalogueSettings& catalogue, Findings& findings) {
  const std::string& source = catalogue.source.reveal();
  if (source.empty()) return;
  findings.expect(catalogue.file.empty(), "catalogue.source", "and catalogue.file are not both set");
  const bool redis = source.starts_with("redis://");
  findings.expect(!redis || !catalogue.key.empty(), "catalogue.key", "is needed with a Redis source");
  findings.expect(redis || !catalogue.query.empty(), "catalogue.query", "is needed with a database as source");
  const bool reads = catalogue.query.empty() || begins_with_word(catalogue.query, "select") ||
                     begins_with_word(catalogue.query, "with");
  findings.expect(reads, "catalogue.query", "is a SELECT");
}

void expect_whole_tls(const std::string& section, const TlsSettings& tls, Findings& findings) {
  findings.expect(tls.certificate_file.empty() || !tls.key_file.empty(), section + ".key_file",
                  "is needed beside " + section + ".certificate_file");
  findings.expect(!tls.certificate_file.empty() || tls.key_file.empty(), section + ".certificate_file",
                  "is needed beside " + section + ".key_file");
  findings.expect(!tls.certificate_file.empty() || tls.client_ca_file.empty(), section + ".client_ca_file",
                  "needs " + section + ".certificate_file: in plain HTTP nobody shows a certificate");
}

bool same_address(const ServerSettings& s) {
  return s.listen == s.admin_listen && !s.listen.ends_with(":0");
}

}  // namespace

Mistakes disagreements(const Settings& s) {
  Findings findings;
  if (s.wechat.mchid.empty()) {
    expect_no_half_merchant(s.wechat, findings);
  } else {
    expect_merchant(s, findings);
  }
  findings.expect(s.wechat.public_key_id.empty() == s.wechat.public_key_file.empty(), "wechat.public_key_id",
                  "and wechat.public_key_file go together");
  findings.expect(s.wechat.store_name.empty() || !s.wechat.store_id.empty(), "wechat.store_id",
                  "is needed beside wechat.store_name");
  expect_whole_tokens(s.auth, findings);
  expect_whole_tls("tls", s.tls, findings);
  expect_whole_tls("admin_tls", s.admin_tls, findings);
  findings.expect(!same_address(s.server), "server.admin_listen", "differs from server.listen");
  findings.expect(s.server.connections_per_peer_max <= s.server.connections_max, "server.connections_per_peer_max",
                  "is at most server.connections_max");
  findings.expect(s.server.body_bytes_max <= s.server.bodies_bytes_max, "server.bodies_bytes_max",
                  "is at least server.body_bytes_max");
  findings.expect(s.model.attempt_time_max <= s.model.total_time_max, "llm.attempt_time_max_ms",
                  "is at most llm.total_time_max_ms");
  findings.expect(s.wechat.attempt_time_max <= s.wechat.total_time_max, "wechat.attempt_time_max_ms",
                  "is at most wechat.total_time_max_ms");
  expect_source(s.catalogue, findings);
  const bool has_source = !s.catalogue.source.empty();
  expect_policy("", s.intent, s.refund, has_source, findings);
  for (const auto& [tenant, own] : s.tenants)
    expect_policy("tenant." + tenant + ".", own.intent, own.refund, has_source, findings);
  findings.expect(s.turn.text_bytes_max < s.server.body_bytes_max, "turn.text_bytes_max",
                  "is less than server.body_bytes_max");
  return findings.take();
}

Mistakes doubts(const Settings& s) {
  Findings findings;
  findings.expect(s.model.api_key.empty() || !s.model.base_url.empty(), "llm.api_key",
                  "has no effect without llm.base_url: the rule engine answers");
  const bool open_way = is_http_url(s.model.base_url) && !is_rail_url(s.model.base_url);
  findings.expect(s.model.api_key.empty() || !open_way, "llm.base_url",
                  "is plain http to another machine: the API key and the conversations can be read on the way");
  const bool open_traces = is_http_url(s.telemetry.otlp_endpoint) && !is_rail_url(s.telemetry.otlp_endpoint);
  findings.expect(s.telemetry.otlp_authorization.empty() || !open_traces, "telemetry.otlp_endpoint",
                  "is plain http to another machine: the authorization can be read on the way");
  return findings.take();
}

}  // namespace purser
