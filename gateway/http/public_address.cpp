#include "gateway/http/public_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace purser::http {
namespace {

namespace ip = boost::asio::ip;

struct Block {
  std::uint32_t base;
  int bits;
};

// 0/8, 10/8, 100.64/10, 127/8, 169.254/16, 172.16/12, 192.0.0/24, 192.0.2/24, 192.88.99/24, 192.168/16, 198.18/15,
// 198.51.100/24, 203.0.113/24, and from 224 on multicast and what is reserved.
constexpr Block kSetAside[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
                               {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
                               {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3}};

bool is_public(std::uint32_t v4) {
  return std::none_of(std::begin(kSetAside), std::end(kSetAside),
                      [v4](Block block) { return (v4 ^ block.base) >> (32 - block.bits) == 0; });
}

std::uint32_t v4_at(const ip::address_v6::bytes_type& bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | bytes[at + i];
  return out;
}

bool begins_with(const ip::address_v6::bytes_type& bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_public(const ip::address_v6& v6) {
  const auto bytes = v6.to_bytes();
  if (v6.is_v4_mapped()) return is_public(v4_at(bytes, 12));
  if (begins_with(bytes, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return is_public(v4_at(bytes, 12));
  if (begins_with(bytes, {0x20, 0x02})) return is_public(v4_at(bytes, 2));
  // Teredo and other protocols (2001::/23), documentation (2001:db8::/32).
  if (begins_with(bytes, {0x20, 0x01}) && (bytes[2] < 0x02 || (bytes[2] == 0x0d && bytes[3] == 0xb8))) return false;
  return (bytes[0] & 0xe0) == 0x20;  // 2000::/3 alone is given out
}

}  // namespace

bool is_public(const ip::address& address) {
  return address.is_v4() ? is_public(address.to_v4().to_uint()) : is_public(address.to_v6());
}

}  // namespace purser::http
