// The web page of the demo: a person talks to the shop in a browser, sees the card with its QR code, and pays with the
// sandbox's own button. It is a client of the native API like any other; the browser holds no API key, and what it may
// reach is its own tenant's threads, each known by its id alone. For the sandbox only: whoever reaches the page may
// pay.
#pragma once

#include "agent/api/router.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/http/message.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <functional>
#include <string>
#include <string_view>

namespace purser {

// The tenant of everything said on the page.
inline constexpr std::string_view kDemoChatTenant = "web-demo";

class DemoChat {
 public:
  // POSTs to one of the sandbox's control paths.
  using Sandbox = std::function<Task<Result<nlohmann::json>>(std::string path, nlohmann::json body)>;

  // `key` is an API key of kDemoChatTenant.
  DemoChat(http::Handler api, Mint& mint, Clock& clock, Sandbox sandbox, std::string key);

  // Whether a path is the page's: /chat and what lies under it.
  static bool serves(std::string_view path);
  // An http::Handler for those paths.
  Task<http::Response> handle(http::Request request);

 private:
  struct Call {
    Call(http::Request r, std::vector<std::string> p) : request(std::move(r)), parts(std::move(p)) {}
    http::Request request;
    std::vector<std::string> parts;
  };
  using Reply = Task<Result<http::Response>>;
  using Method = Reply (DemoChat::*)(Call& call);
  static const std::array<api::Route<Method>, 12> kRoutes;

  Reply page(Call& call);
  Reply script(Call& call);
  Reply style(Call& call);
  Reply begin(Call& call);
  Reply forward(Call& call);  // the same path of the native API, with the page's key
  Reply pay(Call& call);
  Reply skip(Call& call);

  http::Request as_client(http::Request request, std::string path) const;

  http::Handler api_;
  Mint& mint_;
  Clock& clock_;
  Sandbox sandbox_;
  std::string key_;
};

}  // namespace purser
