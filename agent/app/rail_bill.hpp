// The bills of one day, asked of the rail by a process of its own.
#pragma once

#include "config/settings.hpp"
#include "validation/books/flow_bill.hpp"
#include "validation/books/trade_bill.hpp"

#include <string>

namespace purser {

struct RailBills {
  books::TradeBill trade;
  books::FlowBill flow;
};

// `date`: yyyy-MM-dd, a day in China. Blocks. Errors: config_bad_value when there is no usable merchant account;
// rail_not_found when the rail has no bill of that day (none moved anything, or it is not ready: from ten in the
// morning of the next day on); those of WechatChannel::trade_bill.
Result<RailBills> fetch_bills(const WechatSettings& settings, const std::string& date);

}  // namespace purser
