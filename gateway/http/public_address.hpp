// Which addresses lie on the public internet: everything that is not set aside for machines, networks or protocols
// (RFC 6890 and the registries it names).
#pragma once

#include <boost/asio/ip/address.hpp>

namespace purser::http {

// An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is judged by that.
bool is_public(const boost::asio::ip::address& address);

}  // namespace purser::http
