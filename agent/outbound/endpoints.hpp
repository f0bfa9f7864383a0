// Where a tenant wants to be told what happened: the file behind webhooks.endpoints_file,
// {"endpoints":[{"id","tenant","url","secret","previous_secret"?,"events"?}]}.
#pragma once

#include "gateway/http/client.hpp"
#include "validation/money/ids.hpp"
#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser {

struct WebhookEndpoint {
  WebhookEndpoint(std::string name, TenantId of, http::Origin where)
      : id(std::move(name)), tenant(std::move(of)), origin(std::move(where)) {}

  std::string id;  // names it in deliveries: letters, digits and -_
  TenantId tenant;
  http::Origin origin;
  std::string target;           // path and query
  std::vector<Secret> secrets;  // raw bytes: the one in use, then the one before it while it is being replaced
  std::vector<std::string> events;

  // Whether it asked for events of this type: "intent.succeeded", or "intent.*" for all of a kind.
  bool wants(std::string_view type) const;
};

class WebhookEndpoints {
 public:
  WebhookEndpoints() = default;
  // `plain_http_to_loopback`: for the sandbox; everywhere else https alone. Errors: config_bad_value naming the place
  // as in "endpoints[1].url"; never a secret's text.
  static Result<WebhookEndpoints> parse(std::string_view text, bool plain_http_to_loopback);
  // The file is readable by its owner alone. Error: also config_unreadable.
  static Result<WebhookEndpoints> read(const std::string& path, bool plain_http_to_loopback);

  bool empty() const { return list_.empty(); }
  const WebhookEndpoint* find(std::string_view id) const;
  // Those of the tenant that want this type of event.
  std::vector<const WebhookEndpoint*> wanting(const TenantId& tenant, std::string_view type) const;
  // The names of the tenant's own, sorted.
  std::vector<std::string> names_of(const TenantId& tenant) const;
  // Whether any endpoint of any tenant wants it.
  bool wanted(std::string_view type) const;

 private:
  std::vector<WebhookEndpoint> list_;
};

}  // namespace purser
