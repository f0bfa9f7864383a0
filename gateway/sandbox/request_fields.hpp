// The members of order, close and refund requests, with their limits.
#pragma once

#include "gateway/sandbox/body.hpp"
#include "gateway/sandbox/orders.hpp"

#include <span>

namespace purser::sandbox {

std::span<const Member> order_members(TradeType type);
std::span<const Member> close_members();
std::span<const Member> refund_members();
std::span<const Member> abnormal_refund_members();
std::span<const Member> echo_members();

}  // namespace purser::sandbox
