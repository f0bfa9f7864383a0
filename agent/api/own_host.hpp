// Whether a request that came to this machine was meant for it. A browser can be made to ask us by a page of another
// site, also under a name that points here (DNS rebinding): its Origin and its Host say so, and no page can change
// them.
#pragma once

#include "gateway/http/message.hpp"

namespace purser::api {

// Every Origin is a page of this machine. Clients that are no browsers send none.
bool origin_is_this_machine(const http::Headers& headers);
// The Host is localhost or a loopback address, with any port.
bool host_is_this_machine(const http::Headers& headers);

// `behind` on a listener of loopback, which no name but this machine's own leads to: others are refused with 403.
http::Handler for_this_machine(http::Handler behind);

}  // namespace purser::api
