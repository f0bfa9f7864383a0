// `purser reconcile`: our books against the rail's bill of one day.
#include "agent/app/commands.hpp"
#include "agent/app/rail_bill.hpp"
#include "gateway/store/open/ledger_days.hpp"
#include "validation/books/compare.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
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
          {"row", one.row}};
}

void print_text(const books::TradeBill& bill, const std::vector<books::Difference>& differences) {
  std::cout << "the rail: " << bill.lines.size() << " movements, captured " << bill.captured << " fen, refunded "
            << bill.refunded << " fen, fees " << bill.fees << " fen\n";
  for (const books::Difference& one : differences) {
    std::cout << to_string(one.fault) << "  " << to_string(one.movement) << "  " << one.out_trade_no << "  "
              << one.reference << "  rail " << one.rail << "  ledger " << one.ledger << "  row " << one.row << "\n";
  }
  std::cout << (differences.empty() ? "the books agree\n" : "the books differ\n");
}

// From the file where one is named, else from the rail.
Result<books::TradeBill> bill_of(const ReconcileCommand& command, const WechatSettings& account) {
  if (command.bill.empty()) return fetch_trade_bill(account, command.date);
  std::ifstream file(command.bill, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error(Errc::config_unreadable, "the bill " + command.bill + " cannot be read", "--bill");
  return books::parse_trade_bill(text.str());
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
  auto bill = bill_of(command, loaded.settings.wechat);
  if (!bill) return fail(bill.error().message);
  auto ours = read_our_lines(loaded.settings.store, *from, *from + std::chrono::hours(24));
  if (!ours) return fail(ours.error().message);

  const auto differences = books::compare(*bill, *ours);
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
