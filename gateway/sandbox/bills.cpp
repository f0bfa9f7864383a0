#include "gateway/sandbox/bills.hpp"

#include "gateway/compress/gzip.hpp"
#include "gateway/crypto/digest.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace purser::sandbox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr auto kLinkLife = minutes(5);
constexpr auto kKept = hours(24 * 92);  // three months
constexpr auto kReadyAt = hours(10);    // of the next day
constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::int64_t kFeePerMille = 6;

// "2026-01-05 18:00:00" on the clock of China.
std::string china_time(UtcTime t) {
  auto text = format_time_china(t).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string china_date(UtcTime t) {
  return format_time_china(t).substr(0, 10);
}

std::string yuan(std::int64_t fen) {
  const auto size = fen < 0 ? -fen : fen;
  const auto cents = std::to_string(size % 100);
  return (fen < 0 ? "-" : "") + std::to_string(size / 100) + "." + std::string(2 - cents.size(), '0') + cents;
}
// Fees carry five decimals, although they are whole fen.
std::string fee_yuan(std::int64_t fen) {
  return yuan(fen) + "000";
}
// Rounded half up, like the rail's.
std::int64_t fee_of(std::int64_t fen) {
  return (fen * kFeePerMille + 500) / 1000;
}

// A cell ends at the backtick of the next one, and a row at the line's end.
std::string cell(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '`' || c == '\r' || c == '\n'; }, ' ');
  return text;
}

std::string row(const std::vector<std::string>& cells) {
  std::string out;
  for (const auto& text : cells) out += (out.empty() ? "`" : ",`") + cell(text);
  return out + "\r\n";
}

std::string heading(std::span<const std::string_view> names) {
  std::string out;
  for (auto name : names) out.append(out.empty() ? "" : ",").append(name);
  return out + "\r\n";
}

constexpr std::array<std::string_view, 27> kAll{
    "交易时间",     "公众账号ID",   "商户号",   "特约商户号",     "设备号",       "微信订单号",   "商户订单号",
    "用户标识",     "交易类型",     "交易状态", "付款银行",       "货币种类",     "应结订单金额", "代金券金额",
    "微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型",     "退款状态",     "商品名称",
    "商户数据包",   "手续费",       "费率",     "订单金额",       "申请退款金额", "费率备注"};
// The columns that speak of refunds: a bill of type SUCCESS goes without them.
constexpr bool about_refund(std::size_t column) {
  return (column >= 14 && column <= 19) || column == 25;
}
constexpr std::array<std::string_view, 7> kTradeSummary{
    "总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额"};
constexpr std::array<std::string_view, 11> kFlow{
    "记账时间",       "微信支付业务单号", "资金流水单号",       "业务名称", "业务类型",  "收支类型",
    "收支金额（元）", "账户结余（元）",   "资金变更提交申请人", "备注",     "业务凭证号"};
constexpr std::array<std::string_view, 5> kFlowSummary{"资金流水总笔数", "收入笔数", "收入金额", "支出笔数",
                                                       "支出金额"};

struct Parameter {
  std::string_view name;
  std::string_view one_of;  // separated by spaces; empty: free
  bool required;
};

// Query parameters in any order; a default for an absent one is the first of its words.
Refusal read_query(std::string_view query, std::span<const Parameter> known,
                   std::map<std::string, std::string, std::less<>>& out) {
  while (!query.empty()) {
    auto item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    auto equals = item.find('=');
    auto name = item.substr(0, equals);
    auto value = equals == item.npos ? std::string_view() : item.substr(equals + 1);
    auto row = std::find_if(known.begin(), known.end(), [&](const Parameter& p) { return p.name == name; });
    if (row == known.end())
      return param_error(name, "an extra parameter that is not taken here", "query", kExtraParameter);
    bool fits = row->one_of.empty() ||
                (" " + std::string(row->one_of) + " ").find(" " + std::string(value) + " ") != std::string::npos;
    if (value.empty()) return param_error(name, "must not be empty", "query");
    if (!fits) return param_error(name, "must be one of " + std::string(row->one_of), "query");
    if (!out.emplace(name, value).second) return param_error(name, "stands twice", "query");
  }
  for (const auto& p : known) {
    if (p.required && !out.contains(p.name)) return param_error(p.name, "is required", "query");
  }
  return {};
}

constexpr Parameter kTradeQuery[] = {
    {"bill_date", "", true}, {"bill_type", "ALL SUCCESS REFUND", false}, {"tar_type", "GZIP", false}};
constexpr Parameter kFlowQuery[] = {
    {"bill_date", "", true}, {"account_type", "BASIC OPERATION FEES", false}, {"tar_type", "GZIP", false}};
constexpr Parameter kFileQuery[] = {{"token", "", true}};

// Midnight in China at the beginning of the day.
std::optional<UtcTime> day_of(std::string_view date) {
  auto start = parse_time(std::string(date) + "T00:00:00+08:00");
  if (!start || china_date(*start) != date) return {};
  return *start;
}

Answer no_statement() {
  return error(400, kUnnumbered, "NO_STATEMENT_EXIST", "账单文件不存在");
}

}  // namespace

std::vector<BillDesk::Entry> BillDesk::entries(UtcTime now) const {
  std::vector<Entry> out;
  const auto& orders = orders_.all(now);
  for (const auto& [number, order] : orders) {
    if (order.paid()) out.push_back({order.paid_at, &order, nullptr});
  }
  for (const auto& [number, refund] : refunds_.all()) {
    if (refund.status != RefundStatus::success) continue;
    out.push_back({refund.success_time, &orders.find(refund.out_trade_no)->second, &refund});
  }
  std::stable_sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.at < b.at; });
  std::map<const Order*, std::int64_t> refunded;
  for (auto& entry : out) {
    entry.fee = fee_of(entry.order->total);
    if (!entry.refund) continue;
    // Of what was refunded up to here, not of each refund alone: rounded one by one, more than the fee could come back.
    const auto before = refunded[entry.order];
    const auto after = refunded[entry.order] += entry.refund->refund;
    entry.fee = fee_of(before) - fee_of(after);
  }
  return out;
}

std::vector<std::string> BillDesk::cells(const Entry& entry, std::string_view type) const {
  const auto& order = *entry.order;
  const auto* refund = entry.refund;
  const std::string back = refund ? yuan(refund->refund) : "0.00";
  std::vector<std::string> all{china_time(entry.at),
                               order.appid,
                               credentials_.mchid,
                               "0",
                               "",
                               order.transaction_id,
                               order.out_trade_no,
                               order.payer,
                               std::string(wire_type(order.type)),
                               refund ? "REFUND" : "SUCCESS",
                               "OTHERS",
                               "CNY",
                               refund ? "0.00" : yuan(order.total),
                               "0.00",
                               refund ? refund->refund_id : "0",
                               refund ? refund->out_refund_no : "0",
                               back,
                               "0.00",
                               refund ? "ORIGINAL" : "",
                               refund ? "SUCCESS" : "",
                               order.request.value("description", ""),
                               order.attach(),
                               fee_yuan(entry.fee),
                               "0.60%",
                               refund ? "0.00" : yuan(order.total),
                               back,
                               ""};
  if (type != "SUCCESS") return all;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!about_refund(i)) out.push_back(std::move(all[i]));
  }
  return out;
}

std::string BillDesk::trade_bill(std::string_view date, std::string_view type, UtcTime now) const {
  std::string rows;
  std::int64_t count = 0;
  std::int64_t paid = 0;
  std::int64_t back = 0;
  std::int64_t fees = 0;
  for (const auto& entry : entries(now)) {
    if (china_date(entry.at) != date) continue;
    if ((type == "SUCCESS" && entry.refund) || (type == "REFUND" && !entry.refund)) continue;
    rows += row(cells(entry, type));
    ++count;
    fees += entry.fee;
    (entry.refund ? back : paid) += entry.refund ? entry.refund->refund : entry.order->total;
  }
  if (count == 0) return {};
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kAll.size(); ++i) {
    if (type != "SUCCESS" || !about_refund(i)) names.push_back(kAll[i]);
  }
  return std::string(kBom) + heading(names) + rows + heading(kTradeSummary) +
         row({std::to_string(count), yuan(paid), yuan(back), "0.00", fee_yuan(fees), yuan(paid), yuan(back)});
}

std::string BillDesk::fund_flow_bill(std::string_view date, UtcTime now) const {
  struct Side {
    std::int64_t count = 0;
    std::int64_t fen = 0;
  };
  Side in;
  Side out;
  std::string rows;
  std::int64_t balance = 0;
  for (const auto& entry : entries(now)) {
    const bool today = china_date(entry.at) == date;
    const auto book = [&](std::int64_t fen, std::string_view name, const std::string& voucher) {
      if (fen == 0) return;
      balance += fen;
      if (!today) return;
      auto& side = fen > 0 ? in : out;
      ++side.count;
      side.fen += fen > 0 ? fen : -fen;
      rows += row({china_time(entry.at), entry.order->transaction_id, voucher, std::string(name), std::string(name),
                   fen > 0 ? "收入" : "支出", yuan(fen > 0 ? fen : -fen), yuan(balance), "system", "",
                   entry.refund ? entry.refund->out_refund_no : entry.order->out_trade_no});
    };
    if (entry.refund) {
      book(-entry.refund->refund, "退款", entry.refund->refund_id);
      book(-entry.fee, "退还交易手续费", entry.refund->refund_id);
    } else {
      book(entry.order->total, "交易", entry.order->transaction_id);
      book(-entry.fee, "扣除交易手续费", entry.order->transaction_id);
    }
  }
  if (rows.empty()) return {};
  return std::string(kBom) + heading(kFlow) + rows + heading(kFlowSummary) +
         row({std::to_string(in.count + out.count), std::to_string(in.count), yuan(in.fen), std::to_string(out.count),
              yuan(out.fen)});
}

Answer BillDesk::apply(BillKind kind, std::string_view query, std::string_view origin, UtcTime now) {
  std::map<std::string, std::string, std::less<>> asked;
  auto known =
      kind == BillKind::trade ? std::span<const Parameter>(kTradeQuery) : std::span<const Parameter>(kFlowQuery);
  if (auto no = read_query(query, known, asked)) return *no;
  const auto& date = asked["bill_date"];
  auto start = day_of(date);
  if (!start) return param_error("bill_date", "must be a day, yyyy-MM-dd", "query");
  if (now < *start + hours(24) + kReadyAt || now > *start + kKept) return no_statement();
  const bool trade = kind == BillKind::trade;
  std::string text;
  if (trade) text = trade_bill(date, asked.contains("bill_type") ? asked["bill_type"] : "ALL", now);
  if (!trade && (!asked.contains("account_type") || asked["account_type"] == "BASIC")) text = fund_flow_bill(date, now);
  if (text.empty()) return no_statement();

  std::erase_if(files_, [now](const auto& entry) { return entry.second.until < now; });
  auto token = mint_.token(64);
  File made;
  made.gzip = asked.contains("tar_type");
  made.bytes = made.gzip ? compress::gzip(text) : text;
  made.until = now + kLinkLife;
  files_.emplace(token, std::move(made));
  return answered(json{{"hash_type", "SHA1"},
                       {"hash_value", crypto::sha1_hex(text)},
                       {"download_url", std::string(origin) + "/v3/billdownload/file?token=" + token}});
}

Answer BillDesk::file(std::string_view query, UtcTime now) {
  std::map<std::string, std::string, std::less<>> asked;
  if (auto no = read_query(query, kFileQuery, asked)) return *no;
  auto found = files_.find(asked["token"]);
  if (found == files_.end() || found->second.until < now)
    return error(400, kUnnumbered, "INVALID_REQUEST", "下载地址已失效，请重新申请账单");
  Answer out;
  out.body = found->second.bytes;
  out.content_type = found->second.gzip ? "application/x-gzip" : "text/plain; charset=utf-8";
  return out;
}

}  // namespace purser::sandbox
