// `purser reconcile`: our books against the rail's bills of one day.
#include "agent/app/commands.hpp"
#include "agent/app/rail_bill.hpp"
#include "gateway/store/open/ledger_days.hpp"
#include "validation/books/compare.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>

namespace purser {
namespace {

using nlohmann::ordered_json;

int fail(const std::string& why) {
  std::cerr << "purser reconcile: " << why << "\n";
  return 1;
}

ordered_json view(const books::Difference& one) {
  return {{"fault", to_string(one.fault)},
          {"movement", to_string(one.movement)},
          {"out_trade_no", one.out_trade_no},
          {"reference", one.reference},
          {"rail", one.rail},
          {"ledger", one.ledger},
          {"row", one.row},
          {"flow", one.flow}};
}

void print_text(const books::TradeBill& bill, const std::vector<books::Difference>& differences) {
  std::cout << "the rail: " << bill.lines.size() << " movements, captured " << bill.captured << " fen, refunded "
            << bill.refunded << " fen, fees " << bill.fees << " fen\n";
  for (const books::Difference& one : differences) {
    std::cout << to_string(one.fault) << "  " << to_string(one.movement) << "  " << one.out_trade_no << "  "
              << one.reference << "  rail " << one.rail << "  ledger " << one.ledger << "  row " << one.row << "  flow "
              << one.flow << "\n";
  }
  std::cout << (differences.empty() ? "the books agree\n" : "the books differ\n");
}

Result<std::string> text_of(const std::string& path, const char* option) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error(Errc::config_unreadable, "the bill " + path + " cannot be read", option);
  return text.str();
}

struct Bills {
  books::TradeBill trade;
  std::optional<books::FlowBill> flow;  // absent: a file of the trade bill alone was named
};

// From the files where they are named, else from the rail.
Result<Bills> bills_of(const ReconcileCommand& command, const WechatSettings& account) {
  Bills bills;
  if (command.bill.empty()) {
    auto fetched = fetch_bills(account, command.date);
    if (!fetched) return fetched.error();
    bills.trade = std::move(fetched->trade);
    bills.flow = std::move(fetched->flow);
    return bills;
  }
  auto trade = text_of(command.bill, "--bill");
  if (!trade) return trade.error();
  auto read = books::parse_trade_bill(*trade);
  if (!read) return read.error();
  bills.trade = std::move(*read);
  if (command.flow_bill.empty()) return bills;
  auto flow = text_of(command.flow_bill, "--flow-bill");
  if (!flow) return flow.error();
  auto moved = books::parse_flow_bill(*flow);
  if (!moved) return moved.error();
  bills.flow = std::move(*moved);
  return bills;
}

// Some tenant's payments have their fees booked: then all are looked at.
bool books_fees(const Settings& settings) {
  bool any = settings.intent.fee_basis_points > 0;
  for (const auto& [name, policy] : settings.tenants) any = any || policy.intent.fee_basis_points > 0;
  return any;
}

}  // namespace

int reconcile(const ReconcileCommand& command) {
  const LoadedSettings loaded = load_settings(command.sources);
  if (!loaded.ok()) {
    std::cerr << report_text(loaded);
    return 2;
  }
  auto from = parse_time(command.date + "T00:00:00+08:00");  // the rail's days are China's
  if (!from) {
    std::cerr << "purser reconcile: --date is a day, YYYY-MM-DD\n";
    return 2;
  }
  if (command.bill.empty() && !command.flow_bill.empty()) {
    std::cerr << "purser reconcile: --flow-bill stands beside --bill\n";
    return 2;
  }
  auto bills = bills_of(command, loaded.settings.wechat);
  if (!bills) return fail(bills.error().message);
  const books::TradeBill* bill = &bills->trade;
  auto ours = read_our_lines(loaded.settings.store, *from, *from + std::chrono::hours(24));
  if (!ours) return fail(ours.error().message);

  const bool fees = books_fees(loaded.settings);
  auto differences = books::compare(*bill, *ours, fees ? books::Fees::booked : books::Fees::not_booked);
  if (bills->flow) std::ranges::move(books::compare_flow(*bill, *bills->flow), std::back_inserter(differences));
  if (command.json) {
    ordered_json list = ordered_json::array();
    for (const books::Difference& one : differences) list.push_back(view(one));
    const ordered_json result = {{"date", command.date}, {"captured", bill->captured},     {"refunded", bill->refunded},
                                 {"fees", bill->fees},   {"differences", std::move(list)}, {"ok", differences.empty()}};
    std::cout << result.dump(2) << "\n";
  } else {
    print_text(*bill, differences);
  }
  return differences.empty() ? 0 : 1;
}

}  // namespace purser
