// The rail's bills: what moved on one day of China's clock, as the CSV files that a merchant downloads. They are made
// from the orders and refunds of the simulator, so they balance with them to the fen.
#pragma once

#include "gateway/sandbox/orders.hpp"
#include "gateway/sandbox/refunds.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace purser::sandbox {

enum class BillKind : std::uint8_t { trade, fund_flow };

class BillDesk {
 public:
  BillDesk(const SandboxCredentials& credentials, const SandboxSettings& settings, Mint& mint, OrderBook& orders,
           const RefundDesk& refunds)
      : credentials_(credentials), settings_(settings), mint_(mint), orders_(orders), refunds_(refunds) {}

  // `origin` is what the merchant dialed ("http://127.0.0.1:1234"): the download address begins with it.
  Answer apply(BillKind kind, std::string_view query, std::string_view origin, UtcTime now);
  // The file behind a download address that apply() gave within the last five minutes.
  Answer file(std::string_view query, UtcTime now);
  void reset() { files_.clear(); }

  // The text of a bill of one day, "yyyy-MM-dd"; empty when nothing happened. `type`: ALL, SUCCESS or REFUND.
  std::string trade_bill(std::string_view date, std::string_view type, UtcTime now) const;
  std::string fund_flow_bill(std::string_view date, UtcTime now) const;

 private:
  // A movement of money: a capture (refund is null) or a finished refund.
  struct Entry {
    UtcTime at{};
    const Order* order = nullptr;
    const RailRefund* refund = nullptr;
    std::int64_t fee = 0;  // fen; negative when it comes back
  };
  struct File {
    std::string bytes;
    bool gzip = false;
    UtcTime until{};
  };
  // Everything that ever moved, by time.
  std::vector<Entry> entries(UtcTime now) const;
  std::vector<std::string> cells(const Entry& entry, std::string_view type) const;

  const SandboxCredentials& credentials_;
  const SandboxSettings& settings_;
  Mint& mint_;
  OrderBook& orders_;
  const RefundDesk& refunds_;
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace purser::sandbox
