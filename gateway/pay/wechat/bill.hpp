// How the rail hands out a bill: a signed answer names a file and its digest; the file itself is not signed.
#pragma once

#include "validation/money/result.hpp"

#include <string>
#include <string_view>

namespace purser::wechat {

struct BillTicket {
  std::string sha1;    // lower-case hex, of the unpacked file
  std::string target;  // path and query of the download
};
// Error: reply_malformed, also for a digest other than SHA1.
Result<BillTicket> read_bill_ticket(std::string_view body);

}  // namespace purser::wechat
