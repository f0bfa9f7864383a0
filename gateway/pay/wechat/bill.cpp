#include "gateway/pay/wechat/bill.hpp"

#include "gateway/pay/wechat/json_reader.hpp"

#include <algorithm>

namespace purser::wechat {
namespace {

Error malformed_bill(std::string why) {
  return Error(Errc::reply_malformed, "the bill: " + std::move(why), "bill");
}

}  // namespace

Result<BillTicket> read_bill_ticket(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  if (!document) return malformed_bill(document.error().message);
  const auto root = document->root();
  BillTicket out;
  out.sha1 = root.text("hash_value");
  const auto kind = root.text("hash_type");
  const auto url = root.text("download_url");
  if (auto good = document->check(); !good) return malformed_bill(good.error().message);
  if (kind != "SHA1" || out.sha1.size() != 40) return malformed_bill("its digest is no SHA1");
  std::transform(out.sha1.begin(), out.sha1.end(), out.sha1.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  // The host is the one that is configured: an address in an answer is no reason to dial another.
  const auto path = url.find("/v3/");
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (path == url.npos || url.size() - path > 2'048 || !std::all_of(url.begin(), url.end(), printable))
    return malformed_bill("no usable download_url");
  out.target = url.substr(path);
  return out;
}

}  // namespace purser::wechat
